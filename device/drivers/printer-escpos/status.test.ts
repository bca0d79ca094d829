import { describe, expect, it } from "vitest";
import { fromHex } from "../../base/bytes.ts";
import type { PrinterState } from "../peripherals.ts";
import { COMMON_STATUS_BITS, printerState, STATUS_QUESTIONS, type StatusBits, StatusReader } from "./status.ts";

const WELL = 0x12;
const state = (bytes: readonly number[], bits: StatusBits = COMMON_STATUS_BITS) =>
  printerState(new Map(STATUS_QUESTIONS.map((question, at) => [question, bytes[at] ?? WELL] as const)), bits);

describe("the state of a printer", () => {
  it.each<readonly [string, readonly number[], PrinterState]>([
    ["nothing", [0x12, 0x12, 0x12, 0x12], "ready"],
    ["a drawer that is open", [0x16, 0x12, 0x12, 0x12], "ready"],
    ["the feed button", [0x52, 0x1a, 0x12, 0x12], "ready"],
    ["offline", [0x1a, 0x12, 0x12, 0x12], "offline"],
    ["the cover", [0x1a, 0x16, 0x12, 0x12], "cover-open"],
    ["the end of the paper, by its sensor", [0x1a, 0x12, 0x12, 0x72], "paper-end"],
    ["the end of the paper, by one bit of two", [0x12, 0x12, 0x12, 0x32], "paper-end"],
    ["the end of the paper, because it stopped", [0x1a, 0x32, 0x12, 0x12], "paper-end"],
    ["no paper under an open cover", [0x1a, 0x36, 0x12, 0x7e], "paper-end"],
    ["an error", [0x1a, 0x52, 0x12, 0x12], "error"],
    ["the knife", [0x1a, 0x12, 0x1a, 0x12], "error"],
    ["an error for good", [0x1a, 0x12, 0x32, 0x12], "error"],
    ["an error that goes by", [0x1a, 0x12, 0x52, 0x12], "error"],
    ["little paper", [0x12, 0x12, 0x12, 0x1e], "paper-low"],
    ["little paper and offline", [0x1a, 0x12, 0x12, 0x1e], "offline"],
  ])("%s", (_name, bytes, expected) => expect(state(bytes)).toBe(expected));

  it.each(STATUS_QUESTIONS)("is unknown without the answer to question %i", (missing) => {
    const answers = new Map(STATUS_QUESTIONS.filter((question) => question !== missing).map((question) => [question, WELL] as const));
    expect(printerState(answers, COMMON_STATUS_BITS)).toBe("unknown");
  });

  it("goes by the printer's own table", () => {
    const bits: StatusBits = { ...COMMON_STATUS_BITS, "paper-end": [{ question: 1, mask: 0x04 }], "paper-low": [] };
    expect(state([0x16], bits)).toBe("paper-end");
    expect(state([0x12, 0x12, 0x12, 0x7e], bits)).toBe("ready");
  });
});

describe("status bytes", () => {
  it("are told from flow control, noise and each other", () => {
    const words = new StatusReader().feed(fromHex("1113ff12801e00 0c10 7e4193".replaceAll(" ", "")));
    expect(words.map(({ is, byte }) => `${is} ${byte.toString(16)}`)).toEqual(["now 12", "now 1e", "in-turn 0", "in-turn c", "now 7e"]);
  });
});
