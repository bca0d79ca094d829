/* Private keys that sign releases: one line `name = 64 hexadecimal digits` in a file that nobody else may read. */
import { parseHex, toHex } from "../../device/base/bytes.ts";
import type { CipherSuite, Sm2PrivateKey } from "../../device/crypto/face.ts";

const LINE = /^([A-Za-z0-9._-]{1,64}) = ([0-9a-f]{64})\n?$/;

export interface SigningKey {
  readonly name: string;
  readonly key: Sm2PrivateKey;
}

/** Undefined when the text is no such line. */
export function parseSigningKey(text: string, suite: CipherSuite): SigningKey | undefined {
  const [, name, digits] = LINE.exec(text) ?? [];
  const scalar = digits === undefined ? undefined : parseHex(digits);
  return name === undefined || scalar === undefined ? undefined : { name, key: suite.sm2PrivateKey(scalar) };
}

export function signingKeyText(name: string, scalar: Uint8Array): string {
  return `${name} = ${toHex(scalar)}\n`;
}

/** The line that a terminal's `/etc/yikatong/release-keys` needs. */
export function publicKeyLine({ name, key }: SigningKey): string {
  return `${name} = ${toHex(key.publicKey.point)}`;
}
