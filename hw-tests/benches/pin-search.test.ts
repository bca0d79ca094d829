import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formsOf, searchBytes, searchFolder, searchMemory } from "./pin-search.ts";

const PIN = "839205716482";
const FORMS = formsOf(PIN);
const AROUND = Buffer.alloc(100, 0x20);

describe("a PIN in any form", () => {
  it.each([
    ["text", Buffer.from(PIN)],
    ["wide text", Buffer.from(PIN, "utf16le")],
    ["packed", Buffer.from(PIN, "hex")],
    ["one digit a byte", Buffer.from([...PIN].map(Number))],
    ["hexadecimal of the text", Buffer.from(Buffer.from(PIN).toString("hex"))],
    ["backwards", Buffer.from([...PIN].reverse().join(""))],
    ["packed, in base64", Buffer.from(Buffer.from(PIN, "hex").toString("base64"))],
  ])("%s", (form, bytes) => {
    expect(searchBytes("here", Buffer.concat([AROUND, bytes, AROUND]), FORMS)).toContainEqual({ where: "here", form });
  });

  it.each([0, 1, 2])("in base64 behind %i other bytes", (others) => {
    const coded = Buffer.from(Buffer.concat([Buffer.alloc(others, 0x41), Buffer.from(PIN), Buffer.from("more")]).toString("base64"));
    expect(searchBytes("here", coded, FORMS).some(({ form }) => form.startsWith("base64"))).toBe(true);
  });

  it("is not found where it is not", () => {
    expect(searchBytes("here", Buffer.from("839205716483 38292750614 8392057 16482"), FORMS)).toEqual([]);
  });
});

it("is found in a file at any depth", () => {
  const folder = mkdtempSync(join(tmpdir(), "ykt-search-"));
  writeFileSync(join(folder, "journal.db"), Buffer.concat([AROUND, Buffer.from(PIN, "hex"), AROUND]));
  writeFileSync(join(folder, "other"), AROUND);
  expect(searchFolder(folder, FORMS)).toEqual({ found: [{ where: "file journal.db", form: "packed" }], files: 2 });
  rmSync(folder, { recursive: true });
});

it("is found in the memory of another process, and only there", async () => {
  const keep = "let kept = ''; process.stdin.on('data', (d) => { kept += d; process.stdout.write('kept'); }); setInterval(() => kept.length, 1000);";
  const child = spawn(process.execPath, ["-e", keep], { stdio: ["pipe", "pipe", "ignore"] });
  child.stdin.write("ready");
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const before = searchMemory(child.pid ?? 0, FORMS);
  child.stdin.write(PIN);
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const after = searchMemory(child.pid ?? 0, FORMS);
  child.kill("SIGKILL");
  expect(before.found).toEqual([]);
  expect(before.bytes).toBeGreaterThan(10_000_000);
  expect(after.found.map(({ form }) => form)).toContain("text");
});
