/* Whether a receipt is the host's own word about our own batch. Spec: pos/v1, 4. */
import type { Bytes } from "../../base/bytes.ts";
import { parseReceipt, type Receipt, ZERO_HASH } from "../../codec/upload.ts";
import type { MessageProblem } from "../../codec/upload-fields.ts";
import type { CipherSuite, Sm2PublicKey } from "../../crypto/face.ts";
import type { UploadJournal } from "../../txn/journal/types.ts";
import { firstHeld } from "../outbox/held.ts";
import { previousHashOf } from "../outbox/supply.ts";

export type ReceiptRefusal =
  | MessageProblem
  | "other-terminal"
  | "signature-wrong"
  /** Signed by the host, but about another life of this terminal. */
  | "other-journal"
  /** The host knows batches that we do not: this journal was set back. */
  | "beyond-our-batches"
  /** The host wants records that were receipted once and have been taken away by rule since. */
  | "no-longer-held"
  | "hash-differs";

export interface ReceiptCheck {
  /** True as soon as the signature holds: the host is there, whatever it says. */
  readonly hostHeard: boolean;
  readonly hostTimeMs: number;
  readonly outcome: { readonly ok: true; readonly receipt: Receipt } | { readonly ok: false; readonly reason: ReceiptRefusal };
}

export interface ReceiptDesk {
  readonly suite: CipherSuite;
  readonly hostKey: Sm2PublicKey;
  readonly journal: Pick<UploadJournal, "terminalId" | "journalId" | "batch" | "firstBatch" | "firstSeq">;
}

/** Checks a receipt from outside. Faults: those of the journal. */
export async function checkReceipt(desk: ReceiptDesk, payload: Bytes): Promise<ReceiptCheck> {
  const refuse = (reason: ReceiptRefusal): ReceiptCheck => ({ hostHeard: false, hostTimeMs: 0, outcome: { ok: false, reason } });
  const parsed = parseReceipt(payload);
  if (!parsed.ok) return refuse(parsed.reason);
  const { signedBytes, signature, ...receipt } = parsed.message;
  if (receipt.tid !== desk.journal.terminalId) return refuse("other-terminal");
  if (!desk.suite.sm2Verify(desk.hostKey, signedBytes, signature)) return refuse("signature-wrong");
  const reason = await refusalOf(desk, receipt);
  return { hostHeard: true, hostTimeMs: receipt.hostTimeMs, outcome: reason === undefined ? { ok: true, receipt } : { ok: false, reason } };
}

async function refusalOf(desk: ReceiptDesk, receipt: Receipt): Promise<ReceiptRefusal | undefined> {
  if (receipt.journalId !== desk.journal.journalId) return "other-journal";
  if (receipt.upTo === 0 && receipt.hash !== ZERO_HASH) return "hash-differs";
  if (await isGone(desk.journal, receipt)) return "no-longer-held";
  if (receipt.upTo === 0) return undefined;
  const own = await desk.journal.batch(receipt.upTo);
  const hash = own === undefined ? await hashBeforeHeld(desk.journal, receipt.upTo) : own.hash;
  if (hash === undefined) return "beyond-our-batches";
  return hash === receipt.hash ? undefined : "hash-differs";
}

/** Whether the host wants a batch whose records were taken away by rule. Spec: pos/v1, 4. */
async function isGone(journal: ReceiptDesk["journal"], { need }: Receipt): Promise<boolean> {
  const held = need === undefined ? undefined : await firstHeld(journal);
  return need !== undefined && held !== undefined && need < held.batchSeq;
}

/** The hash that the first held batch continues, where the host has given up what stood in front of it. */
async function hashBeforeHeld(journal: ReceiptDesk["journal"], upTo: number): Promise<string | undefined> {
  const held = await firstHeld(journal);
  return held?.batchSeq === upTo + 1 ? previousHashOf(held) : undefined;
}
