/*
 * Goal: `dist/` is the compiled form of the sources as they are now.
 * Method: the key is name, size and time of every source; the compiler runs only when it changed. Compiled files whose source is gone
 * are removed, so that nothing stale can be started.
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileKey, filesBelow, giveUp, keyOf, ROOT, readStamp, say, statKey, writeStamp } from "./stamp.mjs";

const COMPILE_TIMEOUT_MS = 300_000;
const FOLDERS = ["device", "provisioning", "simulators", "tools"];
const DIST = join(ROOT, "dist");

function sourcesKey() {
  const sources = FOLDERS.flatMap((folder) => filesBelow(join(ROOT, folder), (path) => path.endsWith(".ts") && !path.endsWith(".test.ts")));
  const settings = ["tsconfig.json", "tsconfig.build.json"].map((name) => fileKey(join(ROOT, name)));
  return keyOf(...settings, statKey(join(ROOT, "node_modules", "typescript", "package.json")), ...sources.map((path) => `${path} ${statKey(path)}`));
}

function removeOrphans() {
  for (const path of filesBelow(DIST, (file) => file.endsWith(".js"))) {
    const source = join(ROOT, relative(DIST, path)).replace(/\.js$/, ".ts");
    if (!existsSync(source)) rmSync(path);
  }
}

/** Compiles the sources when they changed; ends the process when they do not compile. */
export function ensureCompiled(node) {
  const key = sourcesKey();
  if (existsSync(DIST) && readStamp("dist") === key) return;
  const began = Date.now();
  say("compiling the sources to dist/");
  // An incremental record without its output would make the compiler write nothing.
  if (!existsSync(DIST)) rmSync(join(ROOT, ".cache", "build.tsbuildinfo"), { force: true });
  const args = [join(ROOT, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"];
  const outcome = spawnSync(node.path, args, { cwd: ROOT, encoding: "utf8", timeout: COMPILE_TIMEOUT_MS, maxBuffer: 64 << 20 });
  if (outcome.status !== 0) {
    process.stderr.write(`${(outcome.stdout ?? "").split("\n").slice(0, 40).join("\n")}\n`);
    giveUp("the sources do not compile; the compiler's message stands above");
  }
  removeOrphans();
  writeStamp("dist", key);
  say(`compiled in ${((Date.now() - began) / 1000).toFixed(1)} s`);
}
