import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PrintLine } from "../peripherals.ts";
import { limits, type PrinterBench } from "./bench.ts";
import { skipUnless } from "./card-reader-contract.ts";

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
export function printerContract(name: string, makeBench: () => Promise<PrinterBench>): void {
  describe(`printer contract: ${name}`, () => {
    let bench: PrinterBench;
    beforeEach(async () => {
      bench = await makeBench();
    });
    afterEach(() => bench.close());

    const print = (slip: readonly PrintLine[] = SLIP) => bench.run(bench.printer.print(slip, PATIENT));
    const state = () => bench.run(bench.printer.state(PATIENT));
    async function untilPrinted(lines: number): Promise<void> {
      for (let looks = 0; bench.lines().length < lines; looks += 1) {
        expect(looks, "it prints in time").toBeLessThan(LOOKS_MAX);
        await bench.run(bench.clock.sleep(LOOK_MS));
      }
    }

    it("prints what the slip says", async () => {
      expect(await state()).toBe("ready");
      expect(await print()).toEqual({ kind: "printed" });
      await untilPrinted(7);
      const paper = bench.lines().join("\n");
      for (const text of ["一卡通 终端", "合计", "￥12.50", "https://example.invalid/r/1?n=收据", "谢谢"]) expect(paper).toContain(text);
      expect(bench.mistakes()).toEqual([]);
      expect(await bench.run(bench.printer.health(PATIENT))).toEqual({ kind: "well" });
    });

    it("prints on where a character is strange to it", async () => {
      expect(await print([{ kind: "text", text: "前\u{20bb7}\ud800\u0007后¥1" }])).toEqual({ kind: "printed" });
      await untilPrinted(1);
      expect(bench.lines()).toEqual(["前    后￥1"]);
      expect(bench.mistakes()).toEqual([]);
    });

    it("prints slips one after the other", async () => {
      const both = [bench.printer.print(LONG, PATIENT), bench.printer.print(SLIP, PATIENT)];
      expect(await bench.run(Promise.all(both))).toEqual([{ kind: "printed" }, { kind: "printed" }]);
      await untilPrinted(LONG.length + 1);
      expect(bench.lines().slice(0, LONG.length)).toEqual(LONG.map((line) => (line.kind === "text" ? line.text : "")));
    });

    it.for(["paper-end", "cover-open", "offline", "error"] as const)("prints nothing while it cannot: %s", async (mishap, test) => {
      const repair = skipUnless(test, bench.repair?.bind(bench));
      skipUnless(test, bench.befall?.bind(bench))(mishap);
      expect(await print()).toEqual({ kind: "not-ready", state: mishap });
      expect(await bench.run(bench.printer.health(PATIENT))).toEqual({ kind: "broken", why: mishap });
      expect(bench.lines()).toEqual([]);
      repair();
      expect(await print()).toEqual({ kind: "printed" });
    });

    it("prints on little paper, and says so", async (test) => {
      skipUnless(test, bench.befall?.bind(bench))("paper-low");
      expect(await print()).toEqual({ kind: "printed" });
      expect(await bench.run(bench.printer.health(PATIENT))).toEqual({ kind: "degraded", why: "paper-low" });
    });

    it("says that nobody knows when the paper ends in the middle, and serves again with new paper", async (test) => {
      skipUnless(test, bench.endPaperAfter?.bind(bench))(3);
      expect(await print(LONG)).toEqual({ kind: "unknown" });
      expect(await state()).toBe("paper-end");
      expect(bench.lines().length).toBe(3);
      skipUnless(test, bench.repair?.bind(bench))();
      expect(await print()).toEqual({ kind: "printed" });
      expect(bench.mistakes()).toEqual([]);
    });

    it("gives no slip to a printer that does not answer", async (test) => {
      skipUnless(test, bench.befall?.bind(bench))("deaf");
      expect(await print()).toEqual({ kind: "not-ready", state: "unknown" });
      skipUnless(test, bench.repair?.bind(bench))();
      expect(await print()).toEqual({ kind: "printed" });
      expect(bench.lines().filter((line) => line === "谢谢").length).toBe(1);
    });

    it.for(["slow", "noisy"] as const)("waits for a printer that is %s", async (mishap, test) => {
      skipUnless(test, bench.befall?.bind(bench))(mishap);
      expect(await print(LONG)).toEqual({ kind: "printed" });
      expect(bench.lines().length).toBe(LONG.length);
    });

    it("says that nobody knows when its caller has no more time", async (test) => {
      skipUnless(test, bench.befall?.bind(bench))("slow");
      expect(await bench.run(bench.printer.print(LONG, limits(200)))).toEqual({ kind: "unknown" });
    });

    it("prints nothing for a caller who has left", async () => {
      const left = { timeoutMs: 1_000, signal: AbortSignal.abort() };
      await expect(bench.run(bench.printer.print(SLIP, left))).rejects.toMatchObject({ code: "cancelled", effectUnknown: false });
      expect(bench.lines()).toEqual([]);
    });

    it("tells a caller who leaves in the middle that nobody knows", async (test) => {
      skipUnless(test, bench.befall?.bind(bench))("slow");
      const leaving = new AbortController();
      const printing = bench.printer.print(LONG, { timeoutMs: 20_000, signal: leaving.signal });
      printing.catch(() => undefined);
      await untilPrinted(1);
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
      bench.befall?.("slow");
      const printing = bench.printer.print(LONG, PATIENT);
      await untilPrinted(2);
      await unplug();
      expect(await bench.run(printing)).toEqual({ kind: "unknown" });
      await skipUnless(test, bench.plugIn?.bind(bench))();
      bench.repair?.();
      expect(await print()).toEqual({ kind: "printed" });
    });

    it("prints nothing when it was closed", async () => {
      await bench.printer.close();
      await expect(bench.run(bench.printer.print(SLIP, PATIENT))).rejects.toMatchObject({ code: "closed" });
    });
  });
}
