/* An entry between its three forms: draft of a flow, row of the store, entry for readers. */
import { assert } from "../../base/assert.ts";
import { utf8 } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { type Fen, fen } from "../../base/fen.ts";
import type { StoredEntry } from "../../base/ports.ts";
import { canonicalJson } from "../../codec/json.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { nextLink, readBody, sealedHashOf } from "./chain.ts";
import type { Sealing } from "./sealing.ts";
import type { ClockQuality, ClockWord, JournalEntry, JsonObject, Movement, RecordKind, RecordState } from "./types.ts";

export interface EntryTools {
  readonly suite: CipherSuite;
  readonly sealing: Sealing;
  readonly journalId: string;
}

/** A new entry before it has a hash. */
export interface EntryFields extends Omit<JournalEntry, "hash"> {
  readonly cardKey: string;
}

const KINDS: readonly RecordKind[] = [
  "quick-payment",
  "medical-purchase",
  "medical-order",
  "medical-void",
  "cash-tender",
  "cash-refund",
  "offline-medical",
  "stock-upload",
  "passage",
  "delayed-charge",
  "bank-payment",
  "bank-return",
  "purse-load",
  "bank-settlement",
  "contribution",
  "operation",
];
const QUALITIES: readonly ClockQuality[] = ["trusted", "held", "untrusted"];
/** The word of a clock that nobody has judged. */
export const UNTRUSTED: ClockWord = Object.freeze({ quality: "untrusted" });
const STATES: readonly RecordState[] = ["prepared", "acting", "done", "refused", "unknown", "resolving", "void"];

/** Seals, writes and chains an entry after the hash `previous`. */
export function makeStored(tools: EntryTools, previous: string, fields: EntryFields): StoredEntry {
  const { personal, cardKey, amount, resolves, ...rest } = fields;
  const sealed = personal === undefined ? undefined : sealPersonal(tools, fields.seq, personal);
  const sealedHash = sealed === undefined ? undefined : sealedHashOf(tools.suite, sealed);
  const body = canonicalJson({ v: 1, ...rest, amountFen: amount, resolves, cardKey: cardKey === "" ? undefined : cardKey, sealedHash });
  const hash = nextLink(tools.suite, previous, { body, sealedHash });
  return { seq: fields.seq, subject: fields.subject, kind: fields.kind, state: fields.state, body, hash, ...(sealed === undefined ? {} : { sealed }) };
}

/** Reads a stored entry back, its personal part opened. Faults: "store-corrupt". */
export function readStored(tools: EntryTools, stored: StoredEntry): JournalEntry {
  const body = readBody(stored.body);
  if (body === undefined) throw corrupt(stored.seq, "is not readable");
  const personal = stored.sealed === undefined ? undefined : openPersonal(tools, stored.seq, stored.sealed);
  const resolves = body["resolves"];
  const clock = body["clock"];
  return Object.freeze({
    seq: stored.seq,
    subject: stored.subject,
    kind: oneOf(KINDS, stored.kind, stored.seq),
    state: oneOf(STATES, stored.state, stored.seq),
    amount: amountOf(body["amountFen"], stored.seq),
    boot: integer(body["boot"], stored.seq),
    wallMs: integer(body["wallMs"], stored.seq),
    monotonicMs: integer(body["monotonicMs"], stored.seq),
    ...(clock === undefined ? {} : { clock: clockOf(clock, stored.seq) }),
    ...(resolves === undefined ? {} : { resolves: integer(resolves, stored.seq) }),
    detail: objectOf(body["detail"], stored.seq),
    ...(personal === undefined ? {} : { personal }),
    hash: stored.hash,
  });
}

/** What books of limits need of a stored entry; its personal part stays closed. Faults: "store-corrupt". */
export function readMovement(stored: StoredEntry): Movement {
  const { seq } = stored;
  const body = readBody(stored.body);
  if (body === undefined) throw corrupt(seq, "is not readable");
  const { cardKey, clock, detail } = body;
  return {
    seq,
    firstSeq: integer(Number(stored.subject.slice(stored.subject.lastIndexOf("-") + 1)), seq),
    kind: oneOf(KINDS, stored.kind, seq),
    state: oneOf(STATES, stored.state, seq),
    amountFen: amountOf(body["amountFen"], seq),
    cardKey: typeof cardKey === "string" ? cardKey : "",
    boot: integer(body["boot"], seq),
    wallMs: integer(body["wallMs"], seq),
    monotonicMs: integer(body["monotonicMs"], seq),
    clock: clock === undefined ? UNTRUSTED : clockOf(clock, seq),
    ...(detail === undefined ? {} : holdOf(objectOf(detail, seq))),
  };
}

/** What a record says of an amount that is held on its card; nothing of most. */
export function holdOf(detail: JsonObject): Pick<Movement, "hold"> {
  const { industryUse: use, heldFen } = detail;
  if (use !== "pre-authorization" && use !== "completion") return {};
  return { hold: { use, heldFen: typeof heldFen === "number" ? heldFen : 0 } };
}

/** A kind or state read back from the store. Faults: "store-corrupt". */
export function kindOf(kind: string, seq: number): RecordKind {
  return oneOf(KINDS, kind, seq);
}

export function stateOf(state: string, seq: number): RecordState {
  return oneOf(STATES, state, seq);
}

export { KINDS };

function sealPersonal(tools: EntryTools, seq: number, personal: JsonObject): Uint8Array {
  const plaintext = utf8(canonicalJson(personal));
  const sealed = tools.sealing.seal({ journalId: tools.journalId, seq }, plaintext);
  plaintext.fill(0);
  return sealed;
}

function openPersonal(tools: EntryTools, seq: number, sealed: Uint8Array): JsonObject {
  const plaintext = tools.sealing.open({ journalId: tools.journalId, seq }, sealed);
  if (plaintext === undefined) throw corrupt(seq, "has a personal part that this terminal did not seal");
  return objectOf(readBody(new TextDecoder().decode(plaintext)), seq);
}

function objectOf(value: unknown, seq: number): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw corrupt(seq, "lacks a part");
  // It came out of JSON.parse, so its members are JSON values.
  return value as JsonObject;
}

function clockOf(value: unknown, seq: number): ClockWord {
  const { quality, errorMs } = objectOf(value, seq);
  const word = oneOf(QUALITIES, typeof quality === "string" ? quality : "", seq);
  return errorMs === undefined ? { quality: word } : { quality: word, errorMs: integer(errorMs, seq) };
}

function integer(value: unknown, seq: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw corrupt(seq, "has a malformed number");
  return value;
}

function amountOf(value: unknown, seq: number): Fen {
  const amount = integer(value, seq);
  if (amount < 0) throw corrupt(seq, "has a negative amount");
  return fen(amount);
}

function oneOf<Word extends string>(words: readonly Word[], word: string, seq: number): Word {
  const found = words.find((known) => known === word);
  if (found === undefined) throw corrupt(seq, "has a word that nobody knows");
  return found;
}

function corrupt(seq: number, what: string): Fault {
  assert(seq >= 0, "sequences count up");
  return new Fault("store-corrupt", `journal entry ${seq} ${what}`, { effectUnknown: false });
}
