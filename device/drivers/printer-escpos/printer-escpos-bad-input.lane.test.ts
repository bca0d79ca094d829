/*
 * Goal: 200,000 bent answers of a printer, and the reader neither throws nor gives more words than there were bytes, and the state by whatever
 * it gave is one of the states.
 * Method: good answers are bent by the shared mutator and fed in pieces to one reader.
 */
import { describe, expect, it } from "vitest";
import { mutations } from "../../../tools/fuzz/mutator.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import type { PrinterState } from "../peripherals.ts";
import { COMMON_STATUS_BITS, printerState, STATUS_QUESTIONS, StatusReader } from "./status.ts";

const COUNT = 200_000;
const STATES: readonly PrinterState[] = ["ready", "paper-low", "paper-end", "cover-open", "offline", "error", "unknown"];

describe("bad input", () => {
  it(`${COUNT} bent answers`, () => {
    const corpus = ["12121212", "1a361272", "1212121e00", "111a13321212", "1a12321203"].map((hex) => fromHex(hex));
    const reader = new StatusReader();
    const wrong: string[] = [];
    const seen = new Set<PrinterState>();
    let made = 0;
    for (const bent of mutations(9, corpus)) {
      const cut = made % (bent.length + 1);
      const words = [...reader.feed(bent.subarray(0, cut)), ...reader.feed(bent.subarray(cut))];
      const answers = words.filter((word) => word.is === "now").slice(0, STATUS_QUESTIONS.length);
      const told = new Map(answers.map(({ byte }, at) => [STATUS_QUESTIONS[at] ?? 1, byte] as const));
      const state = printerState(told, COMMON_STATUS_BITS);
      seen.add(state);
      if (words.length > bent.length || !STATES.includes(state)) wrong.push(toHex(bent));
      if (reader.feed(fromHex("12"))[0]?.byte !== 0x12) wrong.push(`${toHex(bent)}: not in step again`);
      made += 1;
      if (made >= COUNT) break;
    }
    expect(wrong).toEqual([]);
    expect([...seen].sort()).toEqual([...STATES].sort());
  }, 300_000);
});
