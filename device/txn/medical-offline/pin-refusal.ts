/* Why a PIN did not verify, in the words of the sale. */
import type { PinOutcome } from "../../drivers/ports.ts";
import type { OfflineRefusal } from "./types.ts";

export function pinRefusal(outcome: Exclude<PinOutcome, { readonly kind: "verified" }>): OfflineRefusal {
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
