/*
 * Goal: whatever the native stack does - hang, abort, lose its service - the terminal goes on, and every call has an end.
 * Method: the binding lives in a child process. Each call has a deadline; when it passes, the process is killed and another one
 * started. What was under way then is told as a fault with unknown effect. The state of all readers is kept here, so that
 * waiting for a card costs no call.
 */
import type { Bytes } from "../../base/bytes.ts";
import { withDeadline } from "../../base/deadline.ts";
import { Fault, type FaultCode } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { ChildProcess, Clock, Limits, Processes } from "../../base/ports.ts";
import { faultOfPcsc } from "./errors.ts";
import { asReaderMessage, type ReaderCall, type ReaderMessage, STATE_PRESENT, STATE_UNAVAILABLE } from "./protocol.ts";

export interface SupervisorOptions {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
  /** The module of the reader process. */
  readonly module: URL;
  readonly env: Readonly<Record<string, string>>;
}

export interface ReaderState {
  readonly name: string;
  readonly state: number;
  readonly atr: Bytes;
  /** How often this process has seen the reader without a card or unavailable: the service's own counter does not move for all of it. */
  readonly absences: number;
}

interface PendingCall {
  readonly call: ReaderCall;
  /** On the monotonic clock: when the process counts as hung. */
  readonly untilMs: number;
  /** Called once, when the call has really ended; its caller may have gone away long before. */
  onEnd(): void;
  resolve(data: Bytes): void;
  reject(fault: Fault): void;
}

/** One life of the reader process. */
interface Life {
  readonly generation: number;
  readonly child: ChildProcess;
  readonly pending: Map<number, PendingCall>;
  over: boolean;
  /** Messages so far. */
  heard: number;
  /** It has said that it is alive, and will go on saying so. */
  speaks: boolean;
}

const RESPAWN_FIRST_MS = 50;
const RESPAWN_MAX_MS = 800;
/** A process says every moment that it is alive, or that the service is not there yet; one that is silent for so long hangs in the binding. */
const SILENCE_MS = 5_000;
/** Without its binding no start can succeed before somebody has installed it. */
const BINDING_MISSING_MS = 60_000;
/** More calls than this in one process mean that our own serial queues have failed. */
const PENDING_MAX = 64;

export class PcscSupervisor {
  readonly #options: SupervisorOptions;
  readonly #listeners = new Set<() => void>();
  readonly #closing = new AbortController();
  #readers = new Map<string, ReaderState>();
  #life: Life | undefined;
  #generation = 0;
  #nextId = 1;
  #serviceUp = false;
  #fruitlessStarts = 0;
  #watchedMs: number | undefined;
  #heardAtMs: number;
  #bindingMissing = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#heardAtMs = options.clock.monotonicMs();
    this.#start();
  }

  /** Differs for every life of the reader process; connections of an earlier one are worthless. */
  get generation(): number {
    return this.#generation;
  }

  get serviceUp(): boolean {
    return this.#serviceUp;
  }

  /** How long its process has said nothing. While a call is under way, and while there is no binding to start, silence says nothing. */
  get silentMs(): number {
    const waits = this.#bindingMissing || (this.#life?.pending.size ?? 0) > 0;
    return waits ? 0 : this.#options.clock.monotonicMs() - this.#heardAtMs;
  }

  /** Readers as last heard of, by name. */
  readers(): readonly ReaderState[] {
    return [...this.#readers.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  reader(name: string): ReaderState | undefined {
    return this.#readers.get(name);
  }

  /** Resolves when the service is up. Faults: "reader-service-gone" at the deadline, "cancelled". */
  async ready(limits: Limits): Promise<void> {
    if (this.#serviceUp) return;
    let stop: () => void = () => undefined;
    const up = new Promise<void>((resolve) => {
      stop = this.onChange(() => {
        if (this.#serviceUp) resolve();
      });
    });
    try {
      await withDeadline(up, { ...limits, clock: this.#options.clock, what: "PC/SC service", effectUnknown: false, code: "reader-service-gone" });
    } finally {
      stop();
    }
  }

  /** Calls `listener` after every change of a reader, the service or the process; gives back how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Makes one call of the binding. The deadline is the call's own: a caller that cancels stops waiting, but a call that never ends
   * still ends the process when its time is over. `onEnd` is called once, when the call is really over.
   */
  call(call: ReaderCall, limits: Limits, onEnd: () => void): Promise<Bytes> {
    const life = this.#life;
    const refusal = this.#refusal(life, limits.signal);
    if (refusal === undefined && life !== undefined) return this.#dispatch(life, { call, onEnd }, limits);
    onEnd();
    return Promise.reject(refusal ?? new Fault("reader-service-gone", "no card reader process", { effectUnknown: false }));
  }

  /** Has the process replaced when it knows nothing better than what has turned out to be wrong; not while a call is under way. */
  renew(): void {
    const life = this.#life;
    if (life !== undefined && life.pending.size === 0) this.#end(life, "reader-service-gone", "the list of readers is out of date");
  }

  close(): void {
    this.#closing.abort();
    const life = this.#life;
    if (life !== undefined) this.#end(life, "closed", "the card readers were closed");
    this.#listeners.clear();
  }

  #refusal(life: Life | undefined, signal: AbortSignal): Fault | undefined {
    if (life === undefined || life.over) return new Fault("reader-service-gone", "the card reader process is being started", { effectUnknown: false });
    if (signal.aborted) return new Fault("cancelled", "cancelled before the call", { effectUnknown: false });
    return life.pending.size < PENDING_MAX ? undefined : new Fault("queue-full", "too many card reader calls", { effectUnknown: false });
  }

  #dispatch(life: Life, order: { readonly call: ReaderCall; readonly onEnd: () => void }, limits: Limits): Promise<Bytes> {
    const id = this.#nextId;
    this.#nextId += 1;
    const { signal } = limits;
    const { call, onEnd } = order;
    const untilMs = this.#options.clock.monotonicMs() + limits.timeoutMs;
    const answered = new Promise<Bytes>((resolve, reject) => {
      const cancel = () => reject(new Fault("cancelled", `PC/SC ${call.op}: cancelled`, { effectUnknown: mayActOnCard(call) }));
      signal.addEventListener("abort", cancel, { once: true });
      life.pending.set(id, {
        call,
        untilMs,
        resolve,
        reject,
        onEnd: () => {
          signal.removeEventListener("abort", cancel);
          onEnd();
        },
      });
    });
    this.#watch(untilMs);
    life.child.send({ ...call, id });
    return answered;
  }

  /**
   * One sleeper watches over all calls: a timer for each would cost more than a call does. It sleeps to the earliest deadline that it knew
   * of, although that call has long been answered, and looks again then.
   */
  #watch(untilMs: number): void {
    if (this.#watchedMs !== undefined && this.#watchedMs <= untilMs) return;
    this.#watchedMs = untilMs;
    const { clock } = this.#options;
    clock.sleep(Math.max(0, untilMs - clock.monotonicMs()), this.#closing.signal).then(
      () => this.#look(untilMs),
      () => undefined,
    );
  }

  #look(watchedMs: number): void {
    // An earlier deadline has taken over meanwhile.
    if (this.#watchedMs !== watchedMs) return;
    this.#watchedMs = undefined;
    const life = this.#life;
    if (life === undefined || life.over) return;
    const nowMs = this.#options.clock.monotonicMs();
    const late = [...life.pending.values()].find((pending) => pending.untilMs <= nowMs);
    if (late !== undefined) this.#hung(life, late);
    else if (life.pending.size > 0) this.#watch(Math.min(...[...life.pending.values()].map((pending) => pending.untilMs)));
  }

  #start(): void {
    const { processes, module, env } = this.#options;
    this.#generation += 1;
    const life: Life = { generation: this.#generation, child: processes.fork(module, { env }), pending: new Map(), over: false, heard: 0, speaks: false };
    this.#life = life;
    life.child.onMessage((message) => {
      const known = asReaderMessage(message);
      life.heard += 1;
      this.#heardAtMs = this.#options.clock.monotonicMs();
      if (known !== undefined && !life.over) this.#hear(life, known);
    });
    life.child.onExit(() => this.#end(life, "reader-service-gone", "the card reader process ended"));
    void this.#watchOver(life);
  }

  /** A call has its own deadline, and may hold the whole process for as long; between calls the process has to be heard. */
  async #watchOver(life: Life): Promise<void> {
    while (!life.over) {
      const { heard } = life;
      await this.#options.clock.sleep(SILENCE_MS, this.#closing.signal).catch(() => undefined);
      if (this.#closing.signal.aborted || life.over) return;
      const expected = life.pending.size === 0 && (life.speaks || !this.#serviceUp);
      if (expected && life.heard === heard) this.#end(life, "reader-hung", "the card reader process gives no sign of life");
    }
  }

  #hear(life: Life, message: ReaderMessage): void {
    switch (message.is) {
      case "answer":
      case "error":
        this.#settle(life, message);
        return;
      case "state":
        this.#note(message);
        break;
      case "reader-end":
        this.#readers.delete(message.reader);
        break;
      case "service-up":
        this.#serviceUp = true;
        this.#bindingMissing = false;
        this.#fruitlessStarts = 0;
        this.#options.log.info("pcsc-service-up", { generation: life.generation });
        break;
      case "service-absent":
        this.#serviceUp = false;
        break;
      case "service-lost":
        this.#end(life, "reader-service-gone", "the PC/SC service is gone");
        return;
      case "binding-missing":
        this.#options.log.error("pcsc-binding-missing");
        this.#bindingMissing = true;
        this.#end(life, "reader-service-gone", "the PC/SC binding cannot be loaded");
        return;
      case "alive":
        life.speaks = true;
        return;
    }
    this.#tellListeners();
  }

  #note({ reader: name, state, atr }: Extract<ReaderMessage, { is: "state" }>): void {
    const before = this.#readers.get(name)?.absences ?? 0;
    const absent = (state & STATE_PRESENT) === 0 || (state & STATE_UNAVAILABLE) !== 0;
    this.#readers.set(name, { name, state, atr, absences: before + (absent ? 1 : 0) });
  }

  #settle(life: Life, message: Extract<ReaderMessage, { is: "answer" | "error" }>): void {
    const pending = life.pending.get(message.id);
    if (pending === undefined) return;
    life.pending.delete(message.id);
    pending.onEnd();
    if (message.is === "answer") pending.resolve(message.data);
    else pending.reject(faultOfPcsc(pending.call.op, message.message));
  }

  #hung(life: Life, pending: PendingCall): void {
    this.#options.log.warn("pcsc-call-hung", { op: pending.call.op, generation: life.generation });
    this.#end(life, "reader-hung", `PC/SC ${pending.call.op} did not come back`);
  }

  /** Ends one life of the process, whoever noticed first, and begins the next one. */
  #end(life: Life, code: FaultCode, because: string): void {
    if (life.over) return;
    life.over = true;
    life.child.kill();
    this.#readers = new Map();
    this.#serviceUp = false;
    for (const pending of life.pending.values()) {
      pending.onEnd();
      pending.reject(new Fault(code, because, { effectUnknown: mayActOnCard(pending.call) }));
    }
    life.pending.clear();
    this.#tellListeners();
    if (!this.#closing.signal.aborted) void this.#startAgain(code);
  }

  async #startAgain(code: FaultCode): Promise<void> {
    const backOffMs = this.#fruitlessStarts === 0 ? 0 : Math.min(RESPAWN_MAX_MS, RESPAWN_FIRST_MS * 2 ** this.#fruitlessStarts);
    const waitMs = this.#bindingMissing ? BINDING_MISSING_MS : backOffMs;
    this.#fruitlessStarts = Math.min(10, this.#fruitlessStarts + 1);
    this.#options.log.warn("pcsc-process-again", { code, waitMs });
    try {
      if (waitMs > 0) await this.#options.clock.sleep(waitMs, this.#closing.signal);
      if (!this.#closing.signal.aborted) this.#start();
    } catch {
      // Closed while waiting: nothing is left to start.
    }
  }

  #tellListeners(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Whether a card or reader may act on this call even though nobody waits for its answer any more. */
function mayActOnCard(call: ReaderCall): boolean {
  return call.op === "transmit" || call.op === "control";
}
