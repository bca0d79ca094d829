/* Generations, interfaces and what regions differ in: which card this is, and whether it may be used this way. */
import { utf8 } from "../../../device/base/bytes.ts";
import { type HostKeyService, hostKeys } from "../../../device/card/social/key-holders.ts";
import { NATIONAL_KEYS } from "../../../device/card/social/keys.ts";
import { reloadPin } from "../../../device/card/social/pin.ts";
import { readSocialIdentity } from "../../../device/card/social/read-identity.ts";
import type { SocialIdentityResult } from "../../../device/card/social/types.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../../device/codec/card-profile.ts";
import { CARD_BAS_ORDERS, parseReadCardBas } from "../../../device/codec/read-card-bas.ts";
import type { SimulatedCard } from "../../card/card.ts";
import { socialNumbers, socialSecurityNumber } from "../../card/numbers.ts";
import { SeededRandomness } from "../../world/seeded-randomness.ts";
import { CardBench, type CardBenchOptions, LIMITS } from "../card-bench.ts";
import { expectEqual, expectFault, expectMatch } from "../expect.ts";
import { SELECT_ENVIRONMENT, scripted } from "../script.ts";
import type { ConformanceCase, Tag } from "../types.ts";
import { Issuer } from "./social-issuer.ts";

const CHECKS = "LD/T 32.7, checks before a transaction";
const RESET = "LD/T 32.5, answer to reset";
const TODAY = "20261121";

async function identity(bench: CardBench): Promise<SocialIdentityResult> {
  const options = { profile: bench.profile, randomness: new SeededRandomness("conformance"), today: TODAY };
  return readSocialIdentity(await bench.channel(), await bench.openPsam(), options, LIMITS);
}

const ok = (generation: 1 | 2 | 3) => ({ kind: "ok", generation });
const refused = (reason: string) => ({ kind: "refused", reason });

interface Row {
  readonly id: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly bench: CardBenchOptions;
  readonly expected: Readonly<Record<string, unknown>>;
}

const contact = { interface: "contact" } as const;
const radio = { interface: "contactless" } as const;

const IDENTITIES: readonly Row[] = [
  {
    id: "SOC-GEN-001",
    title: "a card of the first generation",
    tags: ["3des"],
    bench: { card: { ...contact, generation: "1", algorithm: "3des" } },
    expected: ok(1),
  },
  { id: "SOC-GEN-002", title: "a card of the second generation", tags: ["sm4"], bench: { card: { ...contact, generation: "2" } }, expected: ok(2) },
  { id: "SOC-GEN-003", title: "a card of the third generation, by contacts", tags: ["sm4"], bench: { card: contact }, expected: ok(3) },
  { id: "SOC-GEN-004", title: "a card of the third generation, by radio", tags: ["sm4"], bench: { card: radio }, expected: ok(3) },
  {
    id: "SOC-RADIO-001",
    title: "any radio type is taken where the region names none",
    tags: ["profile:contactlessType=auto"],
    bench: { profile: { contactlessType: "auto" }, card: radio },
    expected: ok(3),
  },
  {
    id: "SOC-RADIO-002",
    title: "type A is taken where the region's cards are type A",
    tags: ["profile:contactlessType=A"],
    bench: { profile: { contactlessType: "A" }, card: radio },
    expected: ok(3),
  },
  {
    id: "SOC-RADIO-003",
    title: "type B hides the bytes from which the card's keys follow: it is sent to the contacts",
    tags: ["profile:contactlessType=B"],
    bench: { profile: { contactlessType: "B" }, card: radio },
    expected: { kind: "refused" },
  },
  {
    id: "SOC-RADIO-004",
    title: "a card of the wrong radio type is not taken",
    tags: ["profile:contactlessType=A", "negative"],
    bench: { profile: { contactlessType: "A" }, card: { ...radio, profile: { contactlessType: "B" } } },
    expected: { kind: "refused" },
  },
  {
    id: "SOC-RADIO-005",
    title: "contacts know no radio type",
    tags: ["profile:contactlessType=B"],
    bench: { profile: { contactlessType: "B" }, card: contact },
    expected: ok(3),
  },
  {
    id: "SOC-RADIO-006",
    title: "the historical bytes are the last ones by radio too",
    tags: ["profile:contactlessHistorical=atsLast13"],
    bench: { profile: { contactlessHistorical: "atsLast13" }, card: radio },
    expected: ok(3),
  },
  {
    id: "SOC-RADIO-007",
    title: "a card that shows them over contacts only is sent there",
    tags: ["profile:contactlessHistorical=contactOnly", "negative"],
    bench: { profile: { contactlessHistorical: "contactOnly" }, card: radio },
    expected: { kind: "refused" },
  },
  {
    id: "SOC-RADIO-008",
    title: "over contacts such a card is taken",
    tags: ["profile:contactlessHistorical=contactOnly"],
    bench: { profile: { contactlessHistorical: "contactOnly" }, card: contact },
    expected: ok(3),
  },
  {
    id: "SOC-RADIO-009",
    title: "without a flag for radio every card may use it",
    tags: ["profile:contactlessActivation=none"],
    bench: { profile: { contactlessActivation: "none" }, card: { ...radio, contactlessActive: false } },
    expected: ok(3),
  },
  {
    id: "SOC-RADIO-010",
    title: "a card whose flag is set may be used by radio",
    tags: ["profile:contactlessActivation=fileFlag"],
    bench: { profile: { contactlessActivation: "fileFlag" }, card: radio },
    expected: ok(3),
  },
  {
    id: "SOC-RADIO-011",
    title: "a card whose flag is not set may not",
    tags: ["profile:contactlessActivation=fileFlag", "negative"],
    bench: { profile: { contactlessActivation: "fileFlag" }, card: { ...radio, contactlessActive: false } },
    expected: refused("contactless-not-activated"),
  },
  {
    id: "SOC-RADIO-012",
    title: "over contacts the flag does not matter",
    tags: ["profile:contactlessActivation=fileFlag"],
    bench: { profile: { contactlessActivation: "fileFlag" }, card: { ...contact, contactlessActive: false } },
    expected: ok(3),
  },
  { id: "SOC-ACSE-001", title: "identity rests on the card's own proof", tags: ["profile:acse=off"], bench: { profile: { acse: "off" } }, expected: ok(3) },
  {
    id: "SOC-ACSE-002",
    title: "a region that relies on certificates is not served by half of the proof",
    tags: ["profile:acse=on", "negative"],
    bench: { profile: { acse: "on" } },
    expected: refused("certificate-application-not-supported"),
  },
  {
    id: "SOC-ACSE-003",
    title: "cards older than the certificates are served as before",
    tags: ["profile:acse=on"],
    bench: { profile: { acse: "on" }, card: { ...contact, generation: "2" } },
    expected: ok(2),
  },
  {
    id: "SOC-ACSE-004",
    title: "where the certificate application is assumed, a card is named by its internal authentication as before",
    tags: ["profile:acse=assumed"],
    bench: { profile: { acse: "assumed" } },
    expected: ok(3),
  },
  {
    id: "SOC-ALG-001",
    title: "a region's own algorithm is taken for cards that name none",
    tags: ["profile:algWhenTagAbsent=byRegion", "profile:algorithmByRegion=some", "sm4"],
    bench: { profile: { algWhenTagAbsent: "byRegion", algorithmByRegion: { "99": "ssf33", "9901": "sm4" } }, card: { showsAlgorithm: false } },
    expected: { ...ok(3), algorithm: "sm4" },
  },
  {
    id: "SOC-ALG-002",
    title: "a region without an entry has triple DES",
    tags: ["profile:algWhenTagAbsent=byRegion", "profile:algorithmByRegion=none", "3des"],
    bench: { profile: { algWhenTagAbsent: "byRegion", algorithmByRegion: {} }, card: { showsAlgorithm: false, algorithm: "3des" } },
    expected: { ...ok(3), algorithm: "3des" },
  },
  {
    id: "SOC-ALG-003",
    title: "the shorter entry counts where no longer one fits, and its algorithm is one that nobody here has",
    tags: ["profile:algorithmByRegion=some", "negative"],
    bench: { profile: { algWhenTagAbsent: "byRegion", algorithmByRegion: { "99": "ssf33", "9902": "sm4" } }, card: { showsAlgorithm: false } },
    expected: { ...refused("algorithm-not-supported"), algorithm: "ssf33" },
  },
  {
    id: "SOC-ALG-004",
    title: "a card that names its algorithm is believed, whatever the region has",
    tags: ["profile:algorithmByRegion=some", "sm4"],
    bench: { profile: { algWhenTagAbsent: "byRegion", algorithmByRegion: { "99": "ssf33" } } },
    expected: { ...ok(3), algorithm: "sm4" },
  },
];

const IDENTITY_CASES: readonly ConformanceCase[] = IDENTITIES.map(({ id, title, tags, bench, expected }) => ({
  id,
  spec: id.startsWith("SOC-RADIO") ? RESET : CHECKS,
  title,
  tags: ["social", "identity", ...tags],
  run: async (context) => {
    expectMatch(await identity(new CardBench(context, bench)), expected, "what the terminal makes of the card");
  },
}));

const GENERATIONS = scripted([
  {
    id: "SOC-GEN-010",
    spec: "LD/T 32.5, file structure",
    title: "the first generation has no photo, no name extension, no personnel directory and no offline settlement",
    tags: ["social", "files", "3des"],
    bench: { card: { ...contact, generation: "1", algorithm: "3des" } },
    steps: [
      [SELECT_ENVIRONMENT, "6f16*9000"],
      ["00B2032800", "0304312e30009000"],
      ["00B2093000", "091e*9000"],
      ["00B24E3000", "6a83"],
      ["00B0880001", "6a82"],
      ["00B0870001", "6982"],
      ["00A4040006D1560000050400", "6a82"],
      ["00A4040006D1560000050300", "*9000"],
      ["00B2903000", "6a82"],
    ],
  },
  {
    id: "SOC-GEN-011",
    spec: "LD/T 32.5, file structure",
    title: "the second generation has them, and its holder's file is open",
    tags: ["social", "files", "sm4"],
    bench: { card: { ...contact, generation: "2" } },
    steps: [
      [SELECT_ENVIRONMENT, "6f1c*9000"],
      ["00B24E3000", "4e14*9000"],
      ["00B0880001", "6982"],
      ["00A4040006D1560000050400", "*9000"],
    ],
  },
  {
    id: "SOC-RADIO-020",
    spec: "LD/T 32.5, EF05",
    title: "by radio a card that is not activated says who it is and does nothing else",
    tags: ["social", "negative", "profile:contactlessActivation=fileFlag"],
    bench: { card: { ...radio, contactlessActive: false, profile: { contactlessActivation: "fileFlag" } } },
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["00B2022800", "020231309000"],
      ["0084000008", "6985"],
      ["0020000000", "6985"],
      ["00A4040006D1560000050300", "*9000"],
      ["00B2812800", "6985"],
    ],
  },
  {
    id: "SOC-ACSE-010",
    spec: "LD/T 6001, certificate application",
    title: "a card with the certificate application has a file for it beyond the national list",
    tags: ["social", "files", "profile:acse=on"],
    bench: { card: { profile: { acse: "on" } } },
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["00B08C0010", "*9000"],
      ["00D68C0001FF", "6982"],
    ],
  },
]);

/** The output of a provider's library for a card, in this order of fields. */
function libraryOutput(card: SimulatedCard, order: CardProfile["readCardBasOrder"]): Uint8Array {
  const { cardNumber, cardIdentifier } = socialNumbers(card);
  const values: Readonly<Record<string, string>> = {
    regionCode: "990100",
    socialSecurityNumber: socialSecurityNumber(card),
    cardNumber,
    cardIdentifier,
    name: "TEST",
    historicalBytes: card.personalization.historicalHex,
    version: "3.0",
    issueDate: "20200101",
    expiryDate: "20401231",
    terminalNumber: "990100000001",
    deviceNumber: "",
  };
  return utf8(CARD_BAS_ORDERS[order].map((field) => `${values[field] ?? ""}|`).join(""));
}

const LIBRARIES: readonly ConformanceCase[] = (["standard", "numberFirst"] as const).flatMap((order, at): readonly ConformanceCase[] => [
  {
    id: `SOC-VENDOR-00${at}`,
    spec: "LD/T 33, iReadCardBas",
    title: `a library that gives its fields in the order "${order}" tells the same card as the card itself`,
    tags: ["social", "identity", `profile:readCardBasOrder=${order}`],
    run: async (context) => {
      const bench = new CardBench(context, { profile: { readCardBasOrder: order } });
      const parsed = parseReadCardBas(libraryOutput(bench.card, order), CARD_BAS_ORDERS[bench.profile.readCardBasOrder]);
      const own = await identity(bench);
      const expected = own.kind === "ok" ? { cardNumber: own.cardNumber, cardIdentifier: own.cardIdentifier, version: own.version } : own;
      expectMatch(parsed, { ok: true, card: expected }, "the fields");
    },
  },
  {
    id: `SOC-VENDOR-01${at}`,
    spec: "LD/T 33, iReadCardBas",
    title: `an output in another order than "${order}" is found out, and the card is read by its own commands`,
    tags: ["social", "identity", "negative", `profile:readCardBasOrder=${order}`],
    run: async (context) => {
      const bench = new CardBench(context);
      const other = order === "standard" ? "numberFirst" : "standard";
      const parsed = parseReadCardBas(libraryOutput(bench.card, other), CARD_BAS_ORDERS[order]);
      expectMatch(parsed, { ok: false, reason: "field-malformed" }, "what the terminal makes of it");
      expectMatch(await identity(bench), { kind: "ok", ...socialNumbers(bench.card) }, "what the card says");
    },
  },
]);

const OTHER_ADDRESSES: CardProfile["hsmKeyAddress"] = { puk: "0A90", "stk-ssse": "0b73" };

const ADDRESSES: readonly (readonly [id: string, setting: "standard" | "other", addresses: CardProfile["hsmKeyAddress"], asked: readonly string[]])[] = [
  ["SOC-HOST-001", "standard", DEFAULT_CARD_PROFILE.hsmKeyAddress, ["0090", "0173"]],
  ["SOC-HOST-002", "other", OTHER_ADDRESSES, ["0A90", "0B73"]],
];

const HOSTS: readonly ConformanceCase[] = ADDRESSES.map(([id, setting, addresses, expected]) => ({
  id,
  spec: "LD/T 33, key addresses",
  title: `a PIN is set anew with a host's keys under ${setting === "standard" ? "the usual" : "the region's own"} addresses, and a key without one is missing`,
  tags: ["social", "pin", "maintenance", `profile:hsmKeyAddress=${setting}`],
  run: async (context) => {
    const bench = new CardBench(context, { profile: { hsmKeyAddress: addresses }, card: { pin: "246813" } });
    const issuer = new Issuer(bench, "135790");
    const asked: string[] = [];
    const service = hostOf(issuer, asked);
    const keys = hostKeys(service, { algorithm: "sm4", factors: [], ...socialNumbers(bench.card) }, bench.profile.hsmKeyAddress);
    await bench.apdu(SELECT_ENVIRONMENT);
    const reload = { algorithm: "sm4", keys, keyTable: NATIONAL_KEYS, service: issuer } as const;
    expectEqual(await reloadPin(await bench.channel(), reload, LIMITS), { kind: "ok" }, "PIN RELOAD");
    const value = new Uint8Array(8);
    await keys.commandMac({ key: "stk-ssse", challenge: value, input: value }, LIMITS);
    expectEqual(asked, expected, "the addresses that were asked for");
    const missing = keys.commandMac({ key: "uk1-df04", challenge: value, input: value }, LIMITS);
    await expectFault(missing, { code: "key-missing", effectUnknown: false }, "a key without an address");
    expectEqual(await bench.apdu("0020000003135790"), "9000", "the new PIN");
  },
}));

/** A host's security module, which notes by which addresses it was asked. */
function hostOf(issuer: Issuer, asked: string[]): HostKeyService {
  return {
    mac: ({ address, sessionFactor, data }) => {
      asked.push(address);
      return issuer.commandMac({ key: "stk-ssse", challenge: sessionFactor, input: data });
    },
    authenticationData: ({ address, sessionFactor, data }) => {
      asked.push(address);
      return issuer.authenticationData({ key: "puk", sessionFactor, raw: data });
    },
  };
}

const COLLISION: readonly ConformanceCase[] = [
  {
    id: "SOC-RADIO-030",
    spec: "PC/SC 3, card presence",
    title: "two cards in the field are told, and nothing is sent to either",
    tags: ["social", "negative"],
    run: async (context) => {
      const bench = new CardBench(context);
      bench.reader.crowd([context.card({ serial: 2 })]);
      await expectFault(bench.channel(), { code: "card-collision", effectUnknown: false }, "power-up in a crowded field");
      bench.reader.crowd([]);
      expectEqual((await bench.apdu(SELECT_ENVIRONMENT)).slice(-4), "9000", "selection when the second card has left");
    },
  },
  {
    id: "SOC-RADIO-031",
    spec: "PC/SC 3, card presence",
    title: "a card that was changed between two commands gets none that was meant for the first",
    tags: ["social", "negative"],
    run: async (context) => {
      const bench = new CardBench(context, { card: { pin: "246813" } });
      const channel = await bench.channel();
      await bench.apdu(SELECT_ENVIRONMENT);
      const other = context.card({ serial: 2, pin: "135790" });
      bench.reader.swap(context.inserted(other, "card"));
      await expectFault(
        channel.transmit(Uint8Array.of(0x00, 0x20, 0x00, 0x00, 0x03, 0x24, 0x68, 0x13), LIMITS),
        { code: "card-changed", effectUnknown: false },
        "VERIFY",
      );
      expectEqual(other.toSnapshot().memory.pinTriesLeft, 3, "tries of the other card");
    },
  },
];

export const SOCIAL_RADIO_CASES: readonly ConformanceCase[] = [...IDENTITY_CASES, ...GENERATIONS, ...LIBRARIES, ...HOSTS, ...COLLISION];
