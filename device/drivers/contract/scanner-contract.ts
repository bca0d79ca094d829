import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { utf8 } from "../../base/bytes.ts";
import type { ScanSession } from "../peripherals.ts";
import { limits, type ScannerBench } from "./bench.ts";
import { skipUnless } from "./card-reader-contract.ts";

/** Digits of nobody. */
const CODES = [utf8("42400000000000000001993300000"), utf8("81234567890123456789"), utf8("x".repeat(1_000)), Uint8Array.of(0x1d, 0x30, 0x31, 0xe4, 0xb8, 0x80)];
const SHORT_MS = 200;
const HEARD_MS = 5_000;
const KEPT_MAX = 64;
/** More than the pause that ends a code where nothing else does. */
const GAP_MS = 40;

/**
 * What every scanner must do: give each code whole and once, to whoever waits from before it was scanned. Where only pauses end codes, half a
 * code cannot be told from a whole one: such a scanner lacks them.
 */
export function scannerContract(name: string, makeBench: () => Promise<ScannerBench>, lacks: readonly "half-codes"[] = []): void {
  describe(`scanner contract: ${name}`, () => {
    let bench: ScannerBench;
    beforeEach(async () => {
      bench = await makeBench();
    });
    afterEach(() => bench.close());

    const next = (session: ScanSession, timeoutMs = HEARD_MS) => bench.run(session.next(limits(timeoutMs)));
    const rest = (durationMs = SHORT_MS) => bench.run(bench.clock.sleep(durationMs));
    const expected = (data: Uint8Array) => (bench.symbology === undefined ? { data } : { data, symbology: bench.symbology });

    it("gives codes of every kind, in order", async () => {
      const session = bench.scanner.openSession();
      for (const code of CODES) {
        bench.scan(code);
        expect(await next(session)).toEqual(expected(code));
      }
      bench.scan(utf8("first"));
      await rest();
      bench.scan(utf8("second"));
      expect([await next(session), await next(session)]).toEqual([expected(utf8("first")), expected(utf8("second"))]);
      expect(await bench.run(bench.scanner.health(limits(1_000)))).toEqual({ kind: "well" });
    });

    it("says that nothing was scanned", async () => {
      const session = bench.scanner.openSession();
      await expect(next(session, 50)).rejects.toMatchObject({ code: "timeout", effectUnknown: false });
      bench.scan(utf8("late"));
      expect(await next(session)).toEqual(expected(utf8("late")));
    });

    it("gives what was scanned before to nobody", async () => {
      bench.scan(utf8("early"));
      await rest();
      const first = bench.scanner.openSession();
      bench.scan(utf8("for the first"));
      await rest();
      const second = bench.scanner.openSession();
      await expect(next(first)).rejects.toMatchObject({ code: "closed" });
      await expect(next(second, 50)).rejects.toMatchObject({ code: "timeout" });
      second.close();
      await expect(next(second)).rejects.toMatchObject({ code: "closed" });
    });

    it("gives no code to a caller who has left, and keeps it for the next", async () => {
      const session = bench.scanner.openSession();
      bench.scan(utf8("kept"));
      await rest();
      await expect(bench.run(session.next({ timeoutMs: 100, signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: "cancelled" });
      expect(await next(session)).toEqual(expected(utf8("kept")));
    });

    it("keeps no more than it should for a session that does not ask", async () => {
      const session = bench.scanner.openSession();
      for (let count = 0; count < KEPT_MAX + 6; count += 1) {
        bench.scan(utf8(`code ${count}`));
        await rest(GAP_MS);
      }
      await rest();
      for (let count = 0; count < KEPT_MAX; count += 1) expect(await next(session)).toEqual(expected(utf8(`code ${count}`)));
      await expect(next(session, 50)).rejects.toMatchObject({ code: "timeout" });
    });

    it("a session waits for a scanner that is away", async (test) => {
      const session = bench.scanner.openSession();
      const waiting = session.next(limits(HEARD_MS));
      await skipUnless(test, bench.unplug?.bind(bench))();
      expect(await bench.run(bench.scanner.health(limits(1_000)))).toEqual({ kind: "away" });
      await skipUnless(test, bench.plugIn?.bind(bench))();
      bench.scan(utf8("back"));
      expect(await bench.run(waiting)).toEqual(expected(utf8("back")));
    });

    if (!lacks.includes("half-codes")) {
      it("a scan that was broken off by a loss does not run into the next", async (test) => {
        const unplug = skipUnless(test, bench.unplug?.bind(bench));
        const session = bench.scanner.openSession();
        skipUnless(test, bench.scanHalf?.bind(bench))(utf8("y".repeat(120)));
        await rest(50);
        await unplug();
        await skipUnless(test, bench.plugIn?.bind(bench))();
        bench.scan(utf8("whole"));
        expect(await next(session)).toEqual(expected(utf8("whole")));
      });
    }

    it("gives nothing when it was closed", async () => {
      const session = bench.scanner.openSession();
      await bench.scanner.close();
      await expect(next(session)).rejects.toMatchObject({ code: "closed" });
      await expect(next(bench.scanner.openSession())).rejects.toMatchObject({ code: "closed" });
    });
  });
}
