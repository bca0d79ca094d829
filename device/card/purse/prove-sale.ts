/*
 * Goal: after a debit whose answer was lost, learn from the card alone whether it took place.
 * Method: the card's log is searched for exactly this sale. A proof by itself says nothing, because a card goes on proving its
 * previous sale; so the log decides, and the proof is fetched for what the log has confirmed. "Not debited" is said only when the log
 * must still hold the sale if it had happened. Spec: PBOC purse, GET TRANSACTION PROVE.
 */
import type { Limits } from "../../base/ports.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { proveTransaction, readLogRecord } from "./commands.ts";
import { PURCHASE_TYPE_COMPOSITE, PURCHASE_TYPE_PURSE, type PurchaseIntent, type PurseLogEntry, type SaleEvidence } from "./types.ts";

/** Records of EF18. Spec: PBOC purse, EF18. */
export const LOG_RECORDS_MAX = 10;
const SEQUENCE_MAX = 0xffff;

export interface ProveSaleRequest {
  readonly intent: PurchaseIntent;
  readonly proveSeqOrder: CardProfile["proveSeqOrder"];
}

/** Gathers the evidence of one sale from the card, whose purse is selected. At most 13 commands, each within `limits`. */
export async function proveSale(channel: CardChannel, request: ProveSaleRequest, limits: Limits): Promise<SaleEvidence> {
  const { intent } = request;
  // Only transactions that count with the same counter as this sale say anything by their sequence.
  let newestOfCounter = true;
  for (let number = 1; number <= LOG_RECORDS_MAX; number += 1) {
    const answer = await readLogRecord(channel, number, limits);
    if (answer.kind === "no-record") return { kind: "not-debited" };
    if (answer.kind === "refused") return { kind: "undecidable", why: "log-unreadable", statusWord: answer.statusWord };
    const { entry } = answer;
    if (isThisSale(entry, intent))
      return newestOfCounter ? fetchProof(channel, { ...request, entry }, limits) : { kind: "debited", proof: "log-only", logSequence: entry.sequence };
    if (!sharesCounter(entry)) continue;
    if (predates(entry, intent)) return { kind: "not-debited" };
    newestOfCounter = false;
  }
  return { kind: "undecidable", why: "log-overrun" };
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

/**
 * Whether an entry that is not this sale's is older than it, or has taken its sequence. The log drops its oldest first, so
 * that this sale would still be above such an entry if it had happened.
 */
function predates(entry: PurseLogEntry, intent: PurchaseIntent): boolean {
  const bound = Math.max(intent.cardSequence ?? -1, intent.logSequenceBefore ?? -1);
  return entry.sequence <= bound;
}

/** Loads count with the online counter, purchases of the purse with the offline one. */
function sharesCounter(entry: PurseLogEntry): boolean {
  return entry.type === PURCHASE_TYPE_PURSE || entry.type === PURCHASE_TYPE_COMPOSITE;
}

async function fetchProof(channel: CardChannel, request: ProveSaleRequest & { readonly entry: PurseLogEntry }, limits: Limits): Promise<SaleEvidence> {
  const { entry, intent } = request;
  for (const sequence of provableSequences(request)) {
    const answer = await proveTransaction(channel, { type: intent.type, sequence }, limits);
    if (answer.kind === "ok") {
      return { kind: "debited", proof: "log", logSequence: entry.sequence, provedSequence: sequence, tac: answer.tac, mac2: answer.mac2 };
    }
  }
  return { kind: "debited", proof: "log-only", logSequence: entry.sequence };
}

/** Cards disagree about which number proves a sale, so that all that are possible are tried, in the profile's order, each once. */
function provableSequences({ intent, entry, proveSeqOrder }: ProveSaleRequest & { readonly entry: PurseLogEntry }): readonly number[] {
  const before = intent.cardSequence ?? entry.sequence - 1;
  const candidates = proveSeqOrder.map((name) => (name === "log1" ? entry.sequence : name === "seq" ? before : before + 1));
  return [...new Set(candidates)].filter((sequence) => sequence >= 0 && sequence <= SEQUENCE_MAX);
}
