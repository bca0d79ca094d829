/* Whether a debit that is on the books buys goods: asked again of the journal, by everybody in the same way as the flow has judged it. */
import type { Fen } from "../../base/fen.ts";
import { textMember } from "../journal/members.ts";
import type { JournalEntry } from "../journal/types.ts";

/** True where only the card vouches for the debit, and its confirmation was refused or the amount is above the policy's limit. */
export function isHeldSale({ detail, amount }: Pick<JournalEntry, "detail" | "amount">, unverifiedAmountFen: Fen): boolean {
  if (detail["unverified"] !== true) return false;
  const reason = textMember(detail, "reason");
  return reason === "mac2-refused" || reason === "signature-refused" || amount > unverifiedAmountFen;
}
