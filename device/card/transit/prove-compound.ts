/*
 * Goal: after a compound purchase whose answer was lost, learn from the card alone whether it took place.
 * Method: two witnesses that the card wrote in one step with the money: the log of the purse and the industry record. Either one that is
 * exactly this purchase's proves it; an entry of zero may stand in the industry file alone, because cards are free not to log it. "Not
 * debited" needs both: a log that must hold the sale and does not, and no such record. Spec: JT/T 978, gate flow.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, EMPTY } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { isOk } from "../../codec/apdu.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange } from "../dialogue.ts";
import { proveTransaction } from "../purse/commands.ts";
import { provableSequences } from "../purse/log.ts";
import { type ProveSaleRequest, proveSale } from "../purse/prove-sale.ts";
import { type DebitProof, PURCHASE_TYPE_COMPOSITE, type SaleEvidence } from "../purse/types.ts";
import type { CompoundUpdate } from "./compound.ts";

/** How many of the newest records of a cyclic file are looked through for the one that was to be written. */
export const WITNESS_RECORDS_MAX = 3;

/** A record that the debit was to commit, and how it is told from every other purchase's: by terminal and time, as a trip record can. */
export interface RecordWitness extends Pick<CompoundUpdate, "file" | "by" | "record"> {
  readonly length: number;
  readonly isThis: (data: Bytes) => boolean;
}

export interface ProveCompoundRequest extends ProveSaleRequest {
  /** Left out: the log alone decides, as for a plain sale. */
  readonly witness?: RecordWitness;
}

export type CompoundEvidence =
  | SaleEvidence
  /** The industry record is this purchase's. The codes are there when the card proves its sequence and that was known. */
  | { readonly kind: "debited"; readonly proof: "record"; readonly record: Bytes; readonly codes?: Pick<DebitProof, "tac" | "mac2"> };

/** Gathers the evidence of one compound purchase from the card, whose application is selected. At most 19 commands, each within `limits`. */
export async function proveCompound(channel: CardChannel, request: ProveCompoundRequest, limits: Limits): Promise<CompoundEvidence> {
  assert(request.intent.type === PURCHASE_TYPE_COMPOSITE, "a compound purchase has its own type");
  const sale = await proveSale(channel, request, limits);
  const { witness } = request;
  if (sale.kind === "debited" || witness === undefined) return sale;
  const seen = await lookForRecord(channel, witness, limits);
  if (seen.kind === "found") {
    const codes = await codesOf(channel, request, limits);
    return { kind: "debited", proof: "record", record: seen.data, ...(codes === undefined ? {} : { codes }) };
  }
  // A file that cannot be read might hold the record: then an absent log entry alone must not call the purchase undone.
  return sale.kind === "not-debited" && seen.kind === "unreadable" ? { kind: "undecidable", why: "log-unreadable" } : sale;
}

export type RecordSearch = { readonly kind: "found"; readonly data: Bytes } | { readonly kind: "absent" | "unreadable" };

/** Looks for the record of one purchase on the card. At most 3 commands. Faults: those of the channel. */
export async function lookForRecord(channel: CardChannel, { file, by, record, length, isThis }: RecordWitness, limits: Limits): Promise<RecordSearch> {
  // A record that is added to a cyclic file becomes its number 1, and a later one pushes it down.
  const added = by === "identifier" && record === 0;
  const places = added ? Array.from({ length: WITNESS_RECORDS_MAX }, (_, at) => at + 1) : [record];
  for (const place of places) {
    const p2 = (file << 3) | (added || by === "number" ? 0x04 : 0x00);
    const answer = await exchange(channel, { cla: 0x00, ins: 0xb2, p1: place, p2, data: EMPTY, le: length }, limits);
    if (answer.sw === 0x6a83) return { kind: "absent" };
    if (!isOk(answer.sw)) return { kind: "unreadable" };
    if (isThis(answer.data)) return { kind: "found", data: answer.data };
  }
  return { kind: "absent" };
}

/** The codes of this purchase's own sequence; without knowing it a proof might be an earlier purchase's. */
async function codesOf(
  channel: CardChannel,
  { intent, proveSeqOrder }: ProveCompoundRequest,
  limits: Limits,
): Promise<Pick<DebitProof, "tac" | "mac2"> | undefined> {
  // Without the sequence there is nothing to ask for. The higher number first: in a card that counts before it writes, the lower one may still prove the purchase before this.
  const sequences = [...provableSequences(proveSeqOrder, { logged: undefined, before: intent.cardSequence })].sort((left, right) => right - left);
  for (const sequence of sequences) {
    const answer = await proveTransaction(channel, { type: intent.type, sequence }, limits);
    if (answer.kind === "ok") return { tac: answer.tac, mac2: answer.mac2 };
  }
  return undefined;
}
