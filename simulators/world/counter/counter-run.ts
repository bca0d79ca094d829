/*
 * Goal: a counter's day of orders through every fault of the insurer, the network, the card and the power, and afterwards the insurer, the
 * drawer, the cards and the journal say the same of each order.
 * Method: as in the town, two phases: while faults strike, orders are placed, placed again, voided; then faults end, every order is taken up
 * until it is final, what was sold offline is settled, and each is compared with the insurer's books.
 */
import { fen } from "../../../device/base/fen.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { TerminalRules } from "../../../device/terminal-settings.ts";
import type { Credential, OrderItem } from "../../../device/txn/medical-desk/basket.ts";
import type { CounterDesk, TenderKind } from "../../../device/txn/medical-desk/desk.ts";
import { DEFAULT_REGION, type RegionSwitches } from "../../../device/txn/medical-host/profile.ts";
import type { OrderActs, OrderName, OrderRequest, OrderView } from "../../../device/txn/medical-order/order.ts";
import { clearInsurerFaults, INSURER_FAULTS, type InsurerFaultName, planInsurerFault } from "../../host/medical/insurer-faults.ts";
import { promised } from "../checks/violation.ts";
import { Day, type DayReport, within } from "../day.ts";
import type { Holders } from "../holders.ts";
import type { Keeper } from "../keeper.ts";
import type { Life } from "../life.ts";
import type { WatchedCard } from "../observed.ts";
import type { SeededRandomness } from "../seeded-randomness.ts";
import { shortSubject, type Town } from "../town.ts";
import { openCounterDesk } from "./counter-desk.ts";

export interface CounterOptions {
  readonly seed: string;
  readonly orders: number;
  readonly suite: CipherSuite;
  readonly rules?: TerminalRules;
}

/** Names are fixed; see docs/json.md. */
export interface CounterReport extends DayReport {
  readonly orders: number;
  /** How the orders ended. */
  readonly ends: Readonly<Record<string, number>>;
  /** What the insurer did wrong on purpose, by name. */
  readonly insurerFaults: Readonly<Record<string, number>>;
  readonly powerCuts: number;
}

/** A region that lets its pharmacies sell without the insurer. */
const COUNTER_REGION: RegionSwitches = { ...DEFAULT_REGION, offline: { ...DEFAULT_REGION.offline, allowed: true } };
const CLIENT = "pos-1";
const OPERATOR = "op-1";
const LIMITS = { unreceiptedCount: 200, unreceiptedSumFen: 40_000_000 };
const PLACE_MS = 90_000;
const STEP_MS = 3_600_000;
const LIVENESS_MS = 24 * 3_600_000;
const ATTEMPTS_MAX = 4;
/** Rounds of taking an order up again once faults are over. */
const CALM_ROUNDS_MAX = 12;
const TRACE_DIGITS = 20;
const FINAL: readonly string[] = ["done", "void"];

const OVER: readonly string[] = ["done", "refused", "void"];
/** Looks, ten seconds apart, until nothing may be open any more. */
const LOOKS_MAX = 1_000;

/** Of the steps that a counter is told of, how many are cut off, and how soon after. */
const CUT_CHANCE = 0.02;
/** Between the durable intent and the insurer's answer nobody else knows of the settlement. */
const CUT_SETTLING = 0.12;
const CUT_WITHIN_MS = 200;

/** Where and how the insurer goes wrong. */
const FAULTY_CODES = ["2102", "2102", "2102", "2101", "1101", "2103", "2601", "3202", "3505"] as const;
const FAULTS: readonly InsurerFaultName[] = [
  "no-reply-booked",
  "no-reply-not-booked",
  "system-error-booked",
  "system-error-not-booked",
  "empty-infcode-booked",
  "empty-infcode-not-booked",
  "unparsable-booked",
  "unparsable-not-booked",
  "half-reply-booked",
  "output-missing-booked",
  "reply-of-another-person",
  "reply-to-another-msgid",
  "late-booking",
  "slow",
];
const GOODS = [
  { nationalCode: "XTEST0000000000000A1", name: "甲类药", priceFen: 2_850 },
  { nationalCode: "XTEST0000000000000B1", name: "乙类药", priceFen: 6_800 },
  { nationalCode: "XTEST0000000000000C1", name: "自费药", priceFen: 3_990 },
] as const;

interface Placed {
  readonly request: OrderRequest;
  readonly card: WatchedCard;
  view: OrderView | undefined;
}

export class CounterRun {
  readonly #options: CounterOptions;
  readonly #day: Day;
  readonly #town: Town;
  readonly #holders: Holders;
  readonly #draw: SeededRandomness;
  readonly #keeper: Keeper;
  readonly #placed = new Map<string, Placed>();
  readonly #insurerFaults = new Map<string, number>();
  #powerCuts = 0;
  #calm = false;

  constructor(options: CounterOptions) {
    this.#options = options;
    const { seed, suite, rules } = options;
    const town = { seed, suite, limits: LIMITS, tearPercent: 5, region: COUNTER_REGION };
    this.#day = new Day({ town, stream: "orders", livenessMs: LIVENESS_MS, ...(rules === undefined ? {} : { rules }) });
    this.#town = this.#day.town;
    this.#holders = this.#day.holders;
    this.#draw = this.#day.draw;
    this.#keeper = this.#day.keeper;
  }

  run(): Promise<CounterReport> {
    const phases = { safety: () => this.#safety(), calm: () => this.#becomeCalm(), liveness: () => this.#liveness() };
    return this.#day.live(phases, (told) => this.#report(told));
  }

  async #safety(): Promise<void> {
    for (let at = 0; at < this.#options.orders; at += 1) {
      await this.#keeper.bounded(this.#serve(at), STEP_MS, `order ${at}`);
      await this.#day.pause(200, 30_000);
    }
  }

  #becomeCalm(): void {
    clearInsurerFaults(this.#town.insurer.faults);
    this.#calm = true;
  }

  /** One customer: the basket, perhaps placed again after a power cut or an unclear end, perhaps brought back. */
  async #serve(at: number): Promise<void> {
    const placed = this.#newOrder(at);
    this.#placed.set(`${CLIENT}.${placed.request.orderNumber}`, placed);
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      this.#goWrong();
      const view = await this.#place(placed);
      if (view !== undefined && FINAL.includes(view.state)) break;
      if (this.#draw.chance(0.3)) return;
      await this.#town.clock.sleep(this.#draw.between(500, 60_000));
    }
    if (placed.view?.state === "done" && this.#draw.chance(0.2)) await this.#void(placed);
  }

  #newOrder(at: number): Placed {
    const card = this.#holders.pickCard();
    const items = Array.from({ length: this.#draw.between(1, 3) }, (_, line) => this.#item(line));
    const amount = fen(items.reduce((sum, item) => sum + item.amount, 0));
    const tenders: readonly TenderKind[] = this.#draw.pick([[], ["cash"], ["e-purse", "cash"], ["electronic-cash"], ["e-purse"]] as const);
    const request: OrderRequest = {
      client: CLIENT,
      orderNumber: `o-${at}`,
      operator: OPERATOR,
      credential: this.#credential(card),
      amount,
      items,
      invoiceNumber: `i-${at}`,
      usesAccount: this.#draw.chance(0.5),
      visit: "pharmacy",
      medicalType: "41",
      tenders,
      confirms: this.#draw.chance(0.5),
      prints: false,
    };
    return { request, card, view: undefined };
  }

  #item(line: number): OrderItem {
    const goods = this.#draw.pick(GOODS);
    const count = this.#draw.between(1, 2);
    const codes = Array.from({ length: count }, () => ({ code: this.#digits(TRACE_DIGITS), splitPack: false }));
    return {
      nationalCode: goods.nationalCode,
      ownCode: `own-${line}`,
      name: goods.name,
      quantity: String(count),
      unitPrice: (goods.priceFen / 100).toFixed(2),
      amount: fen(goods.priceFen * count),
      traceCodes: codes,
      goods: { batchNumber: "b-1", makerLot: "l-1", madeOn: "2025-06-01", expiresOn: "2028-06-01" },
    };
  }

  #digits(length: number): string {
    return Array.from({ length }, () => String(this.#draw.between(0, 9))).join("");
  }

  #credential(card: WatchedCard): Credential {
    if (!this.#draw.chance(0.2)) return { kind: "card" };
    const person = this.#town.personOf(card);
    return { kind: "resident-id", number: person.certificateNumber, name: person.name };
  }

  #goWrong(): void {
    if (!this.#draw.chance(0.3)) return;
    const [code, name] = [this.#draw.pick(FAULTY_CODES), this.#draw.pick(FAULTS)];
    planInsurerFault(this.#town.insurer.faults, code, INSURER_FAULTS[name]);
    this.#insurerFaults.set(name, (this.#insurerFaults.get(name) ?? 0) + 1);
    this.#town.trace.note(`the insurer will answer ${code} with ${name}`);
  }

  /** Places an order, sometimes twice at once; undefined when the power failed meanwhile. */
  async #place(placed: Placed): Promise<OrderView | undefined> {
    const life = await this.#keeper.powered();
    const orders = ordersOf(life);
    this.#holders.kind = "insurer";
    const leave = this.#holders.attend(life, placed.card);
    const desk = this.#desk(life, placed);
    const callers = this.#draw.chance(0.1) ? 2 : 1;
    const placing = Array.from({ length: callers }, () => orders.place(placed.request, desk, within(PLACE_MS)));
    const views = await Promise.race([Promise.all(placing), life.dark]);
    leave();
    this.#holders.clear(life);
    if (views === "dark") {
      this.#powerCuts += 1;
      return undefined;
    }
    const [view] = views;
    promised(2, view !== undefined && views.every((each) => sameEnd(each, view)), () => `${placed.request.orderNumber} was told in two ways`);
    this.#judge(placed, view);
    return view;
  }

  #judge(placed: Placed, view: OrderView): void {
    const { orderCheck, trace } = this.#town;
    this.#town.observe();
    placed.view = view;
    trace.note(`${view.orderNumber} ${view.state} ${view.reason ?? ""}`);
    orderCheck.told(`${CLIENT}.${view.orderNumber}`, told(view));
  }

  #desk(life: Life, { card }: Placed): CounterDesk {
    return openCounterDesk({
      draw: this.#draw,
      cancelPercent: this.#calm ? 0 : 5,
      silentPercent: this.#calm ? 0 : 5,
      tenders: this.#calm ? ["cash"] : ["cash", "e-purse", "electronic-cash"],
      onPurse: () => this.#layDown(life, card),
      note: (line) => {
        this.#town.trace.note(line);
        if (!this.#calm && this.#draw.chance(line === "settling" ? CUT_SETTLING : CUT_CHANCE)) void this.#cutSoon(life);
      },
    });
  }

  /** The power fails at any step of an order, a moment after it was told. */
  async #cutSoon(life: Life): Promise<void> {
    await this.#town.clock.sleep(this.#draw.between(0, CUT_WITHIN_MS));
    if (!this.#calm && life.power.on) life.power.cut();
  }

  #layDown(life: Life, card: WatchedCard): void {
    if (life.power.on && life.desk.reader.card === undefined) life.desk.layDown(card);
  }

  async #void(placed: Placed): Promise<void> {
    const life = await this.#keeper.powered();
    const name = nameOf(placed);
    const view = await Promise.race([ordersOf(life).voidOrder(name, { operator: OPERATOR }, within(PLACE_MS)), life.dark]);
    if (view === "dark") this.#powerCuts += 1;
    else this.#judge(placed, view);
  }

  async #liveness(): Promise<void> {
    for (const placed of this.#placed.values()) await this.#day.bounded(this.#finish(placed), placed.request.orderNumber);
    await this.#day.bounded(this.#nothingOpen(), "what is open");
    await this.#day.drained();
    const told_ = new Map([...this.#placed].map(([reference, { view }]) => [reference, told(view)]));
    this.#town.orderCheck.settled(told_);
    await this.#day.stopped();
  }

  /** Takes an order up until it is final; what was sold offline is settled, and what is owed is handed out. */
  async #finish(placed: Placed): Promise<void> {
    for (let round = 0; round < CALM_ROUNDS_MAX; round += 1) {
      const view = await this.#next(placed);
      if (FINAL.includes(view.state)) return;
      if (view.state === "refused" && view.reason !== "host-unreachable") return;
      if (view.state === "offline" && offlineOver(view)) return;
      await this.#town.clock.sleep(120_000);
    }
    const { view } = placed;
    promised(0, false, () => `${placed.request.orderNumber} is still ${view?.state ?? "unseen"} (${view?.reason ?? ""}) after ${CALM_ROUNDS_MAX} rounds`);
  }

  async #next(placed: Placed): Promise<OrderView> {
    const life = await this.#keeper.powered();
    const orders = ordersOf(life);
    const known = await orders.query(nameOf(placed));
    if (known?.state !== "offline") {
      const view = await this.#place(placed);
      promised(0, view !== undefined, () => "no power fails any more");
      return view;
    }
    const view = await this.#afterOffline(placed, life, known);
    this.#judge(placed, view);
    return view;
  }

  async #afterOffline(placed: Placed, life: Life, known: OrderView): Promise<OrderView> {
    const orders = ordersOf(life);
    const { offline } = known;
    if (offline?.choice === "reimbursement-slip") return known;
    if (offline?.settledLater === true) return orders.payRefund(nameOf(placed), { operator: OPERATOR }, within(PLACE_MS));
    const leave = this.#holders.attend(life, placed.card);
    const { credential } = placed.request;
    const view = await orders.settleLater(nameOf(placed), { operator: OPERATOR, credential }, this.#desk(life, placed), within(PLACE_MS));
    leave();
    this.#holders.clear(life);
    return view;
  }

  async #nothingOpen(): Promise<void> {
    const { clock, journalCheck } = this.#town;
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      if (openSubjects(journalCheck).length === 0) return;
      await clock.sleep(10_000);
    }
    const parked = await this.#keeper.life?.terminal?.uploads.parked(5);
    promised(0, false, () => `still open: ${openSubjects(journalCheck).join(", ")}; parked: ${parked?.map(({ message }) => message).join("; ") ?? ""}`);
  }

  #report(day: DayReport): CounterReport {
    const ends: Record<string, number> = {};
    for (const { view } of this.#placed.values()) ends[view?.state ?? "unseen"] = (ends[view?.state ?? "unseen"] ?? 0) + 1;
    return {
      ...day,
      orders: this.#placed.size,
      ends,
      insurerFaults: Object.fromEntries(this.#insurerFaults),
      powerCuts: this.#powerCuts,
    };
  }
}

function ordersOf({ terminal }: Life): OrderActs {
  promised(0, terminal !== undefined, () => "a powered terminal has started");
  return terminal.orders;
}

function nameOf({ request }: Placed): OrderName {
  return { client: request.client, orderNumber: request.orderNumber };
}

/** What is neither ended nor an order that its counter left. */
function openSubjects({ subjects }: Town["journalCheck"]): readonly string[] {
  const open = [...subjects].filter(([, { kind, state }]) => kind !== "medical-order" && !OVER.includes(state));
  return open.map(([subject, { kind, state }]) => `${kind} ${shortSubject(subject)} ${state}`);
}

function sameEnd(left: OrderView, right: OrderView): boolean {
  return left.state === right.state && left.settlementId === right.settlementId && left.rest === right.rest;
}

/** Nothing is left to be done for a sale that was made without the insurer. */
function offlineOver({ offline }: OrderView): boolean {
  return offline?.choice === "reimbursement-slip" || (offline?.settledLater === true && offline.refundDue === 0);
}

function told(view: OrderView | undefined) {
  return { state: view?.state ?? "unseen", settlementId: view?.settlementId, amountFen: view?.amount ?? 0, settledLater: view?.offline?.settledLater === true };
}
