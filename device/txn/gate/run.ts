/*
 * Goal: one lane's decisions, carried out on reader, gate, journal and prompts, within bounds, until it is stopped.
 * Method: one queue of events; each command runs by itself and ends as one event. The runner decides nothing: the machine does, and what a tap
 * comes to is told by the tap's own desk. What the world does here stays in this lane; a mistake of our own ends the process, and its next start
 * finds everything in the journal.
 */
import { assert } from "../../base/assert.ts";
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { BoundedQueue } from "../../base/queue.ts";
import type { CustomerDisplay, Gate, Passage, SignalLamp } from "../../drivers/peripherals.ts";
import { boundedJournal } from "../bounded-journal.ts";
import type { Journal, JsonObject } from "../journal/types.ts";
import type { LaneEvent, LanePrompt, LaneStatus } from "./lane.ts";
import { decide, FIRST_STEP } from "./machine.ts";
import { LanePrompter } from "./prompter.ts";
import type { TapUse } from "./recent.ts";
import { endDraft, forgottenDraft, noteAfter, openingDraft } from "./records.ts";
import { TapDesk, type TapParts } from "./tap.ts";
import type { Claim, Command, Event, PassageEnd, ReleaseWhy, State, Verdict } from "./types.ts";

export interface GateLaneParts extends TapParts {
  readonly journal: Journal;
  readonly gate: Gate;
  readonly lamp?: SignalLamp;
  readonly display?: CustomerDisplay;
  /** Told everything that happens at the lane, beside it. It never throws. */
  readonly onEvent?: (event: LaneEvent) => void;
}

/** More than any lane has to hear at once. */
const EVENTS_MAX = 1_000;
/** One wait for a card; the next one begins at once. */
const CARD_WAIT_MS = 60_000;
/** How long the last word to a holder stands before the lane says that it is ready. */
const PROMPT_MS = 1_500;
/** The gate's own answers. */
const GATE_ANSWER_MS = 2_000;
const JOURNAL_MS = 5_000;
/** One opening while every gate stands open, and the pause before the next. */
const HELD_OPEN_MS = 60_000;
const HELD_PAUSE_MS = 200;
/** How long somebody may still pass when the lane is stopped. */
const STOP_PASSAGE_MS = 10_000;

const STATE_WORDS: Readonly<Record<State["at"], LaneStatus["state"]>> = {
  starting: "starting",
  ready: "serving",
  selling: "serving",
  recording: "passage",
  passing: "passage",
  noting: "passage",
  resting: "out-of-order",
  released: "released",
  stopped: "stopped",
};

/** An opening as its records name it. */
interface Opening {
  readonly subject: string;
  readonly detail: JsonObject;
}

export class GateLane {
  readonly name: string;
  readonly #parts: GateLaneParts;
  readonly #journal: Journal;
  readonly #desk: TapDesk;
  readonly #prompter: LanePrompter;
  readonly #events = new BoundedQueue<Event>(EVENTS_MAX);
  readonly #underWay = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #state: State = FIRST_STEP.state;
  #mistake: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;
  #running: Promise<void> | undefined;
  /** Gives up what waits for people: a card, a gate that is ill, a sale before its debit. */
  #interrupt = new AbortController();
  #holding: { readonly end: AbortController; readonly ended: Promise<void> } | undefined;
  #opening: Opening | undefined;
  /** An opening of which the gate could not tell who went through: ended with the next one, or at the next start. */
  #untold: Opening | undefined;
  #answerStaff: ((answer: { readonly kind: "opened" | "refused" }) => void) | undefined;
  readonly #counts = { taps: 0, passages: 0, refused: 0, fareFen: 0 };

  constructor(parts: GateLaneParts) {
    this.name = parts.settings.name;
    this.#parts = parts;
    this.#journal = boundedJournal(parts, { timeoutMs: JOURNAL_MS });
    this.#desk = new TapDesk(parts);
    this.#prompter = new LanePrompter(parts);
    parts.reader.onWantedAgain(() => this.#post({ is: "wanted-again" }));
  }

  get status(): LaneStatus {
    const { at } = this.#state;
    const returning = this.#state.at === "selling" && this.#state.returning;
    return { name: this.name, state: returning ? "awaiting-return" : STATE_WORDS[at], ...this.#counts };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when the lane is shut and says nothing any more. What was paid is let through first, within a bound. */
  async stop(): Promise<void> {
    if (this.#running === undefined) return;
    this.#post({ is: "stop" });
    const late = new AbortController();
    void this.#parts.clock.sleep(STOP_PASSAGE_MS, late.signal).then(() => this.#stopping.abort(), ignoreCancelled);
    try {
      await this.#running;
    } finally {
      late.abort();
      await this.#prompter.close();
    }
  }

  release(why: ReleaseWhy): void {
    this.#post({ is: "release", why });
  }

  serve(): void {
    this.#post({ is: "serve" });
  }

  /** Opens once on a person's word, where nobody is being served. */
  staffRelease(operator: string): Promise<{ readonly kind: "opened" | "refused" }> {
    if (this.#answerStaff !== undefined || this.#running === undefined || this.#state.at === "stopped") return Promise.resolve({ kind: "refused" });
    const answer = Promise.withResolvers<{ readonly kind: "opened" | "refused" }>();
    this.#answerStaff = answer.resolve;
    this.#post({ is: "staff", operator });
    return answer.promise;
  }

  async #run(): Promise<void> {
    let { commands } = FIRST_STEP;
    while (this.#state.at !== "stopped") {
      for (const command of commands) this.#start(command);
      const step = decide(this.#state, await this.#nextEvent());
      this.#state = step.state;
      commands = step.commands;
    }
    for (const command of commands) this.#start(command);
    this.#answer("refused");
    await this.#letGo();
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    await this.#parts.reader.drop();
  }

  #post(event: Event): void {
    if (this.#state.at === "stopped") return;
    assert(this.#events.push(event), "a lane hears faster than people speak");
    this.#wake();
  }

  async #nextEvent(): Promise<Event> {
    for (;;) {
      if (this.#mistake !== undefined) throw this.#mistake.error;
      const event = this.#events.shift();
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #start(command: Command): void {
    const done = this.#execute(command)
      .then(
        (event) => {
          if (event !== undefined) this.#post(event);
        },
        (error: unknown) => {
          this.#mistake ??= { error };
        },
      )
      .then(() => {
        this.#underWay.delete(done);
        this.#wake();
      });
    this.#underWay.add(done);
  }

  #execute(command: Command): Promise<Event | undefined> {
    switch (command.do) {
      case "check-gate":
        return this.#checkGate(command.pauseMs);
      case "await-card":
        return this.#awaitCard(command.pauseMs);
      case "drop-card":
        return this.#parts.reader.drop().then(nothing);
      case "sell":
        this.#prompter.hush();
        return this.#decided(this.#desk.sell(this.#interruptible()));
      case "sell-next-purse":
        return this.#decided(this.#desk.sellNextPurse(this.#interruptible()));
      case "resume":
        return this.#decided(this.#desk.resume(command.resumed, this.#interruptible()));
      case "record":
        return this.#record(command.claim);
      case "open":
        return this.#open(command.claim);
      case "note":
        return this.#note(command.claim, command.end);
      case "interrupt":
      case "hold-open":
      case "let-go":
      case "answer-staff":
      case "prompt":
      case "tell":
        this.#say(command);
        return Promise.resolve(undefined);
    }
  }

  /** What is done at once. */
  #say(command: Extract<Command, { readonly do: "interrupt" | "hold-open" | "let-go" | "answer-staff" | "prompt" | "tell" }>): void {
    switch (command.do) {
      case "interrupt":
        return this.#interrupt.abort();
      case "hold-open":
        return this.#hold(command.why);
      case "let-go":
        return this.#holding?.end.abort();
      case "answer-staff":
        return this.#answer(command.kind);
      case "prompt":
        return this.#prompt(command.prompt);
      case "tell":
        this.#count(command.event);
        return this.#parts.onEvent?.(command.event);
    }
  }

  #answer(kind: "opened" | "refused"): void {
    this.#answerStaff?.({ kind });
    this.#answerStaff = undefined;
  }

  #prompt(prompt: LanePrompt): void {
    this.#prompter.tell(prompt);
    this.#parts.onEvent?.({ is: "prompt", prompt });
  }

  #count(event: LaneEvent): void {
    const counts = this.#counts;
    if (event.is === "tap") {
      counts.taps += 1;
      if (event.outcome === "refused") counts.refused += 1;
      counts.fareFen += event.fare ?? 0;
    }
    if (event.is === "passage" && event.passage === "passed") counts.passages += 1;
  }

  /** A signal for the one thing that waits now. An interruption of what has ended says nothing about what begins: the machine knows better. */
  #interruptible(): AbortSignal {
    this.#interrupt = new AbortController();
    return this.#interrupt.signal;
  }

  async #checkGate(pauseMs: number): Promise<Event> {
    const { clock, gate, log } = this.#parts;
    const signal = this.#interruptible();
    try {
      await clock.sleep(pauseMs, signal);
      await this.#letGo();
      const health = await gate.health({ timeoutMs: GATE_ANSWER_MS, signal });
      if (health.kind === "well" || health.kind === "degraded") return { is: "gate-well" };
      log.warn("gate-ill", { lane: this.name, health: health.kind });
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      if (fault.code !== "cancelled") log.warn("gate-ill", { lane: this.name, code: fault.code });
    }
    return { is: "gate-ill" };
  }

  async #awaitCard(pauseMs: number): Promise<Event> {
    const { clock, reader, log } = this.#parts;
    const signal = this.#interruptible();
    const here = new AbortController();
    void this.#sayReady(AbortSignal.any([signal, here.signal]));
    try {
      await clock.sleep(pauseMs, signal);
      await reader.arrival({ timeoutMs: CARD_WAIT_MS, signal });
      return { is: "card-arrived" };
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      if (fault.code === "timeout" || fault.code === "cancelled") return { is: "card-absent", why: "nobody" };
      if (fault.code === "card-collision") return { is: "card-absent", why: "crowd" };
      log.warn("card-not-reached", { lane: this.name, code: fault.code });
      return { is: "card-absent", why: "trouble" };
    } finally {
      here.abort();
    }
  }

  /** Says once that the next card may come, when the last word was read and the last card is away. */
  async #sayReady(signal: AbortSignal): Promise<void> {
    try {
      do await this.#parts.clock.sleep(PROMPT_MS, signal);
      while (this.#parts.reader.occupied);
      this.#post({ is: "field-free" });
    } catch (fault) {
      if (!isFault(fault, "cancelled")) throw fault;
    }
  }

  async #decided(tap: Promise<Verdict>): Promise<Event> {
    return { is: "decided", verdict: await tap };
  }

  /** The opening is durable before the gate opens. Where the disk fails, who has paid passes all the same: the sale itself is durable. */
  async #record(claim: Claim): Promise<Event> {
    const { settings, taps, clock, log } = this.#parts;
    if (claim.is !== "staff") taps.note(this.#tapOf(claim), { is: "passing", sale: claim.sale }, clock.monotonicMs());
    const draft = openingDraft(settings, settings.direction, claim);
    this.#opening = undefined;
    try {
      const { subject } = await this.#journal.append(draft);
      this.#opening = { subject, detail: draft.detail };
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      log.error("passage-not-recorded", { lane: this.name, code: fault.code });
    }
    return { is: "recorded" };
  }

  #tapOf({ card }: Exclude<Claim, { readonly is: "staff" }>): { readonly card: string; readonly use: TapUse } {
    return { card, use: this.#desk.use };
  }

  async #open(claim: Claim): Promise<Event> {
    const { gate, settings, policy, log } = this.#parts;
    const limits: Limits = { timeoutMs: GATE_ANSWER_MS, signal: this.#stopping.signal };
    try {
      await this.#letGo();
      const passage = await gate.open(settings.direction, { passageTimeoutMs: policy.passageTimeoutMs }, limits);
      return { is: "passage-over", passage, end: this.#endOf(passage, claim) };
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      log.error("gate-fault", { lane: this.name, code: fault.code });
      return { is: "passage-over", passage: "fault", end: { state: fault.effectUnknown ? "unknown" : "void", said: fault.code } };
    }
  }

  #endOf(passage: Passage, claim: Claim): PassageEnd {
    if (passage === "passed") return { state: "done", said: passage };
    if (passage === "fault") return { state: "unknown", said: passage };
    if (passage === "reversed" || this.#parts.gate.reportsPassage) return { state: "void", said: passage };
    // A gate that sees nobody: its word at the end of the time is no word about people.
    return { state: claim.is !== "staff" && this.#parts.policy.unreportedPassage === "keep" ? "void" : "done", said: "unreported" };
  }

  async #note(claim: Claim, end: PassageEnd): Promise<Event> {
    const { policy, taps, clock, log } = this.#parts;
    if (claim.is !== "staff") taps.note(this.#tapOf(claim), noteAfter(end, claim.sale, policy), clock.monotonicMs());
    const opening = this.#opening;
    this.#opening = undefined;
    const untold = this.#untold;
    this.#untold = end.state === "unknown" ? opening : undefined;
    try {
      if (opening !== undefined) await this.#journal.append(endDraft(opening.subject, opening.detail, end));
      // What fails here is ended by the next start.
      if (untold !== undefined) await this.#journal.append(forgottenDraft(untold.subject, untold.detail));
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      log.error("passage-not-recorded", { lane: this.name, code: fault.code });
    }
    return { is: "noted" };
  }

  /** Opens the gate again and again until it is let go. */
  #hold(why: ReleaseWhy): void {
    this.#holding?.end.abort();
    const before = this.#holding?.ended;
    const end = new AbortController();
    const work = (before ?? Promise.resolve()).then(() => this.#keepOpen(why, end.signal));
    this.#holding = {
      end,
      ended: work.catch((error: unknown) => {
        this.#mistake ??= { error };
        this.#wake();
      }),
    };
  }

  async #keepOpen(why: ReleaseWhy, signal: AbortSignal): Promise<void> {
    const { gate, clock, settings, log } = this.#parts;
    const direction = why === "fire" ? "exit" : settings.direction;
    let failing = false;
    while (!signal.aborted) {
      try {
        await gate.open(direction, { passageTimeoutMs: HELD_OPEN_MS }, { timeoutMs: GATE_ANSWER_MS, signal });
        failing = false;
      } catch (fault) {
        if (!isFault(fault)) throw fault;
        if (!failing && !signal.aborted) log.warn("gate-not-held-open", { lane: this.name, code: fault.code });
        failing = true;
      }
      await clock.sleep(HELD_PAUSE_MS, signal).catch(ignoreCancelled);
    }
  }

  /** Ends the holding and waits for it: a gate opens for one after the other. */
  async #letGo(): Promise<void> {
    this.#holding?.end.abort();
    await this.#holding?.ended;
  }
}

function nothing(): undefined {
  return undefined;
}

function ignoreCancelled(fault: unknown): void {
  if (!isFault(fault, "cancelled")) throw fault;
}
