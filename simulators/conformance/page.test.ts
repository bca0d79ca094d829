import { describe, expect, it } from "vitest";
import { reportPage } from "./page.ts";
import type { CaseReport } from "./types.ts";

const CASE: CaseReport = {
  id: "XYZ-001",
  spec: "PBOC purse, purchase",
  title: "a <title> & more",
  tags: ["torn"],
  outcome: "failed",
  message: 'said "no"',
  precondition: "card: balanceFen 100",
  apdus: ["card 00a40400>9000"],
};

describe("the page", () => {
  const page = reportPage({ cases: [CASE, { ...CASE, id: "XYZ-002", outcome: "passed" }], passed: 1, failed: 1, skipped: 0 });

  it.each(["XYZ-001", "XYZ-002", "PBOC purse, purchase", "card: balanceFen 100", "card 00a40400&gt;9000", "2 cases, 2 of them torn", "1 failed"])(
    "shows %s",
    (text) => {
      expect(page).toContain(text);
    },
  );

  it("takes no text for markup", () => {
    expect(page).toContain("a &lt;title&gt; &amp; more");
    expect(page).toContain("said &quot;no&quot;");
    expect(page).not.toContain("<title> &");
  });

  it("needs nothing from elsewhere", () => {
    expect(page).not.toMatch(/https?:\/\/|src=|href=/);
  });
});
