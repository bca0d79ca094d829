import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import type { LineScannerSettings } from "../../../simulators/scanner/line-scanner.ts";
import { toHex, utf8 } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { scannerContract } from "../contract/scanner-contract.ts";
import { withoutIdentifier } from "./scanner.ts";
import { lineScannerBench } from "./testing.ts";

const SETTINGS: readonly LineScannerSettings[] = [
  { end: "\r", identifier: "not-sent" },
  { end: "\r\n", identifier: "sent" },
  { end: "\n", identifier: "sent" },
  { end: "", identifier: "not-sent" },
];

for (const settings of SETTINGS) {
  const lacks = settings.end === "" ? (["half-codes"] as const) : [];
  scannerContract(`on a line, ${JSON.stringify(settings)}`, async () => lineScannerBench(inProcessStand(), settings), lacks);
}

describe("identifiers", () => {
  it.each([
    ["]Q1abc", "616263", "]Q1"],
    ["]C0", "", "]C0"],
    ["]11abc", "5d3131616263", undefined],
    ["]Q", "5d51", undefined],
    ["abc]Q1", "6162635d5131", undefined],
  ])("%j", (text, hex, symbology) => {
    const code = withoutIdentifier(utf8(text));
    expect([toHex(code.data), code.symbology]).toEqual([hex, symbology]);
  });
});

describe("a scanner on a line", () => {
  const [, sent] = SETTINGS;
  if (sent === undefined) throw new Error("there are settings");

  it("gives each code whole, whatever the pieces", async () => {
    const code = fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => bytes.map((byte) => (byte === 0x0d || byte === 0x0a ? 0x20 : byte)));
    await fc.assert(
      fc.asyncProperty(fc.array(code, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 7 }), async (codes, pieceBytes) => {
        const under = lineScannerBench(inProcessStand(), sent);
        under.simulated.setFaults({ pieceBytes });
        const session = under.scanner.openSession();
        for (const each of codes) under.scan(each);
        for (const each of codes) expect((await under.run(session.next(limits(1_000)))).data).toEqual(each);
      }),
      { numRuns: 100 },
    );
  });

  it("an identifier without a code is no code", async () => {
    const under = lineScannerBench(inProcessStand(), sent);
    const session = under.scanner.openSession();
    under.scan(new Uint8Array(0));
    under.scan(utf8("x"));
    expect(await under.run(session.next(limits(100)))).toEqual({ data: utf8("x"), symbology: "]Q1" });
  });

  it.each([
    [4_093, true],
    [4_094, false],
    [20_000, false],
  ])("a code of %i bytes behind its identifier: %j, and the next is read", async (length, whole) => {
    const under = lineScannerBench(inProcessStand(), sent);
    const session = under.scanner.openSession();
    under.scan(new Uint8Array(length).fill(0x31));
    under.scan(utf8("next"));
    if (whole) expect((await under.run(session.next(limits(100)))).data.length).toBe(length);
    expect((await under.run(session.next(limits(100)))).data).toEqual(utf8("next"));
  });
});
