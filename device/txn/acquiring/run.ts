/*
 * Goal: the machine's decisions, carried out on card, pad, line and journal, within bounds.
 * Method: one command at a time, each of which ends as one event. The runner decides nothing: it keeps what the commands gave, for the next one
 * and for the record. A PIN block lives in this run's memory until its message is made, and nowhere else.
 */
import { AssertionFailure, assert } from "../../base/assert.ts";
import { type Bytes, toHex } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import { neverAborted } from "../../base/never.ts";
import type { Limits } from "../../base/ports.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import type { EntryDraft, Journal, JsonObject } from "../journal/types.ts";
import { saleMark } from "../quick-payment/record.ts";
import type { SaleTime } from "../sale-time.ts";
import type { BankAct } from "./act.ts";
import type { BankOutcome } from "./acts.ts";
import { BankCardSide } from "./card-side.ts";
import { type ChipEnd, type ChipWord, issuerAnswerOf } from "./chip.ts";
import type { AcquirerLine, OwnLine } from "./line.ts";
import { decide, FIRST_STEP } from "./machine.ts";
import type { BankBounds, BankPorts, BatchBook } from "./ports.ts";
import { reversalData } from "./record.ts";
import type { Reversals } from "./reversals.ts";
import { chipDataOf, journalStep, pinStep, textOf } from "./steps.ts";
import type { Approval, BankRules, Command, EntryWish, Event } from "./types.ts";

/** More events than any transaction can have: each try is bounded by the machine. */
const EVENTS_MAX = 100;

/** What the acts of one terminal share. */
export interface BankSide {
  /** Their journal has a bound on each wait. */
  readonly ports: BankPorts;
  readonly bounds: BankBounds;
  readonly line: AcquirerLine;
  readonly book: BatchBook;
  readonly reversals: Reversals;
  readonly rules: BankRules;
}

/** What was found out so far of one transaction. */
interface Known {
  readonly saleTime: SaleTime;
  readonly stan: string;
  readonly batch: string;
  readonly request: IsoMessage;
}

/**
 * Does one act for its reference, once. Never rejects for what the world does; an outcome says it. `timeoutMs` bounds everything up to the PIN;
 * `signal` gives the act up until its intent is written.
 */
export async function runBankAct(side: BankSide, act: BankAct, limits: Limits): Promise<BankOutcome> {
  const { lane, sales } = side.ports;
  assert(/^[\w.-]{1,64}$/.test(act.reference), "the reference was checked where it came in");
  const giveBackReference = sales.take(act.reference);
  if (giveBackReference === undefined) return { kind: "unknown", reason: "in-progress" };
  const giveBackLane = act.plan.card === "absent" ? () => undefined : lane.take();
  try {
    if (giveBackLane === undefined) return { kind: "refused", reason: "lane-busy" };
    return await new BankRun(side, act, limits).run();
  } finally {
    giveBackLane?.();
    giveBackReference();
  }
}

class BankRun {
  readonly #side: BankSide;
  readonly #act: BankAct;
  readonly #journal: Journal;
  readonly #card: BankCardSide;
  readonly #limits: Limits;
  #line: OwnLine | undefined;
  #pinBlock: Bytes | undefined;
  #saleTime: SaleTime | undefined;
  #word: ChipWord | undefined;
  #known: Known | undefined;
  #reply: IsoMessage | undefined;
  #end: ChipEnd | undefined;

  constructor(side: BankSide, act: BankAct, limits: Limits) {
    this.#side = side;
    this.#act = act;
    this.#limits = limits;
    this.#journal = side.ports.journal;
    this.#card = new BankCardSide(side.ports, side.bounds, limits);
  }

  async run(): Promise<BankOutcome> {
    try {
      let step = FIRST_STEP;
      for (let events = 0; events < EVENTS_MAX; events += 1) {
        if (step.state.at === "ended") return this.#told(step.state.outcome);
        assert(step.command !== undefined, "a transaction that has not ended has something to do");
        step = decide(this.#side.rules, this.#act.plan, step.state, await this.#execute(step.command));
      }
      throw new AssertionFailure("a transaction has few events");
    } finally {
      this.#pinBlock = undefined;
      this.#line?.release();
      await this.#card.close();
    }
  }

  #told(outcome: BankOutcome): BankOutcome {
    return outcome.kind === "no-card" ? { ...outcome, ...this.#card.trouble.reason } : outcome;
  }

  #execute(command: Command): Promise<Event> {
    switch (command.do) {
      case "look-up":
        return journalStep(async () => ({ is: "looked-up", known: await this.#act.lookUp() }));
      case "clear-line":
        return this.#clearLine();
      case "await-card":
        return this.#awaitCard(command.pauseMs);
      case "read-card":
        return this.#cardStep(() => this.#readCard());
      case "take-line":
        return this.#takeLine();
      case "ask-pin":
        return this.#askPin();
      case "sign":
        return this.#cardStep(() => this.#sign());
      case "append-intent":
        return this.#appendIntent();
      case "send":
        return this.#send();
      case "tell-card":
        return this.#cardStep(() => this.#tellCard(command.approved, command.responseCode));
      case "append":
        return journalStep(() => this.#append(command.entry));
      case "reverse":
        return journalStep(() => this.#reverse(command.subject));
    }
  }

  async #clearLine(): Promise<Event> {
    const line = await this.#side.line.take("clear", this.#card.left);
    if ("kind" in line) return { is: "line-refused", reason: line.reason };
    line.release();
    return { is: "line-clear" };
  }

  async #takeLine(): Promise<Event> {
    const line = await this.#side.line.take("clear", this.#card.left);
    if ("kind" in line) return { is: "line-refused", reason: line.reason };
    this.#line = line;
    return { is: "line-clear" };
  }

  #held(): OwnLine {
    assert(this.#line !== undefined, "the line was taken");
    return this.#line;
  }

  async #awaitCard(pauseMs: number): Promise<Event> {
    return { is: (await this.#card.wait(pauseMs)) ? "card-present" : "time-over" };
  }

  async #cardStep(work: () => Promise<Event>): Promise<Event> {
    try {
      return await work();
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      this.#card.noteFault(fault);
      return { is: "card-lost", code: fault.code };
    }
  }

  /** A time that was never given out before; it is used up even if nothing comes of it. */
  #time(): SaleTime {
    const { saleTimes, clock } = this.#side.ports;
    this.#saleTime ??= saleTimes.next(clock.wallMs());
    return this.#saleTime;
  }

  async #readCard(): Promise<Event> {
    const { amount, transactionType } = this.#act;
    const { saleDays, isListed } = this.#side.ports;
    const days = saleDays === undefined ? {} : { days: saleDays() };
    const read = await this.#card.read({ amount, transactionType, saleTime: this.#time(), ...days });
    if (read.kind === "unusable") return { is: "card-unusable", reason: read.reason };
    if (this.#act.plan.card === "signs" && isListed?.(read.account.number) === true) return { is: "card-unusable", reason: "on-invalid-list" };
    const refusal = this.#act.refusal(read.account);
    return refusal === undefined ? { is: "card-read" } : { is: "card-unusable", reason: refusal };
  }

  async #askPin(): Promise<Event> {
    const { keys } = this.#side.ports;
    const { account } = this.#card;
    assert(account !== undefined, "a PIN belongs to an account");
    const { block, event } = await pinStep(keys, account.number, { timeoutMs: this.#side.bounds.pinTimeoutMs, signal: this.#limits.signal });
    this.#pinBlock = block;
    return event;
  }

  async #sign(): Promise<Event> {
    const signed = await this.#card.sign(this.#pinBlock === undefined ? "none" : "online-pin");
    if (signed.kind === "unusable") return { is: "card-unusable", reason: signed.reason };
    this.#word = signed;
    return { is: "card-signed" };
  }

  async #appendIntent(): Promise<Event> {
    const line = this.#held();
    const reason = this.#limits.signal.aborted ? "cancelled" : await this.#admission(line.batch);
    if (reason !== undefined) return { is: "not-admitted", reason };
    const stan = line.nextStan();
    const { card } = this.#card;
    const request = this.#act.message({
      stan: stan.stan,
      batch: line.batch,
      ...(card === undefined ? {} : { card }),
      ...(this.#pinBlock === undefined ? {} : { pinBlock: this.#pinBlock }),
      ...(this.#word === undefined ? {} : { chipData: this.#word.chipData }),
    });
    this.#known = { saleTime: this.#time(), stan: stan.stan, batch: line.batch, request };
    return journalStep(async () => {
      const { account } = this.#act.personal(card);
      const marks = [stan.mark, this.#time().mark, ...this.#act.marks()];
      const draft: EntryDraft = { ...this.#draft("prepared", {}), card: account, marks, subjectMark: saleMark(this.#act.reference) };
      const { subject, seq } = await this.#journal.append(draft);
      return { is: "entry-durable", entry: { subject, seq } };
    });
  }

  async #admission(batch: string): Promise<string | undefined> {
    try {
      return await this.#act.admit(batch);
    } catch (fault) {
      // Only read: nothing was begun.
      if (!isFault(fault)) throw fault;
      return fault.code;
    }
  }

  /** The whole of what is known, for any entry: later ones repeat what earlier ones said. */
  #draft(state: EntryDraft["state"], more: JsonObject, certificate: JsonObject = {}): EntryDraft {
    const { reference, kind, amount } = this.#act;
    const { request, saleTime, stan, batch } = this.#recorded();
    const { detail, personal } = reversalData(request);
    const { members } = this.#act.personal(this.#card.card);
    return {
      kind,
      state,
      amount,
      detail: {
        reference,
        ...this.#act.detail(),
        askedFen: amount,
        stan,
        batch,
        date: saleTime.date,
        time: saleTime.time,
        ...textField(request, 22, "entryMode"),
        ...this.#word?.detail,
        reversal: detail,
        ...more,
      },
      personal: { ...members, reversal: personal, ...certificate },
    };
  }

  #recorded(): Known {
    assert(this.#known !== undefined, "the request was made");
    return this.#known;
  }

  /** Sent once, and then nobody gives it up any more: its time runs out, or an answer comes. */
  async #send(): Promise<Event> {
    const { profile } = this.#side.ports;
    const { business, amount } = this.#act;
    const { request, ...known } = this.#recorded();
    this.#pinBlock = undefined;
    this.#known = { ...known, request: withoutSecrets(request) };
    const reply = await this.#held().exchange(request, { timeoutMs: profile.replyTimeoutMs, signal: neverAborted() }, { business });
    switch (reply.kind) {
      case "not-sent":
        return { is: "not-sent", reason: reply.reason };
      case "unknown":
        return { is: "reply-unknown", cause: reply.cause, reason: reply.reason };
      case "declined":
        this.#reply = reply.message;
        return { is: "declined", responseCode: reply.responseCode, reason: reply.reason };
      case "approved": {
        this.#reply = reply.message;
        const authorization = textOf(reply.message, 38);
        const approval: Approval = {
          responseCode: reply.responseCode,
          amount: reply.amount ?? amount,
          partial: reply.partial === true,
          retrievalReference: textOf(reply.message, 37),
          ...(authorization === "" ? {} : { authorization }),
        };
        return { is: "approved", approval };
      }
    }
  }

  async #tellCard(approved: boolean, responseCode: string): Promise<Event> {
    // A card that only showed its account waits for nothing.
    if (this.#word === undefined) return { is: "card-told", accepted: true };
    const answer = issuerAnswerOf(this.#reply === undefined ? undefined : chipDataOf(this.#reply), responseCode);
    this.#end = await this.#card.complete(answer, approved);
    return { is: "card-told", accepted: this.#end.accepted };
  }

  async #append(wish: EntryWish): Promise<Event> {
    const { after, state, reason, responseCode, cause, approval } = wish;
    const draft = this.#draft(
      state,
      {
        ...(reason === undefined ? {} : { reason }),
        ...(responseCode === undefined ? {} : { responseCode }),
        ...(cause === undefined ? {} : { cause }),
        ...(approval === undefined ? {} : this.#approved(approval)),
        ...this.#scriptResults(),
      },
      this.#end?.chipData === undefined ? {} : { chipCertificate: toHex(this.#end.chipData) },
    );
    const marks = state === "done" ? { marks: this.#side.book.add(after.subject) } : {};
    const amount = approval?.amount ?? draft.amount;
    const { subject, seq } = await this.#journal.append({ ...draft, ...marks, amount, subject: after.subject });
    if (state === "unknown") this.#side.reversals.noteUnknown();
    return { is: "entry-durable", entry: { subject, seq } };
  }

  #approved({ responseCode, retrievalReference, authorization }: Approval): JsonObject {
    const hostDate = this.#reply === undefined ? {} : textField(this.#reply, 13, "hostDate");
    const failed = this.#end?.accepted === false ? { chipFailed: true } : {};
    return { responseCode, retrievalReference, ...(authorization === undefined ? {} : { authorization }), ...hostDate, ...failed };
  }

  /** What became of the issuer's commands: the issuer is told of it by a message of its own. */
  #scriptResults(): JsonObject {
    const scripts = this.#end?.scripts ?? [];
    return scripts.length === 0 ? {} : { scriptResults: scripts.map((script) => ({ ...script })) };
  }

  async #reverse(subject: string): Promise<Event> {
    return { is: (await this.#side.reversals.sendOne(subject, this.#held())) ? "reversed" : "not-reversed" };
  }
}

/** PIN block and tracks: once the request is on its way nothing needs them any more. */
const SECRET_FIELDS: readonly number[] = [35, 36, 52];

function withoutSecrets({ type, fields }: IsoMessage): IsoMessage {
  return { type, fields: new Map([...fields].filter(([field]) => !SECRET_FIELDS.includes(field))) };
}

function textField(message: IsoMessage, field: number, name: string): JsonObject {
  const value = textOf(message, field);
  return value === "" ? {} : { [name]: value };
}
