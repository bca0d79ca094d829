/* Keeps telling the insurer of goods until nothing is left to tell, and sleeps in between. */
import { isFault } from "../../base/fault.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import { createStockMemory, type StockMemory, type StockRunOptions, uploadStock } from "./runner.ts";

export class StockUploadBackground {
  readonly #ports: HostPorts;
  readonly #options: Omit<StockRunOptions, "signal">;
  readonly #memory: StockMemory = createStockMemory();
  readonly #stop = new AbortController();
  #rest = new AbortController();
  /** Something came while a round was under way: the next one follows at once. */
  #woken = false;
  #running: Promise<void> = Promise.resolve();

  constructor(ports: HostPorts, options: Omit<StockRunOptions, "signal">) {
    this.#ports = ports;
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Something is there to be told: looked at now. */
  wake(): void {
    this.#woken = true;
    this.#rest.abort();
  }

  /** Resolves when the round under way has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#rest.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#woken = false;
      const pauseMs = await this.#round();
      if (!signal.aborted && !this.#woken) await this.#pause(pauseMs);
    }
  }

  async #round(): Promise<number> {
    const { pauseMinMs, pauseMaxMs } = this.#options;
    try {
      const round = await uploadStock(this.#ports, { ...this.#options, signal: this.#stop.signal }, this.#memory);
      return Math.max(pauseMinMs, round.nextInMs ?? pauseMaxMs);
    } catch (error) {
      // A journal that fails stops every sale as well; here it only means that nothing is told.
      if (!isFault(error)) throw error;
      this.#ports.log.warn("stock-not-told", { code: error.code });
      return pauseMaxMs;
    }
  }

  async #pause(durationMs: number): Promise<void> {
    this.#rest = new AbortController();
    try {
      await this.#ports.clock.sleep(durationMs, this.#rest.signal);
    } catch (error) {
      if (!isFault(error, "cancelled")) throw error;
    }
  }
}
