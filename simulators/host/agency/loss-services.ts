/* Loss and its end. A temporary loss lapses by rule; a formal one stands until it is lifted or the card is replaced. Spec: agency/v1, loss-report. */
import { type JsonFields, textField } from "../canonical.ts";
import type { BookEntry } from "../lists.ts";
import type { Request, ServiceAnswer } from "./envelope.ts";
import { dateOf, lapsesAt, moment, readMoment } from "./moments.ts";
import { cardByNumber, done, MALFORMED, refusalOfPerson, refuse, type ServiceContext, wordOf } from "./service.ts";
import type { AgencyCard, Loss } from "./words.ts";

const LEVEL = "city";

/** The entry by which lists name a loss. Spec: pos/v1, 8. */
export function lossEntry({ cardNumber, loss, reportedMs }: Pick<Loss, "cardNumber" | "loss" | "reportedMs">): BookEntry {
  if (loss === "formal") return { entry: "number", number: "card-number", value: cardNumber };
  return { entry: "loss", number: "card-number", value: cardNumber, date: dateOf(reportedMs) };
}

function entryRows(loss: Pick<Loss, "cardNumber" | "loss" | "reportedMs">): readonly JsonFields[] {
  return [{ level: LEVEL, ...lossEntry(loss) }];
}

function find(context: ServiceContext, input: JsonFields): AgencyCard | ServiceAnswer {
  const cardNumber = textField(input, "cardNumber");
  const card = cardNumber === undefined ? undefined : cardByNumber(context, cardNumber);
  if (cardNumber === undefined) return MALFORMED;
  if (card === undefined) return refuse("card-unknown", "agency");
  return refusalOfPerson(context, card, input) ?? card;
}

/** Why a loss is not taken; undefined where it is. */
function refusalOfReport({ variants }: ServiceContext, card: AgencyCard, { loss, shown }: { readonly loss: Loss["loss"]; readonly shown: boolean }) {
  if (card.status === "cancelled") return refuse("card-cancelled", "agency");
  if (card.status === "formal-loss" || card.status === "reissuing") return refuse("already-reported", "agency");
  if (loss === "temporary") return card.status === "temporary-loss" ? refuse("already-reported") : undefined;
  if (variants.formalLoss === "not-offered") return refuse("not-offered", "agency");
  return shown ? undefined : refuse("identity-not-shown", "agency");
}

export function lossReport(context: ServiceContext, { input }: Request): ServiceAnswer {
  const { ledger, clock, variants } = context;
  const card = find(context, input);
  if ("ok" in card) return card;
  const loss = wordOf(input, "loss", ["temporary", "formal"]);
  const saidMs = readMoment(input["reportedAt"]);
  if (loss === undefined || saidMs === undefined) return MALFORMED;
  const refusal = refusalOfReport(context, card, { loss, shown: input["identityShown"] === true });
  if (refusal !== undefined) return refusal;
  // A report that waited for the network keeps its hour; one from the future is of now.
  const reportedMs = Math.min(saidMs, clock.wallMs());
  const rule = loss === "formal" ? "none" : variants.lapseRule;
  const lapsesMs = lapsesAt(rule, reportedMs);
  const statusBefore = ledger.standingLoss(card.cardNumber)?.statusBefore ?? card.status;
  const report = `L${String(ledger.next("report")).padStart(12, "0")}`;
  ledger.report({ report, cardNumber: card.cardNumber, loss, reportedMs, lapsesMs, rule, statusBefore });
  const status = loss === "formal" ? "formal-loss" : "temporary-loss";
  ledger.setStatus(card.cardNumber, status, reportedMs);
  return done({
    report,
    loss,
    status,
    reportedAt: moment(reportedMs),
    rule,
    ...(lapsesMs === undefined ? {} : { lapsesAt: moment(lapsesMs) }),
    listed: entryRows({ cardNumber: card.cardNumber, loss, reportedMs }),
  });
}

export function lossWithdraw(context: ServiceContext, { input }: Request): ServiceAnswer {
  const { ledger, clock, variants } = context;
  const card = find(context, input);
  if ("ok" in card) return card;
  if (card.status === "reissuing" || card.status === "cancelled") return refuse("card-reissuing", "agency");
  const loss = ledger.standingLoss(card.cardNumber);
  if (loss === undefined) return refuse("not-reported");
  if (input["identityShown"] !== true) return refuse("identity-not-shown", "agency");
  if (loss.loss === "formal" && variants.formalWithdrawal === "agency") return refuse("formal-loss-at-agency", "agency");
  const nowMs = clock.wallMs();
  ledger.endLoss(loss.report, "withdrawn");
  ledger.setStatus(card.cardNumber, loss.statusBefore, nowMs);
  return done({ status: loss.statusBefore, withdrawnAt: moment(nowMs), unlisted: entryRows(loss) });
}
