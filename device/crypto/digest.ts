/* Hashes that interfaces of others ask for; what is ours to choose is hashed with SM3. */
import { createHash } from "node:crypto";
import type { Bytes } from "../base/bytes.ts";

/** SHA-256 of bytes. */
export function sha256(bytes: Bytes): Bytes {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
