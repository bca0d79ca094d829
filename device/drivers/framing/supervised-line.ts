/*
 * Goal: whatever a native binding does - hang, abort, lose its device without a word - the terminal goes on, and every write has an end.
 * Method: the binding lives in a process of its own, one for each line, so that a call which never returns stops one device and no other.
 * Each write has a deadline; when it passes, or when the process gives no sign of life, it is killed and another one started.
 */
import type { Bytes } from "../../base/bytes.ts";
import { withDeadline } from "../../base/deadline.ts";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { ChildProcess, Clock, Limits, Processes } from "../../base/ports.ts";
import { asLineMessage, type LineMessage, type LineOrder } from "./line-messages.ts";
import type { ByteLine, LineState, ReportLine, Unsubscribe } from "./lines.ts";

export interface LineParts {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
  /** The module of the line's process. */
  readonly module: URL;
  /** Whatever that module needs to find and open its device. */
  readonly options: unknown;
  /** For people. */
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface PendingWrite {
  resolve(): void;
  reject(fault: Fault): void;
}

/** One life of the process. */
interface Life {
  readonly child: ChildProcess;
  readonly pending: Map<number, PendingWrite>;
  readonly beganMs: number;
  over: boolean;
  /** It has said anything at all. */
  spoke: boolean;
}

const RESPAWN_FIRST_MS = 50;
const RESPAWN_MAX_MS = 800;
/** A process that ends so soon without a word cannot even load its binding. */
const STILLBORN_MS = 2_000;
/** So many in a row, and somebody has to install something first. */
const STILLBORN_MAX = 5;
const STILLBORN_PAUSE_MS = 60_000;
const HEARTBEAT_MS = 1_000;
/** A process that has not answered a ping for so long hangs, however busy the machine is. */
const SILENCE_MS = 4_000;
/** More writes than this at once mean that a driver does not wait for its own. */
const PENDING_MAX = 16;

export class SupervisedLine implements ByteLine, ReportLine {
  readonly name: string;
  readonly #parts: LineParts;
  readonly #closing = new AbortController();
  readonly #stateListeners = new Set<(state: LineState) => void>();
  readonly #byteListeners = new Set<(bytes: Bytes) => void>();
  #state: LineState = "away";
  #descriptor: Bytes | undefined;
  #life: Life | undefined;
  #nextId = 1;
  #fruitlessStarts = 0;
  #stillborn = 0;
  #lastWhy: string | undefined;

  constructor(parts: LineParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.#start();
    void this.#watchOver();
  }

  get state(): LineState {
    return this.#state;
  }

  get descriptor(): Bytes | undefined {
    return this.#descriptor;
  }

  /** The process that holds the binding at present; for people and for benches that kill it. */
  get pid(): number | undefined {
    return this.#life?.child.pid;
  }

  onState(listener: (state: LineState) => void): Unsubscribe {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  onBytes(listener: (bytes: Bytes) => void): Unsubscribe {
    this.#byteListeners.add(listener);
    return () => this.#byteListeners.delete(listener);
  }

  onReport(listener: (report: Bytes) => void): Unsubscribe {
    return this.onBytes(listener);
  }

  async untilOpen(limits: Limits): Promise<void> {
    if (this.#state === "open") return;
    if (this.#state === "closed") throw closed();
    let stop: Unsubscribe = () => undefined;
    const opened = new Promise<void>((resolve, reject) => {
      stop = this.onState((state) => {
        if (state === "open") resolve();
        if (state === "closed") reject(closed());
      });
    });
    try {
      await withDeadline(opened, { ...limits, clock: this.#parts.clock, what: this.name, effectUnknown: false });
    } finally {
      stop();
    }
  }

  write(bytes: Bytes, limits: Limits): Promise<void> {
    return this.#order("write", bytes, limits);
  }

  sendFeature(report: Bytes, limits: Limits): Promise<void> {
    return this.#order("feature", report, limits);
  }

  renew(): void {
    if (this.#state === "open" && this.#life !== undefined) this.#hung(this.#life);
  }

  close(): Promise<void> {
    if (this.#state === "closed") return Promise.resolve();
    this.#closing.abort();
    this.#become("closed");
    // A write that nobody has confirmed may have reached the device all the same.
    this.#endLife(new Fault("closed", "the line was closed in the middle of a write", { effectUnknown: true }));
    this.#stateListeners.clear();
    this.#byteListeners.clear();
    return Promise.resolve();
  }

  async #order(what: "write" | "feature", bytes: Bytes, limits: Limits): Promise<void> {
    if (this.#state === "closed") throw closed();
    const life = this.#life;
    if (this.#state !== "open" || life === undefined) throw new Fault("device-gone", `${this.name} is not there`, { effectUnknown: false });
    if (life.pending.size >= PENDING_MAX) throw new Fault("queue-full", `${this.name}: too many writes at once`, { effectUnknown: false });
    const id = this.#nextId;
    this.#nextId += 1;
    const ended = new Promise<void>((resolve, reject) => {
      life.pending.set(id, { resolve, reject });
    });
    this.#send(life, { do: what, id, bytes });
    try {
      await withDeadline(ended, { ...limits, clock: this.#parts.clock, what: this.name, effectUnknown: true });
    } catch (fault) {
      // A write that is late hangs in the binding, and so would every later one.
      if (life.pending.delete(id) && fault instanceof Fault && fault.code === "timeout") this.#hung(life);
      throw fault;
    }
  }

  #send(life: Life, order: LineOrder): void {
    life.child.send(order);
  }

  #become(state: LineState): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    for (const listener of [...this.#stateListeners]) listener(state);
  }

  #start(): void {
    const { processes, module, env, options } = this.#parts;
    const life: Life = {
      child: processes.fork(module, env === undefined ? {} : { env }),
      pending: new Map(),
      beganMs: this.#parts.clock.monotonicMs(),
      over: false,
      spoke: false,
    };
    this.#life = life;
    life.child.onMessage((message) => {
      const known = asLineMessage(message);
      life.spoke = true;
      if (known !== undefined && !life.over) this.#hear(life, known);
    });
    life.child.onExit(() => {
      if (!life.over) this.#replace(life, new Fault("device-gone", `${this.name}: its process ended`, { effectUnknown: true }));
    });
    this.#send(life, { do: "open", options });
  }

  #hear(life: Life, message: LineMessage): void {
    switch (message.is) {
      case "open":
        this.#fruitlessStarts = 0;
        this.#lastWhy = undefined;
        this.#descriptor = message.descriptor;
        this.#become("open");
        return;
      case "away":
        this.#become("away");
        this.#noteWhy(message.why);
        this.#failAll(life, new Fault("device-gone", `${this.name} went away: ${message.why}`, { effectUnknown: true }));
        return;
      case "bytes":
        for (const listener of [...this.#byteListeners]) listener(message.bytes);
        return;
      case "done":
        take(life, message.id)?.resolve();
        return;
      case "failed":
        take(life, message.id)?.reject(new Fault("device-gone", `${this.name}: ${message.why}`, { effectUnknown: message.sent }));
    }
  }

  #failAll(life: Life, fault: Fault): void {
    for (const [id, pending] of life.pending) {
      // Pings are asked by the watch, which notices silence by itself.
      life.pending.delete(id);
      pending.reject(fault);
    }
  }

  #hung(life: Life): void {
    if (life.over || this.#life !== life) return;
    this.#parts.log.warn("line-hung", { line: this.name });
    this.#become("hung");
    this.#replace(life, new Fault("device-hung", `${this.name}: a call did not come back`, { effectUnknown: true }));
  }

  #replace(life: Life, fault: Fault): void {
    this.#endLife(fault);
    if (this.#state !== "hung") this.#become("away");
    const stillborn = !life.spoke && this.#parts.clock.monotonicMs() - life.beganMs < STILLBORN_MS;
    this.#stillborn = stillborn ? this.#stillborn + 1 : 0;
    if (this.#stillborn >= STILLBORN_MAX) this.#noteWhy("its process cannot start");
    const backOffMs = Math.min(RESPAWN_MAX_MS, RESPAWN_FIRST_MS * 2 ** this.#fruitlessStarts);
    const pauseMs = this.#stillborn < STILLBORN_MAX ? backOffMs : STILLBORN_PAUSE_MS;
    this.#fruitlessStarts = Math.min(this.#fruitlessStarts + 1, 10);
    this.#parts.clock.sleep(pauseMs, this.#closing.signal).then(
      () => {
        if (this.#life === life || this.#life === undefined) this.#start();
      },
      () => undefined,
    );
  }

  /** Why a device is not there is logged once, and again when the reason changes. */
  #noteWhy(why: string): void {
    if (why === this.#lastWhy) return;
    this.#lastWhy = why;
    this.#parts.log.warn("line-away", { line: this.name, why });
  }

  #endLife(fault: Fault): void {
    const life = this.#life;
    if (life === undefined) return;
    life.over = true;
    this.#life = undefined;
    life.child.kill();
    this.#failAll(life, fault);
  }

  /** Looks after the process as long as the line lives: one that does not answer within its time is replaced. */
  async #watchOver(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const life = this.#life;
      if (life !== undefined && !(await this.#answers(life))) this.#hung(life);
      await clock.sleep(HEARTBEAT_MS, signal).catch(() => undefined);
    }
  }

  async #answers(life: Life): Promise<boolean> {
    const id = this.#nextId;
    this.#nextId += 1;
    const answered = new Promise<boolean>((resolve) => {
      // Lost with its process: somebody else has noticed.
      life.pending.set(id, { resolve: () => resolve(true), reject: () => resolve(true) });
    });
    this.#send(life, { do: "ping", id });
    const { clock } = this.#parts;
    const limits = { timeoutMs: SILENCE_MS, signal: this.#closing.signal, clock, what: this.name, effectUnknown: false };
    return withDeadline(answered, limits).catch(() => life.over || this.#closing.signal.aborted);
  }
}

function take(life: Life, id: number): PendingWrite | undefined {
  const pending = life.pending.get(id);
  life.pending.delete(id);
  return pending;
}

function closed(): Fault {
  return new Fault("closed", "the line was closed", { effectUnknown: false });
}
