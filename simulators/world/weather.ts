/* What goes wrong by itself while nobody looks: the network, the host, the clock. */
import { isFault } from "../../device/base/fault.ts";
import type { SeededRandomness } from "./seeded-randomness.ts";
import type { Town } from "./town.ts";

const DAY_MS = 86_400_000;
const PAUSE_MS = 15_000;

export class Weather {
  readonly #town: Town;
  readonly #draw: SeededRandomness;
  readonly #over = new AbortController();

  constructor(town: Town) {
    this.#town = town;
    this.#draw = town.random.stream("weather");
  }

  /** Blows until `calm`. Never rejects for being ended. */
  async blow(): Promise<void> {
    const { clock, plan } = this.#town;
    try {
      for (;;) {
        await clock.sleep(PAUSE_MS, this.#over.signal);
        if (plan.strikes("clock-jump")) this.#jump();
        if (plan.strikes("broker-lost"))
          await this.#without(
            "broker",
            () => this.#town.broker.down(),
            () => this.#town.broker.up(),
          );
        if (plan.strikes("host-gone"))
          await this.#without(
            "host",
            () => {
              this.#town.host.faults.vanished = true;
            },
            () => {
              this.#town.host.faults.vanished = false;
            },
          );
      }
    } catch (error) {
      if (!isFault(error, "cancelled")) throw error;
    }
  }

  /** Ends all bad weather at once. */
  calm(): void {
    this.#over.abort();
    this.#town.broker.up();
    this.#town.host.faults.vanished = false;
  }

  #jump(): void {
    const byMs = this.#draw.between(-3 * DAY_MS, 3 * DAY_MS);
    this.#town.trace.note(`clock jumps by ${byMs}`);
    this.#town.clock.jumpWall(byMs);
  }

  async #without(what: string, take: () => void, giveBack: () => void): Promise<void> {
    this.#town.trace.note(`${what} gone`);
    take();
    await this.#town.clock.sleep(this.#draw.between(2_000, 180_000), this.#over.signal);
    giveBack();
    this.#town.trace.note(`${what} back`);
  }
}
