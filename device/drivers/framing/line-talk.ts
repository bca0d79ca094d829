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

/** Questions in a row without a single byte behind them. */
const UNANSWERED_MAX = 2;
/** Words kept for a listener that is busy; a device gone mad must not fill the memory. */
const WORDS_MAX = 64;

interface EarOptions {
  readonly clock: Clock;
  readonly name: string;
  /** Whether a command hangs on what is heard, so that nobody knows what became of it when nothing is. */
  readonly effectUnknown: boolean;
  readonly stop: () => void;
}

/** Hears what the device says until it is stopped. */
export class Ear<Word> {
  readonly #options: EarOptions;
  readonly #words: Word[] = [];
  readonly #lost: Promise<never>;
  #lose: (fault: Fault) => void = () => undefined;
  #wake: () => void = () => undefined;

  constructor(options: EarOptions) {
    this.#options = options;
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

  /** The next word. Faults: "device-gone" (effect unknown), "timeout", "cancelled", "closed". */
  async next(limits: Limits): Promise<Word> {
    const { clock, name, effectUnknown } = this.#options;
    for (;;) {
      const word = this.#words.shift();
      if (word !== undefined) return word;
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await withDeadline(Promise.race([woken, this.#lost]), { ...limits, clock, what: `a word of ${name}`, effectUnknown });
    }
  }

  /** Lets time pass with an eye on the device. Faults: "device-gone" (effect unknown), "cancelled". */
  async rest(durationMs: number, signal: AbortSignal): Promise<void> {
    const { clock, name } = this.#options;
    await withDeadline(this.#lost, { timeoutMs: durationMs, signal, clock, what: name, effectUnknown: true }).catch((fault: unknown) => {
      if (!isFault(fault, "timeout")) throw fault;
    });
  }

  stop(): void {
    this.#options.stop();
  }
}

export interface LineTalkOptions<Word> {
  readonly clock: Clock;
  readonly reader: WordReader<Word>;
  /** The code of the fault when the device is lost: "device-gone" where its port has no word of its own. */
  readonly goneCode?: "device-gone" | "pad-gone";
}

interface Listener<Word> {
  hear(word: Word): void;
  lose(fault: Fault): void;
}

export class LineTalk<Word> {
  readonly #line: ByteLine;
  readonly #clock: Clock;
  readonly #reader: WordReader<Word>;
  readonly #goneCode: "device-gone" | "pad-gone";
  readonly #listeners = new Set<Listener<Word>>();
  readonly #stops: readonly Unsubscribe[];
  #tail: Promise<unknown> = Promise.resolve();
  #unanswered = 0;

  constructor(line: ByteLine, options: LineTalkOptions<Word>) {
    this.#line = line;
    this.#clock = options.clock;
    this.#reader = options.reader;
    this.#goneCode = options.goneCode ?? "device-gone";
    this.#stops = [
      line.onBytes((bytes) => {
        this.#unanswered = 0;
        for (const word of this.#reader.feed(bytes)) for (const listener of this.#listeners) listener.hear(word);
      }),
      line.onState((state) => {
        if (state !== "open") this.#lose(new Fault(this.#goneCode, `${line.name} went away`, { effectUnknown: true }));
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
    return this.listenFor((_word): _word is Word => true, { effectUnknown: true });
  }

  /** Listens for some words only. `effectUnknown`: whether a command hangs on them, so that nobody knows what became of it when none comes. */
  listenFor<Heard extends Word>(wants: (word: Word) => word is Heard, { effectUnknown }: { readonly effectUnknown: boolean }): Ear<Heard> {
    this.#reader.reset();
    const ear = new Ear<Heard>({ clock: this.#clock, name: this.#line.name, effectUnknown, stop: () => this.#listeners.delete(listener) });
    const listener: Listener<Word> = {
      hear: (word) => {
        if (wants(word)) ear.hear(word);
      },
      lose: (fault) => ear.lose(fault),
    };
    this.#listeners.add(listener);
    return ear;
  }

  /** Listens for as long as `work` lasts. */
  async hearing<Value>(work: (ear: Ear<Word>) => Promise<Value>): Promise<Value> {
    const ear = this.listen();
    try {
      return await work(ear);
    } finally {
      ear.stop();
    }
  }

  /** Sends and resolves with the first wanted word behind it, both within `limits`. Faults: those of {@link write} and of {@link Ear.next}. */
  async ask<Heard extends Word>(bytes: Bytes, wants: (word: Word) => word is Heard, limits: Limits): Promise<Heard> {
    const ear = this.listenFor(wants, { effectUnknown: true });
    const left = countdown(this.#clock, limits);
    try {
      await this.write(bytes, limits);
      return await ear.next(left());
    } catch (fault) {
      if (isFault(fault, "timeout")) this.#missAnswer();
      throw fault;
    } finally {
      ear.stop();
    }
  }

  /** A binding whose reading end has died looks just like a device that says nothing; only the binding can be put right from here. */
  #missAnswer(): void {
    this.#unanswered += 1;
    if (this.#unanswered < UNANSWERED_MAX) return;
    this.#unanswered = 0;
    this.#line.renew?.();
  }

  /** Faults: "device-gone" (nothing was sent, or effect unknown), "timeout", "cancelled", "closed". */
  async write(bytes: Bytes, limits: Limits): Promise<void> {
    try {
      await this.#line.write(bytes, limits);
    } catch (fault) {
      // What hangs is being replaced: for whoever talks to it the device is gone for a while.
      if (isFault(fault, "device-gone", "device-hung")) throw new Fault(this.#goneCode, fault.message, { effectUnknown: fault.effectUnknown, cause: fault });
      throw fault;
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#lose(new Fault("closed", `${this.#line.name} was closed`, { effectUnknown: true }));
  }

  #lose(fault: Fault): void {
    for (const listener of this.#listeners) listener.lose(fault);
  }
}

/** What is left of the caller's time, at each look. */
export function countdown(clock: Clock, { timeoutMs, signal }: Limits): () => Limits {
  const endsMs = clock.monotonicMs() + timeoutMs;
  return () => ({ timeoutMs: Math.max(0, endsMs - clock.monotonicMs()), signal });
}

/** The caller's limits, and no more than `mostMs`. */
export function bounded({ timeoutMs, signal }: Limits, mostMs: number): Limits {
  return { timeoutMs: Math.min(timeoutMs, mostMs), signal };
}

/** The next word, or undefined when none comes in time. */
export async function nextOrNothing<Word>(ear: Ear<Word>, limits: Limits): Promise<Word | undefined> {
  try {
    return await ear.next(limits);
  } catch (fault) {
    if (isFault(fault, "timeout")) return undefined;
    throw fault;
  }
}
