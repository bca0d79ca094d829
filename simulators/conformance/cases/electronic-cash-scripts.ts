/* Electronic cash: what the issuer changes on a card by scripts, loads among it. */
import { fromHex, toHex } from "../../../device/base/bytes.ts";
import {
  firstCryptogramHex,
  GET_BALANCE,
  objectOf,
  processContactHex,
  processQuickHex,
  SELECT_CASH,
  secondCryptogramHex,
} from "../../card/electronic-cash/testing.ts";
import { BALANCE_FEN, type CashRow, cashCases, shown } from "../cash-bench.ts";
import { expectEqual, expectMatch } from "../expect.ts";
import type { ConformanceCase } from "../types.ts";

const SCRIPT = "JR/T 0025, issuer scripts";
const LOAD = "JR/T 0025, load by script";
const SALE = { amountFen: 400 };
const ASKING = { amountFen: 0, cash: "00" } as const;
const SECOND = { ...ASKING, responseCode: "3030" };
const contact = "contact" as const;
const PIN_RIGHT = "002000800826123456FFFFFFFF";
const PIN_WRONG = "002000800826654321FFFFFFFF";
const TO_20000 = fromHex("000000020000");

const SCRIPTS: readonly CashRow[] = [
  ...(["04", "84"] as const).flatMap((putDataCla, at): readonly CashRow[] => {
    const other = putDataCla === "04" ? "84" : "04";
    return [
      {
        id: `ECL-00${at}`,
        spec: LOAD,
        title: `with PUT DATA of class ${putDataCla} the issuer loads the balance, and the card logs it`,
        tags: ["load", "script", `profile:putDataCla=${putDataCla}`],
        through: contact,
        profile: { putDataCla },
        run: async (cash) => {
          const transaction = await cash.askIssuer();
          await cash.say(cash.issuer.authenticateHex(transaction), "9000");
          await cash.say(cash.issuer.scriptHex(transaction, `${putDataCla}DA9F79`, TO_20000), "9000");
          await cash.say(secondCryptogramHex("40", SECOND));
          await cash.say(GET_BALANCE, "9f7906 000000020000 9000");
          await cash.say("00B2016400", `9f79 000000010000 000000020000 261121 102030 0156 ${"20".repeat(20)} 0001 9000`);
          expectMatch(cash.bench.card.toSnapshot().memory.loads[0], { purse: "electronic-cash", amountFen: 10_000, onlineSeqBefore: 1 }, "load");
        },
      },
      {
        id: `ECL-01${at}`,
        spec: SCRIPT,
        title: `with PUT DATA of class ${putDataCla} class ${other} is unknown`,
        tags: ["script", "negative", `profile:putDataCla=${putDataCla}`],
        through: contact,
        profile: { putDataCla },
        run: async (cash) => {
          const transaction = await cash.askIssuer();
          await cash.say(cash.issuer.scriptHex(transaction, `${other}DA9F78`, TO_20000), "6d00");
          expectEqual(cash.memory.singleLimitFen, 100_000, "single limit");
        },
      },
    ];
  }),
  {
    id: "ECL-002",
    spec: LOAD,
    title: "without the issuer's word nothing is loaded",
    tags: ["load", "script", "negative"],
    through: contact,
    run: async (cash) => {
      const transaction = await cash.askIssuer();
      await cash.say(cash.issuer.scriptHex(transaction, "04DA9F79", TO_20000), "6985");
      expectEqual([cash.memory.balanceFen, cash.memory.scriptFailed], [BALANCE_FEN, true], "balance and note");
    },
  },
  {
    id: "ECL-003",
    spec: LOAD,
    title: "above the limit of the balance nothing is loaded",
    tags: ["load", "script", "negative"],
    through: contact,
    cash: { balanceLimitFen: 19_999 },
    run: async (cash) => {
      const transaction = await cash.askIssuer();
      await cash.say(cash.issuer.authenticateHex(transaction), "9000");
      await cash.say(cash.issuer.scriptHex(transaction, "04DA9F79", TO_20000), "6a80");
      await cash.say(cash.issuer.scriptHex(transaction, "04DA9F79", fromHex("000000019999")), "9000");
      expectEqual(cash.memory.balanceFen, 19_999, "balance");
    },
  },
  {
    id: "ECL-004",
    spec: LOAD,
    title: "what was loaded can be spent",
    tags: ["load", "script", "purchase", "flow"],
    through: contact,
    cash: { balanceFen: 0 },
    run: async (cash) => {
      const transaction = await cash.askIssuer();
      await cash.say(cash.issuer.authenticateHex(transaction), "9000");
      await cash.say(cash.issuer.scriptHex(transaction, "04DA9F79", fromHex("000000000400")), "9000");
      await cash.say(secondCryptogramHex("40", SECOND));
      await cash.reset();
      expectMatch(await cash.tap(), { kind: "approved", balanceAfter: 0 }, "outcome");
    },
  },
  {
    id: "ECL-005",
    spec: SCRIPT,
    title: "a script of another transaction is 6988",
    tags: ["script", "negative"],
    through: contact,
    run: async (cash) => {
      const old = await cash.askIssuer();
      await cash.reset();
      const transaction = await cash.askIssuer();
      await cash.say(cash.issuer.scriptHex(old, "04DA9F78", TO_20000), "6988");
      await cash.say(cash.issuer.scriptHex({ ...old, counter: transaction.counter }, "04DA9F78", TO_20000), "6988");
      await cash.say(cash.issuer.scriptHex(transaction, "04DA9F78", TO_20000), "9000");
      expectEqual(cash.memory.singleLimitFen, 20_000, "single limit");
    },
  },
  {
    id: "ECL-006",
    spec: SCRIPT,
    title: "before any cryptogram and after an approval scripts are 6985",
    tags: ["script", "negative"],
    through: contact,
    run: async (cash) => {
      await cash.all(SELECT_CASH, processContactHex(SALE));
      const command = cash.issuer.scriptHex({ counter: 1, cryptogram: new Uint8Array(8) }, "04DA9F78", TO_20000);
      await cash.say(command, "6985");
      const answer = await cash.say(firstCryptogramHex("40", SALE));
      await cash.say(cash.issuer.scriptHex({ counter: 1, cryptogram: objectOf(answer, 0x77, 0x9f26) }, "04DA9F78", TO_20000), "6985");
    },
  },
  {
    id: "ECL-007",
    spec: SCRIPT,
    title: "limits are amounts of six bytes; other objects are 6A88",
    tags: ["script", "negative"],
    through: contact,
    run: async (cash) => {
      const transaction = await cash.askIssuer();
      for (const tag of ["9F77", "9F78", "9F6D"]) await cash.say(cash.issuer.scriptHex(transaction, `04DA${tag}`, fromHex("000000012300")), "9000");
      expectMatch(cash.memory, { balanceLimitFen: 12_300, singleLimitFen: 12_300, resetThresholdFen: 12_300, scriptsCounted: 3 }, "limits");
      await cash.say(cash.issuer.scriptHex(transaction, "04DA9F78", fromHex("0000000123")), "6700");
      await cash.say(cash.issuer.scriptHex(transaction, "04DA9F78", fromHex("00000001230a")), "6a80");
      await cash.say(cash.issuer.scriptHex(transaction, "04DA9F36", fromHex("0000")), "6a88");
    },
  },
  {
    id: "ECL-020",
    spec: SCRIPT,
    title: "APPLICATION BLOCK and APPLICATION UNBLOCK",
    tags: ["script"],
    through: contact,
    run: async (cash) => {
      await cash.say(cash.issuer.scriptHex(await cash.askIssuer(), "841E0000"), "9000");
      await cash.reset();
      await cash.say(SELECT_CASH, "6f*6283");
      const declined = await cash.all(processContactHex(ASKING), firstCryptogramHex("80", ASKING));
      expectEqual(shown(declined, 0x77, 0x9f27), "00", "cryptogram information");
      await cash.say(cash.issuer.scriptHex({ counter: 2, cryptogram: objectOf(declined, 0x77, 0x9f26) }, "84180000"), "9000");
      await cash.reset();
      expectMatch(await cash.tap(), { kind: "approved" }, "outcome");
    },
  },
  {
    id: "ECL-021",
    spec: SCRIPT,
    title: "CARD BLOCK ends the card",
    tags: ["script"],
    through: contact,
    run: async (cash) => {
      await cash.say(cash.issuer.scriptHex(await cash.askIssuer(), "84160000"), "9000");
      await cash.say(GET_BALANCE, "6a81");
      await cash.reset();
      await cash.say(SELECT_CASH, "6a81");
    },
  },
  {
    id: "ECL-022",
    spec: SCRIPT,
    title: "PIN CHANGE/UNBLOCK brings the tries back, and takes a new PIN",
    tags: ["script", "pin"],
    through: contact,
    cash: { pin: "123456", pinTriesLeft: 0 },
    run: async (cash) => {
      const transaction = await cash.askIssuer();
      await cash.say(PIN_RIGHT, "6983");
      await cash.say(cash.issuer.scriptHex(transaction, "84240000"), "9000");
      await cash.say(PIN_RIGHT, "9000");
      await cash.say(cash.issuer.changePinHex(transaction, "654321"), "9000");
      await cash.say(PIN_RIGHT, "63c2");
      await cash.say(PIN_WRONG, "9000");
    },
  },
  {
    id: "ECL-023",
    spec: SCRIPT,
    title: "UPDATE RECORD replaces a record by one of the same form",
    tags: ["script", "files"],
    through: contact,
    run: async (cash) => {
      const transaction = await cash.askIssuer();
      const record = fromHex("70099f7406434f44453032");
      await cash.say(cash.issuer.scriptHex(transaction, "04DC030C", record), "9000");
      await cash.say("00B2030C00", `${toHex(record)}9000`);
      await cash.say(cash.issuer.scriptHex(transaction, "04DC030C", fromHex("9f7406434f44453032")), "6a80");
      await cash.say(cash.issuer.scriptHex(transaction, "04DC090C", record), "6a83");
    },
  },
  {
    id: "ECL-024",
    spec: SCRIPT,
    title: "a quick payment leaves no way for scripts",
    tags: ["script", "negative"],
    run: async (cash) => {
      await cash.all(SELECT_CASH, processQuickHex({ amountFen: 400, qualifiers: "36800080" }));
      await cash.say(cash.issuer.scriptHex({ counter: 1, cryptogram: new Uint8Array(8) }, "841E0000"), "6985");
    },
  },
];

export const ELECTRONIC_CASH_SCRIPT_CASES: readonly ConformanceCase[] = cashCases(SCRIPTS);
