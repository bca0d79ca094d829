/*
 * Drives settlements and voids of unknown outcome to their end in the background: a settlement is reversed (2601), again with growing pauses
 * until the host answers, then its own records (3202, 5203) are read until they agree and can no longer change; a void is looked for by
 * its settlement. Spec: FSI, unknown outcome.
 */

import { AssertionFailure, assert } from "../../base/assert.ts";
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { nodeOf, rowsOf } from "../../codec/fsi.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { eachOpenSubject } from "../journal/open-subjects.ts";
import type { OpenSubject, RecordKind } from "../journal/types.ts";
import { type Answer, ask, signIn } from "../medical-host/ask.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import { askSettlement } from "../medical-reconciliation/statement.ts";
import {
  decideResolution,
  firstStep,
  RESOLVER_RULES,
  type ResolverCommand,
  type ResolverEvent,
  type ResolverRules,
  type UndoCode,
} from "./resolver-machine.ts";
import { endDraft, notedDraft, readUnknown, type UnknownRecord } from "./resolver-records.ts";
import { type HostClock, lookForMessage, lookForSettlement, type StatementLook, type StatementOptions } from "./resolver-statement.ts";

export interface ResolverOptions extends StatementOptions {
  readonly journalTimeoutMs: number;
  /** How long after its own not-after time a settlement may still be booked by a slow host. */
  readonly lateMarginMs: number;
  /** First and longest pause between two rounds of one settlement. */
  readonly pauseMinMs: number;
  readonly pauseMaxMs: number;
  readonly rules?: ResolverRules;
  /** Told of each end after it is durable, so that what waits for it can go on. */
  readonly onResolved?: (subject: string, state: "done" | "void") => void;
}

/** What the rounds remember of each other; lost at a restart without harm. */
export interface ResolverMemory {
  /** When this life of the terminal began to watch. */
  readonly sinceMs: number;
  readonly attempts: Map<string, { readonly rounds: number; readonly dueMs: number }>;
  readonly hostClock: HostClock;
}

export function createResolverMemory(ports: Pick<HostPorts, "clock">): ResolverMemory {
  return { sinceMs: ports.clock.monotonicMs(), attempts: new Map(), hostClock: { heard: undefined } };
}

export interface ResolverRound {
  readonly resolved: number;
  readonly open: number;
  /** Time until the next round has something to do; undefined when nothing is open. */
  readonly nextInMs: number | undefined;
}

const KINDS: readonly RecordKind[] = ["medical-purchase", "medical-void"];
const EVENTS_OF_ROUND_MAX = 30;
/** More fee lines than one visit has. */
const FEES_MAX = 5000;
/** chrg_bchno of all batches. Spec: FSI, 2205. */
const ALL_BATCHES = "0000";

/** One round over all settlements and voids of unknown outcome that are due. Faults: those of the journal. */
export async function resolveMedical(ports: HostPorts, options: ResolverOptions, memory: ResolverMemory): Promise<ResolverRound> {
  const journal = boundedJournal(ports, { timeoutMs: options.journalTimeoutMs });
  const round = new Round({ ...ports, journal }, options, memory);
  for (const kind of KINDS) await round.lookAtAll(kind);
  const { resolved, open } = round.counts;
  return { resolved, open, nextInMs: open === 0 ? undefined : round.nextInMs() };
}

class Round {
  readonly counts = { resolved: 0, open: 0 };
  readonly #ports: HostPorts;
  readonly #options: ResolverOptions;
  readonly #memory: ResolverMemory;
  #earliestMs = Number.POSITIVE_INFINITY;
  #reversalRefused = false;

  constructor(ports: HostPorts, options: ResolverOptions, memory: ResolverMemory) {
    this.#ports = ports;
    this.#options = options;
    this.#memory = memory;
  }

  nextInMs(): number {
    const { pauseMaxMs } = this.#options;
    return Math.ceil(Math.min(pauseMaxMs, Math.max(0, this.#earliestMs - this.#ports.clock.monotonicMs())));
  }

  async lookAtAll(kind: RecordKind): Promise<void> {
    for await (const subject of eachOpenSubject(this.#ports.journal, kind)) {
      if (this.#options.signal.aborted) return;
      this.counts[await this.#look(subject)] += 1;
    }
  }

  async #look({ subject, state }: OpenSubject): Promise<"resolved" | "open"> {
    const { clock, log } = this.#ports;
    const { attempts } = this.#memory;
    // What is only prepared in this life is under way in a lane.
    if (state === "prepared" || state === "acting") return "open";
    const known = attempts.get(subject) ?? { rounds: 0, dueMs: 0 };
    if (known.dueMs > clock.monotonicMs()) {
      this.#earliestMs = Math.min(this.#earliestMs, known.dueMs);
      return "open";
    }
    const record = readUnknown(await this.#ports.journal.entriesOf(subject));
    const outcome = record === undefined ? "open" : await this.#drive(record);
    if (outcome !== "open") {
      attempts.delete(subject);
      log.info("settlement-resolved", { subject, state: outcome });
      this.#options.onResolved?.(subject, outcome);
      return "resolved";
    }
    const dueMs = clock.monotonicMs() + Math.min(this.#options.pauseMaxMs, this.#options.pauseMinMs * 2 ** Math.min(known.rounds, 20));
    attempts.set(subject, { rounds: known.rounds + 1, dueMs });
    this.#earliestMs = Math.min(this.#earliestMs, dueMs);
    return "open";
  }

  async #drive(record: UnknownRecord): Promise<"open" | "done" | "void"> {
    const rules = this.#options.rules ?? RESOLVER_RULES;
    let step = firstStep(record.task);
    for (let events = 0; events < EVENTS_OF_ROUND_MAX; events += 1) {
      if (step.state.at === "rested") return step.state.outcome;
      const [command] = step.commands;
      assert(command !== undefined, "a round that has not ended does something");
      step = decideResolution(rules, step.state, await this.#execute(command, record));
    }
    throw new AssertionFailure("a round has few events");
  }

  async #execute(command: ResolverCommand, record: UnknownRecord): Promise<ResolverEvent> {
    try {
      return await this.#act(command, record);
    } catch (fault) {
      // Nothing else than the journal throws here: the host's silence is an answer.
      if (!isFault(fault)) throw fault;
      return { is: "journal-failed", code: fault.code };
    }
  }

  #act(command: ResolverCommand, record: UnknownRecord): Promise<ResolverEvent> {
    switch (command.do) {
      case "reverse":
        return this.#reverse(record);
      case "read-records":
        return this.#readRecords(record);
      case "note":
        return this.#note(record, command);
      case "undo":
        return this.#undo(record, command.undo);
      case "read-fees":
        return this.#readFees(record);
      case "read-settlement":
        return this.#readSettlement(record);
      case "read-void":
        return this.#readVoid(record);
      case "append-end":
        return this.#append(endDraft(record, command));
    }
  }

  #limits(): Limits {
    return { timeoutMs: this.#options.queryTimeoutMs, signal: this.#options.signal };
  }

  /** A region that wants a sign-in refuses everything without one, so its refusals would say nothing. */
  async #isSignedIn(): Promise<boolean> {
    return (await signIn(this.#ports, this.#limits())) === undefined;
  }

  async #ask(infno: string, input: { readonly [name: string]: string }, { insuranceArea, receiver }: UnknownRecord): Promise<Answer> {
    if (!(await this.#isSignedIn())) return { kind: "not-sent" };
    const way = { ...(insuranceArea === "" ? {} : { insuranceArea }), ...(receiver === undefined ? {} : { receiver }) };
    return ask(this.#ports, { infno, input: { data: input }, ...way }, this.#limits());
  }

  /** Each attempt is a message of its own; what it names is the original. */
  async #reverse(record: UnknownRecord): Promise<ResolverEvent> {
    const { personNumber, msgid, infno } = record;
    const answer = await this.#ask("2601", { psn_no: personNumber, omsgid: msgid, oinfno: infno }, record);
    this.#reversalRefused = answer.kind === "refused";
    if (answer.kind === "done") return { is: "reversal-done" };
    return { is: answer.kind === "refused" ? "reversal-refused" : "host-silent" };
  }

  async #readRecords(record: UnknownRecord): Promise<ResolverEvent> {
    const event = await this.#recordsOf(record);
    // A reversal of what is booked is refused for another reason; perhaps the day's sign-in is over. A new one costs one question.
    if (this.#reversalRefused && event.is === "records-read" && event.say === "booked") this.#ports.signIns.forget();
    return event;
  }

  async #recordsOf(record: UnknownRecord): Promise<ResolverEvent> {
    // Judged before asking: what the host shows afterwards is at least as new.
    const final = this.#isFinal(record);
    const { settlementId, visitId } = record;
    if (settlementId !== "" && visitId !== "") {
      const answer = await askSettlement(this.#ports, record, this.#limits());
      if (answer.kind === "silent") return { is: "host-silent" };
      if (answer.kind !== "refused") return { is: "records-read", say: answer.kind === "standing" ? "booked" : "booked-and-reversed", final };
    }
    return this.#lookIn(lookForMessage(this.#ports, record, this.#statements(), this.#limits()), final);
  }

  #statements(): StatementOptions & { readonly hostClock: HostClock } {
    return { ...this.#options, hostClock: this.#memory.hostClock };
  }

  async #lookIn(looking: Promise<StatementLook>, final: boolean): Promise<ResolverEvent> {
    const look = await looking;
    if (look.kind === "silent") return { is: "host-silent" };
    return look.kind === "refused" ? { is: "records-refused" } : { is: "records-read", say: look.say, final };
  }

  async #readSettlement(record: UnknownRecord): Promise<ResolverEvent> {
    const final = this.#isFinal(record);
    if (!(await this.#isSignedIn())) return { is: "host-silent" };
    const answer = await askSettlement(this.#ports, record, this.#limits());
    if (answer.kind === "silent") return { is: "host-silent" };
    return answer.kind === "refused" ? { is: "settlement-refused" } : { is: "settlement-read", say: answer.kind, final };
  }

  async #readVoid(record: UnknownRecord): Promise<ResolverEvent> {
    const final = this.#isFinal(record);
    const original = record.original === "" ? undefined : readUnknown(await this.#ports.journal.entriesOf(record.original));
    // The settlement's own days and agency count, not those of its void.
    const named = original === undefined ? record : { ...original, settlementId: record.settlementId };
    return this.#lookIn(lookForSettlement(this.#ports, named, this.#statements(), this.#limits()), final);
  }

  async #undo(record: UnknownRecord, undo: UndoCode): Promise<ResolverEvent> {
    const { personNumber, visitId, outpatientNumber } = record;
    const named = { psn_no: personNumber, mdtrt_id: visitId };
    const answer = await this.#ask(undo, undo === "2205" ? { ...named, chrg_bchno: ALL_BATCHES } : { ...named, ipt_otp_no: outpatientNumber }, record);
    if (answer.kind === "done") return { is: "undone" };
    return { is: answer.kind === "refused" ? "undo-refused" : "host-silent" };
  }

  async #readFees(record: UnknownRecord): Promise<ResolverEvent> {
    const { personNumber, visitId, settlementId } = record;
    const named = { psn_no: personNumber, mdtrt_id: visitId, ...(settlementId === "" ? {} : { setl_id: settlementId }) };
    const answer = await this.#ask("5204", named, record);
    if (answer.kind === "refused") return { is: "fees-read", left: "unknown" };
    if (answer.kind !== "done") return { is: "host-silent" };
    const { output } = answer;
    // The list may stand by itself, without a name. Spec: FSI, 5204.
    const rows = rowsOf(output, "feedetail", FEES_MAX) ?? rowsOf(output, "output", FEES_MAX) ?? rowsOf(nodeOf(output, "data") ?? {}, "feedetail", FEES_MAX);
    if (rows === undefined) return { is: "fees-read", left: Object.keys(output).length === 0 ? "none" : "unknown" };
    return { is: "fees-read", left: rows.length === 0 ? "none" : "some" };
  }

  /**
   * Whether the original can no longer be booked: its time and the margin have passed on the monotonic clock, counted from its last
   * entry in this life or from this life's beginning. The wall clock may have been set, so it says nothing here.
   */
  #isFinal({ sent, settleTimeoutMs }: UnknownRecord): boolean {
    const sinceMs = this.#memory.sinceMs;
    const fromMs = sent.boot === this.#ports.journal.boot ? Math.max(sinceMs, sent.monotonicMs) : sinceMs;
    return this.#ports.clock.monotonicMs() - fromMs >= settleTimeoutMs + this.#options.lateMarginMs;
  }

  /** The same step is noted once, however often it is sent. */
  async #note(record: UnknownRecord, { undo, reason }: Extract<ResolverCommand, { readonly do: "note" }>): Promise<ResolverEvent> {
    if (record.noted === undo) return { is: "entry-durable" };
    return this.#append(notedDraft(record, undo, reason));
  }

  async #append(draft: Parameters<HostPorts["journal"]["append"]>[0]): Promise<ResolverEvent> {
    await this.#ports.journal.append(draft);
    return { is: "entry-durable" };
  }
}
