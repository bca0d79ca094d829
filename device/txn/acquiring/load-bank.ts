/*
 * The bank leg of a load: durable with all that its reversal needs before it is sent, and durable as approved before the card is asked to take
 * anything. While it waits for the card it counts in its batch, because the acquirer counts it. Spec: UnionPay terminal, load.
 */
import type { Bytes } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import { neverAborted } from "../../base/never.ts";
import { buildRequest } from "../acquirer-host/request.ts";
import type { EntryDraft, Journal, JsonObject } from "../journal/types.ts";
import type { LoadCard } from "./load-card.ts";
import { type LegStep, legDraft, legIntent, type RecordedLeg, type RecordedLoad, readLeg, undoneLeg } from "./load-record.ts";
import type { LoadEvent } from "./load-types.ts";
import type { BankReply, BatchBook, HeldLine } from "./ports.ts";
import type { AcquirerProfile } from "./profile.ts";
import { reversalData } from "./record.ts";
import { textOf } from "./steps.ts";

export interface LoadBankParts {
  readonly journal: Journal;
  readonly book: BatchBook;
  readonly profile: AcquirerProfile;
}

type BankEvent = Extract<LoadEvent, { readonly is: "bank-approved" | "bank-refused" | "bank-unknown" }>;

export interface BankAnswer {
  readonly event: BankEvent;
  /** What the record of the load keeps of the bank's word. */
  readonly detail: JsonObject;
}

/** Asks the bank once, with the line held. Faults: those of the journal. */
export async function askBank(
  parts: LoadBankParts,
  line: HeldLine,
  asked: { readonly load: RecordedLoad; readonly card: LoadCard; readonly pinBlock: Bytes | undefined },
): Promise<BankAnswer> {
  const { journal, book, profile } = parts;
  const { load, card, pinBlock } = asked;
  if (book.count >= profile.batchMax) return refused("batch-full");
  const stan = line.nextStan();
  const pin = pinBlock === undefined ? {} : { pinBlock };
  const message = buildRequest(profile, card.business, { trace: stan.stan, batch: line.batch, amount: load.amount, ...card.values(), ...pin });
  const leg = await begin(journal, legIntent({ load, business: card.business, stan, batch: line.batch, undo: reversalData(message) }));
  if (typeof leg === "string") return refused(leg);
  const reply = await line.exchange(message, { timeoutMs: profile.replyTimeoutMs, signal: neverAborted() }, { business: card.business });
  return judge(parts, { leg, card, reply });
}

/** The durable leg, or why it was certainly not begun. */
async function begin(journal: Journal, draft: EntryDraft): Promise<RecordedLeg | string> {
  try {
    return readLeg([await journal.append(draft)]) ?? "leg-unreadable";
  } catch (fault) {
    if (!isFault(fault) || fault.effectUnknown) throw fault;
    return fault.code;
  }
}

async function judge(
  { journal, book }: LoadBankParts,
  { leg, card, reply }: { readonly leg: RecordedLeg; readonly card: LoadCard; readonly reply: BankReply },
): Promise<BankAnswer> {
  const note = (step: LegStep) => journal.append(legDraft(leg, step));
  switch (reply.kind) {
    case "not-sent":
      await note({ state: "void", more: { reason: reply.reason } });
      return refused(reply.reason);
    case "declined":
      await note({ state: "refused", more: { reason: reply.reason, responseCode: reply.responseCode } });
      return { event: { is: "bank-refused", reason: reply.reason, responseCode: reply.responseCode }, detail: { responseCode: reply.responseCode } };
    case "unknown":
      await journal.append(undoneLeg(leg, { cause: reply.cause, reason: reply.reason }));
      return { event: { is: "bank-unknown", reason: reply.reason }, detail: {} };
    case "approved": {
      const accepted = reply.partial === true ? undefined : card.accept(reply.message);
      if (accepted === undefined) {
        const reason = reply.partial === true ? "partial-approval" : "load-answer-useless";
        await journal.append(undoneLeg(leg, { cause: "06", reason }));
        return { event: { is: "bank-unknown", reason }, detail: {} };
      }
      const [retrievalReference, authorization, hostDate] = [textOf(reply.message, 37), textOf(reply.message, 38), textOf(reply.message, 13)];
      const more = { approved: true, responseCode: reply.responseCode, retrievalReference, authorization, hostDate };
      await note({ state: "acting", more, marks: book.add(leg.subject) });
      return { event: { is: "bank-approved" }, detail: { ...accepted, crediting: true } };
    }
  }
}

function refused(reason: string): BankAnswer {
  return { event: { is: "bank-refused", reason }, detail: {} };
}
