/* The status byte of a pad's answer. Spec: pad 02h, status. */

export type PadStatus =
  | { readonly kind: "done"; readonly warning?: "battery" | "master-key-invalid" }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "timed-out" }
  | { readonly kind: "key-missing" };

const REFUSALS: ReadonlyMap<number, string> = new Map([
  [0x15, "a parameter does not fit"],
  [0xd5, "refused, and the battery may be bad"],
  [0xe0, "unknown command"],
  [0xf0, "processor fault"],
  [0xf1, "memory fault"],
  [0xf2, "keypad short circuit"],
  [0xf3, "serial level fault"],
  [0xf4, "card fault"],
  [0xf5, "battery bad"],
  [0xf6, "master key lost"],
  [0xf7, "other fault"],
]);

/** What a status byte says. A4 and C4 are successes with a warning; a byte nobody knows is a refusal. */
export function padStatus(code: number): PadStatus {
  switch (code) {
    case 0x04:
      return { kind: "done" };
    case 0xa4:
      return { kind: "done", warning: "master-key-invalid" };
    case 0xc4:
      return { kind: "done", warning: "battery" };
    case 0x80:
      return { kind: "timed-out" };
    case 0xb5:
      return { kind: "key-missing" };
    default:
      return { kind: "refused", why: REFUSALS.get(code) ?? `status ${code.toString(16)}` };
  }
}
