/* What people do at the agency while it runs, by name, and what its books say. */
import { countField, isFields, type JsonFields, textField } from "../canonical.ts";
import type { Agency } from "./agency.ts";
import { type LossLists, lossEntries } from "./loss-list.ts";
import { holderOfCard } from "./persons.ts";
import { CARD_STATUSES } from "./words.ts";

export type AgencyReply = { readonly ok: true; readonly [name: string]: unknown } | { readonly ok: false; readonly reason: string };

const OK: AgencyReply = { ok: true };
const SERIAL_MAX = 99_999_999;
const AMOUNT_FEN_MAX = 99_999_999_999;

function refused(reason: string): AgencyReply {
  return { ok: false, reason };
}

function withCard(agency: Agency, fields: JsonFields, act: (cardNumber: string, identityNumber: string) => AgencyReply): AgencyReply {
  const card = agency.ledger.card(textField(fields, "card") ?? "");
  return card === undefined ? refused("card is not known here") : act(card.cardNumber, card.identityNumber);
}

/** Takes up the holder of a test card by its serial number. */
function enrol(agency: Agency, fields: JsonFields): AgencyReply {
  const serial = countField(fields, "serial");
  const region = textField(fields, "region");
  const status = CARD_STATUSES.find((word) => word === (fields["status"] ?? "active"));
  if (serial === undefined || serial > SERIAL_MAX || status === undefined) return refused("serial of a test card is needed, and a status that there is");
  if (region !== undefined && !/^\d{6}$/.test(region)) return refused("region has six digits");
  const enrolment = holderOfCard({ serial, status, ...(region === undefined ? {} : { regionCode: region }) });
  agency.ledger.enrol(enrolment, agency.nowMs());
  return { ok: true, card: enrolment.cards[0]?.cardNumber };
}

function bill(agency: Agency, fields: JsonFields): AgencyReply {
  return withCard(agency, fields, (_, identityNumber) => {
    const [billId, amountFen] = [textField(fields, "bill"), countField(fields, "amountFen")];
    if (billId === undefined || !/^[\w.-]{1,40}$/.test(billId)) return refused("bill is malformed");
    if (amountFen === undefined || amountFen < 1 || amountFen > AMOUNT_FEN_MAX) return refused("amountFen is malformed");
    const [insurance = "resident-medical", period = "2026"] = ["insurance", "period"].map((name) => textField(fields, name));
    const kind = fields["kind"] === "examination" ? "examination" : "contribution";
    const owed = agency.ledger.owe({ billId, identityNumber, kind, insurance, period, amountFen, due: "", mandate: fields["mandate"] === true });
    return owed ? OK : refused("there is such a bill already");
  });
}

function payElsewhere(agency: Agency, fields: JsonFields): AgencyReply {
  const receiptNumber = `W${String(agency.ledger.next("elsewhere")).padStart(12, "0")}`;
  const paid = agency.ledger.confirm(textField(fields, "bill") ?? "", { receiptNumber, payment: null, atMs: agency.nowMs() });
  return paid ? { ok: true, receiptNumber } : refused("no such bill is open");
}

function status(agency: Agency, fields: JsonFields): AgencyReply {
  return withCard(agency, fields, (cardNumber) => {
    const wanted = CARD_STATUSES.find((word) => word === fields["status"]);
    if (wanted === undefined) return refused(`status is one of ${CARD_STATUSES.join(", ")}`);
    agency.ledger.setStatus(cardNumber, wanted, agency.nowMs());
    return OK;
  });
}

function account(agency: Agency, fields: JsonFields): AgencyReply {
  return withCard(agency, fields, (_, identityNumber) => {
    const wanted = (["active", "inactive", "unknown"] as const).find((word) => word === fields["account"]);
    if (wanted === undefined) return refused("account is one of active, inactive, unknown");
    agency.ledger.changePerson(identityNumber, { account: wanted });
    return OK;
  });
}

const ACTS: Readonly<Record<string, (agency: Agency, fields: JsonFields) => AgencyReply>> = {
  enrol,
  bill,
  "withdraw-bill": (agency, fields) => (agency.ledger.withdrawBill(textField(fields, "bill") ?? "") ? OK : refused("no such bill is open")),
  "pay-elsewhere": payElsewhere,
  status,
  account,
  "order-block": (agency, fields) =>
    withCard(agency, fields, (cardNumber) => {
      agency.ledger.orderBlock(cardNumber, textField(fields, "level") ?? "city", countField(fields, "sequence") ?? 1);
      return OK;
    }),
  totals: (agency) => ({ ok: true, ...agency.ledger.totals(), late: agency.late() }),
  paid: (agency) => ({
    ok: true,
    paid: agency.ledger.paidBills().map(({ billId, amountFen, receiptNumber, payment }) => ({ billId, amountFen, receiptNumber, payment })),
  }),
  losses: (agency) => ({ ok: true, entries: lossEntries(agency) }),
};

function publishLosses(lists: LossLists | undefined, fields: JsonFields): AgencyReply {
  const region = textField(fields, "region") ?? "";
  if (lists === undefined || !/^\d{6}$/.test(region)) return refused("region has six digits");
  return { ok: true, published: lists.publish(region) };
}

/** One instruction from outside: `{act, card | serial | bill | region, …}`. */
export function actAtAgency(agency: Agency, value: unknown, lists?: LossLists): AgencyReply {
  if (!isFields(value)) return refused("not-an-object");
  const name = textField(value, "act") ?? "";
  if (name === "publish-losses") return publishLosses(lists, value);
  const act = Object.hasOwn(ACTS, name) ? ACTS[name] : undefined;
  return act === undefined ? refused(`an act is one of ${Object.keys(ACTS).join(", ")}, publish-losses`) : act(agency, value);
}
