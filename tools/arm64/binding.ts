/*
 * Goal: the PC/SC binding for arm64, at the path where the emulated process looks for it.
 * Method: its sources are copied, so that the build of this machine stays; the cross compiler builds them against the headers of the arm64
 * Node and Debian's arm64 library; the result goes into the overlay. The other two addons bring an arm64 build in their npm packages.
 */
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { runProgram } from "../processes.ts";
import type { Arm64Folders } from "./launcher.ts";

const TRIPLE = "aarch64-linux-gnu";
const ADDON = join("build", "Release", "pcsclite.node");
const LIMIT_MS = 300_000;

function compilerSettings(overlay: string): Readonly<Record<string, string>> {
  return {
    CC: `${TRIPLE}-gcc`,
    CXX: `${TRIPLE}-g++`,
    AR: `${TRIPLE}-ar`,
    LINK: `${TRIPLE}-g++`,
    CXXFLAGS: `-I${join(overlay, "usr", "include", "PCSC")}`,
    LDFLAGS: `-L${join(overlay, "usr", "lib", TRIPLE)}`,
  };
}

/** Builds the binding. Throws with the compiler's last lines when it does not build: that is a failure, nothing that is merely missing. */
export async function buildBinding(root: string, folders: Arm64Folders): Promise<void> {
  const original = realpathSync(join(root, "node_modules", "pcsclite"));
  const copy = join(folders.work, "pcsclite");
  rmSync(copy, { recursive: true, force: true });
  cpSync(original, copy, { recursive: true, filter: (path) => basename(path) !== "build" });
  const script = join(root, "node_modules", "node-gyp", "bin", "node-gyp.js");
  // A nodedir of the user's npm configuration would name the headers of another Node; it is stronger than the option.
  const args = ["-u", "npm_config_nodedir", process.execPath, script, "rebuild", "--arch=arm64", `--nodedir=${folders.node}`, `--directory=${copy}`];
  const ended = await runProgram("env", args, { limitMs: LIMIT_MS, environment: compilerSettings(folders.overlay) });
  if (ended.code !== 0 || !existsSync(join(copy, ADDON))) {
    throw new Error(`pcsclite does not build for arm64\n${`${ended.stdout}\n${ended.stderr}`.trim().split("\n").slice(-15).join("\n")}`);
  }
  const target = join(folders.overlay, original, "build", "Release");
  mkdirSync(target, { recursive: true });
  cpSync(join(copy, ADDON), join(folders.overlay, original, ADDON));
}
