/*
 * Goal: the totals of a batch are compared with the acquirer's, whatever differs is told row by row, and the batch is cleared once.
 * Method: what is due goes out first; then the machine decides and this runner carries out, each answer durable before the next message. What
 * rests half done goes on with the next call, also in another life. Spec: UnionPay terminal, settlement.
 */
import { AssertionFailure, assert } from "../../base/assert.ts";
import { withDeadline } from "../../base/deadline.ts";
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import type { SettlementTotals } from "../../codec/iso8583/private-fields.ts";
import { boundedJournal } from "../bounded-journal.ts";
import type { Journal } from "../journal/types.ts";
import type { SettlementOutcome, SettlementReport, SettlementWord } from "./acts.ts";
import type { BatchBounds, BatchPorts } from "./batch-ports.ts";
import { type BatchedRow, batchTotals, readBatch } from "./batch-rows.ts";
import type { BankReply, HeldLine, LineRefusal } from "./ports.ts";
import { decideSettlement, FIRST_SETTLEMENT_STEP, resumedSettlement, SETTLEMENT_RULES } from "./settle-machine.ts";
import { type BatchMessage, comparisonMessage, type MessageHead, rowsOf, type UploadMessage, uploadMessage, uploadPlan } from "./settle-plan.ts";
import {
  beginningDraft,
  comparisonMembers,
  LAST_SETTLEMENT_MARK,
  progressDraft,
  type RecordedSettlement,
  type RefusedRow,
  readComparison,
  readSettlement,
  settlementMark,
  settlementReport,
  uploadMembers,
} from "./settle-record.ts";
import type { SettlementCommand, SettlementEvent, SettlementRules, SettlementStep } from "./settle-types.ts";

/** Rows, chips and the end, each with a few tries and its note: no batch has more events. */
const EVENTS_MAX = 20_000;

export interface SettlementPorts extends BatchPorts {
  /** Offline sales that still have to reach the acquirer before the batch can be compared; those parked for people do not count. */
  readonly dueUploads: () => Promise<number>;
  /** Left out: the real ones. */
  readonly rules?: SettlementRules;
}

export interface BankSettlement {
  /** Compares the open batch, or goes on with what is half done. Faults: those of the journal. */
  settle(request: { readonly operator: string }, limits: Limits): Promise<SettlementOutcome>;
  /** A person closes the batch of what is half done, and nothing more is asked of the acquirer for it. Faults: those of the journal. */
  dealtWith(word: SettlementWord, limits: Limits): Promise<SettlementOutcome>;
  /** True from the first entry of a settlement until its batch is cleared: nothing may enter a batch meanwhile. */
  readonly halfDone: boolean;
  /** The newest settlement that was ended, or the one under way. Faults: those of the journal. */
  last(): Promise<SettlementReport | undefined>;
}

/** Call after recovery at start. Faults: those of the journal. */
export async function openBankSettlement(ports: SettlementPorts, bounds: BatchBounds): Promise<BankSettlement> {
  const journal = boundedJournal(ports, { timeoutMs: bounds.journalTimeoutMs });
  const settlement = new DurableSettlement({ ...ports, journal: readable(ports.journal, journal) });
  await settlement.start();
  return settlement;
}

/** What reads from a place on is bounded by its own pages. */
function readable(journal: BatchPorts["journal"], bounded: Journal): BatchPorts["journal"] {
  return {
    ...bounded,
    entries: (fromSeq, limit) => journal.entries(fromSeq, limit),
    movements: (fromSeq, limit) => journal.movements(fromSeq, limit),
    get lastSeq() {
      return journal.lastSeq;
    },
  };
}

class DurableSettlement implements BankSettlement {
  readonly #ports: SettlementPorts;
  #halfDone = false;

  constructor(ports: SettlementPorts) {
    this.#ports = ports;
  }

  get halfDone(): boolean {
    return this.#halfDone;
  }

  async start(): Promise<void> {
    const open = await this.#open();
    this.#halfDone = open !== undefined;
    if (open?.dealtWith === true) await this.#endByWord(open);
  }

  dealtWith(word: SettlementWord, limits: Limits): Promise<SettlementOutcome> {
    return this.#ports.line.hold("raw", () => this.#takeWord(word), limits);
  }

  async #takeWord({ operator, batch, note }: SettlementWord): Promise<SettlementOutcome> {
    const { journal, log } = this.#ports;
    const open = await this.#open();
    if (open?.batch !== batch) return (await this.#saidBefore(batch)) ?? { kind: "refused", reason: "settlement-not-half-done" };
    // Durable before the batch is closed: cut in between, the next start ends it by this word, and nobody asks the acquirer again.
    const dealtWith = { operator, ...(note === undefined ? {} : { note }) };
    const noted = readSettlement([await journal.append(progressDraft(open, "acting", { dealtWith }))]);
    assert(noted !== undefined, "what was noted is a settlement");
    log.warn("bank-settlement-dealt-with", { batch });
    return this.#endByWord(noted);
  }

  /** The same word again, after its answer was lost. */
  async #saidBefore(batch: string): Promise<SettlementReport | undefined> {
    const subject = await this.#ports.journal.mark(settlementMark(batch));
    const settlement = subject === undefined ? undefined : readSettlement(await this.#ports.journal.entriesOf(subject));
    return settlement?.dealtWith === true ? settlementReport(settlement) : undefined;
  }

  async #endByWord(settlement: RecordedSettlement): Promise<SettlementReport> {
    const { line, book, journal } = this.#ports;
    if (line.batch === settlement.batch) await book.close();
    const ended = readSettlement([await journal.append(progressDraft(settlement, "done", {}))]);
    assert(ended !== undefined, "what was noted is a settlement");
    this.#halfDone = false;
    return settlementReport(ended);
  }

  async settle(request: { readonly operator: string }, limits: Limits): Promise<SettlementOutcome> {
    // Half done: nothing may enter the batch any more, not even what is due.
    if (this.#halfDone) return await this.#ports.line.hold("signed-in", (line) => this.#settleOn(line, request, limits), limits);
    return (await this.#sendDue(limits)) ?? (await this.#ports.line.hold("clear", (line) => this.#settleOn(line, request, limits), limits));
  }

  /** What is due goes out with each look at a clear line: as often as it may be tried, so that nobody has to ask for a settlement again and again. */
  async #sendDue(limits: Limits): Promise<LineRefusal | undefined> {
    const { line, profile } = this.#ports;
    for (let sent = 1; sent < profile.offlineUpload.tries; sent += 1) {
      const due = await this.#due(limits);
      if (due === undefined) return { kind: "refused", reason: "line-busy" };
      if (due === 0) return undefined;
      const clear = await line.hold("clear", async () => "clear" as const, limits);
      if (clear !== "clear") return clear;
    }
    return undefined;
  }

  /** Undefined where what is under way takes longer than whoever asks may wait. Faults: those of the journal. */
  async #due(limits: Limits): Promise<number | undefined> {
    const { clock, dueUploads } = this.#ports;
    try {
      return await withDeadline(dueUploads(), { ...limits, clock, what: "what is due", effectUnknown: false });
    } catch (fault) {
      if (isFault(fault, "timeout", "cancelled")) return undefined;
      throw fault;
    }
  }

  async last(): Promise<SettlementReport | undefined> {
    const subject = (await this.#open())?.subject ?? (await this.#ports.journal.mark(LAST_SETTLEMENT_MARK));
    const settlement = subject === undefined ? undefined : readSettlement(await this.#ports.journal.entriesOf(subject));
    return settlement === undefined ? undefined : settlementReport(settlement);
  }

  async #open(): Promise<RecordedSettlement | undefined> {
    const [open] = await this.#ports.journal.openSubjects({ kind: "bank-settlement", limit: 1 });
    return open === undefined ? undefined : readSettlement(await this.#ports.journal.entriesOf(open.subject));
  }

  async #settleOn(line: HeldLine, { operator }: { readonly operator: string }, limits: Limits): Promise<SettlementOutcome> {
    const open = await this.#open();
    if (open?.dealtWith === true) return this.#endByWord(open);
    if (open === undefined && (await this.#ports.dueUploads()) > 0) return { kind: "refused", reason: "uploads-due" };
    const batch = open?.batch ?? line.batch;
    const subjects = await this.#ports.book.rows(batch);
    if (open === undefined && subjects.length === 0) return { kind: "refused", reason: "batch-empty" };
    const asOf = open?.asOf ?? this.#ports.journal.lastSeq;
    const { rows, unreadable } = await readBatch(this.#ports.journal, subjects.slice(0, open?.rows ?? subjects.length), asOf);
    for (const subject of unreadable) this.#ports.log.error("bank-row-unreadable", { subject });
    this.#halfDone = true;
    const run = new SettlementRun(
      this.#ports,
      { line, limits, operator, batch, rows, asOf, count: subjects.length, totals: open?.totals ?? batchTotals(rows) },
      open,
    );
    try {
      return await run.drive();
    } finally {
      // What could not even be begun leaves the batch open.
      this.#halfDone = (await this.#open()) !== undefined;
    }
  }
}

interface SettlementJob {
  readonly line: HeldLine;
  readonly limits: Limits;
  readonly operator: string;
  readonly batch: string;
  readonly rows: readonly BatchedRow[];
  readonly asOf: number;
  /** Subjects in the book, readable or not. */
  readonly count: number;
  readonly totals: SettlementTotals;
}

type Told = Parameters<typeof uploadMembers>[1];

class SettlementRun {
  readonly #ports: SettlementPorts;
  readonly #job: SettlementJob;
  readonly #deadlineMs: number;
  #recorded: RecordedSettlement | undefined;
  /** What the acquirer said of the comparison, for its note. */
  #comparison: ReturnType<typeof readComparison>;
  /** What it said of the message that is being noted. */
  #told: Told = { answered: 0, rows: 0, refused: [] };

  constructor(ports: SettlementPorts, job: SettlementJob, open: RecordedSettlement | undefined) {
    this.#ports = ports;
    this.#job = job;
    this.#recorded = open;
    this.#deadlineMs = ports.clock.monotonicMs() + job.limits.timeoutMs;
  }

  async drive(): Promise<SettlementOutcome> {
    const rules = this.#ports.rules ?? SETTLEMENT_RULES;
    let step: SettlementStep = this.#recorded === undefined ? FIRST_SETTLEMENT_STEP : resumedSettlement(this.#recorded.progress);
    for (let events = 0; events < EVENTS_MAX; events += 1) {
      if (step.state.at === "rested") return this.#report(step.state);
      const [command] = step.commands;
      assert(command !== undefined, "a settlement that has not rested does something");
      step = decideSettlement(rules, step.state, await this.#execute(command));
    }
    throw new AssertionFailure("a settlement has as many events as its batch has messages");
  }

  #report(rested: { readonly outcome: "settled" } | { readonly outcome: "half-done"; readonly reason: string }): SettlementOutcome {
    const reason = rested.outcome === "half-done" ? { reason: rested.reason } : {};
    this.#ports.log.info("bank-settlement", { batch: this.#job.batch, outcome: rested.outcome, ...reason });
    if (this.#recorded === undefined) return { kind: "refused", reason: reason.reason ?? "journal" };
    return settlementReport(this.#recorded, reason);
  }

  async #execute(command: SettlementCommand): Promise<SettlementEvent> {
    try {
      switch (command.do) {
        case "note-beginning":
          return await this.#begin();
        case "compare":
          return await this.#compare();
        case "note-comparison":
          return await this.#noteComparison(command);
        case "upload":
          return await this.#upload(command.index);
        case "note-upload":
          return await this.#note("acting", uploadMembers(this.#settlement(), this.#told));
        case "open-next-batch":
          return await this.#openNextBatch();
        case "close":
          return await this.#note("done", {});
      }
    } catch (fault) {
      // Nothing else than the journal throws here: what the line does is a reply.
      if (!isFault(fault)) throw fault;
      return { is: "journal-failed", code: fault.code };
    }
  }

  #settlement(): RecordedSettlement {
    assert(this.#recorded !== undefined, "the settlement has begun");
    return this.#recorded;
  }

  async #begin(): Promise<SettlementEvent> {
    const { batch, operator, count, asOf, totals } = this.#job;
    const entry = await this.#ports.journal.append(beginningDraft({ batch, operator, rows: count, asOf, totals }));
    this.#recorded = readSettlement([entry]);
    return { is: "entry-durable" };
  }

  async #note(state: "acting" | "done", more: Parameters<typeof progressDraft>[2]): Promise<SettlementEvent> {
    this.#recorded = readSettlement([await this.#ports.journal.append(progressDraft(this.#settlement(), state, more))]);
    return { is: "entry-durable" };
  }

  async #compare(): Promise<SettlementEvent> {
    const { totals } = this.#job;
    const reply = await this.#exchange((head) => comparisonMessage(head, totals));
    const field = reply.kind === "approved" || reply.kind === "declined" ? reply.message.fields.get(48) : undefined;
    const comparison = typeof field === "string" ? readComparison(field, totals) : undefined;
    // A refusal may come without a MAC that was checked: nobody is believed on it that the books agree.
    this.#comparison = reply.kind === "declined" && comparison?.result === "equal" ? undefined : comparison;
    if (this.#comparison !== undefined) return { is: "compared", result: this.#comparison.result };
    return { is: "silent", reason: silence(reply) };
  }

  async #noteComparison({ result, errors }: Extract<SettlementCommand, { readonly do: "note-comparison" }>): Promise<SettlementEvent> {
    const plan = result === "error" ? undefined : uploadPlan(this.#job.rows, result).length;
    const { differing = [], acquirer } = this.#comparison ?? {};
    await this.#note("acting", comparisonMembers({ result, errors, plan, differing, acquirer }));
    return plan === undefined ? { is: "entry-durable" } : { is: "planned", plan };
  }

  async #upload(index: number): Promise<SettlementEvent> {
    const { result = "unequal" } = this.#settlement();
    const message = uploadPlan(this.#job.rows, result)[index];
    assert(message !== undefined, "the plan is the same as when it was noted");
    const reply = await this.#exchange((head) => uploadMessage(head, message, result));
    // A row that came under old keys was not looked at; the next call signs in and sends it again.
    const answered = reply.kind === "approved" || (reply.kind === "declined" && reply.signIn !== true);
    // An end that the acquirer does not take is no end: the batch stays, and people are told.
    if (!answered || (message.kind === "end" && reply.kind === "declined")) return { is: "silent", reason: silence(reply) };
    this.#told = { answered: index + 1, rows: rowsOf(message).length, refused: reply.kind === "declined" ? refusedRows(message, reply.responseCode) : [] };
    return { is: "uploaded" };
  }

  async #openNextBatch(): Promise<SettlementEvent> {
    // Cut between the two, the next life finds the new batch open and only the last entry missing.
    if (this.#job.line.batch === this.#job.batch) await this.#ports.book.close();
    return { is: "batch-opened" };
  }

  async #exchange(build: (head: MessageHead) => BatchMessage): Promise<BankReply> {
    const { line, limits, batch } = this.#job;
    const timeoutMs = Math.min(this.#ports.profile.replyTimeoutMs, this.#deadlineMs - this.#ports.clock.monotonicMs());
    if (timeoutMs <= 0 || limits.signal.aborted) return { kind: "not-sent", reason: "timeout" };
    const trace = await line.claimStan();
    const { business, message } = build({ profile: this.#ports.profile, batch, trace });
    return line.exchange(message, { timeoutMs, signal: limits.signal }, { business });
  }
}

/** Why a reply does not count. */
function silence(reply: BankReply): string {
  if (reply.kind === "declined") return `acquirer-refused-${reply.responseCode}`;
  return reply.kind === "approved" ? "reply-malformed" : reply.reason;
}

function refusedRows(message: UploadMessage, responseCode: string): readonly RefusedRow[] {
  return rowsOf(message).map(({ stan, amount }) => ({ stan, amount, responseCode }));
}
