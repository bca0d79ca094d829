/*
 * Goal: the bundle for arm64 is whole before it meets its first board: every file, the Node and the native parts of that machine.
 * Method: made as `npm run bundle` makes it, staged as a terminal stages it, and started under the emulator for its self-test.
 */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemProcesses } from "../../device/system/processes.ts";
import { openBundle } from "../../provisioning/release/bundle-file.ts";
import { machineFiles } from "../../provisioning/release/files.ts";
import { signatureLine } from "../../provisioning/release/signed.ts";
import { stage } from "../../provisioning/release/stage.ts";
import { arm64Folders } from "../arm64/launcher.ts";
import { prepareArm64 } from "../arm64/prepare.ts";
import { runProgram } from "../processes.ts";
import { gatherRelease } from "./gather.ts";
import { packBundle } from "./pack.ts";
import { TEST_KEY_NAME, testReleaseKey } from "./test-key.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const EMULATED = fileURLToPath(new URL("../arm64/emulated.mjs", import.meta.url));
const VERSION = "0.0.1";
const LIMIT_MS = 240_000;
const suite = openCipherSuite();
const key = testReleaseKey(suite);

let folder = "";
let bundle = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ykt-arm64-bundle-"));
  expect(await prepareArm64(ROOT)).toBeUndefined();
  await gatherRelease({ root: ROOT, folder: join(folder, "gathered"), arch: "arm64", version: VERSION });
  const about = { version: VERSION, arch: "arm64", node: "24.21.0", builtMs: 0, journalSchema: 2, journalSchemasWritten: [0, 1, 2], emergency: false } as const;
  const sign = (bytes: Uint8Array) => signatureLine(bytes, { name: TEST_KEY_NAME, key }, suite);
  bundle = (await packBundle({ folder: join(folder, "gathered"), about, sign, out: folder, suite })).path;
  rmSync(join(folder, "gathered"), { recursive: true });
}, LIMIT_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The bundle's own Node under the emulator, as tools/arm64/launcher.ts starts the tests' one. */
function launcher(release: string): string {
  const path = join(folder, "node-arm64");
  const emulator = ["/usr/bin/qemu-aarch64-static", "/usr/bin/qemu-aarch64"].find((one) => existsSync(one)) ?? "qemu-aarch64-static";
  const start = `exec ${emulator} -L '${arm64Folders(ROOT).overlay}' '${release}/node/bin/node' --import '${EMULATED}' "$@"`;
  writeFileSync(path, `#!/bin/sh\nexport YIKATONG_ARM64_LAUNCHER='${path}' YIKATONG_ARM64_SLOWER=6\n${start}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe("the bundle for arm64", () => {
  it("is staged whole, starts under emulation and passes its self-test", async () => {
    const files = machineFiles();
    const opened = await openBundle(bundle, { files, keys: [{ name: TEST_KEY_NAME, key: key.publicKey }], suite });
    if (!opened.ok) throw new Error(opened.text);
    const parts = { files, processes: systemProcesses(), releases: join(folder, "releases"), signal: new AbortController().signal };
    expect(await stage(opened.bundle, parts)).toEqual({ ok: true });
    const release = join(folder, "releases", VERSION);
    const ended = await runProgram(launcher(release), [join(release, "dist/device/cli.js"), "self-test", "--json"], { limitMs: LIMIT_MS });
    const said: unknown = ended.stdout === "" ? ended.stderr : JSON.parse(ended.stdout);
    expect(said).toMatchObject({ passed: true, arch: "arm64" });
    expect(ended.code).toBe(0);
  });

  it("names nowhere the folder in which it was made", async () => {
    const naming = await runProgram("grep", ["-rlF", ROOT, join(folder, "releases")], { limitMs: LIMIT_MS });
    expect([naming.code, naming.stdout]).toEqual([1, ""]);
  });

  it("holds the native parts of that machine, and of no other", async () => {
    const listed = await runProgram(
      "sh",
      ["-c", 'find "$1" -name "*.node" -o -path "*/bin/node" -type f | xargs -n 1 od -An -tx1 -j18 -N2 | sort | uniq -c', "sh", join(folder, "releases")],
      {
        limitMs: LIMIT_MS,
      },
    );
    // ELF names the machine in two bytes: b7 00 is arm64.
    expect(listed.stdout.trim()).toMatch(/^\d+ +b7 00$/);
  });
});
