/*
 * Goal: 200,000 bent frames of the FE board, and the reader neither throws nor grows nor gives more than there was; two valid frames behind
 * each, it is in step again.
 * Method: good frames are bent by the shared mutator and fed in pieces to one reader that is never told to forget.
 */
import { describe, expect, it } from "vitest";
import { mutations } from "../../../tools/fuzz/mutator.ts";
import { type Bytes, concat, fromHex, toHex } from "../../base/bytes.ts";
import { FeFrameReader } from "./frame.ts";

const COUNT = 200_000;
const HELD_MAX = 6;
const SHORTEST_BYTES = 7;

describe("bad input", () => {
  it(`${COUNT} bent frames`, () => {
    const corpus = ["fe8001000000ab", "fe8101000000ab", "fe8102000000ab", "fe4401000000ab", "fe1000010000ab"].map((hex) => fromHex(hex));
    const reader = new FeFrameReader();
    const valid: Bytes = fromHex("fe8101000000ab");
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
