/*
 * Goal: the machine's decisions, carried out on host and journal, within bounds.
 * Method: one command at a time; each ends as one event. The runner decides nothing.
 */
import { AssertionFailure, assert } from "../../base/assert.ts";
import { isFault } from "../../base/fault.ts";
import { neverAborted } from "../../base/never.ts";
import type { Limits } from "../../base/ports.ts";
import { boundedJournal } from "../bounded-journal.ts";
import type { EntryDraft, Journal } from "../journal/types.ts";
import type { SalesInFlight } from "../lane.ts";
import { type NoAnswer, send, signIn } from "../medical-host/ask.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import { decideVoid, FIRST_VOID_STEP, VOID_RULES } from "./machine.ts";
import { findVoid, laterVoidDraft, type RecordedVoid, readStanding, type StandingSettlement, type VoidFacts, voidIntentDraft, voidMark } from "./record.ts";
import type { KnownVoid, VoidCommand, VoidEvent, VoidOutcome, VoidRules } from "./types.ts";

const EVENTS_MAX = 20;

export interface VoidPorts extends HostPorts {
  /** Shared by all lanes of the terminal. */
  readonly sales: SalesInFlight;
}

export interface VoidRequest {
  /** `<order reference>.v<n>`: the mark `sale/<reference>`. */
  readonly reference: string;
  readonly order: string;
  readonly operator: string;
  /** Subject of the settlement. */
  readonly original: string;
}

export interface VoidLimits extends Limits {
  /** One question to the host. */
  readonly queryTimeoutMs: number;
  /** The void: after this time the request no longer reaches the host. */
  readonly settleTimeoutMs: number;
  readonly journalTimeoutMs: number;
}

/** Takes one settlement back at the insurer, once. Never rejects for what the world does; an outcome says it. */
export async function runMedicalVoid(ports: VoidPorts, request: VoidRequest, limits: VoidLimits, rules: VoidRules = VOID_RULES): Promise<VoidOutcome> {
  assert(/^[\w.-]{1,64}$/.test(request.reference), "the reference was checked where it came in");
  // One void at a time for each settlement, whatever it is called.
  const giveBack = ports.sales.take(voidMark(request.original));
  if (giveBack === undefined) return { kind: "refused", reason: "in-progress" };
  try {
    return await new VoidRun(ports, { request, limits, rules }).run();
  } finally {
    giveBack();
  }
}

interface RunOptions {
  readonly request: VoidRequest;
  readonly limits: VoidLimits;
  readonly rules: VoidRules;
}

class VoidRun {
  readonly #ports: VoidPorts;
  readonly #options: RunOptions;
  readonly #journal: Journal;
  #settlement: StandingSettlement | undefined;
  #facts: VoidFacts | undefined;

  constructor(ports: VoidPorts, options: RunOptions) {
    this.#options = options;
    this.#journal = boundedJournal(ports, { timeoutMs: options.limits.journalTimeoutMs });
    this.#ports = { ...ports, journal: this.#journal };
  }

  async run(): Promise<VoidOutcome> {
    let step = FIRST_VOID_STEP;
    for (let events = 0; events < EVENTS_MAX; events += 1) {
      if (step.state.at === "ended") return step.state.outcome;
      const [command] = step.commands;
      assert(command !== undefined && step.commands.length === 1, "a void does one thing after the other");
      step = decideVoid(this.#options.rules, step.state, await this.#guarded(command));
    }
    throw new AssertionFailure("a void has few events");
  }

  async #guarded(command: VoidCommand): Promise<VoidEvent> {
    try {
      return await this.#execute(command);
    } catch (fault) {
      // Nothing else than the journal throws here: the host's silence is an answer.
      if (!isFault(fault)) throw fault;
      return { is: "journal-failed", code: fault.code };
    }
  }

  async #execute(command: VoidCommand): Promise<VoidEvent> {
    switch (command.do) {
      case "look-up":
        return { is: "looked-up", known: await this.#known() };
      case "sign-in":
        return this.#signIn();
      case "append-intent":
        return this.#appendIntent();
      case "send":
        return this.#send();
      case "append":
        return this.#durable(laterVoidDraft(command.entry, this.#knownFacts()));
    }
  }

  async #known(): Promise<KnownVoid> {
    const { reference, original } = this.#options.request;
    const same = await findVoid(this.#journal, reference);
    if (same !== undefined) return knownAs(same);
    const other = await this.#journal.mark(voidMark(original));
    const earlier = other === undefined ? undefined : await findVoid(this.#journal, other);
    if (earlier?.state === "done" || earlier?.state === "open") return knownAs(earlier);
    const stands = readStanding(await this.#journal.entriesOf(original));
    if (stands.kind === "undecided") return { kind: "settlement-unknown" };
    if (stands.kind === "gone") return { kind: "nothing-to-void" };
    this.#settlement = stands.settlement;
    return { kind: "new" };
  }

  async #signIn(): Promise<VoidEvent> {
    const { signal, queryTimeoutMs } = this.#options.limits;
    const missing = await signIn(this.#ports, { timeoutMs: queryTimeoutMs, signal });
    return missing === undefined ? { is: "signed-in" } : unanswered(missing);
  }

  /** Looks once more: while the sign-in was waited for, a comparison may have taken over a void that the insurer shows. */
  async #appendIntent(): Promise<VoidEvent> {
    const known = await this.#known();
    if (known.kind !== "new") return { is: "looked-up", known };
    const { clock, messageIds } = this.#ports;
    const { request, limits } = this.#options;
    const { reference, order, operator } = request;
    assert(this.#settlement !== undefined, "the settlement was looked up");
    const facts = { reference, order, operator, settlement: this.#settlement, settleTimeoutMs: limits.settleTimeoutMs, id: messageIds.next(clock.wallMs()) };
    this.#facts = facts;
    return this.#durable(voidIntentDraft(facts));
  }

  async #durable(draft: EntryDraft): Promise<VoidEvent> {
    const { subject, seq } = await this.#journal.append(draft);
    return { is: "entry-durable", entry: { subject, seq } };
  }

  #knownFacts(): VoidFacts {
    assert(this.#facts !== undefined, "the intent was begun");
    return this.#facts;
  }

  async #send(): Promise<VoidEvent> {
    const { id, settlement, settleTimeoutMs } = this.#knownFacts();
    const input = { data: { psn_no: settlement.personNumber, setl_id: settlement.settlementId, mdtrt_id: settlement.visitId } };
    const { insuranceArea, receiver } = settlement;
    const message = { id, infno: settlement.voidCode, input, insuranceArea, ...(receiver === undefined ? {} : { receiver }) };
    const answer = await send(this.#ports, message, { timeoutMs: settleTimeoutMs, signal: neverAborted() });
    if (answer.kind === "done") return { is: "host-done" };
    // A refusal may mean that the day's sign-in is over; a new one costs one question.
    this.#ports.signIns.forget();
    return unanswered(answer);
  }
}

function knownAs({ subject, state, reason }: RecordedVoid): KnownVoid {
  if (state === "done" || state === "open") return { kind: state, subject };
  return { kind: "over", subject, reason };
}

function unanswered(answer: NoAnswer): VoidEvent {
  switch (answer.kind) {
    case "refused":
      return { is: "host-refused", message: answer.message };
    case "not-sent":
      return { is: "not-sent" };
    case "undecided":
      return { is: "host-undecided", reason: answer.reason };
  }
}
