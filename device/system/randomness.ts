import { randomBytes } from "node:crypto";
import type { Randomness } from "../base/ports.ts";

/** Unpredictable bytes of the operating system. */
export function systemRandomness(): Randomness {
  return { bytes: (length) => new Uint8Array(randomBytes(length)) };
}
