/*
 * Goal: one tap at a lane, from the card's arrival to what it has come to, and never two charges for one journey.
 * Method: the sale is handed in. The tariff that it asks is made here: it notes which card it was asked about before anything is debited, so
 * that the same card at another lane, or once more at this one, meets the note. What becomes of the note is told by the sale's outcome.
 */

import { ZERO_FEN } from "../../base/fen.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { IndustryPlace } from "../../card/electronic-cash/industry.ts";
import { civilTime } from "../../codec/civil-time.ts";
import type { DelayedChargeRequest } from "../delayed-charge/ports.ts";
import type { DelayedChargeOutcome } from "../delayed-charge/types.ts";
import type { FareBook } from "../fares/fares.ts";
import type { Quote, Tariff, TransitView } from "../quick-payment/tariff.ts";
import type { QuickPaymentOutcome } from "../quick-payment/types.ts";
import type { PurseChoice, SaleRequest } from "../sale-request.ts";
import type { GatePolicy, LaneSettings } from "./lane.ts";
import type { LaneReader } from "./reader.ts";
import type { GatePurseKind, Note, RecentTaps, TapUse } from "./recent.ts";
import { gateReference } from "./records.ts";
import { quoteTap, type RiderRecord, type RidesAs, useOf } from "./tariff.ts";
import type { Resumed, Verdict } from "./types.ts";
import { judgeTap, type SeenCard, type TapOutcome } from "./verdict.ts";

/**
 * What pays at gates: the compound purse of a transit account, electronic cash, or a bank card's signature, on which it is charged later. Where
 * nothing of the journey is left on the card, it pays only where each tap is a ride of its own: where its holder got in is known at another station.
 */
export type GatePurse =
  | { readonly kind: "compound" }
  /** `journeys`: the industry record in which journeys stand; left out: purchases alone. `rides`: what a ride of one tap is, where there is a record. */
  | { readonly kind: "electronic-cash"; readonly journeys?: IndustryPlace; readonly rides?: "purchase" | "segment-fare" }
  | { readonly kind: "delayed-charge" };

type CashPurse = Extract<GatePurse, { readonly kind: "electronic-cash" }>;

/** Runs one sale over the lane's reader. Never rejects for what the world does. */
export type LaneSale = (request: SaleRequest, limits: Limits) => Promise<QuickPaymentOutcome>;

/** Takes one ride on a bank card's signature, over the lane's reader. Never rejects for what the world does. */
export type LaneRide = (request: DelayedChargeRequest, limits: Limits) => Promise<DelayedChargeOutcome>;

export interface TapParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: LaneSettings;
  readonly policy: GatePolicy;
  readonly fares: FareBook;
  readonly rider?: RiderRecord;
  /** Left out: every card rides as its own type. */
  readonly ridesAs?: RidesAs;
  /** In the order of asking; the first one that a card has pays. */
  readonly purses: readonly [GatePurse, ...GatePurse[]];
  readonly reader: LaneReader;
  readonly sale: LaneSale;
  /** Absent where no bank card is charged later. */
  readonly ride?: LaneRide;
  /** Shared by all lanes of the terminal. */
  readonly taps: RecentTaps;
  /** Number of this start of the terminal. */
  readonly boot: number;
}

/** One sale of a tap. */
interface Running {
  readonly reference: string;
  readonly purse: GatePurse;
  readonly giveUp: () => Promise<void>;
  /** The card that a sale is taken up again for, which alone may go on with it; undefined: any card begins it. */
  readonly only: string | undefined;
  /** The card whose charge was quoted, until the sale's end says what became of it. */
  taking: SeenCard | undefined;
}

export const DEFAULT_GATE_PURSES: readonly [GatePurse, ...GatePurse[]] = [{ kind: "compound" }];

export class TapDesk {
  readonly #parts: TapParts;
  #serial = 0;
  #reference = "";
  #purse = 0;
  #seen: SeenCard | undefined;

  constructor(parts: TapParts) {
    this.#parts = parts;
  }

  /** What a tap at this lane is for. */
  get use(): TapUse {
    return useOf(this.#parts.settings);
  }

  /** A new tap: the card that lies there pays with the first purse that it has. */
  sell(signal: AbortSignal): Promise<Verdict> {
    const { settings, boot, purses } = this.#parts;
    this.#serial += 1;
    this.#reference = gateReference(settings.name, useOf(settings), { boot, serial: this.#serial });
    this.#purse = 0;
    this.#seen = undefined;
    return this.#run({ reference: this.#reference, purse: purses[0], resumed: false }, signal);
  }

  /** The same tap with the next purse: the sale before refused without beginning. */
  sellNextPurse(signal: AbortSignal): Promise<Verdict> {
    const { purses } = this.#parts;
    this.#purse += 1;
    return this.#run({ reference: this.#reference, purse: purses[this.#purse] ?? purses[0], resumed: false }, signal);
  }

  /** The same tap, decided by an earlier sale of the card. */
  async resume({ reference, purse }: Resumed, signal: AbortSignal): Promise<Verdict> {
    const { purses, taps, clock } = this.#parts;
    const seen = this.#seen;
    if (seen?.recent?.is === "taking") {
      await seen.recent.giveUp();
      // Paid at the other lane after all: it opens there.
      if (taps.find(seen.card, seen.use, clock.monotonicMs())?.is !== "torn") return { is: "keep-shut", tap: "refused", reason: "paid-already", alarm: false };
    }
    return this.#run({ reference, purse: purses.find(({ kind }) => kind === purse) ?? purses[0], resumed: true }, signal);
  }

  async #run(sale: { readonly reference: string; readonly purse: GatePurse; readonly resumed: boolean }, signal: AbortSignal): Promise<Verdict> {
    const { reference, purse, resumed } = sale;
    const { reader, policy, purses } = this.#parts;
    const given = new AbortController();
    const ended = Promise.withResolvers<void>();
    const giveUp = () => {
      given.abort();
      return ended.promise;
    };
    const running: Running = { reference, purse, giveUp, only: resumed ? this.#seen?.card : undefined, taking: undefined };
    reader.begin();
    try {
      const outcome = await this.#sold(running, { timeoutMs: policy.tapTimeoutMs, signal: AbortSignal.any([signal, given.signal]) });
      this.#settle(running, outcome);
      const judged = judgeTap(outcome, { reference, seen: this.#seen, morePurses: this.#purse + 1 < purses.length, resumed, policy });
      const verdict = this.#unlessReturned(judged);
      if (verdict.is !== "next-card" && verdict.is !== "nobody") reader.served();
      return verdict;
    } finally {
      ended.resolve();
    }
  }

  /** Nobody passes for a sale whose money went back, also where it was paid and its end came to this lane later: the card begins anew. */
  #unlessReturned(verdict: Verdict): Verdict {
    const isReturned = verdict.is === "open" && this.#parts.taps.isReturned(verdict.claim.sale.subject);
    return isReturned ? { is: "next-card" } : verdict;
  }

  async #sold(running: Running, limits: Limits): Promise<TapOutcome> {
    const { rider, sale } = this.#parts;
    const { reference, purse } = running;
    const tariff: Tariff = { ...(rider === undefined ? {} : { riderRecord: rider.id }), quote: (view) => this.#quote(running, view) };
    if (purse.kind === "delayed-charge") return this.#ridden({ reference, amount: ZERO_FEN, tariff }, limits);
    const choice = purse.kind === "compound" ? { kind: purse.kind, tariff } : cashChoice(purse, this.#parts.settings.mode, tariff);
    return choice === undefined ? { kind: "refused", reason: "journey-not-offered" } : sale({ reference, amount: ZERO_FEN, purse: choice }, limits);
  }

  async #ridden(request: DelayedChargeRequest, limits: Limits): Promise<TapOutcome> {
    const { ride, settings } = this.#parts;
    if (ride === undefined) return { kind: "refused", reason: "purse-not-offered" };
    return settings.mode === "journey" ? { kind: "refused", reason: "journey-not-offered" } : ride(request, limits);
  }

  #quote(running: Running, view: TransitView): Quote {
    const { clock, taps, settings } = this.#parts;
    const { date, time } = civilTime(clock.wallMs());
    const nowMs = clock.monotonicMs();
    const [card, use] = [view.cardName, useOf(settings)];
    // Another card that has taken its place would pay under a name by which the first one passes.
    if (running.only !== undefined && card !== running.only) return { kind: "refused", reason: "another-card" };
    // The sale asks again only when what it had begun with the card before is void.
    this.#drop(running);
    const found = taps.find(card, use, nowMs);
    const recent = isOf(found, running.reference) ? undefined : found;
    const quote = quoteTap({ ...this.#parts, now: { date, time } }, view, recent);
    const seen: SeenCard = { card, use, recent };
    this.#seen = seen;
    if (quote.kind === "charge") {
      running.taking = seen;
      taps.note(seen, { is: "taking", reference: running.reference, purse: running.purse.kind, giveUp: running.giveUp }, nowMs);
    }
    return quote;
  }

  #drop(running: Running): void {
    if (running.taking !== undefined) this.#parts.taps.forget(running.taking);
    running.taking = undefined;
  }

  /** What the sale's end makes of the note that it left; a sale that was taken up again speaks of the card that led to it. */
  #settle(running: Running, outcome: TapOutcome): void {
    const { taps, clock } = this.#parts;
    const tap = running.taking ?? this.#seen;
    const note = this.#noteAfter(running, outcome);
    if (tap !== undefined && note !== undefined) taps.note(tap, note, clock.monotonicMs());
    else this.#drop(running);
    running.taking = undefined;
  }

  #noteAfter({ reference, purse }: Running, outcome: TapOutcome): Note | undefined {
    switch (outcome.kind) {
      case "paid":
        return { is: "paid", sale: { subject: outcome.subject, reference, fare: outcome.amount, ...balanceOf(outcome) } };
      case "accepted":
        return { is: "paid", sale: { subject: outcome.subject, reference, fare: outcome.amount } };
      case "unverified":
        return { is: "staff" };
      case "unknown":
        return { is: "torn", reference, purse: purse.kind satisfies GatePurseKind };
      case "refused":
      case "no-card":
        return undefined;
    }
  }
}

/** Undefined where the lane sells journeys, and none of them could be written on the card. */
function cashChoice({ journeys, rides = "purchase" }: CashPurse, mode: LaneSettings["mode"], tariff: Tariff): PurseChoice | undefined {
  const written = mode === "journey" || rides === "segment-fare" ? journeys : undefined;
  if (written !== undefined) return { kind: "electronic-cash", industry: { use: "segment-fare", place: written, tariff } };
  return mode === "single" ? { kind: "electronic-cash", tariff } : undefined;
}

function balanceOf({ balanceAfter }: Extract<QuickPaymentOutcome, { readonly kind: "paid" }>) {
  return balanceAfter === undefined ? {} : { balanceAfter };
}

function isOf(note: Note | undefined, reference: string): boolean {
  return (note?.is === "taking" || note?.is === "torn") && note.reference === reference;
}
