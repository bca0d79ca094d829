import { expect, test } from "vitest";
import { DEFAULT_INITIAL_PIN_RULE, type InitialPinRule, initialPinReason } from "./initial-pin.ts";

const CARD = "99".repeat(16);
const says = (word: "initial" | "changed") => (cardIdentifier: string) => (cardIdentifier === CARD ? word : "unknown");

test.each<[string, "set" | "none", InitialPinRule, string | undefined]>([
  ["nobody has said anything", "set", DEFAULT_INITIAL_PIN_RULE, undefined],
  ["known to be the initial one", "set", { policy: "refuse-initial", evidence: says("initial") }, "initial-pin"],
  ["known to be changed", "set", { policy: "refuse-initial", evidence: says("changed") }, undefined],
  ["nobody has said anything, and the region wants to know", "set", { policy: "require-changed" }, "initial-pin-unknown"],
  ["known to be the initial one, and the region wants to know", "set", { policy: "require-changed", evidence: says("initial") }, "initial-pin"],
  ["known to be changed, as the region wants it", "set", { policy: "require-changed", evidence: says("changed") }, undefined],
  ["none is set, and the region wants to know", "none", { policy: "require-changed" }, undefined],
])("a PIN that is %s", (_, pin, rule, expected) => {
  expect(initialPinReason({ pin, cardIdentifier: CARD }, rule)).toBe(expected);
});
