/* What every device must do that is unplugged and plugged in again, twenty times: serve within two seconds of each return. */
import { describe, expect, it } from "vitest";
import { fromHex } from "../../base/bytes.ts";
import { type GateBench, limits, type PinPadBench } from "./bench.ts";

const RETURNS = 20;
const BACK_MS = 2_000;
const TEST_MS = 90_000;
const PIN = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };
/** The holder's fingers take some of it. */
const ENTRY = limits(5_000);

export function gateReturnsContract(name: string, makeBench: () => Promise<GateBench>): void {
  describe(`gate returns: ${name}`, () => {
    it(
      "serves again within two seconds of each of twenty returns",
      async () => {
        const bench = await makeBench();
        const { gate, clock, answerLimits } = bench;
        bench.plan("passes");
        const tookMs: number[] = [];
        for (let round = 0; round < RETURNS; round += 1) {
          await bench.unplug?.();
          const beganMs = clock.monotonicMs();
          await bench.plugIn?.();
          expect(await gate.health(answerLimits)).toEqual({ kind: "well" });
          tookMs.push(clock.monotonicMs() - beganMs);
          expect(await gate.open("entry", bench, answerLimits)).toBe(gate.reportsPassage ? "passed" : "timeout");
        }
        expect(Math.max(...tookMs)).toBeLessThan(BACK_MS);
        expect(bench.opened()).toHaveLength(RETURNS);
        await bench.close();
      },
      TEST_MS,
    );
  });
}

/** A bench whose `plugIn` waits no longer than two seconds for the line. */
export function pinPadReturnsContract(name: string, makeBench: () => Promise<PinPadBench>): void {
  describe(`PIN pad returns: ${name}`, () => {
    it(
      "takes a PIN again within two seconds of each of twenty returns",
      async () => {
        const bench = await makeBench();
        for (let round = 0; round < RETURNS; round += 1) {
          bench.plan(["right"]);
          await bench.unplug?.();
          await bench.plugIn?.();
          expect(await bench.pad.requestPinBlock(PIN, ENTRY)).toMatchObject({ kind: "entered" });
        }
        await bench.close();
      },
      TEST_MS,
    );
  });
}
