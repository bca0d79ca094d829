/*
 * Goal: a set-up step that has nothing to do costs a few milliseconds.
 * Method: each step leaves a stamp with the key of what it was made from; an equal key means that nothing is to be done.
 */
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const CACHE = join(ROOT, ".cache");

const LOCK_WAIT_STEP_MS = 200;
const LOCK_WAIT_MAX_MS = 900_000;

/** Progress and remarks go to standard error: standard output belongs to the command. */
export function say(line) {
  process.stderr.write(`[set-up] ${line}\n`);
}

/** Ends with one clear line. */
export function giveUp(line) {
  process.stderr.write(`[set-up] ${line}\n`);
  process.exit(1);
}

/** SHA-256 of several texts or buffers, as short hexadecimal. */
export function keyOf(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 32);
}

/** Content key of a file, or "absent". */
export function fileKey(path) {
  return existsSync(path) ? keyOf(readFileSync(path)) : "absent";
}

/** Key of a file by size and time, for files too large to read at every start. */
export function statKey(path) {
  if (!existsSync(path)) return "absent";
  const about = statSync(path);
  return `${about.size}:${about.mtimeMs}`;
}

/** All files below a folder that the filter accepts, sorted. */
export function filesBelow(folder, accept) {
  if (!existsSync(folder)) return [];
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== "node_modules") found.push(...filesBelow(path, accept));
    else if (entry.isFile() && accept(path)) found.push(path);
  }
  return found.sort();
}

export function readStamp(name) {
  const path = join(CACHE, `${name}.stamp`);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

export function writeStamp(name, key) {
  mkdirSync(CACHE, { recursive: true });
  const path = join(CACHE, `${name}.stamp`);
  writeFileSync(`${path}.${process.pid}`, key);
  renameSync(`${path}.${process.pid}`, path);
}

function ownerAlive(lock) {
  try {
    process.kill(Number(readFileSync(join(lock, "pid"), "utf8")), 0);
    return true;
  } catch (error) {
    // No pid file yet means that the owner has just made the folder; a process of somebody else answers EPERM and lives.
    if (error.code === "EPERM") return true;
    return error.code === "ENOENT" && existsSync(lock) && Date.now() - statSync(lock).mtimeMs < 10_000;
  }
}

function takeLock(lock) {
  try {
    mkdirSync(lock);
    writeFileSync(join(lock, "pid"), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  }
}

/** True when the folder cannot be written by this user: nothing can be brought up to date, but what is up to date can run. */
function readOnly() {
  try {
    mkdirSync(CACHE, { recursive: true });
    accessSync(CACHE, constants.W_OK);
    return false;
  } catch (error) {
    if (!["EACCES", "EROFS", "EPERM"].includes(error.code)) throw error;
    return true;
  }
}

/** Runs the work while no other set-up of this folder runs. The lock of a process that is gone is taken over. */
export async function underLock(work) {
  if (readOnly()) return work();
  const lock = join(CACHE, "setup.lock");
  let waitedMs = 0;
  while (!takeLock(lock)) {
    if (!ownerAlive(lock)) rmSync(lock, { recursive: true, force: true });
    else {
      if (waitedMs === 0) say("waiting for another set-up of this folder");
      if (waitedMs >= LOCK_WAIT_MAX_MS) giveUp(`another set-up holds ${lock} for too long; remove it if that process hangs`);
      await new Promise((resolve) => setTimeout(resolve, LOCK_WAIT_STEP_MS));
      waitedMs += LOCK_WAIT_STEP_MS;
    }
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  // A step that gives up ends the process; the lock must not outlive it.
  process.once("exit", release);
  try {
    return await work();
  } finally {
    release();
    process.removeListener("exit", release);
  }
}
