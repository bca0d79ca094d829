/*
 * Goal: do what the machine decides, and tell it what came of it.
 * Method: events are taken one after another; whatever waits for journal, sealer, link or clock runs beside and comes back as an event.
 * Timers are derived from the state after each step.
 */
import { assert } from "../../base/assert.ts";
import { withDeadline } from "../../base/deadline.ts";
import { type Fault, isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Limits, Randomness } from "../../base/ports.ts";
import { BoundedQueue } from "../../base/queue.ts";
import type { Receipt, Reject } from "../../codec/upload.ts";
import type { UploadJournal } from "../../txn/journal/types.ts";
import { type Backoff, fullJitterMs, steadyJitterMs } from "../chance.ts";
import type { Publisher } from "../publisher.ts";
import { settleReceipt } from "../receipts/settle.ts";
import { type Action, EMPTY_LEDGER, type Event, OUTBOX_RULES, type OutboxRules, type State, step, type Wait, waitsOf } from "./machine.ts";
import type { BatchSupply } from "./supply.ts";

const EVENTS_MAX = 1_024;
const BATCH_LANE = { lane: "drain", qos: 1 } as const;

export interface OutboxTimes {
  /** Entries that arrive together go up together; at most this long after the first of them. */
  readonly lingerMs: number;
  /** Wait for a receipt; grows with each one missed. */
  readonly receipt: Backoff;
  /** Pause after a failure of our own side. */
  readonly retry: Backoff;
  /** Between two probes while the host is not heard. Spec: pos/v1, 6. */
  readonly probeMs: number;
  /** Longest wait for the transport to take one batch over. */
  readonly publishMs: number;
}

export const OUTBOX_TIMES: OutboxTimes = {
  lingerMs: 250,
  receipt: { baseMs: 2_000, capMs: 30_000 },
  retry: { baseMs: 1_000, capMs: 30_000 },
  probeMs: 60_000,
  publishMs: 10_000,
};

export interface OutboxParts {
  readonly journal: UploadJournal;
  readonly supply: BatchSupply;
  readonly publisher: Publisher;
  readonly topic: string;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly times: OutboxTimes;
  /** Entries that make a full batch; they do not linger. */
  readonly recordsMax: number;
  /** The machine's table; a simulated world exchanges a rule here to plant a bug. */
  readonly rules?: OutboxRules;
}

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #rules: OutboxRules;
  readonly #events = new BoundedQueue<Event>(EVENTS_MAX);
  readonly #timers = new Map<string, AbortController>();
  readonly #toSend: number[] = [];
  readonly #leaving = new Set<number>();
  readonly #rejects = new Map<number, readonly Reject[]>();
  readonly #stop = new AbortController();
  #state: State = { at: "stopped", ledger: EMPTY_LEDGER };
  #stepping = false;
  #pumping = false;
  #lingering = false;
  #settling: Promise<void> = Promise.resolve();
  #whenSettled: (() => void)[] = [];

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#rules = parts.rules ?? OUTBOX_RULES;
  }

  get state(): State {
    return this.#state;
  }

  /** Reads the journal's position and begins. `linkUp` is asked when that is known. Faults: those of the journal. */
  async start(linkUp: () => boolean): Promise<void> {
    const { journal, supply } = this.#parts;
    const anchor = await supply.open();
    const [open] = await journal.openBatches(1);
    const settled = open === undefined ? anchor.batchSeq : open.batchSeq - 1;
    this.dispatch({ is: "started", lastBatch: anchor.batchSeq, batchedThrough: anchor.lastSeq, lastSeq: journal.lastSeq, settled, linkUp: linkUp() });
    journal.onAppended(() => this.#appended());
    // Entries may have become durable between the reading and the listening.
    this.#appended();
  }

  stop(): void {
    this.#stop.abort();
    this.dispatch({ is: "stopped" });
  }

  /** Takes a receipt that was checked. */
  receipt(receipt: Receipt): void {
    if (receipt.upTo > this.#state.ledger.lastBatch) return;
    if (receipt.upTo > this.#state.ledger.settled) this.#rejects.set(receipt.upTo, receipt.rejects);
    this.dispatch({ is: "receipt", upTo: receipt.upTo, need: receipt.need, slowMs: receipt.slowMs, nowMs: this.#parts.clock.monotonicMs() });
  }

  dispatch(event: Event): void {
    assert(this.#events.push(event), "events are taken faster than they can arise");
    if (this.#stepping) return;
    this.#stepping = true;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#step(next);
    this.#stepping = false;
    this.#rearm();
  }

  /** Resolves when every durable entry is receipted. Faults: "timeout", "cancelled". */
  async idle(limits: Limits): Promise<void> {
    const { clock, journal } = this.#parts;
    this.dispatch({ is: "entries-appended", lastSeq: journal.lastSeq });
    let waiting = true;
    const settled = new Promise<void>((resolve) => {
      const look = () => {
        if (journal.receiptedThrough >= journal.lastSeq) resolve();
        else if (waiting) this.#whenSettled.push(look);
      };
      look();
    });
    try {
      await withDeadline(settled, { ...limits, clock, what: "drain", effectUnknown: false });
    } finally {
      waiting = false;
    }
  }

  #step(event: Event): void {
    const before = this.#state;
    const { state, actions } = step(before, event, this.#rules);
    this.#state = state;
    if (state.at !== before.at) this.#tell(before, state, event);
    if (state.ledger.acknowledged !== before.ledger.acknowledged) this.#parts.supply.forget(state.ledger.acknowledged);
    for (const action of actions) this.#act(action);
  }

  #tell(before: State, state: State, event: Event): void {
    const fields = { from: before.at, to: state.at, because: event.is, acknowledged: state.ledger.acknowledged, lastBatch: state.ledger.lastBatch };
    if (state.at === "halted") this.#parts.log.error("outbox-halted", { ...fields, reason: state.reason });
    else this.#parts.log.info("outbox-state", fields);
  }

  #act(action: Action): void {
    switch (action.do) {
      case "plan":
        void this.#plan(action.batchesMax);
        return;
      case "send":
        this.#toSend.push(action.batchSeq);
        void this.#pump();
        return;
      case "settle":
        this.#settling = this.#settling.then(() => this.#settle(action.upTo));
        return;
    }
  }

  async #plan(batchesMax: number): Promise<void> {
    try {
      const anchor = await this.#parts.supply.plan(batchesMax);
      this.dispatch({ is: "batches-planned", lastBatch: anchor.batchSeq, batchedThrough: anchor.lastSeq });
    } catch (error) {
      this.#failed(error, "plan", { is: "plan-failed" });
    }
  }

  /** A receipt is made durable, however often that takes: only a broken journal ends it. */
  async #settle(upTo: number): Promise<void> {
    const { log, journal, times, randomness } = this.#parts;
    const rejects = this.#rejects.get(upTo) ?? [];
    this.#rejects.delete(upTo);
    if (rejects.length > 0) log.warn("records-parked", { batch: upTo, count: rejects.length });
    for (let failures = 0; !this.#stop.signal.aborted; failures += 1) {
      try {
        await settleReceipt(journal, upTo, rejects);
        break;
      } catch (error) {
        this.#failed(error, "settle", undefined);
        if (this.#state.at === "halted") return;
      }
      await this.#after(fullJitterMs(times.retry, failures, randomness), this.#stop.signal, () => undefined);
    }
    const waiting = this.#whenSettled;
    this.#whenSettled = [];
    for (const look of waiting) look();
  }

  /** Whether this batch is still meant to be in flight. */
  #wanted(batchSeq: number): boolean {
    const { at, ledger } = this.#state;
    return (at === "draining" || at === "unheard") && batchSeq > ledger.acknowledged && batchSeq <= ledger.sentThrough && !this.#leaving.has(batchSeq);
  }

  /** Takes what is to be sent in order; a batch leaves when the one before has left, not when it has arrived. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    for (let batchSeq = this.#toSend.shift(); batchSeq !== undefined; batchSeq = this.#toSend.shift()) {
      if (this.#wanted(batchSeq)) await this.#load(batchSeq);
    }
    this.#pumping = false;
  }

  async #load(batchSeq: number): Promise<void> {
    try {
      const payload = await this.#parts.supply.payload(batchSeq);
      if (payload === undefined) {
        this.#parts.log.error("batch-not-reproducible", { batch: batchSeq });
        this.dispatch({ is: "batch-damaged", batchSeq });
        return;
      }
      const messages = this.#parts.publisher.prepare(payload);
      if (this.#wanted(batchSeq)) void this.#publish(batchSeq, messages);
    } catch (error) {
      this.#failed(error, "load", { is: "publish-failed", batchSeq });
    }
  }

  async #publish(batchSeq: number, messages: readonly Uint8Array[]): Promise<void> {
    const { publisher, topic, times } = this.#parts;
    this.#leaving.add(batchSeq);
    try {
      await publisher.send({ topic, messages, ...BATCH_LANE }, { timeoutMs: times.publishMs, signal: this.#stop.signal });
      this.#leaving.delete(batchSeq);
      this.dispatch({ is: "batch-published", batchSeq });
    } catch (error) {
      this.#leaving.delete(batchSeq);
      this.#failed(error, "publish", { is: "publish-failed", batchSeq });
    }
  }

  /** A fault becomes an event; anything else is our own mistake and ends the process. */
  #failed(error: unknown, what: string, event: Event | undefined): void {
    if (!isFault(error)) throw error;
    if (this.#stop.signal.aborted) return;
    this.#parts.log.warn("outbox-fault", { what, code: error.code });
    if (journalIsGone(error)) this.dispatch({ is: "journal-failed" });
    else if (event !== undefined) this.dispatch(event);
  }

  #appended(): void {
    if (this.#stop.signal.aborted) return;
    const { journal, recordsMax } = this.#parts;
    if (journal.lastSeq - this.#state.ledger.batchedThrough >= recordsMax) {
      this.#notice();
      return;
    }
    if (this.#lingering || journal.lastSeq <= this.#state.ledger.lastSeq) return;
    this.#lingering = true;
    void this.#after(this.#parts.times.lingerMs, this.#stop.signal, () => {
      this.#lingering = false;
      this.#notice();
    });
  }

  #notice(): void {
    const { lastSeq } = this.#parts.journal;
    if (lastSeq > this.#state.ledger.lastSeq) this.dispatch({ is: "entries-appended", lastSeq });
  }

  /** Timers follow the state: new waits begin, those that are no longer listed end. */
  #rearm(): void {
    const waits = waitsOf(this.#state);
    for (const [key, timer] of this.#timers) {
      if (waits.some((wait) => wait.key === key)) continue;
      this.#timers.delete(key);
      timer.abort();
    }
    for (const wait of waits) {
      if (this.#timers.has(wait.key)) continue;
      const timer = new AbortController();
      this.#timers.set(wait.key, timer);
      void this.#after(this.#lengthMs(wait), timer.signal, () => {
        this.#timers.delete(wait.key);
        this.dispatch(endOf(wait));
      });
    }
  }

  #lengthMs(wait: Wait): number {
    const { times, randomness } = this.#parts;
    switch (wait.for) {
      case "receipt":
        return steadyJitterMs(times.receipt, wait.misses, randomness);
      case "pause":
        return wait.forMs ?? fullJitterMs(times.retry, wait.misses, randomness);
      case "probe":
        return times.probeMs;
    }
  }

  async #after(delayMs: number, signal: AbortSignal, action: () => void): Promise<void> {
    try {
      await this.#parts.clock.sleep(delayMs, signal);
    } catch (error) {
      if (isFault(error, "cancelled")) return;
      throw error;
    }
    if (!signal.aborted) action();
  }
}

function endOf(wait: Wait): Event {
  switch (wait.for) {
    case "receipt":
      return { is: "receipt-missing" };
    case "pause":
      return { is: "pause-over" };
    case "probe":
      return { is: "probe-due" };
  }
}

function journalIsGone(fault: Fault): boolean {
  return isFault(fault, "store-broken", "store-corrupt", "closed");
}
