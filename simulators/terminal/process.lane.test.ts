/* The terminal process by itself: what it needs to start, and that it serves without broker and desk. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { saidFor } from "../../device/api/messages.ts";
import { toHex } from "../../device/base/bytes.ts";
import { exampleConfig } from "../../device/config/testing.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { SETTINGS_FILE } from "./settings.ts";

const PROCESS = fileURLToPath(new URL("./process.ts", import.meta.url));
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "yikatong-terminal-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  readonly complaints: string;
}

/** Runs the process over these requests and to the end of its input. */
async function converse(args: readonly string[], requests: readonly object[]): Promise<Ended> {
  const child = spawn(process.execPath, [PROCESS, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const output: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
  child.stdin.on("error", () => undefined);
  child.stdin.end(requests.map((request) => `${JSON.stringify(request)}\n`).join(""));
  const code = await new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  const lines = Buffer.concat(output)
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
  return { code, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>), complaints: Buffer.concat(complaints).toString("utf8") };
}

function furnish(change: Readonly<Record<string, unknown>>): void {
  mkdirSync(join(folder, "journal"));
  const config = exampleConfig({ link: { url: "mqtt://127.0.0.1:9" }, journal: { folder: join(folder, "journal"), limitBytes: 16 * 1024 * 1024 }, ...change });
  writeFileSync(join(folder, SETTINGS_FILE), JSON.stringify({ config, deskSocket: join(folder, "nobody.sock"), sync: {} }));
  const suite = openCipherSuite();
  const hostKey = toHex(suite.sm2PrivateKey(new Uint8Array(32).fill(0x11)).publicKey.point);
  const keys = [`signing-scalar = ${"22".repeat(32)}`, `host-public-key = ${hostKey}`, `data-key = ${"33".repeat(16)}`, `storage-key = ${"44".repeat(16)}`, ""];
  writeFileSync(join(folder, "terminal.keys"), keys.join("\n"), { mode: 0o600 });
}

test("it says how it is used", async () => {
  expect(await converse([], [])).toMatchObject({ code: 2, lines: [], complaints: "usage: process.ts <folder>\n" });
});

test("it does not start with a configuration that is not valid", async () => {
  furnish({ regionCode: "nowhere" });
  const { code, lines, complaints } = await converse([folder], []);
  expect({ code, lines }).toEqual({ code: 2, lines: [] });
  expect(complaints).toMatch(/^regionCode: /);
});

test("without broker and desk it starts, answers that there is no module, and ends with its input", async () => {
  furnish({});
  const { code, lines } = await converse(
    [folder],
    [
      { do: "quick-payment", id: 1, reference: "sale-1", amountFen: 5, timeoutMs: 500 },
      { do: "status", id: 2 },
    ],
  );
  expect(code).toBe(0);
  expect(lines[0]).toEqual({ event: "ready", boot: 1 });
  expect(lines).toContainEqual({ id: 1, kind: "refused", reason: "reader-gone", says: saidFor("reader-gone") });
  expect(lines.find(({ id }) => id === 2)).toMatchObject({ kind: "status", linkUp: false, lastSeq: 0 });
});
