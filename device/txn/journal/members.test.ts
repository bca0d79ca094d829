import { expect, test } from "vitest";
import { operationOf } from "./members.ts";

test.each([
  [{ operation: "card-block" }, "card-block"],
  [{ act: "card-block" }, "card-block"],
  [{ operation: "shift-end", act: "other" }, "shift-end"],
  [{ operation: 7 }, ""],
  [{}, ""],
  [undefined, ""],
] as const)("an operation %j is %j", (detail, name) => {
  expect(operationOf(detail)).toBe(name);
});
