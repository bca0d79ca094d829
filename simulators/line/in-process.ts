/* A line inside one process, under any clock: the same device logic as on a pseudo terminal, without one. */
import type { Bytes } from "../../device/base/bytes.ts";
import { withDeadline } from "../../device/base/deadline.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Clock, Limits } from "../../device/base/ports.ts";
import type { ByteLine, LineState, ReportLine, Unsubscribe } from "../../device/drivers/framing/lines.ts";
import type { FarEnd } from "./far-end.ts";

/** Time that bytes take in either direction, so that nothing answers before it was asked. */
const CARRY_MS = 1;

export class InProcessLine implements ByteLine, ReportLine {
  readonly name: string;
  readonly descriptor: Bytes | undefined;
  readonly #clock: Clock;
  readonly #toTerminal = new Set<(bytes: Bytes) => void>();
  readonly #states = new Set<(state: LineState) => void>();
  readonly #closing = new AbortController();
  #toDevice: (bytes: Bytes) => void = () => undefined;
  #feature: (bytes: Bytes) => void = () => undefined;
  #state: LineState = "open";

  constructor(clock: Clock, options: { readonly name: string; readonly descriptor?: Bytes }) {
    this.#clock = clock;
    this.name = options.name;
    this.descriptor = options.descriptor;
  }

  get state(): LineState {
    return this.#state;
  }

  // ---- the terminal's end

  write(bytes: Bytes, limits: Limits): Promise<void> {
    return this.#carry(() => this.#toDevice(bytes), limits);
  }

  sendFeature(report: Bytes, limits: Limits): Promise<void> {
    return this.#carry(() => this.#feature(report), limits);
  }

  onBytes(listener: (bytes: Bytes) => void): Unsubscribe {
    this.#toTerminal.add(listener);
    return () => this.#toTerminal.delete(listener);
  }

  onReport(listener: (report: Bytes) => void): Unsubscribe {
    return this.onBytes(listener);
  }

  onState(listener: (state: LineState) => void): Unsubscribe {
    this.#states.add(listener);
    return () => this.#states.delete(listener);
  }

  async untilOpen(limits: Limits): Promise<void> {
    if (this.#state === "open") return;
    if (this.#state === "closed") throw new Fault("closed", "the line was closed", { effectUnknown: false });
    let stop: Unsubscribe = () => undefined;
    const opened = new Promise<void>((resolve) => {
      stop = this.onState((state) => {
        if (state === "open") resolve();
      });
    });
    try {
      await withDeadline(opened, { ...limits, clock: this.#clock, what: this.name, effectUnknown: false });
    } finally {
      stop();
    }
  }

  close(): Promise<void> {
    this.#closing.abort();
    this.#become("closed");
    return Promise.resolve();
  }

  // ---- the device's end

  /** The device's ear; `feature` hears feature reports. */
  device(listener: (bytes: Bytes) => void, feature: (bytes: Bytes) => void = () => undefined): FarEnd {
    this.#toDevice = listener;
    this.#feature = feature;
    return {
      onBytes: (other) => {
        this.#toDevice = other;
      },
      write: (bytes) => this.#deliver(bytes),
    };
  }

  /** Pulls the plug, or puts it back in. */
  setPluggedIn(pluggedIn: boolean): void {
    this.#become(pluggedIn ? "open" : "away");
  }

  async #carry(deliver: () => void, limits: Limits): Promise<void> {
    if (this.#state === "closed") throw new Fault("closed", "the line was closed", { effectUnknown: false });
    if (this.#state !== "open") throw new Fault("device-gone", `${this.name} is not there`, { effectUnknown: false });
    await withDeadline(this.#clock.sleep(CARRY_MS, limits.signal), { ...limits, clock: this.#clock, what: this.name, effectUnknown: true });
    if (this.#state !== "open") throw new Fault("device-gone", `${this.name} went away`, { effectUnknown: true });
    deliver();
  }

  #deliver(bytes: Bytes): void {
    const copy = bytes.slice();
    this.#clock.sleep(CARRY_MS, this.#closing.signal).then(
      () => {
        if (this.#state === "open") for (const listener of [...this.#toTerminal]) listener(copy);
      },
      () => undefined,
    );
  }

  #become(state: LineState): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    for (const listener of [...this.#states]) listener(state);
  }
}
