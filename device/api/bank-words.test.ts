import { describe, expect, it } from "vitest";
import { RESPONSE_CODES } from "../txn/acquirer-host/response-codes.ts";
import { saidFor } from "./messages.ts";

describe("what the bank says", () => {
  const reasons = [...RESPONSE_CODES.values()].map(({ reason }) => reason).filter((reason) => reason !== "approved");

  it.each([...new Set(reasons)])("%s has words in two languages", (reason) => {
    expect(saidFor(reason)).toMatchObject({ en: expect.stringMatching(/\.$/), zh: expect.stringMatching(/。$/) });
  });

  it("is told by whatever table had the word first", () => expect(saidFor("pin-wrong")?.zh).not.toBe(""));
});
