import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InProcessLine } from "../../../simulators/line/in-process.ts";
import { SCANNER_DESCRIPTORS, type ScannerShape, scanReports } from "../../../simulators/scanner/hid-scanner.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { concat, fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { scannerContract } from "../contract/scanner-contract.ts";
import { parseScanLayout } from "./descriptor.ts";
import { COMMON_LAYOUT, ScanAssembler } from "./report.ts";
import { HidScanner } from "./scanner.ts";
import { hidScannerBench } from "./testing.ts";

const SHAPES: readonly ScannerShape[] = ["counted", "uncounted"];
const CODE = utf8("42400000000000000001993300000");

function inProcess(shape: ScannerShape) {
  const clock = new VirtualClock(Date.UTC(2026, 10, 21, 4));
  const line = new InProcessLine(clock, { name: "simulated", descriptor: SCANNER_DESCRIPTORS[shape] });
  const end = line.device(() => undefined);
  return hidScannerBench(
    {
      line,
      clock,
      input: (report) => end.write(report),
      run: (work) => clock.resolve(work),
      unplug: async () => line.setPluggedIn(false),
      plugIn: async () => line.setPluggedIn(true),
      close: async () => undefined,
    },
    shape,
  );
}

for (const shape of SHAPES) scannerContract(`HID in process, ${shape}`, async () => inProcess(shape));

describe("descriptions", () => {
  it("says where everything stands", () => {
    expect(parseScanLayout(SCANNER_DESCRIPTORS.counted)).toEqual({
      reportId: 2,
      length: { bitOffset: 0, bitSize: 8, count: 1 },
      symbology: [{ bitOffset: 8, bitSize: 8, count: 3 }],
      data: { bitOffset: 32, bitSize: 8, count: 56 },
      continued: { bitOffset: 480, bitSize: 1, count: 1 },
    });
    expect(parseScanLayout(SCANNER_DESCRIPTORS.uncounted)).toEqual({
      reportId: 2,
      symbology: [0, 8, 16].map((bitOffset) => ({ bitOffset, bitSize: 8, count: 1 })),
      data: { bitOffset: 24, bitSize: 8, count: 56 },
      continued: { bitOffset: 472, bitSize: 1, count: 1 },
    });
  });

  it.each([
    ["a device of another page", "0600FF0901A101150026FF00750895400901810295400901910295400901B102C0"],
    ["nothing", ""],
    ["an item that is cut off", "058C0902A101850209FE26"],
  ])("%s is no scanner", (_name, hex) => {
    expect(parseScanLayout(fromHex(hex))).toBeUndefined();
  });

  it("never throws on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        parseScanLayout(bytes);
        parseScanLayout(concat(SCANNER_DESCRIPTORS.counted, bytes));
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("reports", () => {
  it.each(SHAPES)("codes of every length come out whole: %s", (shape) => {
    const layout = parseScanLayout(SCANNER_DESCRIPTORS[shape]);
    if (layout === undefined) throw new Error("the shape is readable");
    // Zeros at the end cannot be told from filling where nothing counts.
    const code = fc.uint8Array({ minLength: 1, maxLength: 400 }).filter((bytes) => bytes.at(-1) !== 0 && bytes.at(-1) !== 0x0d);
    fc.assert(
      fc.property(code, (bytes) => {
        const assembler = new ScanAssembler(layout);
        const codes = scanReports(shape, bytes).map((report) => assembler.feed(report));
        const whole = codes.filter((each) => each !== undefined);
        expect(whole).toEqual([{ data: bytes, symbology: "]Q1" }]);
      }),
    );
  });

  it.each(SHAPES)("zeros inside a code stay, also at the end of a report that is followed by another: %s", (shape) => {
    const layout = parseScanLayout(SCANNER_DESCRIPTORS[shape]);
    if (layout === undefined) throw new Error("the shape is readable");
    const assembler = new ScanAssembler(layout);
    const code = concat(utf8("x"), new Uint8Array(60), utf8("y"));
    expect(scanReports(shape, code).map((report) => assembler.feed(report)?.data)).toEqual([undefined, code]);
  });

  it("the report in common use is read as its paper prints it", () => {
    const assembler = new ScanAssembler(COMMON_LAYOUT);
    const first = concat(fromHex("02385D5130"), utf8("1".repeat(56)), fromHex("730001"));
    const second = concat(fromHex("02045D5130"), utf8("2222"), new Uint8Array(52), fromHex("730000"));
    expect(assembler.feed(first)).toBeUndefined();
    expect(assembler.feed(second)).toEqual({ data: utf8(`${"1".repeat(56)}2222`), symbology: "]Q0" });
  });

  it.each([
    ["a line end belongs to nobody", concat(utf8("abc"), fromHex("0d")), "616263"],
    ["a line end inside stays", concat(utf8("a"), fromHex("0d"), utf8("b")), "610d62"],
  ])("%s", (_name, code, expected) => {
    const assembler = new ScanAssembler(COMMON_LAYOUT);
    const padded = concat(fromHex("02"), Uint8Array.of(code.length), utf8("]C0"), code, new Uint8Array(56 - code.length), fromHex("000000"));
    expect(toHex(assembler.feed(padded)?.data ?? new Uint8Array())).toBe(expected);
  });

  it("a scan without end is dropped, and the next one is read", () => {
    const assembler = new ScanAssembler(COMMON_LAYOUT);
    const endless = concat(fromHex("02385D5130"), utf8("x".repeat(56)), fromHex("730001"));
    for (let count = 0; count < 80; count += 1) expect(assembler.feed(endless)).toBeUndefined();
    const short = concat(fromHex("02015D5130"), utf8("y"), new Uint8Array(55), fromHex("730000"));
    expect([assembler.feed(short), assembler.feed(short)].filter((each) => each !== undefined).length).toBeGreaterThan(0);
  });

  it("never throws and never gives more than a code's room", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 20 }), (reports) => {
        const assembler = new ScanAssembler(COMMON_LAYOUT);
        for (const report of reports) expect(assembler.feed(report)?.data.length ?? 0).toBeLessThanOrEqual(4_096);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a scanner", () => {
  function stand(shape: ScannerShape) {
    const clock = new VirtualClock(Date.UTC(2026, 10, 21, 4));
    const line = new InProcessLine(clock, { name: "simulated", descriptor: SCANNER_DESCRIPTORS[shape] });
    const end = line.device(() => undefined);
    const scanner = new HidScanner(line, { clock });
    const scan = (text: string) => {
      for (const report of scanReports(shape, utf8(text))) end.write(report);
    };
    return { clock, line, scanner, scan };
  }

  it.each(SHAPES)("gives what is scanned while a session is open, in order: %s", async (shape) => {
    const { clock, scanner, scan } = stand(shape);
    const session = scanner.openSession();
    scan("first");
    scan("second");
    expect((await clock.resolve(session.next(limits(1_000)))).data).toEqual(utf8("first"));
    expect((await clock.resolve(session.next(limits(1_000)))).data).toEqual(utf8("second"));
    await expect(clock.resolve(session.next(limits(1_000)))).rejects.toMatchObject({ code: "timeout" });
  });

  it("what was scanned before a session is nobody's", async () => {
    const { clock, scanner, scan } = stand("counted");
    const early = scanner.openSession();
    scan("early");
    await clock.resolve(clock.sleep(10));
    const late = scanner.openSession();
    await expect(clock.resolve(early.next(limits(100)))).rejects.toMatchObject({ code: "closed" });
    await expect(clock.resolve(late.next(limits(100)))).rejects.toMatchObject({ code: "timeout" });
  });

  it("a scan that was broken off by a loss does not run into the next", async () => {
    const { clock, line, scanner } = stand("counted");
    const session = scanner.openSession();
    const [first] = scanReports("counted", utf8("x".repeat(100)));
    const end = line.device(() => undefined);
    if (first !== undefined) end.write(first);
    await clock.resolve(clock.sleep(10));
    line.setPluggedIn(false);
    expect(await scanner.health()).toEqual({ kind: "away" });
    line.setPluggedIn(true);
    for (const report of scanReports("counted", CODE)) end.write(report);
    expect((await clock.resolve(session.next(limits(1_000)))).data).toEqual(CODE);
  });

  it("keeps at most 64 codes for a session that does not ask", async () => {
    const { clock, scanner, scan } = stand("counted");
    const session = scanner.openSession();
    for (let count = 0; count < 70; count += 1) scan(`code ${count}`);
    await clock.resolve(clock.sleep(10));
    let kept = 0;
    while ((await clock.resolve(session.next(limits(10)).catch(() => undefined))) !== undefined) kept += 1;
    expect(kept).toBe(64);
  });
});
