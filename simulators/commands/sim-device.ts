/* A simulated device on the table of `sim --devices`: what it is called, where it hangs, and what can be done with it. */
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { FarEnd } from "../line/far-end.ts";
import type { FaultSwitches } from "./sim-device-faults.ts";
import type { DeviceKind } from "./sim-device-kinds.ts";
import type { LineReply } from "./sim-lines.ts";

/** A line that a device hangs on, before anything hangs there: a pseudo terminal, or what a test puts in its place. */
export interface DeviceLine extends FarEnd {
  readonly path: string;
  readonly pluggedIn: boolean;
  plugIn(): Promise<void>;
  unplug(): Promise<void>;
  hold(): void;
  release(): void;
}

/** What a device is made from. */
export interface Table {
  readonly clock: Clock;
  readonly suite: CipherSuite;
  readonly folder: string;
  /** What the holder types who enters the right PIN. */
  readonly pin: string;
  readonly openLine: (path: string) => DeviceLine;
}

/** Where a device hangs: plugged in or not, and hanging or not. */
export interface DevicePlace {
  /** By which the terminal finds it. */
  readonly path: string;
  readonly pluggedIn: boolean;
  plugIn(): Promise<void>;
  unplug(): Promise<void>;
  /** The device takes and gives nothing, with its line in place, until it is released. */
  hold(): void;
  release(): void;
  /** Lets everything go that is not in the table's folder. */
  close(): Promise<void>;
}

/** Something that people do with a device of one kind. */
export interface DeviceAct {
  readonly usage: string;
  readonly meaning: string;
  /** Whether the device must be plugged in and not hang. */
  readonly needsDevice: boolean;
  run(words: readonly string[]): LineReply;
}

export interface SimDevice {
  readonly kind: DeviceKind;
  readonly place: DevicePlace;
  readonly baudRate: number | undefined;
  /** Member `devices` of a terminal's configuration that has this device. */
  readonly configuration: Readonly<Record<string, object>>;
  readonly faults: FaultSwitches;
  readonly acts: ReadonlyMap<string, DeviceAct>;
  /** What the device itself knows. */
  facts(): Readonly<Record<string, unknown>>;
}

export function done(text: string, facts?: Readonly<Record<string, unknown>>): LineReply {
  return facts === undefined ? { kind: "done", text } : { kind: "done", text, facts };
}

export function refused(reason: string): LineReply {
  return { kind: "refused", reason };
}
