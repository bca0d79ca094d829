/*
 * Key check values: the first bytes of an encryption of zeros, of which each maker and host shows another number. They are compared as
 * prefixes, and never by fewer than three bytes: two would let one wrong key in 65,536 pass. Spec: ANSI X9.24-1, key check values.
 */
import { assert } from "../../base/assert.ts";
import { equalBytes } from "../../base/bytes.ts";
import type { CheckValue, PadAlgorithm } from "../peripherals.ts";

export const CHECK_VALUE_BYTES_MIN = 3;
const CHECK_VALUE_BYTES_MAX = 16;

/** How many bytes are compared where both sides show as many; a named switch, because hosts differ. */
export interface CheckValueProfile {
  readonly kcvLength: Readonly<Record<PadAlgorithm, number>>;
}

export const DEFAULT_CHECK_VALUE_PROFILE: CheckValueProfile = { kcvLength: { "3des": 4, sm4: 8 } };

/** "untold": one of the two has fewer than three bytes, or is not there, and nothing follows from it. */
export type KeyComparison = "same" | "different" | "untold";

/** Whether two check values can be of one key. A shorter one decides as far as it goes. */
export function compareCheckValues(
  values: { readonly told: CheckValue | undefined; readonly expected: CheckValue | undefined; readonly algorithm: PadAlgorithm },
  profile: CheckValueProfile,
): KeyComparison {
  const wanted = profile.kcvLength[values.algorithm];
  assert(Number.isInteger(wanted) && wanted >= CHECK_VALUE_BYTES_MIN && wanted <= CHECK_VALUE_BYTES_MAX, "3 to 16 bytes are compared");
  const { told, expected } = values;
  if (told === undefined || expected === undefined) return "untold";
  const length = Math.min(wanted, told.length, expected.length);
  if (length < CHECK_VALUE_BYTES_MIN) return "untold";
  return equalBytes(told.subarray(0, length), expected.subarray(0, length)) ? "same" : "different";
}
