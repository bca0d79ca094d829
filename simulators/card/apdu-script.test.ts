/* One whole purchase in raw bytes: card against module, in every combination that the specifications leave open. */
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { purchaseTacInput, purseTac } from "../crypto/purse.ts";
import { testPurseCardKey } from "../crypto/test-keys.ts";
import { makeTestPsam } from "../psam/make.ts";
import { makeTestCard } from "./make.ts";
import { expectOk, finishPurchase, openPurchase, proveHex, send } from "./testing.ts";

const suite = openCipherSuite();

const combinations = (["3des", "sm4"] as const).flatMap((algorithm) =>
  (["pre", "post"] as const).flatMap((logSeqMode) =>
    ([1, 2, 3] as const).flatMap((level) => (["direct", "t0"] as const).map((lengthRule) => ({ algorithm, logSeqMode, level, lengthRule }))),
  ),
);

describe("a purchase in raw bytes", () => {
  it.each(combinations)(
    "$algorithm, log $logSeqMode, key level $level, $lengthRule: money, log, proof and TAC agree",
    ({ algorithm, logSeqMode, level, lengthRule }) => {
      const card = makeTestCard(suite, { balanceFen: 10_000, algorithm, serial: 7, offlineSeq: 40, lengthRule, profile: { logSeqMode } });
      const psam = makeTestPsam(suite, { purseLevel: level, terminalSeq: 900, lengthRule });
      const purchase = openPurchase(card, psam, { amountFen: 450, level });
      const { tac, mac2 } = finishPurchase(card, psam, purchase);

      expect(card.balanceFen).toBe(9_550);
      const loggedSeq = logSeqMode === "pre" ? 40 : 41;
      expect(send(card, proveHex(loggedSeq))).toBe(`${toHex(mac2)}${toHex(tac)}9000`);
      expect(toHex(expectOk(card, "00B201C417"))).toBe(`${loggedSeq.toString(16).padStart(4, "0")}000000000001c206${psam.terminalNumber}20260102030405`);
      expect(card.debits).toEqual([
        {
          amountFen: 450,
          terminalNumber: psam.terminalNumber,
          terminalSeq: 900,
          date: "20260102",
          time: "030405",
          cardSeqBefore: 40,
          tac: toHex(tac),
        },
      ]);
      const rules = { suite, algorithm, profile: { ...DEFAULT_CARD_PROFILE, logSeqMode } };
      const { issuerHex, serialHex } = card.personalization.purse;
      const dtk = testPurseCardKey(rules, "purse-dtk", { issuer: fromHex(issuerHex), serial: fromHex(serialHex) });
      const terms = { amountFen: 450, type: 6, terminalNumber: fromHex(psam.terminalNumber), date: fromHex("20260102"), time: fromHex("030405") };
      expect(toHex(purseTac(rules, dtk, purchaseTacInput(terms, 900)))).toBe(toHex(tac));
      expect(psam.terminalSeq).toBe(901);
    },
  );

  it.each([1, 2, 3] as const)("a module with keys of level %i refuses every other number of factors", (level) => {
    for (const wrong of ([1, 2, 3] as const).filter((each) => each !== level)) {
      const card = makeTestCard(suite, { balanceFen: 10_000, algorithm: "sm4" });
      const psam = makeTestPsam(suite, { purseLevel: level });
      expect(() => openPurchase(card, psam, { amountFen: 1, level: wrong })).toThrow("6a80");
    }
  });

  it.each(["left4", "fold4"] as const)("SM4 with macReduce %s agrees between card and module", (macReduce) => {
    const profile = { macReduce, sessionPad: "pad80", sm4Diversify: "fZeros" } as const;
    const card = makeTestCard(suite, { balanceFen: 10_000, algorithm: "sm4", profile });
    const psam = makeTestPsam(suite, { profile });
    finishPurchase(card, psam, openPurchase(card, psam, { amountFen: 1, level: 2 }));
    expect(card.balanceFen).toBe(9_999);
  });

  it.each(["macReduce", "sessionPad", "sm4Diversify"] as const)("card and module that disagree in %s move no money", (name) => {
    const other = { macReduce: "fold4", sessionPad: "pad80", sm4Diversify: "fZeros" } as const;
    const card = makeTestCard(suite, { balanceFen: 10_000, algorithm: "sm4" });
    const psam = makeTestPsam(suite, { profile: { [name]: other[name] } });
    const purchase = openPurchase(card, psam, { amountFen: 1, level: 2 });
    expect(send(card, purchase.debitHex)).toBe("9302");
    expect(card.balanceFen).toBe(10_000);
  });
});
