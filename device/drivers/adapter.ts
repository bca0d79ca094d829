/*
 * What an adapter family is to whoever joins devices to a terminal: a name, a role, what the configuration may say, and how it is opened.
 * Each family says this in the adapter.ts of its own folder; the registry lists them.
 */
import type * as z from "zod";
import type { Log } from "../base/log.ts";
import type { Clock, Limits, Processes } from "../base/ports.ts";
import type { Found } from "./found.ts";
import type { ByteLine, ReportLine } from "./framing/lines.ts";
import type { HidDevice, SerialPort } from "./framing/settings.ts";
import type { AmountKeypad, CustomerDisplay, Device, Gate, MacAbility, NewPinPad, PadKeys, Printer, Scanner } from "./peripherals.ts";
import type { PinPad } from "./ports.ts";

/** A place in the terminal that one device fills, and what it must be able to do there. */
export interface Roles {
  readonly pinPad: Device & PinPad & PadKeys & NewPinPad & MacAbility;
  readonly scanner: Scanner;
  readonly printer: Printer;
  readonly display: CustomerDisplay;
  readonly gate: Gate;
  readonly keypad: AmountKeypad;
}

export type Role = keyof Roles;

/** The devices of a terminal, as far as it has them. */
export type Devices = { readonly [Filled in Role]?: Roles[Filled] };

export async function closeDevices(devices: Devices): Promise<void> {
  await Promise.all(Object.values(devices).map((device) => device.close()));
}

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

/** What a family would take something plugged in for, without having asked it. */
export interface Guess {
  /** 1 to 99. Below 20 it is a remark; what answered a question counts 100. */
  readonly score: number;
  /** A plain sentence without its full stop. */
  readonly why: string;
}

/** A device answered as only this family does. */
export interface Recognized {
  readonly why: string;
  /** What the configuration must say beside the family's defaults. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/**
 * A question by which a family knows its devices. It is asked on lines of which nobody knows what hangs there, so it must do nothing at any
 * device of any family: open no gate, print nothing, ask nobody for a PIN, touch no key. Each wait is bounded; resolves with undefined where
 * nothing of this family answers.
 */
interface Question<Line> {
  ask(line: Line, parts: { readonly clock: Clock }, limits: Limits): Promise<Recognized | undefined>;
}

export interface SerialProbe extends Question<ByteLine> {
  readonly on: "serial";
  /** Questions are asked in this order, because what one family passes over another could take for a beginning; docs/devices.md has the reasons. */
  readonly turn: number;
  readonly baudRate: number;
}

export interface HidProbe extends Question<ReportLine> {
  readonly on: "hid";
}

export interface Adapter<Served extends Role, Settings extends { readonly adapter: string }> {
  readonly role: Served;
  readonly hangsOn: Found["kind"];
  /** For people. */
  readonly speaksTo: string;
  /** What the configuration says of such a device; its member `adapter` is the family's name. */
  readonly settings: z.ZodType<Settings>;
  /** The device need not be there yet. */
  open(settings: Settings, parts: AdapterParts): Roles[Served];
  /** What speaks for this family in what the machine says of a device; undefined: nothing does. Never throws. */
  fingerprint?(found: Found): Guess | undefined;
  /** Left out where no harmless question has an answer. */
  readonly probe?: SerialProbe | HidProbe;
}

/** Says of a family's own description that it is one, and keeps its types. */
export function defineAdapter<Served extends Role, Schema extends z.ZodType<{ readonly adapter: string }>>(
  adapter: Omit<Adapter<Served, z.infer<Schema>>, "settings"> & { readonly settings: Schema },
): Omit<Adapter<Served, z.infer<Schema>>, "settings"> & { readonly settings: Schema } {
  return adapter;
}
