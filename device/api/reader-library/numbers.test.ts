/* A sale that was not carried out is told by a number that says whether it is unpaid. */
import { expect, test } from "vitest";
import { answerOfUnpaid, OWN_RESULT } from "./numbers.ts";
import { PROVIDERS } from "./providers.ts";

test("what was paid long ago is no refusal of this place: a program that reads it so would take the money once more", () => {
  for (const provider of Object.values(PROVIDERS)) {
    expect(answerOfUnpaid({ kind: "refused", reason: "number-spent" }, provider)).toEqual({ result: OWN_RESULT.spent, output: "" });
    expect(answerOfUnpaid({ kind: "refused", reason: "card-listed" }, provider)).toEqual({ result: OWN_RESULT.refusedHere, output: "" });
  }
});
