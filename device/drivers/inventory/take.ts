/*
 * What a found device is taken for: each family says what speaks for it, a link by role counts too, and so does an answer to a family's
 * question; silence rules out every family that was asked. The best score wins when no other comes near it; otherwise it is said that nobody
 * can tell, with everything that was thought of.
 */
import { basename } from "node:path";
import type { Recognized, Role } from "../adapter.ts";
import type { Found } from "../found.ts";
import type { Families } from "./families.ts";

export interface Candidate {
  readonly family: string;
  readonly role: Role;
  readonly score: number;
  readonly why: string;
  /** What speaks for it: its answer, a link that a person made for this family or for a role that others fill too, or what it says of itself. */
  readonly by: "answer" | "link" | "shared-link" | "sign";
}

export interface Taken {
  /** Undefined: it cannot be told. */
  readonly as: Candidate | undefined;
  /** A plain sentence without its full stop. */
  readonly why: string;
  /** All families that something speaks for, the best first. */
  readonly candidates: readonly Candidate[];
  /** What the configuration must say beside the defaults, where a question was answered. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** An answer to a family's question. */
export interface Answer extends Recognized {
  readonly family: string;
}

export type Asked =
  | { readonly kind: "answered"; readonly answer: Answer }
  /** Of these families, each of which has a question. */
  | { readonly kind: "silent"; readonly families: readonly string[] }
  /** Nothing was sent. */
  | { readonly kind: "not-asked"; readonly why: string };

const ANSWERED = 100;
const FAMILY_LINK = 90;
const ROLE_LINK = 80;
const SHARED_ROLE_LINK = 40;
/** Less is a remark, no opinion. */
const SCORE_MIN = 20;
/** Another family within so many points: nobody can tell. */
const MARGIN = 10;

/** Keyboards and the like, by the page that says what a HID device is for. Spec: USB HID, usage tables. */
const OTHER_USAGES: ReadonlyMap<string, string> = new Map([
  ["1/2", "a mouse"],
  ["1/6", "a keyboard (a scanner that types like one is not supported: set it to HID POS or to a serial line)"],
  ["c/1", "keys for sound and the like"],
]);

/** Names of a link compare without case and marks: pin-pad, pinPad and PINPAD are one. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

function linkNames(found: Found): readonly string[] {
  return found.kind === "gpio" ? [] : found.links.map((link) => basename(link));
}

/** Which role a link of the device names; a name may go on with a number: "scanner-2". */
export function linkedRole(found: Found, roles: readonly Role[]): Role | undefined {
  const names = linkNames(found).map((name) => plain(name).replace(/\d+$/, ""));
  return roles.find((role) => names.includes(plain(role)));
}

function byLink(found: Found, families: Families): readonly Candidate[] {
  const here = [...families].filter(([, { hangsOn }]) => hangsOn === found.kind);
  return linkNames(found).flatMap((link): readonly Candidate[] => {
    const named = here.find(([family]) => plain(family) === plain(link));
    if (named !== undefined) return [{ family: named[0], role: named[1].role, score: FAMILY_LINK, by: "link", why: `the link ${link} names the family` }];
    const role = linkedRole(found, [...new Set(here.map(([, each]) => each.role))]);
    const filling = here.filter(([, each]) => each.role === role);
    const [only, ...others] = filling;
    if (only !== undefined && others.length === 0) {
      const why = `the link ${link} names the role, and only this family of it hangs on ${found.kind === "hid" ? "USB as HID" : "a serial line"}`;
      return [{ family: only[0], role: only[1].role, score: ROLE_LINK, by: "link", why }];
    }
    return filling.map(([family, each]) => ({ family, role: each.role, score: SHARED_ROLE_LINK, by: "shared-link", why: `the link ${link} names the role` }));
  });
}

/** The best that speaks for each family, the best family first. */
function ranked(candidates: readonly Candidate[]): readonly Candidate[] {
  const best = new Map<string, Candidate>();
  for (const candidate of candidates) if (candidate.score > (best.get(candidate.family)?.score ?? 0)) best.set(candidate.family, candidate);
  return [...best.values()].sort((left, right) => right.score - left.score);
}

function nothingSpeaks(found: Found): string {
  if (found.kind === "hid") {
    const usage = `${found.usagePage?.toString(16) ?? "?"}/${found.usage?.toString(16) ?? "?"}`;
    return OTHER_USAGES.get(usage) ?? `usage ${usage} is of none of our devices`;
  }
  if (found.kind === "gpio") return "no chip whose lines lead out, as far as its label is known";
  if (found.isConsole) return "the system writes its own messages there";
  return found.usb === undefined ? "a serial line tells nothing of what hangs on it" : "a converter tells nothing of what hangs behind it";
}

/** The best of them, unless another comes near it; of families that share a link the last one left is no better known than the first. */
function decided([best, second]: readonly Candidate[]): Candidate | undefined {
  if (best === undefined || best.score < SCORE_MIN || best.by === "shared-link") return undefined;
  return second !== undefined && best.score - second.score < MARGIN ? undefined : best;
}

function whyUndecided(found: Found, candidates: readonly Candidate[], unheard: readonly Candidate[]): string {
  const [best] = candidates;
  const silence = unheard.length === 0 ? "" : `, but it answered no question of ${unheard.map(({ family }) => family).join(" or ")}`;
  if (best === undefined) return `${unheard[0]?.why ?? nothingSpeaks(found)}${silence}`;
  if (best.score < SCORE_MIN) return `${best.why}${silence}`;
  const near = candidates.filter(({ score }) => best.score - score < MARGIN);
  return `it may be ${near.map(({ family, why }) => `${family} (${why})`).join(" or ")}${silence}`;
}

/** Never throws. `asked`: what came of the families' questions, where they were asked. */
export function takeFor(found: Found, families: Families, asked?: Asked): Taken {
  const guesses = [...families].flatMap(([name, family]) => {
    const guess = family.fingerprint?.(found);
    return guess === undefined ? [] : [{ family: name, role: family.role, by: "sign" as const, ...guess }];
  });
  const answer = asked?.kind === "answered" ? asked.answer : undefined;
  const known = answer === undefined ? undefined : families.get(answer.family);
  const answered =
    answer === undefined || known === undefined ? [] : [{ family: answer.family, role: known.role, score: ANSWERED, by: "answer" as const, why: answer.why }];
  const all = ranked([...answered, ...byLink(found, families), ...guesses]);
  const silent = asked?.kind === "silent" ? asked.families : [];
  const candidates = all.filter(({ family }) => !silent.includes(family));
  const best = decided(candidates);
  if (best === undefined) {
    const unheard = all.filter(({ family }) => silent.includes(family));
    return { as: undefined, why: whyUndecided(found, candidates, unheard), candidates };
  }
  const settings = answer?.family === best.family ? answer.settings : undefined;
  return { as: best, why: best.why, candidates, ...(settings === undefined ? {} : { settings }) };
}
