/* Who the card is and whether it may be used today: the checks before any transaction, in their order, and tears at every command. */
import { toHex, utf8 } from "../../../device/base/bytes.ts";
import { readSocialIdentity, type SocialOptions } from "../../../device/card/social/read-identity.ts";
import type { SocialIdentityResult, SocialRefusal } from "../../../device/card/social/types.ts";
import type { CardProfile } from "../../../device/codec/card-profile.ts";
import type { SimulatedCard } from "../../card/card.ts";
import { SeededRandomness } from "../../world/seeded-randomness.ts";
import { CardBench, type CardBenchOptions, LIMITS } from "../card-bench.ts";
import type { ConformanceContext } from "../context.ts";
import { expectEqual, expectFault, expectMatch, expectTrue } from "../expect.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const CHECKS = "LD/T 32.7, checks before a transaction";
const TODAY = "20261121";

async function readOf(bench: CardBench, more: Partial<SocialOptions> = {}): Promise<SocialIdentityResult> {
  const options = { profile: bench.profile, randomness: new SeededRandomness("conformance"), today: TODAY, ...more };
  return readSocialIdentity(await bench.channel(), await bench.openPsam(), options, LIMITS);
}

/** The card with another value in one item of its issuer's or holder's file. */
function withItem(
  context: ConformanceContext,
  card: SimulatedCard,
  item: { readonly file: number; readonly tag: number; readonly valueHex: string },
): SimulatedCard {
  return context.altered(card, (snapshot) => {
    const environment = snapshot.personalization.social.environment.map((file) =>
      file.id === item.file
        ? { ...file, records: file.records.map((record) => (record.tag === item.tag ? { ...record, valueHex: item.valueHex } : record)) }
        : file,
    );
    return { ...snapshot, personalization: { ...snapshot.personalization, social: { ...snapshot.personalization.social, environment } } };
  });
}

interface AcceptedRow {
  readonly id: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly bench: CardBenchOptions;
  readonly expected: Readonly<Record<string, unknown>>;
}

const ACCEPTED: readonly AcceptedRow[] = [
  { id: "IDN-001", title: "third generation with SM4", tags: ["sm4"], bench: {}, expected: { generation: 3, algorithm: "sm4", version: "3.0" } },
  {
    id: "IDN-002",
    title: "third generation with triple DES",
    tags: ["3des"],
    bench: { card: { algorithm: "3des" } },
    expected: { generation: 3, algorithm: "3des" },
  },
  {
    id: "IDN-003",
    title: "second generation with SM4",
    tags: ["sm4"],
    bench: { card: { generation: "2" } },
    expected: { generation: 2, algorithm: "sm4", version: "2.0" },
  },
  {
    id: "IDN-004",
    title: "second generation with triple DES",
    tags: ["3des"],
    bench: { card: { generation: "2", algorithm: "3des" } },
    expected: { generation: 2, algorithm: "3des" },
  },
  { id: "IDN-005", title: "over contacts with T=0", tags: ["t0"], bench: { card: { interface: "contact", lengthRule: "t0" } }, expected: { generation: 3 } },
  {
    id: "IDN-006",
    title: "of another region",
    tags: [],
    bench: { card: { regionCode: "990207" }, psam: { regionCode: "990207" } },
    expected: { regionCode: "990207" },
  },
  {
    id: "IDN-007",
    title: "with the other sex and birth date",
    tags: [],
    bench: { card: { holder: { sex: "2", birthDate: "19551231" } } },
    expected: { holder: { sex: "2", birthDate: "19551231" } },
  },
  {
    id: "IDN-008",
    title: "that names no algorithm, taken as triple DES",
    tags: ["3des", "profile:algWhenTagAbsent=des"],
    bench: { card: { algorithm: "3des", showsAlgorithm: false }, profile: { algWhenTagAbsent: "des" } },
    expected: { algorithm: "3des" },
  },
  { id: "IDN-009", title: "with a name of four characters", tags: [], bench: { card: { serial: 2 } }, expected: { holder: { name: "测试丙" } } },
];

const ACCEPTED_CASES: readonly ConformanceCase[] = ACCEPTED.map(({ id, title, tags, bench, expected }) => ({
  id,
  spec: CHECKS,
  title: `a card is accepted: ${title}`,
  tags: ["identity", "social", ...tags],
  run: async (context) => {
    const identity = await readOf(new CardBench(context, bench));
    expectMatch(identity, { kind: "ok", ...expected }, "identity");
    if (identity.kind !== "ok") return;
    expectEqual(
      [identity.cardIdentifier.length, identity.cardNumber.length, identity.holder.socialSecurityNumber.length],
      [32, 9, 18],
      "lengths of the numbers",
    );
  },
}));

/** Each check with something that makes it fail; a card that fails from the n-th on is refused for the n-th. */
const ORDER: readonly { readonly reason: SocialRefusal; readonly options: Partial<SocialOptions>; readonly version?: string; readonly expired?: boolean }[] = [
  { reason: "on-invalid-list", options: { isListed: () => true } },
  { reason: "organisation-not-accepted", options: { acceptsOrganisation: () => false } },
  { reason: "category-not-accepted", options: { acceptsCategory: () => false } },
  { reason: "version-not-accepted", options: {}, version: "9.9" },
  { reason: "expired", options: {}, expired: true },
];

const ORDER_CASES: readonly ConformanceCase[] = ORDER.map(({ reason }, first) => ({
  id: `IDN-ORDER-${first + 1}`,
  spec: CHECKS,
  title: `the first check that fails decides: ${reason}`,
  tags: ["identity", "social", "negative"],
  run: async (context) => {
    const failing = ORDER.slice(first);
    const options = Object.assign({}, ...failing.map((each) => each.options)) as Partial<SocialOptions>;
    const made = context.card({ expired: failing.some(({ expired }) => expired === true) });
    const version = failing.find((each) => each.version !== undefined)?.version;
    const ready = version === undefined ? made : withItem(context, made, { file: 0xef05, tag: 0x03, valueHex: `${toHex(utf8(version))}00` });
    expectEqual(await readOf(new CardBench(context, { ready }), options), { kind: "refused", reason }, "refusal");
  },
}));

interface RefusedRow {
  readonly id: string;
  readonly title: string;
  readonly tags?: readonly Tag[];
  readonly bench?: CardBenchOptions;
  readonly item?: { readonly file: number; readonly tag: number; readonly valueHex: string };
  readonly today?: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

const refused = (reason: SocialRefusal) => ({ kind: "refused", reason });

const REFUSED: readonly RefusedRow[] = [
  {
    id: "IDN-020",
    title: "a card that is not genuine is refused before everything else",
    bench: { card: { expired: true }, psam: { regionCode: "110000", socialLevel: 1 } },
    expected: refused("not-genuine"),
  },
  { id: "IDN-021", title: "a card before its first day", today: "20191231", expected: refused("not-yet-valid") },
  { id: "IDN-022", title: "a card after its last day", today: "20401232", expected: refused("expired") },
  { id: "IDN-023", title: "a blocked social application", bench: { card: { faults: { blocked: "social" } } }, expected: refused("card-blocked") },
  { id: "IDN-024", title: "a blocked card", bench: { card: { faults: { blocked: "card" } } }, expected: refused("card-blocked") },
  {
    id: "IDN-025",
    title: "a card number with a wrong check character",
    item: { file: 0xef05, tag: 0x07, valueHex: toHex(utf8("T00000010")) },
    expected: refused("data-malformed"),
  },
  {
    id: "IDN-026",
    title: "a card identifier without a region",
    item: { file: 0xef05, tag: 0x01, valueHex: "f".repeat(32) },
    expected: refused("data-malformed"),
  },
  { id: "IDN-027", title: "a holder without a name", item: { file: 0xef06, tag: 0x09, valueHex: "00".repeat(0x1e) }, expected: refused("data-malformed") },
  {
    id: "IDN-028",
    title: "a card that names no algorithm where that means SSF33",
    tags: ["profile:algWhenTagAbsent=ssf33"],
    bench: { card: { showsAlgorithm: false }, profile: { algWhenTagAbsent: "ssf33" } },
    expected: refused("algorithm-not-supported"),
  },
  {
    id: "IDN-029",
    title: "an SM4 card that names no algorithm, taken as triple DES",
    tags: ["profile:algWhenTagAbsent=des"],
    bench: { card: { showsAlgorithm: false }, profile: { algWhenTagAbsent: "des" } },
    expected: refused("not-genuine"),
  },
];

const REFUSED_CASES: readonly ConformanceCase[] = REFUSED.map(({ id, title, tags = [], bench = {}, item, today, expected }) => ({
  id,
  spec: CHECKS,
  title: `refused: ${title}`,
  tags: ["identity", "social", "negative", ...tags],
  run: async (context) => {
    const ready = item === undefined ? {} : { ready: withItem(context, context.card(bench.card), item) };
    expectMatch(await readOf(new CardBench(context, { ...bench, ...ready }), today === undefined ? {} : { today }), expected, "refusal");
  },
}));

const EDGES: readonly (readonly [id: string, today: string])[] = [
  ["IDN-030", "20200101"],
  ["IDN-031", "20401231"],
];

const EDGE_CASES: readonly ConformanceCase[] = EDGES.map(([id, today]) => ({
  id,
  spec: CHECKS,
  title: `a card is accepted on the edge of its validity, ${today}`,
  tags: ["identity", "social"],
  run: async (context) => expectMatch(await readOf(new CardBench(context), { today }), { kind: "ok" }, "identity"),
}));

const VERSIONS: readonly (readonly [id: string, version: string, emptyVersion: CardProfile["emptyVersion"], expected: Readonly<Record<string, unknown>>])[] = [
  ["IDN-040", "", "1.0", { kind: "ok", generation: 1, version: "1.0" }],
  ["IDN-041", "", "reject", { kind: "refused", reason: "version-not-accepted" }],
  ["IDN-042", "2.01", "reject", { kind: "ok", generation: 2, version: "2.01" }],
  ["IDN-043", "1.0", "reject", { kind: "ok", generation: 1 }],
  ["IDN-044", "4.0", "1.0", { kind: "refused", reason: "version-not-accepted" }],
];

const VERSION_CASES: readonly ConformanceCase[] = VERSIONS.map(([id, version, emptyVersion, expected]) => ({
  id,
  spec: "LD/T 32.5, data items",
  title: `version "${version}", an empty one counting as ${emptyVersion}`,
  tags: ["identity", "social", `profile:emptyVersion=${emptyVersion}`],
  run: async (context) => {
    const valueHex = toHex(utf8(version)).padEnd(8, "0");
    const ready = withItem(context, context.card({ generation: "2" }), { file: 0xef05, tag: 0x03, valueHex });
    expectMatch(await readOf(new CardBench(context, { ready, profile: { emptyVersion } })), expected, "identity");
  },
}));

/** Commands of reading a third-generation identity, in order. */
const READING: readonly string[] = [
  "SELECT",
  ...Array.from({ length: 7 }, (_, at) => `ISSUER-ITEM-${at + 1}`),
  "INTERNAL-AUTHENTICATE",
  "CHALLENGE-RAW",
  "CHALLENGE-FACTOR",
  "EXTERNAL-AUTHENTICATE",
  ...Array.from({ length: 5 }, (_, at) => `HOLDER-ITEM-${at + 1}`),
];

const TORN_CASES: readonly ConformanceCase[] = READING.map((name, index) => ({
  id: `IDN-TORN-${name}`,
  spec: CHECKS,
  title: `reading torn at ${name.toLowerCase().replaceAll("-", " ")} is a fault, and whole at the next tap`,
  tags: ["identity", "social", "torn"],
  run: async (context) => {
    const bench = new CardBench(context);
    const whole = await readOf(bench);
    await bench.reset();
    bench.reader.setFate((info) => (info.index === index ? { kind: "tear", at: "after" } : { kind: "ok" }));
    await expectFault(readOf(bench), { code: "card-removed", effectUnknown: true }, "the torn reading");
    bench.reader.setFate(() => ({ kind: "ok" }));
    await bench.reset();
    expectEqual(await readOf(bench), whole, "the next reading");
  },
}));

const OTHERS: readonly ConformanceCase[] = [
  {
    id: "IDN-050",
    spec: "LD/T 32.5, card identifier",
    title: "two cards never share an identity",
    tags: ["identity", "social"],
    run: async (context) => {
      const numbers: string[] = [];
      for (const serial of [1, 2]) {
        const identity = await readOf(new CardBench(context, { card: { serial } }));
        expectTrue(identity.kind === "ok", "the card is accepted");
        numbers.push(identity.cardIdentifier, identity.cardNumber, identity.holder.socialSecurityNumber);
      }
      expectEqual(new Set(numbers).size, 6, "different numbers");
    },
  },
  {
    id: "IDN-051",
    spec: "LD/T 32.9, SELECT",
    title: "a module without the card's algorithm is no fault of the card",
    tags: ["identity", "social", "psam", "negative"],
    run: async (context) => {
      await expectFault(
        readOf(new CardBench(context, { psam: { algorithms: ["3des"] } })),
        { code: "key-missing", effectUnknown: false },
        "reading the identity",
      );
    },
  },
];

export const IDENTITY_CASES: readonly ConformanceCase[] = [
  ...ACCEPTED_CASES,
  ...ORDER_CASES,
  ...REFUSED_CASES,
  ...EDGE_CASES,
  ...VERSION_CASES,
  ...TORN_CASES,
  ...OTHERS,
];
