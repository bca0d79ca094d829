/* Which readers a configuration could name: the user's, and the one with the security module. Where two fit, a person says which. */
import type { TerminalConfig } from "../config/schema.ts";
import type { ListedReader } from "../drivers/pcsc/list.ts";
import { matchesRule, type ReaderRule } from "../drivers/pcsc/reader.ts";
import { guessReader, type ReaderGuess, ruleFor } from "../drivers/pcsc/reader-roles.ts";
import { ruleText } from "./devices-look.ts";

export interface ReaderSection {
  readonly user?: ReaderRule;
  readonly sam?: ReaderRule;
}

export interface ReaderProposal {
  readonly readers: ReaderSection;
  /** Why a role was left out although readers for it are there. */
  readonly open: readonly string[];
}

interface Named {
  readonly reader: ListedReader;
  readonly guess: ReaderGuess;
}

function named(readers: readonly ListedReader[]): readonly Named[] {
  return readers.flatMap((reader) => {
    const guess = guessReader(reader.name);
    return guess === undefined ? [] : [{ reader, guess }];
  });
}

/** A slot in which a module lies goes before an empty one. */
function moduleSlots(all: readonly Named[]): readonly Named[] {
  const slots = all.filter(({ guess }) => guess.interface === "sam");
  const filled = slots.filter(({ reader }) => reader.holds === "card");
  return filled.length === 0 ? slots : filled;
}

/** `user`: which kind a person wants where several are there. */
export function proposeReaders(readers: readonly ListedReader[], user: "contact" | "contactless" | undefined): ReaderProposal {
  const all = named(readers);
  const names = readers.map(({ name }) => name);
  const open: string[] = [];
  const only = (role: string, fitting: readonly Named[], way: string): ReaderRule | undefined => {
    const [first, ...others] = fitting;
    if (first === undefined) return undefined;
    if (others.length > 0) open.push(`${role}: ${fitting.map(({ reader }) => reader.name).join(" and ")} fit; ${way}`);
    const rule = others.length > 0 ? undefined : ruleFor(first.reader.name, first.guess, names);
    if (others.length === 0 && rule === undefined) open.push(`${role}: no part of the name "${first.reader.name}" is its own`);
    return rule;
  };
  const users = all.filter(({ guess }) => guess.interface !== "sam" && (user === undefined || guess.interface === user));
  const userRule = only("user", users, "--user contact or --user contactless says which is meant");
  const samRule = only("sam", moduleSlots(all), "leave the module in one slot alone, or write the rule by hand");
  return { readers: { ...(userRule === undefined ? {} : { user: userRule }), ...(samRule === undefined ? {} : { sam: samRule }) }, open };
}

export interface ReaderMerge {
  readonly readers: TerminalConfig["readers"];
  readonly kept: readonly string[];
  readonly conflicts: readonly string[];
}

/** A rule by which a reader is found stays. How the PIN is entered is no matter of the name, and stays too. */
export function mergeReaders(
  before: TerminalConfig["readers"],
  { readers: proposed }: ReaderProposal,
  options: { readonly all: readonly ListedReader[]; readonly replace: boolean },
): ReaderMerge {
  const kept: string[] = [];
  const conflicts: string[] = [];
  const settle = (role: "user" | "sam"): ReaderRule | undefined => {
    const fits = options.all.some(({ name }) => matchesRule(name, before[role]));
    const found = proposed[role];
    const name = `${role}: ${ruleText(before[role])}`;
    if (fits || found === undefined) kept.push(fits ? name : `${name}, which is not there`);
    else conflicts.push(`${name}: no reader fits it, but one fits ${ruleText(found)}${options.replace ? "; replaced" : ""}`);
    return fits || !options.replace ? undefined : found;
  };
  const [user, sam] = [settle("user"), settle("sam")];
  const { pinEntry, pinDigits } = before.user;
  return { readers: { user: user === undefined ? before.user : { ...user, pinEntry, pinDigits }, sam: sam ?? before.sam }, kept, conflicts };
}
