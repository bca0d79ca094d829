import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, toHex, utf8 } from "../base/bytes.ts";
import { canonicalJson } from "./json.ts";
import {
  batchPlaintext,
  batchSignedBytes,
  encodeBatch,
  encodeHeartbeat,
  encodeMessage,
  parseBatch,
  parseHeartbeat,
  parsePresence,
  parseReceipt,
  parseReply,
  parseRequest,
  recordsText,
  recordText,
  signedBytesOf,
  sumRecords,
  topicsOf,
} from "./upload.ts";

const H16 = "00112233445566778899aabbccddeeff";
const HASH = "ab".repeat(32);
const SIG = "cd".repeat(64);
const SEALED = { hash: HASH, alg: "SM4-CBC/SM2-SM3", kid: "k1", iv: H16, body: "AAECAw==", sig: SIG };
const BATCH = {
  tid: "T1",
  journalId: H16,
  batchSeq: 2,
  firstSeq: 5,
  lastSeq: 6,
  count: 2,
  sums: [{ kind: "quick-payment", state: "done", count: 2, fen: 900 }],
  prevHash: HASH,
  boot: 7,
  ...SEALED,
};
const RECEIPT = {
  v: 1,
  tid: "T1",
  journalId: H16,
  upTo: 17,
  hash: HASH,
  rejects: [{ seq: 12, reason: "tac-wrong" }],
  need: 18,
  slowMs: 0,
  hostTimeMs: 1_790_000_000_000,
  sig: SIG,
};
const REQUEST = { v: 1, tid: "T1", reqId: H16, service: "fsi", notAfterMs: 1_790_000_000_000, ...SEALED };
const REPLY = { v: 1, tid: "T1", reqId: H16, outcome: "answered", hostTimeMs: 1_790_000_000_000, ...SEALED };
const PRESENCE = { v: 1, tid: "T1", hostTimeMs: 1_790_000_000_000, drain: true, reconnectWindowMs: 10_000, sig: SIG };
const HEARTBEAT = { tid: "T1", journalId: H16, boot: 7, lastSeq: 120, receiptedThrough: 80, wallMs: -5 };

type Parser = (payload: Bytes) => { readonly ok: true; readonly message: object } | { readonly ok: false; readonly reason: string };

const KINDS: readonly {
  readonly name: string;
  readonly parse: Parser;
  readonly message: Readonly<Record<string, unknown>>;
  readonly optional: readonly string[];
}[] = [
  { name: "batch", parse: parseBatch, message: { v: 1, ...BATCH }, optional: [] },
  { name: "receipt", parse: parseReceipt, message: RECEIPT, optional: ["need"] },
  { name: "request", parse: parseRequest, message: REQUEST, optional: [] },
  { name: "reply", parse: parseReply, message: REPLY, optional: [] },
  { name: "presence", parse: parsePresence, message: PRESENCE, optional: [] },
  { name: "heartbeat", parse: parseHeartbeat, message: { v: 1, ...HEARTBEAT }, optional: [] },
];

describe.each(KINDS)("$name", ({ parse, message, optional }) => {
  const members = Object.keys(message);

  it("is read back as it was written", () => {
    const parsed = parse(encodeMessage(message));
    expect(parsed.ok).toBe(true);
    const { v: _, sig: __, ...own } = message;
    if (parsed.ok) expect(parsed.message).toMatchObject(own);
  });

  it.each(members.map((name) => [name]))("without %s is refused, unless that is optional", (name) => {
    const { [name]: _, ...rest } = message;
    const parsed = parse(encodeMessage(rest));
    if (optional.includes(name)) expect(parsed.ok).toBe(true);
    else expect(parsed).toEqual({ ok: false, reason: name === "v" ? "wrong-version" : (expect.stringContaining("wrong-member: ") as string) });
  });

  it.each(
    members.flatMap((name) => [
      ["", name],
      [-1.5, name],
      [null, name],
      [[1], name],
      [{ x: 1 }, name],
      ["\u0000", name],
      [2 ** 53, name],
    ]),
  )("with %j as %s is refused", (value, name) => {
    const parsed = parse(utf8(JSON.stringify({ ...message, [String(name)]: value })));
    // Base64 of nothing is nothing: an empty body is for whoever opens it to refuse.
    if (name === "body" && value === "") expect(parsed.ok).toBe(true);
    else expect(parsed.ok).toBe(false);
  });

  it.each([
    ["no JSON", "{"],
    ["an array", "[]"],
    ["a number", "1"],
    ["a key twice", '{"v":1,"v":1}'],
    ["nothing", ""],
  ])("%s is refused by name", (_, text) => {
    expect(parse(utf8(text))).toMatchObject({ ok: false, reason: expect.stringMatching(/^(?:not-json|not-an-object)$/) as string });
  });

  it("more than the bound is refused before it is read", () => {
    expect(parse(new Uint8Array(64 * 32_768 + 1))).toEqual({ ok: false, reason: "too-large" });
  });

  it("any bytes give an answer, and what was understood is understood again", () => {
    const bytes = encodeMessage(message);
    const bent = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)).map(([at, byte]) => bytes.map((old, index) => (index === at ? byte : old)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), bent), (payload) => {
        const parsed = parse(payload);
        if (!parsed.ok) expect(parsed.reason.length).toBeGreaterThan(0);
        else expect(parse(payload)).toEqual(parsed);
      }),
      { numRuns: 500 },
    );
  });
});

describe("signed bytes", () => {
  it("of a receipt cover everything but the signature, members unknown to us included", () => {
    const parsed = parseReceipt(encodeMessage({ ...RECEIPT, later: "x" }));
    const { sig: _, ...rest } = RECEIPT;
    expect(parsed.ok && new TextDecoder().decode(parsed.message.signedBytes)).toBe(canonicalJson({ ...rest, later: "x" }));
  });

  it("of requests and replies leave out what is sealed, and equal what the writer signs", () => {
    const parsed = parseReply(encodeMessage(REPLY));
    const { sig: _, iv: __, body: ___, ...rest } = REPLY;
    expect(parsed.ok && new TextDecoder().decode(parsed.message.signedBytes)).toBe(canonicalJson(rest));
    expect(parsed.ok && toHex(parsed.message.signedBytes)).toBe(toHex(signedBytesOf(REPLY)));
  });

  it("of a batch are its hash and the terminal", () => {
    expect(toHex(batchSignedBytes(HASH, "T1"))).toBe(`${HASH}5431`);
  });
});

const record = fc.record({
  seq: fc.nat(),
  subject: fc.string(),
  kind: fc.constantFrom("quick-payment", "medical-purchase", "operation"),
  state: fc.constantFrom("done", "void", "unknown"),
  amountFen: fc.nat(),
  boot: fc.nat(),
  wallMs: fc.nat(),
  monotonicMs: fc.nat(),
  detail: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string()),
});

describe("batch plaintext", () => {
  it("equals the canonical JSON of header and records together", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), (records) => {
        const header = { tid: "T1", journalId: H16, batchSeq: 1, firstSeq: 1, lastSeq: 9, count: 9, sums: sumRecords(records), prevHash: HASH };
        expect(batchPlaintext(header, recordsText(records.map(recordText)))).toBe(canonicalJson({ ...header, records }));
      }),
    );
  });

  it("sums are ordered by kind, then state, and add up", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), (records) => {
        const sums = sumRecords(records);
        const keys = sums.map(({ kind, state }) => `${kind} ${state}`);
        expect(keys).toEqual([...new Set(keys)].sort());
        expect(sums.reduce((total, { fen }) => total + fen, 0)).toBe(records.reduce((total, { amountFen }) => total + amountFen, 0));
        expect(sums.reduce((total, { count }) => total + count, 0)).toBe(records.length);
      }),
    );
  });
});

describe("bounds", () => {
  it.each([
    ["count that is not lastSeq - firstSeq + 1", { ...BATCH, count: 3 }],
    ["lastSeq before firstSeq", { ...BATCH, lastSeq: 4, count: 0 }],
    ["more than 10,000 records", { ...BATCH, lastSeq: 20_000, count: 19_996 }],
    ["body that is no base64", { ...BATCH, body: "A" }],
    ["terminal with a dot", { ...BATCH, tid: "T.1" }],
    ["capital hexadecimal", { ...BATCH, hash: HASH.toUpperCase() }],
  ])("a batch with %s is refused", (_, batch) => {
    expect(parseBatch(encodeBatch(batch)).ok).toBe(false);
  });

  it("more than 1,000 rejects are refused", () => {
    expect(parseReceipt(encodeMessage({ ...RECEIPT, rejects: Array.from({ length: 1_001 }, (_, seq) => ({ seq: seq + 1, reason: "x" })) }))).toEqual({
      ok: false,
      reason: "wrong-member: rejects",
    });
  });

  it("topics of the longest terminal number stay within 64 characters", () => {
    for (const topic of Object.values(topicsOf("T".repeat(32)))) expect(topic.length).toBeLessThanOrEqual(64);
  });

  it("a heartbeat is what the page shows", () => {
    expect(new TextDecoder().decode(encodeHeartbeat(HEARTBEAT))).toBe(
      `{"boot":7,"journalId":"${H16}","lastSeq":120,"receiptedThrough":80,"tid":"T1","v":1,"wallMs":-5}`,
    );
  });
});
