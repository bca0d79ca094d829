import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bytes, utf8 } from "../../base/bytes.ts";
import type { ScanSession } from "../peripherals.ts";
import { limits } from "./bench.ts";
import { skipUnless } from "./card-reader-contract.ts";
import type { ScannerDesk } from "./desk.ts";

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
export function scannerContract(name: string, makeBench: () => Promise<ScannerDesk>, lacks: readonly "half-codes"[] = []): void {
  describe(`scanner contract: ${name}`, () => {
    let bench: ScannerDesk;
    beforeEach(async () => {
      bench = await makeBench();
    });
    afterEach(() => bench.close());

    const next = (session: ScanSession, timeoutMs = HEARD_MS + (bench.handMs ?? 0)) => bench.run(session.next(limits(timeoutMs)));
    const rest = (durationMs = SHORT_MS) => bench.run(bench.clock.sleep(durationMs));
    /** A code by its name where any can be shown, else the first or second of those that can. */
    const code = (name: string, place: 0 | 1 = 0): Bytes => bench.codes?.[place] ?? utf8(name);
    const expected = (data: Uint8Array) => (bench.symbology === undefined ? { data } : { data, symbology: bench.symbology });

    it("gives codes of every kind, in order", async () => {
      const session = bench.scanner.openSession();
      for (const shown of bench.codes ?? CODES) {
        await bench.scan(shown);
        expect(await next(session)).toEqual(expected(shown));
      }
      await bench.scan(code("first"));
      await rest();
      await bench.scan(code("second", 1));
      expect([await next(session), await next(session)]).toEqual([expected(code("first")), expected(code("second", 1))]);
      expect(await bench.run(bench.scanner.health(limits(1_000)))).toEqual({ kind: "well" });
    });

    it("says that nothing was scanned", async () => {
      const session = bench.scanner.openSession();
      await expect(next(session, 50)).rejects.toMatchObject({ code: "timeout", effectUnknown: false });
      await bench.scan(code("late"));
      expect(await next(session)).toEqual(expected(code("late")));
    });

    it("gives what was scanned before to nobody", async () => {
      await bench.scan(code("early"));
      await rest();
      const first = bench.scanner.openSession();
      await bench.scan(code("for the first", 1));
      await rest();
      const second = bench.scanner.openSession();
      await expect(next(first)).rejects.toMatchObject({ code: "closed" });
      await expect(next(second, 50)).rejects.toMatchObject({ code: "timeout" });
      second.close();
      await expect(next(second)).rejects.toMatchObject({ code: "closed" });
    });

    it("gives no code to a caller who has left, and keeps it for the next", async () => {
      const session = bench.scanner.openSession();
      await bench.scan(code("kept"));
      await rest();
      await expect(bench.run(session.next({ timeoutMs: 100, signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: "cancelled" });
      expect(await next(session)).toEqual(expected(code("kept")));
    });

    it("keeps no more than it should for a session that does not ask", async (test) => {
      skipUnless(test, bench.codes === undefined ? "any code" : undefined);
      const session = bench.scanner.openSession();
      for (let count = 0; count < KEPT_MAX + 6; count += 1) {
        await bench.scan(utf8(`code ${count}`));
        await rest(GAP_MS);
      }
      await rest();
      for (let count = 0; count < KEPT_MAX; count += 1) expect(await next(session)).toEqual(expected(utf8(`code ${count}`)));
      await expect(next(session, 50)).rejects.toMatchObject({ code: "timeout" });
    });

    it("a session waits for a scanner that is away", async (test) => {
      const session = bench.scanner.openSession();
      const unplug = skipUnless(test, bench.unplug?.bind(bench));
      const waiting = session.next(limits(HEARD_MS + 3 * (bench.handMs ?? 0)));
      await unplug();
      expect(await bench.run(bench.scanner.health(limits(1_000)))).toEqual({ kind: "away" });
      await skipUnless(test, bench.plugIn?.bind(bench))();
      await bench.scan(code("back"));
      expect(await bench.run(waiting)).toEqual(expected(code("back")));
    });

    if (!lacks.includes("half-codes")) {
      it("a scan that was broken off by a loss does not run into the next", async (test) => {
        const unplug = skipUnless(test, bench.unplug?.bind(bench));
        const session = bench.scanner.openSession();
        skipUnless(test, bench.scanHalf?.bind(bench))(utf8("y".repeat(120)));
        await rest(50);
        await unplug();
        await skipUnless(test, bench.plugIn?.bind(bench))();
        await bench.scan(code("whole"));
        expect(await next(session)).toEqual(expected(code("whole")));
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
