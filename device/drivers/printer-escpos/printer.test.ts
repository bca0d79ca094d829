import { describe, expect, it } from "vitest";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import { PRINTER_SETTINGS } from "../../../simulators/printer/escpos-printer.ts";
import { limits } from "../contract/bench.ts";
import { printerContract } from "../contract/printer-contract.ts";
import type { PrintLine } from "../peripherals.ts";
import { COMMON_STATUS_BITS } from "./status.ts";
import { printerBench } from "./testing.ts";

printerContract("ESC/POS in process", async () => printerBench(inProcessStand()));
printerContract("ESC/POS in process, asked in its turn", async () => printerBench(inProcessStand(), { profile: { slipEnd: "in-turn" } }));
printerContract("ESC/POS in process, Chinese from the start", async () => printerBench(inProcessStand(), { profile: { chineseMode: "assume" } }));

const LINES: readonly PrintLine[] = Array.from({ length: 20 }, (_, at) => ({ kind: "text", text: `line ${at}` }));
const PATIENT = limits(30_000);

describe("printers that differ", () => {
  it.each([
    [{ cut: "none" }, ["a"]],
    [{ cut: "full" }, ["a", "[cut]"]],
  ] as const)("%j", async (profile, lines) => {
    const under = printerBench(inProcessStand(), { profile });
    const slip: readonly PrintLine[] = [{ kind: "text", text: "a" }, { kind: "cut" }];
    expect(await under.run(under.printer.print(slip, PATIENT))).toEqual({ kind: "printed" });
    expect(under.lines()).toEqual(lines);
    expect(under.mistakes()).toEqual([]);
  });

  it.each([
    ["native", ["[code 一]", ""]],
    ["text", ["一"]],
  ] as const)("square codes: %s", async (squareCodes, lines) => {
    const under = printerBench(inProcessStand(), { profile: { squareCodes } });
    expect(await under.run(under.printer.print([{ kind: "code", text: "一" }], PATIENT))).toEqual({ kind: "printed" });
    expect(under.lines()).toEqual(lines);
    expect(under.mistakes()).toEqual([]);
  });

  it("a driver that does not switch Chinese on prints none on a printer that wants it: the simulator is strict", async () => {
    const under = printerBench(inProcessStand(), { profile: { chineseMode: "assume" }, settings: { chineseMode: "send" } });
    await under.run(under.printer.print([{ kind: "text", text: "一" }], PATIENT));
    expect(under.lines()).toEqual(["??"]);
    expect(under.mistakes()).not.toEqual([]);
  });

  it("status bits by the printer's own table", async () => {
    const paperEnd = [{ question: 3, mask: 0x04 }] as const;
    const under = printerBench(inProcessStand(), {
      profile: { statusBits: { ...COMMON_STATUS_BITS, "paper-end": paperEnd } },
      settings: { statusBits: { ...PRINTER_SETTINGS.statusBits, "paper-end": paperEnd } },
    });
    under.befall?.("paper-end");
    expect(await under.run(under.printer.state(PATIENT))).toBe("paper-end");
  });
});

describe("a line on which bytes come by themselves", () => {
  it("gives no question more time", async () => {
    const stand = inProcessStand();
    const under = printerBench(stand);
    under.befall?.("deaf");
    const beganMs = stand.clock.monotonicMs();
    const chatter = async () => {
      for (let bytes = 0; bytes < 100; bytes += 1) {
        await stand.clock.sleep(500);
        stand.end.write(new Uint8Array(1));
      }
    };
    void chatter();
    expect(await under.run(under.printer.state(limits(2_000)))).toBe("unknown");
    expect(stand.clock.monotonicMs() - beganMs).toBeLessThanOrEqual(2_000);
    expect(await under.run(under.printer.print(LINES, limits(2_000)))).toEqual({ kind: "not-ready", state: "unknown" });
    expect(stand.clock.monotonicMs() - beganMs).toBeLessThanOrEqual(4_000);
  });
});

describe("the end of a slip", () => {
  it("a printer with a large buffer that runs out of paper has not printed, where it is asked in its turn", async () => {
    const under = printerBench(inProcessStand(), { profile: { slipEnd: "in-turn" } });
    under.simulated.setFaults({ bufferedLineMs: 100, paperLines: 15 });
    expect(await under.run(under.printer.print(LINES, PATIENT))).toEqual({ kind: "unknown" });
    expect(under.lines().length).toBe(15);
  });

  it("a printer with a large buffer is waited for, where it is asked in its turn", async () => {
    const under = printerBench(inProcessStand(), { profile: { slipEnd: "in-turn" } });
    under.simulated.setFaults({ bufferedLineMs: 150 });
    expect(await under.run(under.printer.print(LINES, PATIENT))).toEqual({ kind: "printed" });
    expect(under.lines().length).toBe(LINES.length);
  });

  it("a printer that takes nothing more from the line is given up, and goes on when it does", async () => {
    const under = printerBench(inProcessStand());
    under.simulated.setFaults({ holdsLine: true });
    expect(await under.run(under.printer.print(LINES, PATIENT))).toEqual({ kind: "not-ready", state: "unknown" });
    under.simulated.setFaults({ holdsLine: false });
    expect(await under.run(under.printer.print(LINES, PATIENT))).toEqual({ kind: "printed" });
  });

  it("a printer that holds the line for good is given up at the caller's deadline, and its late answers are nobody's", async () => {
    const under = printerBench(inProcessStand());
    under.simulated.setFaults({ lineMs: 1_000 });
    expect(await under.run(under.printer.print(LINES, limits(5_000)))).toEqual({ kind: "unknown" });
    expect(await under.run(under.printer.state(limits(2_000)))).toBe("unknown");
    under.simulated.setFaults({ lineMs: 0, coverOpen: true });
    expect(await under.run(under.printer.state(limits(5_000)))).toBe("cover-open");
  });

  it("refuses more lines than a slip has", async () => {
    const under = printerBench(inProcessStand());
    const slip = Array.from({ length: 501 }, () => ({ kind: "rule" }) as const);
    await expect(under.printer.print(slip, PATIENT)).rejects.toThrow("500 lines");
  });
});
