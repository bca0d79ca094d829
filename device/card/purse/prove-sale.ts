/*
 * Goal: after a debit whose answer was lost, learn from the card alone whether it took place.
 * Method: the card's log is searched for exactly this sale. A proof by itself says nothing, because a card goes on proving its
 * previous sale; so the log decides, and the proof is fetched for what the log has confirmed. "Not debited" is said only when the log
 * must still hold the sale if it had happened. Spec: PBOC purse, GET TRANSACTION PROVE.
 */
import type { Limits } from "../../base/ports.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { proveTransaction } from "./commands.ts";
import { provableSequences, searchLog } from "./log.ts";
import {
  type CardRefusal,
  PURCHASE_TYPE_COMPOSITE,
  PURCHASE_TYPE_PASSBOOK,
  PURCHASE_TYPE_PURSE,
  type PurchaseIntent,
  type PurseLogEntry,
  type PurseName,
  type SaleEvidence,
} from "./types.ts";

export { LOG_RECORDS_MAX } from "./log.ts";

export interface ProveSaleRequest {
  readonly intent: PurchaseIntent;
  readonly proveSeqOrder: CardProfile["proveSeqOrder"];
  /** The purse that compound purchases (type 09) of this card use. Left out: the e-purse. */
  readonly compoundPurse?: PurseName;
}

/** Gathers the evidence of one sale (type 05, 06 or 09) from the card, whose purse is selected. At most 13 commands, each within `limits`. */
export async function proveSale(channel: CardChannel, request: ProveSaleRequest, limits: Limits): Promise<SaleEvidence> {
  const { intent } = request;
  const search = await searchLog(
    channel,
    {
      isWanted: (entry) => isThisSale(entry, intent),
      order: { sharesCounter: (entry) => sharesCounter(entry, request), predates: (entry) => predates(entry, intent) },
    },
    limits,
  );
  if (search.kind === "absent") return { kind: "not-debited" };
  if (search.kind === "undecidable") return search;
  const { entry } = search;
  if (!search.newestOfCounter) return { kind: "debited", proof: "log-only", logSequence: entry.sequence };
  return fetchProof(channel, { ...request, entry }, limits);
}

/** Whether a log entry is exactly this sale's: all five facts equal, and a sequence that this sale can have. */
export function isThisSale(entry: PurseLogEntry, intent: PurchaseIntent): boolean {
  const equal =
    entry.type === intent.type &&
    entry.terminalNumber === intent.terminalNumber &&
    entry.date === intent.date &&
    entry.time === intent.time &&
    entry.amount === intent.amount;
  if (!equal || (intent.logSequenceBefore !== undefined && entry.sequence <= intent.logSequenceBefore)) return false;
  // Cards log the sequence from before or from after the increment.
  return intent.cardSequence === undefined || entry.sequence === intent.cardSequence || entry.sequence === intent.cardSequence + 1;
}

/** Whether an entry that is not this sale's is older than it, or has taken its sequence. */
function predates(entry: PurseLogEntry, intent: PurchaseIntent): boolean {
  const bound = Math.max(intent.cardSequence ?? -1, intent.logSequenceBefore ?? -1);
  return entry.sequence <= bound;
}

/**
 * Loads count with the online counter, purchases with the offline one of their own purse. Entries of which that is not known for certain
 * are passed over: to take another counter's number for this one's could call a debited sale "not debited".
 */
function sharesCounter(entry: PurseLogEntry, { intent, compoundPurse }: ProveSaleRequest): boolean {
  if (intent.type === PURCHASE_TYPE_COMPOSITE && entry.type === PURCHASE_TYPE_COMPOSITE) return true;
  return isPurchaseOf(entry.type, { purse: purseOfSale(intent), compoundPurse });
}

/** The purses of one card: the one that is meant, and the one that compound purchases use (left out: the e-purse). */
export interface PurseCounters {
  readonly purse: PurseName;
  readonly compoundPurse?: PurseName | undefined;
}

function isPurchaseOf(type: number, { purse, compoundPurse = "e-purse" }: PurseCounters): boolean {
  if (type === PURCHASE_TYPE_COMPOSITE) return compoundPurse === purse;
  return type === (purse === "e-purse" ? PURCHASE_TYPE_PURSE : PURCHASE_TYPE_PASSBOOK);
}

export type NewestSaleAnswer = { readonly kind: "ok"; readonly sequence: number | undefined } | CardRefusal;

/**
 * Sequence of the newest purchase that the log holds of one purse, undefined for none: what an intent keeps as `logSequenceBefore`. Entries
 * of other counters are passed over, because a higher number of theirs would hide the sale. At most 10 commands. Faults: those of the channel.
 */
export async function readNewestSale(channel: CardChannel, counters: PurseCounters, limits: Limits): Promise<NewestSaleAnswer> {
  const query = { isWanted: (entry: PurseLogEntry) => isPurchaseOf(entry.type, counters) };
  const search = await searchLog(channel, query, limits);
  if (search.kind === "found") return { kind: "ok", sequence: search.entry.sequence };
  if (search.kind === "undecidable" && search.statusWord !== undefined) return { kind: "refused", statusWord: search.statusWord };
  return { kind: "ok", sequence: undefined };
}

/** The purse that a sale was paid from: told by the type of a plain purchase, by the intent itself for a compound one. */
export function purseOfSale(intent: Pick<PurchaseIntent, "type" | "purse">): PurseName {
  if (intent.type === PURCHASE_TYPE_PASSBOOK) return "e-passbook";
  return intent.type === PURCHASE_TYPE_PURSE ? "e-purse" : (intent.purse ?? "e-purse");
}

async function fetchProof(channel: CardChannel, request: ProveSaleRequest & { readonly entry: PurseLogEntry }, limits: Limits): Promise<SaleEvidence> {
  const { entry, intent } = request;
  for (const sequence of provableSequences(request.proveSeqOrder, { logged: entry.sequence, before: intent.cardSequence })) {
    const answer = await proveTransaction(channel, { type: intent.type, sequence }, limits);
    if (answer.kind === "ok") {
      return { kind: "debited", proof: "log", logSequence: entry.sequence, provedSequence: sequence, tac: answer.tac, mac2: answer.mac2 };
    }
  }
  return { kind: "debited", proof: "log-only", logSequence: entry.sequence };
}
