/* The host's TAC check over the published test keys; a real host would ask its security module. Spec: PBOC purse, purchase; LD/T 32.9 (key hierarchy). */
import type { CardProfile } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { KeyAlgorithm } from "../crypto/blocks.ts";
import { purseTac } from "../crypto/purse.ts";
import { testPurseCardKey } from "../crypto/test-keys.ts";
import type { TacOracle } from "./records.ts";

/** Algorithm byte of the INITIALIZE answer that means 3DES; 01 is seen as well as 00. */
const TDES_BYTES: readonly number[] = [0x00, 0x01];

/** TACs of cards whose keys come from the test roots. */
export function testTacOracle(suite: CipherSuite, profile: CardProfile): TacOracle {
  const candidates = (byte: number | undefined): readonly KeyAlgorithm[] => {
    if (byte === undefined) return ["3des", "sm4"];
    if (byte === profile.psamAlgByteSm4) return ["sm4"];
    return TDES_BYTES.includes(byte) ? ["3des"] : [];
  };
  return ({ serial, issuer, algorithm, tacInput }) =>
    candidates(algorithm).map((candidate) => {
      const rules = { suite, profile, algorithm: candidate };
      return purseTac(rules, testPurseCardKey(rules, "purse-dtk", { serial, issuer }), tacInput);
    });
}
