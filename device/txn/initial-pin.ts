/* Cards that still have the PIN they were issued with pay nothing, as far as anybody can tell: see docs/decisions/0010-initial-pin.md. */
import { decideInitialPin, type InitialPinEvidence, type InitialPinPolicy } from "../card/social/initial-pin.ts";

/** Whether the region wants a word about the PIN of a card, and who has it. */
export interface InitialPinRule {
  readonly policy: InitialPinPolicy;
  /** What is known about the PIN of the card of this identifier (32 hexadecimal digits). Left out: nobody has said anything. */
  readonly evidence?: (cardIdentifier: string) => InitialPinEvidence;
}

/** A card pays unless somebody has said that its PIN is the initial one. */
export const DEFAULT_INITIAL_PIN_RULE: InitialPinRule = { policy: "refuse-initial" };

/** Stable words, in records and in answers to the counter. */
export type InitialPinReason =
  /** The holder has to change the PIN first. */
  | "initial-pin"
  /** Nobody can tell whether the PIN was changed, and the region wants to know: the holder is sent to the issuer. */
  | "initial-pin-unknown";

/** Why a card may not pay because of its PIN; undefined where it may. Asked after the PIN was verified. */
export function initialPinReason(
  card: { readonly pin: "set" | "none"; readonly cardIdentifier: string },
  { policy, evidence = () => "unknown" }: InitialPinRule,
): InitialPinReason | undefined {
  const decision = decideInitialPin(card.pin, evidence(card.cardIdentifier), policy);
  if (decision === "may-trade") return undefined;
  return decision === "change-first" ? "initial-pin" : "initial-pin-unknown";
}
