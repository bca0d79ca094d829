import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runCommandLine } from "../system/command-line.ts";
import { TABLES_FOLDER } from "../txn/fares/testing.ts";
import { FARES_COMMANDS } from "./fares.ts";
import { watchOutput } from "./testing/printed.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "fares-"));
const METRO = join(TABLES_FOLDER, "example-metro.json");
const BUS = join(TABLES_FOLDER, "example-bus.json");
const printed = watchOutput();

afterAll(() => rmSync(FOLDER, { recursive: true }));

function check(...argv: readonly string[]): Promise<number> {
  const program = { name: "yikatong", summary: "test", commands: FARES_COMMANDS };
  return runCommandLine(program, ["fares", "check", ...argv], { print: () => undefined, complain: () => undefined });
}

function file(name: string, text: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, text);
  return path;
}

describe("yikatong fares check", () => {
  test.each(readdirSync(TABLES_FOLDER))("the shipped table %s is valid", async (name) => {
    expect(await check(join(TABLES_FOLDER, name))).toBe(0);
    expect(printed.out).toContain("the fare table is valid");
  });

  test("says in one line what a table holds", async () => {
    await check(METRO);
    await check(BUS);
    expect(printed.out).toBe(
      "example-metro-2026: the fare table is valid (city 3610, 2026-01-01 to 2026-12-31; distance (6 rows), 13 places, 2 lines; rounded half-up to 1 fen)\n" +
        "example-bus-2026: the fare table is valid (city 3610, 2026-01-01 to 2026-12-31; flat, 3 places, 5 lines; rounded half-up to 1 fen)\n",
    );
  });

  test("files are judged together", async () => {
    const next = file("next.json", readFileSync(BUS, "utf8").replace("example-bus-2026", "next").replaceAll('"2026-', '"2027-'));
    expect(await check(BUS, next)).toBe(0);
    expect(await check(BUS, METRO)).toBe(1);
    expect(printed.err).toBe(`${BUS}, ${METRO}: no valid fare tables:\n  example-metro-2026/validFrom: in force on 2026-01-01, and so is example-bus-2026\n`);
  });

  test("names the row and the rule of what is wrong", async () => {
    const wrong = file("wrong.json", readFileSync(METRO, "utf8").replace('"overMetres": 12000', '"overMetres": 10000'));
    expect(await check(wrong)).toBe(1);
    expect(printed.err).toBe(`${wrong}: no valid fare table:\n  distance/3: begins at 10000 m, the row before ends at 12000 m\n`);
    expect(await check(wrong, "--json")).toBe(1);
    expect(JSON.parse(printed.out)).toEqual({ valid: false, problems: [{ at: "distance/3", rule: "begins at 10000 m, the row before ends at 12000 m" }] });
  });

  test("JSON for programs", async () => {
    expect(await check(BUS, "--json")).toBe(0);
    expect(JSON.parse(printed.out)).toEqual({ valid: true, tables: ["example-bus-2026"] });
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
