/*
 * The bank's cryptography beside a terminal: wrapped working keys, check values, MACs of messages, PIN blocks. Keys are plain bytes here: they are
 * test keys of a simulator, never real ones. Spec: UnionPay terminal, keys and MAC; ANSI X9.8; ANSI X9.19.
 */
import { type Bytes, concat, equalBytes, fromHex, toHex, utf8, xorBytes } from "../../../device/base/bytes.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { blockBytes, cbcLastBlock, encryptBlocks, type KeyAlgorithm, zeroExtend } from "../../crypto/blocks.ts";

/** How working keys lie in field 62 and how long they are. "sm4": as the terms of the contract say, because no paper does. */
export type KeyLayout = "des-24" | "tdes-40" | "tdes-track-60" | "triple-19-57" | "sm4";

/** "sm4": the steps of "ecb" with the blocks of SM4. */
export type MacForm = "ecb" | "x9.19" | "sm4";

/** How this bank gives out SM4 keys. */
export interface Sm4Terms {
  /** 60.3 that asks for them. */
  readonly network: string;
  readonly order: readonly (keyof SessionKeys)[];
  readonly checkBytes: number;
  /** Zeros between each key and its check value. */
  readonly fill: number;
}

export const DEFAULT_SM4_TERMS: Sm4Terms = { network: "005", order: ["pin", "mac"], checkBytes: 8, fill: 0 };

/** Working keys of one sign-in, in the clear. */
export interface SessionKeys {
  readonly pin: Bytes;
  readonly mac: Bytes;
  readonly track: Bytes | undefined;
}

/** Lengths in bytes; `fill` are zeros behind the key, in front of its check value. */
interface KeySlot {
  readonly which: keyof SessionKeys;
  readonly keyBytes: number;
  readonly fill: number;
  readonly checkBytes: number;
}

const LAYOUTS: Readonly<Record<Exclude<KeyLayout, "sm4">, readonly KeySlot[]>> = {
  "des-24": [
    { which: "pin", keyBytes: 8, fill: 0, checkBytes: 4 },
    { which: "mac", keyBytes: 8, fill: 0, checkBytes: 4 },
  ],
  "tdes-40": [
    { which: "pin", keyBytes: 16, fill: 0, checkBytes: 4 },
    { which: "mac", keyBytes: 8, fill: 8, checkBytes: 4 },
  ],
  "tdes-track-60": [
    { which: "pin", keyBytes: 16, fill: 0, checkBytes: 4 },
    { which: "mac", keyBytes: 8, fill: 8, checkBytes: 4 },
    { which: "track", keyBytes: 16, fill: 0, checkBytes: 4 },
  ],
  "triple-19-57": [
    { which: "pin", keyBytes: 16, fill: 0, checkBytes: 3 },
    { which: "mac", keyBytes: 16, fill: 0, checkBytes: 3 },
    { which: "track", keyBytes: 16, fill: 0, checkBytes: 3 },
  ],
};

const BLOCK = 8;

function slotsOf(layout: KeyLayout, { order, checkBytes, fill }: Sm4Terms): readonly KeySlot[] {
  return layout === "sm4" ? order.map((which) => ({ which, keyBytes: 16, fill, checkBytes })) : LAYOUTS[layout];
}

/** The cipher of the keys of a layout. */
export function cipherOf(layout: KeyLayout): KeyAlgorithm {
  return layout === "sm4" ? "sm4" : "3des";
}

/** DES where the key has 8 bytes, triple DES where it has 16. */
function encipher(suite: CipherSuite, key: Bytes, blocks: Bytes): Bytes {
  return encryptBlocks(suite, "3des", key, blocks);
}

function decipher(suite: CipherSuite, algorithm: KeyAlgorithm, key: Bytes, blocks: Bytes): Bytes {
  const handle = suite.secretKey(key.length === BLOCK ? concat(key, key) : key);
  return algorithm === "sm4" ? suite.sm4Decrypt(handle, blocks) : suite.tdesDecrypt(handle, blocks);
}

export function drawSessionKeys(layout: KeyLayout, draw: (length: number) => Bytes, sm4: Sm4Terms = DEFAULT_SM4_TERMS): SessionKeys {
  const drawn = (which: keyof SessionKeys) => {
    const slot = slotsOf(layout, sm4).find((each) => each.which === which);
    return slot === undefined ? undefined : draw(slot.keyBytes);
  };
  return { pin: drawn("pin") ?? draw(BLOCK), mac: drawn("mac") ?? draw(BLOCK), track: drawn("track") };
}

export interface Wrapping {
  readonly master: Bytes;
  readonly layout: KeyLayout;
  readonly front: Bytes;
  readonly sm4?: Sm4Terms | undefined;
}

/** Field 62 of a sign-in's answer: `front` before the keys, where a region puts bytes there. */
export function wrappedKeys(suite: CipherSuite, { master, layout, front, sm4 = DEFAULT_SM4_TERMS }: Wrapping, keys: SessionKeys): Bytes {
  const algorithm = cipherOf(layout);
  const parts = slotsOf(layout, sm4).flatMap(({ which, fill, checkBytes }) => {
    const key = keys[which] ?? new Uint8Array(0);
    const check = encryptBlocks(suite, algorithm, key, new Uint8Array(blockBytes(algorithm))).slice(0, checkBytes);
    return [encryptBlocks(suite, algorithm, master, key), new Uint8Array(fill), check];
  });
  return concat(front, ...parts);
}

function upperHex(bytes: Bytes): Bytes {
  return utf8(toHex(bytes).toUpperCase());
}

/** All blocks joined, written as text, enciphered half by half; the text of the result begins with the MAC. */
function dialectMac(suite: CipherSuite, algorithm: KeyAlgorithm, input: { readonly key: Bytes; readonly data: Bytes }): Bytes {
  const { key, data } = input;
  const block = blockBytes(algorithm);
  let joined: Bytes = new Uint8Array(block);
  for (let at = 0; at < data.length; at += block) joined = xorBytes(joined, data.slice(at, at + block));
  const text = upperHex(joined);
  const half = encryptBlocks(suite, algorithm, key, text.slice(0, block));
  const whole = encryptBlocks(suite, algorithm, key, xorBytes(half, text.slice(block)));
  return upperHex(whole).slice(0, BLOCK);
}

/** A DES chain under the left half; with a key of two halves the last block is enciphered by both. */
function retailMac(suite: CipherSuite, key: Bytes, data: Bytes): Bytes {
  const left = key.slice(0, BLOCK);
  const before = data.slice(0, -BLOCK);
  const link = before.length === 0 ? new Uint8Array(BLOCK) : cbcLastBlock(suite, "3des", { key: left, iv: new Uint8Array(BLOCK), data: before });
  return encipher(suite, key, xorBytes(link, data.slice(-BLOCK)));
}

/** Field 64 over type, bitmap and fields. */
export function messageMac(suite: CipherSuite, form: MacForm, over: { readonly key: Bytes; readonly covered: Bytes }): Bytes {
  const { key, covered } = over;
  const block = form === "sm4" ? 2 * BLOCK : BLOCK;
  const data = zeroExtend(covered, Math.max(block, Math.ceil(covered.length / block) * block));
  return form === "x9.19" ? retailMac(suite, key, data) : dialectMac(suite, form === "sm4" ? "sm4" : "3des", { key, data });
}

/** The twelve right-most digits of an account without its check digit, at the right end of a block of so many bytes. */
function accountBlock(account: string, bytes: number): Bytes {
  return fromHex(
    account
      .slice(0, -1)
      .slice(-12)
      .padStart(12, "0")
      .padStart(bytes * 2, "0"),
  );
}

/** The PIN in an enciphered block; undefined where the block is none for this account. */
export function decipherPin(
  suite: CipherSuite,
  key: Bytes,
  sealed: { readonly block: Bytes; readonly account: string; readonly cipher?: KeyAlgorithm },
): string | undefined {
  const { block, account, cipher = "3des" } = sealed;
  if (block.length !== blockBytes(cipher)) return undefined;
  const clear = toHex(xorBytes(decipher(suite, cipher, key, block), accountBlock(account, block.length)));
  const [, length = "", digits = ""] = /^0([4-9a-c])(\d{4,12})f*$/.exec(clear) ?? [];
  return digits.length === Number.parseInt(length, 16) ? digits : undefined;
}

/** A block of format 0, or the longer one of SM4, for benches and worlds that have a holder but no pad. */
export function encipherPin(suite: CipherSuite, key: Bytes, typed: { readonly pin: string; readonly account: string; readonly cipher?: KeyAlgorithm }): Bytes {
  const { pin, account, cipher = "3des" } = typed;
  const bytes = blockBytes(cipher);
  const block = fromHex(`0${pin.length.toString(16)}${pin}`.padEnd(bytes * 2, "f"));
  return encryptBlocks(suite, cipher, key, xorBytes(block, accountBlock(account, bytes)));
}

/** The key that was wrapped; undefined where its check value is another. */
export function unwrapKey(
  suite: CipherSuite,
  master: Bytes,
  wrapped: { readonly key: Bytes; readonly checkValue: Bytes; readonly cipher?: KeyAlgorithm },
): Bytes | undefined {
  const { cipher = "3des" } = wrapped;
  const key = decipher(suite, cipher, master, wrapped.key);
  const check = encryptBlocks(suite, cipher, key, new Uint8Array(blockBytes(cipher))).slice(0, wrapped.checkValue.length);
  return equalBytes(check, wrapped.checkValue) ? key : undefined;
}
