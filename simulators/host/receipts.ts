/* Builds what the host signs for a terminal: receipts and presence. Spec: pos/v1, 4 and 6. */
import { type Bytes, utf8 } from "../../device/base/bytes.ts";
import type { Clock, Randomness } from "../../device/base/ports.ts";
import { canonicalText, type Json } from "./canonical.ts";
import { type HostFaults, happens } from "./faults.ts";
import type { Ledger } from "./ledger.ts";
import { type Sealer, spoilSignature } from "./sealing.ts";

export interface ReceiptContext {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly sealer: Sealer;
  readonly ledger: Ledger;
  readonly faults: HostFaults;
}

export interface ReceiptOrder {
  readonly tid: string;
  readonly journalId: string;
  /** The batch that is answered: what it parked is repeated even when later batches are already in. */
  readonly answers: number;
  readonly need?: number;
}

/** A terminal keeps at most 8 batches in flight, so the parked records of that many are repeated with every receipt. */
const BATCHES_REPEATED = 8;
/** Keeps a receipt below the payload limit. */
const REJECTS_MAX = 500;

function signedMessage(context: ReceiptContext, members: { readonly [key: string]: Json | undefined }, spoil: boolean): Bytes {
  const sig = context.sealer.sign(members);
  return utf8(canonicalText({ ...members, sig: spoil ? spoilSignature(sig) : sig }));
}

/** Takes one from a countdown switch. */
function countDown(faults: HostFaults, name: "dropNextReceipts" | "wrongHashNextReceipts" | "wrongSignatureNextReceipts" | "dropNextReplies"): boolean {
  if (faults[name] <= 0) return false;
  faults[name] -= 1;
  return true;
}

/** A receipt ready to be published, or undefined when a fault switch swallows it. */
export function buildReceipt(context: ReceiptContext, order: ReceiptOrder): Bytes | undefined {
  const { ledger, faults, sealer, clock } = context;
  if (countDown(faults, "dropNextReceipts") || happens(context.randomness, faults.dropReceiptProbability)) return undefined;
  const { tid, journalId } = order;
  const head = ledger.head(tid, journalId);
  const from = Math.min(order.answers, head.upTo) - BATCHES_REPEATED + 1;
  const rejects = ledger.rejectsOfBatches(tid, journalId, { from, to: head.upTo, limit: REJECTS_MAX }).map(({ seq, reason }) => ({ seq, reason }));
  const hash = countDown(faults, "wrongHashNextReceipts") ? sealer.hash(utf8(head.hash)) : head.hash;
  const members = { v: 1, tid, journalId, upTo: head.upTo, hash, rejects, need: order.need, slowMs: faults.slowMs, hostTimeMs: clock.wallMs() };
  return signedMessage(context, members, countDown(faults, "wrongSignatureNextReceipts"));
}

export function buildPresence(context: ReceiptContext, tid: string, presence: { readonly drain: boolean; readonly reconnectWindowMs: number }): Bytes {
  return signedMessage(context, { v: 1, tid, hostTimeMs: context.clock.wallMs(), ...presence }, false);
}

/** Whether a fault switch swallows the next live reply. */
export function swallowsReply(context: Pick<ReceiptContext, "faults" | "randomness">): boolean {
  return countDown(context.faults, "dropNextReplies") || happens(context.randomness, context.faults.dropReplyProbability);
}
