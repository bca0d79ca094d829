import { afterEach, beforeEach, describe, expect, it, type TestContext } from "vitest";
import type { PrintLine } from "../peripherals.ts";
import { limits, type PrinterMishap } from "./bench.ts";
import { skipUnless } from "./card-reader-contract.ts";
import type { PrinterDesk } from "./desk.ts";

const SLIP: readonly PrintLine[] = [
  { kind: "text", text: "一卡通 终端", align: "center", bold: true, scale: 2 },
  { kind: "rule" },
  { kind: "columns", left: "合计", right: "￥12.50" },
  { kind: "feed", lines: 1 },
  { kind: "code", text: "https://example.invalid/r/1?n=收据" },
  { kind: "text", text: "谢谢" },
  { kind: "cut" },
];
const LONG: readonly PrintLine[] = Array.from({ length: 40 }, (_, at) => ({ kind: "text", text: `line ${at}` }));
const PATIENT = limits(20_000);
const LOOK_MS = 5;
const LOOKS_MAX = 2_000;

/** What every printer must do: print a slip whole, or say that it did not or that nobody knows. */
export function printerContract(name: string, makeBench: () => Promise<PrinterDesk>): void {
  describe(`printer contract: ${name}`, () => {
    let bench: PrinterDesk;
    beforeEach(async () => {
      bench = await makeBench();
    });
    afterEach(() => bench.close());

    const print = (slip: readonly PrintLine[] = SLIP) => bench.run(bench.printer.print(slip, PATIENT));
    const state = () => bench.run(bench.printer.state(PATIENT));
    async function untilPrinted(test: TestContext, lines: number): Promise<void> {
      const paper = skipUnless(test, bench.lines?.bind(bench));
      for (let looks = 0; paper().length < lines; looks += 1) {
        expect(looks, "it prints in time").toBeLessThan(LOOKS_MAX);
        await bench.run(bench.clock.sleep(LOOK_MS));
      }
    }
    /** The printed lines, once there are as many; where nothing but eyes can read them, they are asked whether these lines are there. */
    async function readPaper(test: TestContext, count: number, telling: readonly string[]): Promise<readonly string[] | undefined> {
      if (bench.lines === undefined) {
        expect(await skipUnless(test, bench.seesPaper?.bind(bench))(telling), "the paper shows it").toBe(true);
        return undefined;
      }
      await untilPrinted(test, count);
      expect(bench.mistakes?.() ?? []).toEqual([]);
      return bench.lines();
    }
    const expectNothingPrinted = () => {
      if (bench.lines !== undefined) expect(bench.lines()).toEqual([]);
    };
    const befall = async (test: TestContext, mishap: PrinterMishap) => {
      skipUnless(test, bench.befalls?.includes(mishap) === false ? undefined : mishap);
      await skipUnless(test, bench.befall?.bind(bench))(mishap);
    };

    it("prints what the slip says", async (test) => {
      expect(await state()).toBe("ready");
      expect(await print()).toEqual({ kind: "printed" });
      const telling = ["一卡通 终端", "合计", "￥12.50", "https://example.invalid/r/1?n=收据", "谢谢"];
      const paper = await readPaper(test, 7, telling);
      for (const text of paper === undefined ? [] : telling) expect(paper?.join("\n")).toContain(text);
      expect(await bench.run(bench.printer.health(PATIENT))).toEqual({ kind: "well" });
    });

    it("prints on where a character is strange to it", async (test) => {
      expect(await print([{ kind: "text", text: "前\u{20bb7}\ud800\u0007后¥1" }])).toEqual({ kind: "printed" });
      const expected = ["前    后￥1"];
      const paper = await readPaper(test, 1, expected);
      if (paper !== undefined) expect(paper).toEqual(expected);
    });

    it("prints slips one after the other", async (test) => {
      const both = [bench.printer.print(LONG, PATIENT), bench.printer.print(SLIP, PATIENT)];
      expect(await bench.run(Promise.all(both))).toEqual([{ kind: "printed" }, { kind: "printed" }]);
      const expected = LONG.map((line) => (line.kind === "text" ? line.text : ""));
      const paper = await readPaper(test, LONG.length + 1, expected);
      if (paper !== undefined) expect(paper.slice(0, LONG.length)).toEqual(expected);
    });

    it.for(["paper-end", "cover-open", "offline", "error"] as const)("prints nothing while it cannot: %s", async (mishap, test) => {
      const repair = skipUnless(test, bench.repair?.bind(bench));
      await befall(test, mishap);
      expect(await print()).toEqual({ kind: "not-ready", state: mishap });
      expect(await bench.run(bench.printer.health(PATIENT))).toEqual({ kind: "broken", why: mishap });
      expectNothingPrinted();
      await repair();
      expect(await print()).toEqual({ kind: "printed" });
    });

    it("prints on little paper, and says so", async (test) => {
      await befall(test, "paper-low");
      expect(await print()).toEqual({ kind: "printed" });
      expect(await bench.run(bench.printer.health(PATIENT))).toEqual({ kind: "degraded", why: "paper-low" });
    });

    it("says that nobody knows when the paper ends in the middle, and serves again with new paper", async (test) => {
      skipUnless(test, bench.endPaperAfter?.bind(bench))(3);
      expect(await print(LONG)).toEqual({ kind: "unknown" });
      expect(await state()).toBe("paper-end");
      if (bench.lines !== undefined) expect(bench.lines().length).toBe(3);
      await skipUnless(test, bench.repair?.bind(bench))();
      expect(await print()).toEqual({ kind: "printed" });
      expect(bench.mistakes?.() ?? []).toEqual([]);
    });

    it("gives no slip to a printer that does not answer", async (test) => {
      await befall(test, "deaf");
      expect(await print()).toEqual({ kind: "not-ready", state: "unknown" });
      await skipUnless(test, bench.repair?.bind(bench))();
      expect(await print()).toEqual({ kind: "printed" });
      if (bench.lines !== undefined) expect(bench.lines().filter((line) => line === "谢谢").length).toBe(1);
    });

    it.for(["slow", "noisy"] as const)("waits for a printer that is %s", async (mishap, test) => {
      await befall(test, mishap);
      expect(await print(LONG)).toEqual({ kind: "printed" });
      if (bench.lines !== undefined) expect(bench.lines().length).toBe(LONG.length);
    });

    it("says that nobody knows when its caller has no more time", async (test) => {
      await befall(test, "slow");
      expect(await bench.run(bench.printer.print(LONG, limits(200)))).toEqual({ kind: "unknown" });
    });

    it("prints nothing for a caller who has left", async () => {
      const left = { timeoutMs: 1_000, signal: AbortSignal.abort() };
      await expect(bench.run(bench.printer.print(SLIP, left))).rejects.toMatchObject({ code: "cancelled", effectUnknown: false });
      expectNothingPrinted();
    });

    it("tells a caller who leaves in the middle that nobody knows", async (test) => {
      await befall(test, "slow");
      const leaving = new AbortController();
      const printing = bench.printer.print(LONG, { timeoutMs: 20_000, signal: leaving.signal });
      printing.catch(() => undefined);
      await untilPrinted(test, 1);
      leaving.abort();
      await expect(bench.run(printing)).rejects.toMatchObject({ code: "cancelled", effectUnknown: true });
    });

    it("tells that it is away, and serves again when it is back", async (test) => {
      await skipUnless(test, bench.unplug?.bind(bench))();
      expect(await bench.run(bench.printer.health(PATIENT))).toEqual({ kind: "away" });
      expect(await print()).toEqual({ kind: "not-ready", state: "offline" });
      await skipUnless(test, bench.plugIn?.bind(bench))();
      expect(await print()).toEqual({ kind: "printed" });
    });

    it("lost in the middle it says that nobody knows, and serves again when it is back", async (test) => {
      const unplug = skipUnless(test, bench.unplug?.bind(bench));
      skipUnless(test, bench.lines);
      if (bench.befalls?.includes("slow") !== false) await bench.befall?.("slow");
      const printing = bench.printer.print(LONG, PATIENT);
      await untilPrinted(test, 2);
      await unplug();
      expect(await bench.run(printing)).toEqual({ kind: "unknown" });
      await skipUnless(test, bench.plugIn?.bind(bench))();
      await bench.repair?.();
      expect(await print()).toEqual({ kind: "printed" });
    });

    it("prints nothing when it was closed", async () => {
      await bench.printer.close();
      await expect(bench.run(bench.printer.print(SLIP, PATIENT))).rejects.toMatchObject({ code: "closed" });
    });
  });
}
