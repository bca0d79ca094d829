import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { FSI_TABLES } from "./check.ts";

it("the page about messages names every message that has a table, and no other", () => {
  const page = readFileSync(new URL("../../../docs/fsi.md", import.meta.url), "utf8");
  const rows = page.split("\n").flatMap((line) => /^\| (\d{4}A?(?:, \d{4}A?)*) \|/.exec(line)?.[1]?.split(", ") ?? []);
  expect(rows.sort()).toEqual(Object.keys(FSI_TABLES).sort());
});
