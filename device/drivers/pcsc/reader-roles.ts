/*
 * What a reader is taken for by its name, and the rule by which a terminal finds it again. The name is made by the service: the driver's name,
 * in brackets what the interface calls itself, a serial number, the number of the reader and its slot. Never is the whole name a rule, because
 * the service numbers readers anew.
 */
import type { CardInterface } from "../ports.ts";
import { matchesRule, type ReaderRule } from "./reader.ts";

export interface ReaderGuess {
  readonly interface: CardInterface;
  /** Number of a module slot, where the name tells one. */
  readonly module?: number;
  readonly why: string;
}

const BRACKETS = /\[([^\]]+)\]/;
const SERIAL = /\([^)]*\)/g;
const NUMBERS = / ([0-9a-f]{2}) ([0-9a-f]{2})$/i;
const SAM = /\b(?:SAM|PSAM)s? ?(\d)?\b/i;
const CONTACTLESS = /PICC|contactless|CL\b|5422CL|\bNFC\b/i;
const CONTACT = /\bICC\b|\bcontact\b/i;
/** Readers with one name for three slots: contacts, radio, module. Which of the first two comes first is from memory. */
const THREE_SLOTS = /ACR1281/i;
const SLOT_KINDS: readonly CardInterface[] = ["contact", "contactless", "sam"];

/** Undefined where the name tells nothing. Never throws. */
export function guessReader(name: string): ReaderGuess | undefined {
  const inner = BRACKETS.exec(name)?.[1];
  const told = inner ?? name.replace(NUMBERS, "").replaceAll(SERIAL, "");
  const where = inner === undefined ? "its name says" : "its interface calls itself";
  const sam = SAM.exec(told);
  if (sam !== null) return { interface: "sam", ...(sam[1] === undefined ? {} : { module: Number(sam[1]) }), why: `${where} "${sam[0].trim()}"` };
  const radio = CONTACTLESS.exec(told);
  if (radio !== null) return { interface: "contactless", why: `${where} "${radio[0]}"` };
  const contact = CONTACT.exec(told);
  if (contact !== null) return { interface: "contact", why: `${where} "${contact[0]}"` };
  return guessSlot(name);
}

function guessSlot(name: string): ReaderGuess | undefined {
  const slot = Number.parseInt(NUMBERS.exec(name)?.[2] ?? "", 16);
  const kind = THREE_SLOTS.test(name) ? SLOT_KINDS[slot] : undefined;
  return kind === undefined ? undefined : { interface: kind, why: `slot ${slot} of a reader of this kind` };
}

/** The rule that fits this reader and, of all that are there, no other; undefined where none does. */
export function ruleFor(name: string, guess: ReaderGuess, all: readonly string[]): ReaderRule | undefined {
  const inner = BRACKETS.exec(name)?.[1];
  const model = name.replace(NUMBERS, "").replace(BRACKETS, "").replaceAll(SERIAL, "").trim();
  const slot = Number.parseInt(NUMBERS.exec(name)?.[2] ?? "", 16);
  const words = [...(inner === undefined ? [] : [[inner]]), ...(model === "" ? [] : [[model]])];
  const slots = Number.isInteger(slot) ? [{}, { slot }] : [{}];
  const rules = words.flatMap((nameIncludes) => slots.map((at) => ({ interface: guess.interface, nameIncludes, ...at })));
  return rules.find((rule) => all.filter((each) => matchesRule(each, rule)).length === 1);
}
