/* Keeps looking after settlements of unknown outcome until none is left, and sleeps in between. */
import { isFault } from "../../base/fault.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import { createResolverMemory, type ResolverMemory, type ResolverOptions, resolveMedical } from "./resolver.ts";

export class MedicalBackground {
  readonly #ports: HostPorts;
  readonly #options: Omit<ResolverOptions, "signal">;
  readonly #memory: ResolverMemory;
  readonly #stop = new AbortController();
  #rest = new AbortController();
  /** Something came while a round was under way: the next one follows at once. */
  #woken = false;
  #running: Promise<void> = Promise.resolve();

  constructor(ports: HostPorts, options: Omit<ResolverOptions, "signal">) {
    this.#ports = ports;
    this.#options = options;
    this.#memory = createResolverMemory(ports);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Something has become unknown: looked at now. */
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
      const round = await resolveMedical(this.#ports, { ...this.#options, signal: this.#stop.signal }, this.#memory);
      return Math.max(pauseMinMs, round.nextInMs ?? pauseMaxMs);
    } catch (error) {
      // A journal that fails stops every sale as well; here it only means that nothing is resolved.
      if (!isFault(error)) throw error;
      this.#ports.log.warn("settlements-not-resolved", { code: error.code });
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
