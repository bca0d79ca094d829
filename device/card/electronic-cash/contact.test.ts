/* The contact path against an independently written card: GENERATE AC is the commit. */
import { describe, expect, it } from "vitest";
import { fen } from "../../base/fen.ts";
import { LIMITS } from "../testing.ts";
import { proveTransaction } from "./prove-transaction.ts";
import { type CashBenchOptions, type CashChange, cashBench, genuine } from "./testing.ts";

const contact = (options: CashBenchOptions = {}) => cashBench({ interface: "contact", ...options });

describe("a contact purchase with electronic cash", () => {
  it.each<readonly [string, CashBenchOptions, object]>([
    ["SM2", { cash: { algorithms: "sm" } }, { method: "dynamic", algorithm: "sm" }],
    ["SM2, static", { cash: { algorithms: "sm", authentication: "static" } }, { method: "static", algorithm: "sm" }],
    ["RSA", { cash: { algorithms: "rsa" } }, { method: "dynamic", algorithm: "rsa" }],
    ["RSA, long signatures", { cash: { algorithms: "rsa", rsaSignatureLength: 144 } }, { method: "dynamic", algorithm: "rsa" }],
    ["answers without tags", { cash: { answerFormat: "80" } }, { method: "dynamic", algorithm: "sm" }],
  ])("is approved: %s", async (_name, options, proved) => {
    const bench = contact(options);
    const outcome = await bench.tap();
    expect(outcome).toMatchObject({ kind: "approved", holder: "none", balanceAfter: 8_750, authentication: proved });
    expect(outcome).toMatchObject({ record: { interface: "contact", decision: "TC", atc: 1 } });
    if (outcome.kind === "approved") expect(genuine(outcome.record, bench.profile)).toBe("approved");
    expect(bench.cashMemory()?.balanceFen).toBe(8_750);
  });

  it.each<readonly [string, CashBenchOptions, CashChange, object]>([
    ["above the balance", {}, { terms: { amount: fen(10_001) } }, { reason: "insufficient-funds" }],
    ["above the card's limit", { cash: { singleLimitFen: 1_000 } }, {}, { reason: "amount-above-card-limit" }],
    ["above the terminal's limit", {}, { terminal: { limits: { cashFen: fen(1_249) } } }, { reason: "amount-above-cash-limit" }],
    ["with an expired application", { cash: { expiryDate: "261120" } }, {}, { reason: "expired" }],
    ["that may have expired by now", { cash: { expiryDate: "261130" } }, { days: { earliest: "20261121", latest: "20261201" } }, { reason: "expired" }],
    ["with a listed card", {}, { isListed: () => true }, { reason: "on-invalid-list" }],
    ["with a revoked issuer", { ports: { isRevoked: () => true } }, {}, { reason: "authentication-failed" }],
    ["with a card that proves nothing", { cash: { authentication: "none" } }, {}, { reason: "authentication-impossible" }],
    ["with a blocked application", { cash: { applicationBlocked: true } }, {}, { reason: "application-blocked" }],
  ])("is refused %s", async (_name, options, change, expected) => {
    const bench = contact(options);
    expect(await bench.tap(change)).toMatchObject({ kind: "refused", ...expected });
    expect(bench.cashMemory()?.balanceFen).toBe(10_000);
  });

  it.each(["wrongDynamicSignature", "wrongIssuerCertificate", "wrongCardCertificate", "expiredCertificate"] as const)("is refused with %s", async (fault) => {
    const bench = contact();
    bench.card.setFaults({ [fault]: true });
    expect(await bench.tap()).toMatchObject({ kind: "refused", reason: "authentication-failed" });
    expect(bench.cashMemory()?.balanceFen).toBe(10_000);
  });

  it.each(["before", "during", "after"] as const)("torn %s its commit is decided by balance and counter", async (at) => {
    const bench = contact();
    const channel = await bench.channel();
    const prepared = await bench.prepare(channel);
    if (prepared.kind !== "ready") throw new Error(`not ready: ${JSON.stringify(prepared)}`);
    expect(prepared.intent.lastRecord).toBeUndefined();
    bench.tearNext(at);
    expect(await bench.commit(channel, prepared)).toMatchObject({ kind: "card-lost", effectUnknown: true });
    const again = await bench.returned();
    const told = await bench.run(proveTransaction(again, prepared.intent, LIMITS));
    expect(told).toMatchObject(at === "after" ? { kind: "debited", proof: "balance", balance: 8_750 } : { kind: "not-debited", balance: 10_000 });
  });

  it("below the card's threshold asks for the host where there is one", async () => {
    const bench = contact({ cash: { resetThresholdFen: 9_000 } });
    const outcome = await bench.tap({ terminal: { online: true } });
    expect(outcome).toMatchObject({ kind: "refused", reason: "online-required", record: { decision: "ARQC" } });
    if (outcome.kind === "refused" && outcome.record !== undefined) expect(genuine(outcome.record, bench.profile)).toBe("online");
    expect(bench.cashMemory()?.balanceFen).toBe(10_000);
  });
});
