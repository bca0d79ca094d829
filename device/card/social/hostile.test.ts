/* Cards that answer anything at all: every dialogue ends, in a value or in a fault, and never in an assertion of our own. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { type Bytes, concat, fromHex, u16be } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import { fen } from "../../base/fen.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { creditLoad, debitPurchase, getBalances, initializeLoad, initializePurchase, selectMedical } from "../medical-purse/commands.ts";
import { proveMedicalSale } from "../medical-purse/prove-sale.ts";
import { LIMITS } from "../testing.ts";
import { CardFiles, type FileContext } from "./card-files.ts";
import { NATIONAL_KEYS } from "./keys.ts";
import { blockApplication, blockCard } from "./maintenance.ts";
import { reloadPin, unblockPin } from "./pin.ts";
import { readSocialIdentity } from "./read-identity.ts";

/** What a card may say: mostly the words that lead on, with data of any length. */
const answers = fc.array(
  fc.tuple(
    fc.uint8Array({ maxLength: 40 }),
    fc.oneof(
      { weight: 6, arbitrary: fc.constant(0x9000) },
      { weight: 2, arbitrary: fc.constantFrom(0x6a83, 0x6a82, 0x6982, 0x9406, 0x63c2, 0x6983, 0x9303, 0x6581, 0x6282, 0x6b00) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
    ),
  ),
  { minLength: 1, maxLength: 12 },
);

/** Answers in turn, over and over. */
function hostileChannel(list: readonly (readonly [data: Bytes, sw: number])[]): CardChannel {
  let at = 0;
  return {
    atr: fromHex("3b6d00000081544c538660990100000042"),
    insertion: 1,
    transmit: async () => {
      const [data, sw] = list[at % list.length] ?? [new Uint8Array(0), 0x6f00];
      at += 1;
      return concat(data, u16be(sw));
    },
    close: () => Promise.resolve(),
  };
}

const EIGHT = fromHex("0102030405060708");
const KEYS = { authenticationData: async () => EIGHT, commandMac: async () => fromHex("aabbccdd") };
const CONTEXT: FileContext = { generation: 3, keys: KEYS, keyTable: NATIONAL_KEYS, pin: { kind: "not-allowed" }, limits: LIMITS };
const PSAM = {
  terminalNumber: fromHex("990100000001"),
  expectedSequence: () => 0,
  beginPurchase: () => Promise.reject(new Error("not asked")),
  authenticationData: async () => EIGHT,
  close: () => Promise.resolve(),
};
const TERMINAL_NUMBER = PSAM.terminalNumber;
const WHEN = { date: fromHex("20261121"), time: fromHex("101500") };
const INTENT = {
  transaction: "purchase",
  terminalNumber: "990100000001",
  date: "20261121",
  time: "101500",
  amounts: { account: fen(1), selfPay: fen(2), pooled: fen(3) },
  cardSequence: 7,
} as const;

const DIALOGUES: readonly (readonly [string, (channel: CardChannel) => Promise<unknown>])[] = [
  [
    "reading the identity",
    (channel) => readSocialIdentity(channel, PSAM, { profile: DEFAULT_CARD_PROFILE, randomness: new SeededRandomness("hostile"), today: "20261121" }, LIMITS),
  ],
  ["reading an item", (channel) => new CardFiles(channel, CONTEXT).readItem({ directory: "df04", file: 0x06, tag: 0x90 })],
  ["reading a cyclic file", (channel) => new CardFiles(channel, CONTEXT).readCyclic({ directory: "df04", file: 0x15 })],
  ["reading a photo", (channel) => new CardFiles(channel, CONTEXT).readContent({ directory: "ssse", file: 0x08 })],
  ["writing an item", (channel) => new CardFiles(channel, CONTEXT).updateItem({ directory: "df04", file: 0x06, tag: 0x93 }, fromHex("0000"))],
  ["blocking", (channel) => blockApplication(channel, { directory: "df04", keys: KEYS, keyTable: NATIONAL_KEYS }, LIMITS)],
  ["blocking the card", (channel) => blockCard(channel, { keys: KEYS, keyTable: NATIONAL_KEYS }, LIMITS)],
  ["unblocking the PIN", (channel) => unblockPin(channel, KEYS, LIMITS)],
  [
    "setting the PIN anew",
    (channel) =>
      reloadPin(
        channel,
        { algorithm: "3des", keys: KEYS, keyTable: NATIONAL_KEYS, service: { reloadCommand: async () => fromHex(`842400010c${"00".repeat(12)}`) } },
        LIMITS,
      ),
  ],
  ["selecting the medical purse", (channel) => selectMedical(channel, LIMITS)],
  ["medical balances", (channel) => getBalances(channel, LIMITS)],
  [
    "opening a settlement",
    (channel) => initializePurchase(channel, { keyIndex: 1, account: fen(1), selfPay: fen(2), pooled: fen(3), terminalNumber: TERMINAL_NUMBER }, LIMITS),
  ],
  ["taking the money", (channel) => debitPurchase(channel, { ...WHEN, terminalSequence: 1, mac1: fromHex("aabbccdd") }, LIMITS)],
  ["opening a load", (channel) => initializeLoad(channel, { keyIndex: 1, amount: fen(1), terminalNumber: TERMINAL_NUMBER }, LIMITS)],
  ["putting the money on", (channel) => creditLoad(channel, { ...WHEN, mac2: fromHex("aabbccdd") }, LIMITS)],
  ["proving a settlement", (channel) => proveMedicalSale(channel, { intent: INTENT, profile: DEFAULT_CARD_PROFILE }, LIMITS)],
];

describe("whatever a card answers", () => {
  it.each(DIALOGUES)("%s ends in a value or a fault", async (_name, dialogue) => {
    await fc.assert(
      fc.asyncProperty(answers, async (list) => {
        try {
          await dialogue(hostileChannel(list));
        } catch (error) {
          expect(isFault(error)).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });
});
