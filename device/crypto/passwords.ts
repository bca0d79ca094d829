/*
 * Secrets of people and programs as they rest in a configuration: a password by scrypt, because people choose it; a program's token by its
 * plain SHA-256, because it is as long and as random as the hash. What is compared takes the same time wherever it differs.
 */
import { createHash, scrypt, timingSafeEqual } from "node:crypto";
import { assert } from "../base/assert.ts";
import { type Bytes, fromHex, toHex } from "../base/bytes.ts";

const SALT_BYTES = 16;
const KEY_BYTES = 32;
const LOG_COST = 15;
const BLOCK = 8;
const STORED = /^scrypt\$(1[0-7])\$(8)\$([1-4])\$([0-9a-f]{32})\$([0-9a-f]{64})$/;

interface Cost {
  readonly logCost: number;
  readonly block: number;
  readonly parallel: number;
}

function derive(password: string, salt: Bytes, { logCost, block, parallel }: Cost): Promise<Bytes> {
  const cost = 2 ** logCost;
  const options = { N: cost, r: block, p: parallel, maxmem: 256 * cost * block };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(new Uint8Array(key));
      else reject(error);
    });
  });
}

/** The form in which a password rests: `salt` has 16 random bytes; `logCost` 10 to 17. */
export async function storedPassword(password: string, salt: Bytes, logCost: number = LOG_COST): Promise<string> {
  assert(salt.length === SALT_BYTES && logCost >= 10 && logCost <= 17, "a salt of 16 bytes and a cost that a terminal can bear");
  const key = await derive(password, salt, { logCost, block: BLOCK, parallel: 1 });
  return `scrypt$${logCost}$${BLOCK}$1$${toHex(salt)}$${toHex(key)}`;
}

/** Whether this is the password that rests there. What is no stored password fits nothing. */
export async function fitsPassword(password: string, stored: string): Promise<boolean> {
  const parts = STORED.exec(stored);
  if (parts === null) return false;
  const [, logCost = "", block = "", parallel = "", salt = "", key = ""] = parts;
  const derived = await derive(password, fromHex(salt), { logCost: Number(logCost), block: Number(block), parallel: Number(parallel) });
  return timingSafeEqual(derived, fromHex(key));
}

/** SHA-256 of a token, in hexadecimal. */
export function tokenHash(token: string): string {
  return createHash("sha256").update(token, "utf8").digest("hex");
}

/** Whether two hashes of tokens are the same, without telling where they differ. */
export function sameTokenHash(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
}
