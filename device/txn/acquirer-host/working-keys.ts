/*
 * Field 62 of a sign-in's reply: the working keys, wrapped, each with its check value. Layouts are data; a region that puts bytes in front says how
 * many. What stands behind the last key is nobody's business. Spec: UnionPay terminal, working keys.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { WorkingKeys, WrappedKey } from "../acquiring/bank-keys.ts";
import type { AcquirerProfile, KeyScheme, WorkingKeyName } from "../acquiring/profile.ts";

/** Bytes of one key: what is wrapped, what must be zero behind it, its check value. */
interface KeyPlace {
  readonly which: WorkingKeyName;
  readonly key: 8 | 16;
  readonly zeros: number;
  readonly check: number;
}

const place = (which: WorkingKeyName, key: 8 | 16, check: 3 | 4 = 4): KeyPlace => ({ which, key, zeros: 0, check });
/** A key of eight bytes in a place for sixteen. A key of sixteen in it was never recorded and is refused. */
const SHORT_IN_LONG: KeyPlace = { which: "mac", key: 8, zeros: 8, check: 4 };
const SM4_KEY_BYTES = 16;

export const KEY_LAYOUTS: Readonly<Record<Exclude<KeyScheme, "sm4">, readonly KeyPlace[]>> = {
  "des-24": [place("pin", 8), place("mac", 8)],
  "tdes-40": [place("pin", 16), SHORT_IN_LONG],
  "tdes-track-60": [place("pin", 16), SHORT_IN_LONG, place("track", 16)],
  "triple-19-57": [place("pin", 16, 3), place("mac", 16, 3), place("track", 16, 3)],
};

/** Where the keys of this acquirer lie in field 62; nowhere with SM4 whose layout nobody has said. */
export function keyPlaces({ keyScheme, sm4Keys }: Pick<AcquirerProfile, "keyScheme" | "sm4Keys">): readonly KeyPlace[] {
  if (keyScheme !== "sm4") return KEY_LAYOUTS[keyScheme];
  return (sm4Keys?.keys ?? []).map(({ which, zeros, checkBytes: check }) => ({ which, key: SM4_KEY_BYTES, zeros, check }));
}

/** Bytes that every check value of this acquirer has. */
export function checkBytesOf(profile: Pick<AcquirerProfile, "keyScheme" | "sm4Keys">): number {
  return Math.min(...keyPlaces(profile).map(({ check }) => check));
}

export type WorkingKeysParse =
  | { readonly ok: true; readonly keys: WorkingKeys }
  /** "check-value-short": the profile wants more bytes of it than this layout has. */
  | { readonly ok: false; readonly reason: "too-short" | "padding-wrong" | "check-value-short" };

/** Never throws. The keys come out as they came in: wrapped. */
export function parseWorkingKeys(profile: Pick<AcquirerProfile, "keyScheme" | "sm4Keys" | "keyOffset" | "checkValueBytes">, field62: Bytes): WorkingKeysParse {
  const places = keyPlaces(profile);
  if (places.some(({ check }) => check < profile.checkValueBytes)) return { ok: false, reason: "check-value-short" };
  const read: Partial<Record<WorkingKeyName, WrappedKey>> = {};
  let at = profile.keyOffset;
  for (const { which, key, zeros, check } of places) {
    const end = at + key + zeros + check;
    if (end > field62.length) return { ok: false, reason: "too-short" };
    if (field62.subarray(at + key, at + key + zeros).some((byte) => byte !== 0)) return { ok: false, reason: "padding-wrong" };
    read[which] = { wrapped: field62.slice(at, at + key), checkValue: field62.slice(end - check, end - check + profile.checkValueBytes) };
    at = end;
  }
  const { pin, mac, track } = read;
  if (pin === undefined || mac === undefined) return { ok: false, reason: "too-short" };
  return { ok: true, keys: { pin, mac, ...(track === undefined ? {} : { track }) } };
}
