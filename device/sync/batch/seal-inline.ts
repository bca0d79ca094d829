/* Seals in the caller's thread: for simulated worlds, where nothing may wait for the real event loop. */
import type { CipherSuite } from "../../crypto/face.ts";
import { type BatchSealer, type SealKeys, sealBatch } from "./seal.ts";

export function openInlineSealer(suite: CipherSuite, keys: SealKeys): BatchSealer {
  return {
    seal: (input) => Promise.resolve(sealBatch(suite, keys, input)),
    close: () => Promise.resolve(),
  };
}
