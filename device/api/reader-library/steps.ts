/*
 * Goal: a dialogue with the card that waits in its middle for the caller, who asks a host and calls again.
 * Method: the dialogue is one function that asks the caller and goes on with the answer; each call of a step gives it the answer it waits for
 * and gets its next question, or its end. A dialogue that nobody continues in time ends by itself and lets the card go.
 */
import { Fault } from "../../base/fault.ts";
import type { Clock } from "../../base/ports.ts";
import type { LibraryAnswer } from "./functions.ts";
import { answerOf, RESULT } from "./numbers.ts";

/** Gives the caller this output and waits for the text of the next step. Faults: "cancelled" when there is none. */
export type AskCaller = (output: string) => Promise<string>;

interface Waiting {
  readonly give: (text: string) => void;
  readonly giveUp: (fault: Fault) => void;
}

export interface StepDialogueOptions {
  readonly clock: Clock;
  /** How long the dialogue waits for each step. */
  readonly stepTimeoutMs: number;
  /** Runs the dialogue to its end. Never rejects for what the world does. `signal` aborts when it is given up. */
  readonly run: (ask: AskCaller, signal: AbortSignal) => Promise<LibraryAnswer>;
}

export class StepDialogue {
  readonly #options: StepDialogueOptions;
  readonly #ended = new AbortController();
  #step = 0;
  #waiting: Waiting | undefined;
  #toCaller = Promise.withResolvers<LibraryAnswer>();
  #run: Promise<void> = Promise.resolve();

  constructor(options: StepDialogueOptions) {
    this.#options = options;
  }

  /** The number of the step that was answered last. */
  get step(): number {
    return this.#step;
  }

  /** False once it has said its last word, or was given up. */
  get open(): boolean {
    return this.#waiting !== undefined;
  }

  /** Begins; resolves with the answer to the first step. */
  begin(): Promise<LibraryAnswer> {
    const { run } = this.#options;
    this.#run = run((output) => this.#ask(output), this.#ended.signal).then(
      (answer) => this.#toCaller.resolve(answer),
      (error: unknown) => this.#toCaller.reject(error),
    );
    return this.#toCaller.promise;
  }

  /** Goes on with what the caller has brought. */
  next(text: string): Promise<LibraryAnswer> {
    const waiting = this.#waiting;
    if (waiting === undefined) return Promise.resolve(answerOf(RESULT.parameterWrong));
    this.#toCaller = Promise.withResolvers();
    this.#waiting = undefined;
    waiting.give(text);
    return this.#toCaller.promise;
  }

  /** Ends it, whatever it waits for; resolves when the card is free. */
  async giveUp(): Promise<void> {
    this.#ended.abort();
    this.#waiting?.giveUp(new Fault("cancelled", "the next step never came", { effectUnknown: false }));
    this.#waiting = undefined;
    await this.#run;
  }

  async #ask(output: string): Promise<string> {
    const { clock, stepTimeoutMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#step += 1;
    this.#waiting = { give: resolve, giveUp: reject };
    const over = new AbortController();
    this.#toCaller.resolve(answerOf(RESULT.done, output));
    clock.sleep(stepTimeoutMs, over.signal).then(
      () => void this.giveUp(),
      () => undefined,
    );
    try {
      return await promise;
    } finally {
      over.abort();
    }
  }
}
