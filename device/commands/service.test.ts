import { describe, expect, it } from "vitest";
import { readerRule, userReaderRule } from "../config/readers.ts";
import type { Pcsc } from "../drivers/pcsc/open.ts";
import { readerLooks } from "./service.ts";

type Look = ReturnType<Pcsc["look"]>;

const READERS = {
  user: userReaderRule.parse({ interface: "contactless", nameIncludes: ["PICC"] }),
  sam: readerRule.parse({ interface: "sam", nameIncludes: ["SAM"], slot: 1 }),
};

function looks(user: Look, sam: Look) {
  const pcsc: Pick<Pcsc, "look"> = { look: (rule) => (rule.interface === "sam" ? sam : user) };
  return readerLooks({ readers: READERS }, pcsc).map(({ role, look }) => [role, look()]);
}

describe("the readers of a terminal, as its status tells of them", () => {
  it("tells of a card where people put cards, and never of a module as if it were one", () => {
    const there: Look = { state: "ready", card: true };
    expect(looks(there, there)).toEqual([
      ["user", { state: "ready", card: true }],
      ["sam", { state: "ready", card: false }],
    ]);
  });

  it("a module that is not in its slot is absent, while a reader without a card is ready", () => {
    const empty: Look = { state: "ready", card: false };
    expect(looks(empty, empty)).toEqual([
      ["user", { state: "ready", card: false }],
      ["sam", { state: "absent", card: false }],
    ]);
  });

  it.each(["absent", "failed"] as const)("a module behind a reader that is %s is so too", (state) => {
    const gone: Look = { state, card: false };
    expect(looks(gone, gone)).toEqual([
      ["user", gone],
      ["sam", gone],
    ]);
  });
});
