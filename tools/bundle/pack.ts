/*
 * Goal: one commit gives one bundle, byte for byte, on every machine.
 * Method: files sorted, times and owners fixed, compression without a name or a time in its head. A signature draws a random number, so two
 * signings differ; whoever builds again can put in the published signature instead, which is checked like any other.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toHex, utf8 } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { PAYLOAD_FILE } from "../../provisioning/release/bundle-file.ts";
import { MANIFEST_FILE, manifestBytes, parseManifest, type ReleaseFile, type ReleaseManifest, SIGNATURE_FILE } from "../../provisioning/release/manifest.ts";
import { paddingAfter, TAR_END_BYTES, tarBlock } from "../../provisioning/release/tar-member.ts";
import { writePayload } from "./payload.ts";

const EXECUTABLE = 0o111;

export type ReleaseAbout = Pick<ReleaseManifest, "version" | "arch" | "node" | "builtMs" | "journalSchema" | "journalSchemasWritten" | "emergency">;

export interface Packing {
  /** The release's files; their order, times and owners do not matter. */
  readonly folder: string;
  readonly about: ReleaseAbout;
  /** Gives the line of `manifest.sig`. */
  readonly sign: (manifest: Uint8Array) => string;
  readonly out: string;
  readonly suite: CipherSuite;
}

export interface Packed {
  readonly path: string;
  readonly manifest: ReleaseManifest;
}

function filesBelow(folder: string, below = ""): readonly string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(folder, path);
    if (!entry.isFile()) throw new Error(`${path} is neither a file nor a folder: a release holds nothing else`);
    return [path];
  });
}

function describe(folder: string, path: string, suite: CipherSuite): ReleaseFile {
  const full = join(folder, path);
  const executable = (statSync(full).mode & EXECUTABLE) !== 0;
  chmodSync(full, executable ? 0o755 : 0o644);
  const bytes = readFileSync(full);
  return { path, mode: executable ? "755" : "644", size: bytes.length, sm3: toHex(suite.sm3(bytes)) };
}

/** The members one after the other, each with its block before it and zeros to the next. */
function writeMembers(path: string, members: readonly (readonly [name: string, content: Uint8Array])[]): void {
  const parts = members.flatMap(([name, content]) => [tarBlock({ name, size: content.length }), content, new Uint8Array(paddingAfter(content.length))]);
  writeFileSync(path, Buffer.concat([...parts, new Uint8Array(TAR_END_BYTES)]));
}

/** By code units, as the manifest wants it. */
function sorted(paths: readonly string[]): readonly string[] {
  return [...paths].sort((left, right) => (left < right ? -1 : 1));
}

/** Makes `yikatong-<version>-linux-<arch>.bundle` in the folder `out`. */
export async function packBundle({ folder, about, sign, out, suite }: Packing): Promise<Packed> {
  const work = join(out, `.packing-${about.version}-${about.arch}`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const files = sorted(filesBelow(folder)).map((path) => describe(folder, path, suite));
  const bytes = readFileSync(await writePayload(files, { folder, archive: join(work, "payload.tar"), builtMs: about.builtMs }));
  const manifest: ReleaseManifest = { v: 1, name: "yikatong", ...about, files, payload: { size: bytes.length, sm3: toHex(suite.sm3(bytes)) } };
  const text = manifestBytes(manifest);
  const parsed = parseManifest(text);
  if (!parsed.ok) throw new Error(`no terminal would take this manifest: ${parsed.problem}`);
  const path = join(out, `yikatong-${about.version}-linux-${about.arch}.bundle`);
  writeMembers(path, [
    [MANIFEST_FILE, text],
    [SIGNATURE_FILE, utf8(sign(text))],
    [PAYLOAD_FILE, bytes],
  ]);
  rmSync(work, { recursive: true, force: true });
  return { path, manifest };
}
