/*
 * Field 62 of a sign-in's reply: the working keys, wrapped, each with its check value. Layouts are data; a region that puts bytes in front says how
 * many. What stands behind the last key is nobody's business. Spec: UnionPay terminal, working keys.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { WorkingKeys, WrappedKey } from "../acquiring/bank-keys.ts";
import type { AcquirerProfile, KeyScheme } from "../acquiring/profile.ts";

/** Bytes of one key: what is wrapped, what must be zero behind it, its check value. */
interface KeyPlace {
  readonly key: 8 | 16;
  readonly zeros: 0 | 8;
  readonly check: 3 | 4;
}

interface KeyLayout {
  readonly pin: KeyPlace;
  readonly mac: KeyPlace;
  readonly track?: KeyPlace;
}

const place = (key: 8 | 16, check: 3 | 4 = 4): KeyPlace => ({ key, zeros: 0, check });
/** A key of eight bytes in a place for sixteen. A key of sixteen in it was never recorded and is refused. */
const SHORT_IN_LONG: KeyPlace = { key: 8, zeros: 8, check: 4 };

export const KEY_LAYOUTS: Readonly<Record<KeyScheme, KeyLayout>> = {
  "des-24": { pin: place(8), mac: place(8) },
  "tdes-40": { pin: place(16), mac: SHORT_IN_LONG },
  "tdes-track-60": { pin: place(16), mac: SHORT_IN_LONG, track: place(16) },
  "triple-19-57": { pin: place(16, 3), mac: place(16, 3), track: place(16, 3) },
};

export type WorkingKeysParse =
  | { readonly ok: true; readonly keys: WorkingKeys }
  /** "check-value-short": the profile wants more bytes of it than this layout has. */
  | { readonly ok: false; readonly reason: "too-short" | "padding-wrong" | "check-value-short" };

/** Never throws. The keys come out as they came in: wrapped. */
export function parseWorkingKeys(profile: Pick<AcquirerProfile, "keyScheme" | "keyOffset" | "checkValueBytes">, field62: Bytes): WorkingKeysParse {
  const { pin, mac, track } = KEY_LAYOUTS[profile.keyScheme];
  const places = [pin, mac, ...(track === undefined ? [] : [track])];
  if (places.some(({ check }) => check < profile.checkValueBytes)) return { ok: false, reason: "check-value-short" };
  const read: WrappedKey[] = [];
  let at = profile.keyOffset;
  for (const { key, zeros, check } of places) {
    const end = at + key + zeros + check;
    if (end > field62.length) return { ok: false, reason: "too-short" };
    if (field62.subarray(at + key, at + key + zeros).some((byte) => byte !== 0)) return { ok: false, reason: "padding-wrong" };
    read.push({ wrapped: field62.slice(at, at + key), checkValue: field62.slice(end - check, end - check + profile.checkValueBytes) });
    at = end;
  }
  const [pinKey, macKey, trackKey] = read;
  if (pinKey === undefined || macKey === undefined) return { ok: false, reason: "too-short" };
  return { ok: true, keys: { pin: pinKey, mac: macKey, ...(trackKey === undefined ? {} : { track: trackKey }) } };
}
