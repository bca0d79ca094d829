/*
 * Goal: people who pay what the agency wants of them, at a counter where bank, agency, line and power fail; and afterwards the money of each bill
 * is where the agency says it is.
 * Method: the agency owes nobody anything of its own: each act brings a bill. When faults have ended the terminal ends by itself what it left open.
 */
import { fen } from "../../../device/base/fen.ts";
import type { ContributionOutcome, ContributionRequest } from "../../../device/txn/contributions/acts.ts";
import { socialSecurityNumber } from "../../card/numbers.ts";
import type { Agency } from "../../host/agency/agency.ts";
import { AGENCY_FAULTS, type AgencyFaultName, clearAgencyFaults, planAgencyFault } from "../../host/agency/faults.ts";
import type { AgencyBill } from "../../host/agency/words.ts";
import { promised } from "../checks/violation.ts";
import { type Day, within } from "../day.ts";
import type { WatchedCard } from "../observed.ts";
import type { BankCounter } from "./bank-counter.ts";
import { type BankRecord, FINAL_STATES } from "./bank-records.ts";

const ACT_MS = 240_000;
const OPERATOR = "op-1";
const ATTEMPTS_MAX = 3;
const OPEN_MAX = 100;
const FAULTY_SERVICES = ["contribution-confirm", "contribution-confirm", "contribution-bills", "outcome"] as const;
const FAULTS = Object.keys(AGENCY_FAULTS) as readonly AgencyFaultName[];
const FAULT_CHANCE = 0.5;
const SILENCE_CHANCE = 0.4;
const SILENT_QUESTIONS = 6;

export interface AgencyPeopleParts {
  readonly day: Day;
  readonly counter: BankCounter;
  readonly agency: Agency;
}

export class AgencyPeople {
  readonly #parts: AgencyPeopleParts;
  /** How contributions ended, as the counter was told. */
  readonly ends: Record<string, number> = {};
  readonly faults: Record<string, number> = {};

  constructor(parts: AgencyPeopleParts) {
    this.#parts = parts;
  }

  /** One person, one bill; whoever hears nothing sure asks again with the same number. */
  async contribute(reference: string): Promise<void> {
    const { day, counter } = this.#parts;
    this.#goWrong();
    const card = day.holders.pickCard();
    const request = this.#bill(reference, card);
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const outcome = await counter.withCard(card, (life) => counter.contributionsOf(life).pay(request, within(ACT_MS)));
      if (outcome !== "dark") this.#judge(request, outcome);
      if (outcome !== "dark" && (outcome.kind === "confirmed" || outcome.kind === "refunded")) return;
      if (day.holders.gone.has(card) || day.draw.chance(0.4)) return;
      await day.town.clock.sleep(day.draw.between(500, 30_000));
    }
  }

  #bill(reference: string, { card }: WatchedCard): ContributionRequest {
    const { day, agency } = this.#parts;
    const [billId, amountFen] = [`bill-${reference}`, day.draw.between(1, 400) * 50];
    const bill = { kind: "contribution", insurance: "resident-pension", period: "2026", due: "", mandate: false } as const;
    agency.ledger.owe({ ...bill, billId, amountFen, identityNumber: socialSecurityNumber(card) });
    return { reference, billId, amount: fen(amountFen), operator: OPERATOR };
  }

  #goWrong(): void {
    const { day, agency } = this.#parts;
    if (!day.draw.chance(FAULT_CHANCE)) return;
    const [service, name] = [day.draw.pick(FAULTY_SERVICES), day.draw.pick(FAULTS)];
    planAgencyFault(agency.faults, service, AGENCY_FAULTS[name]);
    this.faults[name] = (this.faults[name] ?? 0) + 1;
    day.town.trace.note(`planned ${name} for ${service}`);
    if (day.draw.chance(SILENCE_CHANCE)) this.#fallSilent();
  }

  /** It has acted, and neither says so nor answers whether it has. */
  #fallSilent(): void {
    const { faults } = this.#parts.agency;
    planAgencyFault(faults, "contribution-confirm", AGENCY_FAULTS["reply-lost"]);
    for (let questions = 0; questions < SILENT_QUESTIONS; questions += 1) planAgencyFault(faults, "outcome", AGENCY_FAULTS["request-lost"]);
  }

  #judge({ billId, amount }: ContributionRequest, outcome: ContributionOutcome): void {
    const { day, agency } = this.#parts;
    day.town.observe();
    day.town.trace.note(`contribution ${outcome.kind} ${"reason" in outcome ? (outcome.reason ?? "") : ""}`);
    this.ends[outcome.kind] = (this.ends[outcome.kind] ?? 0) + 1;
    const paid = agency.ledger.bill(billId)?.state === "paid";
    if (outcome.kind === "confirmed") {
      promised(3, paid, () => `${billId} was told as paid, and the agency wants it still`);
      promised(3, outcome.amount === amount, () => `${billId} was told as paid with ${outcome.amount} fen, wanted were ${amount}`);
    }
    // Whoever is told "refused" of a bill that was paid before hears of the bill, not of this money.
    if (outcome.kind === "refunded") promised(2, !paid, () => `${billId} was given back, and the agency has it as paid`);
  }

  becomeCalm(): void {
    clearAgencyFaults(this.#parts.agency.faults);
  }

  /** How many contributions the terminal still has open; what waits for a person gets a word. */
  async open(): Promise<number> {
    const { counter } = this.#parts;
    const contributions = counter.contributionsOf(await counter.ready());
    const open = await contributions.openCases(OPEN_MAX);
    for (const { subject } of open) await contributions.settleCase(subject, { how: "try-again", operator: "chief" });
    return open.length;
  }

  /** The agency's books, the bank's legs and the record of each contribution. */
  settled(records: readonly BankRecord[]): void {
    const { agency } = this.#parts;
    const contributions = records.filter(({ kind }) => kind === "contribution");
    for (const contribution of contributions) this.#agree(contribution, records);
    const confirmed = new Set(contributions.filter(({ state }) => state === "done").map(({ detail }) => detail["billId"]));
    for (const { billId } of agency.ledger.paidBills()) promised(2, confirmed.has(billId), () => `the agency has ${billId} as paid, and no record says so`);
    promised(1, agency.ledger.totals().paid === confirmed.size, () => `${agency.ledger.totals().paid} bills are paid, records say ${confirmed.size}`);
  }

  #agree({ subject, state, amountFen, detail }: BankRecord, records: readonly BankRecord[]): void {
    promised(1, FINAL_STATES.includes(state), () => `contribution ${subject} is still ${state}`);
    const payment = `${String(detail["reference"])}.b${String(detail["attempt"])}`;
    const isOf = (reference: string) => reference === payment || reference.startsWith(`${payment}.t`);
    const sum = (kind: string) =>
      records
        .filter((each) => each.kind === kind && each.state === "done" && isOf(String(each.detail["reference"])))
        .reduce((total, each) => total + each.amountFen, 0);
    const keptFen = sum("bank-payment") - sum("bank-return");
    const dueFen = state === "done" ? amountFen : 0;
    promised(2, keptFen <= dueFen, () => `contribution ${subject} is ${state}: the bank has kept ${keptFen} fen, due were ${dueFen}`);
    promised(1, keptFen === dueFen, () => `contribution ${subject} is ${state}: the bank has kept ${keptFen} fen, due were ${dueFen}`);
    const bill: AgencyBill | undefined = this.#parts.agency.ledger.bill(String(detail["billId"]));
    if (state === "done")
      promised(1, bill?.state === "paid" && bill.amountFen === amountFen, () => `contribution ${subject} is done, its bill is ${bill?.state ?? "unknown"}`);
  }
}
