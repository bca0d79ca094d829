/* What every simulated host has around its services: replies that take their time, acts that come late, counters, and an end to all waiting. */
import type { Bytes } from "../../device/base/bytes.ts";
import { isFault } from "../../device/base/fault.ts";
import type { Clock } from "../../device/base/ports.ts";

export class HostFrame {
  readonly #clock: Clock;
  readonly #latencyMs: number;
  readonly #stopped = new AbortController();
  readonly #counters = new Map<string, number>();
  #late = 0;

  /** `latencyMs`: how long every reply takes. */
  constructor({ clock, latencyMs = 0 }: { readonly clock: Clock; readonly latencyMs?: number }) {
    this.#clock = clock;
    this.#latencyMs = latencyMs;
  }

  get counters(): ReadonlyMap<string, number> {
    return this.#counters;
  }

  /** Acts that are still on their way. */
  get late(): number {
    return this.#late;
  }

  get stopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** Nothing that is late will happen any more, and nobody is answered. */
  stop(): void {
    this.#stopped.abort();
  }

  count(event: string): void {
    this.#counters.set(event, (this.#counters.get(event) ?? 0) + 1);
  }

  /** Does something in a while, unless the host is stopped before. */
  later(lateMs: number, act: () => unknown): void {
    this.#late += 1;
    this.#clock
      .sleep(lateMs, this.#stopped.signal)
      .then(
        () => {
          act();
        },
        (error: unknown) => {
          if (!isFault(error, "cancelled")) throw error;
        },
      )
      .finally(() => {
        this.#late -= 1;
      });
  }

  /** The reply after its time; undefined where the host was stopped while it thought. */
  async deliver(reply: Bytes, slowMs: number): Promise<Bytes | undefined> {
    const waitMs = this.#latencyMs + slowMs;
    if (waitMs === 0) return reply;
    try {
      await this.#clock.sleep(waitMs, this.#stopped.signal);
      return reply;
    } catch (error) {
      if (isFault(error, "cancelled")) return undefined;
      throw error;
    }
  }
}
