/* Files of the social application and of the purse: items and their lengths, forms of reading, access rules. */
import { utf8 } from "../../../device/base/bytes.ts";
import { parseCardIdentifier, parseCardNumber, readItem } from "../../../device/card/social/files.ts";
import { CARD_PIN_TEMPLATE } from "../../../device/card/social/read-identity.ts";
import { ScriptedHolder } from "../../pinpad/holder.ts";
import { SimulatedPinVerifier } from "../../pinpad/pin-verifier.ts";
import { CardBench, LIMITS } from "../card-bench.ts";
import type { ConformanceContext } from "../context.ts";
import { expectEqual, expectTrue, fail } from "../expect.ts";
import { SELECT_ENVIRONMENT, SELECT_MEDICAL, SELECT_PURSE, scripted } from "../script.ts";
import type { ConformanceCase } from "../types.ts";

const READ = "LD/T 32.7, READ RECORD";
const PIN = "135790";

/** File, tag, name and length of each item. Spec: LD/T 32.5, data items. */
const ITEMS: readonly (readonly [file: "ISSUER" | "HOLDER" | "MEDICAL", tag: number, name: string, length: number])[] = [
  ["ISSUER", 0x01, "card identifier", 0x10],
  ["ISSUER", 0x02, "card category", 1],
  ["ISSUER", 0x03, "version", 4],
  ["ISSUER", 0x04, "initialising organisation", 0x0c],
  ["ISSUER", 0x05, "issue date", 4],
  ["ISSUER", 0x06, "expiry date", 4],
  ["ISSUER", 0x07, "card number", 9],
  ["HOLDER", 0x08, "social security number", 0x12],
  ["HOLDER", 0x09, "name", 0x1e],
  ["HOLDER", 0x4e, "name extension", 0x14],
  ["HOLDER", 0x0a, "sex", 1],
  ["HOLDER", 0x0b, "ethnic group", 1],
  ["HOLDER", 0x0c, "birthplace", 3],
  ["HOLDER", 0x0d, "birth date", 4],
  ["MEDICAL", 0x81, "insurance type", 8],
  ["MEDICAL", 0x84, "insured place", 3],
  ["MEDICAL", 0x8c, "person category", 1],
  ["MEDICAL", 0x8f, "card use", 1],
];

const ITEM_CASES: readonly ConformanceCase[] = ITEMS.map(([file, tag, name, length]) => ({
  id: `FIL-${file}-${tag.toString(16).padStart(2, "0").toUpperCase()}`,
  spec: "LD/T 32.5, data items",
  title: `the ${name} has ${length} bytes`,
  tags: ["files", "social"],
  run: async (context) => {
    // A second-generation card lets everybody read; the rules have their own cases.
    const bench = new CardBench(context, { card: { generation: "2" } });
    const channel = await bench.channel();
    await bench.apdu(file === "MEDICAL" ? SELECT_MEDICAL : SELECT_ENVIRONMENT);
    const item = await readItem(channel, { file: file === "HOLDER" ? 0x06 : 0x05, tag }, LIMITS);
    expectEqual(item.kind === "ok" ? item.value.length : item.kind, length, `length of the ${name}`);
  },
}));

const DIALOGUES = scripted([
  {
    id: "FIL-010",
    spec: READ,
    title: "a record is read by number, and by identifier from the current file",
    tags: ["files", "social"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["00B2022C00", "0201..9000"],
      ["00A4020002EF05", "9000"],
      ["00B2060000", "0604204012319000"],
    ],
  },
  {
    id: "FIL-011",
    spec: READ,
    title: "records are read from a number to the last",
    tags: ["files", "social"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["00B2052D00", "05042020010106042040123107 09 ..................9000"],
    ],
  },
  {
    id: "FIL-012",
    spec: READ,
    title: "an item, a number or a file that is not there is told apart",
    tags: ["files", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["00B2772800", "6a83"],
      ["00B20A2C00", "6a83"],
      ["00B2002800", "6a83"],
      ["00B2014800", "6a82"],
    ],
  },
  {
    id: "FIL-013",
    spec: READ,
    title: "an unknown form of reading and a missing current file are refused",
    tags: ["files", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["00B2012A00", "6a86"],
      ["00B2010000", "6986"],
    ],
  },
  {
    id: "FIL-014",
    spec: "LD/T 32.7, READ BINARY",
    title: "a file of records is not read as bytes",
    tags: ["files", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["00B0850000", "6981"],
    ],
  },
  {
    id: "FIL-015",
    spec: "PBOC purse, EF15",
    title: "the public data of the purse has thirty bytes",
    tags: ["files", "purse"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["00B095001E", "9901000000000001 0201 00009900000000000001 20200101 20401231 5566 9000"],
    ],
  },
  {
    id: "FIL-016",
    spec: "PBOC purse, EF15",
    title: "the public data is read from an offset, and not beyond its end",
    tags: ["files", "purse", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["00B095140A", "20200101204012315566 9000"],
      ["00B0951E01", "6b00"],
    ],
  },
  {
    id: "FIL-017",
    spec: "PBOC purse, EF18",
    title: "the log of a new card has no record",
    tags: ["files", "purse"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["00B201C417", "6a83"],
    ],
  },
  {
    id: "FIL-018",
    spec: "PBOC purse, EF18",
    title: "the log is not read as bytes, and public data not as records",
    tags: ["files", "purse", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["00B0980017", "6981"],
      ["00B201AC00", "6981"],
    ],
  },
  {
    id: "FIL-020",
    spec: "LD/T 32.5, EF06",
    title: "the holder's file of a third-generation card is closed at first",
    tags: ["files", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["00B2083000", "6982"],
      ["00B2012800", "0110*9000"],
    ],
  },
  {
    id: "FIL-021",
    spec: "LD/T 32.5, EF06",
    title: "the holder's file of a second-generation card is open",
    tags: ["files", "social"],
    bench: { card: { generation: "2" } },
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["00B2083000", "0812*9000"],
    ],
  },
  {
    id: "FIL-022",
    spec: "LD/T 32.5, DF04",
    title: "the medical basics are closed without the PIN",
    tags: ["files", "social", "pin", "negative"],
    bench: { card: { pin: PIN } },
    steps: [
      [SELECT_MEDICAL, "*9000"],
      ["00B2812800", "6982"],
    ],
  },
  {
    id: "FIL-023",
    spec: "LD/T 32.5, DF04",
    title: "the medical basics are open where no PIN is set",
    tags: ["files", "social", "pin"],
    steps: [
      [SELECT_MEDICAL, "*9000"],
      ["00B2812800", "8108*9000"],
    ],
  },
]);

async function enterPin(context: ConformanceContext, bench: CardBench): Promise<void> {
  const verifier = new SimulatedPinVerifier({ clock: context.clock, holder: new ScriptedHolder([{ kind: "enters", digits: PIN }]) });
  const outcome = await verifier.verifyOnCard(await bench.channel(), CARD_PIN_TEMPLATE, LIMITS);
  expectEqual(outcome, { kind: "verified" }, "the card takes the PIN");
}

const AFTER_PIN: readonly (readonly [id: string, title: string, power: boolean, kind: "ok" | "refused"])[] = [
  ["FIL-024", "the PIN opens the medical basics, and stays accepted through other selections", false, "ok"],
  ["FIL-025", "the PIN's acceptance ends with the power", true, "refused"],
];

const PIN_LIFE: readonly ConformanceCase[] = AFTER_PIN.map(([id, title, power, kind]) => ({
  id,
  spec: "LD/T 32.7, security states",
  title,
  tags: ["files", "social", "pin"],
  run: async (context) => {
    const bench = new CardBench(context, { card: { pin: PIN } });
    await bench.apdu(SELECT_ENVIRONMENT);
    await enterPin(context, bench);
    if (power) await bench.reset();
    await bench.apdu(SELECT_PURSE);
    await bench.apdu(SELECT_MEDICAL);
    expectEqual((await readItem(await bench.channel(), { file: 0x05, tag: 0x81 }, LIMITS)).kind, kind, "reading the medical basics");
  },
}));

const NUMBERS: readonly ConformanceCase[] = [
  {
    id: "FIL-030",
    spec: "LD/T 32.5, card number",
    title: "the check character of the card's number is right, and no other fits",
    tags: ["files", "social"],
    run: async (context) => {
      const bench = new CardBench(context, { card: { serial: 4711 } });
      await bench.apdu(SELECT_ENVIRONMENT);
      const item = await readItem(await bench.channel(), { file: 0x05, tag: 0x07 }, LIMITS);
      const value = item.kind === "ok" ? item.value : fail("the card number is there");
      const fitting = Array.from("0123456789X").filter((check) => parseCardNumber(Uint8Array.from([...value.slice(0, 8), ...utf8(check)])) !== undefined);
      expectTrue(parseCardNumber(value) !== undefined, "the terminal accepts the number");
      expectEqual(fitting.length, 1, "check characters that fit");
    },
  },
  {
    id: "FIL-031",
    spec: "LD/T 32.5, card identifier",
    title: "the card identifier begins with the region and the application's provider",
    tags: ["files", "social"],
    run: async (context) => {
      const bench = new CardBench(context, { card: { regionCode: "990207", serial: 12 } });
      await bench.apdu(SELECT_ENVIRONMENT);
      const item = await readItem(await bench.channel(), { file: 0x05, tag: 0x01 }, LIMITS);
      const identifier = item.kind === "ok" ? parseCardIdentifier(item.value) : fail("the card identifier is there");
      expectEqual(identifier?.regionCode, "990207", "region");
      expectEqual(identifier?.cardIdentifier.slice(6, 24), "d15600000500000012", "provider and serial");
    },
  },
];

export const FILE_CASES: readonly ConformanceCase[] = [...ITEM_CASES, ...DIALOGUES, ...PIN_LIFE, ...NUMBERS];
