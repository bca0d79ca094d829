/*
 * Goal: whoever places an order, however often, from wherever, gets the same order.
 * Method: one piece of work for each name; what is the same joins it, what differs is turned away and changes nothing. Each piece of work
 * begins with what the journal says, so that nothing depends on who began the order, or on when the power failed.
 */

import { Fault, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { civilTime } from "../../codec/civil-time.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { checkGoods } from "../goods-rules/basket-rules.ts";
import { textMember } from "../journal/members.ts";
import { eachOpenSubject } from "../journal/open-subjects.ts";
import type { JournalEntry } from "../journal/types.ts";
import type { CounterDesk } from "../medical-desk/desk.ts";
import { nextStep } from "./machine.ts";
import { offlineReference, orderReference } from "./names.ts";
import type { OrderActs, OrderName, OrderRequest, OrderView } from "./order.ts";
import type { OrderBounds, OrderPorts } from "./ports.ts";
import { type OrderTruth, readTruth } from "./read.ts";
import { actDraft, basketHash, beginDrafts, continueDraft, endDraft, type OrderHistory, type OrderWriter, readHistory } from "./record.ts";
import { runOrder } from "./run.ts";
import { slipOf } from "./slips.ts";
import { turnedAway, unheardOf, viewOf } from "./view.ts";

type Reason = NonNullable<OrderView["reason"]>;

interface Work {
  /** "resume": nobody asked for it, so that whoever asks for anything waits for its end. */
  readonly act: "place" | "void" | "later" | "resume";
  /** Of the basket that is placed. */
  readonly hash?: string;
  readonly end: Promise<OrderView>;
}

/** Orders looked at in one go. */
/** First and longest pause between two looks at an order that nobody could take further. */
const PATIENCE_MIN_MS = 1000;
const PATIENCE_MAX_MS = 600_000;

export interface OpenOrders extends OrderActs {
  /**
   * Goes on with what needs nobody: finishes what is paid or undone, goes on with a void that was begun. Run at each start after recovery,
   * and whenever something unknown was decided. Gives the number of orders that are still open. Faults: those of the journal.
   */
  resumeOpen(limits: Limits): Promise<number>;
}

export function openOrders(ports: OrderPorts, bounds: OrderBounds): OpenOrders {
  return new Orders({ ...ports, journal: boundedJournal(ports, { timeoutMs: bounds.journalTimeoutMs }) }, bounds);
}

class Orders implements OpenOrders {
  readonly #ports: OrderPorts;
  readonly #bounds: OrderBounds;
  readonly #works = new Map<string, Work>();
  /** When an open order is looked at again without anybody asking; lost at a restart without harm. */
  readonly #patience = new Map<string, { readonly looks: number; readonly dueMs: number }>();

  constructor(ports: OrderPorts, bounds: OrderBounds) {
    this.#ports = ports;
    this.#bounds = bounds;
  }

  async place(request: OrderRequest, desk: CounterDesk, limits: Limits): Promise<OrderView> {
    const reference = orderReference(request);
    const hash = basketHash(this.#ports.suite, request);
    await this.#resumed(reference);
    const known = this.#works.get(reference);
    if (known === undefined) return this.#begin(reference, { act: "place", hash }, () => this.#place(request, { reference, hash }, { desk, limits }));
    if (known.hash === hash) return known.end;
    if (known.act === "place") return turnedAway(request, "order-conflict");
    return this.#viewWith(reference, { name: request, operator: request.operator, reason: "order-open" });
  }

  async query(name: OrderName): Promise<OrderView | undefined> {
    const reference = orderReference(name);
    const truth = await this.#truth(reference);
    return truth === undefined ? undefined : viewOf(truth, { underWay: this.#works.has(reference) });
  }

  voidOrder(name: OrderName, act: { readonly operator: string }, limits: Limits): Promise<OrderView> {
    const reference = orderReference(name);
    return this.#alone(name, { ...act, does: "void" }, () => this.#void(reference, name, { ...act, limits }));
  }

  async reprint(name: OrderName, act: Parameters<OrderActs["reprint"]>[1], limits: Limits): Promise<string> {
    const { print, place } = this.#ports;
    const truth = await this.#truth(orderReference(name));
    if (truth === undefined) return "order-unknown";
    if (print === undefined) return "printer-absent";
    const slip = viewOf(truth, { underWay: false }).receipts.includes(act.receipt) ? slipOf(truth, act.receipt, place) : undefined;
    return slip === undefined ? "receipt-unknown" : print(slip, { copy: true, by: act.operator }, limits);
  }

  settleLater(name: OrderName, act: Parameters<OrderActs["settleLater"]>[1], desk: CounterDesk, limits: Limits): Promise<OrderView> {
    const reference = orderReference(name);
    return this.#alone(name, { ...act, does: "later" }, () => this.#settleLater(reference, name, { ...act, desk, limits }));
  }

  payRefund(name: OrderName, act: { readonly operator: string }, limits: Limits): Promise<OrderView> {
    const reference = orderReference(name);
    return this.#alone(name, { ...act, does: "later" }, () => this.#payRefund(reference, name, { ...act, limits }));
  }

  async resumeOpen(limits: Limits): Promise<number> {
    let open = 0;
    for await (const { subject } of eachOpenSubject(this.#ports.journal, "medical-order")) {
      if (limits.signal.aborted) break;
      if (!(await this.#resume(subject, limits))) open += 1;
    }
    return open;
  }

  /** Whether the order has come to its end. */
  async #resume(subject: string, limits: Limits): Promise<boolean> {
    const entries = await this.#ports.journal.entriesOf(subject);
    const reference = textMember(entries[0]?.detail, "reference");
    // Whoever is at it takes it further.
    if (this.#works.has(reference) || (this.#patience.get(reference)?.dueMs ?? 0) > this.#ports.clock.monotonicMs()) return false;
    const view = await this.#begin(reference, { act: "resume" }, () => this.#goOn(reference, entries, limits));
    this.#look(reference, view.state);
    return view.state !== "open" && view.state !== "unknown";
  }

  /** What is unknown is decided elsewhere and looked at each time; what is open may wait for a person, or for an insurer that is away. */
  #look(reference: string, state: OrderView["state"]): void {
    const looks = this.#patience.get(reference)?.looks ?? 0;
    const pauseMs = Math.min(PATIENCE_MAX_MS, PATIENCE_MIN_MS * 2 ** Math.min(looks, 20));
    if (state === "open") this.#patience.set(reference, { looks: looks + 1, dueMs: this.#ports.clock.monotonicMs() + pauseMs });
    else this.#patience.delete(reference);
  }

  async #goOn(reference: string, entries: readonly JournalEntry[], limits: Limits): Promise<OrderView> {
    const history = await readHistory(this.#ports.journal, reference);
    if (history === undefined) throw new Fault("store-corrupt", "an order's entries cannot be read", { effectUnknown: false });
    if (!history.whole) await this.#dropBeginning(reference, history);
    const operator = textMember(entries.at(-1)?.detail, "operator");
    return runOrder({ ports: this.#ports, bounds: this.#bounds, reference, operator, limits });
  }

  /** Takes the name before anything is waited for. */
  #begin(reference: string, what: Omit<Work, "end">, work: () => Promise<OrderView>): Promise<OrderView> {
    if (what.act !== "resume") this.#patience.delete(reference);
    const end = work().finally(() => this.#works.delete(reference));
    this.#works.set(reference, { ...what, end });
    return end;
  }

  /** What nobody asked for is waited for; what is under way afterwards is looked at in the turn of its caller, so that nobody comes between. */
  async #resumed(reference: string): Promise<void> {
    for (let known = this.#works.get(reference); known?.act === "resume"; known = this.#works.get(reference)) await known.end.catch(() => undefined);
  }

  /** An act on an order at which nobody is. */
  async #alone(name: OrderName, act: { readonly operator: string; readonly does: "void" | "later" }, work: () => Promise<OrderView>): Promise<OrderView> {
    const reference = orderReference(name);
    await this.#resumed(reference);
    if (!this.#works.has(reference)) return this.#begin(reference, { act: act.does }, work);
    return this.#viewWith(reference, { name, operator: act.operator, reason: "order-open" });
  }

  async #truth(reference: string): Promise<OrderTruth | undefined> {
    const history = await readHistory(this.#ports.journal, reference);
    return history?.whole === true ? readTruth(this.#ports, reference, history) : undefined;
  }

  async #viewWith(
    reference: string,
    told: { readonly name: OrderName; readonly operator: string; readonly reason: Reason; readonly message?: string | undefined },
  ): Promise<OrderView> {
    const truth = await this.#truth(reference);
    if (truth === undefined) return unheardOf(told.name, told.operator);
    return viewOf(truth, { underWay: this.#works.has(reference), reason: told.reason, message: told.message });
  }

  async #place(
    request: OrderRequest,
    named: { readonly reference: string; readonly hash: string },
    { desk, limits }: { readonly desk: CounterDesk; readonly limits: Limits },
  ): Promise<OrderView> {
    const { reference, hash } = named;
    const known = await readHistory(this.#ports.journal, reference);
    const history = known?.whole === true ? known : undefined;
    if (history !== undefined && history.basketHash !== hash) return turnedAway(request, "order-conflict");
    desk.tell({ is: "started" });
    const isOver = history?.end !== undefined && history.end.as !== "refused";
    if (!isOver && (history === undefined || !history.open)) {
      const refused = await this.#beginOrder(request, { ...named, known, history });
      if (refused !== undefined) {
        desk.tell({ is: "ended", state: refused.state });
        return refused;
      }
    }
    return runOrder({ ports: this.#ports, bounds: this.#bounds, reference, operator: request.operator, counter: { request, desk }, limits });
  }

  /** Makes the order durable, with its packs, or says why it may not be sold; then nothing is written. */
  async #beginOrder(
    request: OrderRequest,
    named: { readonly reference: string; readonly hash: string; readonly known: OrderHistory | undefined; readonly history: OrderHistory | undefined },
  ): Promise<OrderView | undefined> {
    const { reference, hash, known, history } = named;
    const { traces, region, clock, journal } = this.#ports;
    const verdict = checkGoods(request, { trace: region.trace, today: civilTime(clock.wallMs()).iso.slice(0, 10) });
    if (verdict.kind === "refused") return turnedAway(request, verdict.reason, lineText(verdict.line));
    try {
      const reserved = await traces.reserve(request.items, reference);
      if (reserved.kind === "refused") return turnedAway(request, reserved.reason, lineText(reserved.line));
      if (known?.whole === false && known.open) await this.#dropBeginning(reference, known);
      const marks = traces.marks(reference);
      if (history !== undefined) {
        await journal.append(continueDraft(this.#writer(history, reference, request.operator), history, { marks }));
        return undefined;
      }
      let subject: string | undefined;
      for (const draft of beginDrafts(request, { reference, hash, marks }))
        subject = (await journal.append({ ...draft, ...(subject === undefined ? {} : { subject }) })).subject;
      return undefined;
    } catch (fault) {
      // Certain: nothing was written, so that nothing was begun.
      if (isFault(fault) && !fault.effectUnknown) return turnedAway(request, fault.code);
      throw fault;
    } finally {
      traces.release(reference);
    }
  }

  /** An order that was cut off before all its goods were written has claimed nothing and sent nothing. */
  async #dropBeginning(reference: string, history: OrderHistory): Promise<void> {
    const end = { as: "refused", reason: "restart" } as const;
    await this.#ports.journal.append(endDraft(this.#writer(history, reference, history.operator), history.last.subject, { end }));
  }

  #writer({ name, basket }: OrderHistory, reference: string, operator: string): OrderWriter {
    return { name, reference, amount: basket.amount, operator };
  }

  async #void(reference: string, name: OrderName, act: { readonly operator: string; readonly limits: Limits }): Promise<OrderView> {
    const { operator, limits } = act;
    const truth = await this.#truth(reference);
    if (truth === undefined) return unheardOf(name, operator);
    const obstacle = voidObstacle(truth);
    if (obstacle !== undefined) return viewOf(truth, { underWay: false, reason: obstacle });
    const { history } = truth;
    if (!history.mayGoOn) return viewOf(truth, { underWay: false, reason: "queue-full" });
    const writer = this.#writer(history, reference, operator);
    const intent = { act: "give-back", why: "requested" } as const;
    if (!history.open) await this.#ports.journal.append(continueDraft(writer, history, { act: intent }));
    else if (!history.givingBack) await this.#ports.journal.append(actDraft(writer, history.last.subject, intent));
    return runOrder({ ports: this.#ports, bounds: this.#bounds, reference, operator, limits });
  }

  async #settleLater(
    reference: string,
    name: OrderName,
    act: Parameters<OrderActs["settleLater"]>[1] & { readonly desk: CounterDesk; readonly limits: Limits },
  ): Promise<OrderView> {
    const sold = await this.#soldOffline(reference, name, act.operator);
    if ("state" in sold) return sold;
    const { operator, credential, desk, limits } = act;
    const outcome = await sold.acts.settleLater({ reference: sold.reference, operator, desk, ...(credential === undefined ? {} : { credential }) }, limits);
    if (outcome.kind === "settled") {
      const truth = await this.#truth(reference);
      if (truth === undefined) return unheardOf(name, operator);
      await this.#printSettled(sold.open, truth, { desk, limits });
      return viewOf(truth, { underWay: false });
    }
    const reason = outcome.kind === "unknown" ? "settlement-unknown" : outcome.kind === "refused" ? laterReason(outcome.reason) : "timeout";
    return this.#viewWith(reference, { name, operator, reason, message: outcome.kind === "refused" ? outcome.message : undefined });
  }

  async #payRefund(reference: string, name: OrderName, act: { readonly operator: string; readonly limits: Limits }): Promise<OrderView> {
    const sold = await this.#soldOffline(reference, name, act.operator);
    if ("state" in sold) return sold;
    const outcome = await sold.acts.payRefund({ reference: sold.reference, operator: act.operator }, act.limits);
    if (outcome.kind === "refused") return this.#viewWith(reference, { name, operator: act.operator, reason: laterReason(outcome.reason) });
    const truth = await this.#truth(reference);
    if (truth === undefined) return unheardOf(name, act.operator);
    await this.#printSettled(sold.open, truth, { limits: act.limits });
    return viewOf(truth, { underWay: false });
  }

  /** The slip of a later settlement comes once, when nothing is owed any more. Paper changes nothing: what failed is printed again on request. */
  async #printSettled(wasOpen: boolean, truth: OrderTruth, at: { readonly desk?: CounterDesk; readonly limits: Limits }): Promise<void> {
    const { print, place, log } = this.#ports;
    const { history, offline } = truth;
    const slip = slipOf(truth, "sale", place);
    if (print === undefined || slip === undefined || !history.prints || !wasOpen || offline?.open !== false) return;
    const timeoutMs = Math.min(this.#bounds.printTimeoutMs, at.limits.timeoutMs);
    const printed = await print(slip, { copy: false }, { timeoutMs, signal: at.limits.signal });
    if (printed !== "printed") log.warn("slip-not-printed", { reason: printed });
    at.desk?.tell(printed === "printed" ? { is: "printed" } : { is: "print-failed", reason: printed });
  }

  /** The sale without the insurer of an order that stands; else the view that says why there is none. */
  async #soldOffline(
    reference: string,
    name: OrderName,
    operator: string,
  ): Promise<OrderView | { readonly acts: NonNullable<OrderPorts["offline"]>; readonly reference: string; readonly open: boolean }> {
    const truth = await this.#truth(reference);
    if (truth === undefined) return unheardOf(name, operator);
    const { offline } = truth.history;
    if (truth.facts.stage !== "offline" || offline === undefined || this.#ports.offline === undefined)
      return viewOf(truth, { underWay: false, reason: "offline-not-allowed" });
    return { acts: this.#ports.offline, reference: offlineReference(reference, offline.number), open: truth.offline?.open === true };
  }
}

/** Why an order cannot be given back now; nothing is changed then. */
function voidObstacle({ facts }: OrderTruth): Reason | undefined {
  if (facts.stage === "void") return "already-void";
  if (facts.stage === "refused") return "nothing-to-void";
  if (facts.settlement.at === "undecided") return "settlement-unknown";
  if (facts.void === "undecided") return "void-unknown";
  return facts.tenders.some(({ at }) => at === "unknown") && nextStep(facts, false).do === "wait" ? "tender-unknown" : undefined;
}

function laterReason(reason: string): Reason {
  const own: Readonly<Record<string, Reason>> = { "sale-unknown": "order-unknown", "sale-not-paid": "order-open", "left-to-holder": "offline-not-allowed" };
  // All others are reasons of a purchase, or say that there is nothing to do.
  return own[reason] ?? (reason === "nothing-due" || reason === "already-settled" ? "order-conflict" : (reason as Reason));
}

function lineText(line: number | undefined): string | undefined {
  return line === undefined ? undefined : String(line);
}
