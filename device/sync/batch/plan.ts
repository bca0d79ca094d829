/* Decides where a batch ends. Pure: it sees journal entries and limits, nothing else. Spec: pos/v1, 3. */
import { assert } from "../../base/assert.ts";
import { BATCH_RECORDS_MAX, type BatchHeader, PAYLOAD_BYTES_MAX, recordText, sumRecords, type UploadRecord } from "../../codec/upload.ts";
import type { JournalEntry } from "../../txn/journal/types.ts";

export interface BatchLimits {
  readonly recordsMax: number;
  /** Bound on the JSON of the records before compression, so that neither side inflates without end. */
  readonly plainBytesMax: number;
}

/** A batch stops growing here, whatever it compresses to. Spec: pos/v1, 3. */
export const PLAIN_BYTES_MAX = 1_048_576;
export const DEFAULT_BATCH_LIMITS: BatchLimits = { recordsMax: 400, plainBytesMax: PLAIN_BYTES_MAX };
/** A shrunk batch aims below the payload bound by this share, because compression does not shrink evenly. */
const SHRINK_MARGIN = 0.9;

/** An entry with the text that its batch hashes and seals. */
export interface PlannedRecord {
  readonly record: UploadRecord;
  readonly text: string;
}

/** Where the next batch continues. */
export interface BatchAnchor {
  readonly batchSeq: number;
  readonly lastSeq: number;
  readonly hash: string;
}

export interface PlannedBatch {
  readonly header: BatchHeader;
  readonly texts: readonly string[];
}

export function toUploadRecord(entry: JournalEntry): UploadRecord {
  const { seq, subject, kind, state, amount, boot, wallMs, monotonicMs, detail } = entry;
  return {
    seq,
    subject,
    kind,
    state,
    amountFen: amount,
    boot,
    wallMs,
    monotonicMs,
    detail,
    ...(entry.clock === undefined ? {} : { clock: entry.clock }),
    ...(entry.resolves === undefined ? {} : { resolves: entry.resolves }),
    ...(entry.personal === undefined ? {} : { personal: entry.personal }),
  };
}

export function planRecord(entry: JournalEntry): PlannedRecord {
  const record = toUploadRecord(entry);
  return { record, text: recordText(record) };
}

/** How many of `records` the next batch takes: at least one, else as many as the limits allow. */
export function recordsThatFit(records: readonly PlannedRecord[], limits: BatchLimits): number {
  const most = Math.min(records.length, limits.recordsMax, BATCH_RECORDS_MAX);
  let plainBytes = 2;
  for (let taken = 0; taken < most; taken += 1) {
    plainBytes += Buffer.byteLength(records[taken]?.text ?? "") + 1;
    if (plainBytes > limits.plainBytesMax && taken > 0) return taken;
  }
  return most;
}

/** Makes the batch that continues `anchor` with these records. */
export function planBatch(
  identity: { readonly tid: string; readonly journalId: string },
  anchor: BatchAnchor,
  records: readonly PlannedRecord[],
): PlannedBatch {
  const [first] = records;
  const last = records.at(-1);
  assert(first !== undefined && last !== undefined && first.record.seq === anchor.lastSeq + 1, "a batch continues the one before it");
  assert(last.record.seq - first.record.seq + 1 === records.length, "journal entries are contiguous");
  const header = {
    tid: identity.tid,
    journalId: identity.journalId,
    batchSeq: anchor.batchSeq + 1,
    firstSeq: first.record.seq,
    lastSeq: last.record.seq,
    count: records.length,
    sums: sumRecords(records.map(({ record }) => record)),
    prevHash: anchor.hash,
  };
  return { header, texts: records.map(({ text }) => text) };
}

/** How many records to try after `count` of them gave a payload of `payloadBytes`; equal to `count` when it fits or cannot shrink. */
export function shrunkCount(count: number, payloadBytes: number): number {
  if (payloadBytes <= PAYLOAD_BYTES_MAX || count <= 1) return count;
  return Math.max(1, Math.min(count - 1, Math.floor((count * SHRINK_MARGIN * PAYLOAD_BYTES_MAX) / payloadBytes)));
}
