/*
 * Goal: the machine's decisions about a load, carried out on card, pad, line and journal, within bounds.
 * Method: one command at a time, each of which ends as one event. The runner decides nothing. Spec: PBOC purse, load; JR/T 0025, electronic cash, load.
 */
import { AssertionFailure, assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import { neverAborted } from "../../base/never.ts";
import type { Limits } from "../../base/ports.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { notOffered } from "../acquirer-host/messages.ts";
import { awaitCard } from "../await-card.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { CardTrouble } from "../card-trouble.ts";
import type { Journal, JsonObject } from "../journal/types.ts";
import { impossibleAmount } from "../risk/limits.ts";
import type { SaleTime } from "../sale-time.ts";
import type { ParkedItem, PurseLoadOutcome, PurseLoadRequest } from "./acts.ts";
import { askBank } from "./load-bank.ts";
import { LoadBooks } from "./load-books.ts";
import type { IdentifyForLoad, LoadCard, LoadFinding } from "./load-card.ts";
import { cashForLoad } from "./load-cash.ts";
import { decideLoad, FIRST_LOAD_STEP, LOAD_RULES } from "./load-machine.ts";
import { type PurseLoadParts, purseForLoad } from "./load-purse.ts";
import { loadDraft, loadIntent, loadMark, loadOutcome, type RecordedLoad, readLoad } from "./load-record.ts";
import type { KnownLoad, LoadCommand, LoadEnd, LoadEvent, LoadRules } from "./load-types.ts";
import type { BankLine, BankPorts, BatchBook } from "./ports.ts";
import { journalStep, pinStep } from "./steps.ts";

/** More events than any load can have, with a card that goes away and comes back. */
const EVENTS_MAX = 1000;

export interface LoadPorts
  extends Pick<BankPorts, "clock" | "journal" | "log" | "keys" | "profile" | "reader" | "lane" | "sales" | "saleTimes" | "cash" | "saleDays" | "isListed"> {
  readonly line: BankLine;
  readonly book: BatchBook;
  /** How this region's e-purses are loaded; absent: they are not. */
  readonly purse?: PurseLoadParts;
  /** Left out: the real ones. */
  readonly rules?: LoadRules;
}

export interface LoadBounds {
  readonly commandTimeoutMs: number;
  readonly pinTimeoutMs: number;
  readonly journalTimeoutMs: number;
  /** How long the card of a torn load is waited for. */
  readonly returnTimeoutMs: number;
}

export interface BankLoads {
  /** Once for each reference; asked again, a load that its card has not decided waits for that card. Never rejects for what the world does. */
  load(request: PurseLoadRequest, limits: Limits): Promise<PurseLoadOutcome>;
  /** Undefined where it was never begun. Faults: those of the journal. */
  known(reference: string): Promise<PurseLoadOutcome | undefined>;
  /** Loads that wait for their card, oldest first. Faults: those of the journal. */
  parked(limit: number): Promise<readonly ParkedItem[]>;
  /** A person decides what no card will; said twice, it is done once. Not loaded: the bank leg goes back. Faults: those of the journal. */
  decide(subject: string, act: LoadWord): Promise<"settled" | "not-parked">;
}

interface LoadWord {
  readonly operator: string;
  readonly act: "loaded" | "not-loaded";
  readonly note?: string;
}

/** Call after recovery at start and before any lane opens. Faults: those of the journal. */
export async function openBankLoads(ports: LoadPorts, bounds: LoadBounds): Promise<BankLoads> {
  const journal = boundedJournal(ports, { timeoutMs: bounds.journalTimeoutMs });
  const books = new LoadBooks({ journal, log: ports.log });
  await books.start();
  return new DurableLoads({ ...ports, journal }, bounds, books);
}

class DurableLoads implements BankLoads {
  readonly #ports: LoadPorts;
  readonly #bounds: LoadBounds;
  readonly #books: LoadBooks;
  readonly #cash: IdentifyForLoad;

  constructor(ports: LoadPorts, bounds: LoadBounds, books: LoadBooks) {
    this.#ports = ports;
    this.#bounds = bounds;
    this.#books = books;
    this.#cash = cashForLoad(ports);
  }

  async load(request: PurseLoadRequest, limits: Limits): Promise<PurseLoadOutcome> {
    assert(/^[\w.-]{1,64}$/.test(request.reference), "the reference was checked where it came in");
    if (request.purse === "e-purse" && this.#ports.purse === undefined) return { kind: "refused", reason: "load-not-offered" };
    const giveBackReference = this.#ports.sales.take(request.reference);
    if (giveBackReference === undefined) return { kind: "unknown", reason: "in-progress" };
    const giveBackLane = this.#ports.lane.take();
    try {
      if (giveBackLane === undefined) return { kind: "refused", reason: "lane-busy" };
      return await this.#begin(request, limits);
    } finally {
      giveBackLane?.();
      giveBackReference();
    }
  }

  async #begin(request: PurseLoadRequest, limits: Limits): Promise<PurseLoadOutcome> {
    const { clock } = this.#ports;
    const deadlineMs = clock.monotonicMs() + limits.timeoutMs;
    const identify = request.purse === "electronic-cash" ? this.#cash : await this.#purse(limits);
    if (typeof identify === "string") return { kind: "refused", reason: identify };
    const left = { timeoutMs: Math.max(0, deadlineMs - clock.monotonicMs()), signal: limits.signal };
    return new LoadRun({ ports: this.#ports, bounds: this.#bounds, books: this.#books, identify }, request, left).run();
  }

  /** The card is told the number of the terminal's module, which the module says when it is opened; without it nothing is begun. */
  async #purse(limits: Limits): Promise<IdentifyForLoad | string> {
    const { purse, profile } = this.#ports;
    assert(purse !== undefined, "e-purses are loaded here");
    try {
      return purseForLoad({ ...purse, terminalNumber: await purse.terminalNumber(limits), bank: this.#ports, profile });
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return fault.code;
    }
  }

  async known(reference: string): Promise<PurseLoadOutcome | undefined> {
    const subject = await this.#ports.journal.mark(loadMark(reference));
    const load = subject === undefined ? undefined : await this.#books.read(subject);
    return load === undefined ? undefined : loadOutcome(load);
  }

  async parked(limit: number): Promise<readonly ParkedItem[]> {
    const waiting = await this.#books.waiting(limit);
    return waiting.map(({ subject, amount, reason, last }) => ({ subject, what: "load", amount, reason, sinceMs: last.wallMs, tries: 0 }));
  }

  async decide(subject: string, word: LoadWord): Promise<"settled" | "not-parked"> {
    const named = await this.#books.read(subject);
    const giveBack = named === undefined ? undefined : this.#ports.sales.take(named.reference);
    // Whoever waits for its card decides it by that.
    if (giveBack === undefined) return "not-parked";
    try {
      return await this.#decideNow(subject, word);
    } finally {
      giveBack();
    }
  }

  async #decideNow(subject: string, { operator, act, note }: LoadWord): Promise<"settled" | "not-parked"> {
    const load = await this.#books.read(subject);
    if (load === undefined) return "not-parked";
    const state = act === "loaded" ? "done" : "void";
    if (load.last.state !== "unknown" && load.last.state !== "resolving")
      return load.last.state === state && load.detail["decidedBy"] !== undefined ? "settled" : "not-parked";
    const said = { decidedBy: operator, proof: "person", ...(note === undefined ? {} : { note }) };
    await this.#books.close(load, { state, more: { ...said, ...(state === "void" ? { reason: act } : {}) } });
    return "settled";
  }
}

interface LoadSide {
  readonly ports: LoadPorts;
  readonly bounds: LoadBounds;
  readonly books: LoadBooks;
  readonly identify: IdentifyForLoad;
}

class LoadRun {
  readonly #side: LoadSide;
  readonly #journal: Journal;
  readonly #request: PurseLoadRequest;
  readonly #limits: Limits;
  readonly #trouble: CardTrouble;
  readonly #deadlineMs: number;
  #returnDeadlineMs: number | undefined;
  #channel: CardChannel | undefined;
  #card: LoadCard | undefined;
  #pinBlock: Bytes | undefined;
  #saleTime: SaleTime | undefined;
  /** What the card said when it opened the load. */
  #opened: JsonObject = {};
  #load: RecordedLoad | undefined;
  /** What the bank, and then the card, add to the record. */
  #found: JsonObject = {};
  #leg: LoadFinding["leg"];

  constructor(side: LoadSide, request: PurseLoadRequest, limits: Limits) {
    this.#side = side;
    this.#journal = side.ports.journal;
    this.#request = request;
    this.#limits = limits;
    this.#trouble = new CardTrouble(side.ports.reader);
    this.#deadlineMs = side.ports.clock.monotonicMs() + limits.timeoutMs;
  }

  async run(): Promise<PurseLoadOutcome> {
    const rules = this.#side.ports.rules ?? LOAD_RULES;
    try {
      let step = FIRST_LOAD_STEP;
      for (let events = 0; events < EVENTS_MAX; events += 1) {
        if (step.state.at === "ended") return this.#told(step.state.outcome);
        assert(step.command !== undefined, "a load that has not ended has something to do");
        step = decideLoad(rules, step.state, await this.#execute(step.command));
      }
      throw new AssertionFailure("a load has few events");
    } finally {
      this.#pinBlock = undefined;
      await this.#channel?.close();
    }
  }

  #told(outcome: LoadEnd): PurseLoadOutcome {
    if (outcome.kind === "no-card") return { ...outcome, ...this.#trouble.reason };
    if (outcome.kind !== "loaded") return outcome;
    assert(this.#load !== undefined, "what was loaded has its record");
    return loadOutcome(this.#load);
  }

  #execute(command: LoadCommand): Promise<LoadEvent> {
    switch (command.do) {
      case "look-up":
        return journalStep(async () => ({ is: "looked-up", known: await this.#lookUp() }));
      case "clear-line":
        return this.#clearLine();
      case "await-card":
        return this.#awaitCard(command);
      case "identify":
        return journalStep(() => this.#cardStep(() => this.#identify()));
      case "ask-pin":
        return this.#askPin();
      case "open-on-card":
        return this.#cardStep(() => this.#open());
      case "append-intent":
        return journalStep(() => this.#appendIntent());
      case "ask-bank":
        return journalStep(() => this.#askBank());
      case "append":
        return journalStep(() => this.#append(command));
      case "credit":
        return this.#cardStep(async () => this.#says(await this.#present().credit()));
      case "prove":
        return journalStep(() => this.#cardStep(() => this.#prove(command.subject)));
      case "close":
        return journalStep(() => this.#close(command));
    }
  }

  async #cardStep(work: () => Promise<LoadEvent>): Promise<LoadEvent> {
    try {
      return await work();
    } catch (fault) {
      if (!isFault(fault) || fault.code.startsWith("store-") || fault.code === "queue-full") throw fault;
      this.#trouble.note(fault);
      return { is: "card-lost", code: fault.code, effectUnknown: fault.effectUnknown };
    }
  }

  #present(): LoadCard {
    assert(this.#card !== undefined, "the card was identified");
    return this.#card;
  }

  async #lookUp(): Promise<KnownLoad> {
    const { amount, purse, reference } = this.#request;
    const { profile } = this.#side.ports;
    const subject = await this.#journal.mark(loadMark(reference));
    if (subject === undefined) {
      const reason = notOffered(profile, purse === "electronic-cash" ? "cash-load" : "purse-load") ?? impossibleAmount(amount);
      return reason === undefined ? { kind: "new" } : { kind: "refused", reason };
    }
    const load = readLoad(await this.#journal.entriesOf(subject));
    if (load === undefined || load.amount !== amount || load.purse !== purse) return { kind: "refused", reason: "reference-conflict" };
    this.#load = load;
    const { last, reason } = load;
    if (last.state !== "unknown" && last.state !== "resolving") return { kind: "known", outcome: loadOutcome(load) };
    return { kind: "open", entry: { subject, seq: last.seq }, reason };
  }

  async #clearLine(): Promise<LoadEvent> {
    const limits = { timeoutMs: Math.max(0, this.#deadlineMs - this.#side.ports.clock.monotonicMs()), signal: this.#limits.signal };
    const clear = await this.#side.ports.line.hold("clear", async () => "clear" as const, limits);
    return clear === "clear" ? { is: "line-clear" } : { is: "line-refused", reason: clear.reason };
  }

  async #awaitCard({ pauseMs, returning }: Extract<LoadCommand, { readonly do: "await-card" }>): Promise<LoadEvent> {
    await this.#channel?.close();
    this.#channel = undefined;
    const { clock } = this.#side.ports;
    if (returning) this.#returnDeadlineMs ??= clock.monotonicMs() + this.#side.bounds.returnTimeoutMs;
    const deadlineMs = this.#returnDeadlineMs ?? this.#deadlineMs;
    this.#channel = await awaitCard(this.#side.ports, { deadlineMs, signal: this.#limits.signal, trouble: this.#trouble, pauseMs });
    return { is: this.#channel === undefined ? "time-over" : "card-present" };
  }

  async #readCard(): Promise<LoadCard | Extract<LoadEvent, { readonly is: "card-unusable" }>> {
    const channel = this.#channel;
    assert(channel !== undefined, "a card was presented");
    const card = await this.#side.identify({ channel, limits: () => this.#commandLimits() }, this.#request.amount);
    return card.kind === "ok" ? card : { is: "card-unusable", reason: card.reason };
  }

  /** Never beyond the time of what is under way, until the bank is asked; then nobody gives up any more. */
  #commandLimits(): Limits {
    const timeoutMs = this.#side.bounds.commandTimeoutMs;
    if (this.#load !== undefined) return { timeoutMs, signal: neverAborted() };
    const leftMs = this.#deadlineMs - this.#side.ports.clock.monotonicMs();
    if (leftMs <= 0) throw new Fault("timeout", "the time for this load has passed", { effectUnknown: false });
    return { timeoutMs: Math.min(timeoutMs, leftMs), signal: this.#limits.signal };
  }

  /** What this card owes an answer to is decided before anything new is put onto it. */
  async #identify(): Promise<LoadEvent> {
    const card = await this.#readCard();
    if ("is" in card) return card;
    for (const load of await this.#side.books.openOf(card.name)) {
      const { word, detail, leg } = await card.prove(load);
      if (word.kind !== "loaded" && word.kind !== "not-loaded") return { is: "card-unusable", reason: "earlier-load-undecided" };
      const state = word.kind === "loaded" ? "done" : "void";
      await this.#side.books.close(load, {
        state,
        more: { ...detail, ...(state === "void" ? { reason: word.kind } : {}) },
        ...(leg === undefined ? {} : { leg }),
      });
    }
    if (this.#side.ports.isListed?.(card.account) === true) return { is: "card-unusable", reason: "on-invalid-list" };
    this.#card = card;
    return { is: "card-known" };
  }

  async #askPin(): Promise<LoadEvent> {
    const limits = { timeoutMs: this.#side.bounds.pinTimeoutMs, signal: this.#limits.signal };
    const { block, event } = await pinStep(this.#side.ports.keys, this.#present().account, limits);
    this.#pinBlock = block;
    return event;
  }

  async #open(): Promise<LoadEvent> {
    const { saleTimes, clock } = this.#side.ports;
    this.#saleTime = saleTimes.next(clock.wallMs());
    const opened = await this.#present().open(this.#saleTime);
    if (opened.kind === "unusable") return { is: "card-unusable", reason: opened.reason };
    this.#opened = opened.detail;
    return { is: "card-opened" };
  }

  async #appendIntent(): Promise<LoadEvent> {
    const { name, personal } = this.#present();
    assert(this.#saleTime !== undefined, "the load has its time");
    const { date, time, mark } = this.#saleTime;
    const entry = await this.#journal.append(
      loadIntent({ request: this.#request, card: name, detail: { date, time, ...this.#opened }, personal, marks: [mark] }),
    );
    this.#load = readLoad([entry]);
    return { is: "entry-durable", entry: { subject: entry.subject, seq: entry.seq } };
  }

  #recorded(): RecordedLoad {
    assert(this.#load !== undefined, "the intent is durable");
    return this.#load;
  }

  /** Signed in and with nothing pending, or not at all. */
  async #askBank(): Promise<LoadEvent> {
    const { line, book, profile } = this.#side.ports;
    const asked = { load: this.#recorded(), card: this.#present(), pinBlock: this.#pinBlock };
    this.#pinBlock = undefined;
    const limits = { timeoutMs: profile.replyTimeoutMs, signal: neverAborted() };
    const answer = await line.hold("clear", (held) => askBank({ journal: this.#journal, book, profile }, held, asked), limits);
    if ("kind" in answer) return { is: "bank-refused", reason: answer.reason };
    this.#found = answer.detail;
    return answer.event;
  }

  async #append({ state, reason }: Extract<LoadCommand, { readonly do: "append" }>): Promise<LoadEvent> {
    const more = { ...this.#found, ...(reason === undefined ? {} : { reason }) };
    const entry = await this.#journal.append(loadDraft(this.#recorded(), state, more));
    this.#load = readLoad([entry]);
    return { is: "entry-durable", entry: { subject: entry.subject, seq: entry.seq } };
  }

  #says({ word, detail, leg }: LoadFinding): LoadEvent {
    this.#found = { ...this.#found, ...detail };
    this.#leg = leg ?? this.#leg;
    return { is: "card-says", word };
  }

  async #prove(subject: string): Promise<LoadEvent> {
    const load = readLoad(await this.#journal.entriesOf(subject));
    assert(load !== undefined, "an open load is one");
    this.#load = load;
    const card = await this.#readCard();
    return "is" in card ? card : this.#says(await card.prove(load));
  }

  async #close({ state, reason }: Extract<LoadCommand, { readonly do: "close" }>): Promise<LoadEvent> {
    const more = { ...this.#found, ...(reason === undefined ? {} : { reason }) };
    const leg = this.#leg === undefined ? {} : { leg: this.#leg };
    const closed = await this.#side.books.close(this.#recorded(), { state, more, ...leg });
    assert(closed !== undefined, "a load stays a load");
    this.#load = closed;
    return { is: "entry-durable", entry: { subject: closed.subject, seq: closed.last.seq } };
  }
}
