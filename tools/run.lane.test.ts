/*
 * Goal: the one entry keeps its word: idempotent, quick when nothing is to be done, clear when it cannot, silent on standard output.
 * Method: a small project of the same layout in a folder of its own, with the real entry and the packages of this one.
 */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LIMIT_MS = 120_000;
const COMMAND = `
const [command = "", ...rest] = process.argv.slice(2);
if (rest.includes("--fail")) process.exitCode = 9;
if (rest.includes("--wait")) {
  process.on("SIGTERM", () => process.exit(7));
  setInterval(() => {}, 1000);
}
process.stdout.write(JSON.stringify({ command, rest, version: process.version }) + "\\n");
`;

let folder = "";

function put(path: string, text: string): void {
  mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const options = { cwd: folder, encoding: "utf8", timeout: LIMIT_MS, env: { ...process.env, ...environment } } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["tools/run.mjs", ...args], options);
  return { status, stdout, stderr };
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "entry-"));
  for (const path of ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json", "tools/run.mjs", "tools/setup"]) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  put("simulators/cli.ts", COMMAND);
  put("device/base/part.ts", "export const part = 1;\n");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the entry", () => {
  it("compiles, starts the pinned Node and passes arguments on; standard output belongs to the command", () => {
    const { status, stdout, stderr } = run(["world", "--seeds", "2", "--json"]);
    expect([status, JSON.parse(stdout)]).toEqual([0, { command: "world", rest: ["--seeds", "2", "--json"], version: expect.stringMatching(/^v24\./) }]);
    expect(stderr).toContain("compiling");
  });

  it("does nothing the second time", () => {
    run(["world"]);
    expect(run(["world"]).stderr).toBe("");
  });

  it("compiles again when a source changed, and when the output is gone", () => {
    run(["world"]);
    put("device/base/part.ts", "export const part = 22;\n");
    expect(run(["world"]).stderr).toContain("compiling");
    rmSync(join(folder, "dist"), { recursive: true });
    expect(run(["world"]).status).toBe(0);
  });

  it("removes compiled files whose source is gone", () => {
    run(["world"]);
    rmSync(join(folder, "device/base/part.ts"));
    run(["world"]);
    expect(existsSync(join(folder, "dist/device/base/part.js"))).toBe(false);
    expect(existsSync(join(folder, "dist/simulators/cli.js"))).toBe(true);
  });

  it("starts nothing when the sources do not compile", () => {
    put("device/base/part.ts", "export const part: string = 1;\n");
    const { status, stdout, stderr } = run(["world"]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/part\.ts.*not assignable[\s\S]*do not compile/);
  });

  it("gives the exit code of the command", () => expect(run(["world", "--fail"]).status).toBe(9));

  it("passes a signal on and gives the exit code that follows", async () => {
    run(["world"]);
    const child = spawn(process.execPath, ["tools/run.mjs", "world", "--wait"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"], timeout: LIMIT_MS });
    const ended = new Promise((resolve) => child.on("exit", (code) => resolve(code)));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGTERM");
    expect(await ended).toBe(7);
  });

  it.each([
    [[], 0],
    [["--help"], 0],
    [["no-such-command"], 2],
    [["constructor"], 2],
  ])("%j shows the commands and exits with %i", (args, status) => {
    const answer = run(args);
    expect([answer.status, answer.stdout]).toEqual([status, ""]);
    expect(answer.stderr).toContain("world");
  });

  it("says in one line what to do when packages are missing and there is no network", () => {
    rmSync(join(folder, "node_modules"));
    const answer = run(["world"], {
      npm_config_registry: "http://127.0.0.1:9",
      npm_config_cache: join(folder, "cache"),
      npm_config_fetch_retries: "0",
      npm_execpath: "",
    });
    expect(answer.status).toBe(1);
    expect(answer.stderr).toContain("needs the network");
  });

  it("never installs through a link", () => {
    put("package-lock.json", JSON.stringify({ packages: { "node_modules/not-there": { version: "1.0.0" } } }));
    const answer = run(["world"]);
    expect(answer.status).toBe(1);
    expect(answer.stderr).toContain("is a link");
    expect(existsSync(join(ROOT, "node_modules", "zod"))).toBe(true);
  });

  it("takes over the lock of a process that is gone", () => {
    put(".cache/setup.lock/pid", "999999999");
    expect(run(["world"]).status).toBe(0);
    expect(existsSync(join(folder, ".cache/setup.lock"))).toBe(false);
  });
});
