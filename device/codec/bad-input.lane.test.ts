/*
 * Goal: bytes from outside, however damaged, never crash or hang the terminal, and every refusal has a name.
 * Method: a hundred thousand damaged samples for each parser, from a seed that is printed and can be given again (BAD_INPUT_SEED).
 */
import { describe, expect, it } from "vitest";
import { mutations } from "../../tools/fuzz/mutator.ts";
import { type Bytes, concat, equalBytes, fromHex, toHex, utf8 } from "../base/bytes.ts";
import { encodeAfl, parseAfl } from "./afl.ts";
import { encodeCommand, encodeResponse, parseCommand, parseResponse } from "./apdu.ts";
import { bcdToDate, bcdToDigits, bcdToTime, dateToBcd, digitsToBcd, timeToBcd } from "./bcd.ts";
import { parseCashLogEntry } from "./card-log.ts";
import { encodeDol, parseDol } from "./dol.ts";
import { parseVerificationList } from "./holder-verification.ts";
import { parseIssuerApplicationData } from "./issuer-application-data.ts";
import { canonicalJson, parseJson } from "./json.ts";
import { decodeGbText, encodeGbText } from "./text.ts";
import { buildCardItem, encodeTlv, parseCardItems, parseTlv } from "./tlv.ts";
import { parseTrack2 } from "./track2.ts";

const RUNS = 100_000;
const SEED = Number(process.env["BAD_INPUT_SEED"] ?? Date.now() & 0x7fff_ffff);

/** What a parser made of one input: the reason of its refusal, or the bytes that what it understood encodes to (undefined: has no one encoding). */
type Verdict = { readonly reason: string } | { readonly again: Bytes | undefined };

interface Subject {
  readonly name: string;
  readonly corpus: readonly Bytes[];
  readonly reasons: readonly string[];
  readonly judge: (bytes: Bytes) => Verdict;
}

type Parse = { readonly ok: false; readonly reason: string } | { readonly ok: true };

function verdict<Result extends Parse>(parsed: Result, again: (understood: Extract<Result, { readonly ok: true }>) => Bytes | undefined): Verdict {
  // Without ok there is a reason: that is what the parsers' types say.
  return parsed.ok ? { again: again(parsed as Extract<Result, { readonly ok: true }>) } : { reason: parsed.reason };
}

const APDUS = ["9000", "6a82", "610c", "6c10", "63c3", "0102030405069000", `${"ab".repeat(256)}9000`, "6f1a840ed1560000058000d8d5fdb1cc9000"].map(fromHex);
const COMMANDS = ["00a40400023f0000", "805001020b01000000010000000000010f", "00b2010400", "00b00000", `00d60000ff${"11".repeat(255)}`].map(fromHex);
const TLVS = [
  "6f1f840e315041592e5359532e4444463031a50d8801019f1103313233bf0c00",
  "9f4681807f",
  "70069f4b0301020357020102",
  `7081c890${"81c5"}${"00".repeat(197)}`,
  "6f07840130a50286009f1f00",
].map(fromHex);
const RECORDS = ["01103101010000d156000005000000000000", "0802aabb0904d5c5c8fd4e00", `07ff${"33".repeat(255)}`].map(fromHex);
const JSONS = [
  "[12,0,-7,9007199254740991]",
  '{"v":1,"tid":"T-000001","journalId":"00112233445566778899aabbccddeeff","upTo":17,"hash":"aa","rejects":[{"seq":12,"reason":"tac-wrong"}],"need":18,"slowMs":0,"sig":"bb"}',
  '{"v":1,"frame":{"id":"00","index":0,"count":3,"hash":"cc"},"data":"AAAA"}',
  '[[[[[[[[{"a":[[-1],9007199254740991,"\\u5361\\n",true,false,null]}]]]]]]]]',
  '{"infcode":"0","output":{"setlinfo":{"fund":"12.30","name":"张三"}}}',
].map(utf8);
const DIGITS = ["20260101", "235959", "123f", "ffffffff", "622848001234567890ff", "00000000"].map(fromHex);
const NAMES = ["d5c5c8fd", "c0ee0000000000000000", "9534b2354142", "a1a4b0a1f7fe20202020", "8139ef31"].map(fromHex);
const DOLS = ["9f66049f02069f03069f1a0295055f2a029a039c019f3704df6901", "9f7a019f02065f2a02", "95fc", "9f3704", "df8101049ffc"].map(fromHex);
const LOCATORS = ["08010100100101011801020028010100", "08012000", "f0ffff01"].map(fromHex);
const ISSUER_DATA = ["07010103a0a802010a010000020000fda9b157", "0701010390000001", "07011703900000040300000001000000000200aabbccdd"].map(fromHex);
const TRACKS = ["6299990000000001d40122010000000f", "6299990000000000012d401222012345"].map(fromHex);
const VERIFICATION_LISTS = ["000003e8000007d0410342031e071f00", "00000000000000001f00"].map(fromHex);
const CARD_LOGS = ["2611211200000000000012500102", "0000000000000000000000000000", "ffffffffffffffffffffffffffff"].map(fromHex);
const LOG_FORMAT = parseDol(fromHex("9a039f21039f02069f3602"));

/** Parsers that have one refusal only. */
function orNothing<Value>(value: Value | undefined, again: (understood: Value) => Bytes | undefined): Verdict {
  return value === undefined ? { reason: "no-meaning" } : { again: again(value) };
}

const SUBJECTS: readonly Subject[] = [
  {
    name: "APDU responses",
    corpus: APDUS,
    reasons: ["too-short", "too-long", "status-word-invalid"],
    judge: (bytes) => verdict(parseResponse(bytes), ({ response }) => encodeResponse(response)),
  },
  {
    name: "APDU commands",
    corpus: COMMANDS,
    reasons: ["too-short", "extended-length", "length-mismatch"],
    judge: (bytes) => verdict(parseCommand(bytes), ({ command }) => encodeCommand(command)),
  },
  {
    name: "BER-TLV",
    corpus: TLVS,
    judge: (bytes) => verdict(parseTlv(bytes), ({ items }) => encodeTlv(items)),
    reasons: [
      "tag-truncated",
      "tag-too-long",
      "tag-malformed",
      "length-truncated",
      "length-indefinite",
      "length-too-long",
      "length-not-minimal",
      "value-truncated",
    ],
  },
  {
    name: "data object lists",
    corpus: DOLS,
    reasons: ["tag-malformed", "tag-truncated", "length-missing", "length-too-long", "too-long"],
    judge: (bytes) => verdict(parseDol(bytes), ({ entries }) => encodeDol(entries)),
  },
  {
    name: "file locators",
    corpus: LOCATORS,
    reasons: ["not-whole-entries", "file-invalid", "records-invalid", "signed-invalid", "too-many"],
    judge: (bytes) =>
      verdict(parseAfl(bytes), ({ records }) => {
        // A range may be written as its records one by one; those are read as the same.
        const single = encodeAfl(records.map(({ sfi, number, signed }) => ({ sfi, first: number, last: number, signed: signed ? 1 : 0 })));
        const second = parseAfl(single);
        return second.ok && JSON.stringify(second.records) === JSON.stringify(records) ? undefined : new Uint8Array(1);
      }),
  },
  {
    name: "issuer application data",
    corpus: ISSUER_DATA,
    reasons: ["no-meaning"],
    judge: (bytes) => orNothing(parseIssuerApplicationData(bytes), ({ raw }) => raw),
  },
  { name: "track 2", corpus: TRACKS, reasons: ["no-meaning"], judge: (bytes) => orNothing(parseTrack2(bytes), () => undefined) },
  {
    name: "holder verification lists",
    corpus: VERIFICATION_LISTS,
    reasons: ["no-meaning"],
    judge: (bytes) => orNothing(parseVerificationList(bytes), ({ rules }) => (rules.length * 2 + 8 === bytes.length ? undefined : new Uint8Array(1))),
  },
  {
    name: "card logs",
    corpus: CARD_LOGS,
    reasons: ["no-meaning"],
    judge: (bytes) => orNothing(parseCashLogEntry(LOG_FORMAT.ok ? LOG_FORMAT.entries : [], bytes), () => undefined),
  },
  {
    name: "card records",
    corpus: RECORDS,
    reasons: ["tag-invalid", "length-truncated", "value-truncated"],
    judge: (bytes) => verdict(parseCardItems(bytes), ({ items }) => concat(...items.map(({ tag, value }) => buildCardItem(tag, value)))),
  },
  {
    name: "JSON",
    corpus: JSONS,
    reasons: ["not-utf8", "syntax", "too-deep", "duplicate-key", "number"],
    judge: (bytes) =>
      verdict(parseJson(bytes, { maxBytes: 49_152, maxDepth: 10 }), ({ value }) => {
        // Blanks and order may differ; what is written canonically must be read as the same value.
        const text = canonicalJson(value);
        const second = parseJson(text, { maxBytes: 100_000, maxDepth: 10 });
        return second.ok && canonicalJson(second.value) === text ? undefined : new Uint8Array(0);
      }),
  },
  {
    name: "BCD digits",
    corpus: DIGITS,
    reasons: ["not-a-digit", "digit-after-padding"],
    judge: (bytes) => verdict(bcdToDigits(bytes), ({ digits }) => digitsToBcd(digits, bytes.length)),
  },
  { name: "BCD dates", corpus: DIGITS, reasons: ["wrong-length", "not-a-date"], judge: (bytes) => verdict(bcdToDate(bytes), ({ date }) => dateToBcd(date)) },
  { name: "BCD times", corpus: DIGITS, reasons: ["wrong-length", "not-a-time"], judge: (bytes) => verdict(bcdToTime(bytes), ({ time }) => timeToBcd(time)) },
  {
    name: "GB18030 text",
    corpus: NAMES,
    reasons: ["not-gb18030", "zero-inside"],
    judge: (bytes) =>
      verdict(decodeGbText(bytes), ({ text }) => {
        const built = encodeGbText(text, bytes.length);
        const stripped = (field: Bytes) => toHex(field).replace(/(?:00|20)*$/, "");
        return built.ok && stripped(built.bytes) === stripped(bytes) ? undefined : new Uint8Array(0);
      }),
  },
];

describe(`bad input, BAD_INPUT_SEED=${SEED}`, () => {
  it.each(SUBJECTS)(
    "$name: 100,000 damaged inputs, a named answer each",
    ({ name, corpus, reasons, judge }) => {
      const source = mutations(SEED, corpus);
      const counts = new Map<string, number>();
      for (let run = 0; run < RUNS; run += 1) {
        const bytes = source.next().value;
        const answer = judge(bytes);
        const word = "reason" in answer ? answer.reason : "understood";
        counts.set(word, (counts.get(word) ?? 0) + 1);
        if ("again" in answer && answer.again !== undefined && !equalBytes(answer.again, bytes))
          expect.fail(`${name}, seed ${SEED}, run ${run}: ${toHex(bytes)} was understood as something else`);
      }
      process.stdout.write(`${name}: seed ${SEED}, ${[...counts].map(([word, count]) => `${word} ${count}`).join(", ")}\n`);
      // Each answer must occur: a parser that refuses everything for one reason has not been tested.
      for (const word of ["understood", ...reasons]) expect(counts.get(word) ?? 0, word).toBeGreaterThan(0);
      expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(RUNS);
      for (const word of counts.keys()) expect(["understood", "forbidden-key", "too-large", "too-deep", ...reasons]).toContain(word);
    },
    60_000,
  );
});
