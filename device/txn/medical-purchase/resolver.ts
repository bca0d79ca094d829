/*
 * Drives settlements of unknown outcome to their end in the background: reversal (2601) repeated with growing pauses until the host
 * answers, then the host's own records (3202) until they agree and can no longer change. Spec: FSI, unknown outcome.
 */
import { AssertionFailure, assert } from "../../base/assert.ts";
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { civilTime, parseCivilTime } from "../../codec/civil-time.ts";
import { type FsiNode, rowsOf, textOf } from "../../codec/fsi.ts";
import { boundedJournal } from "../bounded-journal.ts";
import type { OpenSubject } from "../journal/types.ts";
import { ask } from "../medical-host/ask.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import { type RecordedPurchase, readPurchase, reversedDraft, SETTLEMENT_CODE } from "./record.ts";
import {
  decideResolution,
  FIRST_RESOLVER_STEP,
  RESOLVER_RULES,
  type RecordsSay,
  type ResolverCommand,
  type ResolverEvent,
  type ResolverRules,
} from "./resolver-machine.ts";
import type { MedicalReason } from "./types.ts";

export interface ResolverOptions {
  /** One question to the host. */
  readonly queryTimeoutMs: number;
  readonly journalTimeoutMs: number;
  /** How long after its own not-after time a settlement may still be booked by a slow host. */
  readonly lateMarginMs: number;
  /** First and longest pause between two rounds of one settlement. */
  readonly pauseMinMs: number;
  readonly pauseMaxMs: number;
  readonly signal: AbortSignal;
  readonly rules?: ResolverRules;
}

/** What the rounds remember of each other; lost at a restart without harm. */
export interface ResolverMemory {
  /** When this life of the terminal began to watch. */
  readonly sinceMs: number;
  readonly attempts: Map<string, { readonly rounds: number; readonly dueMs: number }>;
}

export function createResolverMemory(ports: Pick<HostPorts, "clock">): ResolverMemory {
  return { sinceMs: ports.clock.monotonicMs(), attempts: new Map() };
}

export interface ResolverRound {
  readonly resolved: number;
  readonly open: number;
  /** Time until the next round has something to do; undefined when nothing is open. */
  readonly nextInMs: number | undefined;
}

const PAGE = 100;
const EVENTS_OF_ROUND_MAX = 20;
/** Rows of one message in the host's statement. */
const ROWS_MAX = 200;
const DAY_MS = 86_400_000;
/** The statement is asked about one msgid, so its days may be many: neither clock can then be so wrong that a row falls outside. */
const DAYS_AROUND = 400;

/** One round over all settlements of unknown outcome that are due. Faults: those of the journal. */
export async function resolveMedical(ports: HostPorts, options: ResolverOptions, memory: ResolverMemory): Promise<ResolverRound> {
  const journal = boundedJournal(ports, { timeoutMs: options.journalTimeoutMs });
  const round = new Round({ ...ports, journal }, options, memory);
  let [resolved, open, afterFirstSeq] = [0, 0, 0];
  // Each page starts behind the one before it, so the loop ends with the journal.
  while (!options.signal.aborted) {
    const page = await journal.openSubjects({ kind: "medical-purchase", afterFirstSeq, limit: PAGE });
    for (const subject of page) {
      if (options.signal.aborted) break;
      if ((await round.look(subject)) === "resolved") resolved += 1;
      else open += 1;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    afterFirstSeq = last.firstSeq;
  }
  return { resolved, open, nextInMs: open === 0 ? undefined : round.nextInMs() };
}

class Round {
  readonly #ports: HostPorts;
  readonly #options: ResolverOptions;
  readonly #memory: ResolverMemory;
  #earliestMs = Number.POSITIVE_INFINITY;

  constructor(ports: HostPorts, options: ResolverOptions, memory: ResolverMemory) {
    this.#ports = ports;
    this.#options = options;
    this.#memory = memory;
  }

  nextInMs(): number {
    const { pauseMaxMs } = this.#options;
    return Math.ceil(Math.min(pauseMaxMs, Math.max(0, this.#earliestMs - this.#ports.clock.monotonicMs())));
  }

  async look({ subject, state }: OpenSubject): Promise<"resolved" | "open"> {
    const { clock, log } = this.#ports;
    const { attempts } = this.#memory;
    // What is only prepared in this life is under way in a lane.
    if (state === "prepared" || state === "acting") return "open";
    const known = attempts.get(subject) ?? { rounds: 0, dueMs: 0 };
    if (known.dueMs > clock.monotonicMs()) {
      this.#earliestMs = Math.min(this.#earliestMs, known.dueMs);
      return "open";
    }
    const purchase = readPurchase(await this.#ports.journal.entriesOf(subject));
    const outcome = purchase === undefined ? "open" : await this.#drive(purchase);
    if (outcome === "resolved") {
      attempts.delete(subject);
      log.info("settlement-resolved", { subject });
      return "resolved";
    }
    const dueMs = clock.monotonicMs() + Math.min(this.#options.pauseMaxMs, this.#options.pauseMinMs * 2 ** Math.min(known.rounds, 20));
    attempts.set(subject, { rounds: known.rounds + 1, dueMs });
    this.#earliestMs = Math.min(this.#earliestMs, dueMs);
    return "open";
  }

  async #drive(purchase: RecordedPurchase): Promise<"resolved" | "open"> {
    const rules = this.#options.rules ?? RESOLVER_RULES;
    let step = FIRST_RESOLVER_STEP;
    for (let events = 0; events < EVENTS_OF_ROUND_MAX; events += 1) {
      if (step.state.at === "rested") return step.state.outcome;
      const [command] = step.commands;
      assert(command !== undefined, "a round that has not ended does something");
      step = decideResolution(rules, step.state, await this.#execute(command, purchase));
    }
    throw new AssertionFailure("a round has few events");
  }

  async #execute(command: ResolverCommand, purchase: RecordedPurchase): Promise<ResolverEvent> {
    try {
      switch (command.do) {
        case "reverse":
          return await this.#reverse(purchase);
        case "read-records":
          return await this.#readRecords(purchase);
        case "append-void":
          return await this.#appendVoid(purchase, command.reason);
      }
    } catch (fault) {
      // Nothing else than the journal throws here: the host's silence is an answer.
      if (!isFault(fault)) throw fault;
      return { is: "journal-failed", code: fault.code };
    }
  }

  #limits(): Limits {
    return { timeoutMs: this.#options.queryTimeoutMs, signal: this.#options.signal };
  }

  /** Each attempt is a message of its own; what it names is the original. */
  async #reverse({ personNumber, msgid, insuranceArea }: RecordedPurchase): Promise<ResolverEvent> {
    const input = { data: { psn_no: personNumber, omsgid: msgid, oinfno: SETTLEMENT_CODE } };
    const answer = await ask(this.#ports, { infno: "2601", input, insuranceArea }, this.#limits());
    if (answer.kind === "done") return { is: "reversal-done" };
    return { is: answer.kind === "refused" ? "reversal-refused" : "host-silent" };
  }

  async #readRecords(purchase: RecordedPurchase): Promise<ResolverEvent> {
    // Judged before asking: what the host shows afterwards is at least as new.
    const final = this.#isFinal(purchase);
    const period = this.#period(purchase.msgid);
    const input = { data: { stmt_begndate: period.from, stmt_enddate: period.to, msgid: purchase.msgid } };
    const answer = await ask(this.#ports, { infno: "3202", input }, this.#limits());
    if (answer.kind === "refused") return { is: "records-refused" };
    if (answer.kind !== "done") return { is: "host-silent" };
    const say = recordsOf(answer.output, purchase.msgid);
    if (say === undefined || !withinPeriod(answer.hostTime, period)) return { is: "records-refused" };
    return { is: "records-read", say, final };
  }

  /**
   * Whether the original can no longer be booked: its time and the margin have passed on the monotonic clock, counted from its last
   * entry in this life or from this life's beginning. The wall clock may have been set, so it says nothing here.
   */
  #isFinal({ last, settleTimeoutMs }: RecordedPurchase): boolean {
    const sinceMs = this.#memory.sinceMs;
    const fromMs = last.boot === this.#ports.journal.boot ? Math.max(sinceMs, last.monotonicMs) : sinceMs;
    return this.#ports.clock.monotonicMs() - fromMs >= settleTimeoutMs + this.#options.lateMarginMs;
  }

  #period(msgid: string): Period {
    const nowMs = this.#ports.clock.wallMs();
    const sentMs = parseCivilTime(msgid.slice(12, 26)) ?? nowMs;
    const day = (wallMs: number) => civilTime(wallMs).iso.slice(0, 10);
    return { from: day(Math.min(nowMs, sentMs) - DAYS_AROUND * DAY_MS), to: day(Math.max(nowMs, sentMs) + DAYS_AROUND * DAY_MS) };
  }

  async #appendVoid(purchase: RecordedPurchase, reason: MedicalReason): Promise<ResolverEvent> {
    await this.#ports.journal.append(reversedDraft(purchase, reason));
    return { is: "entry-durable" };
  }
}

interface Period {
  /** yyyy-MM-dd. */
  readonly from: string;
  readonly to: string;
}

/** A host whose own clock stands outside the days that were asked about would have shown nothing in any case. */
function withinPeriod(hostTime: string, { from, to }: Period): boolean {
  const shape = /^(\d{4})(\d{2})(\d{2})/.exec(hostTime);
  if (shape === null) return true;
  const today = `${shape[1]}-${shape[2]}-${shape[3]}`;
  return today >= from && today <= to;
}

/** What the statement shows of one message; undefined when it cannot be read. */
function recordsOf(output: FsiNode, msgid: string): RecordsSay | undefined {
  const rows = rowsOf(output, "rows", ROWS_MAX);
  if (rows === undefined) return undefined;
  let [booked, reversed] = [0, 0];
  for (const row of rows) {
    if (textOf(row, "msgid") !== msgid) continue;
    const flag = textOf(row, "refd_setl_flag");
    if (flag === "0") booked += 1;
    else if (flag === "1") reversed += 1;
    else return undefined;
  }
  if (booked === 0 && reversed === 0) return "nothing";
  return booked > reversed ? "booked" : "booked-and-reversed";
}
