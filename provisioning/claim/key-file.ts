/* The terminal's key file as the claim writes it, and the lines of it that are kept when a terminal is claimed again. */
import type { Bytes } from "../../device/base/bytes.ts";
import { utf8 } from "../../device/base/bytes.ts";

export const KEY_FILE = "terminal.keys";
const LINE = /^\s*([a-z-]+)\s*=\s*([0-9a-fA-F]+)\s*$/;

export interface KeyFileLines {
  readonly signingScalar: string;
  readonly hostPublicKey: string;
  readonly dataKey: string;
  readonly storageKey: string;
}

export function formatKeyFile({ signingScalar, hostPublicKey, dataKey, storageKey }: KeyFileLines): Bytes {
  const lines = [`signing-scalar = ${signingScalar}`, `host-public-key = ${hostPublicKey}`, `data-key = ${dataKey}`, `storage-key = ${storageKey}`];
  return utf8(`${lines.join("\n")}\n`);
}

/** The digits behind a name; undefined where no line has it. */
export function keyLine(contents: Bytes, name: string): string | undefined {
  for (const line of new TextDecoder().decode(contents).split("\n")) {
    const [, found, digits] = LINE.exec(line) ?? [];
    if (found === name) return digits?.toLowerCase();
  }
  return undefined;
}
