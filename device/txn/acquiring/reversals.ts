/*
 * Goal: whatever the bank may have booked and nobody was told is taken back, exactly that, before anything else is asked of the bank.
 * Method: the records of unknown outcome hold all that their reversal needs. Each attempt without a final answer is counted durably; after the
 * last one the record is parked: people deal with it, and business goes on. Spec: UnionPay terminal, reversal.
 */
import type { Log } from "../../base/log.ts";
import { neverAborted } from "../../base/never.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { buildReversal } from "../acquirer-host/request.ts";
import { countMember, textMember } from "../journal/members.ts";
import { eachOpenSubject } from "../journal/open-subjects.ts";
import type { EntryDraft, Journal, JournalEntry, OpenSubject } from "../journal/types.ts";
import { mergedDetail } from "../recovery/recover.ts";
import type { ParkedItem } from "./acts.ts";
import type { BankReply, BatchBook, HeldLine, ReversalAct } from "./ports.ts";
import type { AcquirerProfile } from "./profile.ts";
import { BANK_RECORD_KINDS, type PendingReversal, readPending } from "./record.ts";

/** Why it was never sent: see `reversalAfterSettlement`. */
const BATCH_SETTLED = "batch-settled";
/** The acquirer has no such transaction. */
const NOT_FOUND = "25";

export interface ReversalPorts {
  /** With a bound on each wait. */
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly profile: AcquirerProfile;
  readonly book: BatchBook;
  /** Told after the record is durable. */
  readonly onReversed?: (subject: string) => void;
}

/** The line as a reversal needs it. */
export interface ReversingLine extends HeldLine {
  /** Signs in where nobody is signed in; false where that cannot be done now. */
  ensureSignedIn(): Promise<boolean>;
}

/** "absent": it did not go out, or says nothing yet. */
type Sent = "reversed" | "parked" | "pending" | "absent";

export class Reversals {
  readonly #ports: ReversalPorts;
  readonly #journal: Journal;
  /** What people are at. */
  readonly #settling = new Set<string>();
  /** When this life began to watch. */
  readonly #sinceMs: number;
  #pending = 0;
  #parked = 0;

  constructor(ports: ReversalPorts) {
    this.#ports = ports;
    this.#journal = ports.journal;
    this.#sinceMs = ports.clock.monotonicMs();
  }

  /** As of the last look. */
  get pending(): number {
    return this.#pending;
  }

  get parked(): number {
    return this.#parked;
  }

  /** Something has become unknown: counted until the next look. */
  noteUnknown(): void {
    this.#pending += 1;
  }

  /** Sends everything that is pending, oldest first; none is begun when the time of whoever waits is over. Faults: those of the journal. */
  async sendPending(line: ReversingLine, limits: Limits): Promise<"clear" | "pending"> {
    const { clock } = this.#ports;
    const deadlineMs = clock.monotonicMs() + limits.timeoutMs;
    const pending = (await this.#all()).filter(({ parked }) => !parked);
    let left = pending.length;
    for (const each of pending) {
      if (limits.signal.aborted || clock.monotonicMs() >= deadlineMs) break;
      const sent = await this.#send(each, line);
      if (sent === "absent" || sent === "pending") break;
      left -= 1;
      if (sent === "parked") this.#parked += 1;
    }
    this.#pending = left;
    return left === 0 ? "clear" : "pending";
  }

  /** Sends the reversal of one transaction whose flow has the line. Faults: those of the journal. */
  async sendOne(subject: string, line: ReversingLine): Promise<boolean> {
    const pending = readPending(await this.#journal.entriesOf(subject));
    const sent = pending === undefined ? "reversed" : await this.#send(pending, line);
    await this.look();
    return sent === "reversed";
  }

  /** Counts anew. Faults: those of the journal. */
  async look(): Promise<void> {
    const all = await this.#all();
    this.#parked = all.filter(({ parked }) => parked).length;
    this.#pending = all.length - this.#parked;
  }

  /** Oldest first. Faults: those of the journal. */
  async listParked(limit: number): Promise<readonly ParkedItem[]> {
    const parked = (await this.#all()).filter((each) => each.parked);
    return parked.slice(0, limit).map(({ subject, amount, detail, last, reason, tries }) => ({
      subject,
      what: "reversal",
      amount,
      reason: textMember(detail, "parkedFor") || reason,
      sinceMs: countMember(detail, "parkedAtMs") ?? last.wallMs,
      tries,
    }));
  }

  /** A person has looked at a parked one. Faults: those of the journal. */
  async settle(subject: string, act: ReversalAct): Promise<"settled" | "not-parked" | "act-unfitting"> {
    if (this.#settling.has(subject)) return "not-parked";
    this.#settling.add(subject);
    try {
      const entries = await this.#journal.entriesOf(subject);
      const pending = readPending(entries);
      if (pending?.parked !== true) return wasSaid(entries, act) ? "settled" : "not-parked";
      // It would be parked again at once.
      if (act.act === "try-again" && this.#isLeftToPeople(pending)) return "act-unfitting";
      await this.#settleParked(pending, act);
      await this.look();
      return "settled";
    } finally {
      this.#settling.delete(subject);
    }
  }

  async #settleParked(pending: PendingReversal, act: ReversalAct): Promise<void> {
    const { subject } = pending;
    const said = { settledBy: act.operator, settledAs: act.act, ...(act.note === undefined ? {} : { note: act.note }) };
    if (act.act === "try-again") {
      await this.#journal.append(this.#draft(pending, { state: "resolving", detail: { ...said, reversalTries: 0, parked: false, parkedFor: "" } }));
      return;
    }
    const state = act.stands ? "done" : "void";
    const marks = act.stands ? await this.#placeInBatch(pending) : [];
    const named = act.retrievalReference === undefined ? {} : { retrievalReference: act.retrievalReference };
    await this.#journal.append({ ...this.#draft(pending, { state, detail: { ...said, ...named, parked: false } }), marks });
    this.#ports.log.info("bank-reversal-dealt-with", { subject, state });
    this.#ports.onReversed?.(subject);
  }

  /** What stands at the acquirer counts in its batch, while that is open. */
  async #placeInBatch({ subject, detail }: PendingReversal): Promise<NonNullable<EntryDraft["marks"]>> {
    const { book, profile } = this.#ports;
    const batch = textMember(detail, "batch");
    const rows = batch === book.batch ? await book.rows(batch) : [];
    return batch !== book.batch || rows.includes(subject) || book.count >= profile.batchMax ? [] : book.add(subject);
  }

  async #all(): Promise<readonly PendingReversal[]> {
    const found: PendingReversal[] = [];
    for (const { subject } of await this.#open()) {
      const pending = readPending(await this.#journal.entriesOf(subject));
      if (pending !== undefined) found.push(pending);
    }
    return found;
  }

  async #open(): Promise<readonly OpenSubject[]> {
    const open: OpenSubject[] = [];
    for (const kind of BANK_RECORD_KINDS) for await (const subject of eachOpenSubject(this.#journal, kind)) open.push(subject);
    return open.sort((left, right) => left.firstSeq - right.firstSeq);
  }

  /** Under the keys of a new sign-in it may be sent a second time at once: the first was certainly not carried out. */
  async #send(pending: PendingReversal, line: ReversingLine): Promise<Sent> {
    const { profile } = this.#ports;
    if (this.#isLeftToPeople(pending)) return this.#park(pending);
    const limits = { timeoutMs: profile.replyTimeoutMs, signal: neverAborted() };
    let reply: BankReply = { kind: "not-sent", reason: "not-signed-in" };
    const { original, cause, date } = pending;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      if (!(await line.ensureSignedIn())) return "absent";
      reply = await line.exchange(buildReversal(profile, original, { reason: cause, date }), limits, { business: "reversal" });
      if (reply.kind !== "declined" || reply.signIn !== true) break;
    }
    if (reply.kind === "not-sent") return "absent";
    const unheardOf = reply.kind === "declined" && reply.responseCode === NOT_FOUND;
    if (unheardOf && this.#mayStillArrive(pending)) return "absent";
    return this.#isUndone(pending, reply) ? this.#close(pending) : this.#count(pending, reply);
  }

  #isSettled({ detail }: PendingReversal): boolean {
    return textMember(detail, "batch") !== this.#ports.book.batch;
  }

  #isLeftToPeople(pending: PendingReversal): boolean {
    return this.#isSettled(pending) && this.#ports.profile.reversalAfterSettlement.do === "park";
  }

  /** In its own batch: taken back now, or never booked. In one that is settled the profile says which answers mean it. */
  #isUndone(pending: PendingReversal, reply: BankReply): boolean {
    if (reply.kind !== "approved" && reply.kind !== "declined") return false;
    if (reply.kind === "approved" && reply.partial === true) return false;
    const { reversalAfterSettlement: settled } = this.#ports.profile;
    if (settled.do === "send" && this.#isSettled(pending)) return settled.undone.includes(reply.responseCode);
    return reply.kind === "approved" || reply.responseCode === NOT_FOUND;
  }

  /** Nothing is sent; whoever sees it at the acquirer says what became of it. */
  async #park(pending: PendingReversal): Promise<"parked"> {
    const { clock, log } = this.#ports;
    const told = { parked: true, parkedAtMs: clock.wallMs(), parkedFor: BATCH_SETTLED };
    await this.#journal.append(this.#draft(pending, { state: "resolving", detail: told }));
    log.warn("bank-reversal-parked", { subject: pending.subject, tries: pending.tries, reason: BATCH_SETTLED });
    return "parked";
  }

  /** A request that an earlier life has sent may be on its way until its time has passed: only then it is certain that it never comes. */
  #mayStillArrive({ cutOff }: PendingReversal): boolean {
    const { clock, profile } = this.#ports;
    return cutOff && clock.monotonicMs() - this.#sinceMs < profile.replyTimeoutMs;
  }

  async #close(pending: PendingReversal): Promise<"reversed"> {
    const { subject } = pending;
    await this.#journal.append(this.#draft(pending, { state: "void", detail: { reversed: true } }));
    this.#ports.log.info("bank-reversed", { subject });
    this.#ports.onReversed?.(subject);
    return "reversed";
  }

  async #count(pending: PendingReversal, reply: BankReply): Promise<"parked" | "pending"> {
    const { profile, clock, log } = this.#ports;
    const reversalTries = pending.tries + 1;
    const parked = reversalTries >= profile.reversalTries;
    const answer = reply.kind === "declined" ? { reversalCode: reply.responseCode } : {};
    const told = parked ? { parked, parkedAtMs: clock.wallMs() } : {};
    await this.#journal.append(this.#draft(pending, { state: "resolving", detail: { reversalTries, ...answer, ...told } }));
    if (parked) log.warn("bank-reversal-parked", { subject: pending.subject, tries: reversalTries });
    return parked ? "parked" : "pending";
  }

  /** Says again what is known, and ends or continues what is unknown. */
  #draft(pending: PendingReversal, { state, detail }: Pick<EntryDraft, "state" | "detail">): EntryDraft {
    const { subject, kind, amount, personal, last } = pending;
    return { subject, kind, state, amount, detail: { ...pending.detail, reason: pending.reason, ...detail }, personal, resolves: last.seq };
  }
}

/** The same word again, after its answer was lost. */
function wasSaid(entries: readonly JournalEntry[], act: ReversalAct): boolean {
  const detail = mergedDetail(entries);
  if (detail["settledAs"] !== act.act) return false;
  if (act.act === "try-again") return true;
  const { stands, retrievalReference = detail["retrievalReference"] } = act;
  return entries.at(-1)?.state === (stands ? "done" : "void") && retrievalReference === detail["retrievalReference"];
}
