/*
 * Talk with a device over a byte line: one talk at a time, and heard is what is said from the moment of listening. So no answer slips in
 * between a command and its wait, and what was said before, to nobody, is not taken for an answer.
 */
import type { Bytes } from "../../base/bytes.ts";
import { withDeadline } from "../../base/deadline.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { ByteLine, Unsubscribe } from "./lines.ts";

/** Makes words of bytes, in pieces of any size; never throws and holds little. */
export interface WordReader<Word> {
  feed(bytes: Bytes): readonly Word[];
  /** Forgets what was begun. */
  reset(): void;
}

/** Words kept for a listener that is busy; a device gone mad must not fill the memory. */
const WORDS_MAX = 64;

/** Hears what the device says until it is stopped. */
export class Ear<Word> {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #words: Word[] = [];
  readonly #stop: (ear: Ear<Word>) => void;
  readonly #lost: Promise<never>;
  #lose: (fault: Fault) => void = () => undefined;
  #wake: () => void = () => undefined;

  constructor(options: { readonly clock: Clock; readonly name: string; readonly stop: (ear: Ear<Word>) => void }) {
    this.#clock = options.clock;
    this.#name = options.name;
    this.#stop = options.stop;
    this.#lost = new Promise<never>((_resolve, reject) => {
      this.#lose = reject;
    });
    // Who does not wait just now learns of the loss at the next wait.
    this.#lost.catch(() => undefined);
  }

  hear(word: Word): void {
    if (this.#words.length < WORDS_MAX) this.#words.push(word);
    this.#wake();
  }

  lose(fault: Fault): void {
    this.#lose(fault);
  }

  /** The next word. Faults: "device-gone" (effect unknown), "timeout", "cancelled". */
  async next(limits: Limits): Promise<Word> {
    for (;;) {
      const word = this.#words.shift();
      if (word !== undefined) return word;
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await withDeadline(Promise.race([woken, this.#lost]), { ...limits, clock: this.#clock, what: `an answer of ${this.#name}`, effectUnknown: true });
    }
  }

  /** Lets time pass with an eye on the device. Faults: "device-gone" (effect unknown), "cancelled". */
  async rest(durationMs: number, signal: AbortSignal): Promise<void> {
    const options = { timeoutMs: durationMs, signal, clock: this.#clock, what: this.#name, effectUnknown: true };
    await withDeadline(this.#lost, options).catch((fault: unknown) => {
      if (!isFault(fault, "timeout")) throw fault;
    });
  }

  stop(): void {
    this.#stop(this);
  }
}

export class LineTalk<Word> {
  readonly #line: ByteLine;
  readonly #clock: Clock;
  readonly #reader: WordReader<Word>;
  readonly #ears = new Set<Ear<Word>>();
  readonly #stops: readonly Unsubscribe[];
  #tail: Promise<unknown> = Promise.resolve();

  constructor(line: ByteLine, options: { readonly clock: Clock; readonly reader: WordReader<Word> }) {
    this.#line = line;
    this.#clock = options.clock;
    this.#reader = options.reader;
    this.#stops = [
      line.onBytes((bytes) => {
        for (const word of this.#reader.feed(bytes)) for (const ear of this.#ears) ear.hear(word);
      }),
      line.onState((state) => {
        if (state !== "open") this.#lose(new Fault("device-gone", `${line.name} went away`, { effectUnknown: true }));
      }),
    ];
  }

  /** Runs a talk that needs the line for itself, after whatever was begun before; the wait counts against `limits`. */
  async alone<Value>(limits: Limits, work: () => Promise<Value>): Promise<Value> {
    const before = this.#tail;
    let free: () => void = () => undefined;
    this.#tail = new Promise<void>((resolve) => {
      free = resolve;
    });
    try {
      await withDeadline(before, { ...limits, clock: this.#clock, what: `${this.#line.name} is busy`, effectUnknown: false });
      return await work();
    } finally {
      // Behind a wait that was given up, the one before it still holds the line.
      void before.then(free, free);
    }
  }

  /** Listens from now on, until the ear is stopped. */
  listen(): Ear<Word> {
    this.#reader.reset();
    const ear = new Ear<Word>({ clock: this.#clock, name: this.#line.name, stop: (stopped) => this.#ears.delete(stopped) });
    this.#ears.add(ear);
    return ear;
  }

  /** Faults: "device-gone" (nothing was sent, or effect unknown), "timeout", "cancelled", "closed". */
  async write(bytes: Bytes, limits: Limits): Promise<void> {
    try {
      await this.#line.write(bytes, limits);
    } catch (fault) {
      // What hangs is being replaced: for whoever talks to it the device is gone for a while.
      if (isFault(fault, "device-hung")) throw new Fault("device-gone", fault.message, { effectUnknown: fault.effectUnknown, cause: fault });
      throw fault;
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#lose(new Fault("closed", `${this.#line.name} was closed`, { effectUnknown: true }));
  }

  #lose(fault: Fault): void {
    for (const ear of this.#ears) ear.lose(fault);
  }
}
