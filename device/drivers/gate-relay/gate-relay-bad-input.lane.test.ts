/*
 * Goal: 200,000 bent frames of a relay board, and the reader neither throws nor grows nor gives more than there was; two valid frames behind
 * each, it is in step again.
 * Method: good frames are bent by the shared mutator and fed in pieces to one reader that is never told to forget.
 */
import { describe, expect, it } from "vitest";
import { mutations } from "../../../tools/fuzz/mutator.ts";
import { type Bytes, concat, fromHex, toHex } from "../../base/bytes.ts";
import { ModbusAnswerReader } from "./frame.ts";

const COUNT = 200_000;
const HELD_MAX = 8;
const SHORTEST_BYTES = 5;

describe("bad input", () => {
  it(`${COUNT} bent frames`, () => {
    const corpus = ["01050000ff008c3a", "010500000000cdca", "0105020000078db0", "018502c351", "010101005188"].map((hex) => fromHex(hex));
    const reader = new ModbusAnswerReader(1);
    const valid: Bytes = fromHex("01050000ff008c3a");
    const wrong: string[] = [];
    let made = 0;
    let words = 0;
    for (const bent of mutations(4, corpus)) {
      const cut = made % (bent.length + 1);
      const heard = [...reader.feed(bent.subarray(0, cut)), ...reader.feed(bent.subarray(cut))];
      words += heard.length;
      // What was held from before may end here.
      if (heard.length > bent.length / SHORTEST_BYTES + 1 || reader.held > HELD_MAX) wrong.push(`${toHex(bent)}: ${heard.length} frames, holds ${reader.held}`);
      if (reader.feed(concat(valid, valid)).length === 0) wrong.push(`${toHex(bent)}: not in step again`);
      made += 1;
      if (made >= COUNT) break;
    }
    expect(wrong).toEqual([]);
    expect(words).toBeGreaterThan(0);
  }, 300_000);
});
