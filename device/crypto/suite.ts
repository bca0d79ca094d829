import { Fault } from "../base/fault.ts";
import type { CipherSuite } from "./face.ts";
import { opensslSuite } from "./openssl.ts";
import { selfTest } from "./self-test.ts";
import { smCryptoSuite } from "./sm-crypto.ts";

const CANDIDATES: readonly (() => CipherSuite)[] = [opensslSuite, smCryptoSuite];

/**
 * The first provider that passes its self-test; `provider` of the result says which. Takes a few milliseconds, so open one and pass it on.
 * Faults: "crypto-unavailable" when none passes, with the names of the failed checks.
 */
export function openCipherSuite(candidates: readonly (() => CipherSuite)[] = CANDIDATES): CipherSuite {
  const failures: string[] = [];
  for (const open of candidates) {
    const suite = open();
    const failed = selfTest(suite);
    if (failed.length === 0) return suite;
    failures.push(`${suite.provider}: ${failed.join(", ")}`);
  }
  throw new Fault("crypto-unavailable", `no cryptographic provider passed its self-test (${failures.join("; ")})`, { effectUnknown: false });
}
