/*
 * A card that still has the PIN it was issued with must not pay: whoever knows how such PINs are made could pay with it. The card does not
 * tell, and the terminal never sees a PIN, so the word of somebody who knows is needed. See docs/decisions/0010-initial-pin.md.
 */

/** What is known about the PIN of one card. */
export type InitialPinEvidence =
  /** The holder has changed it, or set it, since the card was issued. */
  | "changed"
  /** It is still the one that the card was issued with. */
  | "initial"
  /** Nobody has said. */
  | "unknown";

/**
 * How a region wants it. "refuse-initial": a card pays unless its PIN is known to be the initial one. "require-changed": a card pays only
 * when its PIN is known to be changed.
 */
export type InitialPinPolicy = "refuse-initial" | "require-changed";

/** "change-first": the holder is asked to change the PIN, which ends this. "ask-issuer": nobody here can tell, so the card does not pay here. */
export type InitialPinDecision = "may-trade" | "change-first" | "ask-issuer";

/** Words of a vendor's library about the initial PIN. Spec: LD/T 33, error codes. */
const VENDOR_INITIAL_PIN: ReadonlySet<number> = new Set([-35]);

/** Whether a card may pay, by what is known of its PIN. A card without a PIN has no initial one. */
export function decideInitialPin(pin: "set" | "none", evidence: InitialPinEvidence, policy: InitialPinPolicy): InitialPinDecision {
  if (pin === "none" || evidence === "changed") return "may-trade";
  if (evidence === "initial") return "change-first";
  return policy === "refuse-initial" ? "may-trade" : "ask-issuer";
}

/** What a result of a vendor's library says about the PIN; "unknown" for every other result. */
export function initialPinOfVendorResult(result: number): InitialPinEvidence {
  return VENDOR_INITIAL_PIN.has(result) ? "initial" : "unknown";
}

/**
 * Joins the words of several: one who knows outweighs those who do not, and "initial" outweighs "changed", because the one who says it has
 * met the PIN itself. A change that the card has confirmed at this terminal is the latest word and replaces what was known before.
 */
export function joinInitialPinEvidence(words: readonly InitialPinEvidence[], changedHere = false): InitialPinEvidence {
  if (changedHere) return "changed";
  if (words.includes("initial")) return "initial";
  return words.includes("changed") ? "changed" : "unknown";
}
