/*
 * Goal: one seed, one town, many taps, no promise broken, and all of it again on demand.
 * Method: two phases. Safety: faults strike while people pay. Liveness: faults are off, every card that was not scripted away comes back
 * once, and within bounded virtual time everything is settled, receipted and equal.
 */
import { fen } from "../../device/base/fen.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { TerminalRules } from "../../device/terminal-settings.ts";
import type { MedicalOutcome } from "../../device/txn/medical-purchase/types.ts";
import type { QuickPaymentOutcome } from "../../device/txn/quick-payment/types.ts";
import type { PurseChoice } from "../../device/txn/sale-request.ts";
import { INSURER_FAULTS, planInsurerFault } from "../host/medical/insurer-faults.ts";
import { Day, type DayReport, within } from "./day.ts";
import type { FaultKind } from "./fault-plan.ts";
import { countScriptedGone, finalChecks } from "./final-checks.ts";
import type { Holders } from "./holders.ts";
import type { Keeper } from "./keeper.ts";
import type { WatchedCard } from "./observed.ts";
import { drawSale, type PurseCounts, paysGoods, WORLD_PURSES } from "./purses.ts";
import type { SeededRandomness } from "./seeded-randomness.ts";
import { shortSubject, type Town } from "./town.ts";

export interface SeedOptions {
  readonly seed: string;
  readonly taps: number;
  readonly suite: CipherSuite;
  readonly rules?: TerminalRules;
  /** Of all taps, how many are torn; 10 when absent. */
  readonly tearPercent?: number;
  readonly onlyFaults?: readonly FaultKind[];
}

export interface SeedReport extends DayReport {
  readonly taps: number;
  /** Sales left unknown at the end, all of them scripted so. */
  readonly unknown: number;
  readonly purses: PurseCounts;
}

/** How an insurer may be silent about a settlement, whether it booked it or not. */
const SILENCES = [
  "no-reply-booked",
  "no-reply-not-booked",
  "system-error-booked",
  "system-error-not-booked",
  "empty-infcode-booked",
  "unparsable-booked",
  "unparsable-not-booked",
] as const;
/** Tears of the usual scenario. */
export const TEAR_PERCENT = 10;
const LIMITS = { unreceiptedCount: 60, unreceiptedSumFen: 400_000 };
/** Virtual time in which a seed must have settled after the faults end. */
const LIVENESS_MS = 4 * 3_600_000;
/** Virtual time for one tap, reboots included. */
const TAP_MS = 600_000;

interface PurseSale {
  readonly reference: string;
  readonly purse: PurseChoice;
  readonly amountFen: number;
}

export class SeedRun {
  readonly #day: Day;
  readonly #town: Town;
  readonly #holders: Holders;
  readonly #draw: SeededRandomness;
  readonly #options: SeedOptions;
  readonly #keeper: Keeper;

  constructor(options: SeedOptions) {
    this.#options = options;
    const { seed, suite, rules, onlyFaults, tearPercent = TEAR_PERCENT } = options;
    const town = { seed, suite, limits: LIMITS, tearPercent, ...(onlyFaults === undefined ? {} : { onlyFaults }) };
    this.#day = new Day({ town, stream: "taps", livenessMs: LIVENESS_MS, ...(rules === undefined ? {} : { rules }) });
    this.#town = this.#day.town;
    this.#holders = this.#day.holders;
    this.#draw = this.#day.draw;
    this.#keeper = this.#day.keeper;
  }

  run(): Promise<SeedReport> {
    return this.#day.live({ safety: () => this.#safety(), liveness: () => this.#liveness() }, (told) => this.#report(told));
  }

  async #safety(): Promise<void> {
    for (let tap = 0; tap < this.#options.taps; tap += 1) {
      await this.#keeper.bounded(this.#tap(tap), TAP_MS, `tap ${tap}`);
      await this.#day.pause(200, 20_000);
    }
  }

  async #liveness(): Promise<void> {
    const { cards } = this.#town;
    countScriptedGone(this.#town, this.#holders.gone);
    for (const [at, card] of cards.entries()) {
      if (this.#holders.gone.has(card)) continue;
      for (const purse of WORLD_PURSES) {
        // By its place: serials of two cards may end alike, and are personal.
        const reference = `return-${at}-${purse}`;
        await this.#day.bounded(this.#purchase(card, { reference, ...drawSale(this.#draw, purse, 1) }), "a card's return");
      }
    }
    await this.#day.bounded(this.#settlementsResolved(), "the resolution of settlements");
    await this.#day.drained();
    finalChecks(this.#town, this.#holders.gone);
    await this.#day.stopped();
  }

  /** The terminal reverses and asks by itself; the world only waits. */
  async #settlementsResolved(): Promise<void> {
    const open = () => [...this.#town.medicalCheck.purchases.values()].some(({ state }) => !["done", "refused", "void"].includes(state));
    while (open()) await this.#town.clock.sleep(1_000);
  }

  async #tap(tap: number): Promise<void> {
    const card = this.#holders.pickCard();
    const reference = `sale-${tap}`;
    const amountFen = this.#draw.between(1, 300) * 10;
    const medical = this.#draw.chance(0.2);
    const sale = { reference, ...drawSale(this.#draw, this.#draw.pick(WORLD_PURSES), amountFen) };
    // After a power cut most holders try the same sale again, some have left.
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const outcome = medical ? await this.#medical(card, reference) : await this.#purchase(card, sale);
      if (outcome !== "dark") return;
      if (this.#holders.gone.has(card) || this.#draw.chance(0.25)) return;
    }
  }

  async #purchase(card: WatchedCard, sale: PurseSale): Promise<QuickPaymentOutcome | "dark"> {
    const { reference, purse, amountFen } = sale;
    const life = await this.#keeper.powered();
    const terminal = this.#day.terminal(life);
    this.#holders.kind = purse.kind;
    const leave = this.#holders.attend(life, card);
    const paying = terminal.quickPayment({ reference, amount: fen(amountFen), purse, ...paysGoods(amountFen) }, within(15_000));
    const outcome = await Promise.race([paying, life.dark]);
    leave();
    if (outcome !== "dark") this.#judge(reference, outcome);
    this.#holders.clear(life);
    return outcome;
  }

  async #medical(card: WatchedCard, reference: string): Promise<MedicalOutcome | "dark"> {
    const { plan, insurer } = this.#town;
    const life = await this.#keeper.powered();
    const terminal = this.#day.terminal(life);
    if (plan.strikes("insurer-late")) planInsurerFault(insurer.faults, "2102", INSURER_FAULTS["late-booking"]);
    else if (plan.strikes("insurer-silent")) planInsurerFault(insurer.faults, "2102", INSURER_FAULTS[this.#draw.pick(SILENCES)]);
    this.#holders.kind = "insurer";
    const leave = this.#holders.attend(life, card);
    const items = [{ nationalCode: "XTEST0000000000000A1", ownCode: "A1", quantity: "2", unitPrice: "28.50", amount: fen(5_700) }];
    const request = { reference, amount: fen(5_700), items, invoiceNumber: reference, usesAccount: true };
    const outcome = await Promise.race([terminal.medicalPurchase(request, within(8_000)), life.dark]);
    leave();
    if (outcome !== "dark") this.#judgeMedical(reference, outcome);
    this.#holders.clear(life);
    return outcome;
  }

  #judgeMedical(reference: string, outcome: MedicalOutcome): void {
    const { medicalCheck, trace } = this.#town;
    this.#town.observe();
    trace.note(`${reference} medical ${outcome.kind} ${"reason" in outcome ? outcome.reason : ""}`);
    if (outcome.kind === "paid") medicalCheck.paid(outcome.subject, outcome.total);
  }

  #judge(reference: string, outcome: QuickPaymentOutcome): void {
    const { moneyCheck, trace } = this.#town;
    this.#town.observe();
    const subject = "subject" in outcome && outcome.subject !== undefined ? shortSubject(outcome.subject) : "-";
    trace.note(`${reference} ${outcome.kind} ${subject} ${"reason" in outcome ? outcome.reason : ""}`);
    if (outcome.kind === "paid") moneyCheck.paid(outcome.subject, outcome.amount);
    if (outcome.kind === "refused" && outcome.subject !== undefined) moneyCheck.notPaid(outcome.subject);
  }

  #report(told: DayReport): SeedReport {
    const { journalCheck, purseCounts } = this.#town;
    const open = [...journalCheck.subjects.values()].filter(({ state }) => ["prepared", "acting", "unknown", "resolving"].includes(state));
    return { ...told, taps: this.#options.taps, unknown: open.length, purses: purseCounts };
  }
}
