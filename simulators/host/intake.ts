/*
 * Goal: a batch is in the ledger whole and in its place, or not at all, and the same batch may come any number of times.
 * Method: signature first, then the plaintext and its hash (which covers every field of the envelope), then the place in the chain,
 * then one transaction. Only what a valid signature vouches for can put a terminal into quarantine. Spec: pos/v1, 3 and 4.
 */
import { inflateRawSync } from "node:zlib";
import { type Bytes, concat, fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { canonicalize, canonicalText, type Json, parseJsonBytes } from "./canonical.ts";
import type { DebitOracle } from "./debits.ts";
import type { ChargeDesk } from "./debts.ts";
import type { JournalHead, Ledger } from "./ledger.ts";
import { type BatchEnvelope, parseBatchEnvelope } from "./messages.ts";
import { type PostingContext, postRecord } from "./posting.ts";
import { equalSums, ledgerText, parseRecord, type RecordParse, sumRecords } from "./records.ts";
import type { TerminalRegistry } from "./registry.ts";
import type { Sealer } from "./sealing.ts";

export type IntakeVerdict =
  | { readonly kind: "committed" | "repeated" | "gap"; readonly envelope: BatchEnvelope }
  | { readonly kind: "quarantined" | "discarded"; readonly reason: string };

export interface IntakeOptions {
  readonly clock: Clock;
  readonly suite: CipherSuite;
  readonly sealer: Sealer;
  readonly ledger: Ledger;
  readonly terminals: TerminalRegistry;
  readonly debitOracle: DebitOracle;
  readonly charges?: ChargeDesk;
}

/** Inflated records of one payload of 48 KiB stay far below this; a deflate bomb does not. */
const RECORDS_TEXT_MAX = 8 * 1024 * 1024;

function discarded(reason: string): IntakeVerdict {
  return { kind: "discarded", reason };
}

function inflate(deflated: Bytes): Bytes | undefined {
  try {
    return inflateRawSync(deflated, { maxOutputLength: RECORDS_TEXT_MAX });
  } catch {
    // Whatever zlib dislikes about bytes from outside is one answer: not a deflate stream of ours.
    return undefined;
  }
}

export class BatchIntake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Judges one payload that came on the batch topic of `topicTid`. Never throws on what came. */
  receive(topicTid: string, payload: Bytes): IntakeVerdict {
    const { ledger, sealer, terminals } = this.#options;
    const envelope = parseBatchEnvelope(payload);
    if (envelope === undefined) return discarded("malformed");
    if (envelope.tid !== topicTid) return discarded("tid-of-another");
    const terminal = terminals.find(topicTid);
    if (terminal === undefined) return discarded("unregistered");
    if (!terminal.kids.includes(envelope.sealed.kid)) return discarded("key-not-allowed");
    if (!sealer.verify(terminal.publicKey, concat(fromHex(envelope.hash), utf8(envelope.tid)), envelope.sig)) return discarded("signature-wrong");
    if (ledger.quarantined(topicTid)) return discarded("in-quarantine");
    const known = ledger.batchHash(envelope.tid, envelope.journalId, envelope.batchSeq);
    // The signature covers the hash, so the same hash is the same batch whatever this copy's body looks like.
    if (known === envelope.hash) return { kind: "repeated", envelope };
    const records = this.#open(envelope);
    if (records === undefined) return discarded("body-wrong");
    return this.#place(envelope, records, known);
  }

  /** The records, when body and envelope are exactly what the signed hash covers. */
  #open(envelope: BatchEnvelope): readonly unknown[] | undefined {
    const deflated = this.#options.sealer.open(envelope.sealed);
    const text = deflated === undefined ? undefined : inflate(deflated);
    const parsed = text === undefined ? undefined : parseJsonBytes(text);
    if (parsed?.ok !== true || !Array.isArray(parsed.value)) return undefined;
    const { tid, journalId, batchSeq, firstSeq, lastSeq, count, prevHash } = envelope;
    const sums: Json = envelope.sums.map((row) => ({ ...row }));
    const plain = canonicalize({ tid, journalId, batchSeq, firstSeq, lastSeq, count, sums, prevHash, records: parsed.value as unknown });
    if (plain === undefined || this.#options.sealer.hash(utf8(plain)) !== envelope.hash) return undefined;
    return parsed.value as readonly unknown[];
  }

  #place(envelope: BatchEnvelope, records: readonly unknown[], known: string | undefined): IntakeVerdict {
    const { ledger } = this.#options;
    if (known !== undefined) return this.#quarantine(envelope, "equivocation", known);
    const owner = ledger.ownerOf(envelope.journalId);
    if (owner !== undefined && owner !== envelope.tid) return this.#quarantine(envelope, "journal-of-another-terminal", "");
    const head = ledger.head(envelope.tid, envelope.journalId);
    if (envelope.batchSeq !== head.upTo + 1) return { kind: "gap", envelope };
    if (envelope.prevHash !== head.hash) return this.#quarantine(envelope, "chain-forked", head.hash);
    if (envelope.firstSeq !== head.lastSeq + 1) return this.#quarantine(envelope, "sequence-broken", head.hash);
    this.#commit(envelope, records, head);
    return { kind: "committed", envelope };
  }

  #quarantine(envelope: BatchEnvelope, reason: string, expectedHash: string): IntakeVerdict {
    const { ledger, clock } = this.#options;
    const { tid, journalId, batchSeq, hash } = envelope;
    ledger.quarantine({ tid, journalId, batchSeq, reason, expectedHash, receivedHash: hash }, clock.wallMs());
    return { kind: "quarantined", reason };
  }

  #commit(envelope: BatchEnvelope, records: readonly unknown[], head: JournalHead): void {
    const { ledger, suite, clock, debitOracle, charges } = this.#options;
    const { tid, journalId, batchSeq, hash, firstSeq, lastSeq, sealed, sig } = envelope;
    const evidenceHash: PostingContext["hash"] = ({ evidence }) => toHex(suite.sm3(evidence));
    const context: PostingContext = { ledger, tid, journalId, debitOracle, hash: evidenceHash, ...(charges === undefined ? {} : { charges }) };
    const wholeBatch = batchObstacle(envelope, records);
    ledger.inTransaction(() => {
      ledger.addBatch({
        tid,
        journalId,
        batchSeq,
        hash,
        prevHash: head.hash,
        firstSeq,
        lastSeq,
        receivedMs: clock.wallMs(),
        sealed: canonicalText({ ...sealed, sig }),
      });
      for (let seq = firstSeq; seq <= lastSeq; seq += 1) {
        const value = records[seq - firstSeq];
        const parsed = parseRecord(value, { journalId, seq });
        const reason = wholeBatch ?? this.#post(context, parsed);
        if (reason !== undefined) ledger.addReject({ tid, journalId, batchSeq, seq, reason, record: ledgerText(value) });
        else if (parsed.ok) addRecord(ledger, envelope, { parsed, text: ledgerText(value) });
      }
    });
  }

  #post(context: PostingContext, parsed: RecordParse): string | undefined {
    return parsed.ok ? postRecord(context, parsed.record) : parsed.reason;
  }
}

/** Why no record of a batch can be posted: its own counts and sums contradict its records. */
function batchObstacle(envelope: BatchEnvelope, records: readonly unknown[]): string | undefined {
  if (records.length !== envelope.count) return "count-mismatch";
  const sums = sumRecords(records);
  // Where a record is too broken to be summed, that record is parked by itself and the others are judged one by one.
  return sums === undefined || equalSums(sums, envelope.sums) ? undefined : "sum-mismatch";
}

function addRecord(ledger: Ledger, envelope: BatchEnvelope, entry: { readonly parsed: RecordParse & { readonly ok: true }; readonly text: string }): void {
  const { tid, journalId, batchSeq } = envelope;
  const { seq, subject, kind, state, amountFen } = entry.parsed.record;
  ledger.addRecord({ tid, journalId, batchSeq, seq, subject, kind, state, amountFen, record: entry.text });
}
