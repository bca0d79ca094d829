/* Which readers play which role, and what is known of them. */
import * as z from "zod";
import type { DeepReadonly } from "./deep-readonly.ts";

/** Which reader plays a role: parts of its name, never the whole, because the reader service numbers readers anew. */
export const readerRule = z.strictObject({
  interface: z.enum(["contact", "contactless", "sam"]),
  nameIncludes: z.array(z.string().min(1).max(100)).max(8),
  nameExcludes: z.array(z.string().min(1).max(100)).max(8).exactOptional(),
  slot: z.int().min(0).max(0xff).exactOptional(),
  group: z.string().min(1).max(40).exactOptional(),
});

/** Light, sound and polling of a reader of the ACR family; absent: it is told nothing. Spec: ACR, LED and buzzer. */
const lamp = z
  .strictObject({
    dialect: z.enum(["together", "escape"]),
    driver: z.enum(["ccid", "acs"]).default("ccid"),
    acsLed: z.enum(["send", "skip"]).default("skip"),
    acr122AutoBeep: z.enum(["send", "skip"]).default("skip"),
    /** "fast": the reader looks for cards as often as it can. */
    polling: z.enum(["as-delivered", "fast"]).default("as-delivered"),
  })
  .exactOptional();

/** Nobody types a PIN at a lane. */
export const laneReaderRule = readerRule.extend({ lamp });

export const userReaderRule = readerRule.extend({
  /** Who takes the card's own PIN: the reader at its keypad, or nobody. With nobody, a terminal whose flows ask for it does not start. */
  pinEntry: z.enum(["reader", "none"]).default("reader"),
  /** Digits of a card PIN: a reader that takes it must be told, and cannot leave it to the holder. Spec: PC/SC 10, PIN verification. */
  pinDigits: z.int().min(4).max(16).default(6),
  lamp,
});

/** A rule as far as it tells readers apart. */
export type NamedReader = DeepReadonly<Pick<z.infer<typeof readerRule>, "interface" | "nameIncludes" | "nameExcludes" | "slot">>;

/** Whether two rules could find the same reader: nothing that one of them asks for keeps the other's reader out. */
export function mayBeOneReader(left: NamedReader, right: NamedReader): boolean {
  if (left.interface !== right.interface) return false;
  if (left.slot !== undefined && right.slot !== undefined && left.slot !== right.slot) return false;
  if (keepsOut(left, right) || keepsOut(right, left)) return false;
  return fits(left, right) || fits(right, left);
}

/** Whether a name that has all words of `other` has all of this rule too. */
function fits({ nameIncludes }: NamedReader, other: NamedReader): boolean {
  return nameIncludes.every((part) => standsIn(part, other));
}

function keepsOut({ nameExcludes = [] }: NamedReader, other: NamedReader): boolean {
  return nameExcludes.some((part) => standsIn(part, other));
}

function standsIn(part: string, { nameIncludes }: NamedReader): boolean {
  return nameIncludes.some((word) => word.toLowerCase().includes(part.toLowerCase()));
}
