/* Which readers a configuration would name, and what happens to rules that are there. */
import { describe, expect, it } from "vitest";
import { parseTerminalConfig } from "../config/schema.ts";
import { exampleConfig } from "../config/testing.ts";
import type { ListedReader } from "../drivers/pcsc/list.ts";
import { mergeReaders, proposeReaders } from "./devices-readers.ts";

const reader = (kind: string, number: number, holds: ListedReader["holds"] = "nothing"): ListedReader => ({
  name: `Maker R5 [R5 ${kind} Reader] 0${number} 00`,
  holds,
});
const CONTACTLESS = reader("Contactless", 0);
const CONTACT = reader("Contact", 1);
const SAM1 = reader("SAM1", 2);
const SAM2 = reader("SAM2", 3, "card");

function rulesOf(readers: object) {
  const parsed = parseTerminalConfig(exampleConfig({ readers }));
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.config.readers;
}

describe("readers are proposed", () => {
  it("one for the user, and the slot in which a module lies", () => {
    expect(proposeReaders([CONTACTLESS, SAM1, SAM2], undefined)).toEqual({
      readers: { user: { interface: "contactless", nameIncludes: ["R5 Contactless Reader"] }, sam: { interface: "sam", nameIncludes: ["R5 SAM2 Reader"] } },
      open: [],
    });
  });

  it("by a person's word where both are there", () => {
    const both = [CONTACTLESS, CONTACT];
    expect(proposeReaders(both, undefined)).toMatchObject({ readers: {}, open: [expect.stringMatching(/^user: .*--user contact or --user contactless/)] });
    expect(proposeReaders(both, "contact").readers).toMatchObject({ user: { interface: "contact" } });
  });

  it("not where two slots are alike", () => {
    const { readers, open } = proposeReaders([SAM1, reader("SAM2", 3)], undefined);
    expect([readers, open]).toEqual([{}, [expect.stringMatching(/^sam: /)]]);
  });
});

describe("rules that are there", () => {
  const RULES = { user: { interface: "contactless", nameIncludes: ["R5 Contactless"], pinEntry: "none" }, sam: { interface: "sam", nameIncludes: ["Other"] } };

  it("stay where a reader fits them, and give way only on demand where none does", () => {
    const all = [CONTACTLESS, CONTACT, SAM2];
    const rules = rulesOf(RULES);
    const kept = mergeReaders(rules, proposeReaders(all, undefined), { all, replace: false });
    expect(kept).toMatchObject({ readers: rules, kept: [expect.stringMatching(/^user: /)], conflicts: [expect.stringMatching(/^sam: .*no reader fits it/)] });
    const replaced = mergeReaders(rules, proposeReaders(all, undefined), { all, replace: true });
    expect(replaced.readers).toEqual({ user: rules.user, sam: { interface: "sam", nameIncludes: ["R5 SAM2 Reader"] } });
  });

  it("keep how the PIN is entered when the user's reader is another", () => {
    const rules = rulesOf({ ...RULES, user: { ...RULES.user, nameIncludes: ["Gone"] } });
    const all = [CONTACTLESS];
    const { readers } = mergeReaders(rules, proposeReaders(all, undefined), { all, replace: true });
    expect(readers.user).toMatchObject({ nameIncludes: ["R5 Contactless Reader"], pinEntry: "none", pinDigits: 6 });
  });

  it("keep lamp, group and PIN of a reader that is another; only what names the reader changes", () => {
    const lamp = { dialect: "escape", polling: "fast" };
    const user = { interface: "contactless", nameIncludes: ["Gone"], nameExcludes: ["Old"], slot: 7, group: "desk", pinEntry: "none", pinDigits: 4, lamp };
    const rules = rulesOf({ ...RULES, user, sam: { interface: "sam", nameIncludes: ["Gone"], group: "modules" } });
    const all = [CONTACTLESS, SAM2];
    const { readers } = mergeReaders(rules, proposeReaders(all, undefined), { all, replace: true });
    const { slot: _slot, ...kept } = rules.user;
    expect(readers).toEqual({
      user: { ...kept, nameIncludes: ["R5 Contactless Reader"] },
      sam: { interface: "sam", nameIncludes: ["R5 SAM2 Reader"], group: "modules" },
    });
    const excluding = rulesOf({ ...RULES, user: { ...user, nameExcludes: ["R5"] } });
    const found = mergeReaders(excluding, proposeReaders(all, undefined), { all, replace: true }).readers.user;
    expect([found.nameExcludes, found.group]).toEqual([undefined, "desk"]);
  });
});
