/*
 * What a counter may ask of the devices around the readers: a code, a slip, an amount on the display, and how everything is. Gates are not
 * among them: they open for a payment that is proved, or by an act of the staff that is recorded.
 */
import * as z from "zod";
import type { Bytes } from "../base/bytes.ts";
import { isFault } from "../base/fault.ts";
import { fen } from "../base/fen.ts";
import type { Limits } from "../base/ports.ts";
import { classifyCode } from "../codec/scanned-code.ts";
import type { Devices } from "../drivers/adapter.ts";
import type { CustomerDisplay, Device, Printer, PrintLine, Scanner } from "../drivers/peripherals.ts";

const SLIP_LINES_MAX = 500;
const words = z.string().max(400);

export const printLine = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("text"),
    text: words,
    align: z.enum(["left", "center", "right"]).exactOptional(),
    bold: z.boolean().exactOptional(),
    scale: z.literal([1, 2]).exactOptional(),
  }),
  z.strictObject({ kind: z.literal("columns"), left: words, right: words }),
  z.strictObject({ kind: z.literal("rule") }),
  z.strictObject({ kind: z.literal("feed"), lines: z.int().min(1).max(20) }),
  z.strictObject({ kind: z.literal("code"), text: words.min(1) }),
  z.strictObject({ kind: z.literal("cut") }),
]) satisfies z.ZodType<PrintLine>;

const id = z.union([z.string().max(64), z.int()]).optional();
const timeoutMs = z.int().min(100).max(600_000).default(30_000);

export const EQUIPMENT_REQUESTS = [
  z.strictObject({ do: z.literal("scan"), id, timeoutMs }),
  z.strictObject({ do: z.literal("print"), id, timeoutMs, slip: z.array(printLine).min(1).max(SLIP_LINES_MAX) }),
  z.strictObject({
    do: z.literal("show"),
    id,
    timeoutMs,
    what: z.enum(["price", "total", "received", "change", "balance"]),
    amountFen: z.int().min(0).max(0xffff_ffff),
  }),
  z.strictObject({ do: z.literal("clear-display"), id, timeoutMs }),
  z.strictObject({ do: z.literal("devices"), id, timeoutMs }),
] as const;

export type EquipmentRequest = z.infer<(typeof EQUIPMENT_REQUESTS)[number]>;

const NAMES: ReadonlySet<string> = new Set<EquipmentRequest["do"]>(["scan", "print", "show", "clear-display", "devices"]);

export function isEquipmentRequest<Other extends { readonly do: string }>(request: Other | EquipmentRequest): request is EquipmentRequest {
  return NAMES.has(request.do);
}

/** Carries out one request. Never rejects for what the world does. */
export async function performEquipment(devices: Devices, asked: EquipmentRequest, signal: AbortSignal): Promise<object> {
  const limits = { timeoutMs: asked.timeoutMs, signal };
  try {
    switch (asked.do) {
      case "scan":
        return await orAbsent(devices.scanner, (scanner) => scan(scanner, limits));
      case "print":
        return await orAbsent(devices.printer, (printer) => print(printer, asked.slip, limits));
      case "show":
        return await orAbsent(devices.display, (display) => shown(display.show(asked.what, fen(asked.amountFen), limits)));
      case "clear-display":
        return await orAbsent<CustomerDisplay>(devices.display, (display) => shown(display.clear(limits)));
      case "devices":
        return { kind: "devices", devices: await healthOfAll(devices, limits) };
    }
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    return { kind: "failed", reason: fault.code, effectUnknown: fault.effectUnknown };
  }
}

async function orAbsent<Kind>(device: Kind | undefined, work: (device: Kind) => Promise<object>): Promise<object> {
  return device === undefined ? { kind: "failed", reason: "device-not-configured", effectUnknown: false } : work(device);
}

async function scan(scanner: Scanner, limits: Limits): Promise<object> {
  const session = scanner.openSession();
  try {
    const { data, symbology } = await session.next(limits);
    return { kind: "scanned", ...tellable(data, symbology) };
  } finally {
    session.close();
  }
}

/** An e-code is a bearer credential: that one was scanned is told, the code itself stays here. */
function tellable(data: Bytes, symbology: string | undefined): object {
  const code = classifyCode(data, symbology);
  switch (code.kind) {
    case "medical-e-code":
      return { is: code.kind };
    case "trace-code":
      return { is: code.kind, code: code.code };
    case "gs1":
      return { is: code.kind, items: code.items };
    case "unknown":
      return { is: code.kind, why: code.why };
  }
}

async function print(printer: Printer, slip: readonly PrintLine[], limits: Limits): Promise<object> {
  const outcome = await printer.print(slip, limits);
  if (outcome.kind === "printed") return outcome;
  if (outcome.kind === "unknown") return { kind: "failed", reason: "slip-unknown", effectUnknown: true };
  return { kind: "failed", reason: `printer-${outcome.state}`, effectUnknown: false };
}

async function shown(showing: Promise<void>): Promise<object> {
  await showing;
  return { kind: "shown" };
}

async function healthOfAll(devices: Devices, limits: Limits): Promise<object> {
  const told = Object.entries(devices).map(async ([role, device]: readonly [string, Device]) => [role, await healthOf(device, limits)] as const);
  return Object.fromEntries(await Promise.all(told));
}

async function healthOf(device: Device, limits: Limits): Promise<object> {
  const { name } = device;
  try {
    return { name, ...(await device.health(limits)) };
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    return { name, kind: "broken", why: fault.code };
  }
}
