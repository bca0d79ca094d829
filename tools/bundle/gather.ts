/*
 * Goal: a folder that holds one release as it stands on a terminal: nothing is compiled there and nothing is fetched.
 * Method: the compiled device without simulators and tests, the packages it needs, the pinned Node of the machine, one program that starts it.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Arch } from "../../provisioning/release/manifest.ts";
import { arm64Folders } from "../arm64/launcher.ts";
import { nodePin } from "../arm64/node.ts";
import { prepareArm64 } from "../arm64/prepare.ts";
import { licenceList, readLock, shippedFiles, shippedPackages } from "./modules.ts";

const COMPILED = ["device", "provisioning"] as const;
/** Parts of tests, which no command reaches. */
const TESTS = /(?:^|\/)(?:testing|contract)\/|(?:\/testing|-for-tests|\.test)\.js$/;
const DOCUMENTS = ["field-guide.md", "releases.md", "faults.md"] as const;
const ADDON = "build/Release/pcsclite.node";

const PROGRAM = `#!/bin/sh
# Starts this release, wherever it stands and whatever is linked to it.
here=$(dirname "$(dirname "$(readlink -f "$0")")")
exec "$here/node/bin/node" "$here/dist/device/cli.js" "$@"
`;

function put(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}

function putText(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => statSync(join(folder, path)).isFile());
}

function gatherCompiled(root: string, folder: string): void {
  for (const part of COMPILED) {
    const from = join(root, "dist", part);
    if (!existsSync(from)) throw new Error(`dist/${part} is missing: start this by npm run bundle`);
    for (const path of filesBelow(from)) if (!TESTS.test(path)) put(join(from, path), join(folder, "dist", part, path));
  }
}

/** Where the pinned Node and the binding of that machine lie. Throws in one line when they cannot be had here. */
async function machineParts(root: string, arch: Arch): Promise<{ readonly node: string; readonly addon: string }> {
  if (arch === process.arch) return { node: join(root, "node_modules", `node-linux-${arch}`), addon: join(root, "node_modules/pcsclite", ADDON) };
  if (arch !== "arm64") throw new Error(`a bundle for ${arch} is made on a machine of ${arch}`);
  const obstacle = await prepareArm64(root);
  if (obstacle !== undefined) throw new Error(obstacle);
  const { node, overlay } = arm64Folders(root);
  return { node, addon: join(overlay, root, "node_modules/pcsclite", ADDON) };
}

function gatherPackages(root: string, folder: string, { arch, addon }: { readonly arch: Arch; readonly addon: string }): string {
  const packages = shippedPackages(readLock(root));
  for (const { path } of packages) {
    for (const file of shippedFiles(join(root, path), arch)) if (file !== ADDON) put(join(root, path, file), join(folder, path, file));
  }
  if (!existsSync(addon)) throw new Error("the PC/SC binding is not built: npm run bundle says why");
  put(addon, join(folder, "node_modules/pcsclite", ADDON));
  return licenceList(packages, nodePin(root).version);
}

export interface Gathering {
  readonly root: string;
  readonly folder: string;
  readonly arch: Arch;
  readonly version: string;
}

/** Makes the folder anew. */
export async function gatherRelease({ root, folder, arch, version }: Gathering): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const { node, addon } = await machineParts(root, arch);
  gatherCompiled(root, folder);
  putText(join(folder, "licences.txt"), gatherPackages(root, folder, { arch, addon }));
  put(join(node, "bin/node"), join(folder, "node/bin/node"));
  put(join(node, "LICENSE"), join(folder, "node/LICENSE"));
  put(join(root, "LICENSE"), join(folder, "LICENSE"));
  for (const name of DOCUMENTS) if (existsSync(join(root, "docs", name))) put(join(root, "docs", name), join(folder, "docs", name));
  // It tells Node what kind of modules these are.
  putText(join(folder, "package.json"), `${JSON.stringify({ name: "yikatong-terminal", version, private: true, type: "module" })}\n`);
  putText(join(folder, "bin/yikatong"), PROGRAM);
  for (const path of filesBelow(folder)) chmodSync(join(folder, path), 0o644);
  for (const path of ["bin/yikatong", "node/bin/node"]) chmodSync(join(folder, path), 0o755);
}

export function packageVersion(root: string): string {
  const about: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return typeof about === "object" && about !== null && "version" in about ? String(about.version) : "";
}
