/*
 * Goal: the state of every device as last known, at no cost for those who pay.
 * Method: readers are known without asking. Each other device is asked how it is, which has no effect on it, one after another and only while nobody
 * is being served; between two rounds there is a rest.
 */
import { isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Clock, Limits } from "../base/ports.ts";
import type { Devices } from "../drivers/adapter.ts";
import type { DeviceHealth } from "../drivers/peripherals.ts";
import type { GateService } from "../txn/gate/lane.ts";
import { Rounds } from "../txn/rounds.ts";
import type { DeviceStatus } from "./runtime-status.ts";

/** A card reader as its adapter knows it without asking. */
export interface ReaderLook {
  readonly role: string;
  look(): { readonly state: DeviceStatus["state"]; readonly card: boolean };
}

export interface DeviceLooksParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly readers: readonly ReaderLook[];
  readonly devices: Devices;
  readonly gates: Pick<GateService, "lanes"> | undefined;
  /** Somebody is being served. */
  readonly busy: () => boolean;
}

const REST_MS = 10_000;
const ANSWER_MS = 2_000;

export class DeviceLooks {
  readonly #parts: DeviceLooksParts;
  readonly #rounds: Rounds;
  readonly #known = new Map<string, DeviceStatus>();

  constructor(parts: DeviceLooksParts) {
    this.#parts = parts;
    this.#rounds = new Rounds({ ...parts, failedAs: "devices-not-asked", restAfterFaultMs: REST_MS, round: (signal) => this.#round(signal) });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** A card lies in a reader that people use. */
  get cardPresent(): boolean {
    return this.#parts.readers.some((reader) => reader.look().card);
  }

  get states(): readonly DeviceStatus[] {
    const { readers, gates } = this.#parts;
    const seen = readers.map((reader) => ({ role: reader.role, state: reader.look().state }));
    const lanes = (gates?.lanes ?? []).map(({ name, state }) => ({ role: `gate:${name}`, state: state === "out-of-order" ? "failed" : "ready" }) as const);
    return [...seen, ...this.#known.values(), ...lanes];
  }

  async #round(signal: AbortSignal): Promise<number> {
    for (const [role, device] of Object.entries(this.#parts.devices)) {
      if (signal.aborted || this.#parts.busy()) break;
      this.#known.set(role, { role, ...(await stateOf((limits) => device.health(limits), { timeoutMs: ANSWER_MS, signal })) });
    }
    return REST_MS;
  }
}

async function stateOf(health: (limits: Limits) => Promise<DeviceHealth>, limits: Limits): Promise<Omit<DeviceStatus, "role">> {
  try {
    const said = await health(limits);
    if (said.kind === "away") return { state: "absent" };
    return said.kind === "broken" ? { state: "failed", code: said.why } : { state: "ready" };
  } catch (error) {
    if (!isFault(error)) throw error;
    return { state: error.code === "device-gone" || error.code === "pad-gone" ? "absent" : "failed", code: error.code };
  }
}
