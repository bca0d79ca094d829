/*
 * Goal: the PC/SC binding and our own reader handler are built for the pinned Node, where a compiler and headers exist.
 * Method: build once per input, load-test under the pinned Node, remember both. What cannot be built is left out with one line:
 * the default run needs neither.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { ensurePackages, hasProgram } from "./debian.mjs";
import { filesBelow, keyOf, ROOT, readStamp, say, statKey, writeStamp } from "./stamp.mjs";

const BUILD_TIMEOUT_MS = 300_000;
const BUILD_PACKAGES = ["g++", "make", "python3", "pkg-config", "libpcsclite-dev"];
const PCSCLITE = join(ROOT, "node_modules", "pcsclite");
const ADDON = join(PCSCLITE, "build", "Release", "pcsclite.node");
const HANDLER_SOURCES = join(ROOT, "simulators", "reader", "ifd");
const HANDLER = join(ROOT, "build", "libyikatong-ifd.so");

function lastLines(outcome) {
  return `${outcome.stdout ?? ""}${outcome.stderr ?? ""}`.trim().split("\n").slice(-12).join("\n");
}

/** What is missing for building, or undefined. With `mayInstall` the Debian packages are installed where rights allow. */
function buildObstacle(mayInstall) {
  const lacking = () => {
    const programs = ["g++", "gcc", "make", "python3", "pkg-config"].filter((name) => !hasProgram(name));
    if (programs.length > 0) return `no ${programs.join(", ")}`;
    const headers = spawnSync("pkg-config", ["--exists", "libpcsclite"], { timeout: 30_000 });
    return headers.status === 0 ? undefined : "no libpcsclite headers";
  };
  const first = lacking();
  if (first === undefined || !mayInstall) return first;
  return ensurePackages(BUILD_PACKAGES, say) ?? lacking();
}

function loads(node) {
  const outcome = spawnSync(node.path, ["-e", "require('pcsclite')"], { cwd: ROOT, encoding: "utf8", timeout: 30_000 });
  return outcome.status === 0
    ? undefined
    : (lastLines(outcome)
        .split("\n")
        .find((line) => line.includes("Error")) ?? "it does not load");
}

function buildBinding(node) {
  say("building the PC/SC binding (pcsclite) for the pinned Node, about 10 s");
  const environment = { ...process.env };
  // A nodedir of the user's npm configuration names the headers of another Node: the addon would build and not load.
  for (const name of Object.keys(environment)) if (name.toLowerCase() === "npm_config_nodedir") delete environment[name];
  const script = join(ROOT, "node_modules", "node-gyp", "bin", "node-gyp.js");
  const args = [script, "rebuild", `--nodedir=${node.home}`];
  const outcome = spawnSync(node.path, args, { cwd: PCSCLITE, env: environment, encoding: "utf8", timeout: BUILD_TIMEOUT_MS, maxBuffer: 64 << 20 });
  if (outcome.status === 0) return undefined;
  process.stderr.write(`${lastLines(outcome)}\n`);
  return "pcsclite did not build; the compiler's message stands above";
}

function ensureBinding(node, mayInstall) {
  if (!existsSync(PCSCLITE)) return "pcsclite is not installed (optional dependency)";
  const key = () => keyOf(readFileSync(join(PCSCLITE, "package.json")), node.path, statKey(node.path), statKey(ADDON));
  const stamp = readStamp("pcsclite");
  if (stamp === key()) return undefined;
  if (stamp === `failed ${key()}` && !mayInstall) return "pcsclite did not build or load the last time; npm test tries again";
  const before = existsSync(ADDON) ? loads(node) : "not built";
  if (before !== undefined) {
    const obstacle = buildObstacle(mayInstall);
    if (obstacle !== undefined) return obstacle;
    const failed = buildBinding(node) ?? loads(node);
    if (failed !== undefined) {
      writeStamp("pcsclite", `failed ${key()}`);
      return failed;
    }
  }
  writeStamp("pcsclite", key());
  return undefined;
}

function ensureHandler(mayInstall) {
  const sources = filesBelow(HANDLER_SOURCES, (path) => path.endsWith(".c"));
  if (sources.length === 0) return undefined;
  const inputs = filesBelow(HANDLER_SOURCES, (path) => /\.[ch]$/.test(path));
  const key = () => keyOf(...inputs.map((path) => readFileSync(path)), statKey(HANDLER));
  if (existsSync(HANDLER) && readStamp("reader-handler") === key()) return undefined;
  const obstacle = buildObstacle(mayInstall);
  if (obstacle !== undefined) return obstacle;
  mkdirSync(join(ROOT, "build"), { recursive: true });
  const flags = spawnSync("pkg-config", ["--cflags", "libpcsclite"], { encoding: "utf8" }).stdout.trim().split(/\s+/).filter(Boolean);
  const draft = `${HANDLER}.${process.pid}`;
  const args = ["-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", draft, ...sources, ...flags, "-lpthread"];
  const outcome = spawnSync("gcc", args, { cwd: ROOT, encoding: "utf8", timeout: BUILD_TIMEOUT_MS });
  if (outcome.status !== 0) {
    process.stderr.write(`${lastLines(outcome)}\n`);
    return "the reader handler did not build; the compiler's message stands above";
  }
  renameSync(draft, HANDLER);
  writeStamp("reader-handler", key());
  return undefined;
}

/** Builds what can be built and says in one line what is left out. */
export function ensureNative(node, mayInstall) {
  const binding = ensureBinding(node, mayInstall);
  const handler = ensureHandler(mayInstall);
  if (binding !== undefined) say(`left out: real PC/SC readers (${binding}); simulated devices serve instead`);
  else if (handler !== undefined) say(`left out: the virtual PC/SC reader (${handler})`);
}
