/*
 * Goal: 200,000 damaged frames of the acquirer: nothing crashes, each refusal has a name, and whatever is understood is understood in one way only.
 * Method: good messages of every business are damaged by the shared mutator; half go as bodies of an exchange through envelope, message and the fields
 * within, half as messages alone under both layouts. The seed is printed and can be given again (BAD_INPUT_SEED).
 */
import { describe, expect, it } from "vitest";
import { mutations } from "../../../tools/fuzz/mutator.ts";
import { type Bytes, concat, equalBytes, fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { buildIso, encodeIso } from "./build.ts";
import { buildChipData, parseChipData } from "./chip-data.ts";
import type { IsoLayout } from "./fields.ts";
import { unwrapIso, wrapIso } from "./frame.ts";
import { parseIso } from "./parse.ts";
import {
  buildBatchRows,
  buildField60,
  buildField61,
  buildTotals,
  NO_TOTALS,
  parseBatchRows,
  parseField60,
  parseField61,
  parseTotals,
} from "./private-fields.ts";
import type { IsoMessage, IsoValue } from "./types.ts";

const RUNS = 100_000;
const SEED = Number(process.env["BAD_INPUT_SEED"] ?? Date.now() & 0x7fff_ffff);
const LEFT: IsoLayout = { field22: "left" };
const RIGHT: IsoLayout = { field22: "right" };
const LONG_PIN: IsoLayout = { field22: "left", pinBlockBytes: 16 };
const LAYOUTS = [LEFT, RIGHT, LONG_PIN] as const;
const ENVELOPE = { tpdu: { destination: "0003", source: "0000" }, headerHex: "603100310001" };

const REASONS = [
  "too-short",
  "type-malformed",
  "second-bitmap",
  "field-unknown",
  "length-truncated",
  "length-malformed",
  "value-truncated",
  "not-a-digit",
  "padding-wrong",
  "not-a-track",
  "not-ascii",
  "trailing-bytes",
] as const;

const message = (type: string, fields: Readonly<Record<number, IsoValue>>): IsoMessage => ({
  type,
  fields: new Map(Object.entries(fields).map(([field, value]) => [Number(field), value] as const)),
});

const IDENTITY = { 11: "000017", 41: "00000001", 42: "898530100000001" } as const;
const CHIP = buildChipData([
  [0x9f26, fromHex("0102030405060708")],
  [0x9f27, fromHex("80")],
  [0x95, fromHex("0000000000")],
  [0x9f36, fromHex("0011")],
]);
const SCRIPTED = fromHex("910a01020304050607083030 7217 9f180400000001 860e 04da9f790a000000005000112233");

/** One of each kind, as they really are. */
const CORPUS: readonly IsoMessage[] = [
  message("0800", { ...IDENTITY, 60: "00000003003" }),
  message("0810", { ...IDENTITY, 12: "120000", 13: "1122", 37: "123456789012", 39: "00", 60: "00000003003", 62: new Uint8Array(40).fill(0xa5) }),
  message("0200", {
    ...IDENTITY,
    2: "6222021234567890128",
    3: "000000",
    4: "000000001250",
    14: "2512",
    22: "051",
    23: "001",
    25: "00",
    26: "12",
    35: "6222021234567890128D25122201",
    49: "156",
    52: fromHex("061253dffedcba98"),
    53: "2600000000000000",
    55: CHIP,
    60: "22000003000",
    64: utf8("1CE73BC8"),
  }),
  message("0210", {
    ...IDENTITY,
    2: "6222021234567890128",
    3: "000000",
    4: "000000001250",
    15: "1122",
    32: "00010344",
    37: "123456789012",
    38: "123456",
    39: "00",
    44: "0102",
    54: "0110156C000000050000",
    55: SCRIPTED,
    60: "22000003000",
    63: "\u00b3\u00c9\u00b9\u00a6",
    64: utf8("1CE73BC8"),
  }),
  message("0400", { ...IDENTITY, 3: "000000", 4: "000000001250", 22: "051", 25: "00", 39: "98", 60: "22000003000", 61: "0000030000171122" }),
  // An acquirer with more in field 61 than anybody has recorded.
  message("0410", { ...IDENTITY, 3: "000000", 39: "00", 60: "22000003000", 61: "00000300001711220001" }),
  message("0500", {
    ...IDENTITY,
    48: buildTotals({ domestic: { debitFen: fen(1_250), debits: 1, creditFen: fen(0), credits: 0 }, foreign: NO_TOTALS }),
    49: "156",
    60: "00000003201",
  }),
  message("0510", { ...IDENTITY, 39: "00", 48: `${"0".repeat(30)}1${"0".repeat(30)}2`, 60: "00000003201" }),
  message("0320", {
    ...IDENTITY,
    48: buildBatchRows([{ kind: "00", trace: "000017", account: "6222021234567890128", amount: fen(1_250) }]),
    60: "00000003201",
  }),
];

function* bent(corpus: readonly Bytes[]): Generator<Bytes> {
  const source = mutations(SEED, corpus);
  for (let run = 0; run < RUNS; run += 1) yield source.next().value;
}

/** Reads whatever stands within the fields too, and answers the names of what was wrong there. */
function inside({ fields }: IsoMessage): readonly string[] {
  const wrong: string[] = [];
  const note = (name: string, value: IsoValue | undefined, again: (digits: string) => string | undefined) => {
    if (typeof value !== "string") return;
    const written = again(value);
    if (written === undefined) wrong.push(name);
    else expect(written).toBe(value);
  };
  note("field-60-malformed", fields.get(60), (digits) => {
    const parsed = parseField60(digits);
    return parsed === undefined ? undefined : buildField60(parsed);
  });
  note("field-61-malformed", fields.get(61), (digits) => {
    const parsed = parseField61(digits);
    return parsed === undefined ? undefined : buildField61(parsed);
  });
  note("field-48-malformed", fields.get(48), (digits) => {
    const totals = parseTotals(digits);
    // The results are the acquirer's own and are never written by us.
    if (totals !== undefined) return `${buildTotals(totals.totals).slice(0, 30)}${digits[30]}${buildTotals(totals.totals).slice(31, 61)}${digits[61]}`;
    const rows = parseBatchRows(digits);
    return rows === undefined ? undefined : buildBatchRows(rows);
  });
  const chip = fields.get(55);
  const parsed = chip instanceof Uint8Array ? parseChipData(chip) : undefined;
  if (parsed?.ok === false) wrong.push(`field-55-${parsed.reason}`);
  return wrong;
}

function tell(name: string, counts: ReadonlyMap<string, number>): void {
  process.stdout.write(`${name}: seed ${SEED}, ${[...counts].map(([word, count]) => `${word} ${count}`).join(", ")}\n`);
}

describe(`frames of the acquirer, BAD_INPUT_SEED=${SEED}`, () => {
  it(`${RUNS} damaged bodies: envelope, message and what stands in its fields`, () => {
    const counts = new Map<string, number>();
    const count = (word: string) => counts.set(word, (counts.get(word) ?? 0) + 1);
    let seen = 0;
    for (const body of bent(CORPUS.map((each) => wrapIso(ENVELOPE, buildIso(each, LEFT))))) {
      seen += 1;
      const unwrapped = unwrapIso(body);
      if (!unwrapped.ok) {
        count(`envelope-${unwrapped.reason}`);
        continue;
      }
      const parsed = parseIso(unwrapped.message, LEFT);
      if (!parsed.ok) {
        count(parsed.reason);
        continue;
      }
      count("understood");
      for (const word of inside(parsed.message)) count(word);
      const again = wrapIso(unwrapped.envelope, encodeIso(parsed.message, LEFT));
      if (!equalBytes(again, body)) expect.fail(`seed ${SEED}, run ${seen}: ${toHex(body)} was understood as something else`);
    }
    tell("bodies", counts);
    expect(seen).toBe(RUNS);
    const expected = [
      ...REASONS,
      "understood",
      "envelope-too-short",
      "envelope-tpdu-malformed",
      "field-60-malformed",
      "field-61-malformed",
      "field-48-malformed",
    ];
    for (const word of expected) expect(counts.get(word) ?? 0, word).toBeGreaterThan(0);
    for (const word of counts.keys()) if (!word.startsWith("field-55-")) expect(expected).toContain(word);
    expect([...counts.keys()].filter((word) => word.startsWith("field-55-")).length).toBeGreaterThan(5);
  }, 120_000);

  it(`${RUNS} damaged messages under each layout`, () => {
    const counts = new Map<string, number>();
    let seen = 0;
    for (const bytes of bent([
      ...CORPUS.map((each) => buildIso(each, LEFT)),
      ...CORPUS.map((each) => buildIso(each, RIGHT)),
      buildIso(message("0200", { ...IDENTITY, 22: "051", 26: "06", 52: new Uint8Array(16).fill(0x5a), 60: "22000003000" }), LONG_PIN),
      concat(fromHex("0200"), new Uint8Array(8)),
    ])) {
      const layout = LAYOUTS[seen % LAYOUTS.length] ?? LEFT;
      seen += 1;
      const parsed = parseIso(bytes, layout);
      const word = parsed.ok ? "understood" : parsed.reason;
      counts.set(word, (counts.get(word) ?? 0) + 1);
      if (parsed.ok && !equalBytes(encodeIso(parsed.message, layout), bytes))
        expect.fail(`seed ${SEED}, run ${seen}: ${toHex(bytes)} was understood as something else`);
    }
    tell("messages", counts);
    expect(seen).toBe(RUNS);
    expect([...counts.keys()].sort()).toEqual([...REASONS, "understood"].sort());
  }, 120_000);
});
