/*
 * Goal: the machine's next step, carried out, until there is none; what it did is durable before the next one is looked for.
 * Method: before each step everything is read from the journal anew, so that the run keeps nothing that a power cut could take. What it
 * remembers (what failed, what was tried already) only keeps it from trying the same thing again in front of the same person.
 */
import { AssertionFailure, assert } from "../../base/assert.ts";
import type { Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { Journal } from "../journal/types.ts";
import type { CounterDesk, OrderAnswer, OrderEvent, TenderKind } from "../medical-desk/desk.ts";
import type { MedicalOutcome } from "../medical-purchase/types.ts";
import type { TenderResult } from "../tender/tender.ts";
import { nextStep, type OrderStep, type TenderFact } from "./machine.ts";
import { offlineReference, refundReference, returnReference, saleMark, settlementReference, tenderReference, uploadReference, voidReference } from "./names.ts";
import type { OrderRequest, OrderView } from "./order.ts";
import type { OrderBounds, OrderPorts } from "./ports.ts";
import { type OrderTruth, readTruth } from "./read.ts";
import { actDraft, endDraft, type OrderAct, type OrderEnd, type OrderWriter, readHistory } from "./record.ts";
import { type ReceiptName, slipOf, uploadOf } from "./slips.ts";
import { viewOf } from "./view.ts";

type Reason = NonNullable<OrderView["reason"]>;
/** "again": something was done, look anew. "rest": nothing more can be done now. */
type Progress = "again" | "rest";

/** More steps than any order needs at one counter in one go. */
const STEPS_MAX = 2000;
/** More attempts and more tenders than any person has patience for; their numbers fit a reference. */
const NUMBER_MAX = 999;
/** A sale without the insurer has names of its own behind its number. */
const OFFLINES_MAX = 99;
/** A void is tried until the insurer can be reached, which may take days. */
const VOIDS_MAX = 99_999;
/** The insurer was certainly not reached: without it the goods may be sold offline, where the region allows it. */
const OUT_OF_REACH: ReadonlySet<string> = new Set(["host-unreachable", "request-expired"]);

/** Whoever stands at the order: a counter that placed it, or nobody. */
export interface Counter {
  readonly request: OrderRequest;
  readonly desk: CounterDesk;
}

export interface OrderRunParts {
  /** With the bounded journal. */
  readonly ports: OrderPorts;
  readonly bounds: OrderBounds;
  readonly reference: string;
  readonly operator: string;
  readonly counter?: Counter;
  readonly limits: Limits;
}

/** Takes an order as far as it goes. Faults: those of the journal. */
export function runOrder(parts: OrderRunParts): Promise<OrderView> {
  return new OrderRun(parts).run();
}

class OrderRun {
  readonly #parts: OrderRunParts;
  readonly #ports: OrderPorts;
  readonly #journal: Journal;
  readonly #deadlineMs: number;
  readonly #failed = new Set<TenderKind>();
  /** What is tried once in a run: a tender that is not decided, a void, a visit. */
  readonly #tried = new Set<string>();
  #reason: Reason | undefined;
  #message: string | undefined;

  constructor(parts: OrderRunParts) {
    this.#parts = parts;
    this.#ports = parts.ports;
    this.#journal = parts.ports.journal;
    this.#deadlineMs = parts.ports.clock.monotonicMs() + parts.limits.timeoutMs;
  }

  async run(): Promise<OrderView> {
    for (let steps = 0; steps < STEPS_MAX; steps += 1) {
      const truth = await this.#truth();
      const step = nextStep(truth.facts, this.#parts.counter !== undefined);
      if ((await this.#execute(step, truth)) === "rest") return this.#told();
    }
    throw new AssertionFailure("an order has few steps");
  }

  async #told(): Promise<OrderView> {
    const view = viewOf(await this.#truth(), { underWay: false, reason: this.#reason, message: this.#message });
    this.#tell({ is: "ended", state: view.state });
    return view;
  }

  async #truth(): Promise<OrderTruth> {
    const { reference } = this.#parts;
    const history = await readHistory(this.#journal, reference);
    assert(history !== undefined, "an order that is run was begun");
    return readTruth(this.#ports, reference, history);
  }

  #execute(step: OrderStep, truth: OrderTruth): Promise<Progress> {
    switch (step.do) {
      case "settle":
        return this.#settle(step.attempt, truth);
      case "sell-offline":
        return this.#sellOffline(truth);
      case "give-back-offline":
        return this.#giveBackOffline(truth);
      case "ask-tender":
        return this.#askTender(step, truth);
      case "take-tender":
        return this.#takeTender(step.tender, truth);
      case "wait":
        return this.#wait(step.for, truth);
      case "void":
        return this.#void(step.number, truth);
      case "refund":
        return this.#refund(step.amount);
      case "return-tender":
        return this.#returnTender(step.tender);
      case "undo-visit":
        return this.#undoVisit(truth);
      case "keep":
        return this.#keep(truth);
      case "finish":
        return this.#finish({ as: step.as }, truth);
      case "rest":
        return Promise.resolve("rest");
    }
  }

  #tell(event: OrderEvent): void {
    this.#parts.counter?.desk.tell(event);
  }

  #rest(reason?: Reason, message?: string): Progress {
    this.#reason = reason;
    this.#message = message;
    return "rest";
  }

  #limits(timeoutMs: number): Limits {
    return { timeoutMs: Math.max(0, Math.min(timeoutMs, this.#deadlineMs - this.#ports.clock.monotonicMs())), signal: this.#parts.limits.signal };
  }

  #writer({ history }: OrderTruth): OrderWriter {
    const { reference, operator } = this.#parts;
    return { name: history.name, reference, amount: history.basket.amount, operator };
  }

  async #act(truth: OrderTruth, act: OrderAct): Promise<void> {
    await this.#journal.append(actDraft(this.#writer(truth), truth.history.last.subject, act));
  }

  #counter(): Counter {
    assert(this.#parts.counter !== undefined, "somebody stands at the counter");
    return this.#parts.counter;
  }

  async #settle(attempt: number, truth: OrderTruth): Promise<Progress> {
    const { request, desk } = this.#counter();
    const { basket, attempt: begun } = truth.history;
    if (attempt > NUMBER_MAX) return this.#finish({ as: "refused", reason: "queue-full" }, truth);
    if (attempt > begun) await this.#act(truth, { act: "settle", attempt });
    const { credential, confirms, operator, insuranceType } = request;
    const outcome = await this.#ports.settle(
      {
        ...basket,
        reference: settlementReference(this.#parts.reference, attempt),
        credential,
        confirms,
        desk,
        operator,
        ...(insuranceType === undefined ? {} : { insuranceType }),
      },
      this.#limits(this.#parts.bounds.credentialTimeoutMs),
    );
    return outcome.kind === "refused" || outcome.kind === "no-card" ? this.#notSettled(outcome) : "again";
  }

  /** The purchase says that nothing is booked; the journal must say so too. */
  async #notSettled(outcome: Extract<MedicalOutcome, { readonly kind: "refused" | "no-card" }>): Promise<Progress> {
    const truth = await this.#truth();
    const { at } = truth.facts.settlement;
    if (at === "settled" || at === "undecided") return "again";
    if (outcome.kind === "no-card") return this.#finish({ as: "refused", reason: noCardReason(outcome.reason, this.#parts.limits.signal.aborted) }, truth);
    // Somebody else is at the same settlement: how it ends is not ours to say.
    if (outcome.reason === "in-progress") return this.#rest("in-progress");
    if (this.#mayGoOffline(outcome.reason)) return this.#goOffline(outcome.reason, truth);
    const { reason, message, triesLeft, choices } = outcome;
    const more = {
      ...(message === undefined ? {} : { message }),
      ...(triesLeft === undefined ? {} : { triesLeft }),
      ...(choices === undefined ? {} : { choices }),
    };
    return this.#finish({ as: "refused", reason, ...more }, truth);
  }

  #mayGoOffline(reason: string): boolean {
    const { offline, region } = this.#ports;
    return offline !== undefined && region.offline.allowed && OUT_OF_REACH.has(reason) && this.#counter().request.credential.kind === "card";
  }

  async #goOffline(why: string, truth: OrderTruth): Promise<Progress> {
    const { offlines, attempt } = truth.history;
    if (attempt >= NUMBER_MAX || offlines >= OFFLINES_MAX) return this.#finish({ as: "refused", reason: "queue-full" }, truth);
    await this.#act(truth, { act: "offline", number: offlines + 1, settlement: attempt + 1, why });
    return "again";
  }

  async #sellOffline(truth: OrderTruth): Promise<Progress> {
    const { history } = truth;
    const { offline } = this.#ports;
    if (offline === undefined || history.offline === undefined) return this.#rest("offline-not-allowed");
    const { request, desk } = this.#counter();
    const { reference, limits } = this.#parts;
    const sale = offlineReference(reference, history.offline.number);
    const { credential, tenders, operator, insuranceType } = request;
    this.#tell({ is: "offline", why: history.offline.why });
    const outcome = await offline.sell(
      {
        ...history.basket,
        reference: sale,
        order: reference,
        settlementReference: settlementReference(reference, history.offline.settlement),
        operator,
        credential,
        tenders,
        why: history.offline.why,
        ...(insuranceType === undefined ? {} : { insuranceType }),
      },
      desk,
      this.#limits(limits.timeoutMs),
    );
    switch (outcome.kind) {
      case "paid":
        return "again";
      case "cancelled":
        if (outcome.sale.stage !== "void") await this.#act(truth, { act: "give-back", why: "cancelled" });
        return "again";
      case "resting":
        return this.#rest(offlineReason(outcome.reason));
      case "unknown":
        return this.#rest("tender-unknown");
      case "refused":
      case "no-card": {
        const reason = outcome.kind === "no-card" ? noCardReason(outcome.reason, limits.signal.aborted) : offlineReason(outcome.reason);
        // A sale that was begun earlier stays begun.
        if ((await offline.find(sale)) !== undefined) return this.#rest(reason);
        await this.#act(truth, { act: "offline-ended", reason });
        return this.#finish({ as: "refused", reason }, await this.#truth());
      }
    }
  }

  async #giveBackOffline({ history }: OrderTruth): Promise<Progress> {
    const { offline } = this.#ports;
    if (offline === undefined || history.offline === undefined || !this.#once("give-back-offline")) return this.#rest("offline-not-allowed");
    const { reference, operator, limits } = this.#parts;
    const outcome = await offline.giveBack({ reference: offlineReference(reference, history.offline.number), operator }, this.#limits(limits.timeoutMs));
    return outcome.kind === "paid" ? "again" : this.#rest("order-open");
  }

  /** True for the first time in this run. */
  #once(what: string): boolean {
    if (this.#tried.has(what)) return false;
    this.#tried.add(what);
    return true;
  }

  async #askTender({ rest, number }: Extract<OrderStep, { readonly do: "ask-tender" }>, truth: OrderTruth): Promise<Progress> {
    if (number > NUMBER_MAX) return this.#rest("queue-full");
    const { request, desk } = this.#counter();
    const automatic = request.tenders.find((tender) => !this.#failed.has(tender));
    if (automatic !== undefined) return this.#beginTender(truth, { number, tender: automatic, amount: rest });
    const choices = this.#ports.tenders.offered();
    const answer = await desk.ask({ ask: "tender", rest, choices }, this.#limits(this.#parts.bounds.answerTimeoutMs));
    return this.#answered(answer, { truth, rest, number });
  }

  async #answered(answer: OrderAnswer, asked: { readonly truth: OrderTruth; readonly rest: Fen; readonly number: number }): Promise<Progress> {
    const { truth, rest, number } = asked;
    if (answer.answer === "cancel") {
      await this.#act(truth, { act: "give-back", why: "cancelled" });
      return "again";
    }
    if (answer.answer !== "tender") return this.#rest("no-answer");
    const { tender, amount } = answer;
    if (amount === 0 || amount > rest) return "again";
    return this.#beginTender(truth, { number, tender, amount });
  }

  /** What is taken is named before it is taken. */
  async #beginTender(
    truth: OrderTruth,
    { number, tender, amount }: { readonly number: number; readonly tender: TenderKind; readonly amount: Fen },
  ): Promise<Progress> {
    if (!this.#ports.tenders.offered().includes(tender)) {
      this.#failed.add(tender);
      this.#tell({ is: "tender-failed", tender, reason: "tender-not-offered" });
      return "again";
    }
    await this.#act(truth, { act: "tender", number, tender, tenderFen: amount });
    return "again";
  }

  async #takeTender({ number, tender, amount }: TenderFact, truth: OrderTruth): Promise<Progress> {
    const { reference, operator, bounds } = this.#parts;
    const { tenders } = this.#ports;
    this.#tell({ is: "tender-started", tender, amount });
    const name = tenderReference(reference, number);
    const result = await tenders.take({ reference: name, tender, amount, operator, order: reference }, this.#limits(bounds.tenderTimeoutMs));
    this.#tellResult(result, tender, amount);
    if (result.kind === "failed") this.#failed.add(tender);
    if ((await tenders.known(name)) !== undefined) return "again";
    if (result.kind !== "failed") return this.#rest("tender-unknown");
    await this.#act(truth, { act: "tender-failed", number, reason: result.reason });
    return "again";
  }

  #tellResult(result: TenderResult, tender: TenderKind, amount: Fen): void {
    if (result.kind === "paid") this.#tell({ is: "tender-paid", tender, amount });
    else this.#tell({ is: result.kind === "failed" ? "tender-failed" : "tender-unknown", tender, reason: result.reason });
  }

  /** A card that comes back decides its tender; for everything else somebody works in the background. */
  #wait(wait: "settlement" | "void" | "tender", truth: OrderTruth): Promise<Progress> {
    const open = truth.facts.tenders.find(({ at }) => at === "unknown");
    const asks = wait === "tender" && this.#parts.counter !== undefined && !truth.facts.givingBack;
    if (asks && open !== undefined && this.#once(`tender ${open.number}`)) return this.#takeTender(open, truth);
    return Promise.resolve("rest");
  }

  async #void(number: number, truth: OrderTruth): Promise<Progress> {
    if (number > VOIDS_MAX || !this.#once("void")) return this.#rest(this.#reason ?? "host-unreachable", this.#message);
    const { subject } = truth.settlement;
    assert(subject !== undefined, "a settlement that stands has a record");
    if (number > truth.history.voids) await this.#act(truth, { act: "void", number });
    this.#tell({ is: "voiding" });
    const { reference, operator, limits } = this.#parts;
    const outcome = await this.#ports.takeBack(
      { reference: voidReference(reference, number), order: reference, operator, original: subject },
      this.#limits(limits.timeoutMs),
    );
    if (outcome.kind !== "refused") return "again";
    this.#reason = outcome.reason;
    this.#message = outcome.message;
    return outcome.subject === undefined ? "rest" : "again";
  }

  async #refund(amount: Fen): Promise<Progress> {
    const { reference, operator } = this.#parts;
    await this.#ports.tenders.refundCash({ reference: refundReference(reference), amount, operator, order: reference, why: "order-void" });
    return "again";
  }

  /** Tried once in a run, under a name of its own each time: one that was refused for certain may be accepted another day. */
  async #returnTender({ number }: TenderFact): Promise<Progress> {
    if (!this.#once(`return ${number}`)) return this.#rest(this.#reason ?? "tender-failed");
    const { reference, operator, bounds } = this.#parts;
    const { tenders } = this.#ports;
    for (let attempt = 1; attempt <= NUMBER_MAX; attempt += 1) {
      const name = returnReference(reference, attempt);
      if ((await tenders.known(name)) !== undefined) continue;
      const original = tenderReference(reference, number);
      const result = await tenders.giveBack({ reference: name, original, operator }, this.#limits(bounds.tenderTimeoutMs));
      return result.kind === "failed" ? this.#rest("tender-failed", result.reason) : "again";
    }
    return this.#rest("queue-full");
  }

  async #undoVisit(truth: OrderTruth): Promise<Progress> {
    const { undoVisit } = this.#ports;
    const { subject } = truth.settlement;
    assert(subject !== undefined, "a settlement that was taken back has a record");
    const how = undoVisit === undefined ? "refused" : this.#once("visit") ? await undoVisit(subject, this.#limits(this.#parts.limits.timeoutMs)) : "silent";
    if (how === "silent") return this.#rest("host-unreachable");
    await this.#act(truth, { act: "visit-undone", how });
    return "again";
  }

  /** The insurer keeps the settlement: goods, money and packs stay where they are. */
  async #keep(truth: OrderTruth): Promise<Progress> {
    if (truth.history.sold) {
      const end = { as: truth.history.offline === undefined ? "done" : "offline", reason: "void-refused" } as const;
      await this.#journal.append(endDraft(this.#writer(truth), truth.history.last.subject, { end }));
      return this.#rest("void-refused", this.#message);
    }
    await this.#act(truth, { act: "kept", reason: "void-refused" });
    return this.#rest("void-refused", this.#message);
  }

  async #finish(end: OrderEnd, truth: OrderTruth): Promise<Progress> {
    if (end.as === "done" || end.as === "offline") await this.#finishSold(end, truth);
    else await this.#finishUndone(end, truth);
    await this.#print(end);
    return "rest";
  }

  /** Goods are told to the insurer first, so that no order that is done has forgotten it. */
  async #finishSold(end: OrderEnd, truth: OrderTruth): Promise<void> {
    await this.#upload(truth, "sale");
    await this.#journal.append(endDraft(this.#writer(truth), truth.history.last.subject, { end }));
  }

  /** The packs are free with the same commit that ends the order. */
  async #finishUndone(end: OrderEnd, truth: OrderTruth): Promise<void> {
    const { traces } = this.#ports;
    const { reference } = this.#parts;
    if ((await this.#journal.mark(saleMark(uploadReference(reference, "sale")))) !== undefined) await this.#upload(truth, "return");
    if (end.as === "void") await this.#closeOffline(truth);
    const reason = end.reason ?? endReason(truth);
    try {
      const marks = await traces.freeingMarks(truth.history.basket.items, reference);
      await this.#journal.append(
        endDraft(this.#writer(truth), truth.history.last.subject, { end: { ...end, ...(reason === undefined ? {} : { reason }) }, marks }),
      );
    } finally {
      traces.release(reference);
    }
  }

  /** The record of a sale without the insurer follows what was handed back. */
  async #closeOffline({ history }: OrderTruth): Promise<void> {
    const { reference, operator, limits } = this.#parts;
    if (history.offline === undefined) return;
    await this.#ports.offline?.giveBack({ reference: offlineReference(reference, history.offline.number), operator }, this.#limits(limits.timeoutMs));
  }

  async #upload(truth: OrderTruth, act: "sale" | "return"): Promise<void> {
    const { uploads, region, clock } = this.#ports;
    if (!region.uploadsStock || uploads === undefined) return;
    await uploads.enqueue(uploadOf(truth, act, { operator: this.#parts.operator, nowMs: clock.wallMs() }));
  }

  /** Paper changes nothing: what failed is printed again when somebody asks for it. */
  async #print(end: OrderEnd): Promise<void> {
    const { print, place } = this.#ports;
    const truth = await this.#truth();
    if (print === undefined || !truth.history.prints) return;
    for (const name of SLIPS[end.as]) {
      const slip = truth.history.sold || end.as === "void" ? slipOf(truth, name, place) : undefined;
      if (slip === undefined || (name === "reimbursement" && truth.offline?.choice !== "reimbursement-slip")) continue;
      const printed = await print(slip, { copy: false }, this.#limits(this.#parts.bounds.printTimeoutMs));
      this.#tell(printed === "printed" ? { is: "printed" } : { is: "print-failed", reason: printed });
    }
  }
}

const SLIPS: { readonly [As in OrderEnd["as"]]: readonly ReceiptName[] } = {
  done: ["sale"],
  offline: ["offline", "reimbursement"],
  refused: [],
  void: ["void"],
};

/** Why an order that was never sold ends, where nobody has said it: its settlement knows, or it was cut off before it had one. */
function endReason({ history, settlement }: OrderTruth): OrderEnd["reason"] {
  if (history.givingBack) return "cancelled";
  // The settlement's own record holds a reason of a purchase.
  return settlement.reason ? (settlement.reason as OrderEnd["reason"]) : "restart";
}

/** Why there was no card, in a word that a counter knows. */
function noCardReason(reason: string | undefined, gaveUp: boolean): Reason {
  if (reason === "more-than-one-card") return "card-collision";
  if (reason === "card-mute-or-several") return "card-mute";
  // All others are words of a reader's faults.
  return reason === undefined ? (gaveUp ? "cancelled" : "timeout") : (reason as Reason);
}

function offlineReason(reason: string): Reason {
  return reason === "offline-needs-card" ? "offline-not-allowed" : (reason as Reason);
}
