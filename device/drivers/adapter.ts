/*
 * What an adapter family is to whoever joins devices to a terminal: a name, a role, what the configuration may say, and how it is opened.
 * Each family says this in the adapter.ts of its own folder; the registry lists them.
 */
import type * as z from "zod";
import type { Log } from "../base/log.ts";
import type { Clock, Processes } from "../base/ports.ts";
import type { ByteLine, ReportLine } from "./framing/lines.ts";
import type { HidDevice, SerialPort } from "./framing/settings.ts";
import type { CustomerDisplay, Device, Gate, NewPinPad, PadKeys, Printer, Scanner } from "./peripherals.ts";
import type { PinPad } from "./ports.ts";

/** A place in the terminal that one device fills, and what it must be able to do there. */
export interface Roles {
  readonly pinPad: Device & PinPad & PadKeys & NewPinPad;
  readonly scanner: Scanner;
  readonly printer: Printer;
  readonly display: CustomerDisplay;
  readonly gate: Gate;
}

export type Role = keyof Roles;

/** Where lines come from: each in a process of its own, or what a bench puts in their place. */
export interface Lines {
  serial(port: SerialPort): ByteLine;
  hid(device: HidDevice): ReportLine;
}

export interface AdapterParts {
  readonly clock: Clock;
  readonly processes: Processes;
  readonly log: Log;
  readonly lines: Lines;
}

export interface Adapter<Served extends Role, Settings extends { readonly adapter: string }> {
  readonly role: Served;
  /** For people. */
  readonly speaksTo: string;
  /** What the configuration says of such a device; its member `adapter` is the family's name. */
  readonly settings: z.ZodType<Settings>;
  /** The device need not be there yet. */
  open(settings: Settings, parts: AdapterParts): Roles[Served];
}

/** Says of a family's own description that it is one, and keeps its types. */
export function defineAdapter<Served extends Role, Schema extends z.ZodType<{ readonly adapter: string }>>(
  adapter: Omit<Adapter<Served, z.infer<Schema>>, "settings"> & { readonly settings: Schema },
): Omit<Adapter<Served, z.infer<Schema>>, "settings"> & { readonly settings: Schema } {
  return adapter;
}
