/*
 * Goal: a tap's timeline without a word about it in any flow.
 * Method: reader, security module and journal are handed on behind a watch that notes when each question began and ended. Everything else
 * passes through as it is, abilities that only some hardware has included.
 */
import { toHex } from "../../base/bytes.ts";
import type { Clock } from "../../base/ports.ts";
import type { CardChannel, CardReader, Psam, PsamPurchase, SocialPsam } from "../../drivers/ports.ts";
import type { Journal } from "../journal/types.ts";
import { APPEND, timesOf } from "./times.ts";
import type { TapPart, TapStep, TapTimeline } from "./types.ts";

/** What a flow is given, as far as it takes time. */
export interface WatchedPorts {
  readonly reader: CardReader;
  readonly psam: Psam;
  readonly journal: Journal;
  /** The module once more, where it also keeps the keys of the medical purse. */
  readonly medicalPurse?: { readonly psam: SocialPsam };
}

/** More steps than any tap has: what comes after is not noted. */
const STEPS_MAX = 96;
const HEADER_BYTES = 4;

/** Names a question by its method and arguments; undefined: it takes no time worth noting. */
type Naming = (method: string, parameters: readonly unknown[]) => { readonly part: TapPart; readonly what: string } | undefined;

interface OpenTap {
  readonly startMs: number;
  readonly wallMs: number;
  readonly steps: TapStep[];
}

/** Notes the steps of one place, one tap at a time. */
export class TapWatch {
  readonly #clock: Clock;
  readonly #ended: (tap: TapTimeline) => void;
  #tap: OpenTap | undefined;

  constructor(clock: Clock, ended: (tap: TapTimeline) => void) {
    this.#clock = clock;
    this.#ended = ended;
  }

  ports<Ports extends WatchedPorts>(ports: Ports): Ports {
    const { reader, psam, journal, medicalPurse } = ports;
    return {
      ...ports,
      reader: this.#reader(reader),
      psam: this.#module(psam),
      journal: this.#behind(journal, journalQuestion),
      ...(medicalPurse === undefined ? {} : { medicalPurse: { ...medicalPurse, psam: this.#module(medicalPurse.psam) } }),
    };
  }

  #reader(reader: CardReader): CardReader {
    return {
      name: reader.name,
      interface: reader.interface,
      waitForCard: async (limits) => {
        this.#end();
        const askedMs = this.#clock.monotonicMs();
        return this.#begin(await reader.waitForCard(limits), askedMs);
      },
      waitForRemoval: (limits) => reader.waitForRemoval(limits),
      close: () => reader.close(),
    };
  }

  #begin(channel: CardChannel, askedMs: number): CardChannel {
    const startMs = this.#clock.monotonicMs();
    const steps: TapStep[] = [{ part: "wait", what: "card", beganMs: askedMs - startMs, endedMs: 0 }];
    const tap: OpenTap = { startMs, wallMs: this.#clock.wallMs(), steps };
    this.#tap = tap;
    const watched = this.#behind(channel, cardQuestion);
    return new Proxy(watched, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (key !== "close") return value;
        return () => {
          if (this.#tap === tap) this.#end();
          return target.close();
        };
      },
    });
  }

  /** The purchase that a module opens is asked something too. */
  #module<Module extends Psam>(module: Module): Module {
    return this.#behind(module, moduleQuestion, (answer) => (isPurchase(answer) ? this.#behind(answer, moduleQuestion) : answer));
  }

  /** The same object, whose questions are noted. */
  #behind<Port extends object>(port: Port, name: Naming, handOn: (answer: unknown) => unknown = (answer) => answer): Port {
    const methods = new Map<PropertyKey, unknown>();
    return new Proxy(port, {
      get: (target, key) => {
        // Bound to the object itself: its private fields are not the watch's.
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        const known = methods.get(key);
        if (known !== undefined) return known;
        const method = (...parameters: unknown[]): unknown => {
          const question = name(String(key), parameters);
          const answer: unknown = Reflect.apply(value, target, parameters);
          return question === undefined || !(answer instanceof Promise) ? answer : this.#timed(question, answer).then(handOn);
        };
        methods.set(key, method);
        return method;
      },
    });
  }

  async #timed(question: { readonly part: TapPart; readonly what: string }, answer: Promise<unknown>): Promise<unknown> {
    const tap = this.#tap;
    const beganMs = this.#clock.monotonicMs();
    let failed = true;
    try {
      const value = await answer;
      failed = false;
      return value;
    } finally {
      if (tap !== undefined && tap.steps.length < STEPS_MAX) {
        const { startMs, steps } = tap;
        const step = { ...question, beganMs: beganMs - startMs, endedMs: this.#clock.monotonicMs() - startMs };
        steps.push(failed ? { ...step, failed } : step);
      }
    }
  }

  #end(): void {
    const tap = this.#tap;
    this.#tap = undefined;
    if (tap === undefined || !tap.steps.some(({ part }) => part === "card")) return;
    this.#ended({ wallMs: tap.wallMs, times: timesOf(tap.steps), steps: tap.steps });
  }
}

function isPurchase(answer: unknown): answer is PsamPurchase {
  return typeof answer === "object" && answer !== null && "credit" in answer;
}

/** The header alone: data may be a number of a card, or a block with a PIN in it. */
function cardQuestion(method: string, [command]: readonly unknown[]): ReturnType<Naming> {
  if (method === "transmit") return { part: "card", what: command instanceof Uint8Array ? toHex(command.subarray(0, HEADER_BYTES)) : "" };
  // A control code has a person at the reader's own keys.
  return method === "control" ? { part: "wait", what: "keypad" } : undefined;
}

function moduleQuestion(method: string): ReturnType<Naming> {
  return method === "close" || method === "release" || method === "expectedSequence" ? undefined : { part: "module", what: method };
}

function journalQuestion(method: string): ReturnType<Naming> {
  return { part: "disk", what: method === "append" ? APPEND : method };
}
