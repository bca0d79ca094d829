/*
 * Goal: 200,000 bent reports and 200,000 bent descriptions of HID scanners, and nothing throws, nothing grows, and behind each bent report a
 * good scan is read at the second attempt at the latest.
 * Method: good reports and descriptions are bent by the shared mutator; one assembler hears them all.
 */
import { describe, expect, it } from "vitest";
import { SCANNER_DESCRIPTORS, scanReports } from "../../../simulators/scanner/hid-scanner.ts";
import { mutations } from "../../../tools/fuzz/mutator.ts";
import { toHex, utf8 } from "../../base/bytes.ts";
import { parseScanLayout } from "./descriptor.ts";
import { ScanAssembler } from "./report.ts";

const COUNT = 200_000;
const CODE_BYTES_MAX = 4_096;
const REPORT_BYTES_MAX = 64;
const GOOD = utf8("42400000000000000001993300000");

describe("bad input", () => {
  it(`${COUNT} bent reports`, () => {
    const layout = parseScanLayout(SCANNER_DESCRIPTORS.counted);
    if (layout === undefined) throw new Error("the description is readable");
    const corpus = [...scanReports("counted", utf8("x".repeat(150))), ...scanReports("counted", GOOD), ...scanReports("uncounted", GOOD)];
    const good = scanReports("counted", GOOD);
    const assembler = new ScanAssembler(layout);
    const wrong: string[] = [];
    let made = 0;
    for (const bent of mutations(7, corpus)) {
      const code = assembler.feed(bent);
      if ((code?.data.length ?? 0) > CODE_BYTES_MAX || (code?.data.length ?? 0) > (made + 1) * REPORT_BYTES_MAX) wrong.push(toHex(bent));
      const read = [...good, ...good].map((report) => assembler.feed(report));
      if (toHex(read.at(-1)?.data ?? new Uint8Array(0)) !== toHex(GOOD)) wrong.push(`${toHex(bent)}: no good scan behind it`);
      made += 1;
      if (made >= COUNT) break;
    }
    expect(wrong).toEqual([]);
  }, 300_000);

  it(`${COUNT} bent descriptions`, () => {
    let made = 0;
    let readable = 0;
    const [report] = scanReports("counted", GOOD);
    for (const bent of mutations(8, Object.values(SCANNER_DESCRIPTORS))) {
      const layout = parseScanLayout(bent);
      if (layout !== undefined && report !== undefined) {
        readable += 1;
        // Whatever a description claims, reading by it ends and stays within the report.
        expect(new ScanAssembler(layout).feed(report)?.data.length ?? 0).toBeLessThanOrEqual(report.length);
      }
      made += 1;
      if (made >= COUNT) break;
    }
    expect(readable).toBeGreaterThan(0);
  }, 300_000);
});
