/* Keys of the authorities whose certificates social security cards carry: given in as data, each with an expiry and a check over itself. */
import type { Log } from "../base/log.ts";
import type { Randomness } from "../base/ports.ts";
import { openAuthorities } from "../card/electronic-cash/authorities.ts";
import { proveBySignature } from "../card/social/card-signature.ts";
import type { CardProfile } from "../codec/card-profile.ts";
import type { CipherSuite } from "../crypto/face.ts";
import type { CardSignatureProof } from "../txn/card-services/ports.ts";

/** One key as it stands in the terminal's configuration. */
export interface SocialAuthority {
  /** Its number in the certificate files of cards. */
  readonly index: number;
  /** YYYYMMDD, the last day of its use. */
  readonly expiryDate: string;
  /** x ‖ y, or with the leading 04, or compressed. */
  readonly pointHex: string;
  /** SM3 over D156000005, index and point. */
  readonly checkHex: string;
}

/** Registered identifier in front of the names of the social applications: it keeps these keys apart from a bank's. Spec: LD/T 32.5, names. */
const SOCIAL_RID = "d156000005";

export interface CardSignatureParts {
  readonly suite: CipherSuite;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly profile: Pick<CardProfile, "acse">;
  readonly authorities: readonly SocialAuthority[];
}

/** Undefined where the profile does not assume the certificate application. A key that fails its own check costs the cards that need it, and is said. */
export function openCardSignatures({ suite, randomness, log, profile, authorities }: CardSignatureParts): CardSignatureProof | undefined {
  if (profile.acse !== "assumed") return undefined;
  const opened = openAuthorities(
    suite,
    authorities.map((each) => ({ ...each, kind: "sm", rid: SOCIAL_RID })),
  );
  for (const { index, why } of opened.rejected) log.warn("card-authority-rejected", { index, why });
  const authority = (index: number) => {
    const found = opened.find({ rid: SOCIAL_RID, index, kind: "sm" });
    return found?.key.kind === "sm" ? { key: found.key.key, expiryDate: found.expiryDate } : undefined;
  };
  return { prove: (channel, card, limits) => proveBySignature(channel, { suite, randomness, authority, ...card }, limits) };
}
