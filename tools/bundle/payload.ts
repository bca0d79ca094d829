/*
 * Goal: the payload of a bundle is the same bytes whatever system packs it; tar programs differ in fields that nobody reads.
 * Method: the archive is written here, in the form "ustar": a block before each file, its bytes, zeros to the next. Only the compression is a
 * program's, whose output has not changed for decades; a compression library of the runtime may differ by processor.
 */
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "../../device/base/assert.ts";
import { type Bytes, utf8 } from "../../device/base/bytes.ts";
import type { ReleaseFile } from "../../provisioning/release/manifest.ts";
import { paddingAfter, TAR_BLOCK, TAR_END_BYTES } from "../../provisioning/release/tar-member.ts";
import { runProgram } from "../processes.ts";

const PACK_LIMIT_MS = 600_000;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const PREFIX_AT = 345;
const CHECKSUM_AT = 148;

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")}\0`;
}

/** A long path is cut at a slash; the part before it has a field of its own. */
function nameParts(path: string): readonly [prefix: string, name: string] {
  if (utf8(path).length <= NAME_BYTES) return ["", path];
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (utf8(name).length <= NAME_BYTES && utf8(prefix).length <= PREFIX_BYTES) return [prefix, name];
  }
  throw new Error(`${path} is too long for an archive`);
}

/** The block before a plain file that belongs to root. */
export function fileBlock({ path, mode, size }: Pick<ReleaseFile, "path" | "mode" | "size">, builtMs: number): Bytes {
  assert(size < 8 ** 11, "a file of a release is small");
  const [prefix, name] = nameParts(path);
  const block = new Uint8Array(TAR_BLOCK);
  const fields: readonly (readonly [at: number, text: string])[] = [
    [0, name],
    [100, `0000${mode}\0`],
    [108, octal(0, 7)],
    [116, octal(0, 7)],
    [124, octal(size, 11)],
    [136, octal(Math.floor(builtMs / 1000), 11)],
    [CHECKSUM_AT, "        "],
    [156, "0"],
    [257, "ustar\x00"],
    [263, "00"],
    [329, octal(0, 7)],
    [337, octal(0, 7)],
    [PREFIX_AT, prefix],
  ];
  for (const [at, text] of fields) block.set(utf8(text), at);
  // Counted with blanks in its own place.
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(utf8(`${octal(sum, 6)} `), CHECKSUM_AT);
  return block;
}

interface PayloadPlace {
  readonly folder: string;
  /** Where the archive is written; the payload appears beside it with `.gz` behind its name. */
  readonly archive: string;
  readonly builtMs: number;
}

/** Writes the files, in this order. Gives the path of the payload. */
export async function writePayload(files: readonly ReleaseFile[], { folder, archive, builtMs }: PayloadPlace): Promise<string> {
  const out = openSync(archive, "w");
  try {
    for (const file of files) {
      writeFileSync(out, fileBlock(file, builtMs));
      writeFileSync(out, readFileSync(join(folder, file.path)));
      writeFileSync(out, new Uint8Array(paddingAfter(file.size)));
    }
    writeFileSync(out, new Uint8Array(TAR_END_BYTES));
  } finally {
    closeSync(out);
  }
  const ended = await runProgram("gzip", ["-n", "-6", "-f", archive], { limitMs: PACK_LIMIT_MS, environment: { LC_ALL: "C", GZIP: "" } });
  if (ended.code !== 0) throw new Error(`gzip: ${ended.stderr.trim()}`);
  return `${archive}.gz`;
}
