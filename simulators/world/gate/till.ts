/*
 * The till beside a gate: purchases, amounts that are held and completed, money that goes back. Whoever stands there asks again by the same name
 * when the power failed before the answer, and now and then asks for something that must be refused.
 */
import { fen } from "../../../device/base/fen.ts";
import type { Terminal } from "../../../device/terminal.ts";
import type { QuickPaymentOutcome } from "../../../device/txn/quick-payment/types.ts";
import type { PurseChoice } from "../../../device/txn/sale-request.ts";
import { type HoldUse, holdChoice } from "../../../device/txn/shop/holds.ts";
import type { SaleRefund } from "../../../device/txn/shop/refunds.ts";
import { promised } from "../checks/violation.ts";
import { within } from "../day.ts";
import type { Holders } from "../holders.ts";
import type { Life } from "../life.ts";
import type { WatchedCard } from "../observed.ts";
import { drawSale, WORLD_PURSES } from "../purses.ts";
import type { SeededRandomness } from "../seeded-randomness.ts";
import { shortSubject, type Town } from "../town.ts";
import type { Flow } from "./flows.ts";
import { PARKING } from "./layout.ts";

/** What somebody wants of the till. */
export type TillAct =
  | {
      readonly is: "sale";
      readonly flow: Flow;
      readonly card: WatchedCard;
      readonly reference: string;
      readonly purse: PurseChoice;
      readonly amountFen: number;
    }
  | { readonly is: "hold"; readonly use: HoldUse; readonly card: WatchedCard; readonly reference: string; readonly amountFen: number }
  | { readonly is: "refund"; readonly request: SaleRefund };

export interface TillParts {
  readonly town: Town;
  readonly draw: SeededRandomness;
  readonly holders: Holders;
}

const SALE_MS = 15_000;
/** Sales that somebody may still want money back of. */
const SOLD_MAX = 40;
const ASKS_AGAIN_CHANCE = 0.7;
/** Of completions, how many are asked for more than is held. */
const ABOVE_CHANCE = 0.15;

export class Till {
  readonly #parts: TillParts;
  #serial = 0;
  /** What the power took the answer of. */
  #unanswered: TillAct | undefined;
  readonly #sold: string[] = [];
  #lastRefund: SaleRefund | undefined;

  constructor(parts: TillParts) {
    this.#parts = parts;
  }

  /** A sale that was told to somebody, here or at a lane. */
  sold(reference: string): void {
    this.#sold.push(reference);
    if (this.#sold.length > SOLD_MAX) this.#sold.shift();
  }

  /** What comes next; `pick` takes this card, or one whose holder is free, and `isFree` says of one whether its holder is. */
  choose(pick: (wanted?: WatchedCard) => WatchedCard | undefined, isFree: (card: WatchedCard) => boolean): TillAct | undefined {
    const { draw } = this.#parts;
    const again = this.#unanswered;
    this.#unanswered = undefined;
    if (again !== undefined && draw.chance(ASKS_AGAIN_CHANCE) && (again.is === "refund" || isFree(again.card))) {
      if (again.is !== "refund") pick(again.card);
      return again;
    }
    this.#serial += 1;
    if (draw.chance(0.2)) return this.#chooseRefund();
    const held = this.#parts.town.cards.filter((card) => isFree(card) && this.#parts.town.holdCheck.standingOf(card.card.serial) !== undefined);
    const card = held.length > 0 && draw.chance(0.25) ? pick(draw.pick(held)) : pick();
    return card === undefined ? undefined : this.#chooseFor(card);
  }

  #chooseFor(card: WatchedCard): TillAct {
    const { draw } = this.#parts;
    const reference = `sale-${this.#serial}`;
    if (card.card.personalization.electronicCash?.extension !== undefined && draw.chance(0.5)) return this.#chooseHold(card, reference);
    const purse = draw.pick(WORLD_PURSES.filter((each) => each !== "compound"));
    return { is: "sale", flow: `till-${purse}`, card, reference, ...drawSale(draw, purse, draw.between(1, 300) * 10) };
  }

  /** A completion of what the card holds, now and then for more than that; otherwise a new amount, now and then beside another one. */
  #chooseHold(card: WatchedCard, reference: string): TillAct {
    const { draw, town } = this.#parts;
    const heldFen = town.holdCheck.standingOf(card.card.serial);
    const ends = heldFen !== undefined ? !draw.chance(0.05) : draw.chance(0.05);
    if (!ends) return { is: "hold", use: "pre-authorization", card, reference, amountFen: draw.between(1, 300) * 10 };
    const amountFen = draw.chance(ABOVE_CHANCE) ? (heldFen ?? 0) + draw.between(1, 1_000) : draw.between(0, heldFen ?? 0);
    return { is: "hold", use: "completion", card, reference, amountFen };
  }

  #chooseRefund(): TillAct | undefined {
    const { draw } = this.#parts;
    if (this.#lastRefund !== undefined && draw.chance(0.1)) return { is: "refund", request: this.#lastRefund };
    if (this.#sold.length === 0) return undefined;
    const amount = draw.chance(0.5) ? "void" : fen(draw.between(1, 30) * 10);
    // Mostly of what was just sold.
    const sale = draw.pick(draw.chance(0.8) ? this.#sold.slice(-6) : this.#sold);
    return { is: "refund", request: { sale, request: `refund-${this.#serial}`, amount, operator: "op-1" } };
  }

  async serve(life: Life, act: TillAct): Promise<void> {
    const { terminal } = life;
    // The power may have failed since the round began.
    if (terminal === undefined || !life.power.on) return;
    const answer = act.is === "refund" ? await this.#refund(life, terminal, act) : await this.#sale(life, terminal, act);
    if (answer === "dark") this.#unanswered = act;
  }

  /** A fare goes back as a whole. */
  async takeBack(life: Life, sale: string): Promise<void> {
    this.#serial += 1;
    await this.serve(life, { is: "refund", request: { sale, request: `stranded-${this.#serial}`, amount: "void", operator: "op-1" } });
  }

  /** Everything that the card still holds is completed. */
  async complete(life: Life, card: WatchedCard): Promise<void> {
    const heldFen = this.#parts.town.holdCheck.standingOf(card.card.serial);
    if (heldFen === undefined) return;
    this.#serial += 1;
    await this.serve(life, { is: "hold", use: "completion", card, reference: `end-${this.#serial}`, amountFen: this.#parts.draw.between(0, heldFen) });
  }

  async #sale(life: Life, terminal: Terminal, act: Exclude<TillAct, { readonly is: "refund" }>): Promise<"dark" | "answered"> {
    const { holders, town } = this.#parts;
    const { card, reference } = act;
    const { purse, flow, amountFen } = asked(act);
    const listed = flow !== "till-completion" && flow !== "till-medical-purse" && town.office?.isKnown(card, life) === true;
    const debits = card.card.debits.length;
    const counts = town.flows[flow];
    holders.kind = purse.kind;
    holders.onTap = (what) => {
      counts[what] += 1;
    };
    const leave = holders.attend(life, card);
    const paying = terminal.quickPayment({ reference, amount: fen(amountFen), purse }, within(SALE_MS));
    const outcome = await Promise.race([paying, life.dark]);
    leave();
    if (outcome !== "dark") this.#judge(act, outcome);
    promised(
      6,
      !listed || card.card.debits.length === debits,
      () => `card ${card.card.serial.slice(-4)} paid at the till although the list that is here names it`,
    );
    holders.clear(life);
    return outcome === "dark" ? "dark" : "answered";
  }

  #judge(act: Exclude<TillAct, { readonly is: "refund" }>, outcome: QuickPaymentOutcome): void {
    const { moneyCheck, holdCheck, trace, flows, plan } = this.#parts.town;
    const { reference } = act;
    this.#parts.town.observe();
    const subject = "subject" in outcome && outcome.subject !== undefined ? shortSubject(outcome.subject) : "-";
    trace.note(`${reference} ${outcome.kind} ${subject} ${"reason" in outcome ? outcome.reason : ""}`);
    const holds = act.is === "hold" && act.use === "pre-authorization";
    if (outcome.kind === "paid") {
      if (holds) holdCheck.told(outcome.subject, act.amountFen);
      else moneyCheck.paid(outcome.subject, outcome.amount);
      if (!plan.isCalm) flows[asked(act).flow].done += 1;
      this.sold(reference);
    }
    if (outcome.kind === "refused" && outcome.subject !== undefined) {
      if (holds) holdCheck.notHeld(outcome.subject);
      else moneyCheck.notPaid(outcome.subject);
    }
  }

  async #refund(life: Life, terminal: Terminal, { request }: Extract<TillAct, { readonly is: "refund" }>): Promise<"dark" | "answered"> {
    const { town } = this.#parts;
    const flow = request.amount === "void" ? "void" : "refund";
    const before = town.refundCheck.refunds.has(request.request);
    town.flows[flow].taps += 1;
    this.#lastRefund = request;
    const outcome = await Promise.race([terminal.shop.refund(request), life.dark]);
    if (outcome === "dark") return "dark";
    town.observe();
    town.trace.note(`${request.request} of ${request.sale} ${outcome.kind} ${outcome.kind === "refunded" ? outcome.amount : outcome.reason}`);
    if (outcome.kind === "refunded") {
      town.refundCheck.told(request.request, { subject: outcome.subject, amountFen: outcome.amount });
      if (!before) town.flows[flow].done += 1;
    }
    // What was given back may have been taken away by rule, with its sale.
    if (outcome.kind === "refused" && outcome.reason !== "sale-unknown") town.refundCheck.notGiven(request.request);
    return "answered";
  }
}

function asked(act: Exclude<TillAct, { readonly is: "refund" }>): { readonly purse: PurseChoice; readonly flow: Flow; readonly amountFen: number } {
  if (act.is === "sale") return act;
  const flow = act.use === "completion" ? "till-completion" : "till-hold";
  return { purse: holdChoice(PARKING, act.use, fen(act.amountFen)), flow, amountFen: 0 };
}
