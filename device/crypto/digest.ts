/* Hashes that interfaces of others ask for; what is ours to choose is hashed with SM3. */
import { createHash } from "node:crypto";
import type { Bytes } from "../base/bytes.ts";

/** SHA-256 of bytes. */
export function sha256(bytes: Bytes): Bytes {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

/** SM3 of more than fits into memory, part by part. */
export interface RunningSm3 {
  add(part: Bytes): void;
  /** The digest of all parts; nothing can be added afterwards. */
  end(): Bytes;
}

export function beginSm3(): RunningSm3 {
  const hash = createHash("sm3");
  return {
    add: (part) => {
      hash.update(part);
    },
    end: () => new Uint8Array(hash.digest()),
  };
}
