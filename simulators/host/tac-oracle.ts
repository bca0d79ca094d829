/* The host's check of debit proofs over the published test keys; a real host would ask its security module. Spec: LD/T 32.9 (key hierarchy). */
import { type Bytes, concat, equalBytes } from "../../device/base/bytes.ts";
import type { CardProfile } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { checkTestCryptogram } from "../crypto/bank.ts";
import type { KeyAlgorithm } from "../crypto/blocks.ts";
import { medicalPurchaseTac } from "../crypto/medical.ts";
import { purseTac } from "../crypto/purse.ts";
import { testPurseCardKey, testSocialCardKey } from "../crypto/test-keys.ts";
import type { CashFacts, DebitOracle, MedicalFacts, TacFacts } from "./debits.ts";

/** Algorithm byte of the INITIALIZE answer that means 3DES; 01 is seen as well as 00. */
const TDES_BYTES: readonly number[] = [0x00, 0x01];

/**
 * TACs of cards of the PBOC purse whose keys come from the test roots: one where the record names the algorithm, one for each that the card
 * may have used where it does not, none where the algorithm has no key here. Spec: PBOC purse, purchase.
 */
export function testTacOracle(suite: CipherSuite, profile: CardProfile): (facts: TacFacts) => readonly Bytes[] {
  const candidates = (byte: number | undefined): readonly KeyAlgorithm[] => {
    if (byte === undefined) return ["3des", "sm4"];
    if (byte === profile.psamAlgByteSm4) return ["sm4"];
    return TDES_BYTES.includes(byte) ? ["3des"] : [];
  };
  return ({ serial, issuer, algorithm, tacInput }) =>
    candidates(algorithm).map((candidate) => {
      const rules = { suite, profile, algorithm: candidate };
      return purseTac(rules, testPurseCardKey(rules, "purse-dtk", { serial, issuer }), tacInput);
    });
}

/** The TAC of a settlement of the medical purse. Spec: LD/T 32.5, 7. */
function medicalTacOf(suite: CipherSuite, profile: CardProfile, facts: MedicalFacts): Bytes {
  const { cardFactor, regionDigits, algorithm } = facts;
  const place = { historical: concat(new Uint8Array(5), cardFactor), regionDigits, cityTemplate: profile.cityFactorTemplate };
  return medicalPurchaseTac({ suite, profile, algorithm }, testSocialCardKey(suite, algorithm, { name: "medical-dtk", place }), facts);
}

/** What the card decided, by a genuine cryptogram: approved is money, online a question. Spec: JR/T 0025, application cryptograms. */
function decisionOf(suite: CipherSuite, profile: CardProfile, claim: { readonly facts: CashFacts; readonly cryptogram: Bytes }): string {
  const { country, currency, verificationResults, date, type, interchangeProfile, ...named } = claim.facts;
  const further = { country, currency, verificationResults, date, type, interchangeProfile };
  return checkTestCryptogram({ suite, profile }, { ...named, cryptogram: claim.cryptogram, further });
}

/** What a card must have decided for its cryptogram to prove this. */
const DECISIONS = { "electronic-cash": "approved", "delayed-charge": "online" } as const;

/** Every purse's proof over the test keys. */
export function testDebitOracle(suite: CipherSuite, profile: CardProfile): DebitOracle {
  const tacs = testTacOracle(suite, profile);
  return (debit, proof) => {
    switch (debit.purse) {
      case "pboc": {
        const expected = tacs(debit.facts);
        if (expected.length === 0) return "key-unknown";
        return expected.some((candidate) => equalBytes(proof, candidate)) ? "proved" : "wrong";
      }
      case "medical-purse":
        return equalBytes(proof, medicalTacOf(suite, profile, debit.facts)) ? "proved" : "wrong";
      case "electronic-cash":
      case "delayed-charge":
        return decisionOf(suite, profile, { facts: debit.facts, cryptogram: proof }) === DECISIONS[debit.purse] ? "proved" : "wrong";
    }
  };
}
