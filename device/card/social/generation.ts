/*
 * Which of the three generations a card is, and which algorithm its keys have. The version item decides; where it is empty, the profile says
 * what that means, and a holder's file that opens to a proof alone still makes a card one of the third, because the terminal has to treat
 * it so. Spec: LD/T 32.5, EF05; LD/T 6001.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardAlgorithm } from "../keys/block-mac.ts";
import { parseVersion } from "./files.ts";

export type Generation = 1 | 2 | 3;

/** What a card shows of itself. */
export interface GenerationEvidence {
  /** EF05 tag 03 as it stands on the card; no bytes where the card has no such item. */
  readonly versionItem: Bytes;
  /** The holder's file has refused to be read freely. */
  readonly holderFileLocked?: boolean;
}

export type GenerationVerdict =
  | {
      readonly kind: "told";
      /** As on the card; of an empty item what the profile takes it for. */
      readonly version: string;
      readonly generation: Generation;
      /** "version-item": the card says so. "features": the item is empty, and the card does what only the third generation does. "default": nothing says more. */
      readonly by: "version-item" | "features" | "default";
    }
  | { readonly kind: "version-not-accepted" };

/** Tells the generation. A version that is written but unknown is refused, never guessed. Never throws. */
export function tellGeneration(evidence: GenerationEvidence, emptyVersion: CardProfile["emptyVersion"]): GenerationVerdict {
  const parsed = parseVersion(evidence.versionItem, emptyVersion);
  if (!parsed.ok) return { kind: "version-not-accepted" };
  const { version, generation } = parsed;
  const written = evidence.versionItem.some((byte) => byte !== 0x00 && byte !== 0x20);
  if (written) return { kind: "told", version, generation, by: "version-item" };
  return evidence.holderFileLocked === true ? { kind: "told", version, generation: 3, by: "features" } : { kind: "told", version, generation, by: "default" };
}

export type AlgorithmAnswer =
  | { readonly kind: "ok"; readonly algorithm: CardAlgorithm }
  /** "ssf33": only its makers can compute it. "unknown": a tag that no text names. */
  | { readonly kind: "not-supported"; readonly algorithm: "ssf33" | "unknown" };

const BY_TAG: ReadonlyMap<number, AlgorithmAnswer> = new Map<number, AlgorithmAnswer>([
  [0x01, { kind: "ok", algorithm: "3des" }],
  [0x02, { kind: "not-supported", algorithm: "ssf33" }],
  [0x03, { kind: "ok", algorithm: "sm4" }],
]);

const BY_NAME: Readonly<Record<"des" | "ssf33" | "sm4", AlgorithmAnswer>> = {
  des: { kind: "ok", algorithm: "3des" },
  ssf33: { kind: "not-supported", algorithm: "ssf33" },
  sm4: { kind: "ok", algorithm: "sm4" },
};

/** The algorithm of a card's keys: tag 86 where the card has it, else what the profile says of its region. Never throws. Spec: LD/T 32.7, SELECT. */
export function tellAlgorithm(
  algorithmTag: number | undefined,
  regionCode: string,
  profile: Pick<CardProfile, "algWhenTagAbsent" | "algorithmByRegion">,
): AlgorithmAnswer {
  if (algorithmTag !== undefined) return BY_TAG.get(algorithmTag) ?? { kind: "not-supported", algorithm: "unknown" };
  if (profile.algWhenTagAbsent !== "byRegion") return BY_NAME[profile.algWhenTagAbsent];
  return BY_NAME[algorithmOfRegion(regionCode, profile.algorithmByRegion)];
}

/** The longest of six, four and two digits that the table has; triple DES for a region that it has not. */
function algorithmOfRegion(regionCode: string, table: CardProfile["algorithmByRegion"]): "des" | "ssf33" | "sm4" {
  for (const digits of [6, 4, 2]) {
    const key = regionCode.slice(0, digits);
    const algorithm = Object.hasOwn(table, key) ? table[key] : undefined;
    if (algorithm !== undefined) return algorithm;
  }
  return "des";
}
