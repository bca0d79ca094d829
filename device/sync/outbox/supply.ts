/*
 * Goal: batches ready to publish, the same after a power cut as before it.
 * Method: new boundaries are sealed first (that gives the hash), then made durable, then handed out. A kept batch is made again from the journal
 * and must hash to what its boundary says. Entries are read in pages, so that no slice on this thread gets long.
 */
import { AssertionFailure } from "../../base/assert.ts";
import { type Bytes, utf8 } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Randomness, StoredBatch } from "../../base/ports.ts";
import { canonicalJson, isObject, parseJson } from "../../codec/json.ts";
import { PAYLOAD_BYTES_MAX, recordsText, ZERO_HASH } from "../../codec/upload.ts";
import { HASH_SHAPE } from "../../codec/upload-fields.ts";
import type { UploadJournal } from "../../txn/journal/types.ts";
import {
  type BatchAnchor,
  type BatchLimits,
  type PlannedBatch,
  type PlannedRecord,
  planBatch,
  planRecord,
  recordsThatFit,
  shrunkCount,
} from "../batch/plan.ts";
import type { BatchSealer, SealedBatch } from "../batch/seal.ts";
import { IV_BYTES } from "../sealing.ts";

const PAGE_ENTRIES = 32;
/** Payloads kept for sending again without sealing again. */
const KEPT_PAYLOADS_MAX = 8;
/** Below this share of the payload bound a batch tells that more records would fit. */
const ROOMY = 0.85;
/** Attempts to shrink one batch until it fits; each takes off at least a tenth. */
const SHRINK_ATTEMPTS_MAX = 64;

const START: BatchAnchor = { batchSeq: 0, lastSeq: 0, hash: ZERO_HASH };

export interface SupplyParts {
  readonly journal: UploadJournal;
  readonly sealer: BatchSealer;
  readonly randomness: Randomness;
  readonly limits: BatchLimits;
}

/** Previous hash of a stored batch, or undefined when its detail is not what we wrote. */
export function previousHashOf(batch: StoredBatch): string | undefined {
  const detail = parseJson(batch.detail);
  if (!detail.ok || !isObject(detail.value)) return undefined;
  const { prevHash } = detail.value;
  return typeof prevHash === "string" && HASH_SHAPE.test(prevHash) ? prevHash : undefined;
}

export class BatchSupply {
  readonly #parts: SupplyParts;
  readonly #kept = new Map<number, Bytes>();
  #anchor: BatchAnchor = START;
  /** How many records fitted one payload lately, so that a batch is rarely sealed twice. */
  #fitting: number;

  constructor(parts: SupplyParts) {
    this.#parts = parts;
    this.#fitting = parts.limits.recordsMax;
  }

  /** Reads where the batches stand. Call once, before anything else. Faults: those of the journal. */
  async open(): Promise<BatchAnchor> {
    const last = await this.#parts.journal.lastBatch();
    if (last !== undefined) this.#anchor = last;
    return this.#anchor;
  }

  /** Makes up to `batchesMax` new batches durable and gives the last one. Faults: "store-broken", "process-failed". */
  async plan(batchesMax: number): Promise<BatchAnchor> {
    const { journal } = this.#parts;
    const made: { readonly stored: StoredBatch; readonly payload: Bytes }[] = [];
    let anchor = this.#anchor;
    let reading = this.#fill([], anchor.lastSeq + 1);
    while (made.length < batchesMax) {
      const records = await reading;
      if (records.length === 0) break;
      const sealing = this.#sealFitting(anchor, records);
      // The journal is read on while the batch is sealed elsewhere.
      reading = made.length + 1 < batchesMax ? this.#readAhead(records) : reading;
      const { planned, sealed } = await sealing;
      const { batchSeq, firstSeq, lastSeq, prevHash, sums, count } = planned.header;
      made.push({
        stored: { batchSeq, firstSeq, lastSeq, hash: sealed.hash, receipted: false, detail: canonicalJson({ prevHash, sums }) },
        payload: sealed.payload,
      });
      anchor = { batchSeq, lastSeq, hash: sealed.hash };
      if (made.length < batchesMax) reading = this.#fill((await reading).slice(count), anchor.lastSeq + 1);
    }
    if (made.length > 0) await journal.commitBatches(made.map(({ stored }) => stored));
    this.#anchor = anchor;
    for (const { stored, payload } of made) this.#keep(stored.batchSeq, payload);
    return anchor;
  }

  /** The payload of a durable batch; undefined when the journal no longer gives the batch that its boundary names. */
  async payload(batchSeq: number): Promise<Bytes | undefined> {
    const kept = this.#kept.get(batchSeq);
    if (kept !== undefined) return kept;
    const stored = await this.#parts.journal.batch(batchSeq);
    const prevHash = stored === undefined ? undefined : previousHashOf(stored);
    // A boundary may outlive its records: receipts name it, and the next one continues it.
    if (stored === undefined || prevHash === undefined || stored.firstSeq < this.#parts.journal.firstSeq) return undefined;
    const records = await this.#read(stored.firstSeq, stored.lastSeq - stored.firstSeq + 1);
    if (records.length !== stored.lastSeq - stored.firstSeq + 1) return undefined;
    const planned = planBatch(this.#identity(), { batchSeq: batchSeq - 1, lastSeq: stored.firstSeq - 1, hash: prevHash }, records);
    const sealed = await this.#seal(planned);
    if (sealed.hash !== stored.hash) return undefined;
    this.#keep(batchSeq, sealed.payload);
    return sealed.payload;
  }

  /** Payloads up to here are not expected to be needed again. */
  forget(throughBatch: number): void {
    for (const batchSeq of this.#kept.keys()) {
      if (batchSeq <= throughBatch) this.#kept.delete(batchSeq);
    }
  }

  #identity(): { readonly tid: string; readonly journalId: string } {
    return { tid: this.#parts.journal.terminalId, journalId: this.#parts.journal.journalId };
  }

  /** Continues `records`, which begin at `fromSeq`, up to what one batch may take, and not beyond what is durable now. */
  async #fill(records: readonly PlannedRecord[], fromSeq: number): Promise<readonly PlannedRecord[]> {
    const wanted = Math.min(this.#wanted(), this.#parts.journal.lastSeq - fromSeq + 1);
    if (records.length >= wanted) return records;
    return [...records, ...(await this.#read(fromSeq + records.length, wanted - records.length))];
  }

  /** `records` and what follows them, as much as the batch after them will want. A fault waits for whoever awaits it. */
  #readAhead(records: readonly PlannedRecord[]): Promise<readonly PlannedRecord[]> {
    const last = records.at(-1);
    const fromSeq = (last === undefined ? 0 : last.record.seq) + 1;
    const ahead = this.#fill([], fromSeq).then((more) => [...records, ...more]);
    ahead.catch(() => undefined);
    return ahead;
  }

  /** Records that the next batch asks for: as many as fitted lately, and a few more while there was room. */
  #wanted(): number {
    return Math.min(this.#parts.limits.recordsMax, this.#fitting);
  }

  async #read(fromSeq: number, count: number): Promise<PlannedRecord[]> {
    const records: PlannedRecord[] = [];
    while (records.length < count) {
      const page = await this.#parts.journal.entries(fromSeq + records.length, Math.min(PAGE_ENTRIES, count - records.length));
      if (page.length === 0) break;
      if (page[0]?.seq !== fromSeq + records.length) throw new Fault("store-corrupt", "the journal has a gap", { effectUnknown: false });
      records.push(...page.map(planRecord));
    }
    return records;
  }

  async #sealFitting(anchor: BatchAnchor, records: readonly PlannedRecord[]): Promise<{ readonly planned: PlannedBatch; readonly sealed: SealedBatch }> {
    let count = recordsThatFit(records, this.#parts.limits);
    for (let attempt = 0; attempt < SHRINK_ATTEMPTS_MAX; attempt += 1) {
      const planned = planBatch(this.#identity(), anchor, records.slice(0, count));
      const sealed = await this.#seal(planned);
      const smaller = shrunkCount(count, sealed.payload.length);
      if (smaller === count) {
        if (sealed.payload.length < PAYLOAD_BYTES_MAX * ROOMY && count >= this.#fitting) this.#fitting = count + Math.ceil(count / 8);
        return { planned, sealed };
      }
      count = smaller;
      this.#fitting = smaller;
    }
    throw new AssertionFailure("a batch shrinks with every attempt");
  }

  #seal(planned: PlannedBatch): Promise<SealedBatch> {
    const { sealer, randomness, journal } = this.#parts;
    return sealer.seal({ header: planned.header, records: utf8(recordsText(planned.texts)), boot: journal.boot, iv: randomness.bytes(IV_BYTES) });
  }

  #keep(batchSeq: number, payload: Bytes): void {
    this.#kept.delete(batchSeq);
    this.#kept.set(batchSeq, payload);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_PAYLOADS_MAX) break;
      this.#kept.delete(oldest);
    }
  }
}
