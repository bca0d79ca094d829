/* The card's part of a sale in the steps that the flow knows. */
import type { Bytes } from "../../base/bytes.ts";
import { type Fault, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { debitPurchase, readLogRecord, readPublicData, selectPurse } from "../../card/purse/commands.ts";
import { LOG_RECORDS_MAX } from "../../card/purse/prove-sale.ts";
import { type DebitAnswer, PURCHASE_TYPE_COMPOSITE, PURCHASE_TYPE_PURSE, type PursePublicData } from "../../card/purse/types.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import type { PurseProfile } from "./ports.ts";
import type { Reason } from "./types.ts";

/** Spec: PBOC purse, DEBIT FOR PURCHASE. */
export interface DebitCommand {
  readonly terminalSequence: number;
  readonly date: Bytes;
  readonly time: Bytes;
  readonly mac1: Bytes;
}

export type Identification =
  | { readonly kind: "ok"; readonly data: PursePublicData; readonly logSequence: number | undefined }
  | { readonly kind: "unusable"; readonly reason: Reason; readonly statusWord?: number };

/** Selects the purse and reads who it is, and how far its log has come: by that, "not debited" can be told later. */
export async function identifyPurse(channel: CardChannel, profile: PurseProfile, limits: Limits): Promise<Identification> {
  const selected = await selectPurse(channel, profile.applications, limits);
  if (selected.kind !== "ok") return { kind: "unusable", reason: selected.kind === "no-purse" ? "no-purse" : "application-blocked" };
  const data = await readPublicData(channel, limits);
  if (data.kind !== "ok") return { kind: "unusable", reason: "card-refused", statusWord: data.statusWord };
  const log = await newestPurchase(channel, limits);
  if (log.kind === "refused") return { kind: "unusable", reason: "card-refused", statusWord: log.statusWord };
  return { kind: "ok", data, logSequence: log.sequence };
}

type NewestPurchase = { readonly kind: "read"; readonly sequence: number | undefined } | { readonly kind: "refused"; readonly statusWord: number };

/** Loads stand in the same log but count with another counter, so they are passed over. */
async function newestPurchase(channel: CardChannel, limits: Limits): Promise<NewestPurchase> {
  for (let number = 1; number <= LOG_RECORDS_MAX; number += 1) {
    const answer = await readLogRecord(channel, number, limits);
    if (answer.kind === "refused") return answer;
    if (answer.kind === "no-record") return { kind: "read", sequence: undefined };
    const { type, sequence } = answer.entry;
    if (type === PURCHASE_TYPE_PURSE || type === PURCHASE_TYPE_COMPOSITE) return { kind: "read", sequence };
  }
  return { kind: "read", sequence: undefined };
}

export type Debit = DebitAnswer | { readonly kind: "lost"; readonly fault: Fault; readonly effectUnknown: boolean };

/** Sends the debit; a fault becomes an answer of its own, because the flow goes on after it. */
export async function debitOnce(channel: CardChannel, command: DebitCommand, limits: Limits): Promise<Debit> {
  try {
    return await debitPurchase(channel, command, limits);
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    return { kind: "lost", fault, effectUnknown: fault.effectUnknown };
  }
}
