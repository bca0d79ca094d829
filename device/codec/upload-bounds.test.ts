/* Each bound of each message at its edge, each member's name in the refusal, and the texts that both sides must write alike. */
import { describe, expect, it } from "vitest";
import { type Bytes, concat, fromHex, toHex, utf8 } from "../base/bytes.ts";
import { FRAME_DATA_BYTES_MAX, FRAMES_MAX } from "./frames.ts";
import {
  BATCH_RECORDS_MAX,
  BATCH_SUMS_MAX,
  encodeBatch,
  encodeMessage,
  FRAMED_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  parseBatch,
  parseHeartbeat,
  parsePresence,
  parseReceipt,
  parseReply,
  parseRequest,
  RECONNECT_WINDOW_MS_MAX,
  REJECTS_MAX,
  SEALING_ALGORITHM,
  SLOW_MS_MAX,
  signedBytesOf,
  sumRecords,
  TOPIC_LENGTH_MAX,
  topicsOf,
  ZERO_HASH,
} from "./upload.ts";

const H16 = "00112233445566778899aabbccddeeff";
const HASH = "ab".repeat(32);
const SIG = "cd".repeat(64);
const SEALED = { hash: HASH, alg: "SM4-CBC/SM2-SM3", kid: "k1", iv: H16, body: "AAECAw==", sig: SIG };
const SUM = { kind: "operation", state: "done", count: 1, fen: 0 };
const BATCH = { tid: "T1", journalId: H16, batchSeq: 1, firstSeq: 1, lastSeq: 1, count: 1, sums: [SUM], prevHash: HASH, boot: 0, ...SEALED };
const RECEIPT = { v: 1, tid: "T1", journalId: H16, upTo: 0, hash: HASH, rejects: [{ seq: 1, reason: "x" }], need: 1, slowMs: 0, hostTimeMs: 0, sig: SIG };
const REQUEST = { v: 1, tid: "T1", reqId: H16, service: "fsi", notAfterMs: 0, ...SEALED };
const REPLY = { v: 1, tid: "T1", reqId: H16, outcome: "answered", hostTimeMs: 0, ...SEALED };
const PRESENCE = { v: 1, tid: "T1", hostTimeMs: 0, drain: false, reconnectWindowMs: 0, sig: SIG };
const HEARTBEAT = { v: 1, tid: "T1", journalId: H16, boot: 0, lastSeq: 0, receiptedThrough: 0, wallMs: Number.MIN_SAFE_INTEGER };

type Parser = (payload: Bytes) => { readonly ok: true; readonly message: object } | { readonly ok: false; readonly reason: string };

const KINDS: readonly (readonly [name: string, parse: Parser, message: Readonly<Record<string, unknown>>, bytesMax: number])[] = [
  ["batch", parseBatch, { v: 1, ...BATCH }, FRAMED_BYTES_MAX],
  ["receipt", parseReceipt, RECEIPT, PAYLOAD_BYTES_MAX],
  ["request", parseRequest, REQUEST, FRAMED_BYTES_MAX],
  ["reply", parseReply, REPLY, FRAMED_BYTES_MAX],
  ["presence", parsePresence, PRESENCE, PAYLOAD_BYTES_MAX],
  ["heartbeat", parseHeartbeat, HEARTBEAT, PAYLOAD_BYTES_MAX],
];

describe.each(KINDS)("%s", (_, parse, message, bytesMax) => {
  it("the smallest numbers are taken", () => expect(parse(encodeMessage(message))).toMatchObject({ ok: true }));

  it("a payload may be as large as its bound and no larger", () => {
    const payload = encodeMessage(message);
    const blanks = new Uint8Array(bytesMax + 1 - payload.length).fill(0x20);
    expect(parse(concat(payload, blanks.subarray(1)))).toMatchObject({ ok: true });
    expect(parse(concat(payload, blanks))).toEqual({ ok: false, reason: "too-large" });
  });

  it.each(Object.keys(message).filter((name) => !["v", "firstSeq", "lastSeq"].includes(name)))("a wrong %s is named", (name) => {
    expect(parse(encodeMessage({ ...message, [name]: { no: 1 } }))).toEqual({ ok: false, reason: `wrong-member: ${name}` });
  });
});

const failing = (parse: Parser, message: object) => {
  const parsed = parse(encodeMessage({ v: 1, ...message }));
  return parsed.ok ? "" : parsed.reason;
};

describe("numbers at their edges", () => {
  it.each<[string, Parser, object]>([
    ["batchSeq", parseBatch, { ...BATCH, batchSeq: 0 }],
    ["firstSeq", parseBatch, { ...BATCH, firstSeq: 0 }],
    ["lastSeq", parseBatch, { ...BATCH, lastSeq: 0, count: 0 }],
    ["lastSeq", parseBatch, { ...BATCH, lastSeq: BATCH_RECORDS_MAX + 1, count: BATCH_RECORDS_MAX + 1 }],
    ["count", parseBatch, { ...BATCH, count: 2 }],
    ["count", parseBatch, { ...BATCH, count: 0 }],
    ["boot", parseBatch, { ...BATCH, boot: -1 }],
    ["sums", parseBatch, { ...BATCH, sums: Array.from({ length: BATCH_SUMS_MAX + 1 }, () => SUM) }],
    ["sums", parseBatch, { ...BATCH, sums: [{ ...SUM, count: 0 }] }],
    ["sums", parseBatch, { ...BATCH, sums: [{ ...SUM, fen: -1 }] }],
    ["sums", parseBatch, { ...BATCH, sums: [{ ...SUM, kind: "A" }] }],
    ["sums", parseBatch, { ...BATCH, sums: [{ ...SUM, state: "A" }] }],
    ["upTo", parseReceipt, { ...RECEIPT, upTo: -1 }],
    ["need", parseReceipt, { ...RECEIPT, need: 0 }],
    ["rejects", parseReceipt, { ...RECEIPT, rejects: [{ seq: 0, reason: "x" }] }],
    ["rejects", parseReceipt, { ...RECEIPT, rejects: [{ seq: 1, reason: "X" }] }],
    ["slowMs", parseReceipt, { ...RECEIPT, slowMs: -1 }],
    ["slowMs", parseReceipt, { ...RECEIPT, slowMs: SLOW_MS_MAX + 1 }],
    ["hostTimeMs", parseReceipt, { ...RECEIPT, hostTimeMs: -1 }],
    ["notAfterMs", parseRequest, { ...REQUEST, notAfterMs: -1 }],
    ["hostTimeMs", parseReply, { ...REPLY, hostTimeMs: -1 }],
    ["outcome", parseReply, { ...REPLY, outcome: "answered-late" }],
    ["outcome", parseReply, { ...REPLY, outcome: "un-expired" }],
    ["hostTimeMs", parsePresence, { ...PRESENCE, hostTimeMs: -1 }],
    ["reconnectWindowMs", parsePresence, { ...PRESENCE, reconnectWindowMs: -1 }],
    ["reconnectWindowMs", parsePresence, { ...PRESENCE, reconnectWindowMs: RECONNECT_WINDOW_MS_MAX + 1 }],
    ["boot", parseHeartbeat, { ...HEARTBEAT, boot: -1 }],
    ["lastSeq", parseHeartbeat, { ...HEARTBEAT, lastSeq: -1 }],
    ["receiptedThrough", parseHeartbeat, { ...HEARTBEAT, receiptedThrough: -1 }],
  ])("%s beyond its bound is refused by name", (name, parse, message) => expect(failing(parse, message)).toBe(`wrong-member: ${name}`));

  it.each<[string, Parser, object]>([
    ["records of a batch", parseBatch, { ...BATCH, lastSeq: BATCH_RECORDS_MAX, count: BATCH_RECORDS_MAX }],
    ["sums of a batch", parseBatch, { ...BATCH, sums: Array.from({ length: BATCH_SUMS_MAX }, () => SUM) }],
    ["rejects of a receipt", parseReceipt, { ...RECEIPT, rejects: Array.from({ length: REJECTS_MAX }, () => ({ seq: 1, reason: "x" })) }],
    ["pause", parseReceipt, { ...RECEIPT, slowMs: SLOW_MS_MAX }],
    ["window", parsePresence, { ...PRESENCE, reconnectWindowMs: RECONNECT_WINDOW_MS_MAX }],
  ])("the largest %s is taken", (_, parse, message) => expect(failing(parse, message)).toBe(""));

  it("the bounds are those of the page", () => {
    expect([PAYLOAD_BYTES_MAX, TOPIC_LENGTH_MAX, FRAMED_BYTES_MAX]).toEqual([48 * 1024, 64, FRAMES_MAX * FRAME_DATA_BYTES_MAX]);
    expect([ZERO_HASH, SEALING_ALGORITHM]).toEqual(["00".repeat(32), "SM4-CBC/SM2-SM3"]);
  });
});

describe("what is read is what was written", () => {
  it.each(["answered", "expired"])("a reply that is %s", (outcome) => {
    expect(parseReply(encodeMessage({ ...REPLY, outcome }))).toMatchObject({ ok: true, message: { outcome } });
  });

  it("a receipt without need has none", () => {
    const { need: _, ...rest } = RECEIPT;
    const parsed = parseReceipt(encodeMessage(rest));
    expect(parsed.ok && "need" in parsed.message).toBe(false);
    expect(parsed.ok && toHex(parsed.message.signature)).toBe(SIG);
  });

  it("a batch, with its version", () => {
    expect(JSON.parse(new TextDecoder().decode(encodeBatch(BATCH)))).toEqual({ v: 1, ...BATCH });
    expect(parseBatch(encodeBatch(BATCH))).toEqual({ ok: true, message: BATCH });
  });

  it("signed bytes of a live message leave out body, IV and signature, and carry the version", () => {
    const { body: _, iv: __, sig: ___, ...rest } = REQUEST;
    const parsed = parseRequest(encodeMessage(REQUEST));
    expect(parsed.ok && new TextDecoder().decode(parsed.message.signedBytes)).toBe(new TextDecoder().decode(encodeMessage(rest)));
    expect(signedBytesOf({ tid: "T1" })).toEqual(utf8('{"tid":"T1","v":1}'));
    expect(parsed.ok && parsed.message.signature).toEqual(fromHex(SIG));
  });

  it("topics", () => {
    expect(topicsOf("T1")).toEqual({
      batch: "pos/v1/T1/up/txn",
      request: "pos/v1/T1/up/req",
      heartbeat: "pos/v1/T1/up/hb",
      receipt: "pos/v1/T1/dn/rcpt",
      reply: "pos/v1/T1/dn/rsp",
      presence: "pos/v1/T1/dn/hb",
    });
  });

  it("sums keep kind and state apart", () => {
    const records = [
      { kind: "quick-payment", state: "void", amountFen: 1 },
      { kind: "operation", state: "done", amountFen: 2 },
      { kind: "quick-payment", state: "done", amountFen: 4 },
      { kind: "quick-payment", state: "void", amountFen: 8 },
    ];
    expect(sumRecords(records)).toEqual([
      { kind: "operation", state: "done", count: 1, fen: 2 },
      { kind: "quick-payment", state: "done", count: 1, fen: 4 },
      { kind: "quick-payment", state: "void", count: 2, fen: 9 },
    ]);
  });
});
