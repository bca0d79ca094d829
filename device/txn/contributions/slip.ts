/* What a contribution puts on paper, from its record alone, so that it can be printed again. */
import type { ReceiptData } from "../receipts/types.ts";
import type { ContributionOutcome } from "./acts.ts";
import type { RecordedContribution } from "./record.ts";

const STANDS = { confirmed: "paid", refunded: "returned", "open-case": "open" } as const;

/** Undefined where no money has moved: there is nothing to show. */
export function slipData(
  record: RecordedContribution,
  outcome: ContributionOutcome,
  place: { readonly institution: string; readonly terminal: string },
): ReceiptData | undefined {
  if (outcome.kind === "refused" || outcome.kind === "no-card") return undefined;
  const { reference, operator, bill, card, leg, last } = record;
  return {
    ...place,
    slip: "contribution",
    stands: STANDS[outcome.kind],
    operator,
    atMs: last.wallMs,
    saleNumber: reference,
    billId: bill.billId,
    insurance: bill.insurance,
    period: bill.period,
    amount: outcome.kind === "open-case" ? bill.amount : outcome.amount,
    holder: { name: card.name, cardNumber: card.cardNumber },
    ...(outcome.kind === "confirmed" ? { receiptNumber: outcome.receiptNumber } : {}),
    ...(leg.leg === "payment" ? {} : { retrievalReference: leg.payment.retrievalReference }),
  };
}
