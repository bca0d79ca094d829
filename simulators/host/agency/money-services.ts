/* Bills, their confirmation, benefits. Spec: agency/v1, 4. */
import { countField, textField } from "../canonical.ts";
import type { Request, ServiceAnswer } from "./envelope.ts";
import { moment, readMoment } from "./moments.ts";
import { cardOf, done, holderOf, MALFORMED, part, refuse, type ServiceContext, wordOf } from "./service.ts";

const ROWS_MAX = 100;

export function contributionBills(context: ServiceContext, { input }: Request): ServiceAnswer {
  const found = cardOf(context, input);
  if (!found.ok) return found.answer;
  const kind = input["kind"] === undefined ? "contribution" : wordOf(input, "kind", ["contribution", "examination"]);
  if (kind === undefined) return MALFORMED;
  const bills = context.ledger.openBills(found.value.identityNumber, kind).slice(0, ROWS_MAX);
  return done({
    asOf: moment(context.clock.wallMs()),
    bills: bills.map(({ billId, insurance, period, amountFen, due, mandate }) => ({
      billId,
      insurance,
      period,
      amountFen,
      ...(due === "" ? {} : { dueDate: due }),
      ...(mandate ? { mandate } : {}),
    })),
  });
}

/** Whether the agency has all of a proof of payment; the bank's books are not its own. */
function paymentOf(input: Request["input"]): string | undefined {
  const payment = part(input, "payment");
  if (payment === undefined || textField(payment, "retrievalReference") === undefined || readMoment(payment["paidAt"]) === undefined) return undefined;
  return textField(payment, "reference");
}

export function contributionConfirm(context: ServiceContext, { input }: Request): ServiceAnswer {
  const { ledger, clock } = context;
  const found = cardOf(context, input);
  if (!found.ok) return found.answer;
  const [billId, amountFen, payment] = [textField(input, "billId"), countField(input, "amountFen"), paymentOf(input)];
  if (billId === undefined || amountFen === undefined || payment === undefined) return MALFORMED;
  const bill = ledger.bill(billId);
  if (bill === undefined || bill.identityNumber !== found.value.identityNumber) return refuse("bill-unknown", "agency");
  if (bill.state === "paid") return refuse("bill-already-paid", "agency");
  if (bill.state === "withdrawn") return refuse("bill-withdrawn", "agency");
  if (bill.amountFen !== amountFen) return refuse("amount-differs", "agency");
  if (ledger.paymentUsed(payment)) return refuse("payment-already-used", "agency");
  const atMs = clock.wallMs();
  const receiptNumber = `R${String(ledger.next("receipt")).padStart(12, "0")}`;
  ledger.confirm(billId, { receiptNumber, payment, atMs });
  return done({ receiptNumber, confirmedAt: moment(atMs), amountFen });
}

export function benefits(context: ServiceContext, { input }: Request): ServiceAnswer {
  const found = cardOf(context, input);
  if (!found.ok) return found.answer;
  const person = holderOf(context, found.value);
  if (person === undefined) return refuse("person-unknown", "agency");
  const { entitlements, payments } = person.facts;
  return done({
    asOf: moment(context.clock.wallMs()),
    financialAccount: person.account,
    entitlements: entitlements.slice(0, ROWS_MAX),
    payments: payments.slice(0, ROWS_MAX),
  });
}
