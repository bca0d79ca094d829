/* Names of readers as services make them, and the rules by which they are found again. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesRule } from "./reader.ts";
import { guessReader, ruleFor } from "./reader-roles.ts";

const R502 = ["Contactless", "Contact", "SAM1", "SAM2"].map((kind, at) => `Feitian R502 [R502 ${kind} Reader] (0123456789) 0${at} 00`);
const ACR1281 = [0, 1, 2].map((slot) => `ACS ACR1281 1S Dual Reader 00 0${slot}`);

describe("a reader is taken for", () => {
  it.each([
    [R502[0], { interface: "contactless" }],
    [R502[1], { interface: "contact" }],
    [R502[2], { interface: "sam", module: 1 }],
    [R502[3], { interface: "sam", module: 2 }],
    ["ACS ACR1252 1S CL Reader [ACR1252 Dual Reader PICC] 00 00", { interface: "contactless" }],
    ["ACS ACR1252 1S CL Reader [ACR1252 Dual Reader SAM] 01 00", { interface: "sam" }],
    ["HID OMNIKEY 5422 [OMNIKEY 5422CL Smartcard Reader] 00 00", { interface: "contactless" }],
    ["CREATOR CRT-603 (CZ1) CCR SAM2 00 00", { interface: "sam", module: 2 }],
    [ACR1281[0], { interface: "contact" }],
    [ACR1281[1], { interface: "contactless" }],
    [ACR1281[2], { interface: "sam" }],
    ["Samsung Reader 00 00", undefined],
    ["Some Reader 00 00", undefined],
  ])("%s", (name = "", expected) => {
    const guess = guessReader(name);
    if (expected === undefined) expect(guess).toBeUndefined();
    else expect(guess).toMatchObject(expected);
  });

  it("something or nothing, but never throws", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (name) => {
        const guess = guessReader(name);
        const rule = guess === undefined ? undefined : ruleFor(name, guess, [name]);
        if (rule !== undefined) expect(matchesRule(name, rule)).toBe(true);
      }),
    );
  });
});

describe("the rule for a reader", () => {
  const all = [...R502, ...ACR1281];

  it.each(all)("fits %s and no other, and not by its whole name", (name) => {
    const guess = guessReader(name);
    const rule = guess === undefined ? undefined : ruleFor(name, guess, all);
    expect(rule === undefined ? [] : all.filter((each) => matchesRule(each, rule))).toEqual([name]);
    expect(rule?.nameIncludes.some((part) => /\d\d \d\d$/.test(part))).toBe(false);
  });

  it("fits the same reader when the service numbers it anew", () => {
    const [name = ""] = R502;
    const guess = guessReader(name);
    const rule = guess === undefined ? undefined : ruleFor(name, guess, all);
    expect(rule !== undefined && matchesRule("Feitian R502 [R502 Contactless Reader] (9876543210) 07 00", rule)).toBe(true);
  });

  it("is none where two readers are alike", () => {
    const twins = ["A Reader [Twin PICC] 00 00", "A Reader [Twin PICC] 01 00"];
    const [name = ""] = twins;
    expect(ruleFor(name, { interface: "contactless", why: "" }, twins)).toBeUndefined();
  });
});
