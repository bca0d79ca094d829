/* The report over all rows: complete, shown, and able to say that a row is not. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { COUNTER_CASES } from "./cases-counter.ts";
import { formatServices, runServices, servicesTable } from "./run.ts";

test("every row is shown by cases that run", async () => {
  const report = await runServices();
  expect(report.cases.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  expect(report.rows.filter(({ outcome }) => outcome !== "shown")).toEqual([]);
  expect([report.rows.length, report.works + report.refused]).toEqual([65, 65]);
  expect(formatServices(report)).toContain("0 failed, 0 not shown");
  expect(servicesTable(report).trim().split("\n")).toHaveLength(67);
}, 60_000);

test("a row without its case is missing, and a case that finds something fails its row", async () => {
  const [first] = COUNTER_CASES;
  if (first === undefined) throw new Error("there are cases");
  const report = await runServices([first, { ...first, row: 2, run: () => Promise.reject(new Error("found")) }]);
  expect([report.rows[0]?.outcome, report.rows[1]?.outcome, report.missing]).toEqual(["shown", "failed", 63]);
  expect(formatServices(report)).toContain("FAILED row 2");
});

test("the page of card services has the table that the data make", async () => {
  const page = readFileSync(new URL("../../../docs/card-services.md", import.meta.url), "utf8");
  const table = servicesTable(await runServices([]));
  expect(page).toContain(`<!-- rows -->\n${table}<!-- /rows -->`);
});
