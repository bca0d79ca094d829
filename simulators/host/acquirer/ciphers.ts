/*
 * The bank's cryptography beside a terminal: wrapped working keys, check values, MACs of messages, PIN blocks. Keys are plain bytes here: they are
 * test keys of a simulator, never real ones. Spec: UnionPay terminal, keys and MAC; ANSI X9.8; ANSI X9.19.
 */
import { type Bytes, concat, equalBytes, fromHex, toHex, utf8, xorBytes } from "../../../device/base/bytes.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { cbcLastBlock, encryptBlocks, zeroExtend } from "../../crypto/blocks.ts";

/** How working keys lie in field 62 and how long they are. */
export type KeyLayout = "des-24" | "tdes-40" | "tdes-track-60" | "triple-19-57";

export type MacForm = "ecb" | "x9.19";

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

const LAYOUTS: Readonly<Record<KeyLayout, readonly KeySlot[]>> = {
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

/** DES where the key has 8 bytes, triple DES where it has 16. */
function encipher(suite: CipherSuite, key: Bytes, blocks: Bytes): Bytes {
  return encryptBlocks(suite, "3des", key, blocks);
}

export function drawSessionKeys(layout: KeyLayout, draw: (length: number) => Bytes): SessionKeys {
  const drawn = (which: keyof SessionKeys) => {
    const slot = LAYOUTS[layout].find((each) => each.which === which);
    return slot === undefined ? undefined : draw(slot.keyBytes);
  };
  return { pin: drawn("pin") ?? draw(BLOCK), mac: drawn("mac") ?? draw(BLOCK), track: drawn("track") };
}

/** Field 62 of a sign-in's answer: `front` before the keys, where a region puts bytes there. */
export function wrappedKeys(suite: CipherSuite, wrap: { readonly master: Bytes; readonly layout: KeyLayout; readonly front: Bytes }, keys: SessionKeys): Bytes {
  const parts = LAYOUTS[wrap.layout].flatMap(({ which, fill, checkBytes }) => {
    const key = keys[which] ?? new Uint8Array(0);
    const check = encipher(suite, key, new Uint8Array(BLOCK)).slice(0, checkBytes);
    return [encipher(suite, wrap.master, key), new Uint8Array(fill), check];
  });
  return concat(wrap.front, ...parts);
}

function upperHex(bytes: Bytes): Bytes {
  return utf8(toHex(bytes).toUpperCase());
}

/** All blocks joined, written as text, enciphered half by half; the text of the result begins with the MAC. */
function dialectMac(suite: CipherSuite, key: Bytes, data: Bytes): Bytes {
  let joined: Bytes = new Uint8Array(BLOCK);
  for (let at = 0; at < data.length; at += BLOCK) joined = xorBytes(joined, data.slice(at, at + BLOCK));
  const text = upperHex(joined);
  const half = encipher(suite, key, text.slice(0, BLOCK));
  const whole = encipher(suite, key, xorBytes(half, text.slice(BLOCK)));
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
  const data = zeroExtend(over.covered, Math.max(BLOCK, Math.ceil(over.covered.length / BLOCK) * BLOCK));
  return form === "ecb" ? dialectMac(suite, over.key, data) : retailMac(suite, over.key, data);
}

/** The twelve right-most digits of an account without its check digit, as the second half of a PIN block has them. */
function accountBlock(account: string): Bytes {
  return fromHex(`0000${account.slice(0, -1).slice(-12).padStart(12, "0")}`);
}

/** The PIN in an enciphered block of format 0; undefined where the block is none for this account. */
export function decipherPin(suite: CipherSuite, key: Bytes, sealed: { readonly block: Bytes; readonly account: string }): string | undefined {
  const handle = suite.secretKey(key.length === BLOCK ? concat(key, key) : key);
  const clear = toHex(xorBytes(suite.tdesDecrypt(handle, sealed.block), accountBlock(sealed.account)));
  const [, length = "", digits = ""] = /^0([4-9a-c])(\d{4,12})f*$/.exec(clear) ?? [];
  return digits.length === Number.parseInt(length, 16) ? digits : undefined;
}

/** A block of format 0, for benches and worlds that have a holder but no pad. */
export function encipherPin(suite: CipherSuite, key: Bytes, typed: { readonly pin: string; readonly account: string }): Bytes {
  const block = fromHex(`0${typed.pin.length.toString(16)}${typed.pin}`.padEnd(16, "f"));
  return encipher(suite, key, xorBytes(block, accountBlock(typed.account)));
}

/** The key that was wrapped; undefined where its check value is another. */
export function unwrapKey(suite: CipherSuite, master: Bytes, wrapped: { readonly key: Bytes; readonly checkValue: Bytes }): Bytes | undefined {
  const handle = suite.secretKey(master.length === BLOCK ? concat(master, master) : master);
  const key = suite.tdesDecrypt(handle, wrapped.key);
  const check = encipher(suite, key, new Uint8Array(BLOCK)).slice(0, wrapped.checkValue.length);
  return equalBytes(check, wrapped.checkValue) ? key : undefined;
}
