/* Electronic cash: names, directories, records and data objects. */
import { fromHex } from "../../../device/base/bytes.ts";
import { parseTlv } from "../../../device/codec/tlv.ts";
import {
  GET_BALANCE,
  GET_COUNTER,
  objectOf,
  processContactHex,
  processQuickHex,
  READ_LAST,
  SELECT_CASH,
  SELECT_CONTACT_DIRECTORY,
  SELECT_CONTACTLESS_DIRECTORY,
} from "../../card/electronic-cash/testing.ts";
import { type CashBench, type CashRow, cashCases, shown } from "../cash-bench.ts";
import { expectEqual, expectTrue } from "../expect.ts";
import type { ConformanceCase } from "../types.ts";

const SELECT = "JR/T 0025, SELECT";
const DIRECTORY = "JR/T 0025, payment system environment";
const RECORDS = "JR/T 0025, READ RECORD";
const DATA = "JR/T 0025, GET DATA";
const ENTRY_1 = "6118 4f08 a000000333010101 5009 50424f432054455354 870101";
const PAID = [SELECT_CASH, processQuickHex({ amountFen: 400 }), READ_LAST] as const;

async function names(cash: CashBench, commands: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const command of commands) found.push(shown(await cash.say(command), 0x6f, 0x84));
  return found;
}

/** Reads every record that the locator names, and checks that each is one template of well-formed objects. */
async function readLocated(cash: CashBench, answer: string): Promise<readonly number[]> {
  const locator = objectOf(answer, 0x77, 0x94);
  const tags: number[] = [];
  for (let at = 0; at < locator.length; at += 4) {
    const [file = 0, first = 0, last = 0] = locator.slice(at, at + 3);
    for (let record = first; record <= last; record += 1) {
      const command = `00B2${record.toString(16).padStart(2, "0")}${(file | 4).toString(16).padStart(2, "0")}00`;
      const parsed = parseTlv(fromHex((await cash.say(command, "70*9000")).slice(0, -4)));
      expectTrue(parsed.ok && parsed.items.length === 1 && parsed.items[0]?.tag === 0x70, `record ${command} is one template 70`);
      tags.push(...(parsed.items[0].children ?? []).map(({ tag }) => tag));
    }
  }
  return tags;
}

const ROWS: readonly CashRow[] = [
  {
    id: "ECS-001",
    spec: DIRECTORY,
    title: "over radio 2PAY.SYS.DDF01 lists the applications by priority",
    tags: ["selection"],
    run: async (cash) => {
      await cash.say(SELECT_CONTACTLESS_DIRECTORY, `6f49840e325041592e5359532e4444463031a537bf0c34${ENTRY_1}6118*9000`);
    },
  },
  {
    id: "ECS-002",
    spec: DIRECTORY,
    title: "over radio the contact directory is not there",
    tags: ["selection", "negative"],
    run: async (cash) => {
      await cash.say(SELECT_CONTACT_DIRECTORY, "6a82");
    },
  },
  {
    id: "ECS-003",
    spec: DIRECTORY,
    title: "over contacts 1PAY.SYS.DDF01 names its file, whose records list the applications",
    tags: ["selection", "files"],
    through: "contact",
    run: async (cash) => {
      await cash.say(SELECT_CONTACT_DIRECTORY, "6f20840e315041592e5359532e4444463031a50e8801015f2d047a68656e9f1101019000");
      await cash.say("00B2010C00", `701a${ENTRY_1}9000`);
      await cash.say("00B2020C00", "701a6118 4f08 a000000333010106 * 870102 9000");
      await cash.say("00B2030C00", "6a83");
    },
  },
  {
    id: "ECS-004",
    spec: DIRECTORY,
    title: "the directory has its one file and no other commands",
    tags: ["selection", "negative"],
    through: "contact",
    run: async (cash) => {
      await cash.say(SELECT_CONTACT_DIRECTORY);
      await cash.say("00B2011400", "6a82");
      await cash.say("00B2010900", "6a86");
      await cash.say(GET_BALANCE, "6d00");
      await cash.say(SELECT_CONTACTLESS_DIRECTORY, "6a82");
    },
  },
  {
    id: "ECS-005",
    spec: SELECT,
    title: "a partial name finds the first application, and the next ones in order",
    tags: ["selection"],
    cash: { applications: ["01", "02", "03", "06"] },
    run: async (cash) => {
      const found = await names(
        cash,
        ["00A40400", "00A40402", "00A40402", "00A40402"].map((header) => `${header}07A000000333010100`),
      );
      expectEqual(
        found.map((name) => name.slice(-2)),
        ["01", "02", "03", "06"],
        "occurrences",
      );
      await cash.say("00A4040207A000000333010100", "6a82");
    },
  },
  {
    id: "ECS-006",
    spec: SELECT,
    title: "a full name finds its application alone",
    tags: ["selection"],
    run: async (cash) => {
      expectEqual(await names(cash, ["00A4040008A00000033301010600"]), ["a000000333010106"], "name");
      await cash.say("00A4040008A00000033301010300", "6a82");
      await cash.say("00A4040208A00000033301010600", "6a82");
    },
  },
  {
    id: "ECS-007",
    spec: SELECT,
    title: "over radio the data list of a card with international algorithms is the usual one",
    tags: ["selection", "3des"],
    cash: { algorithms: "rsa" },
    run: async (cash) => {
      const answer = await cash.say(SELECT_CASH);
      expectEqual(shown(answer, 0x6f, 0xa5, 0x9f38), "9f66049f02069f03069f1a0295055f2a029a039c019f3704", "data list");
      expectEqual(shown(answer, 0x6f, 0xa5, 0xbf0c, 0x9f4d), "0b0a", "place of the log");
    },
  },
  {
    id: "ECS-008",
    spec: SELECT,
    title: "a card with Chinese algorithms and the extension asks for both indicators",
    tags: ["selection", "sm4"],
    cash: { algorithms: "sm", extension: {}, wantsTime: true },
    run: async (cash) => {
      const answer = await cash.say(SELECT_CASH);
      expectEqual(shown(answer, 0x6f, 0xa5, 0x9f38), "9f66049f02069f03069f1a0295055f2a029a039c019f37049f2103df6001df6901", "data list");
      expectEqual(shown(answer, 0x6f, 0xa5, 0xbf0c, 0xdf61), "02", "what the extension supports");
    },
  },
  {
    id: "ECS-009",
    spec: SELECT,
    title: "over contacts the card asks for the indicator of electronic cash",
    tags: ["selection"],
    through: "contact",
    run: async (cash) => {
      expectEqual(shown(await cash.say(SELECT_CASH), 0x6f, 0xa5, 0x9f38), "9f7a019f02065f2a02df6901", "data list");
    },
  },
  {
    id: "ECS-010",
    spec: SELECT,
    title: "a blocked application is 6283 with its information, and makes no quick payment",
    tags: ["selection", "negative"],
    cash: { applicationBlocked: true },
    run: async (cash) => {
      await cash.say(SELECT_CASH, "6f*6283");
      await cash.say(processQuickHex({ amountFen: 1 }), "6985");
      expectEqual(cash.memory.atc, 0, "counter");
    },
  },
  {
    id: "ECS-013",
    spec: SELECT,
    title: "an application that a user's fault blocks is 6283 as well",
    tags: ["selection", "negative"],
    faults: { blocked: "electronic-cash" },
    run: async (cash) => {
      await cash.say(SELECT_CASH, "6f*6283");
      await cash.say(processQuickHex({ amountFen: 1 }), "6985");
    },
  },
  {
    id: "ECS-011",
    spec: SELECT,
    title: "a blocked card is 6A81",
    tags: ["selection", "negative"],
    faults: { blocked: "card" },
    run: async (cash) => {
      await cash.say(SELECT_CASH, "6a81");
    },
  },
  {
    id: "ECS-012",
    spec: SELECT,
    title: "a used-up counter ends the application",
    tags: ["selection", "negative"],
    cash: { atc: 0xfffe },
    run: async (cash) => {
      await cash.all(...PAID);
      await cash.say(SELECT_CASH, "6f*6283");
      await cash.say(processQuickHex({ amountFen: 1 }), "6985");
      expectEqual(cash.memory.atc, 0xffff, "counter");
    },
  },
  ...(["contactless", "contact"] as const).map(
    (through, at): CashRow => ({
      id: `ECS-02${at}`,
      spec: RECORDS,
      title: `every record that the locator names over the ${through} interface is one template 70 (SM2)`,
      tags: ["files", "sm4"],
      through,
      run: async (cash) => {
        await cash.say(SELECT_CASH);
        const process = through === "contact" ? processContactHex : processQuickHex;
        const tags = await readLocated(cash, await cash.say(process({ amountFen: 400 })));
        for (const needed of [0x57, 0x5a, 0x5f24, 0x5f34, 0x8e, 0x9f07, 0x8f, 0x90, 0x9f46, 0x9f4a])
          expectTrue(tags.includes(needed), `tag ${needed.toString(16)}`);
        expectEqual(
          [0x8c, 0x8d, 0x9f74].every((tag) => tags.includes(tag)),
          through === "contact",
          "lists and authorisation code",
        );
      },
    }),
  ),
  {
    id: "ECS-022",
    spec: RECORDS,
    title: "the records of an RSA card carry remainders and exponents",
    tags: ["files", "3des"],
    cash: { algorithms: "rsa", rsaSignatureLength: 144 },
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      const tags = await readLocated(cash, await cash.say(processQuickHex({ amountFen: 400, chinese: "absent" })));
      for (const needed of [0x90, 0x92, 0x9f32, 0x9f46, 0x9f47, 0x9f48, 0x9f4b]) expectTrue(tags.includes(needed), `tag ${needed.toString(16)}`);
    },
  },
  {
    id: "ECS-023",
    spec: RECORDS,
    title: "records that are not there are 6A83, files 6A82, other forms 6A86",
    tags: ["files", "negative"],
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say("00B2041400", "6a83");
      await cash.say("00B2013C00", "6a82");
      await cash.say("00B2011000", "6a86");
      await cash.say("00B2001400", "6a86");
      await cash.say(READ_LAST, "6985");
      await cash.say("00B2022C00", "6a83");
    },
  },
  {
    id: "ECS-024",
    spec: "JR/T 0025, transaction log",
    title: "the log keeps ten payments, the newest first, in the form of 9F4F",
    tags: ["files"],
    run: async (cash) => {
      for (let number = 1; number <= 11; number += 1) await cash.all(SELECT_CASH, processQuickHex({ amountFen: number }), READ_LAST);
      const line = (amount: string, counter: string) => `2611 21 000000 ${amount} 000000000000 0156 0156 ${"00".repeat(20)} 00 ${counter} 9000`;
      await cash.say("00B2015C00", line("000000000011", "000b"));
      await cash.say("00B20A5C00", line("000000000002", "0002"));
      await cash.say("00B20B5C00", "6a83");
    },
  },
  {
    id: "ECS-030",
    spec: DATA,
    title: "balances and limits are amounts of twelve digits",
    tags: ["files"],
    cash: { balanceLimitFen: 20_000, singleLimitFen: 5_000, resetThresholdFen: 300 },
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say(GET_BALANCE, "9f7906 000000010000 9000");
      await cash.say("80CA9F7700", "9f7706 000000020000 9000");
      await cash.say("80CA9F7800", "9f7806 000000005000 9000");
      await cash.say("80CA9F6D00", "9f6d06 000000000300 9000");
      await cash.say("80CA9F5D00", "9f5d06 000000010000 9000");
    },
  },
  {
    id: "ECS-031",
    spec: DATA,
    title: "counters, currency, log formats and places are given out",
    tags: ["files"],
    cash: { newCard: true },
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say(GET_COUNTER, "9f3602 0000 9000");
      await cash.say("80CA9F1300", "9f1302 0000 9000");
      await cash.say("80CA9F1700", "9f1701 03 9000");
      await cash.say("80CA9F5100", "9f5102 0156 9000");
      await cash.say("80CA9F4F00", "9f4f19 9a039f21039f02069f03069f1a025f2a029f4e149c019f3602 9000");
      await cash.say("80CADF4F00", "df4f0e 9a039f21039f1a029f4e149f3602 9000");
      await cash.say("80CADF4D00", "df4d02 0c0a 9000");
    },
  },
  {
    id: "ECS-032",
    spec: DATA,
    title: "unknown objects are 6A88, also those that this card does not show",
    tags: ["files", "negative"],
    cash: { showsAvailable: false },
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      for (const tag of ["9F99", "9F5D", "DF61", "DF62", "DF63"]) await cash.say(`80CA${tag}00`, "6a88");
    },
  },
  {
    id: "ECS-033",
    spec: DATA,
    title: "the counter grows with the processing options, the balance falls with the last record",
    tags: ["files", "purchase"],
    run: async (cash) => {
      await cash.all(SELECT_CASH, processQuickHex({ amountFen: 400 }));
      await cash.say(GET_COUNTER, "9f3602 0001 9000");
      await cash.say(GET_BALANCE, "9f7906 000000010000 9000");
      await cash.all(READ_LAST);
      await cash.say(GET_BALANCE, "9f7906 000000009600 9000");
    },
  },
];

export const ELECTRONIC_CASH_SELECTION_CASES: readonly ConformanceCase[] = cashCases(ROWS);
