/*
 * Bugs of gates that are put in on purpose, beside those of the till: each replaces one rule of a machine's table, from here.
 */
import { assert } from "../../../device/base/assert.ts";
import type { TerminalRules } from "../../../device/terminal-settings.ts";
import { DELAYED_CHARGE_RULES } from "../../../device/txn/delayed-charge/machine.ts";
import type { DelayedChargeRules } from "../../../device/txn/delayed-charge/types.ts";
import { PLANTED_BUGS, type PlantedBug } from "../planted-bugs.ts";

/** Every bank card is taken for one that has ridden before: the place carries the whole price of a first ride that nobody pays. */
function knowsEveryCard(): DelayedChargeRules {
  const row = DELAYED_CHARGE_RULES.admitting;
  const real = row.reviewed;
  assert(typeof real === "function", "the real machine decides about a reviewed card");
  return { ...DELAYED_CHARGE_RULES, admitting: { ...row, reviewed: (state, event, ride) => real(state, { ...event, seen: true }, ride) } };
}

export const GATE_BUGS = {
  "knows-every-card": { delayedCharge: knowsEveryCard() },
} as const satisfies Readonly<Record<string, TerminalRules>>;

export type GateBug = keyof typeof GATE_BUGS | PlantedBug;

export const ALL_GATE_BUGS: Readonly<Record<GateBug, TerminalRules>> = { ...PLANTED_BUGS, ...GATE_BUGS };

export function isGateBug(name: string): name is GateBug {
  return Object.hasOwn(ALL_GATE_BUGS, name);
}
