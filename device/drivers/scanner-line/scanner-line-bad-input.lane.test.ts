/*
 * Goal: 200,000 bent codes of a scanner on a line, and the driver neither throws nor gives more than came nor longer codes than it may; behind
 * each a good code is read.
 * Method: good codes are bent by the shared mutator and given to one driver in pieces; a line end stands before each good code.
 */
import { describe, expect, it } from "vitest";
import { mutations } from "../../../tools/fuzz/mutator.ts";
import { type Bytes, concat, toHex, utf8 } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { systemClock } from "../../system/clock.ts";
import { limits } from "../contract/bench.ts";
import type { ByteLine } from "../framing/lines.ts";
import { LineScanner } from "./scanner.ts";

const COUNT = 200_000;
const GOOD = utf8("42400000000000000001993300000");

/** A line that says at once what it is told to say. */
function saying(): { readonly line: ByteLine; say(bytes: Bytes): void } {
  const listeners = new Set<(bytes: Bytes) => void>();
  const line: ByteLine = {
    name: "told",
    state: "open",
    onState: () => () => undefined,
    untilOpen: async () => undefined,
    close: async () => undefined,
    write: async () => undefined,
    onBytes: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    line,
    say: (bytes) => {
      for (const listener of listeners) listener(bytes);
    },
  };
}

describe("bad input", () => {
  it(`${COUNT} bent codes`, async () => {
    const corpus = ["]Q1abc\r\n", "]C081234567890123456789\r", "x\n", `${"y".repeat(300)}\r\n`, "]d2\u001d0112345678901231\r"].map((text) => utf8(text));
    const { line, say } = saying();
    const scanner = new LineScanner(line, { clock: systemClock() });
    const wrong: string[] = [];
    let made = 0;
    let given = 0;
    const bounds = limits(1_000);
    for (const bent of mutations(6, corpus)) {
      const session = scanner.openSession();
      const cut = made % (bent.length + 1);
      say(bent.subarray(0, cut));
      say(bent.subarray(cut));
      say(concat(utf8("\r"), GOOD, utf8("\r\n")));
      let last: Bytes = new Uint8Array(0);
      let bytes = 0;
      // What is there is given at once; the good code is the last.
      for (let codes = 0; toHex(last) !== toHex(GOOD); codes += 1) {
        if (codes > bent.length + 1) throw new Fault("timeout", `no good code behind ${toHex(bent)}`, { effectUnknown: false });
        last = (await session.next(bounds)).data;
        bytes += last.length;
        given += 1;
      }
      if (bytes > bent.length + GOOD.length) wrong.push(`${toHex(bent)}: ${bytes} bytes`);
      made += 1;
      if (made >= COUNT) break;
    }
    expect(wrong).toEqual([]);
    expect(given).toBeGreaterThan(COUNT);
  }, 300_000);
});
