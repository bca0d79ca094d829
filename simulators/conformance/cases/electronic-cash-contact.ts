import { firstCryptogramHex, processContactHex, SELECT_CASH, secondCryptogramHex } from "../../card/electronic-cash/testing.ts";
import { BALANCE_FEN, type CashRow, cashCases, shown } from "../cash-bench.ts";
import { expectAnswer, expectEqual, expectMatch } from "../expect.ts";
import type { ConformanceCase } from "../types.ts";

const OPTIONS = "JR/T 0025, GET PROCESSING OPTIONS";
const GENERATE = "JR/T 0025, GENERATE AC";
const ISSUER = "JR/T 0025, EXTERNAL AUTHENTICATE";
const VERIFY = "JR/T 0025, VERIFY";

const SALE = { amountFen: 400 };
const ASKING = { amountFen: 0, cash: "00" } as const;
const SECOND = { ...ASKING, responseCode: "3030" };
const contact = "contact" as const;
const CASH_LOCATOR = "940c 080103001001010118010200";
const OTHER_LOCATOR = "940c 080102001001010118010200";

const PURCHASES: readonly CashRow[] = [
  {
    id: "ECC-001",
    spec: OPTIONS,
    title: "a sale of electronic cash adds the record with the authorisation code",
    tags: ["purchase"],
    through: contact,
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say(processContactHex(SALE), `7712 82027c00 ${CASH_LOCATOR} 9000`);
      await cash.say("00B2030C00", "7009 9f7406 454343303031 9000");
    },
  },
  ...(
    [
      ["the terminal does not want electronic cash", { ...SALE, cash: "00" }, {}],
      ["another currency", { ...SALE, currency: "0840" }, {}],
      ["more than the balance", { amountFen: BALANCE_FEN + 1 }, {}],
      ["more than the single limit", SALE, { singleLimitFen: 399 }],
    ] as const
  ).map(
    ([why, asked, options], at): CashRow => ({
      id: `ECC-01${at}`,
      spec: OPTIONS,
      title: `${why} is no electronic cash, and asks the issuer`,
      tags: ["purchase", "negative"],
      through: contact,
      cash: options,
      run: async (cash) => {
        await cash.say(SELECT_CASH);
        await cash.say(processContactHex(asked), `7712 82027c00 ${OTHER_LOCATOR} 9000`);
        const answer = await cash.say(firstCryptogramHex("40", asked));
        expectEqual(shown(answer, 0x77, 0x9f27), "80", "cryptogram information");
        expectEqual(cash.books, [BALANCE_FEN, 0], "balance and debits");
      },
    }),
  ),
  {
    id: "ECC-002",
    spec: GENERATE,
    title: "an approved sale takes the money with its first cryptogram",
    tags: ["purchase"],
    through: contact,
    run: async (cash) => {
      const answer = await cash.all(SELECT_CASH, processContactHex(SALE), firstCryptogramHex("40", SALE));
      expectAnswer(answer, "772a 9f270140 9f36020001 9f2608 * 9f1013 07010103 900000 *9000", "certificate");
      expectEqual(cash.verdict(answer, 400), "approved", "the host's word");
      expectEqual(cash.books, [BALANCE_FEN - 400, 1], "balance and debits");
      expectMatch(cash.bench.card.debits[0], { date: "20261121", time: "102030", cardSeqBefore: 1 }, "debit");
      await cash.say(firstCryptogramHex("40", SALE), "6985");
    },
  },
  {
    id: "ECC-003",
    spec: GENERATE,
    title: "answers of cards with template 80 have no tags",
    tags: ["purchase"],
    through: contact,
    cash: { answerFormat: "80" },
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say(processContactHex(SALE), "800e 7c00 080103001001010118010200 9000");
      await cash.say(firstCryptogramHex("40", SALE), "801e 40 0001 ................ 0701 *9000");
      expectEqual(cash.books, [BALANCE_FEN - 400, 1], "balance and debits");
    },
  },
  {
    id: "ECC-004",
    spec: GENERATE,
    title: "below the reset threshold the card asks the issuer, with the velocity bit",
    tags: ["purchase"],
    through: contact,
    cash: { resetThresholdFen: 9_601 },
    run: async (cash) => {
      const answer = await cash.all(SELECT_CASH, processContactHex(SALE), firstCryptogramHex("40", SALE));
      expectEqual([shown(answer, 0x77, 0x9f27), shown(answer, 0x77, 0x9f10).slice(8, 14)], ["80", "a02000"], "decision");
      expectEqual(cash.books, [BALANCE_FEN, 0], "balance and debits");
    },
  },
  {
    id: "ECC-005",
    spec: GENERATE,
    title: "the terminal may decline, and nothing is taken",
    tags: ["purchase", "negative"],
    through: contact,
    run: async (cash) => {
      const answer = await cash.all(SELECT_CASH, processContactHex(SALE), firstCryptogramHex("00", SALE));
      expectEqual([shown(answer, 0x77, 0x9f27), shown(answer, 0x77, 0x9f10).slice(8, 14)], ["00", "800000"], "decision");
      expectEqual(cash.books, [BALANCE_FEN, 0], "balance and debits");
    },
  },
  {
    id: "ECC-006",
    spec: GENERATE,
    title: "out of order it is 6985, with another length 6700, with other parameters 6A86",
    tags: ["negative"],
    through: contact,
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say(firstCryptogramHex("40", SALE), "6985");
      await cash.say(processContactHex(SALE));
      await cash.say("80AE40000101", "6700");
      await cash.say(firstCryptogramHex("40", SALE).replace("80AE40", "80AEC0"), "6a86");
      await cash.say(firstCryptogramHex("40", SALE));
      await cash.say(secondCryptogramHex("40", { ...SALE, responseCode: "5931" }), "6985");
    },
  },
  {
    id: "ECC-007",
    spec: "JR/T 0025, electronic cash",
    title: "the terminal's own sale over contacts takes the money once",
    tags: ["purchase", "flow"],
    through: contact,
    run: async (cash) => {
      expectMatch(await cash.tap(), { kind: "approved", balanceAfter: BALANCE_FEN - 400, record: { decision: "TC", interface: "contact" } }, "outcome");
      expectEqual(cash.books, [BALANCE_FEN - 400, 1], "balance and debits");
    },
  },
  {
    id: "ECC-008",
    spec: "JR/T 0025, electronic cash",
    title: "a card without electronic cash for this sale is refused by a terminal without a host",
    tags: ["purchase", "negative", "flow"],
    through: contact,
    cash: { singleLimitFen: 399 },
    run: async (cash) => {
      expectMatch(await cash.tap(), { kind: "refused" }, "outcome");
      expectEqual(cash.books, [BALANCE_FEN, 0], "balance and debits");
    },
  },
  {
    id: "ECC-009",
    spec: GENERATE,
    title: "a blocked application declines whatever it is asked for",
    tags: ["negative"],
    through: contact,
    cash: { applicationBlocked: true },
    run: async (cash) => {
      await cash.say(SELECT_CASH, "6f*6283");
      await cash.say(processContactHex(SALE));
      expectEqual(shown(await cash.say(firstCryptogramHex("40", SALE)), 0x77, 0x9f27), "00", "cryptogram information");
      expectEqual(cash.books, [BALANCE_FEN, 0], "balance and debits");
    },
  },
];

const IN_PARTS: readonly CashRow[] = [
  {
    id: "ECC-040",
    spec: "JR/T 0025, electronic cash",
    title: "the terminal's own sale with answers in parts takes the money once",
    tags: ["purchase", "flow", "t0"],
    through: contact,
    inParts: true,
    run: async (cash) => {
      expectMatch(await cash.tap(), { kind: "approved", balanceAfter: BALANCE_FEN - 400 }, "outcome");
      expectEqual(cash.books, [BALANCE_FEN - 400, 1], "balance and debits");
    },
  },
  {
    id: "ECC-041",
    spec: GENERATE,
    title: "a cryptogram in parts is fetched by GET RESPONSE, and only once",
    tags: ["purchase", "t0"],
    through: contact,
    inParts: true,
    run: async (cash) => {
      await cash.say(SELECT_CASH, "61..");
      await cash.say(processContactHex(SALE), "6114");
      await cash.say(firstCryptogramHex("40", SALE), "612c");
      await cash.say("00C000002C", "772a 9f270140 9f36020001 *9000");
      await cash.say("00C000002C", "6985");
      expectEqual(cash.books, [BALANCE_FEN - 400, 1], "balance and debits");
    },
  },
];

const PIN_RIGHT = "002000800826123456FFFFFFFF";
const PIN_WRONG = "002000800826654321FFFFFFFF";

const HOLDER_AND_ISSUER: readonly CashRow[] = [
  {
    id: "ECC-020",
    spec: VERIFY,
    title: "a right PIN is taken and shows in the verification results",
    tags: ["pin"],
    through: contact,
    cash: { pin: "123456" },
    run: async (cash) => {
      await cash.all(SELECT_CASH, processContactHex(SALE), PIN_RIGHT);
      const answer = await cash.say(firstCryptogramHex("40", SALE));
      expectEqual(shown(answer, 0x77, 0x9f10).slice(8, 14), "940000", "verification results");
    },
  },
  {
    id: "ECC-021",
    spec: VERIFY,
    title: "wrong PINs count down, lock, and send the next sale to the issuer",
    tags: ["pin", "negative"],
    through: contact,
    cash: { pin: "123456" },
    run: async (cash) => {
      await cash.all(SELECT_CASH, processContactHex(SALE));
      for (const word of ["63c2", "63c1", "63c0", "6983"]) await cash.say(PIN_WRONG, word);
      await cash.say(PIN_RIGHT, "6983");
      await cash.say("80CA9F1700", "9f1701 00 9000");
      const answer = await cash.say(firstCryptogramHex("40", SALE));
      expectEqual([shown(answer, 0x77, 0x9f27), shown(answer, 0x77, 0x9f10).slice(8, 14)], ["80", "a64000"], "decision");
    },
  },
  {
    id: "ECC-022",
    spec: VERIFY,
    title: "a right PIN brings the tries back; another length is 6700; no PIN at all is 6985",
    tags: ["pin", "negative"],
    through: contact,
    cash: { pin: "123456" },
    run: async (cash) => {
      await cash.all(SELECT_CASH, processContactHex(SALE));
      await cash.say(PIN_WRONG, "63c2");
      await cash.say("002000800726123456FFFFFF", "6700");
      await cash.say(PIN_RIGHT, "9000");
      await cash.say("80CA9F1700", "9f1701 03 9000");
      await cash.say("002000000826123456FFFFFFFF", "6a86");
    },
  },
  {
    id: "ECC-023",
    spec: VERIFY,
    title: "a card without a PIN of its own is 6985",
    tags: ["pin", "negative"],
    through: contact,
    run: async (cash) => {
      await cash.all(SELECT_CASH, processContactHex(SALE));
      await cash.say(PIN_RIGHT, "6985");
    },
  },
  {
    id: "ECC-030",
    spec: ISSUER,
    title: "the issuer's word lets the card approve",
    tags: ["purchase"],
    through: contact,
    cash: { newCard: true },
    run: async (cash) => {
      const transaction = await cash.askIssuer();
      await cash.say(cash.issuer.authenticateHex(transaction), "9000");
      const answer = await cash.say(secondCryptogramHex("40", SECOND));
      expectEqual([shown(answer, 0x77, 0x9f27), shown(answer, 0x77, 0x9f10).slice(8, 14)], ["40", "609000"], "decision");
      expectEqual(cash.verdict(answer, 0), "approved", "the host's word");
      expectMatch(cash.memory, { newCard: false, lastOnlineAtc: 1, onlineNotCompleted: false, balanceFen: BALANCE_FEN }, "memory");
    },
  },
  {
    id: "ECC-031",
    spec: ISSUER,
    title: "a false word is 6300, a second one 6985, and the card declines",
    tags: ["negative"],
    through: contact,
    run: async (cash) => {
      const transaction = await cash.askIssuer();
      await cash.say(cash.issuer.authenticateHex({ ...transaction, counter: 2 }), "6300");
      await cash.say(cash.issuer.authenticateHex(transaction), "6985");
      const answer = await cash.say(secondCryptogramHex("40", SECOND));
      expectEqual([shown(answer, 0x77, 0x9f27), shown(answer, 0x77, 0x9f10).slice(8, 14)], ["00", "288800"], "decision");
      expectMatch(cash.memory, { issuerAuthenticationFailed: true, onlineNotCompleted: true }, "memory");
    },
  },
  {
    id: "ECC-032",
    spec: ISSUER,
    title: "without the issuer's word the card declines, and remembers the open question",
    tags: ["negative"],
    through: contact,
    run: async (cash) => {
      await cash.askIssuer();
      const answer = await cash.say(secondCryptogramHex("40", { ...SECOND, responseCode: "5933" }));
      expectEqual([shown(answer, 0x77, 0x9f27), shown(answer, 0x77, 0x9f10).slice(8, 14)], ["00", "218000"], "decision");
      const next = await cash.all(SELECT_CASH, processContactHex(SALE), firstCryptogramHex("40", SALE));
      expectEqual(shown(next, 0x77, 0x9f10).slice(8, 14), "908000", "verification results of the next sale");
    },
  },
  {
    id: "ECC-033",
    spec: ISSUER,
    title: "before a question to the issuer it is 6985, with another length 6700",
    tags: ["negative"],
    through: contact,
    run: async (cash) => {
      await cash.all(SELECT_CASH, processContactHex(ASKING));
      await cash.say("008200000A00000000000000003030", "6985");
      await cash.say(firstCryptogramHex("80", ASKING));
      await cash.say("0082000009000000000000000030", "6700");
      await cash.say(secondCryptogramHex("80", SECOND), "6985");
    },
  },
  {
    id: "ECC-034",
    spec: ISSUER,
    title: "a card with triple DES knows its issuer too",
    tags: ["3des"],
    through: contact,
    cash: { algorithms: "rsa" },
    run: async (cash) => {
      const transaction = await cash.askIssuer({ ...ASKING, chinese: "absent" });
      await cash.say(cash.issuer.authenticateHex(transaction), "9000");
      const answer = await cash.say(secondCryptogramHex("40", SECOND));
      expectEqual(cash.verdict(answer, 0), "approved", "the host's word");
    },
  },
];

export const ELECTRONIC_CASH_CONTACT_CASES: readonly ConformanceCase[] = cashCases([...PURCHASES, ...IN_PARTS, ...HOLDER_AND_ISSUER]);
