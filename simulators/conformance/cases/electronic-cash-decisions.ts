/* Electronic cash: GET PROCESSING OPTIONS, the card's decisions in their order, and cryptograms. */
import { DEFAULT_CARD_PROFILE } from "../../../device/codec/card-profile.ts";
import type { ElectronicCashOptions } from "../../card/electronic-cash/make.ts";
import { type AskedPayment, GET_COUNTER, processQuickHex, READ_LAST, SELECT_CASH } from "../../card/electronic-cash/testing.ts";
import { BALANCE_FEN, type CashRow, cashCases, shown } from "../cash-bench.ts";
import { expectAnswer, expectEqual, expectTrue } from "../expect.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const OPTIONS = "JR/T 0025, GET PROCESSING OPTIONS";
const RISK = "JR/T 0025, card risk management of qPBOC";
const CRYPTOGRAM = "JR/T 0025, application cryptogram";

interface DecisionRow {
  readonly id: string;
  readonly title: string;
  readonly cash?: Partial<ElectronicCashOptions>;
  readonly asked: AskedPayment;
  /** The decision with the three bytes of results and the qualifiers, or the word of a refusal. */
  readonly expected: { readonly kind: "approved" | "online" | "declined"; readonly results: string; readonly qualifiers?: string } | string;
}

const KINDS = { approved: "90", online: "a0", declined: "80" } as const;
const approved = { kind: "approved", results: "900000" } as const;
const declined = { kind: "declined", results: "800000" } as const;
const online = { kind: "online", results: "a00000" } as const;

const DECISIONS: readonly DecisionRow[] = [
  { id: "ECG-020", title: "offline: inside all limits is approved", asked: { amountFen: 400 }, expected: approved },
  { id: "ECG-021", title: "offline: exactly the balance is approved", asked: { amountFen: BALANCE_FEN }, expected: approved },
  { id: "ECG-022", title: "offline: one fen above the balance is declined", asked: { amountFen: BALANCE_FEN + 1 }, expected: declined },
  { id: "ECG-023", title: "offline: exactly the single limit is approved", cash: { singleLimitFen: 400 }, asked: { amountFen: 400 }, expected: approved },
  { id: "ECG-024", title: "offline: above the single limit is declined", cash: { singleLimitFen: 399 }, asked: { amountFen: 400 }, expected: declined },
  { id: "ECG-025", title: "offline: the reset threshold does not count", cash: { resetThresholdFen: 9_999 }, asked: { amountFen: 400 }, expected: approved },
  {
    id: "ECG-026",
    title: "offline: a new card is declined",
    cash: { newCard: true },
    asked: { amountFen: 400 },
    expected: { kind: "declined", results: "801000" },
  },
  {
    id: "ECG-027",
    title: "offline: no PIN tries left is declined",
    cash: { pinTriesLeft: 0 },
    asked: { amountFen: 400 },
    expected: { kind: "declined", results: "804000" },
  },
  { id: "ECG-028", title: "another currency is declined", asked: { amountFen: 400, currency: "0840" }, expected: declined },
  {
    id: "ECG-029",
    title: "another currency goes online where the card allows that",
    cash: { foreignCurrency: "online" },
    asked: { amountFen: 400, currency: "0840", qualifiers: "36000080" },
    expected: online,
  },
  {
    id: "ECG-030",
    title: "offline: verification is a signature",
    asked: { amountFen: 400, qualifiers: "3A400080" },
    expected: { ...approved, qualifiers: "6000" },
  },
  {
    id: "ECG-031",
    title: "offline: verification without signature is 6985",
    asked: { amountFen: 400, qualifiers: "38400080" },
    expected: "6985",
  },
  {
    id: "ECG-032",
    title: "offline: verification of a card that takes no signature is 6985",
    cash: { supportsSignature: false },
    asked: { amountFen: 400, qualifiers: "3A400080" },
    expected: "6985",
  },
  { id: "ECG-033", title: "with a host: inside all limits is approved", asked: { amountFen: 400, qualifiers: "36000080" }, expected: approved },
  {
    id: "ECG-034",
    title: "with a host: verification is an online PIN and goes online",
    asked: { amountFen: 400, qualifiers: "36400080" },
    expected: { ...online, qualifiers: "a000" },
  },
  {
    id: "ECG-035",
    title: "with a host: verification falls to a signature",
    cash: { supportsOnlinePin: false },
    asked: { amountFen: 400, qualifiers: "36400080" },
    expected: { ...approved, qualifiers: "6000" },
  },
  {
    id: "ECG-036",
    title: "with a host: verification with neither is 6985",
    cash: { supportsOnlinePin: false, supportsSignature: false },
    asked: { amountFen: 400, qualifiers: "36400080" },
    expected: "6985",
  },
  { id: "ECG-037", title: "with a host: the terminal's wish goes online", asked: { amountFen: 400, qualifiers: "36800080" }, expected: online },
  {
    id: "ECG-038",
    title: "with a host: a new card goes online",
    cash: { newCard: true },
    asked: { amountFen: 400, qualifiers: "36000080" },
    expected: { kind: "online", results: "a01000" },
  },
  {
    id: "ECG-039",
    title: "with a host: no PIN tries left goes online",
    cash: { pinTriesLeft: 0 },
    asked: { amountFen: 400, qualifiers: "36000080" },
    expected: { kind: "online", results: "a04000" },
  },
  {
    id: "ECG-040",
    title: "with a host: above the single limit goes online, with the velocity bit",
    cash: { singleLimitFen: 399 },
    asked: { amountFen: 400, qualifiers: "36000080" },
    expected: { kind: "online", results: "a02000" },
  },
  {
    id: "ECG-041",
    title: "with a host: exactly at the reset threshold is approved",
    cash: { resetThresholdFen: 9_600 },
    asked: { amountFen: 400, qualifiers: "36000080" },
    expected: approved,
  },
  {
    id: "ECG-042",
    title: "with a host: below the reset threshold goes online, with the velocity bit",
    cash: { resetThresholdFen: 9_601 },
    asked: { amountFen: 400, qualifiers: "36000080" },
    expected: { kind: "online", results: "a02000" },
  },
  {
    id: "ECG-043",
    title: "the wish to go online comes before limits",
    cash: { singleLimitFen: 1 },
    asked: { amountFen: 400, qualifiers: "36800080" },
    expected: online,
  },
];

function decisionRow({ id, title, cash, asked, expected }: DecisionRow): CashRow {
  return {
    id,
    spec: RISK,
    title,
    tags: ["purchase", ...(typeof expected === "string" ? (["negative"] as const) : [])],
    ...(cash === undefined ? {} : { cash }),
    run: async (bench) => {
      await bench.say(SELECT_CASH);
      const answer = await bench.say(processQuickHex(asked), typeof expected === "string" ? expected : "77*9000");
      const paid = typeof expected !== "string" && expected.kind === "approved";
      if (typeof expected !== "string") {
        expectEqual(shown(answer, 0x77, 0x9f10).slice(8, 14), expected.results, "verification results");
        expectEqual(shown(answer, 0x77, 0x9f10).slice(8, 10), KINDS[expected.kind], "decision");
        expectEqual(shown(answer, 0x77, 0x9f6c), expected.qualifiers ?? "2000", "card qualifiers");
        if (asked.currency === undefined) expectEqual(bench.verdict(answer, asked.amountFen), expected.kind, "the host's word");
      }
      await bench.say(READ_LAST, paid ? "70*9000" : "6985");
      expectEqual(bench.books, paid ? [BALANCE_FEN - asked.amountFen, 1] : [BALANCE_FEN, 0], "balance and debits");
      expectEqual(bench.memory.atc, 1, "the counter is used up whatever is decided");
    },
  };
}

const SMALL = { amountFen: 400 };

const COMMANDS: readonly CashRow[] = [
  {
    id: "ECG-001",
    spec: OPTIONS,
    title: "another length is 6700, a missing template 6A80, other parameters 6A86",
    tags: ["negative"],
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      const good = processQuickHex(SMALL);
      await cash.say(`80A8000023${good.slice(10, 14).replace("22", "21")}${good.slice(14, -4)}00`, "6700");
      await cash.say(good.replace(/^(.{10})83/, "$185"), "6a80");
      await cash.say(good.replace(/^(.{10}83)../, "$121"), "6a80");
      await cash.say(good.replace(/^80A80000/, "80A80100"), "6a86");
      expectEqual(cash.memory.atc, 0, "counter");
      await cash.say(good);
    },
  },
  {
    id: "ECG-002",
    spec: OPTIONS,
    title: "a second time without SELECT is 6985",
    tags: ["negative"],
    run: async (cash) => {
      await cash.all(SELECT_CASH, processQuickHex(SMALL));
      await cash.say(processQuickHex(SMALL), "6985");
      await cash.all(READ_LAST);
      expectEqual(cash.books, [BALANCE_FEN - 400, 1], "balance and debits");
    },
  },
  {
    id: "ECG-003",
    spec: OPTIONS,
    title: "before SELECT of the application it is not there",
    tags: ["negative"],
    run: async (cash) => {
      await cash.say(processQuickHex(SMALL), "6d00");
      expectEqual(cash.memory.atc, 0, "counter");
    },
  },
  {
    id: "ECG-004",
    spec: OPTIONS,
    title: "a card that wants it directly after SELECT refuses it after a read, and takes it after another SELECT",
    tags: ["negative"],
    cash: { strictOrder: true },
    run: async (cash) => {
      await cash.all(SELECT_CASH, GET_COUNTER);
      await cash.say(processQuickHex(SMALL), "6985");
      await cash.all(SELECT_CASH, processQuickHex(SMALL), READ_LAST);
    },
  },
  {
    id: "ECG-005",
    spec: OPTIONS,
    title: "with both bits of the path the full one wins and decides nothing yet",
    tags: ["purchase"],
    run: async (cash) => {
      const answer = await cash.all(SELECT_CASH, processQuickHex({ ...SMALL, qualifiers: "7A000080" }));
      expectAnswer(answer, "7712 8202 7c00 940c 080102001001010118010200 9000", "options of the full path");
    },
  },
  {
    id: "ECG-006",
    spec: OPTIONS,
    title: "without a path it is 6985 and uses up no counter",
    tags: ["negative"],
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say(processQuickHex({ ...SMALL, qualifiers: "1A000080" }), "6985");
      expectEqual(cash.memory.atc, 0, "counter");
    },
  },
  {
    id: "ECG-007",
    spec: OPTIONS,
    title: "an amount that is no number is 6A80",
    tags: ["negative"],
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say(processQuickHex(SMALL).replace("000000000400", "00000000040A"), "6a80");
    },
  },
  {
    id: "ECG-008",
    spec: OPTIONS,
    title: "the answer of an approval names profile, locator, counter, certificate and issuer data",
    tags: ["purchase"],
    run: async (cash) => {
      const answer = await cash.all(SELECT_CASH, processQuickHex(SMALL));
      const issuer = "9f1013 07010103 900000 04 0a01 0000009600 ........";
      expectAnswer(
        answer,
        `778192 82027c00 9410 08010100100101011801020028010100 9f36020001 9f2608 * ${issuer} 9f6c022000 9f5d06000000009600 9f4b45*9000`,
        "approval",
      );
    },
  },
  {
    id: "ECG-009",
    spec: OPTIONS,
    title: "the answer of a question to the issuer names track 2 and sequence",
    tags: ["purchase"],
    run: async (cash) => {
      const answer = await cash.all(SELECT_CASH, processQuickHex({ ...SMALL, qualifiers: "36800080" }));
      expectAnswer(
        answer,
        "774d 82027c00 9f36020001 570f 6299990000000001d401220100000f 9f1013 * 9f2608 * 5f340101 9f6c022000 9f5d06000000010000 9000",
        "question",
      );
    },
  },
  {
    id: "ECG-010",
    spec: OPTIONS,
    title: "of both algorithms the Chinese ones are taken when the terminal has them",
    tags: ["sm4"],
    run: async (cash) => {
      const chinese = await cash.all(SELECT_CASH, processQuickHex({ ...SMALL, chinese: "01" }));
      expectEqual([shown(chinese, 0x77, 0x94).slice(16, 24), shown(chinese, 0x77, 0x9f10).slice(14, 16)], ["18010200", "04"], "records and algorithm");
      const other = await cash.all(SELECT_CASH, processQuickHex({ ...SMALL, chinese: "00" }));
      expectEqual([shown(other, 0x77, 0x94).slice(16, 24), shown(other, 0x77, 0x9f10).slice(14, 16)], ["20010200", "01"], "records and algorithm");
    },
  },
  {
    id: "ECG-011",
    spec: OPTIONS,
    title: "a card with nothing but the Chinese ones is 6985 for a terminal that has not",
    tags: ["sm4", "negative"],
    cash: { algorithms: "sm" },
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say(processQuickHex({ ...SMALL, chinese: "00" }), "6985");
    },
  },
];

function cryptogramRow(
  id: string,
  title: string,
  tags: readonly Tag[],
  options: Pick<CashRow, "cash" | "profile"> & { readonly other?: Pick<CashRow, "profile"> },
): CashRow {
  const { other, ...bench } = options;
  return {
    id,
    spec: CRYPTOGRAM,
    title,
    tags,
    ...bench,
    run: async (cash) => {
      const chinese = bench.cash?.algorithms === "rsa" ? "absent" : "01";
      const answer = await cash.all(SELECT_CASH, processQuickHex({ ...SMALL, chinese }));
      expectEqual(cash.verdict(answer, 400), "approved", "the host's word");
      expectEqual(cash.verdict(answer, 401), "wrong", "the host's word on another amount");
      if (other !== undefined) expectEqual(cash.verdict(answer, 400, { ...DEFAULT_CARD_PROFILE, ...other.profile }), "wrong", "a host with the other setting");
      await cash.say(READ_LAST);
      expectTrue(shown(answer, 0x77, 0x9f26).startsWith(cash.bench.card.debits[0]?.tac ?? "none"), "the card's books name the certificate");
    },
  };
}

const CRYPTOGRAMS: readonly CashRow[] = [
  cryptogramRow("ECG-050", "version 01 with SM4 is what the host computes", ["sm4"], { cash: { algorithms: "sm" } }),
  cryptogramRow("ECG-051", "version 01 with triple DES is what the host computes", ["3des"], { cash: { algorithms: "rsa" } }),
  cryptogramRow("ECG-052", "version 17 with SM4 is what the host computes", ["sm4"], { cash: { algorithms: "sm", cryptogramVersion: "17" } }),
  cryptogramRow("ECG-053", "version 17 with triple DES is what the host computes", ["3des"], { cash: { algorithms: "rsa", cryptogramVersion: "17" } }),
  ...(["sm", "rsa"] as const).flatMap((algorithms, at) => [
    cryptogramRow(`ECG-06${at}`, `padding with 80 (${algorithms}) is not padding with zeros`, ["profile:acPadding=pad80"], {
      cash: { algorithms },
      profile: { acPadding: "pad80" },
      other: { profile: { acPadding: "zeros" } },
    }),
    cryptogramRow(`ECG-06${at + 2}`, `padding with zeros (${algorithms}) is not padding with 80`, ["profile:acPadding=zeros"], {
      cash: { algorithms },
      profile: { acPadding: "zeros" },
      other: { profile: { acPadding: "pad80" } },
    }),
  ]),
  ...(["fromCard", "01", "04"] as const).flatMap((acAlgByte, at) =>
    (["sm", "rsa"] as const).map(
      (algorithms, which): CashRow => ({
        ...cryptogramRow(
          `ECG-07${at * 2 + which}`,
          `algorithm byte ${acAlgByte}, ${algorithms} card: the host checks the certificate`,
          [`profile:acAlgByte=${acAlgByte}`],
          {
            cash: { algorithms },
            profile: { acAlgByte },
          },
        ),
      }),
    ),
  ),
  ...(["01", "02", "03", "04", "05", "none"] as const).map(
    (issuerDataAmounts, at): CashRow => ({
      id: `ECG-08${at}`,
      spec: "JR/T 0025, issuer application data",
      title: `amounts ${issuerDataAmounts} in the issuer data`,
      tags: ["purchase"],
      cash: { issuerDataAmounts },
      run: async (cash) => {
        const answer = await cash.all(SELECT_CASH, processQuickHex(SMALL));
        const amounts = { "01": "0000009600", "02": "0000000400", "03": "00000096000000000400", "04": "00000004000001000000", "05": "0000009600", none: "" }[
          issuerDataAmounts
        ];
        const length = (amounts.length / 2 + 5).toString(16).padStart(2, "0");
        const tail = issuerDataAmounts === "none" ? "" : `${length}${issuerDataAmounts}${amounts}........`;
        expectAnswer(shown(answer, 0x77, 0x9f10), `0701010390000004${tail}`, "issuer data");
        expectEqual(cash.verdict(answer, 400), "approved", "the host's word");
      },
    }),
  ),
];

export const ELECTRONIC_CASH_DECISION_CASES: readonly ConformanceCase[] = cashCases([...COMMANDS, ...DECISIONS.map(decisionRow), ...CRYPTOGRAMS]);
