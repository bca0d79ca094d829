/*
 * Goal: the terminal's flows meet every way in which a card can leave, under virtual or real time.
 * Method: a reader port over a simulated card or module. An exchange takes modelled time and acts in its middle, so that a
 * removal at any instant falls before or after the card's commit by itself; a hook can also decide each command's fate.
 */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, EMPTY } from "../../device/base/bytes.ts";
import { withDeadline } from "../../device/base/deadline.ts";
import { Fault, type FaultCode, isFault } from "../../device/base/fault.ts";
import type { Clock, Limits } from "../../device/base/ports.ts";
import type { CardChannel, CardInterface, CardReader } from "../../device/drivers/ports.ts";
import type { CardModule } from "../card/card.ts";
import { type TearPlace, tearPoint } from "../card/state.ts";
import { contactlessTiming, contactTiming, type ExchangeTiming } from "./timing.ts";

/** The fate of one command. `at` says where the card stands when its power goes; a number counts the bytes of command and answer that got across. */
export type TransmitVerdict =
  | { readonly kind: "ok" }
  /** The card leaves the reader. */
  | { readonly kind: "tear"; readonly at: TearPlace }
  /** No answer ever comes; the caller's deadline ends it. */
  | { readonly kind: "hang"; readonly at?: TearPlace }
  /** The reader itself goes away until `restoreReader`. */
  | { readonly kind: "reader-lost"; readonly at?: TearPlace };

export interface TransmitInfo {
  readonly command: Bytes;
  /** Counts the commands of one insertion from 0. */
  readonly index: number;
  readonly insertion: number;
}

export interface SimulatedReaderOptions {
  readonly name: string;
  readonly interface: CardInterface;
  readonly clock: Clock;
  readonly beforeTransmit?: (info: TransmitInfo) => TransmitVerdict;
  readonly timing?: ExchangeTiming;
  /** Time from the card's arrival to its answer to reset; asked anew for each arrival where it is a function. */
  readonly powerUpMs?: number | (() => number);
  /** False: a reader that cannot tell several cards from one that does not answer. True when absent. */
  readonly tellsCollision?: boolean;
}

const OK: TransmitVerdict = { kind: "ok" };
const DEFAULT_POWER_UP_MS = 10;

interface Exchange {
  readonly fail: (fault: Fault) => void;
  /** False once nobody waits any more: the card must not act late. */
  live: boolean;
}

interface Insertion {
  readonly card: CardModule;
  readonly number: number;
  commands: number;
}

function faultOf(code: FaultCode, message: string, effectUnknown: boolean): Fault {
  return new Fault(code, message, { effectUnknown });
}

/** An answer that never comes; somebody else settles the exchange. */
function noAnswer(): Promise<Bytes> {
  return new Promise(() => undefined);
}

export class SimulatedReader implements CardReader {
  readonly name: string;
  readonly interface: CardInterface;
  readonly #clock: Clock;
  readonly #timing: ExchangeTiming;
  readonly #powerUpMs: number | (() => number);
  readonly #tellsCollision: boolean;
  #beforeTransmit: (info: TransmitInfo) => TransmitVerdict;
  #insertion: Insertion | undefined;
  #insertions = 0;
  #others: readonly CardModule[] = [];
  #present = true;
  #closed = false;
  #channel: SimulatedChannel | undefined;
  #watchers: (() => void)[] = [];

  constructor(options: SimulatedReaderOptions) {
    this.name = options.name;
    this.interface = options.interface;
    this.#clock = options.clock;
    this.#timing = options.timing ?? (options.interface === "contactless" ? contactlessTiming : contactTiming);
    this.#powerUpMs = options.powerUpMs ?? DEFAULT_POWER_UP_MS;
    this.#tellsCollision = options.tellsCollision ?? true;
    this.#beforeTransmit = options.beforeTransmit ?? (() => OK);
  }

  /** The card that lies in the reader. */
  get card(): CardModule | undefined {
    return this.#insertion?.card;
  }

  /** False while the reader itself is gone. */
  get present(): boolean {
    return this.#present;
  }

  /** Replaces the hook that decides each command's fate. */
  setFate(beforeTransmit: (info: TransmitInfo) => TransmitVerdict): void {
    this.#beforeTransmit = beforeTransmit;
  }

  /** Puts a card in; the same card may come back any number of times. */
  insert(card: CardModule): void {
    assert(this.#insertion === undefined, "the reader is empty before a card goes in");
    card.powerDown();
    this.#insertions += 1;
    this.#insertion = { card, number: this.#insertions, commands: 0 };
    this.#changed();
  }

  /** Takes the card out; a command that is under way fails with unknown effect. */
  remove(): CardModule | undefined {
    const card = this.#insertion?.card;
    this.#insertion = undefined;
    this.#endChannel("card-removed", "the card left the reader");
    card?.powerDown();
    this.#changed();
    return card;
  }

  /** Takes the card out and puts another in, faster than anybody looks: the old channel is worthless, the new card waits to be powered. */
  swap(card: CardModule): CardModule | undefined {
    const old = this.remove();
    this.insert(card);
    return old;
  }

  /** Further cards come into the field, where they and the first one disturb each other; none: they have left, and the first one counts as new. */
  crowd(others: readonly CardModule[]): void {
    this.#others = others;
    this.#endChannel("card-removed", "another card came into the field");
    this.#insertion?.card.powerDown();
    this.#renumber();
    this.#changed();
  }

  /** The reader goes away (unplugged, service dead) with whatever lies in it. */
  loseReader(): void {
    this.#present = false;
    this.#endChannel("reader-gone", "the reader is gone");
    this.#insertion?.card.powerDown();
    this.#changed();
  }

  /** The reader comes back; a card in it counts as inserted anew. */
  restoreReader(): void {
    if (this.#present) return;
    this.#present = true;
    this.#renumber();
    this.#changed();
  }

  /** Power of the terminal fails: everything in the reader loses power at once. Channels are worthless afterwards. */
  cutPower(): void {
    this.#endChannel("reader-gone", "power failed");
    this.#insertion?.card.powerDown();
    this.#renumber();
  }

  async waitForCard(limits: Limits): Promise<CardChannel> {
    const started = this.#clock.monotonicMs();
    for (;;) {
      if (this.#closed) throw faultOf("closed", `${this.name} is closed`, false);
      const insertion = this.#present ? this.#insertion : undefined;
      const leftMs = Math.max(0, limits.timeoutMs - (this.#clock.monotonicMs() - started));
      if (insertion !== undefined) {
        const channel = await this.#power(insertion, { ...limits, timeoutMs: leftMs });
        if (channel !== undefined) return channel;
      } else {
        await this.#nextChange({ ...limits, timeoutMs: leftMs }, this.#present ? "timeout" : "reader-gone");
      }
    }
  }

  async waitForRemoval(limits: Limits): Promise<void> {
    const started = this.#clock.monotonicMs();
    while (this.#present && this.#insertion !== undefined && !this.#closed) {
      const leftMs = Math.max(0, limits.timeoutMs - (this.#clock.monotonicMs() - started));
      await this.#nextChange({ ...limits, timeoutMs: leftMs }, "timeout");
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#endChannel("closed", "the reader was closed");
    this.#insertion?.card.powerDown();
    this.#changed();
    return Promise.resolve();
  }

  /** Powers the card; undefined when it left meanwhile. */
  async #power(insertion: Insertion, limits: Limits): Promise<CardChannel | undefined> {
    const clock = this.#clock;
    const powerUpMs = typeof this.#powerUpMs === "number" ? this.#powerUpMs : this.#powerUpMs();
    await withDeadline(clock.sleep(powerUpMs, limits.signal), { ...limits, clock, what: `power-up in ${this.name}`, effectUnknown: false });
    if (!this.#present || this.#insertion !== insertion || this.#closed) return undefined;
    this.#endChannel("closed", "the card was powered anew");
    if (this.#others.length > 0) throw this.#collision();
    const atr = insertion.card.powerUp();
    if (atr.length === 0) throw faultOf("card-mute", "no answer to reset", false);
    this.#channel = new SimulatedChannel({
      atr,
      insertion: insertion.number,
      clock,
      where: this.name,
      standing: (channel) => this.#standing(channel),
      exchange: (channel, command) => this.#exchange(channel, insertion, command),
      released: (channel) => this.#release(channel),
      hung: () => this.#hung(),
    });
    return this.#channel;
  }

  #collision(): Fault {
    if (!this.#tellsCollision) return faultOf("card-mute", "no answer to reset", false);
    return faultOf("card-collision", "more than one card lies in the field", false);
  }

  #standing(channel: SimulatedChannel): FaultCode | undefined {
    if (!this.#present) return "reader-gone";
    if (this.#insertion === undefined) return "card-removed";
    if (this.#insertion.number !== channel.insertion) return "card-changed";
    return this.#channel === channel ? undefined : "closed";
  }

  /** One exchange: half its time before the card acts, half after. */
  async #exchange(channel: SimulatedChannel, insertion: Insertion, command: Bytes): Promise<Bytes> {
    const { card } = insertion;
    const verdict = this.#beforeTransmit({ command, index: insertion.commands, insertion: insertion.number });
    insertion.commands += 1;
    const extraMs = card.extraMsFor?.(command) ?? card.extraMsPerCommand;
    const halfMs = (this.#timing(command, EMPTY) + extraMs) / 2;
    await this.#clock.sleep(halfMs);
    if (!channel.exchangeLives) return noAnswer();
    if (verdict.kind !== "ok") {
      this.#befall(verdict, card, command);
      return noAnswer();
    }
    const answer = card.transmit(command);
    if (answer.length === 0) {
      if (card.powered) throw faultOf("card-mute", "the card gave no answer", true);
      this.remove();
      return noAnswer();
    }
    await this.#clock.sleep(Math.max(0, this.#timing(command, answer) + extraMs - halfMs));
    return answer;
  }

  #befall(verdict: Exclude<TransmitVerdict, { kind: "ok" }>, card: CardModule, command: Bytes): void {
    card.tear(command, tearPoint(command, verdict.at ?? "before"));
    if (verdict.kind === "tear") this.remove();
    if (verdict.kind === "reader-lost") this.loseReader();
  }

  /** After a hang the driver starts its side anew, which powers the card down and up again. */
  #hung(): void {
    this.#insertion?.card.powerDown();
    this.#channel = undefined;
    this.#renumber();
  }

  #renumber(): void {
    if (this.#insertion === undefined) return;
    this.#insertions += 1;
    this.#insertion = { card: this.#insertion.card, number: this.#insertions, commands: 0 };
  }

  #release(channel: SimulatedChannel): void {
    if (this.#channel !== channel) return;
    this.#channel = undefined;
    this.#insertion?.card.powerDown();
  }

  #endChannel(code: FaultCode, message: string): void {
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.fail(faultOf(code, message, true));
  }

  #changed(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }

  async #nextChange(limits: Limits, code: FaultCode): Promise<void> {
    let watcher = (): void => undefined;
    const change = new Promise<void>((resolve) => {
      watcher = resolve;
    });
    this.#watchers.push(watcher);
    try {
      await withDeadline(change, { ...limits, clock: this.#clock, what: `change in ${this.name}`, effectUnknown: false, code });
    } finally {
      this.#watchers = this.#watchers.filter((each) => each !== watcher);
    }
  }
}

interface ChannelOptions {
  readonly atr: Bytes;
  readonly insertion: number;
  readonly clock: Clock;
  readonly where: string;
  readonly standing: (channel: SimulatedChannel) => FaultCode | undefined;
  readonly exchange: (channel: SimulatedChannel, command: Bytes) => Promise<Bytes>;
  readonly released: (channel: SimulatedChannel) => void;
  readonly hung: () => void;
}

class SimulatedChannel implements CardChannel {
  readonly atr: Bytes;
  readonly insertion: number;
  readonly #options: ChannelOptions;
  #exchange: Exchange | undefined;
  #closed = false;

  constructor(options: ChannelOptions) {
    this.atr = options.atr;
    this.insertion = options.insertion;
    this.#options = options;
  }

  /** Whether somebody still waits for the exchange under way. */
  get exchangeLives(): boolean {
    return this.#exchange?.live === true;
  }

  async transmit(command: Bytes, limits: Limits): Promise<Bytes> {
    assert(this.#exchange === undefined, "one command at a time on a channel");
    const standing = this.#closed ? "closed" : this.#options.standing(this);
    if (standing === undefined && limits.signal.aborted) throw faultOf("cancelled", `${this.#options.where}: nothing was sent`, false);
    if (standing !== undefined) throw faultOf(standing, `${this.#options.where}: nothing was sent`, false);
    const { clock, where } = this.#options;
    let settle = (_fault: Fault): void => undefined;
    const failed = new Promise<never>((_, reject) => {
      settle = reject;
    });
    failed.catch(() => undefined);
    const exchange: Exchange = { live: true, fail: (fault) => settle(fault) };
    this.#exchange = exchange;
    const work = Promise.race([this.#options.exchange(this, command.slice()), failed]);
    try {
      return await withDeadline(work, { ...limits, clock, what: `command to ${where}`, effectUnknown: true, code: "reader-hung" });
    } catch (error) {
      // Whoever gives up cannot leave the card acting behind his back: the driver resets it, as the real one does.
      if (isFault(error, "reader-hung", "cancelled")) {
        this.#closed = true;
        this.#options.hung();
      }
      throw error;
    } finally {
      exchange.live = false;
      this.#exchange = undefined;
    }
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.fail(faultOf("closed", "the channel was closed", true));
      this.#options.released(this);
    }
    return Promise.resolve();
  }

  /** Ends the exchange under way with a fault. */
  fail(fault: Fault): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    exchange.live = false;
    exchange.fail(fault);
  }
}

/** A reader with a security module in it, for good. */
export function makeSamReader(psam: CardModule, options: Omit<SimulatedReaderOptions, "interface">): SimulatedReader {
  const reader = new SimulatedReader({ ...options, interface: "sam" });
  reader.insert(psam);
  return reader;
}
