import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { classifyFailure, errorCodeOf, RECONNECT_WINDOW_MS, reconnectDelayMs, refusesVersion } from "./governor.ts";

const samples = (failure: "network" | "refused", failures: number, windowMs: number): number[] => {
  const randomness = new SeededRandomness(`${failure} ${failures} ${windowMs}`);
  return Array.from({ length: 400 }, () => reconnectDelayMs({ failure, failures, windowMs }, randomness));
};

describe("classifyFailure", () => {
  it.each<[number | string | undefined, "network" | "refused"]>([
    [4, "refused"],
    [5, "refused"],
    [134, "refused"],
    [135, "refused"],
    [138, "refused"],
    [3, "network"],
    [136, "network"],
    ["ECONNREFUSED", "network"],
    ["ECONNRESET", "network"],
    ["ETIMEDOUT", "network"],
    ["ENOTFOUND", "network"],
    [undefined, "network"],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "refused"],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "refused"],
    ["CERT_HAS_EXPIRED", "refused"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "refused"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "refused"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "refused"],
  ])("%s: %s", (code, expected) => {
    expect(classifyFailure(code)).toBe(expected);
  });

  it.each([
    [1, true],
    [132, true],
    [5, false],
    [undefined, false],
  ])("code %s refuses the version: %s", (code, refuses) => {
    expect(refusesVersion(code)).toBe(refuses);
  });

  it.each<[unknown, number | string | undefined]>([
    [{ code: 5 }, 5],
    [{ code: "X" }, "X"],
    [{ code: {} }, undefined],
    [new Error("no code"), undefined],
    [null, undefined],
    ["text", undefined],
  ])("the code of %j is %s", (error, code) => {
    expect(errorCodeOf(error)).toBe(code);
  });
});

describe("reconnectDelayMs", () => {
  it("spreads over the whole window that the host sets", () => {
    const delays = samples("network", 0, 10_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(10_000);
    for (const tenth of Array.from({ length: 10 }, (_, index) => index * 1_000)) {
      expect(delays.filter((delayMs) => delayMs >= tenth && delayMs < tenth + 1_000).length).toBeGreaterThan(15);
    }
  });

  it("doubles its bound with each failure, up to a minute", () => {
    for (const [failures, boundMs] of [
      [0, 1_000],
      [1, 2_000],
      [3, 8_000],
      [9, 60_000],
      [500, 60_000],
    ] as const) {
      const most = Math.max(...samples("network", failures, 1_000));
      expect(most).toBeLessThanOrEqual(boundMs);
      expect(most).toBeGreaterThan(boundMs * 0.9);
    }
  });

  it("a refusal waits at least 45 s and at most a quarter of an hour, always longer than the network's first waits", () => {
    for (const failures of [0, 1, 5, 50]) {
      for (const delayMs of samples("refused", failures, 100)) {
        expect(delayMs).toBeGreaterThanOrEqual(45_000);
        expect(delayMs).toBeLessThanOrEqual(900_000);
      }
    }
  });

  it("no window of a host makes a wait negative, endless or none at all for all", () => {
    fc.assert(
      fc.property(fc.integer({ min: -10, max: 10_000_000 }), fc.nat(1_000), fc.string(), (windowMs, failures, seed) => {
        const delayMs = reconnectDelayMs({ failure: "network", failures, windowMs }, new SeededRandomness(seed));
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(RECONNECT_WINDOW_MS.most);
      }),
    );
    expect(Math.max(...samples("network", 0, 0))).toBeGreaterThan(50);
  });
});
