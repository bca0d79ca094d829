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

/** The rule that was there, looking for another reader: lamp, group and how the PIN is entered are no matter of the name, and stay. */
function pointedAt<Rule extends ReaderRule>(before: Rule, found: ReaderRule, names: readonly string[]): Rule {
  const { slot: _slot, ...rest } = before;
  const { interface: by, nameIncludes, slot } = found;
  // What stays, the slot apart, has every member of the rule.
  const rule = { ...rest, interface: by, nameIncludes, ...(slot === undefined ? {} : { slot }) } as Rule;
  if (names.some((name) => matchesRule(name, rule))) return rule;
  const { nameExcludes: _nameExcludes, ...open } = rule;
  return open as Rule;
}

/** A rule by which a reader is found stays. */
export function mergeReaders(
  before: TerminalConfig["readers"],
  { readers: proposed }: ReaderProposal,
  options: { readonly all: readonly ListedReader[]; readonly replace: boolean },
): ReaderMerge {
  const kept: string[] = [];
  const conflicts: string[] = [];
  const names = options.all.map(({ name }) => name);
  const settle = <Rule extends ReaderRule>(role: "user" | "sam", rule: Rule): Rule => {
    const fits = names.some((each) => matchesRule(each, rule));
    const found = proposed[role];
    const name = `${role}: ${ruleText(rule)}`;
    if (fits || found === undefined) {
      kept.push(fits ? name : `${name}, which is not there`);
      return rule;
    }
    conflicts.push(`${name}: no reader fits it, but one fits ${ruleText(found)}${options.replace ? "; replaced" : ""}`);
    return options.replace ? pointedAt(rule, found, names) : rule;
  };
  return { readers: { user: settle("user", before.user), sam: settle("sam", before.sam) }, kept, conflicts };
}
