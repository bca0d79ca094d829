/* What the pad's refusals mean. Spec: Newland NL-PP60, errors. */

export type NewlandRefusal =
  | { readonly kind: "timed-out" | "cancelled" | "entries-differ" }
  | { readonly kind: "key-missing"; readonly why: string }
  /** The pad serves, but somebody should look. */
  | { readonly kind: "locked"; readonly why: string }
  /** The pad's own hardware has failed. */
  | { readonly kind: "broken"; readonly why: string }
  | { readonly kind: "refused"; readonly why: string };

const REFUSALS: ReadonlyMap<number, NewlandRefusal> = new Map<number, NewlandRefusal>([
  [0x01, { kind: "refused", why: "length does not fit" }],
  [0x08, { kind: "refused", why: "authorization is wrong" }],
  [0x0b, { kind: "locked", why: "locked, or asked too often" }],
  [0x0d, { kind: "refused", why: "check byte is wrong" }],
  [0x31, { kind: "refused", why: "no such directory" }],
  [0x61, { kind: "key-missing", why: "key absent" }],
  [0x62, { kind: "refused", why: "mode does not fit" }],
  [0x63, { kind: "refused", why: "no such number of a master key" }],
  [0x64, { kind: "refused", why: "no such number of a working key" }],
  [0x65, { kind: "refused", why: "mode of the working key does not fit" }],
  [0x71, { kind: "key-missing", why: "no PIN key chosen" }],
  [0x74, { kind: "refused", why: "smallest and largest length do not fit" }],
  [0x76, { kind: "timed-out" }],
  [0x77, { kind: "cancelled" }],
  [0x78, { kind: "entries-differ" }],
  [0x92, { kind: "broken", why: "DES hardware" }],
  [0xff, { kind: "broken", why: "exception" }],
]);

/** A byte that nobody knows is a refusal. */
export function newlandRefusal(error: number): NewlandRefusal {
  return REFUSALS.get(error) ?? { kind: "refused", why: `error ${error.toString(16)}` };
}
