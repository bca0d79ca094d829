/* A scanner on a real tty: the same suite as in process. */
import { describe, expect, it } from "vitest";
import { ttyStand } from "../../../simulators/line/testing.ts";
import type { LineScannerSettings } from "../../../simulators/scanner/line-scanner.ts";
import { utf8 } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { scannerContract } from "../contract/scanner-contract.ts";
import { lineScannerBench } from "./testing.ts";

const BAUD_RATE = 115_200;
const SETTINGS: readonly LineScannerSettings[] = [
  { end: "\r", identifier: "not-sent" },
  { end: "\r\n", identifier: "sent" },
];

for (const settings of SETTINGS) scannerContract(`on a tty, ${JSON.stringify(settings)}`, async () => lineScannerBench(await ttyStand(BAUD_RATE), settings));

describe("a scanner on a tty", () => {
  it("is read by its pauses where it sends no line end", async () => {
    const under = lineScannerBench(await ttyStand(BAUD_RATE), { end: "", identifier: "not-sent" });
    const session = under.scanner.openSession();
    under.scan(utf8("by its pause"));
    expect(await session.next(limits(2_000))).toEqual({ data: utf8("by its pause") });
    await under.close();
  });
});
