/* A reader of the PC/SC service as the port wants it: found by rule, healing by itself, one dialogue for each insertion. */
import { assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import { withDeadline } from "../../base/deadline.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { CardChannel, CardInterface, CardReader } from "../ports.ts";
import { EVENT_COUNTER_SHIFT, type ReaderCall, STATE_MUTE, STATE_PRESENT, STATE_UNAVAILABLE } from "./protocol.ts";
import type { PcscSupervisor, ReaderState } from "./supervisor.ts";

/**
 * Which reader plays a role, as plain data. Names are never matched whole, because the service numbers them anew:
 * a name ends with its number and the slot, both as two hexadecimal digits.
 */
export interface ReaderRule {
  readonly interface: CardInterface;
  /** All of these stand in the name, whatever their case. */
  readonly nameIncludes: readonly string[];
  /** None of these stands in the name. */
  readonly nameExcludes?: readonly string[];
  /** Slot number at the end of the name. */
  readonly slot?: number;
  /** Readers of one group share a process, and so its fate. Left out: security modules and cards are kept apart. */
  readonly group?: string;
}

const SLOT_AT_END = / ([0-9a-f]{2})$/i;
/** A connect that takes longer never comes back. */
const CONNECT_MAX_MS = 2_000;
const CLOSE_MAX_MS = 2_000;
/** Pause before another attempt when the reader changed below us or another program holds the card. */
const RETRY_PAUSE_MS = 20;
/** A reader that is listed with its card, and whose every connect says that it is gone, is listed wrongly. */
const LISTED_WRONGLY_MS = 2_000;
/** Pause before another attempt to power what was mute. */
const MUTE_PAUSE_MS = 200;

export function matchesRule(name: string, rule: ReaderRule): boolean {
  const lower = name.toLowerCase();
  if (!rule.nameIncludes.every((part) => lower.includes(part.toLowerCase()))) return false;
  if ((rule.nameExcludes ?? []).some((part) => lower.includes(part.toLowerCase()))) return false;
  if (rule.slot === undefined) return true;
  const slot = SLOT_AT_END.exec(name)?.[1];
  return slot !== undefined && Number.parseInt(slot, 16) === rule.slot;
}

function isPresent(state: ReaderState): boolean {
  return (state.state & STATE_PRESENT) !== 0 && (state.state & STATE_UNAVAILABLE) === 0;
}

function isMute(state: ReaderState): boolean {
  return (state.state & STATE_MUTE) !== 0;
}

function counterOf(state: ReaderState): number {
  return Math.floor(state.state / 2 ** EVENT_COUNTER_SHIFT) & 0xffff;
}

/** A dialogue whose reader can also be told control codes, as PIN entry needs it. */
export interface ControlChannel extends CardChannel {
  /** Faults: those of transmit, and "reader-refused" where the reader does not know the code (no effect). */
  control(code: number, data: Bytes, limits: Limits): Promise<Bytes>;
}

export function isControlChannel(channel: CardChannel): channel is ControlChannel {
  return "control" in channel;
}

interface Insertion {
  readonly number: number;
  readonly generation: number;
  readonly counter: number;
  readonly absences: number;
  readonly readerName: string;
}

function isSame(left: Omit<Insertion, "number">, right: Omit<Insertion, "number">): boolean {
  return left.generation === right.generation && left.counter === right.counter && left.absences === right.absences && left.readerName === right.readerName;
}

export class PcscReader implements CardReader {
  readonly name: string;
  readonly interface: CardInterface;
  readonly #supervisor: PcscSupervisor;
  readonly #clock: Clock;
  readonly #rule: ReaderRule;
  #inFlight: Promise<void> | undefined;
  #insertion: Insertion | undefined;
  /** A call has failed: nobody can say that the card never left. */
  #doubtful = false;
  #channel: PcscChannel | undefined;
  /** Since when connects say that the listed reader is gone. */
  #goneSinceMs: number | undefined;
  #closed = false;

  constructor(supervisor: PcscSupervisor, clock: Clock, rule: ReaderRule) {
    this.#supervisor = supervisor;
    this.#clock = clock;
    this.#rule = rule;
    this.interface = rule.interface;
    this.name = `pcsc:${rule.nameIncludes.join("+")}${rule.slot === undefined ? "" : `/${rule.slot}`}`;
  }

  async waitForCard(limits: Limits): Promise<CardChannel> {
    const untilMs = this.#clock.monotonicMs() + limits.timeoutMs;
    for (;;) {
      const left = { signal: limits.signal, timeoutMs: untilMs - this.#clock.monotonicMs() };
      const state = await this.#presentCard(left);
      const channel = await this.#tryConnect(state, { ...left, timeoutMs: untilMs - this.#clock.monotonicMs() });
      if (channel !== undefined) return channel;
      const pauseMs = isMute(state) ? MUTE_PAUSE_MS : RETRY_PAUSE_MS;
      if (this.#clock.monotonicMs() + pauseMs >= untilMs) throw this.#noCard();
      await this.#clock.sleep(pauseMs, limits.signal);
    }
  }

  async waitForRemoval(limits: Limits): Promise<void> {
    await this.#until(
      () => {
        const state = this.#state();
        return state === undefined || !isPresent(state) ? true : undefined;
      },
      limits,
      () => new Fault("timeout", `${this.name}: the card stays`, { effectUnknown: false }),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#channel?.close();
  }

  /** Calls of one reader follow each other, also behind one whose caller has gone away. Used by the channel. */
  async call(call: ReaderCall, limits: Limits): Promise<Bytes> {
    const untilMs = this.#clock.monotonicMs() + limits.timeoutMs;
    while (this.#inFlight !== undefined) {
      await withDeadline(this.#inFlight, {
        signal: limits.signal,
        timeoutMs: Math.max(0, untilMs - this.#clock.monotonicMs()),
        clock: this.#clock,
        what: "an earlier call of this reader",
        effectUnknown: false,
        code: "reader-hung",
      });
    }
    let ended: () => void = () => undefined;
    this.#inFlight = new Promise((resolve) => {
      ended = resolve;
    });
    // The call's own time counts from here: one that waited behind a lamp is not late for that.
    return this.#supervisor.call(call, limits, () => {
      this.#inFlight = undefined;
      ended();
    });
  }

  /** Tells the reader itself something, whether a card lies there or not, once it is there. Faults: those of a reader, "reader-refused". */
  async tell(order: Omit<Extract<ReaderCall, { op: "tell" }>, "op" | "reader">, limits: Limits): Promise<Bytes> {
    const state = await this.#until(
      () => this.#available(),
      limits,
      () => this.#noCard(),
    );
    return this.call({ op: "tell", reader: state.name, ...order }, limits);
  }

  /** A dialogue ended with a fault. Used by the channel. */
  doubt(): void {
    this.#doubtful = true;
  }

  /** Says why a dialogue of this insertion is over, or undefined while it is not. Used by the channel. */
  lostBecause(insertion: Insertion): Fault | undefined {
    const changed = () => new Fault("card-changed", "this insertion is over", { effectUnknown: false });
    if (insertion.generation !== this.#supervisor.generation || insertion !== this.#insertion) return changed();
    const state = this.#supervisor.reader(insertion.readerName);
    if (state === undefined) return new Fault("reader-gone", "the reader is gone", { effectUnknown: false });
    if (!isPresent(state)) return new Fault("card-removed", "no card in the reader", { effectUnknown: false });
    return counterOf(state) === insertion.counter && state.absences === insertion.absences ? undefined : changed();
  }

  #state(): ReaderState | undefined {
    return this.#supervisor.readers().find((reader) => matchesRule(reader.name, this.#rule));
  }

  /** The reader as it is, where it is there at all. */
  #available(): ReaderState | undefined {
    const state = this.#state();
    return state === undefined || (state.state & STATE_UNAVAILABLE) !== 0 ? undefined : state;
  }

  /** As last heard of, without asking anybody. "failed": the service of the readers is not there. */
  look(): { readonly state: "ready" | "absent" | "failed"; readonly card: boolean } {
    const state = this.#available();
    if (state !== undefined) return { state: "ready", card: isPresent(state) };
    return { state: this.#supervisor.serviceUp ? "absent" : "failed", card: false };
  }

  /** Waits until a card lies there, mute or not: the first power-up may have failed for a reason that has passed. */
  #presentCard(limits: Limits): Promise<ReaderState> {
    return this.#until(
      () => {
        const now = this.#state();
        return now !== undefined && isPresent(now) ? now : undefined;
      },
      limits,
      () => this.#noCard(),
    );
  }

  #noCard(): Fault {
    const fault = (code: "reader-service-gone" | "reader-gone" | "timeout") => new Fault(code, `${this.name}: no card`, { effectUnknown: false });
    if (!this.#supervisor.serviceUp) return fault("reader-service-gone");
    return fault(this.#available() === undefined ? "reader-gone" : "timeout");
  }

  async #tryConnect(state: ReaderState, limits: Limits): Promise<CardChannel | undefined> {
    const { generation } = this.#supervisor;
    const connecting = this.call({ op: "connect", reader: state.name, mode: "exclusive" }, { timeoutMs: CONNECT_MAX_MS, signal: limits.signal });
    try {
      await withDeadline(connecting, { ...limits, clock: this.#clock, what: `${this.name}: connect`, effectUnknown: false });
      this.#goneSinceMs = undefined;
    } catch (error) {
      this.#noteGone(isFault(error, "reader-gone"));
      // A mute module is how some readers show an empty slot for ever, so that it counts as none.
      if (this.interface === "sam" && isFault(error, "card-mute")) return undefined;
      // What lies between us and the card has changed or is busy: look again until the caller's time is over.
      if (isFault(error, "card-removed", "card-changed", "reader-gone", "reader-service-gone", "reader-busy")) return undefined;
      throw error;
    }
    const now = this.#supervisor.reader(state.name) ?? state;
    if (generation !== this.#supervisor.generation || !isPresent(now)) return undefined;
    if (isMute(now)) {
      // It has been powered after all, but the service does not tell its answer to reset before it has looked again.
      await this.#letGo(state.name);
      return undefined;
    }
    const last = this.#insertion;
    const found = { generation, counter: counterOf(now), absences: now.absences, readerName: state.name };
    const same = last !== undefined && !this.#doubtful && isSame(last, found);
    this.#doubtful = false;
    this.#insertion = { number: (last?.number ?? 0) + (same ? 0 : 1), ...found };
    this.#channel = new PcscChannel(this, this.#insertion, now.atr);
    return this.#channel;
  }

  #noteGone(gone: boolean): void {
    const nowMs = this.#clock.monotonicMs();
    this.#goneSinceMs = gone ? (this.#goneSinceMs ?? nowMs) : undefined;
    if (this.#goneSinceMs === undefined || nowMs - this.#goneSinceMs < LISTED_WRONGLY_MS) return;
    this.#goneSinceMs = undefined;
    this.#supervisor.renew();
  }

  async #letGo(name: string): Promise<void> {
    await this.call({ op: "disconnect", reader: name }, { timeoutMs: CLOSE_MAX_MS, signal: new AbortController().signal }).catch(() => undefined);
  }

  async #until<Value>(look: () => Value | undefined, limits: Limits, late: () => Fault): Promise<Value> {
    const found = this.#closed ? undefined : look();
    if (found !== undefined) return found;
    if (this.#closed) throw new Fault("closed", `${this.name} was closed`, { effectUnknown: false });
    let stop: () => void = () => undefined;
    const seen = new Promise<Value>((resolve) => {
      stop = this.#supervisor.onChange(() => {
        const value = look();
        if (value !== undefined) resolve(value);
      });
    });
    try {
      const timeoutMs = Math.max(0, limits.timeoutMs);
      return await withDeadline(seen, { signal: limits.signal, timeoutMs, clock: this.#clock, what: this.name, effectUnknown: false });
    } catch (error) {
      throw isFault(error, "timeout") ? late() : error;
    } finally {
      stop();
    }
  }
}

class PcscChannel implements ControlChannel {
  readonly atr: Bytes;
  readonly insertion: number;
  readonly #reader: PcscReader;
  readonly #insertion: Insertion;
  #busy = false;
  #over = false;

  constructor(reader: PcscReader, insertion: Insertion, atr: Bytes) {
    this.#reader = reader;
    this.#insertion = insertion;
    this.insertion = insertion.number;
    this.atr = atr;
  }

  async transmit(command: Bytes, limits: Limits): Promise<Bytes> {
    const response = await this.#call({ op: "transmit", reader: this.#insertion.readerName, data: command }, limits);
    if (response.length >= 2) return response;
    // Some virtual readers report success and no bytes when the card leaves in the middle of a command.
    this.#over = true;
    this.#reader.doubt();
    throw new Fault("card-removed", "an answer without a status word", { effectUnknown: true });
  }

  control(code: number, data: Bytes, limits: Limits): Promise<Bytes> {
    return this.#call({ op: "control", reader: this.#insertion.readerName, code, data }, limits);
  }

  async close(): Promise<void> {
    const lost = this.#over || this.#reader.lostBecause(this.#insertion) !== undefined;
    this.#over = true;
    if (lost) return;
    const limits = { timeoutMs: CLOSE_MAX_MS, signal: new AbortController().signal };
    // A card that cannot be let go is met again, and powered anew, by the next connect.
    await this.#reader.call({ op: "disconnect", reader: this.#insertion.readerName }, limits).catch(() => undefined);
  }

  async #call(call: ReaderCall, limits: Limits): Promise<Bytes> {
    assert(!this.#busy, "one command at a time");
    if (this.#over) throw new Fault("closed", "this dialogue is over", { effectUnknown: false });
    const lost = this.#reader.lostBecause(this.#insertion);
    if (lost !== undefined) throw lost;
    this.#busy = true;
    try {
      return await this.#reader.call(call, limits);
    } catch (error) {
      // A control code that the reader does not know leaves the dialogue as it was; anything else ends it.
      if (call.op !== "control" || !isFault(error, "reader-refused")) {
        this.#over = true;
        this.#reader.doubt();
      }
      throw error;
    } finally {
      this.#busy = false;
    }
  }
}
