/*
 * Goal: the arrows bite. Method: plant forbidden imports in a small tree of the same layout and expect each rule's name.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { overlooked } from "./check-architecture.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** File, what it imports, and the rule that must object; undefined where the import is right. */
const PLANTED: readonly (readonly [file: string, imported: string, rule: string | undefined])[] = [
  ["device/base/a.ts", "../codec/leaf.ts", "base-imports-nothing"],
  ["device/codec/a.ts", "../crypto/leaf.ts", "codec-is-pure"],
  ["device/codec/b.ts", "node:fs", "codec-touches-no-machine"],
  ["device/crypto/a.ts", "../card/leaf.ts", "crypto-stands-on-base"],
  ["device/card/a.ts", "../drivers/pcsc/leaf.ts", "card-knows-only-ports"],
  ["device/card/b.ts", "../drivers/ports.ts", undefined],
  ["device/txn/a.ts", "../drivers/pcsc/leaf.ts", "txn-knows-no-driver"],
  ["device/txn/b.ts", "../sync/leaf.ts", "txn-knows-no-sync"],
  ["device/txn/c.ts", "../drivers/ports.ts", undefined],
  ["device/gate/a.ts", "../sync/leaf.ts", "places-know-no-door"],
  ["device/gate/b.ts", "../drivers/pcsc/leaf.ts", "only-main-joins-adapters"],
  ["device/gate/c.ts", "../txn/leaf.ts", undefined],
  ["device/shop/a.ts", "../sync/leaf.ts", "places-know-no-door"],
  ["device/permission.ts", "./sync/leaf.ts", "places-know-no-door"],
  ["device/sync/a.ts", "../txn/leaf.ts", "sync-sees-hosts-and-records"],
  ["device/sync/b.ts", "../txn/hosts.ts", undefined],
  ["device/sync/c.ts", "mqtt", "only-one-door-to-mqtt"],
  ["device/drivers/pcsc/a.ts", "../../txn/leaf.ts", "driver-knows-no-business"],
  ["device/drivers/pcsc/b.ts", "../serial/leaf.ts", "drivers-are-strangers"],
  ["device/drivers/pcsc/c.ts", "pcsclite", undefined],
  ["device/drivers/serial/a.ts", "pcsclite", "only-one-door-to-native"],
  ["device/terminal.ts", "./drivers/pcsc/leaf.ts", "only-main-joins-adapters"],
  ["device/main.ts", "./drivers/pcsc/leaf.ts", undefined],
  ["device/txn/h.ts", "./journal/sqlite/leaf.ts", "only-main-joins-adapters"],
  ["device/txn/journal/sqlite/a.ts", "../../../system/leaf.ts", undefined],
  ["device/system/a.ts", "../txn/leaf.ts", "system-adapts-base-ports"],
  ["device/health/a.ts", "../../simulators/card/leaf.ts", "device-knows-no-simulator"],
  ["simulators/card/a.ts", "../../device/card/leaf.ts", "simulator-judges-alone"],
  ["simulators/world/a.ts", "../../device/card/leaf.ts", undefined],
  ["device/txn/d.ts", "sm-crypto", "only-one-door-to-sm-crypto"],
  ["device/txn/e.ts", "lowdb", "only-one-door-to-lowdb"],
  ["device/txn/f.ts", "node:sqlite", "only-one-door-to-sqlite"],
  ["device/txn/i.ts", "pino", "only-one-door-to-pino"],
  ["device/txn/g.ts", "node:crypto", "only-one-door-to-crypto"],
  ["device/api/a.ts", "fastify", "only-one-door-to-fastify"],
  ["device/api/http/a.ts", "fastify", undefined],
  ["device/api/http/b.ts", "node:http", "only-adapters-touch-the-machine"],
  ["device/api/http/server.ts", "node:http", undefined],
  ["device/api/client/a.ts", "../../base/leaf.ts", "client-stands-alone"],
  ["device/card/c.ts", "node:net", "only-adapters-touch-the-machine"],
  ["device/card/d.ts", "fast-check", "no-dev-dependency-in-product"],
  ["device/card/e.ts", "./nowhere.ts", "no-unresolved"],
  ["device/card/cycle-a.ts", "./cycle-b.ts", "no-cycle"],
];

const TARGETS = ["base", "codec", "crypto", "card", "txn", "sync", "system", "drivers/pcsc", "drivers/serial", "txn/journal/sqlite"].map(
  (folder) => `device/${folder}/leaf.ts`,
);
const ALL_TARGETS = [...TARGETS, "device/drivers/ports.ts", "device/txn/hosts.ts", "simulators/card/leaf.ts", "device/health/alone.ts"];

const answerShape = z.object({ summary: z.object({ violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })) }) });

let folder = "";
let violations: z.infer<typeof answerShape>["summary"]["violations"] = [];

function write(path: string, text: string): void {
  mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "arrows-"));
  for (const name of [".dependency-cruiser.cjs", "tsconfig.json", "package.json"]) cpSync(join(ROOT, name), join(folder, name));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const path of ALL_TARGETS) write(path, "export const leaf = 1;\n");
  write("device/card/cycle-b.ts", 'import * as it from "./cycle-a.ts";\nexport const here = it;\n');
  for (const [file, imported] of PLANTED) write(file, `import * as it from "${imported}";\nexport const here = it;\n`);
  const script = join(ROOT, "node_modules", "dependency-cruiser", "bin", "dependency-cruiser.mjs");
  const args = [script, "--config", ".dependency-cruiser.cjs", "--output-type", "json", "device", "simulators"];
  let output = "";
  try {
    output = execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8", timeout: 60_000, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    // Violations make the checker end with a code; its answer is on standard output all the same.
    output = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
  }
  violations = answerShape.parse(JSON.parse(output)).summary.violations;
}, 90_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("forbidden imports", () => {
  it.each(PLANTED.filter(([, , rule]) => rule !== undefined))("%s importing %s breaks %s", (file, _, rule) =>
    expect(violations.filter((one) => one.from === file).map((one) => one.rule.name)).toContain(rule),
  );
  it.each(PLANTED.filter(([, , rule]) => rule === undefined))("%s may import %s", (file) => expect(violations.filter((one) => one.from === file)).toEqual([]));
  it("a module that nobody needs is reported", () =>
    expect(violations.map((one) => `${one.rule.name} ${one.from}`)).toContain("no-orphan device/health/alone.ts"));
});

describe("overlooked", () => {
  it("names files that the checker did not read", () => expect(overlooked(["a.ts", "b.ts"], ["a.ts"])).toEqual(["b.ts"]));
  it("is content when all were read", () => expect(overlooked(["a.ts"], ["a.ts", "x.ts"])).toEqual([]));
});
