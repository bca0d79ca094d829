/*
 * Goal: build/arm64 holds all that a run under emulation needs, in a fresh clone as in an old one.
 * Method: three steps, each from the network or the compiler once; a stamp beside them says what they were made from. A step that failed
 * leaves no stamp.
 */
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../processes.ts";
import { buildBinding } from "./binding.ts";
import { debianSuite, fetchLibraries, LIBRARIES } from "./debian.ts";
import { type Arm64Folders, arm64Folders, writeLauncher } from "./launcher.ts";
import { fetchNode, nodePin, pinOf } from "./node.ts";

const START_LIMIT_MS = 60_000;

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Whatever changes what is to be prepared. The overlay holds paths of this folder, so a moved folder is prepared again. */
function keyOf(root: string): string {
  const binding = join(root, "node_modules", "pcsclite");
  const suite = debianSuite(read("/etc/os-release"));
  return JSON.stringify([1, nodePin(root), suite, LIBRARIES, pinOf(read(join(root, "package-lock.json")), "pcsclite"), realpathSync(binding)]);
}

async function make(root: string, folders: Arm64Folders): Promise<string | undefined> {
  rmSync(folders.work, { recursive: true, force: true });
  mkdirSync(folders.work, { recursive: true });
  const missing = (await fetchLibraries(folders.work, folders.overlay)) ?? (await fetchNode(nodePin(root), folders.work, folders.node));
  if (missing !== undefined) return missing;
  await buildBinding(root, folders);
  return undefined;
}

async function starts(folders: Arm64Folders): Promise<string | undefined> {
  const ended = await runProgram(folders.launcher, ["-p", "process.arch"], { limitMs: START_LIMIT_MS });
  return ended.stdout.trim() === "arm64" ? undefined : `the arm64 Node does not start under emulation: ${ended.stderr.split("\n")[0]}`;
}

/** Makes everything present. Says in one line why nothing can run here, or undefined; throws when something is broken. */
export async function prepareArm64(root: string): Promise<string | undefined> {
  if (process.arch !== "x64") return `this lane emulates arm64 on x64, and this machine is ${process.arch}; its other lanes run natively`;
  if (!existsSync(join(root, "node_modules", "pcsclite"))) return "pcsclite is not installed (optional dependency)";
  const folders = arm64Folders(root);
  const stamp = join(folders.work, "stamp");
  const key = keyOf(root);
  if (read(stamp) !== key) {
    const missing = await make(root, folders);
    if (missing !== undefined) return missing;
  }
  const obstacle = writeLauncher(folders) ?? (await starts(folders));
  if (obstacle === undefined) writeFileSync(stamp, key);
  return obstacle;
}
