import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { effectUnknown, Fault, isFault } from "./fault.ts";
import { Hidden, SILENT } from "./log.ts";

describe("faults", () => {
  const removed = new Fault("card-removed", "no card in the field", { effectUnknown: true });

  it("carry code, text and cause", () => {
    const cause = new Error("EIO");
    const fault = new Fault("reader-gone", "reader", { effectUnknown: false, cause });
    expect(fault).toMatchObject({ name: "Fault", code: "reader-gone", message: "reader", effectUnknown: false, cause });
    expect("cause" in removed).toBe(false);
    expect(removed).toBeInstanceOf(Error);
  });

  it("are told by code", () => {
    expect(isFault(removed)).toBe(true);
    expect(isFault(removed, "card-removed")).toBe(true);
    expect(isFault(removed, "timeout", "card-removed")).toBe(true);
    expect(isFault(removed, "timeout")).toBe(false);
    expect(isFault(new Error("card-removed"))).toBe(false);
    expect(isFault(undefined)).toBe(false);
    expect(isFault({ code: "card-removed", effectUnknown: true }, "card-removed")).toBe(false);
  });

  it("say whether the other side may have acted; what is no fault counts as perhaps", () => {
    expect(effectUnknown(removed)).toBe(true);
    expect(effectUnknown(new Fault("closed", "closed", { effectUnknown: false }))).toBe(false);
    expect(effectUnknown(new Error("bug"))).toBe(true);
    expect(effectUnknown(undefined)).toBe(true);
  });
});

describe("hidden values", () => {
  const hidden = new Hidden("110101199003070000");

  it.each([
    ["text", String(hidden)],
    ["a joined list", [hidden].join("")],
    ["JSON", JSON.stringify(hidden)],
    ["inspection", inspect(hidden, { showHidden: true, depth: 9 })],
    ["members", JSON.stringify(Object.entries(hidden))],
    ["inspection of what holds it", inspect({ fields: { number: hidden } }, { depth: 9 })],
  ])("do not show in %s", (_name, text) => {
    expect(text).not.toContain("1101");
    expect(text).toMatch(/\*\*\*|\[\]/);
  });

  it("come out where they are asked for", () => {
    expect(hidden.reveal()).toBe("110101199003070000");
  });
});

it("the silent log takes everything and says nothing", () => {
  expect([SILENT.info("event"), SILENT.warn("event", { a: 1 }), SILENT.error("event")]).toEqual([undefined, undefined, undefined]);
});
