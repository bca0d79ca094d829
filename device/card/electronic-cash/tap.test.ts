/* Whole taps against an independently written card: what it decides, what the terminal makes of it, and what is on the card afterwards. */
import { describe, expect, it } from "vitest";
import { fen } from "../../base/fen.ts";
import { LIMITS, SUITE } from "../testing.ts";
import type { CashOutcome } from "./machine-types.ts";
import { commitCashTap, prepareCashTap } from "./tap.ts";
import { type CashBenchOptions, type CashChange, cashBench, genuine } from "./testing.ts";

function approvedOf(outcome: CashOutcome): Extract<CashOutcome, { readonly kind: "approved" }> {
  if (outcome.kind !== "approved") throw new Error(`not approved: ${JSON.stringify(outcome)}`);
  return outcome;
}

const KINDS: readonly (readonly [name: string, options: CashBenchOptions, proved: object])[] = [
  ["SM2, signature version 01", { cash: { algorithms: "sm" } }, { method: "dynamic", algorithm: "sm", signatureVersion: 1 }],
  ["SM2, signature version 00", { cash: { algorithms: "sm", signatureVersion: "00" } }, { method: "dynamic", algorithm: "sm", signatureVersion: 0 }],
  ["SM2, compressed keys", { cash: { algorithms: "sm", compressedKeys: true } }, { method: "dynamic", algorithm: "sm" }],
  ["SM2, static", { cash: { algorithms: "sm", authentication: "static" }, terminal: { acceptsStatic: true } }, { method: "static", algorithm: "sm" }],
  ["RSA, signature in the answer", { cash: { algorithms: "rsa" } }, { method: "dynamic", algorithm: "rsa", signatureVersion: 1 }],
  ["RSA, signature in the last record", { cash: { algorithms: "rsa", rsaSignatureLength: 144 } }, { method: "dynamic", algorithm: "rsa" }],
  ["RSA, version 00", { cash: { algorithms: "rsa", signatureVersion: "00" } }, { method: "dynamic", algorithm: "rsa", signatureVersion: 0 }],
  ["RSA, static", { cash: { algorithms: "rsa", authentication: "static" }, terminal: { acceptsStatic: true } }, { method: "static", algorithm: "rsa" }],
  ["both, the Chinese ones preferred", { cash: { algorithms: "both" } }, { method: "dynamic", algorithm: "sm" }],
  ["cryptogram version 17", { cash: { cryptogramVersion: "17" } }, { method: "dynamic" }],
  ["zeros as padding", { profile: { acPadding: "zeros" } }, { method: "dynamic" }],
  ["GET PROCESSING OPTIONS directly after SELECT only", { cash: { strictOrder: true } }, { method: "dynamic" }],
  ["a fixed algorithm byte", { profile: { acAlgByte: "01" } }, { method: "dynamic" }],
];

describe("a contactless purchase", () => {
  it.each(KINDS)("is approved and proved: %s", async (_name, options, proved) => {
    const bench = cashBench(options);
    const outcome = approvedOf(await bench.tap());
    expect(outcome.authentication).toMatchObject({ kind: "verified", ...proved });
    expect(outcome.balanceAfter).toBe(8_750);
    expect(bench.cashMemory()?.balanceFen).toBe(8_750);
    expect(genuine(outcome.record, bench.profile)).toBe("approved");
    expect(outcome.record).toMatchObject({ decision: "TC", atc: 1, amount: 1_250, accountSequence: "01", expiry: "401231", verificationSent: "0000000000" });
  });

  it("of an international card is approved with the older algorithms when the terminal has no others", async () => {
    const outcome = approvedOf(await cashBench().tap({ terminal: { chineseAlgorithms: false } }));
    expect(outcome.authentication).toMatchObject({ algorithm: "rsa" });
  });

  it("takes nothing before it is permitted", async () => {
    const bench = cashBench();
    const prepared = await bench.prepare(await bench.channel());
    expect(prepared).toMatchObject({ kind: "ready", accountNumber: bench.card.personalization.electronicCash?.pan, intent: { atc: 1, balanceBefore: 10_000 } });
    expect(bench.cashMemory()?.balanceFen).toBe(10_000);
  });

  it.each(["01", "02", "03", "04", "05"] as const)("is approved with amounts %s in the issuer data", async (issuerDataAmounts) => {
    const bench = cashBench({ cash: { issuerDataAmounts } });
    expect(genuine(approvedOf(await bench.tap()).record, bench.profile)).toBe("approved");
  });
});

const AMOUNT = (amount: number) => ({ terms: { amount: fen(amount) } });

describe("a contactless purchase is refused and takes nothing", () => {
  it.each<readonly [string, CashBenchOptions, CashChange, object]>([
    ["above the balance", {}, AMOUNT(10_001), { reason: "insufficient-funds" }],
    ["above the card's limit of one sale", { cash: { singleLimitFen: 1_000 } }, AMOUNT(1_001), { reason: "amount-above-card-limit" }],
    ["with a new card", { cash: { newCard: true } }, {}, { reason: "declined-by-card" }],
    ["in another currency", {}, { terminal: { currencyCode: "0840" } }, { reason: "declined-by-card" }],
    [
      "from the terminal's limit on",
      {},
      { ...AMOUNT(500), terminal: { limits: { contactlessSaleFen: fen(500) } } },
      { reason: "amount-above-contactless-limit" },
    ],
    [
      "above the floor limit of an offline terminal",
      {},
      { ...AMOUNT(501), terminal: { limits: { contactlessFloorFen: fen(500) } } },
      { reason: "floor-limit-exceeded" },
    ],
    ["below the threshold with a host", { cash: { resetThresholdFen: 9_000 } }, { terminal: { online: true } }, { reason: "online-required" }],
    [
      "above the floor limit with a host",
      {},
      { ...AMOUNT(501), terminal: { online: true, limits: { contactlessFloorFen: fen(500) } } },
      { reason: "online-required" },
    ],
    [
      "when the holder must be verified and cannot",
      {},
      { ...AMOUNT(500), terminal: { limits: { contactlessVerificationFen: fen(500) } } },
      { reason: "card-refused", statusWord: 0x6985 },
    ],
    ["with an expired application", { cash: { expiryDate: "261120" } }, {}, { reason: "expired" }],
    ["with an application that is not valid yet", { cash: { effectiveDate: "261122" } }, {}, { reason: "not-yet-valid" }],
    ["with an application for other uses", { cash: { usageControl: "fe00" } }, {}, { reason: "usage-not-allowed" }],
    ["with a listed card", {}, { isListed: () => true }, { reason: "on-invalid-list" }],
    ["with a blocked application", { cash: { applicationBlocked: true } }, {}, { reason: "application-blocked" }],
    ["with a card that proves nothing", { cash: { authentication: "none" } }, {}, { reason: "authentication-impossible", why: "not-offered" }],
    ["with a card that proves only what anybody can copy", { cash: { authentication: "static" } }, {}, { reason: "authentication-impossible" }],
    [
      "with a revoked issuer",
      { ports: { isRevoked: ({ serial }) => serial === "000001" } },
      {},
      { reason: "authentication-failed", why: "issuer-certificate-revoked" },
    ],
  ])("%s", async (_name, options, change, expected) => {
    const bench = cashBench(options);
    expect(await bench.tap(change)).toMatchObject({ kind: "refused", ...expected });
    expect(bench.cashMemory()?.balanceFen).toBe(10_000);
    expect(bench.card.debits).toEqual([]);
  });

  it.each(["wrongIssuerCertificate", "wrongCardCertificate", "expiredCertificate"] as const)("with %s, before the card commits", async (fault) => {
    const bench = cashBench();
    bench.card.setFaults({ [fault]: true });
    expect(await bench.tap()).toMatchObject({ kind: "refused", reason: "authentication-failed" });
    expect(bench.cashMemory()?.balanceFen).toBe(10_000);
  });
});

describe("a contactless purchase", () => {
  it("with a false signature is debited by the card and not called paid", async () => {
    const bench = cashBench();
    bench.card.setFaults({ wrongDynamicSignature: true });
    const outcome = await bench.tap();
    expect(outcome).toMatchObject({ kind: "debited-unproven", why: "signature-wrong", onlineInstead: false, record: { verificationResults: "0800000000" } });
  });

  it("needs a signed slip where the card says so", async () => {
    const bench = cashBench();
    const outcome = await bench.tap({ ...AMOUNT(500), terminal: { signature: true, limits: { contactlessVerificationFen: fen(500) } } });
    expect(outcome).toMatchObject({ kind: "approved", holder: "signature" });
  });

  it("that the card sends online names what a host is asked with", async () => {
    const bench = cashBench({ cash: { resetThresholdFen: 9_000 } });
    const outcome = await bench.tap({ terminal: { online: true } });
    expect(outcome).toMatchObject({ kind: "refused", record: { decision: "ARQC" }, details: ["velocity-exceeded"] });
    if (outcome.kind === "refused" && outcome.record !== undefined) expect(genuine(outcome.record, bench.profile)).toBe("online");
  });

  it("counts each of its taps, and verifies certificates once", async () => {
    let verified = 0;
    const suite = {
      ...SUITE,
      sm2Verify: (...input: Parameters<typeof SUITE.sm2Verify>) => {
        verified += 1;
        return SUITE.sm2Verify(...input);
      },
    };
    const bench = cashBench({ ports: { suite } });
    for (const atc of [1, 2, 3]) expect(approvedOf(await bench.tap()).record.atc).toBe(atc);
    expect(verified).toBe(2 + 3);
  });
});

describe("the time in the field", () => {
  const timed = (qpbocBudgetMs: number, extraMsPerCommand: number) => {
    const bench = cashBench({ profile: { qpbocBudgetMs } });
    bench.card.setFaults({ extraMsPerCommand });
    return { bench, ports: { ...bench.ports, clock: bench.clock } };
  };
  const prepare = async (qpbocBudgetMs: number, extraMsPerCommand: number) => {
    const { bench, ports } = timed(qpbocBudgetMs, extraMsPerCommand);
    const channel = await bench.channel();
    const prepared = await bench.run(prepareCashTap(channel, { ports, request: bench.request() }, LIMITS));
    return { bench, ports, channel, prepared };
  };

  it.each([
    [500, 10, "ready"],
    [2_000, 150, "ready"],
    [500, 150, "card-lost"],
    [100, 50, "card-lost"],
  ])("of %i ms with %i ms more for each command is %s before the commit", async (budget, extra, kind) => {
    const { bench, prepared } = await prepare(budget, extra);
    expect(prepared).toMatchObject(kind === "ready" ? { kind } : { kind, code: "timeout", effectUnknown: false });
    expect(bench.cashMemory()?.balanceFen).toBe(10_000);
  });

  it("that passes while the intent is written gives the tap up", async () => {
    const { bench, ports, channel, prepared } = await prepare(500, 0);
    if (prepared.kind !== "ready") throw new Error("not ready");
    await bench.run(bench.clock.sleep(500));
    expect(await bench.run(commitCashTap(channel, { ports, prepared }, LIMITS))).toEqual({ kind: "refused", reason: "field-time-exceeded" });
    expect(bench.cashMemory()?.balanceFen).toBe(10_000);
  });

  it("does not cut the commit itself", async () => {
    const { bench, ports, channel, prepared } = await prepare(500, 0);
    if (prepared.kind !== "ready") throw new Error("not ready");
    bench.card.setFaults({ extraMsPerCommand: 1_000 });
    expect(await bench.run(commitCashTap(channel, { ports, prepared }, LIMITS))).toMatchObject({ kind: "approved" });
  });
});
