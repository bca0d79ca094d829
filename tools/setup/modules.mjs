/*
 * Goal: node_modules holds exactly what the lock file names, and the pinned Node is there.
 * Method: `npm ci` without install scripts when the stamp does not match. A node_modules that npm itself describes as equal to the
 * lock file is adopted as it is, so that a copied or cached folder needs no network.
 */
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileKey, giveUp, keyOf, ROOT, readStamp, say, statKey, writeStamp } from "./stamp.mjs";

const NODE_MAJOR = 24;
const NPM_TIMEOUT_MS = 900_000;
const HIDDEN_LOCK = join(ROOT, "node_modules", ".package-lock.json");

function modulesKey() {
  return keyOf(fileKey(join(ROOT, "package-lock.json")), statKey(HIDDEN_LOCK), process.arch);
}

function sameAsLock() {
  if (!existsSync(HIDDEN_LOCK)) return false;
  const wanted = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")).packages ?? {};
  const present = JSON.parse(readFileSync(HIDDEN_LOCK, "utf8")).packages ?? {};
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    const have = present[path];
    if (have === undefined) return entry.optional === true || entry.devOptional === true;
    return have.version === entry.version && existsSync(join(ROOT, path));
  });
}

function npmCommand() {
  const script = process.env.npm_execpath ?? "";
  return basename(script) === "npm-cli.js" && existsSync(script) ? [process.execPath, [script]] : ["npm", []];
}

function explain(output) {
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|network/i.test(output)) {
    return "npm ci needs the network (or a filled npm cache) once, and the registry was not reached. Connect, then run the same command again.";
  }
  return "npm ci failed; its message stands above.";
}

function isLink(path) {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function install() {
  // npm ci empties node_modules first; through a link it would empty a folder that belongs to somebody else.
  if (isLink(join(ROOT, "node_modules")))
    giveUp("node_modules is a link and does not match package-lock.json; remove the link, then run the same command again");
  const began = Date.now();
  say("installing the packages of package-lock.json (npm ci); needs the network once, about a minute");
  const [program, prefix] = npmCommand();
  const args = [...prefix, "ci", "--ignore-scripts", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"];
  const outcome = spawnSync(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8", timeout: NPM_TIMEOUT_MS, maxBuffer: 64 << 20 });
  if (outcome.status !== 0) {
    const output = `${outcome.stdout ?? ""}${outcome.stderr ?? ""}`;
    process.stderr.write(output.split("\n").slice(-25).join("\n"));
    giveUp(outcome.error?.code === "ENOENT" ? "npm was not found in PATH; install npm 9 or later" : explain(output));
  }
  say(`packages installed in ${Math.round((Date.now() - began) / 1000)} s`);
}

/** Brings node_modules up to date. */
export function ensureModules() {
  if (existsSync(HIDDEN_LOCK) && readStamp("modules") === modulesKey()) return;
  if (!sameAsLock()) install();
  writeStamp("modules", modulesKey());
}

/**
 * The pinned Node: `{ path, home }`, where `home` is the folder with its headers. Its version is asked once for each binary.
 * On a platform without a pinned package a running Node of the same major version serves.
 */
export function pinnedNode() {
  const home = join(ROOT, "node_modules", `node-linux-${process.arch}`);
  const path = join(home, "bin", "node");
  if (process.platform !== "linux" || !existsSync(path)) return ownNode();
  const key = `${path} ${statKey(path)}`;
  if (readStamp("node") !== key) {
    const answer = spawnSync(path, ["-p", "process.versions.node"], { encoding: "utf8", timeout: 30_000 });
    const major = Number.parseInt(answer.stdout ?? "", 10);
    if (major !== NODE_MAJOR)
      giveUp(`the pinned Node at ${path} must be version ${NODE_MAJOR}, but it says "${(answer.stdout ?? "").trim() || answer.error?.message}"`);
    writeStamp("node", key);
  }
  return { path, home };
}

function ownNode() {
  if (Number.parseInt(process.versions.node, 10) === NODE_MAJOR) {
    return { path: process.execPath, home: join(process.execPath, "..", "..") };
  }
  return giveUp(
    `no pinned Node ${NODE_MAJOR} for ${process.platform}-${process.arch} in node_modules (only linux x64 and arm64 are packaged); ` +
      `install Node ${NODE_MAJOR} and run the command with it, or run npm ci without omit=optional`,
  );
}
