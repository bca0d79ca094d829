/* Why a PIN did not verify, in the words of a sale. */
import type { PinOutcome } from "../drivers/ports.ts";

export interface PinRefusal {
  readonly reason: "pin-wrong" | "pin-locked" | "pin-cancelled" | "pin-timed-out" | "pin-refused";
  readonly triesLeft?: number;
}

export function pinRefusal(outcome: Exclude<PinOutcome, { readonly kind: "verified" }>): PinRefusal {
  switch (outcome.kind) {
    case "wrong":
      return { reason: "pin-wrong", triesLeft: outcome.triesLeft };
    case "locked":
      return { reason: "pin-locked" };
    case "cancelled":
      return { reason: "pin-cancelled" };
    case "timed-out":
      return { reason: "pin-timed-out" };
    case "refused":
      return { reason: "pin-refused" };
  }
}
