/* A counter that reconciles, with a folder for its reports and an insurer whose books a test can change behind its back. */
import { SimulatedStorageDisk } from "../../../simulators/disk/storage.ts";
import { INSURER_FAULTS, planInsurerFault } from "../../../simulators/host/medical/insurer-faults.ts";
import type { NewSettlement, Settlement } from "../../../simulators/host/medical/insurer-ledger.ts";
import type { Storage } from "../../base/ports.ts";
import type { MedicalPurchaseRequest } from "../medical-purchase/ports.ts";
import { runMedicalPurchase } from "../medical-purchase/run.ts";
import { basket, type CounterOptions, MEDICAL_LIMITS, PERSON, SimulatedCounter } from "../medical-purchase/testing.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import type { DayView, GroupName, ReconciliationResult } from "./acts.ts";
import { Reconciliation, type ReconciliationOptions } from "./reconcile.ts";

export const DAY = "2026-01-05";
export const DAY_MS = 86_400_000;
export const LANE = "1";
const INSTITUTION = "P53010000001";
/** Insurance of the test person, as the insurer clears it. */
export const LOCAL: GroupName = { insuranceType: "310", clearingType: "41", locality: "local", agency: "530102" };

const OPTIONS: ReconciliationOptions = {
  scope: { institution: INSTITUTION, serialLane: LANE },
  institutionName: "Test Pharmacy",
  queryTimeoutMs: 5000,
  journalTimeoutMs: 5000,
  graceMs: 7_200_000,
};
const ACT = { operator: "op1" };
export const LIMITS = { timeoutMs: 600_000, signal: new AbortController().signal };

export class ReconcilingCounter {
  readonly counter: SimulatedCounter;
  readonly folder: SimulatedStorageDisk;
  readonly imported: string[] = [];
  readonly #options: Partial<ReconciliationOptions>;
  #storage: Storage;
  #reconciliation: Reconciliation | undefined;
  #planted = 0;

  constructor(options: CounterOptions = {}, reconciliation: Partial<ReconciliationOptions> = {}) {
    this.counter = new SimulatedCounter(options);
    this.folder = new SimulatedStorageDisk({ clock: this.counter.clock, flushMs: 2 });
    this.folder.onCut(() => this.counter.cutPower());
    this.counter.disk.onCut(() => this.folder.crash());
    this.#storage = this.folder.open();
    this.#options = reconciliation;
  }

  static async open(options: CounterOptions = {}, reconciliation: Partial<ReconciliationOptions> = {}): Promise<ReconcilingCounter> {
    const made = new ReconcilingCounter(options, reconciliation);
    await made.#life();
    return made;
  }

  async #life(): Promise<void> {
    const { counter } = this;
    await counter.clock.resolve(counter.switchOn());
    this.#storage = this.folder.open();
    const ports = { ...counter.ports, entries: counter.journal, storage: this.#storage };
    this.#reconciliation = new Reconciliation(ports, { ...OPTIONS, ...this.#options, onImported: (original) => this.imported.push(original) });
  }

  get reconciliation(): Reconciliation {
    if (this.#reconciliation === undefined) throw new Error("the counter is switched on first");
    return this.#reconciliation;
  }

  /** A new life after the power came back, as a terminal begins it. */
  async nextLife(): Promise<void> {
    this.counter.cutPower();
    this.folder.crash();
    this.counter.plan(() => "deliver");
    await this.#life();
    await this.counter.clock.resolve(recoverAtStart(this.counter.ports));
  }

  /** Sells the basket of the worked example; answers its settlement at the insurer. */
  async sell(reference: string, more: Partial<MedicalPurchaseRequest> = {}): Promise<Settlement> {
    const outcome = await this.counter.clock.resolve(runMedicalPurchase(this.counter.ports, { ...basket(reference), ...more }, MEDICAL_LIMITS));
    if (outcome.kind !== "paid") throw new Error(`not paid but ${outcome.kind}`);
    const booked = this.counter.ledger.settlement(outcome.settlementId);
    if (booked === undefined) throw new Error("the insurer has no such settlement");
    return booked;
  }

  /** The insurer books and says that it does not: one-sided there. */
  async plantAtInsurer(reference: string, more: Partial<MedicalPurchaseRequest> = {}): Promise<Settlement> {
    planInsurerFault(this.counter.insurer.faults, "2102", { ...INSURER_FAULTS["negative-code"], effect: "done" });
    const outcome = await this.counter.clock.resolve(runMedicalPurchase(this.counter.ports, { ...basket(reference), ...more }, MEDICAL_LIMITS));
    if (outcome.kind !== "refused") throw new Error(`not refused but ${outcome.kind}`);
    const [booked] = this.counter.standing().slice(-1);
    if (booked === undefined) throw new Error("the insurer has booked nothing");
    return booked;
  }

  /** The insurer loses a settlement: one-sided here. */
  loseAtInsurer(entry: Settlement): void {
    this.counter.ledger.takeBack(entry, { status: "reversed", msgid: "lost", atMs: this.counter.clock.wallMs() });
  }

  /** Somebody voids in the insurer's own client. */
  voidAtInsurer(entry: Settlement): void {
    this.counter.ledger.takeBack(entry, { status: "voided", msgid: `client-${entry.settlementId}`, atMs: this.counter.clock.wallMs() });
  }

  /** A settlement in the insurer's books that this terminal has not made. */
  bookAtInsurer(changes: Partial<NewSettlement> & { readonly msgid: string }): void {
    this.#planted += 1;
    const number = String(this.#planted).padStart(6, "0");
    this.counter.ledger.book({
      settlementId: `SX${number}`,
      visitId: `VX${number}`,
      infno: "2102",
      institution: INSTITUTION,
      personNumber: PERSON,
      insuranceType: LOCAL.insuranceType,
      insuranceArea: "530102",
      medicalType: "41",
      clearingType: LOCAL.clearingType,
      clearingAgency: LOCAL.agency,
      totalFen: 10_000n,
      fundFen: 6_000n,
      accountFen: 0n,
      mutualAidFen: 0n,
      cashFen: 4_000n,
      deductibleFen: 0n,
      bookedAtMs: this.counter.clock.wallMs(),
      batch: "",
      lines: "[]",
      credential: "",
      figures: "{}",
      ...changes,
    });
  }

  /** Time passes until the day has been closed for a while. */
  async closeDay(day: string = DAY): Promise<void> {
    const closedMs = Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)) - 1, Number(day.slice(8)) + 1, -8) + OPTIONS.graceMs;
    await this.pass(Math.max(0, closedMs - this.counter.clock.wallMs()) + 1000);
  }

  /** Lets time pass, days of it. */
  async pass(durationMs: number): Promise<void> {
    const { clock } = this.counter;
    await clock.resolve(clock.sleep(durationMs), durationMs + 1000);
  }

  async run(day: string = DAY): Promise<ReconciliationResult> {
    return this.counter.clock.resolve(this.reconciliation.run(day, ACT, LIMITS));
  }

  async reconcile(day: string = DAY): Promise<DayView> {
    const result = await this.run(day);
    if (result.kind !== "reconciled") throw new Error(`refused: ${result.reason}`);
    return result;
  }

  /** Runs until it ends or the power goes; undefined when it went. */
  async reconcileUntilCut(day: string = DAY): Promise<ReconciliationResult | undefined> {
    let result: ReconciliationResult | undefined;
    const { clock } = this.counter;
    void this.reconciliation.run(day, ACT, LIMITS).then(
      (value) => {
        result = value;
      },
      () => undefined,
    );
    await clock.runUntil(clock.monotonicMs() + 700_000, () => result !== undefined || !this.counter.on);
    return this.counter.on ? result : undefined;
  }

  sentSince(count: number): readonly string[] {
    return this.counter.sent.slice(count);
  }

  text(name: string): string {
    return new TextDecoder().decode(this.folder.files.get(name));
  }
}
