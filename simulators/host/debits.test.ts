/* The proof of each purse: made by the card's own side, checked with everything that the record must hold. */
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { medicalPurchaseTac } from "../crypto/medical.ts";
import { testSocialCardKey } from "../crypto/test-keys.ts";
import { debitFacts, judgeDebit } from "./debits.ts";
import type { TerminalRecord } from "./records.ts";
import { testDebitOracle } from "./tac-oracle.ts";

const suite = openCipherSuite();
const oracle = testDebitOracle(suite, DEFAULT_CARD_PROFILE);

type Fields = Readonly<Record<string, unknown>>;

function record(amountFen: number, detail: Fields, personal: Fields): TerminalRecord {
  return { seq: 2, subject: "j-1", firstSeq: 1, kind: "quick-payment", state: "done", amountFen, resolves: undefined, detail, personal };
}

function verdict(amountFen: number, detail: Fields, personal: Fields): string {
  const made = record(amountFen, detail, personal);
  return judgeDebit(made, debitFacts(made), oracle);
}

const OCCASION = { terminalNumber: "990100000001", terminalSeq: 7, date: "20260105", time: "120000" };
const MEDICAL_CARD = { cardIdentifier: "990100d1560000050000000154455354", cardNumber: "T0000001X", cardFactor: "8660990100000001" };

function medicalTac(algorithm: "3des" | "sm4"): string {
  const place = { historical: fromHex(`0000000000${MEDICAL_CARD.cardFactor}`), regionDigits: "990100" };
  const dtk = testSocialCardKey(suite, algorithm, { name: "medical-dtk", place });
  const terms = { terminalNumber: fromHex(OCCASION.terminalNumber), date: fromHex(OCCASION.date), time: fromHex(OCCASION.time), terminalSequence: 7 };
  return toHex(medicalPurchaseTac({ suite, algorithm, profile: DEFAULT_CARD_PROFILE }, dtk, { ...terms, accountFen: 450, selfPayFen: 120, pooledFen: 2_300 }));
}

describe.each(["3des", "sm4"] as const)("a settlement of the medical purse, %s", (socialAlgorithm) => {
  const detail = {
    ...OCCASION,
    purse: "medical-purse",
    type: "32",
    selfPayFen: 120,
    pooledFen: 2_300,
    socialAlgorithm,
    tac: medicalTac(socialAlgorithm),
    proof: "psam",
  };

  test("is proved by its TAC", () => expect(verdict(450, detail, MEDICAL_CARD)).toBe("proved"));
  test.each([
    ["another amount", 451, {}, {}],
    ["another self-paid figure", 450, { selfPayFen: 121 }, {}],
    ["another pooled figure", 450, { pooledFen: 0 }, {}],
    ["another time", 450, { time: "120001" }, {}],
    ["another sequence", 450, { terminalSeq: 8 }, {}],
    ["another card", 450, {}, { cardFactor: "8660990100000002" }],
    ["another region", 450, {}, { cardIdentifier: "990200d1560000050000000154455354" }],
  ] as const)("%s makes it wrong", (_, amountFen, change, other) => {
    expect(verdict(amountFen, { ...detail, ...change }, { ...MEDICAL_CARD, ...other })).toBe("tac-wrong");
  });
  test.each(["selfPayFen", "pooledFen", "socialAlgorithm", "terminalSeq", "date"])("without %s nobody can check it", (name) => {
    expect(verdict(450, { ...detail, [name]: undefined }, MEDICAL_CARD)).toBe("tac-input-malformed");
  });
  test("without a TAC it is missing, and with the log alone unproved", () => {
    expect(verdict(450, { ...detail, tac: undefined }, MEDICAL_CARD)).toBe("tac-missing");
    expect(verdict(450, { ...detail, tac: undefined, proof: "log-only" }, MEDICAL_CARD)).toBe("unproved");
  });
});

/** A certificate that a test card has given, with what it was given over. */
const CASH = {
  purse: "electronic-cash",
  terminalNumber: "990100000001",
  date: "20260105",
  time: "120000",
  type: "00",
  countryCode: "0156",
  currencyCode: "0156",
  unpredictableNumber: "68a90c1d",
  atc: 1,
  interchangeProfile: "7c00",
  issuerData: "07010103900000040a01000000955071a1124c",
  verificationResults: "0000000000",
  tc: "3f8068c5d66ff1ee",
  proof: "signature",
};
const ACCOUNT = { pan: "6299990000000001", panSequence: "01" };

describe("a sale with electronic cash", () => {
  test("is proved by the card's certificate", () => expect(verdict(450, CASH, ACCOUNT)).toBe("proved"));
  test.each([
    ["another amount", 451, {}, {}],
    ["another random number", 450, { unpredictableNumber: "68a90c1e" }, {}],
    ["another counter", 450, { atc: 2 }, {}],
    ["another day", 450, { date: "20260106" }, {}],
    ["another account", 450, {}, { pan: "6299990000000002" }],
    ["a decision that was none", 450, { issuerData: "07010103a00000040a01000000955071a1124c" }, {}],
  ] as const)("%s makes it wrong", (_, amountFen, change, other) => {
    expect(verdict(amountFen, { ...CASH, ...change }, { ...ACCOUNT, ...other })).toBe("tac-wrong");
  });
  test.each(["atc", "issuerData", "unpredictableNumber", "interchangeProfile"])("without %s nobody can check it", (name) => {
    expect(verdict(450, { ...CASH, [name]: undefined }, ACCOUNT)).toBe("tac-input-malformed");
  });
  test("a purse that nobody knows has no proof", () => expect(verdict(450, { ...CASH, purse: "gold" }, ACCOUNT)).toBe("tac-input-malformed"));
});

test("evidence names one debit: two sales of the same terms have different ones", () => {
  const evidenceOf = (detail: Fields) => {
    const facts = debitFacts(record(450, detail, ACCOUNT));
    return facts === undefined ? undefined : toHex(facts.evidence);
  };
  expect(evidenceOf(CASH)).not.toBe(evidenceOf({ ...CASH, atc: 2 }));
  expect(evidenceOf(CASH)).toBe(evidenceOf({ ...CASH, proof: "balance" }));
});
