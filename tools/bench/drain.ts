/*
 * How fast a backlog leaves the terminal: the real journal on the real store, sealing in its worker, boundaries and receipts durable, at most 20 messages
 * a second as everywhere. The other side is a receipting host in the same process that does no more than it must, so that the figure is the terminal's.
 */
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Bytes, fromHex, toHex } from "../../device/base/bytes.ts";
import { fen } from "../../device/base/fen.ts";
import { SILENT } from "../../device/base/log.ts";
import type { LinkMessage, MessageLink } from "../../device/base/ports.ts";
import { encodeMessage, parseBatch, topicsOf } from "../../device/codec/upload.ts";
import type { CipherSuite, Sm2PrivateKey } from "../../device/crypto/face.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { openWorkerSealer } from "../../device/sync/batch/worker-sealer.ts";
import { DEFAULT_SYNC_OPTIONS, openSync } from "../../device/sync/sync.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import { openJournal, type TerminalJournal } from "../../device/txn/journal/journal.ts";
import { openSqliteStore } from "../../device/txn/journal/sqlite/store.ts";
import type { EntryDraft } from "../../device/txn/journal/types.ts";
import { type Bench, type BenchContext, type BenchRow, rounded } from "./bench.ts";

const TERMINAL_ID = "BENCH0001";
const RECORDS = 20_000;
const APPENDS_AT_ONCE = 256;
const STORE_BYTES_MAX = 4_294_967_296;
const BUDGET_PER_SECOND = 5_000;
const GOAL_PER_SECOND = 20_000;
const DEADLINE_MS = 120_000;
/** More than the default, because the figure is bound by messages per second; the payload bound still decides. */
const RECORDS_PER_BATCH_MAX = 1_000;
/** Published test keys; they protect nothing. */
const TERMINAL_SCALAR = fromHex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8");
const HOST_SCALAR = fromHex("128b2fa8bd433c6c068c8d803dff79792a519a55171b1b650c23661d15897263");
const DATA_KEY = fromHex("0123456789abcdeffedcba9876543210");

const randomness = systemRandomness();
const clock = systemClock();

/** The two entries of one sale, as different from each other as real ones: every cryptogram and card is fresh. */
function saleOf(index: number): { readonly intent: EntryDraft; readonly done: Omit<EntryDraft, "subject"> } {
  const hex = (bytes: number) => toHex(randomness.bytes(bytes));
  const kind = "quick-payment" as const;
  const amount = fen(100 + (index % 900));
  const cardSerial = `3101${hex(8)}`;
  const personal = { cardSerial, issuer: "0011223344556677" };
  const intent = { terminalNumber: "112233445566", terminalSeq: index, date: "20260921", time: String(80_000 + (index % 59)).padStart(6, "0"), type: "06" };
  const done = {
    ...intent,
    cardSeq: index % 5_000,
    cardRandom: hex(4),
    keyVersion: 1,
    algorithm: 0,
    balanceBeforeFen: 5_000 + (index % 7_919),
    mac1: hex(4),
    mac2: hex(4),
    tac: hex(4),
    proof: "psam",
  };
  return {
    intent: { kind, state: "prepared", amount, card: cardSerial, detail: intent, personal },
    done: { kind, state: "done", amount, detail: done, personal },
  };
}

async function sell(journal: TerminalJournal, index: number): Promise<void> {
  const { intent, done } = saleOf(index);
  const { subject } = await journal.append(intent);
  await journal.append({ ...done, subject });
}

async function fill(journal: TerminalJournal, records: number): Promise<void> {
  for (let made = 0; made < records; made += APPENDS_AT_ONCE * 2) {
    const sales = Math.min(APPENDS_AT_ONCE, Math.ceil((records - made) / 2));
    await Promise.all(Array.from({ length: sales }, (_, at) => sell(journal, made / 2 + at)));
  }
}

/** A link to a host that receipts what it gets in order, and answers heartbeats. */
class ReceiptingHost implements MessageLink {
  readonly state = "up";
  payloadBytes = 0;
  batches = 0;
  records = 0;
  readonly #listeners = new Map<string, (message: LinkMessage) => void>();
  readonly #topics = topicsOf(TERMINAL_ID);
  readonly #suite: CipherSuite;
  readonly #key: Sm2PrivateKey;

  constructor(suite: CipherSuite) {
    this.#suite = suite;
    this.#key = suite.sm2PrivateKey(HOST_SCALAR);
  }

  publish(topic: string, payload: Bytes): Promise<void> {
    if (topic === this.#topics.heartbeat)
      this.#say(this.#topics.presence, { v: 1, tid: TERMINAL_ID, hostTimeMs: Date.now(), drain: true, reconnectWindowMs: 0 });
    if (topic === this.#topics.batch) this.#receipt(payload);
    return Promise.resolve();
  }

  subscribe(topic: string, listener: (message: LinkMessage) => void): void {
    this.#listeners.set(topic, listener);
  }

  onState(): void {
    // This link never changes its state.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #receipt(payload: Bytes): void {
    const parsed = parseBatch(payload);
    if (!parsed.ok) throw new Error(`the host does not understand a batch: ${parsed.reason}`);
    const { batchSeq, journalId, hash, count } = parsed.message;
    if (batchSeq === this.batches + 1) {
      this.batches += 1;
      this.records += count;
      this.payloadBytes += payload.length;
    }
    this.#say(this.#topics.receipt, { v: 1, tid: TERMINAL_ID, journalId, upTo: batchSeq, hash, rejects: [], slowMs: 0, hostTimeMs: Date.now() });
  }

  #say(topic: string, message: object): void {
    const sig = toHex(this.#suite.sm2Sign(this.#key, encodeMessage(message)));
    const payload = encodeMessage({ ...message, sig });
    // After the publish has returned, as over a network.
    setImmediate(() => this.#listeners.get(topic)?.({ topic, payload }));
  }
}

async function run({ folder, scale, say }: BenchContext): Promise<readonly BenchRow[]> {
  const suite = openCipherSuite();
  const store = await openSqliteStore({ folder: join(folder, "journal"), limitBytes: STORE_BYTES_MAX });
  const journal = await openJournal({ store, clock, randomness, suite, storageKey: suite.secretKey(DATA_KEY), terminalId: TERMINAL_ID, log: SILENT });
  const sealer = openWorkerSealer({ signingScalar: TERMINAL_SCALAR, dataKey: DATA_KEY, kid: "bench" });
  const host = new ReceiptingHost(suite);
  try {
    await fill(journal, RECORDS * scale);
    say(`drain: ${journal.lastSeq} records are durable`);
    const keys = {
      signing: suite.sm2PrivateKey(TERMINAL_SCALAR),
      hostKey: suite.sm2PrivateKey(HOST_SCALAR).publicKey,
      dataKey: suite.secretKey(DATA_KEY),
      kid: "bench",
    };
    const sync = openSync({
      journal,
      link: host,
      clock,
      randomness,
      suite,
      keys,
      sealer,
      log: SILENT,
      options: { batch: { ...DEFAULT_SYNC_OPTIONS.batch, recordsMax: RECORDS_PER_BATCH_MAX } },
    });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const beganMs = performance.now();
    const cpu = process.cpuUsage();
    await sync.start();
    await sync.idle({ timeoutMs: DEADLINE_MS * scale, signal: new AbortController().signal });
    const tookMs = performance.now() - beganMs;
    const { user, system } = process.cpuUsage(cpu);
    delay.disable();
    sync.stop();
    return [rowOf(journal, host, { tookMs, cpuMs: (user + system) / 1_000, loopDelayMs: delay.percentile(99) / 1e6 })];
  } finally {
    await sealer.close();
    await journal.close();
  }
}

function rowOf(
  journal: TerminalJournal,
  host: ReceiptingHost,
  { tookMs, cpuMs, loopDelayMs }: { readonly tookMs: number; readonly cpuMs: number; readonly loopDelayMs: number },
): BenchRow {
  if (journal.receiptedThrough !== host.records || host.records !== journal.lastSeq)
    throw new Error("not everything was receipted: the figure would mean nothing");
  const value = (host.records * 1_000) / tookMs;
  return {
    name: "drain-records-per-second",
    value: rounded(value),
    unit: "1/s",
    baseline: GOAL_PER_SECOND,
    ratio: rounded(value / GOAL_PER_SECOND),
    budget: `>= ${BUDGET_PER_SECOND} 1/s`,
    met: value >= BUDGET_PER_SECOND,
    note:
      `${host.records} records in ${host.batches} batches of ${Math.round(host.payloadBytes / host.batches / 102.4) / 10} KB, at most 20 messages/s, boundaries and receipts durable; ` +
      `${rounded((cpuMs * 1_000) / host.records)} us of processor time for each record, all threads and the host included; event loop p99 ${rounded(loopDelayMs)} ms (1 ms is the resolution); baseline is the goal`,
  };
}

export const bench: Bench = { name: "drain", run };
