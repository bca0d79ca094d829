/* Tells the insurer what waits to be told, one upload after the other, with growing pauses where nothing comes back. */

import { AssertionFailure, assert } from "../../base/assert.ts";
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { eachOpenSubject } from "../journal/open-subjects.ts";
import type { OpenSubject } from "../journal/types.ts";
import { type Answer, ask, REQUEST_MALFORMED, signIn } from "../medical-host/ask.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import { decideUpload, firstUploadStep, STOCK_UPLOAD_RULES } from "./machine.ts";
import { judgeAnswer, type StockMessage, stockMessage } from "./messages.ts";
import { type LaterStep, laterDraft, markOf, progressState, RETURNED_UNTOLD, type RecordedUpload, readUpload } from "./record.ts";
import { missingFact } from "./rows.ts";
import type { UploadCommand, UploadEvent, UploadRules, UploadState } from "./types.ts";

export interface StockRunOptions {
  /** One message to the insurer. */
  readonly queryTimeoutMs: number;
  readonly journalTimeoutMs: number;
  /** First and longest pause between two rounds of one upload. */
  readonly pauseMinMs: number;
  readonly pauseMaxMs: number;
  /** All rows of a sale in one message (3505A), where the region has it. */
  readonly inBatches: boolean;
  readonly signal: AbortSignal;
  readonly rules?: UploadRules;
}

/** What the rounds remember of each other; lost at a restart without harm. */
export interface StockMemory {
  readonly attempts: Map<string, { readonly rounds: number; readonly dueMs: number; readonly order: string }>;
}

export function createStockMemory(): StockMemory {
  return { attempts: new Map() };
}

export interface StockRound {
  readonly done: number;
  readonly parked: number;
  readonly open: number;
  /** Time until something is due again; undefined when nothing is open. */
  readonly nextInMs: number | undefined;
}

type Outcome = Extract<UploadState, { at: "rested" }>["outcome"];

/** An insurer that is silent to so many is away: the others wait for the next round. */
const SILENCES_OF_ROUND_MAX = 3;
/** Each row is told, noted and followed by the next; a line has thousands of packs at most. */
const EVENTS_OF_UPLOAD_MAX = 20_000;
const DOUBLINGS_MAX = 20;

/** One round over all uploads that are due. Faults: those of the journal. */
export async function uploadStock(ports: HostPorts, options: StockRunOptions, memory: StockMemory): Promise<StockRound> {
  const journal = boundedJournal(ports, { timeoutMs: options.journalTimeoutMs });
  const round = new Round({ ...ports, journal }, options, memory);
  for await (const open of eachOpenSubject(journal, "stock-upload")) {
    if (options.signal.aborted) break;
    await round.look(open);
  }
  return round.result();
}

class Round {
  readonly #ports: HostPorts;
  readonly #options: StockRunOptions;
  readonly #memory: StockMemory;
  readonly #counts = { done: 0, parked: 0, open: 0, silent: 0 };
  /** Orders whose sale is not told yet: their return waits for it. */
  readonly #untold = new Set<string>();
  #earliestMs = Number.POSITIVE_INFINITY;
  /** Once in a round: afterwards the sign-in number is fresh. */
  #renewed = false;

  constructor(ports: HostPorts, options: StockRunOptions, memory: StockMemory) {
    this.#ports = ports;
    this.#options = options;
    this.#memory = memory;
  }

  get isOver(): boolean {
    return this.#options.signal.aborted || this.#counts.silent >= SILENCES_OF_ROUND_MAX;
  }

  result(): StockRound {
    const { done, parked, open, silent } = this.#counts;
    const waiting = open + silent;
    const pauseMs = Math.max(0, this.#earliestMs - this.#ports.clock.monotonicMs());
    return { done, parked, open: waiting, nextInMs: waiting === 0 ? undefined : Math.ceil(Math.min(this.#options.pauseMaxMs, pauseMs)) };
  }

  async look({ subject, state }: OpenSubject): Promise<void> {
    const { clock, journal, log } = this.#ports;
    const known = this.#memory.attempts.get(subject);
    if (this.isOver || (known !== undefined && known.dueMs > clock.monotonicMs())) {
      this.#waits(known);
      return;
    }
    const upload = readUpload(await journal.entriesOf(subject));
    if (upload === undefined) {
      log.error("stock-upload-unreadable", { subject });
      return;
    }
    if (this.#untold.has(upload.order)) {
      this.#counts.open += 1;
      return;
    }
    // What is parked is left to people: nobody else writes to it.
    const outcome = state === "unknown" ? "parked" : await this.#drive(upload);
    if (outcome !== "done") this.#untold.add(upload.order);
    this.#counts[outcome] += 1;
    if (outcome === "done" || outcome === "parked") this.#memory.attempts.delete(subject);
    else this.#rest(subject, upload.order);
  }

  #waits(known: { readonly dueMs: number; readonly order: string } | undefined): void {
    this.#counts.open += 1;
    this.#earliestMs = Math.min(this.#earliestMs, known?.dueMs ?? this.#ports.clock.monotonicMs());
    if (known !== undefined) this.#untold.add(known.order);
  }

  #rest(subject: string, order: string): void {
    const { pauseMinMs, pauseMaxMs } = this.#options;
    const rounds = this.#memory.attempts.get(subject)?.rounds ?? 0;
    const dueMs = this.#ports.clock.monotonicMs() + Math.min(pauseMaxMs, pauseMinMs * 2 ** Math.min(rounds, DOUBLINGS_MAX));
    this.#memory.attempts.set(subject, { rounds: rounds + 1, dueMs, order });
    this.#earliestMs = Math.min(this.#earliestMs, dueMs);
  }

  async #drive(upload: RecordedUpload): Promise<Outcome> {
    const rules = this.#options.rules ?? STOCK_UPLOAD_RULES;
    let step = firstUploadStep({ taken: upload.taken, rows: upload.rows.length });
    for (let events = 0; events < EVENTS_OF_UPLOAD_MAX; events += 1) {
      if (step.state.at === "rested") return step.state.outcome;
      const [command] = step.commands;
      assert(command !== undefined, "a round that has not ended does something");
      step = decideUpload(rules, step.state, await this.#execute(command, upload));
    }
    throw new AssertionFailure("an upload has as many events as it has rows");
  }

  async #execute(command: UploadCommand, upload: RecordedUpload): Promise<UploadEvent> {
    try {
      switch (command.do) {
        case "tell":
          return await this.#tell(upload, command.from);
        case "note-progress":
          return await this.#append(upload, { state: progressState(upload), taken: command.taken });
        case "close":
          return await this.#append(upload, { state: "done", taken: upload.rows.length });
        case "drop":
          return await this.#append(upload, { state: "void", taken: command.taken, more: { reason: RETURNED_UNTOLD } });
        case "park":
          this.#ports.log.warn("stock-upload-parked", { subject: upload.last.subject });
          return await this.#append(upload, { state: "unknown", taken: command.taken, message: command.message });
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

  async #tell(upload: RecordedUpload, from: number): Promise<UploadEvent> {
    if (this.#options.signal.aborted) return { is: "silent" };
    if (upload.act === "return" && from >= (await this.#toldOf(upload.order))) return { is: "needless" };
    const event = await this.#exchange(upload, from);
    const meetsReturn = event.is === "refused" && upload.act === "sale" && (await this.#isReturned(upload.order));
    // An insurer that takes no sale of a settlement that was taken back has nothing to be told of the return of those rows either.
    return meetsReturn ? { is: "needless" } : event;
  }

  async #isReturned(order: string): Promise<boolean> {
    return (await this.#ports.journal.mark(markOf(order, "return"))) !== undefined;
  }

  /** How many rows of this order's sale the insurer has taken; a sale that ended whole, or that nobody knows of, was told in full. */
  async #toldOf(order: string): Promise<number> {
    const subject = await this.#ports.journal.mark(markOf(order, "sale"));
    const sale = subject === undefined ? undefined : readUpload(await this.#ports.journal.entriesOf(subject));
    const cutShort = sale !== undefined && (sale.last.state === "void" || sale.last.state === "refused");
    return cutShort ? sale.taken : Number.POSITIVE_INFINITY;
  }

  async #exchange(upload: RecordedUpload, from: number): Promise<UploadEvent> {
    const missing = missingFact(upload.rows);
    if (missing !== undefined) return { is: "refused", message: missing };
    const message = stockMessage(upload, from, this.#options.inBatches);
    const { signIns } = this.#ports;
    const used = signIns.number;
    const answer = await this.#ask(message, upload);
    const mayBeStale = answer.kind === "refused" && answer.code !== REQUEST_MALFORMED && used !== undefined;
    if (!mayBeStale || this.#renewed) return judgeAnswer(answer, message.count);
    this.#renewed = true;
    // A number of yesterday is refused like anything else; with a new one the refusal is about the goods. Another lane may have renewed it.
    if (signIns.number === used) signIns.forget();
    return judgeAnswer(await this.#ask(message, upload), message.count);
  }

  async #ask({ infno, input }: StockMessage, { insuranceArea }: RecordedUpload): Promise<Answer> {
    const silence = await signIn(this.#ports, this.#limits());
    if (silence !== undefined) return { kind: "undecided", reason: "reply-undecided" };
    const area = insuranceArea === "" ? {} : { insuranceArea };
    return ask(this.#ports, { infno, input, ...area }, this.#limits());
  }

  async #append(upload: RecordedUpload, step: LaterStep): Promise<UploadEvent> {
    await this.#ports.journal.append(laterDraft(upload, step));
    return { is: "entry-durable" };
  }
}
