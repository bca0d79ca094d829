/*
 * Light and sound at a reader of the ACR family, behind their port. Whoever owns the reader gives the way to it: commands for the lamp must
 * not come between those for a card.
 */
import type { Bytes } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { DeviceHealth, Signal, SignalLamp } from "../peripherals.ts";
import {
  DEFAULT_SIGNAL_PROFILE,
  escapeValue,
  fastPolling,
  isDone,
  READ_POLLING,
  type SignalDialect,
  type SignalProfile,
  setPolling,
  setUpCommands,
  signalCommands,
} from "./signals.ts";

export interface SignalLampOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly dialect: SignalDialect;
  readonly profile?: SignalProfile;
  /** "fast": the reader is also told to look for cards as often as it can. */
  readonly polling?: "as-delivered" | "fast";
  /** Gives the reader itself one command. Faults: as the reader's own. */
  send(command: Bytes, limits: Limits): Promise<Bytes>;
}

export class AcsSignalLamp implements SignalLamp {
  readonly name: string;
  readonly #options: SignalLampOptions;
  readonly #profile: SignalProfile;
  #isSetUp = false;
  #lastWhy: string | undefined;

  constructor(options: SignalLampOptions) {
    this.#options = options;
    this.#profile = options.profile ?? DEFAULT_SIGNAL_PROFILE;
    this.name = `lamp of ${options.name}`;
  }

  /** Faults: "device-refused" where the reader does not do it, and those of the reader. */
  async signal(signal: Signal, limits: Limits): Promise<void> {
    const { clock, dialect } = this.#options;
    const endsMs = clock.monotonicMs() + limits.timeoutMs;
    const left = () => ({ timeoutMs: Math.max(0, endsMs - clock.monotonicMs()), signal: limits.signal });
    try {
      if (!this.#isSetUp) await this.#setUp(left);
      for (const command of signalCommands(signal, dialect, this.#profile)) await this.#give(command, left());
      this.#lastWhy = undefined;
    } catch (fault) {
      // A reader that went away has forgotten what it was told.
      this.#isSetUp = false;
      if (isFault(fault)) this.#lastWhy = fault.message;
      throw fault;
    }
  }

  /** As the last signal went: asking would be a signal of its own. */
  health(): Promise<DeviceHealth> {
    return Promise.resolve(this.#lastWhy === undefined ? { kind: "well" } : { kind: "degraded", why: this.#lastWhy });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #setUp(left: () => Limits): Promise<void> {
    const { dialect, polling } = this.#options;
    for (const command of setUpCommands(dialect, this.#profile)) await this.#give(command, left());
    if (dialect === "escape" && polling === "fast") await this.#lookOften(left);
    this.#isSetUp = true;
  }

  /** Only what slows the search is changed: the reader keeps these settings without power, and writing wears its memory. */
  async #lookOften(left: () => Limits): Promise<void> {
    const current = escapeValue(await this.#give(READ_POLLING, left()));
    if (current !== undefined && fastPolling(current) !== current) await this.#give(setPolling(fastPolling(current)), left());
  }

  async #give(command: Bytes, limits: Limits): Promise<Bytes> {
    const answer = await this.#options.send(command, limits);
    if (!isDone(this.#options.dialect, answer)) throw new Fault("device-refused", `${this.name}: the reader does not do it`, { effectUnknown: false });
    return answer;
  }
}
