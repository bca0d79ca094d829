/*
 * Goal: 200,000 bent answers of the Newland pad, and the reader neither throws nor grows nor gives more than there was; two valid answers
 * behind each, it is in step again.
 * Method: good answers and refusals are bent by the shared mutator and fed in pieces to one reader that is never told to forget.
 */
import { describe, expect, it } from "vitest";
import { mutations } from "../../../tools/fuzz/mutator.ts";
import { concat, fromHex, toHex } from "../../base/bytes.ts";
import { encodeNewlandFrame, NewlandAnswerReader } from "./frame.ts";

const COUNT = 200_000;
const HELD_MAX = 10;
const SHORTEST_BYTES = 4;

describe("bad input", () => {
  it(`${COUNT} bent answers`, () => {
    const valid = encodeNewlandFrame(0x83, fromHex("a1b2c3d4e5f60718"));
    const corpus = [valid, ...["03017674", "03017775", "d500d5", "d60101d6", "8408a1b2c3d4e5f6071880"].map((hex) => fromHex(hex))];
    const reader = new NewlandAnswerReader();
    reader.expect(0x83, 8);
    const wrong: string[] = [];
    let made = 0;
    let answers = 0;
    for (const bent of mutations(7, corpus)) {
      const cut = made % (bent.length + 1);
      const heard = [...reader.feed(bent.subarray(0, cut)), ...reader.feed(bent.subarray(cut))];
      answers += heard.length;
      // What was held from before may end here.
      if (heard.length > bent.length / SHORTEST_BYTES + 1 || reader.held > HELD_MAX)
        wrong.push(`${toHex(bent)}: ${heard.length} answers, holds ${reader.held}`);
      const after = reader.feed(concat(valid, valid));
      if (!after.some((answer) => answer.is === "done" && toHex(answer.data) === "a1b2c3d4e5f60718")) wrong.push(`${toHex(bent)}: not in step again`);
      made += 1;
      if (made >= COUNT) break;
    }
    expect(wrong).toEqual([]);
    expect(answers).toBeGreaterThan(0);
  }, 300_000);
});
