/* The agency of a host that runs as its own process: its books, and what its region does otherwise. Unknown members are refused by name. */
import { isFields } from "../canonical.ts";
import type { AgencyVariants } from "./service.ts";

export interface AgencyConfig {
  /** ":memory:" or a file. */
  readonly file: string;
  readonly variants: Partial<AgencyVariants>;
}

type Read<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: string };

const WORDS: Readonly<Record<string, readonly string[]>> = {
  lapseRule: ["168-hours", "2-working-days", "none"],
  formalLoss: ["offered", "not-offered"],
  formalWithdrawal: ["agency", "offered"],
  newPin: ["initial", "pad-block"],
};
const LISTS: Readonly<Record<string, readonly string[]>> = {
  activation: ["operator", "initial-pin-changed"],
  pinVariants: ["module", "key-machine"],
};

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** What is wrong with one variant. */
function problemOf(name: string, value: unknown): string | undefined {
  const [words, list] = [WORDS[name], LISTS[name]];
  if (words !== undefined) return isText(value) && words.includes(value) ? undefined : `${name} takes one of ${words.join(", ")}`;
  if (list !== undefined) {
    const sound = Array.isArray(value) && value.every((each) => isText(each) && list.includes(each));
    return sound ? undefined : `${name} takes a list of ${list.join(", ")}`;
  }
  if (name === "initialPin") return isText(value) && /^\d{4,12}$/.test(value) ? undefined : "initialPin takes 4 to 12 digits";
  if (name === "statementLiftsBlock") return typeof value === "boolean" ? undefined : "statementLiftsBlock takes true or false";
  return `unknown variant ${name}`;
}

export function readAgencyConfig(value: unknown): Read<AgencyConfig> {
  if (value === undefined) return { ok: true, value: { file: ":memory:", variants: {} } };
  if (!isFields(value)) return { ok: false, reason: "not-an-object" };
  const { file = ":memory:", variants = {}, ...others } = value;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) return { ok: false, reason: `unknown member ${unknown}` };
  if (!isText(file) || !isFields(variants)) return { ok: false, reason: "file takes a text, variants an object" };
  const problem = Object.entries(variants)
    .map(([name, setting]) => problemOf(name, setting))
    .find((each) => each !== undefined);
  if (problem !== undefined) return { ok: false, reason: problem };
  // Each name was looked at, and so was what it takes.
  return { ok: true, value: { file, variants: variants as Partial<AgencyVariants> } };
}
