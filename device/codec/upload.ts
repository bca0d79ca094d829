/* Every message between terminal and head-end: shapes, strict parsers, builders. Spec: pos/v1, 3 to 6. */
import { type Bytes, concat, fromHex, utf8 } from "../base/bytes.ts";
import { canonicalJson } from "./json.ts";
import {
  HASH_SHAPE,
  HEX_16_BYTES_SHAPE,
  type MemberReader,
  type MessageObject,
  type MessageParse,
  NAME_SHAPE,
  parseMessage,
  SIGNATURE_SHAPE,
  TERMINAL_ID_SHAPE,
  WORD_SHAPE,
} from "./upload-fields.ts";

/** Largest payload of one MQTT message. Spec: pos/v1, 1. */
export const PAYLOAD_BYTES_MAX = 49_152;
/** Largest topic and client identifier, in characters. Spec: pos/v1, 1. */
export const TOPIC_LENGTH_MAX = 64;
/** Hash that stands before the first batch. */
export const ZERO_HASH = "0".repeat(64);
/** The one way of sealing and signing that this version knows, as the member `alg` names it. Spec: pos/v1, 2. */
export const SEALING_ALGORITHM = "SM4-CBC/SM2-SM3";
/** What travels in frames stays below this (64 frames of 32 KiB). */
export const FRAMED_BYTES_MAX = 64 * 32_768;
/** Records of one batch. Spec: pos/v1, 3. */
export const BATCH_RECORDS_MAX = 10_000;
/** Rows of sums in a batch: more than there are pairs of kind and state. */
export const BATCH_SUMS_MAX = 64;
/** Rejected records that one receipt can name. */
export const REJECTS_MAX = 1_000;
/** Longest pause between batches that a terminal obeys. */
export const SLOW_MS_MAX = 600_000;
/** Widest window over which a terminal lets a host spread its reconnects. */
export const RECONNECT_WINDOW_MS_MAX = 600_000;

/** Count and sum in fen of the records of one kind and state; the host compares them with what it finds inside. Spec: pos/v1, 3. */
export interface BatchSum {
  readonly kind: string;
  readonly state: string;
  readonly count: number;
  readonly fen: number;
}

/** What the hash of a batch covers besides its records. */
export interface BatchHeader {
  readonly tid: string;
  readonly journalId: string;
  readonly batchSeq: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly count: number;
  readonly sums: readonly BatchSum[];
  readonly prevHash: string;
}

/** One journal entry as it travels. */
export interface UploadRecord {
  readonly seq: number;
  readonly subject: string;
  readonly kind: string;
  readonly state: string;
  readonly amountFen: number;
  readonly boot: number;
  readonly wallMs: number;
  readonly monotonicMs: number;
  /** How far `wallMs` may be relied on; absent in records of terminals that did not judge their clock. */
  readonly clock?: { readonly quality: string; readonly errorMs?: number };
  readonly resolves?: number;
  readonly detail: MessageObject;
  readonly personal?: MessageObject;
}

interface Sealed {
  readonly hash: string;
  readonly alg: string;
  readonly kid: string;
  /** 16 bytes in hexadecimal. */
  readonly iv: string;
  /** Ciphertext in base64. */
  readonly body: string;
  readonly sig: string;
}

/** A batch as it travels: the header in the clear, the records sealed in `body`. Spec: pos/v1, 3. */
export interface BatchEnvelope extends BatchHeader, Sealed {
  readonly boot: number;
}

/** A record that the host has received but parked, with the reason as a stable word. Spec: pos/v1, 4. */
export interface Reject {
  readonly seq: number;
  readonly reason: string;
}

/** The host's word that it holds every batch up to `upTo` for good; nothing less lets a record go. Spec: pos/v1, 4. */
export interface Receipt {
  readonly tid: string;
  readonly journalId: string;
  /** The last batch that is committed in the host's database; 0 for none. */
  readonly upTo: number;
  /** Hash of that batch, or {@link ZERO_HASH}. */
  readonly hash: string;
  readonly rejects: readonly Reject[];
  /** The batch that the host wants next, where it misses one. */
  readonly need?: number;
  /** Pause that the host asks for between batches; 0 for none. */
  readonly slowMs: number;
  /** Milliseconds since 1970 UTC by the host's clock. */
  readonly hostTimeMs: number;
}

/** A question that is worth something only while somebody waits for its answer. Spec: pos/v1, 5. */
export interface LiveRequest {
  readonly tid: string;
  readonly reqId: string;
  readonly service: string;
  /** Host time after which nobody may act on the request. */
  readonly notAfterMs: number;
}

/** The answer to a live request. "expired" promises that the service never saw the request and never will. Spec: pos/v1, 5. */
export interface LiveReply {
  readonly tid: string;
  readonly reqId: string;
  readonly outcome: "answered" | "expired";
  readonly hostTimeMs: number;
}

/** What a terminal says of itself; the host finds in it whether something has been lost. Spec: pos/v1, 6. */
export interface Heartbeat {
  readonly tid: string;
  readonly journalId: string;
  /** Starts of the terminal so far. */
  readonly boot: number;
  /** Newest record of the journal, 0 for none. */
  readonly lastSeq: number;
  /** Newest record that the terminal counts as receipted, 0 for none. */
  readonly receiptedThrough: number;
  /** Milliseconds since 1970 UTC as the terminal believes; may be wrong, and before 1970. */
  readonly wallMs: number;
  /** The first batch that can still be sent, its first record and the hash that it continues; absent where all of them can. */
  readonly held?: { readonly batch: number; readonly seq: number; readonly prevHash: string };
  /** How the terminal is; not in every heartbeat. */
  readonly state?: TerminalState;
}

/** What whoever looks after a fleet wants to know of a terminal. Nothing personal. Spec: pos/v1, 6. */
export interface TerminalState {
  readonly version: string;
  /** Set of parameters in force; absent: none. */
  readonly parameters?: string;
  readonly clock: "trusted" | "held" | "untrusted";
  /** Sales that the host has not receipted: how many, their sum, the age of the oldest in milliseconds, and how many whose outcome nobody knows. */
  readonly exposure: { readonly count: number; readonly sumFen: number; readonly unknown: number; readonly oldestAgeMs?: number };
  readonly journal: { readonly usedBytes: number; readonly limitBytes: number };
  readonly devices: readonly { readonly role: string; readonly state: "ready" | "absent" | "failed"; readonly code?: string }[];
  /** Of an eMMC: life used in tenths, and its reserve (1 normal, 2 warning, 3 urgent); absent where the medium does not tell. */
  readonly wear?: { readonly lifeTenths: number; readonly reserve: number };
  /** Key-loading orders that are not as ordered, sixteen at most; none: all are. Absent: nothing is ordered, or nobody looks. */
  readonly keys?: readonly { readonly place: "psam" | "pin-pad"; readonly name: string; readonly state: string }[];
}

/** What the host says of itself: that it is there, and how fast it may be approached. Spec: pos/v1, 6. */
export interface Presence {
  readonly tid: string;
  readonly hostTimeMs: number;
  /** False asks the terminal to keep its batches for now. */
  readonly drain: boolean;
  /** Time over which the fleet spreads its reconnects; 0 for none. */
  readonly reconnectWindowMs: number;
}

/** A parsed message with the exact bytes that its signature covers, unknown members included. */
export interface Signed {
  readonly signedBytes: Bytes;
  /** Signature r ‖ s, 64 bytes. */
  readonly signature: Bytes;
}

const UNSEALED = ["sig"];
const SEALED = ["body", "iv", "sig"];

/** UTF-8 of the canonical JSON of an object of our own. */
export function encodeMessage(message: object): Bytes {
  return utf8(canonicalJson(message));
}

function without(object: MessageObject, names: readonly string[]): MessageObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

function signed(object: MessageObject, members: MemberReader, leftOut: readonly string[]): Signed {
  const sig = members.text("sig", SIGNATURE_SHAPE);
  return { signedBytes: encodeMessage(without(object, leftOut)), signature: fromHex(sig) };
}

/** What an unsigned receipt, presence message or heartbeat is signed over. `leftOut` names are sealed parts. */
export function signedBytesOf(message: object): Bytes {
  return encodeMessage(without({ v: 1, ...message }, SEALED));
}

/** The bytes that the signature of a batch covers: the 32 bytes of its hash, then the terminal number. Spec: pos/v1, 3. */
export function batchSignedBytes(hash: string, tid: string): Bytes {
  return concat(fromHex(hash), utf8(tid));
}

/** Canonical JSON of one record; what a batch hashes and seals is made of these texts. */
export function recordText(record: UploadRecord): string {
  return canonicalJson(record);
}

/** The plaintext that is sealed: the JSON array of the records. */
export function recordsText(texts: readonly string[]): string {
  return `[${texts.join(",")}]`;
}

/**
 * The plaintext that is hashed, without its records: what stands before and after them. Together they equal the canonical JSON of header and
 * records; the records' own text is put between, so that hundreds of records are not walked again.
 */
export function batchPlaintextAround(header: BatchHeader): { readonly before: string; readonly after: string } {
  const { sums, tid, ...first } = header;
  return { before: `${canonicalJson(first).slice(0, -1)},"records":`, after: `,"sums":${canonicalJson(sums)},"tid":${canonicalJson(tid)}}` };
}

/** The plaintext that is hashed. `records` is the text of {@link recordsText}. */
export function batchPlaintext(header: BatchHeader, records: string): string {
  const { before, after } = batchPlaintextAround(header);
  return `${before}${records}${after}`;
}

/** Sums by (kind, state) in the order of the page. Spec: pos/v1, 3. */
export function sumRecords(records: readonly Pick<UploadRecord, "kind" | "state" | "amountFen">[]): readonly BatchSum[] {
  const rows = new Map<string, BatchSum>();
  for (const { kind, state, amountFen } of records) {
    const key = `${kind} ${state}`;
    const row = rows.get(key) ?? { kind, state, count: 0, fen: 0 };
    rows.set(key, { kind, state, count: row.count + 1, fen: row.fen + amountFen });
  }
  const order = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);
  return [...rows.values()].sort((left, right) => order(left.kind, right.kind) || order(left.state, right.state));
}

function readSum(members: MemberReader): BatchSum {
  return {
    kind: members.text("kind", WORD_SHAPE),
    state: members.text("state", WORD_SHAPE),
    count: members.integer("count", 1),
    fen: members.integer("fen", 0),
  };
}

function readSealed(members: MemberReader): Omit<Sealed, "sig"> {
  return {
    hash: members.text("hash", HASH_SHAPE),
    alg: members.text("alg", NAME_SHAPE),
    kid: members.text("kid", NAME_SHAPE),
    iv: members.text("iv", HEX_16_BYTES_SHAPE),
    body: members.base64("body"),
  };
}

/** Reads a batch envelope; whether hash, sums and records agree is for whoever opens it. Never throws. */
export function parseBatch(payload: Bytes): MessageParse<BatchEnvelope> {
  return parseMessage(payload, FRAMED_BYTES_MAX, (members) => {
    members.version();
    const firstSeq = members.integer("firstSeq", 1);
    const lastSeq = members.integer("lastSeq", firstSeq, firstSeq + BATCH_RECORDS_MAX - 1);
    const count = lastSeq - firstSeq + 1;
    return {
      tid: members.text("tid", TERMINAL_ID_SHAPE),
      journalId: members.text("journalId", HEX_16_BYTES_SHAPE),
      batchSeq: members.integer("batchSeq", 1),
      firstSeq,
      lastSeq,
      count: members.integer("count", count, count),
      sums: members.list("sums", BATCH_SUMS_MAX, readSum),
      prevHash: members.text("prevHash", HASH_SHAPE),
      boot: members.integer("boot", 0),
      ...readSealed(members),
      sig: members.text("sig", SIGNATURE_SHAPE),
    };
  });
}

/** Builds the payload of a batch. */
export function encodeBatch(envelope: BatchEnvelope): Bytes {
  return encodeMessage({ v: 1, ...envelope });
}

function readReject(members: MemberReader): Reject {
  return { seq: members.integer("seq", 1), reason: members.text("reason", WORD_SHAPE) };
}

/** Reads a receipt. Spec: pos/v1, 4. Never throws. */
export function parseReceipt(payload: Bytes): MessageParse<Receipt & Signed> {
  return parseMessage(payload, PAYLOAD_BYTES_MAX, (members, object) => {
    members.version();
    return {
      tid: members.text("tid", TERMINAL_ID_SHAPE),
      journalId: members.text("journalId", HEX_16_BYTES_SHAPE),
      upTo: members.integer("upTo", 0),
      hash: members.text("hash", HASH_SHAPE),
      rejects: members.list("rejects", REJECTS_MAX, readReject),
      ...(members.has("need") ? { need: members.integer("need", 1) } : {}),
      slowMs: members.integer("slowMs", 0, SLOW_MS_MAX),
      hostTimeMs: members.integer("hostTimeMs", 0),
      ...signed(object, members, UNSEALED),
    };
  });
}

/** Reads a live request, whole or put together from frames. Spec: pos/v1, 5. Never throws. */
export function parseRequest(payload: Bytes): MessageParse<LiveRequest & Sealed & Signed> {
  return parseMessage(payload, FRAMED_BYTES_MAX, (members, object) => {
    members.version();
    return {
      tid: members.text("tid", TERMINAL_ID_SHAPE),
      reqId: members.text("reqId", HEX_16_BYTES_SHAPE),
      service: members.text("service", WORD_SHAPE),
      notAfterMs: members.integer("notAfterMs", 0),
      ...readSealed(members),
      sig: members.text("sig", SIGNATURE_SHAPE),
      ...signed(object, members, SEALED),
    };
  });
}

/** Reads a live reply, whole or put together from frames. Spec: pos/v1, 5. Never throws. */
export function parseReply(payload: Bytes): MessageParse<LiveReply & Sealed & Signed> {
  return parseMessage(payload, FRAMED_BYTES_MAX, (members, object) => {
    members.version();
    const outcome = members.text("outcome", /^(?:answered|expired)$/);
    return {
      tid: members.text("tid", TERMINAL_ID_SHAPE),
      reqId: members.text("reqId", HEX_16_BYTES_SHAPE),
      outcome: outcome === "answered" ? ("answered" as const) : ("expired" as const),
      hostTimeMs: members.integer("hostTimeMs", 0),
      ...readSealed(members),
      sig: members.text("sig", SIGNATURE_SHAPE),
      ...signed(object, members, SEALED),
    };
  });
}

/** Reads a terminal's heartbeat. Spec: pos/v1, 6. Never throws. */
export function parseHeartbeat(payload: Bytes): MessageParse<Heartbeat> {
  return parseMessage(payload, PAYLOAD_BYTES_MAX, (members) => {
    members.version();
    return {
      tid: members.text("tid", TERMINAL_ID_SHAPE),
      journalId: members.text("journalId", HEX_16_BYTES_SHAPE),
      boot: members.integer("boot", 0),
      lastSeq: members.integer("lastSeq", 0),
      receiptedThrough: members.integer("receiptedThrough", 0),
      wallMs: members.integer("wallMs", Number.MIN_SAFE_INTEGER),
    };
  });
}

/** Builds the payload of a heartbeat. */
export function encodeHeartbeat(heartbeat: Heartbeat): Bytes {
  return encodeMessage({ v: 1, ...heartbeat });
}

/** Reads the host's presence message. Spec: pos/v1, 6. Never throws. */
export function parsePresence(payload: Bytes): MessageParse<Presence & Signed> {
  return parseMessage(payload, PAYLOAD_BYTES_MAX, (members, object) => {
    members.version();
    return {
      tid: members.text("tid", TERMINAL_ID_SHAPE),
      hostTimeMs: members.integer("hostTimeMs", 0),
      drain: members.flag("drain"),
      reconnectWindowMs: members.integer("reconnectWindowMs", 0, RECONNECT_WINDOW_MS_MAX),
      ...signed(object, members, UNSEALED),
    };
  });
}

/** Topics of one terminal. Spec: pos/v1, 1. */
export function topicsOf(tid: string): Readonly<Record<"batch" | "request" | "heartbeat" | "receipt" | "reply" | "presence", string>> {
  const root = `pos/v1/${tid}`;
  return {
    batch: `${root}/up/txn`,
    request: `${root}/up/req`,
    heartbeat: `${root}/up/hb`,
    receipt: `${root}/dn/rcpt`,
    reply: `${root}/dn/rsp`,
    presence: `${root}/dn/hb`,
  };
}
