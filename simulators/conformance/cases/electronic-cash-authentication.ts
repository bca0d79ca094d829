/* Electronic cash: certificates and signatures of both families, checked by the terminal, and what it makes of false ones. */
import { concat, fromHex, readUint } from "../../../device/base/bytes.ts";
import { fen } from "../../../device/base/fen.ts";
import type { CashTerminal } from "../../../device/card/electronic-cash/types.ts";
import type { ElectronicCashOptions } from "../../card/electronic-cash/make.ts";
import type { BankFaults } from "../../card/electronic-cash/state.ts";
import { objectOf, processContactHex, processQuickHex, READ_LAST, SELECT_CASH, UNPREDICTABLE } from "../../card/electronic-cash/testing.ts";
import { BALANCE_FEN, type CashBench, type CashRow, cashCases } from "../cash-bench.ts";
import { expectAnswer, expectEqual, expectMatch, expectTrue } from "../expect.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const QUICK = "JR/T 0025, fDDA";
const CHAIN = "JR/T 0025, offline data authentication";
const DYNAMIC = "JR/T 0025, INTERNAL AUTHENTICATE";

interface ProvedRow {
  readonly id: string;
  readonly title: string;
  readonly cash: Partial<ElectronicCashOptions>;
  readonly through?: "contact" | "contactless";
  readonly terminal?: Partial<CashTerminal>;
  readonly proved: Readonly<Record<string, unknown>>;
  readonly tags: readonly Tag[];
}

const PROVED: readonly ProvedRow[] = [
  { id: "ECO-001", title: "SM2, signature version 01", cash: { algorithms: "sm" }, proved: { algorithm: "sm", signatureVersion: 1 }, tags: ["sm4"] },
  {
    id: "ECO-002",
    title: "SM2, a card with signature version 00 alone",
    cash: { algorithms: "sm", signatureVersion: "00" },
    proved: { algorithm: "sm", signatureVersion: 0 },
    tags: ["sm4"],
  },
  {
    id: "ECO-003",
    title: "SM2, a terminal with signature version 00 alone",
    cash: { algorithms: "sm" },
    terminal: { signatureVersion: 0 },
    proved: { algorithm: "sm", signatureVersion: 0 },
    tags: ["sm4"],
  },
  { id: "ECO-004", title: "SM2, keys in 33 bytes", cash: { algorithms: "sm", compressedKeys: true }, proved: { algorithm: "sm" }, tags: ["sm4"] },
  {
    id: "ECO-005",
    title: "RSA, signature in the first answer",
    cash: { algorithms: "rsa" },
    proved: { algorithm: "rsa", signatureVersion: 1 },
    tags: ["3des"],
  },
  {
    id: "ECO-006",
    title: "RSA, signature of 144 bytes in the last record",
    cash: { algorithms: "rsa", rsaSignatureLength: 144 },
    proved: { algorithm: "rsa", signatureVersion: 1 },
    tags: ["3des"],
  },
  {
    id: "ECO-007",
    title: "RSA, signature version 00",
    cash: { algorithms: "rsa", signatureVersion: "00" },
    proved: { algorithm: "rsa", signatureVersion: 0 },
    tags: ["3des"],
  },
  { id: "ECO-008", title: "both, the terminal has the Chinese ones", cash: {}, proved: { algorithm: "sm" }, tags: ["sm4"] },
  {
    id: "ECO-009",
    title: "both, the terminal has not the Chinese ones",
    cash: {},
    terminal: { chineseAlgorithms: false },
    proved: { algorithm: "rsa" },
    tags: ["3des"],
  },
  { id: "ECO-010", title: "SM2 over contacts", cash: { algorithms: "sm" }, through: "contact", proved: { method: "dynamic", algorithm: "sm" }, tags: ["sm4"] },
  {
    id: "ECO-011",
    title: "RSA over contacts",
    cash: { algorithms: "rsa" },
    through: "contact",
    proved: { method: "dynamic", algorithm: "rsa" },
    tags: ["3des"],
  },
  {
    id: "ECO-012",
    title: "RSA with 144 bytes over contacts",
    cash: { algorithms: "rsa", rsaSignatureLength: 144 },
    through: "contact",
    proved: { method: "dynamic", algorithm: "rsa" },
    tags: ["3des"],
  },
  {
    id: "ECO-013",
    title: "SM2 over contacts, answers in template 80",
    cash: { algorithms: "sm", answerFormat: "80" },
    through: "contact",
    proved: { method: "dynamic", algorithm: "sm" },
    tags: ["sm4"],
  },
  { id: "ECO-014", title: "an account of 19 digits", cash: { pan: "6299991234567890123" }, proved: { algorithm: "sm" }, tags: ["sm4"] },
];

function provedRow({ id, title, cash, through, terminal, proved, tags }: ProvedRow): CashRow {
  return {
    id,
    spec: CHAIN,
    title: `${title}: the terminal proves the card and takes the money`,
    tags: ["purchase", "flow", ...tags],
    cash,
    ...(through === undefined ? {} : { through }),
    run: async (bench) => {
      const outcome = await bench.tap({ terminal: terminal ?? {} });
      expectMatch(outcome, { kind: "approved", authentication: { kind: "verified", ...proved } }, "outcome");
      expectEqual(bench.books, [BALANCE_FEN - 400, 1], "balance and debits");
    },
  };
}

interface FalseRow {
  readonly id: string;
  readonly fault: keyof BankFaults;
  readonly algorithms: "sm" | "rsa";
}

const KINDS = ["sm", "rsa"] as const;
const FALSE: readonly FalseRow[] = (["wrongIssuerCertificate", "wrongCardCertificate", "expiredCertificate"] as const).flatMap((fault, which) =>
  KINDS.map((algorithms, at) => ({ id: `ECO-02${which * 2 + at}`, fault, algorithms })),
);
const FAULT_WORDS = {
  wrongIssuerCertificate: "a false issuer certificate",
  wrongCardCertificate: "a false card certificate",
  expiredCertificate: "an expired card certificate",
} as const;

function falseRow({ id, fault, algorithms }: FalseRow): CashRow {
  const words: Readonly<Record<string, string>> = FAULT_WORDS;
  return {
    id,
    spec: CHAIN,
    title: `${words[fault] ?? fault} (${algorithms}) is refused before the card commits`,
    tags: ["negative", "flow"],
    cash: { algorithms },
    faults: { [fault]: true },
    run: async (bench) => {
      expectMatch(await bench.tap(), { kind: "refused", reason: "authentication-failed" }, "outcome");
      expectEqual(bench.books, [BALANCE_FEN, 0], "balance and debits");
    },
  };
}

async function signedByCard(cash: CashBench, parts: { readonly signature: Uint8Array; readonly data: Uint8Array }): Promise<boolean> {
  const certificate = objectOf(await cash.say("00B2021C00"), 0x70, 0x9f46);
  const { suite } = cash.bench.context;
  const { signature, data } = parts;
  const length = 2 + (signature[1] ?? 0);
  return suite.sm2Verify(suite.sm2PublicKey(certificate.slice(20, 84)), concat(signature.slice(0, length), data), signature.slice(length));
}

const OTHERS: readonly CashRow[] = [
  ...KINDS.map(
    (algorithms, at): CashRow => ({
      id: `ECO-03${at}`,
      spec: QUICK,
      title: `a false signature (${algorithms}) is debited by the card and not called paid`,
      tags: ["negative", "flow"],
      cash: { algorithms },
      faults: { wrongDynamicSignature: true },
      run: async (cash) => {
        expectMatch(await cash.tap(), { kind: "debited-unproven", why: "signature-wrong" }, "outcome");
        expectEqual(cash.books, [BALANCE_FEN - 400, 1], "balance and debits");
      },
    }),
  ),
  {
    id: "ECO-032",
    spec: CHAIN,
    title: "a card that proves nothing is refused",
    tags: ["negative", "flow"],
    cash: { authentication: "none" },
    run: async (cash) => {
      expectMatch(await cash.tap(), { kind: "refused", reason: "authentication-impossible" }, "outcome");
      expectEqual(cash.books, [BALANCE_FEN, 0], "balance and debits");
    },
  },
  {
    id: "ECO-033",
    spec: CHAIN,
    title: "what anybody can copy proves no contactless card",
    tags: ["negative", "flow"],
    cash: { authentication: "static" },
    run: async (cash) => {
      expectMatch(await cash.tap(), { kind: "refused", reason: "authentication-impossible" }, "outcome");
    },
  },
  {
    id: "ECO-040",
    spec: QUICK,
    title: "version 00 signs the random number alone",
    tags: ["sm4"],
    run: async (cash) => {
      const answer = await cash.all(SELECT_CASH, processQuickHex({ amountFen: 400, qualifiers: "3A000000" }));
      expectTrue(await signedByCard(cash, { signature: objectOf(answer, 0x77, 0x9f4b), data: fromHex(UNPREDICTABLE) }), "the signature is the card's");
      await cash.say(READ_LAST, "7012 5f200f *9000");
    },
  },
  {
    id: "ECO-041",
    spec: QUICK,
    title: "version 01 signs random number, amount, currency and 9F69, which the last record gives",
    tags: ["sm4"],
    cash: { extension: { support: "segment" } },
    run: async (cash) => {
      const answer = await cash.all(SELECT_CASH, processQuickHex({ amountFen: 400, industry: "00" }));
      const last = await cash.say(READ_LAST);
      const card = objectOf(last, 0x70, 0x9f69);
      expectAnswer(Buffer.from(card).toString("hex"), "01 ........ 2000 01", "9F69");
      const data = concat(fromHex(UNPREDICTABLE), fromHex("000000000400"), fromHex("0156"), card);
      expectTrue(await signedByCard(cash, { signature: objectOf(answer, 0x77, 0x9f4b), data }), "the signature is the card's");
    },
  },
  {
    id: "ECO-042",
    spec: QUICK,
    title: "the card's dynamic number of a quick payment is its counter",
    tags: ["sm4"],
    cash: { atc: 0x0122 },
    run: async (cash) => {
      const answer = await cash.all(SELECT_CASH, processQuickHex({ amountFen: 400 }));
      expectEqual(readUint(objectOf(answer, 0x77, 0x9f4b), 3, 2), 0x0123, "dynamic number");
    },
  },
  {
    id: "ECO-050",
    spec: DYNAMIC,
    title: "the card signs its own number and the terminal's",
    tags: ["sm4"],
    through: "contact",
    run: async (cash) => {
      await cash.all(SELECT_CASH, processContactHex({ amountFen: 400 }));
      const answer = await cash.say("0088000004A1B2C3D400", "77 4e 9f4b 4b 15 09 08 *9000");
      expectTrue(await signedByCard(cash, { signature: objectOf(answer, 0x77, 0x9f4b), data: fromHex("a1b2c3d4") }), "the signature is the card's");
      expectTrue((await cash.say("0088000004A1B2C3D400")) !== answer, "the card's number is another one each time");
    },
  },
  {
    id: "ECO-051",
    spec: DYNAMIC,
    title: "before processing options it is 6985, with another length 6700",
    tags: ["negative"],
    through: "contact",
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say("0088000004A1B2C3D400", "6985");
      await cash.say(processContactHex({ amountFen: 400 }));
      await cash.say("0088000003A1B2C300", "6700");
      await cash.say("0088010004A1B2C3D400", "6a86");
    },
  },
  ...([500, 300] as const).map(
    (qpbocBudgetMs, at): CashRow => ({
      id: `ECO-06${at}`,
      spec: "JR/T 0025, qPBOC",
      title: `a budget of ${qpbocBudgetMs} ms tells a usual card from a slow one`,
      tags: ["purchase", "flow", `profile:qpbocBudgetMs=${qpbocBudgetMs}`],
      profile: { qpbocBudgetMs },
      run: async (cash) => {
        const usualMs = await tapMs(cash);
        expectTrue(usualMs <= cash.bench.profile.qpbocBudgetMs, `a usual tap of ${usualMs} ms is inside the budget`);
        await cash.reset();
        cash.bench.card.setFaults({ extraMsPerCommand: qpbocBudgetMs / 10 });
        const slowMs = await tapMs(cash);
        expectTrue(slowMs > cash.bench.profile.qpbocBudgetMs, `a slow tap of ${slowMs} ms is not`);
      },
    }),
  ),
];

/** Time in the field of one tap of the terminal, from its first command to the last answer. */
async function tapMs(cash: CashBench): Promise<number> {
  const { clock } = cash.bench.context;
  await cash.bench.channel();
  const startedMs = clock.monotonicMs();
  expectMatch(await cash.tap({ terms: { amount: fen(100) } }), { kind: "approved" }, "outcome");
  return clock.monotonicMs() - startedMs;
}

export const ELECTRONIC_CASH_AUTHENTICATION_CASES: readonly ConformanceCase[] = cashCases([...PROVED.map(provedRow), ...FALSE.map(falseRow), ...OTHERS]);
