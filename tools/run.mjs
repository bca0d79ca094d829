/*
 * Goal: one entry for every npm script, on any machine with Node >= 18 and npm >= 9, with nothing installed before.
 * Method: bring packages, pinned Node, native parts and compiled sources up to date (each step is quick when nothing is to be done),
 * then start the pinned Node by its path and hand over arguments, signals and the exit code.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { ensureCompiled } from "./setup/compile.mjs";
import { ensureModules, pinnedNode } from "./setup/modules.mjs";
import { ensureNative } from "./setup/native.mjs";
import { giveUp, ROOT, underLock } from "./setup/stamp.mjs";

const SIM = "dist/simulators/cli.js";
const VITEST = "node_modules/vitest/vitest.mjs";

/**
 * `run`: script and leading arguments. `compiled`: needs dist/. `native`: needs the PC/SC parts: "use" takes what is there or can be
 * built, "install" may install Debian packages for it.
 */
const COMMANDS = {
  start: {
    run: [SIM, "demo"],
    compiled: true,
    native: "use",
    about: "demonstration on simulated devices: sales, an offline stretch, a torn card, equal totals",
  },
  world: { run: [SIM, "world"], compiled: true, about: "seeded fault simulation (--seeds N --taps M --json)" },
  sim: { run: [SIM, "sim"], compiled: true, native: "use", about: "the simulators by themselves" },
  conformance: { run: [SIM, "conformance"], compiled: true, about: "conformance cases with clause and outcome (--json)" },
  bench: { run: ["dist/tools/bench/main.js"], compiled: true, native: "use", about: "benchmark rows (--json, --only NAME)" },
  yikatong: { run: ["dist/device/cli.js"], compiled: true, native: "use", about: "the device's command" },
  "yikatong-sim": { run: [SIM], compiled: true, native: "use", about: "the simulators' command" },
  test: { run: ["tools/run-lanes.ts", "--level", "test"], compiled: true, native: "install", about: "checks, unit tests and real-path lanes" },
  ci: { run: ["tools/run-lanes.ts", "--level", "ci"], compiled: true, native: "install", about: "the lanes that only the CI entry runs" },
  "hw-test": { run: ["tools/hw-test.ts"], native: "use", about: "the ports' suites on the real devices of a desk (HW=1, --bench FILE)" },
  soak: { run: ["tools/soak.ts"], compiled: true, native: "use", about: "the full size of a long run: soak -- NAME" },
  seed: {
    run: ["provisioning/install/seed/main.ts"],
    about: "writes or checks the first-start files of one machine (--order FILE --out FOLDER | --check FOLDER)",
  },
  check: { run: ["tools/run-lanes.ts", "--only", "checks"], about: "formatter, types, linters, architecture, dead code" },
  unit: { run: [VITEST, "run"], about: "unit tests (names of files may follow)" },
  lane: { run: [VITEST, "run", "--config", "vitest.lane.config.ts"], compiled: true, native: "use", about: "real-path tests (names of files may follow)" },
  lint: { run: ["tools/run-lanes.ts", "--only", "checks", "--steps", "biome,oxlint"], about: "formatter and linters" },
  format: { run: ["node_modules/@biomejs/biome/bin/biome", "check", "--write"], about: "write the house format" },
  bundle: { run: ["tools/bundle/main.ts"], compiled: true, native: "use", about: "a signed release bundle (--arch x64|arm64 --key FILE)" },
  "downgrade-permit": { run: ["tools/bundle/permit.ts"], about: "leave to go back to an older release (--key --to --terminal --until --out)" },
  "release-key": { run: ["tools/bundle/release-key.ts"], about: "a key that signs releases (--name NAME --out FILE, or --test)" },
  metrics: { run: ["tools/metrics.ts"], about: "sizes and densities of the sources" },
  mutation: { run: ["tools/mutation.mjs"], about: "mutation score of machines, codecs, keys and batches, in parts (--part NAME)" },
};

function usage() {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, command]) => `  ${name.padEnd(width)}  ${command.about}`);
  return `usage: node tools/run.mjs COMMAND [arguments]\n\n${lines.join("\n")}\n`;
}

async function setUp(command) {
  return underLock(() => {
    ensureModules();
    const node = pinnedNode();
    if (command.native !== undefined) ensureNative(node, command.native === "install");
    if (command.compiled === true) ensureCompiled(node);
    return node;
  });
}

function handOver(node, args) {
  const path = `${dirname(node.path)}${delimiter}${process.env.PATH ?? ""}`;
  const child = spawn(node.path, args, { cwd: ROOT, stdio: "inherit", env: { ...process.env, PATH: path } });
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) {
    process.on(signal, () => {
      // A terminal sends its interrupt to the whole group: the child has it already.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => giveUp(`cannot start ${node.path}: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

const [name, ...rest] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name] : undefined;
if (command === undefined) {
  process.stderr.write(usage());
  process.exit(name === undefined || name === "--help" ? 0 : 2);
}
const node = await setUp(command).catch((error) => {
  if (!["EACCES", "EROFS", "EPERM", "ENOSPC"].includes(error.code)) throw error;
  return giveUp(`the set-up cannot write to ${error.path ?? ROOT} (${error.code}); run it once as the owner of this folder`);
});
if (!existsSync(join(ROOT, command.run[0]))) giveUp(`${command.run[0]} is missing: this checkout is incomplete`);
handOver(node, [...command.run, ...rest]);
