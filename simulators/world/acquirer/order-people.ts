/*
 * Goal: customers of a pharmacy who pay what the insurer leaves of an order with their bank card, through the faults of both; and afterwards what the
 * bank has kept of each order is what was due.
 * Method: an order is placed again with its number until it is final or its customer walks away; some are brought back.
 */
import { type Fen, fen } from "../../../device/base/fen.ts";
import type { OrderActs, OrderRequest, OrderView } from "../../../device/txn/medical-order/order.ts";
import { clearInsurerFaults, INSURER_FAULTS, planInsurerFault } from "../../host/medical/insurer-faults.ts";
import { promised } from "../checks/violation.ts";
import { openCounterDesk } from "../counter/counter-desk.ts";
import { type Day, within } from "../day.ts";
import type { Life } from "../life.ts";
import type { WatchedCard } from "../observed.ts";
import type { BankCounter } from "./bank-counter.ts";

const CLIENT = "pos-1";
const OPERATOR = "op-1";
const PLACE_MS = 240_000;
const ATTEMPTS_MAX = 3;
const CALM_ROUNDS_MAX = 12;
const FINAL: readonly string[] = ["done", "void"];
const PRICE_FEN = 3_990;
const TRACE_DIGITS = 20;
const FAULTS = ["no-reply-booked", "no-reply-not-booked", "late-booking", "slow"] as const;
const FAULT_CHANCE = 0.15;

interface Placed {
  readonly request: OrderRequest;
  readonly card: WatchedCard;
  view: OrderView | undefined;
}

export class OrderPeople {
  readonly #day: Day;
  readonly #counter: BankCounter;
  readonly #placed: Placed[] = [];

  constructor(day: Day, counter: BankCounter) {
    this.#day = day;
    this.#counter = counter;
  }

  /** How orders stand, as the counter was told. */
  get ends(): Readonly<Record<string, number>> {
    const ends: Record<string, number> = {};
    for (const { view } of this.#placed) ends[view?.state ?? "unseen"] = (ends[view?.state ?? "unseen"] ?? 0) + 1;
    return ends;
  }

  async order(orderNumber: string): Promise<void> {
    const { draw, holders, town } = this.#day;
    const placed = this.#newOrder(orderNumber);
    this.#placed.push(placed);
    if (draw.chance(FAULT_CHANCE)) planInsurerFault(town.insurer.faults, draw.pick(["2102", "2103"]), INSURER_FAULTS[draw.pick(FAULTS)]);
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      await this.#place(placed);
      if (placed.view !== undefined && FINAL.includes(placed.view.state)) break;
      if (holders.gone.has(placed.card) || draw.chance(0.3)) return;
      await town.clock.sleep(draw.between(500, 30_000));
    }
    if (placed.view?.state === "done" && draw.chance(0.3)) await this.#void(placed);
  }

  becomeCalm(): void {
    clearInsurerFaults(this.#day.town.insurer.faults);
  }

  #newOrder(orderNumber: string): Placed {
    const { draw, holders } = this.#day;
    const code = Array.from({ length: TRACE_DIGITS }, () => String(draw.between(0, 9))).join("");
    const goods = { batchNumber: "b-1", makerLot: "l-1", madeOn: "2025-06-01", expiresOn: "2028-06-01" };
    const item = { nationalCode: "XTEST0000000000000C1", ownCode: "own-1", name: "自费药", quantity: "1", unitPrice: (PRICE_FEN / 100).toFixed(2), goods };
    const request: OrderRequest = {
      ...{ client: CLIENT, orderNumber, operator: OPERATOR, invoiceNumber: `i-${orderNumber}`, credential: { kind: "card" } },
      amount: fen(PRICE_FEN),
      items: [{ ...item, amount: fen(PRICE_FEN), traceCodes: [{ code, splitPack: false }] }],
      ...{ usesAccount: draw.chance(0.3), visit: "pharmacy", medicalType: "41", confirms: false, prints: false },
      tenders: ["bank-card", "cash"],
    };
    return { request, card: holders.pickCard(), view: undefined };
  }

  async #place(placed: Placed): Promise<void> {
    const view = await this.#counter.withCard(
      placed.card,
      (life) => ordersOf(life).place(placed.request, this.#desk(life, placed), within(PLACE_MS)),
      "insurer",
    );
    this.#judge(placed, view);
  }

  async #void(placed: Placed): Promise<void> {
    const name = { client: CLIENT, orderNumber: placed.request.orderNumber };
    this.#judge(placed, await this.#counter.without((life) => ordersOf(life).voidOrder(name, { operator: OPERATOR }, within(PLACE_MS))));
  }

  #judge(placed: Placed, view: OrderView | "dark"): void {
    const { town } = this.#day;
    if (view === "dark") return;
    town.observe();
    placed.view = view;
    town.trace.note(`order ${view.state} ${view.reason ?? ""}`);
    town.orderCheck.told(`${CLIENT}.${view.orderNumber}`, toldOf(view));
  }

  #desk(life: Life, { card }: Placed) {
    const { draw, town, holders } = this.#day;
    return openCounterDesk({
      draw,
      cancelPercent: 0,
      silentPercent: this.#counter.calm ? 0 : 3,
      tenders: this.#counter.calm ? ["cash"] : ["bank-card"],
      onPurse: () => {
        holders.kind = "bank";
        if (life.power.on && life.desk.reader.card === undefined && !holders.gone.has(card)) life.desk.layDown(card);
      },
      note: (line) => town.trace.note(line),
    });
  }

  /** Every order is taken up until it is final, or certainly begun by nobody. `between`: what people do meanwhile, such as seeing to what is parked. */
  async finish(between: () => Promise<unknown>): Promise<void> {
    for (const placed of this.#placed) await this.#finishOne(placed, between);
  }

  async #finishOne(placed: Placed, between: () => Promise<unknown>): Promise<void> {
    for (let round = 0; round < CALM_ROUNDS_MAX; round += 1) {
      await this.#place(placed);
      const { view } = placed;
      if (view !== undefined && (FINAL.includes(view.state) || (view.state === "refused" && view.reason !== "host-unreachable"))) return;
      await this.#day.town.clock.sleep(120_000);
      await between();
    }
    const { view, request } = placed;
    promised(0, false, () => `${request.orderNumber} is still ${view?.state ?? "unseen"} (${view?.reason ?? ""}) after ${CALM_ROUNDS_MAX} rounds`);
  }

  settled(): void {
    this.#day.town.orderCheck.settled(new Map(this.#placed.map(({ request, view }) => [`${CLIENT}.${request.orderNumber}`, toldOf(view)])));
  }
}

function ordersOf({ terminal }: Life): OrderActs {
  promised(0, terminal !== undefined, () => "a powered terminal has started");
  return terminal.orders;
}

function toldOf(view: OrderView | undefined): {
  readonly state: string;
  readonly settlementId?: string | undefined;
  readonly amountFen: Fen;
  readonly settledLater: boolean;
} {
  return {
    state: view?.state ?? "unseen",
    settlementId: view?.settlementId,
    amountFen: view?.amount ?? fen(0),
    settledLater: view?.offline?.settledLater === true,
  };
}
