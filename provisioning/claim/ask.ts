/*
 * One question to a host over a link, and its answer: listens before it asks, asks once, and takes nothing but the authority's answer to this very question.
 */
import type { Bytes } from "../../device/base/bytes.ts";
import { withDeadline } from "../../device/base/deadline.ts";
import { isFault } from "../../device/base/fault.ts";
import type { Log } from "../../device/base/log.ts";
import type { Clock, MessageLink } from "../../device/base/ports.ts";
import type { CipherSuite, Sm2PublicKey } from "../../device/crypto/face.ts";
import { checkAnswer, type Question } from "./messages.ts";
import type { JsonObject } from "./types.ts";

export interface AskParts {
  readonly clock: Clock;
  readonly suite: CipherSuite;
  readonly log: Log;
  readonly authority: Sm2PublicKey;
  readonly signal: AbortSignal;
}

/** Messages that wait for their check; a flood is cut off. */
const WAITING_MAX = 16;

/** A link with one listener for each topic, however often it is asked over. */
export class AskingLink {
  readonly #link: MessageLink;
  readonly #heard = new Set<string>();
  #listener: ((payload: Bytes) => void) | undefined;
  #whenUp: (() => void) | undefined;

  constructor(link: MessageLink) {
    this.#link = link;
    link.onState((state) => {
      if (state === "up") this.#whenUp?.();
    });
  }

  /** The signed answer; undefined when nobody who may answered within `timeoutMs`. Faults: "cancelled". */
  async ask(parts: AskParts, question: Question, timeoutMs: number): Promise<JsonObject | undefined> {
    const { clock, log, signal } = parts;
    const found = new Promise<JsonObject>((resolve) => {
      let waiting = 0;
      this.#listener = (payload) => {
        waiting += 1;
        if (waiting > WAITING_MAX) return;
        const checked = checkAnswer(parts, question.of, payload);
        if (checked.ok) resolve(checked.answer);
        else log.warn("claim-answer-refused", { reason: checked.reason });
      };
    });
    this.#listen(question.down);
    try {
      const work = this.#published(question, { clock, timeoutMs, signal }).then(() => found);
      return await withDeadline(work, { clock, timeoutMs, signal, what: "the answer of the host", effectUnknown: true });
    } catch (error) {
      if (!isFault(error) || error.code === "cancelled") throw error;
      log.warn("claim-unanswered", { code: error.code });
      return undefined;
    } finally {
      this.#listener = undefined;
    }
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #listen(topic: string): void {
    if (this.#heard.has(topic)) return;
    this.#heard.add(topic);
    this.#link.subscribe(topic, ({ payload }) => this.#listener?.(payload));
  }

  async #published(
    question: Question,
    { clock, timeoutMs, signal }: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    if (this.#link.state === "down") await withDeadline(this.#up(), { clock, timeoutMs, signal, what: "the line to the broker", effectUnknown: false });
    await this.#link.publish(question.up, question.payload, { qos: 1, timeoutMs, signal });
  }

  #up(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenUp = resolve;
    });
  }
}
