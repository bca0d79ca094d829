import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runCommandLine } from "../system/command-line.ts";
import { POLICY_COMMANDS } from "./policy.ts";
import { watchOutput } from "./testing/printed.ts";

const POLICIES = join(import.meta.dirname, "../txn/medical-split/policies");
const FOLDER = mkdtempSync(join(tmpdir(), "policy-"));
const printed = watchOutput();

afterAll(() => rmSync(FOLDER, { recursive: true }));

function check(...argv: readonly string[]): Promise<number> {
  const program = { name: "yikatong", summary: "test", commands: POLICY_COMMANDS };
  return runCommandLine(program, ["policy", "check", ...argv], { print: () => undefined, complain: () => undefined });
}

function file(name: string, text: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, text);
  return path;
}

describe("yikatong policy check", () => {
  test.each(readdirSync(POLICIES))("the shipped policy %s is valid", async (name) => {
    expect(await check(join(POLICIES, name))).toBe(0);
    expect(printed.out).toContain("the policy is valid");
  });

  test("says in one line what a policy holds", async () => {
    await check(join(POLICIES, "kunming.json"));
    await check(join(POLICIES, "account-only.json"));
    expect(printed.out).toBe(
      "Kunming: the policy is valid (insurance 310, from 2022-01-01 on; deductible by the visit, rounded once)\n" +
        "A county whose pharmacies are paid by the personal account alone: the policy is valid (insurance 310, from 2022-01-01 on; no pooled fund: the personal account alone)\n",
    );
  });

  test("names place and rule of what is wrong", async () => {
    const path = file("wrong.json", JSON.stringify({ place: "X", surprise: 1 }));
    expect(await check(path)).toBe(1);
    expect(printed.err).toContain(`${path} is no valid policy:`);
    expect(printed.err).toContain("  surprise: a key that nobody knows");
    expect(await check(path, "--json")).toBe(1);
    expect(JSON.parse(printed.out)).toMatchObject({ valid: false });
  });

  test("JSON for programs", async () => {
    expect(await check(join(POLICIES, "huainan.json"), "--json")).toBe(0);
    expect(JSON.parse(printed.out)).toEqual({ valid: true, place: "Huainan" });
  });

  test.each<[string, () => readonly string[], number, string]>([
    ["no file named", () => [], 2, "which file?"],
    ["a file that is not there", () => [join(FOLDER, "none.json")], 1, "cannot be read"],
    ["no JSON", () => [file("text.json", "{")], 1, "is no JSON"],
  ])("%s", async (_, argv, code, said) => {
    expect(await check(...argv())).toBe(code);
    expect(printed.err).toContain(said);
  });
});
