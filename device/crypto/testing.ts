/* Helpers of the tests of this folder. */

import type { CipherSuite } from "./face.ts";
import { opensslSuite } from "./openssl.ts";
import { smCryptoSuite } from "./sm-crypto.ts";

export const PROVIDERS: readonly (readonly [name: string, suite: CipherSuite])[] = [
  ["openssl", opensslSuite()],
  ["sm-crypto", smCryptoSuite()],
];

/** Rows of a text table: cells between bars, blank lines and the head row left out. */
export function tableRows(table: string): readonly (readonly string[])[] {
  const rows = table
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return rows.slice(1).map((line) => line.split("|").map((cell) => cell.trim()));
}
