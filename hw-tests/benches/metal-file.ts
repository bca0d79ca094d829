/*
 * What a bench file says: the readers and devices of one desk, in the words of a terminal's configuration, and what the hand at the desk can do
 * with them. A key that nobody knows is refused, because a misspelled device would not be tested.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import * as z from "zod";
import { readerRule, userReaderRule } from "../../device/config/readers.ts";
import type { Role } from "../../device/drivers/adapter.ts";
import { devicesSettings, ROLES } from "../../device/drivers/roles.ts";

const hex = z.string().regex(/^(?:[0-9a-f]{2})+$/i, "bytes in hexadecimal digits");

/** Commands that a card of any kind answers with a status word: the social environment is selected. */
const HARMLESS = "00a404000f7378312e73682ec9e7bbe1b1a3d5cf";

const shape = z.strictObject({
  /** Of the desk, for people. */
  name: z.string().min(1).max(100),
  /** "person", or the path of a program, from the folder of this file. */
  hand: z.union([z.literal("person"), z.string().regex(/^\.{0,2}\/[^\0]+$/, '"person", or a path that begins with / or ./')]),
  /** What eyes or a camera can tell; a person sees everything. */
  sees: z.array(z.enum(["gate", "paper", "display"])).exactOptional(),
  /** Devices whose plug the hand can pull so that the system notices, as with USB. */
  unplugs: z.array(z.enum(ROLES)).default([]),
  readers: z.strictObject({ user: userReaderRule.exactOptional(), sam: readerRule.exactOptional() }).prefault({}),
  devices: devicesSettings.prefault({}),
  card: z.strictObject({ harmlessHex: hex.default(HARMLESS) }).prefault({}),
  /** PIN entry at the user's reader is tested where this stands. "lose": the card may be locked for good. */
  cardPin: z.strictObject({ card: z.enum(["keep", "lose"]).default("keep") }).exactOptional(),
  /** "debit": the test card may lose a little money, so that its MAC2 is known. */
  module: z.strictObject({ card: z.enum(["keep", "debit"]).default("keep"), keyIndex: z.int().min(1).max(255).default(1) }).exactOptional(),
  pinPad: z
    .strictObject({
      /** A test key, wrapped under the master key that lies in the pad; it is loaded at the place of PIN blocks. */
      wrappedKeyHex: hex,
      checkValueHex: hex.exactOptional(),
      /** The block of the right PIN for the account 123456789012 under the test key: whoever holds that key makes it beforehand. */
      rightBlockHex: hex,
    })
    .exactOptional(),
  scanner: z
    .strictObject({
      /** What lies on the desk to be scanned; left out: the hand shows any code, at once. */
      codes: z
        .array(z.union([z.strictObject({ text: z.string().min(1) }), z.strictObject({ hex })]))
        .min(2)
        .exactOptional(),
      /** The AIM identifier of all of them, where the scanner tells it. */
      symbology: z.string().length(3).exactOptional(),
    })
    .exactOptional(),
  printer: z.strictObject({ mishaps: z.array(z.enum(["paper-low", "paper-end", "cover-open", "offline", "error"])) }).exactOptional(),
  gate: z
    .strictObject({
      /** Longer than anybody at this desk takes to pass, and than the board's own time. */
      passageTimeoutMs: z.int().min(500).max(120_000).exactOptional(),
      tellsReversal: z.boolean().default(false),
    })
    .exactOptional(),
});

export type MetalBenchFile = z.infer<typeof shape>;

/** What makes no sense together: where it stands, and why. */
function contradictions(file: MetalBenchFile): readonly (readonly [path: string, why: string])[] {
  const { readers, devices, unplugs, hand, scanner } = file;
  const described = [file.pinPad && "pinPad", file.scanner && "scanner", file.printer && "printer", file.gate && "gate"] as const;
  const rules: readonly (readonly [isWrong: boolean, path: string, why: string])[] = [
    [kindsOf(file).length === 0, "devices", "no reader and no device is named: there is nothing to test"],
    [readers.sam !== undefined && readers.user === undefined, "readers", "a security module is tested with a card: name the user's reader too"],
    [file.cardPin !== undefined && readers.user?.pinEntry !== "reader", "cardPin", "the user's reader takes no PIN"],
    [file.module !== undefined && readers.sam === undefined, "module", "no reader of a security module is named"],
    [devices.pinPad !== undefined && file.pinPad === undefined, "pinPad", "a PIN pad needs its test key and the right block"],
    [hand === "person" && devices.scanner !== undefined && scanner?.codes === undefined, "scanner", "which codes can the person show?"],
    ...unplugs.map((role) => [devices[role] === undefined, "unplugs", `${role}: no such device is named`] as const),
    ...described.map((role) => [role !== undefined && devices[role] === undefined, String(role), "no such device is named under devices"] as const),
  ];
  return rules.filter(([isWrong]) => isWrong).map(([, path, why]) => [path, why]);
}

export type MetalKind = "card reader" | "PIN at the reader" | "security module" | Role;

/** Each kind of device, and the file with its suites. */
export const METAL_SUITES: Readonly<Record<MetalKind, string>> = {
  "card reader": "card-readers",
  "PIN at the reader": "reader-pins",
  "security module": "security-modules",
  pinPad: "pin-pads",
  scanner: "scanners",
  printer: "printers",
  display: "displays",
  gate: "gates",
  keypad: "keypads",
};

/** What a bench file names, and so what is run. */
export function kindsOf({ readers, cardPin, devices }: Pick<MetalBenchFile, "readers" | "devices" | "cardPin">): readonly MetalKind[] {
  return [
    ...(readers.user === undefined ? [] : (["card reader"] as const)),
    ...(cardPin === undefined ? [] : (["PIN at the reader"] as const)),
    ...(readers.sam === undefined ? [] : (["security module"] as const)),
    ...ROLES.filter((role) => devices[role] !== undefined),
  ];
}

export type BenchFileRead = { readonly ok: true; readonly file: MetalBenchFile } | { readonly ok: false; readonly problems: readonly string[] };

/** Reads and checks a bench file; the hand's path is whole afterwards. */
export function readBenchFile(path: string): BenchFileRead {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    return { ok: false, problems: [error instanceof Error ? error.message : "it cannot be read"] };
  }
  const read = shape.safeParse(value);
  if (!read.success) return { ok: false, problems: read.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`) };
  const wrong = contradictions(read.data);
  if (wrong.length > 0) return { ok: false, problems: wrong.map(([where, why]) => `${where}: ${why}`) };
  const { hand } = read.data;
  return { ok: true, file: { ...read.data, hand: hand === "person" ? hand : resolve(dirname(path), hand) } };
}
