/* Devices that speak to holders are told beside the work, never in its way: what could not be told is logged once and forgotten. */
import { isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";

/** Tells a device one thing after the other; of what waits only the newest is kept, because the rest is no longer true. */
export class Teller {
  readonly #name: string;
  readonly #log: Log;
  #next: (() => Promise<void>) | undefined;
  #busy: Promise<void> | undefined;
  #failing = false;

  constructor(name: string, log: Log) {
    this.#name = name;
    this.#log = log;
  }

  tell(work: () => Promise<void>): void {
    this.#next = work;
    this.#busy ??= this.#run();
  }

  /** Forgets what waits: its time has passed. */
  drop(): void {
    this.#next = undefined;
  }

  /** Resolves when nothing is being told any more. */
  async rest(): Promise<void> {
    await this.#busy;
  }

  async #run(): Promise<void> {
    for (let work = this.#take(); work !== undefined; work = this.#take()) {
      try {
        await work();
        this.#failing = false;
      } catch (fault) {
        if (!isFault(fault)) throw fault;
        if (!this.#failing) this.#log.warn("feedback-not-given", { device: this.#name, code: fault.code });
        this.#failing = true;
      }
    }
    this.#busy = undefined;
  }

  #take(): (() => Promise<void>) | undefined {
    const work = this.#next;
    this.#next = undefined;
    return work;
  }
}
