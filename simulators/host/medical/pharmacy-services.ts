/*
 * Pharmacy purchase: trial calculation, settlement, void. Spec: FSI, 2101; FSI, 2102; FSI, 2103.
 * The trial and the settlement read and divide the basket with the same code; only the settlement books.
 */
import { admit } from "./admission.ts";
import { readLines, readPacks } from "./basket.ts";
import { parseDecimal, sumOf } from "./decimals.ts";
import type { FsiRequest } from "./envelope.ts";
import { readFields } from "./fields.ts";
import type { Settlement } from "./insurer-ledger.ts";
import { type Parse, refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";
import { bookPurchase, type Purchase, queryFigures, tryOut } from "./settlement.ts";
import { FSI_FIELDS } from "./tables.ts";

function readBasket(context: ServiceContext, request: FsiRequest): Parse<Purchase> {
  const parsed = readFields(request.input["druginfo"], "druginfo", FSI_FIELDS.druginfo);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const admission = admit(context, { request, node, place: "pharmacy", disease: node["dise_codg"] ?? "" });
  if (!admission.ok) return admission;
  const lines = readLines(context, request.input["drugdetail"], { name: "drugdetail", table: FSI_FIELDS.drugdetail });
  if (!lines.ok) return lines;
  if (parseDecimal(node["medfee_sumamt"], 2) !== sumOf(lines.value, ({ amountFen }) => amountFen)) return refuse("medfee_sumamt is not the sum of the lines");
  // The trial is asked before packs are scanned in some shops; whoever tells of packs there is judged as at the settlement.
  const packs =
    request.infno === "2101" && request.input["drug_trac_info"] === undefined ? undefined : readPacks(context, request.input["drug_trac_info"], lines.value);
  if (packs?.ok === false) return packs;
  return { ok: true, value: { ...admission.value, place: "pharmacy", node, lines: lines.value, packs: packs?.value ?? [] } };
}

/** 2101: what a settlement would say now. */
export function preSettle(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const basket = readBasket(context, request);
  return basket.ok ? tryOut(context, request, basket.value) : basket;
}

/** 2102: books. */
export function settle(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const basket = readBasket(context, request);
  return basket.ok ? bookPurchase(context, request, basket.value) : basket;
}

/** The settlement that a void or a query names, when person and visit agree. */
export function namedSettlement(context: ServiceContext, request: FsiRequest): Parse<Settlement> {
  const parsed = readFields(request.input["data"], "data", FSI_FIELDS.named);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const entry = context.ledger.settlement(node["setl_id"] ?? "");
  if (entry === undefined || entry.personNumber !== node["psn_no"] || entry.visitId !== node["mdtrt_id"]) return refuse("there is no such settlement");
  return { ok: true, value: entry };
}

/** Takes a settlement of one kind back by its id, once. */
export function voidNamed(context: ServiceContext, request: FsiRequest, infno: Settlement["infno"]): ServiceAnswer {
  const named = namedSettlement(context, request);
  if (!named.ok) return named;
  const entry = named.value;
  if (entry.infno !== infno) return refuse("there is no such settlement");
  if (entry.status !== "booked") return refuse("the settlement has been taken back already");
  if (context.ledger.voidOf(request.msgid) !== undefined) return refuse("msgid has been used");
  if (context.variants.reversalRemembersUnknown && context.ledger.reversalSeen(request.msgid)) return refuse("msgid has been reversed");
  context.ledger.takeBack(entry, { status: "voided", msgid: request.msgid, atMs: context.clock.wallMs() });
  return { ok: true, output: { setlinfo: queryFigures(entry, context.variants) } };
}

/** 2103. */
export function voidSettlement(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  return voidNamed(context, request, "2102");
}
