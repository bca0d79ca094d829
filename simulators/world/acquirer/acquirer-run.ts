/*
 * Goal: days of a counter with a bank through every fault of acquirer, network, card and power, and afterwards the bank's books, the terminal's
 * journal and what people were told say the same.
 * Method: two phases. While faults strike, people pay, withdraw, void, refund, ask for balances, and batches are settled; then faults end, whatever
 * is pending goes out, the last batch is settled, and both books are compared.
 */
import type { Bytes } from "../../../device/base/bytes.ts";
import { fen } from "../../../device/base/fen.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { TerminalRules } from "../../../device/terminal-settings.ts";
import type {
  BankActs,
  BankOutcome,
  BankPaymentRequest,
  BankReturnRequest,
  PurseLoadOutcome,
  PurseLoadRequest,
  SettlementOutcome,
} from "../../../device/txn/acquiring/acts.ts";
import type { TearPoint } from "../../card/state.ts";
import type { Acquirer } from "../../host/acquirer/acquirer.ts";
import { ACQUIRER_FAULTS, type AcquirerFaultName, clearAcquirerFaults, PLANTED_DIFFERENCES, planAcquirerFault } from "../../host/acquirer/acquirer-faults.ts";
import { promised } from "../checks/violation.ts";
import { Day, type DayReport, within } from "../day.ts";
import { countScriptedGone, finalChecks } from "../final-checks.ts";
import type { WatchedCard } from "../observed.ts";
import { drawSale, WORLD_PURSES } from "../purses.ts";
import { shortSubject, type Town } from "../town.ts";
import { AgencyPeople } from "./agency-people.ts";
import type { BankBug } from "./bank-bugs.ts";
import { BankCheck } from "./bank-check.ts";
import { BankCounter } from "./bank-counter.ts";
import { bankOf, DOWNLOADS } from "./bank-of-seed.ts";
import { bankRecords, FINAL_STATES } from "./bank-records.ts";
import { settledToTheEnd } from "./last-settlement.ts";
import { OrderPeople } from "./order-people.ts";
import { Staff } from "./staff.ts";

export interface AcquirerRunOptions {
  readonly seed: string;
  readonly payments: number;
  readonly suite: CipherSuite;
  readonly bug?: BankBug;
  /** What every second person comes for; left out: no more people than there are anyway. */
  readonly usualErrand?: "bill" | "load";
  /** What the acquirer does wrong every second time that it does something wrong; left out: everything alike. */
  readonly usualFault?: AcquirerFaultName;
}

/** Names are fixed; see docs/json.md. */
export interface AcquirerReport extends DayReport {
  readonly payments: number;
  /** How bank acts ended, as the counter was told. */
  readonly ends: Readonly<Record<string, number>>;
  /** What the acquirer did wrong on purpose, by name. */
  readonly acquirerFaults: Readonly<Record<string, number>>;
  /** Settled batches by what came of them. */
  readonly batches: Readonly<Record<string, number>>;
  /** What the bank has booked and not reversed, by business. */
  readonly booked: Readonly<Record<string, number>>;
  /** Reversals that reached the acquirer, and those of them that undid something. */
  readonly reversals: number;
  readonly undone: number;
  /** What the terminal lists for people in the end: uploads that the acquirer did not take, loads whose card never came back. */
  readonly parked: number;
  readonly powerCuts: number;
  /** What the agency did wrong on purpose, by name. */
  readonly agencyFaults: Readonly<Record<string, number>>;
  /** What people said of parked reversals. */
  readonly staff: Readonly<Record<string, number>>;
}

const LIMITS = { unreceiptedCount: 400, unreceiptedSumFen: 40_000_000 };
const ACT_MS = 120_000;
const STEP_MS = 4 * 3_600_000;
const LIVENESS_MS = 24 * 3_600_000;
const ATTEMPTS_MAX = 4;
const CALM_ROUNDS_MAX = 40;
const OPERATOR = "op-1";
const PARKED_MAX = 1_000;

const FAULTY_TYPES = ["0200", "0200", "0200", "0400", "0400", "0220", "0500", "0320", "0800"] as const;
const FAULTS = Object.keys(ACQUIRER_FAULTS) as readonly AcquirerFaultName[];
const FAULT_CHANCE = 0.45;

/** Where these stand among the acts below. */
const ROLL_OF_ERRAND = { load: 55, bill: 62 } as const;

const TORN_CREDIT_CHANCE = 0.4;
/** CREDIT FOR LOAD, and PUT DATA of an issuer's script. Spec: PBOC purse, CREDIT FOR LOAD; JR/T 0025, issuer script processing. */
const BRINGS_MONEY: ReadonlySet<number> = new Set([0x52, 0xda]);

/** An approved payment that may be taken back. */
interface Paid {
  readonly reference: string;
  readonly card: WatchedCard;
  readonly amountFen: number;
}

interface Load {
  readonly reference: string;
  readonly card: WatchedCard;
  readonly amountFen: number;
  readonly purse: PurseLoadRequest["purse"];
}

export class AcquirerRun {
  readonly #options: AcquirerRunOptions;
  readonly #day: Day;
  readonly #acquirer: Acquirer;
  readonly #check: BankCheck;
  readonly #counter: BankCounter;
  readonly #people: AgencyPeople;
  readonly #orders: OrderPeople;
  readonly #staff: Staff;
  readonly #ends: Record<string, number> = {};
  readonly #faults: Record<string, number> = {};
  readonly #paid: Paid[] = [];
  #acts = 0;
  /** Loads that nobody was told the end of. */
  readonly #doubtful = new Set<Load>();
  #parked = 0;

  constructor(options: AcquirerRunOptions) {
    const { seed, suite, bug } = options;
    this.#options = options;
    const made = bankOf(seed);
    const { contract } = made;
    const between = bug?.between;
    const bank = { ...made, ...(between === undefined ? {} : { between: (acquirer: Acquirer) => between({ suite, contract, acquirer }) }) };
    const rules: TerminalRules = bug?.rules ?? {};
    this.#day = new Day({ town: { seed, suite, limits: LIMITS, tearPercent: 8, bank }, stream: "bank", rules, livenessMs: LIVENESS_MS });
    const { acquirer, agency, disk } = this.#day.town;
    promised(0, acquirer !== undefined && agency !== undefined, () => "a town with a bank has an acquirer and an agency");
    this.#acquirer = acquirer;
    this.#counter = new BankCounter(this.#day);
    this.#people = new AgencyPeople({ day: this.#day, counter: this.#counter, agency });
    this.#orders = new OrderPeople(this.#day, this.#counter);
    this.#staff = new Staff({ day: this.#day, ledger: acquirer.ledger, records: () => bankRecords(disk) });
    this.#check = new BankCheck(acquirer.ledger, disk);
  }

  run(): Promise<AcquirerReport> {
    const phases = { safety: () => this.#safety(), calm: () => this.#becomeCalm(), liveness: () => this.#liveness() };
    return this.#day.live(phases, (told) => this.#report(told));
  }

  async #safety(): Promise<void> {
    while (this.#acts < this.#options.payments) {
      this.#acts += 1;
      await this.#day.keeper.bounded(this.#serve(this.#acts), STEP_MS, `act ${this.#acts}`);
      await this.#day.pause(200, 20_000);
    }
  }

  #becomeCalm(): void {
    this.#counter.calm = true;
    clearAcquirerFaults(this.#acquirer.faults);
    this.#people.becomeCalm();
    this.#orders.becomeCalm();
  }

  /** One person at the counter. */
  async #serve(at: number): Promise<void> {
    const { draw } = this.#day;
    this.#goWrong();
    if (this.#isHalfDone() && draw.chance(0.9)) await this.#settle();
    const { usualErrand } = this.#options;
    // Days without the option draw what they always drew.
    const errand = usualErrand !== undefined && draw.chance(0.5) ? usualErrand : "any";
    await this.#act(at, errand === "any" ? draw.between(1, 100) : ROLL_OF_ERRAND[errand]);
  }

  async #act(at: number, roll: number): Promise<void> {
    if (roll <= 40) await this.#pay(`bank-${at}`, "sale");
    else if (roll <= 48) await this.#pay(`bank-${at}`, "withdrawal");
    else if (roll <= 55) await this.#load(this.#newLoad(`load-${at}`));
    else if (roll <= 62) await this.#people.contribute(`due-${at}`);
    else if (roll <= 67) await this.#orders.order(`o-${at}`);
    else if (roll <= 77) await this.#takeBack(`back-${at}`);
    else if (roll <= 80) await this.#balance();
    else if (roll <= 88) await this.#quickPayment(`quick-${at}`);
    else if (roll <= 90) await this.#download();
    else await this.#settle();
  }

  #newLoad(reference: string): Load {
    const { draw, holders, town } = this.#day;
    const card = holders.pickCard();
    const purse = town.bank?.reader === "contact" && draw.chance(0.6) ? "electronic-cash" : "e-purse";
    return { reference, card, amountFen: draw.between(1, 200) * 50, purse };
  }

  /** Nothing enters a batch while its settlement is half done: whoever works there sees to it first. */
  #isHalfDone(): boolean {
    const { life } = this.#day.keeper;
    return life?.power.on === true && life.terminal?.bank?.view()["settlementHalfDone"] === true;
  }

  #goWrong(): void {
    const { draw } = this.#day;
    const { usualFault } = this.#options;
    for (let more = draw.chance(FAULT_CHANCE); more; more = draw.chance(0.3)) {
      const [type, drawn] = [draw.pick(FAULTY_TYPES), draw.pick(FAULTS)];
      const name = usualFault !== undefined && draw.chance(0.5) ? usualFault : drawn;
      this.#faults[name] = (this.#faults[name] ?? 0) + 1;
      planAcquirerFault(this.#acquirer.faults, type, ACQUIRER_FAULTS[name]);
      this.#day.town.trace.note(`planned ${name} for ${type}`);
    }
  }

  async #pay(reference: string, business: BankPaymentRequest["business"]): Promise<void> {
    const { draw, holders } = this.#day;
    const card = holders.pickCard();
    const amountFen = draw.between(1, 400) * 50;
    const request: BankPaymentRequest = { reference, business, amount: fen(amountFen), operator: OPERATOR };
    const outcome = await this.#again(card, (bank) => bank.pay(request, within(ACT_MS)));
    if (outcome?.kind === "approved") this.#paid.push({ reference, card, amountFen: outcome.amount });
  }

  async #takeBack(reference: string): Promise<void> {
    const { draw } = this.#day;
    const paid = this.#paid.at(-draw.between(1, Math.max(1, Math.min(6, this.#paid.length))));
    if (paid === undefined) return;
    const business = draw.pick(["void", "refund", "refund"] as const);
    const part = business === "refund" && draw.chance(0.6) ? { amount: fen(draw.between(1, paid.amountFen)) } : {};
    const request: BankReturnRequest = { reference, business, original: paid.reference, operator: OPERATOR, withoutCard: draw.chance(0.5), ...part };
    await this.#again(paid.card, (bank) => bank.takeBack(request, within(ACT_MS)));
  }

  /** The same act again after a power cut or an unclear end, with the same reference: it is found, never done twice. */
  async #again(card: WatchedCard, act: (bank: BankActs) => Promise<BankOutcome>): Promise<BankOutcome | undefined> {
    const { draw, town } = this.#day;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const outcome = await this.#attempt(card, act);
      if (outcome !== "dark") {
        this.#judge(outcome);
        if (outcome.kind === "approved" || (outcome.kind === "refused" && outcome.subject !== undefined)) return outcome;
      }
      if (this.#day.holders.gone.has(card) || draw.chance(0.3)) return undefined;
      await town.clock.sleep(draw.between(500, 30_000));
    }
    return undefined;
  }

  #judge(outcome: BankOutcome): void {
    const { town } = this.#day;
    town.observe();
    const subject = "subject" in outcome && outcome.subject !== undefined ? shortSubject(outcome.subject) : "-";
    town.trace.note(`bank ${outcome.kind} ${subject} ${"reason" in outcome ? (outcome.reason ?? "") : ""}`);
    this.#ends[outcome.kind] = (this.#ends[outcome.kind] ?? 0) + 1;
    this.#check.told(outcome);
  }

  #attempt<Value>(card: WatchedCard, act: (bank: BankActs) => Promise<Value>): Promise<Value | "dark"> {
    return this.#counter.withCard(card, (life) => act(this.#counter.bankOf(life)));
  }

  /** Whose card it was the terminal knows better than the counter: another may have been held out in between. */
  async #endLoad(load: Load): Promise<void> {
    const { holders, town } = this.#day;
    const others = town.cards.filter((card) => card !== load.card);
    for (const card of [load.card, ...others].filter((each) => !holders.gone.has(each))) {
      const end = await this.#loadOnce({ ...load, card });
      if (end !== "loaded" && end !== "refused") continue;
      this.#doubtful.delete(load);
      return;
    }
  }

  /** Money of the account onto the card's purse; whoever left with a load in doubt comes back with the same card and reference. */
  async #load(load: Load): Promise<void> {
    const { draw, town, holders } = this.#day;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const end = await this.#loadOnce(load);
      town.trace.note(`load ${end}`);
      if (end === "loaded" || end === "refused") return;
      if (holders.gone.has(load.card) || (!this.#counter.calm && draw.chance(0.4))) return;
      await town.clock.sleep(draw.between(500, 30_000));
    }
  }

  async #loadOnce(load: Load): Promise<PurseLoadOutcome["kind"] | "dark"> {
    const request = { reference: load.reference, amount: fen(load.amountFen), operator: OPERATOR, purse: load.purse };
    const outcome = await this.#counter.withCard(load.card, (life) => {
      life.desk.tearAt = this.#tornCredit();
      return this.#counter.bankOf(life).load(request, within(ACT_MS));
    });
    const end = outcome === "dark" ? outcome : outcome.kind;
    if (outcome !== "dark" && "reason" in outcome) this.#day.town.trace.note(`load of ${load.purse}: ${outcome.reason ?? ""}`);
    const name = `${load.purse === "e-purse" ? "load" : "cash-load"}-${end}`;
    this.#ends[name] = (this.#ends[name] ?? 0) + 1;
    if (end === "dark" || end === "unknown") this.#doubtful.add(load);
    if (end === "loaded" || end === "refused") this.#doubtful.delete(load);
    return end;
  }

  /** Some holders pull the card in the one moment that counts: once, at the command that brings the money. */
  #tornCredit(): (command: Bytes) => TearPoint | undefined {
    const { draw } = this.#day;
    let at = draw.chance(TORN_CREDIT_CHANCE) ? draw.pick(["before", "during", "after"] as const) : undefined;
    return (command) => {
      if (!BRINGS_MONEY.has(command[1] ?? 0)) return undefined;
      const torn = at;
      at = undefined;
      return torn;
    };
  }

  async #balance(): Promise<void> {
    const { holders, town } = this.#day;
    const answer = await this.#attempt(holders.pickCard(), (bank) => bank.balance({ operator: OPERATOR }, within(ACT_MS)));
    if (answer !== "dark") town.trace.note(`balance ${answer.kind}`);
  }

  async #quickPayment(reference: string): Promise<void> {
    const { draw, holders } = this.#day;
    await this.#purchase(holders.pickCard(), { reference, ...drawSale(draw, draw.pick(WORLD_PURSES), draw.between(1, 300) * 10) });
  }

  async #purchase(card: WatchedCard, sale: { readonly reference: string } & ReturnType<typeof drawSale>): Promise<void> {
    const { holders, keeper, town } = this.#day;
    const { reference, purse, amountFen } = sale;
    const life = await keeper.powered();
    holders.kind = purse.kind;
    const leave = holders.attend(life, card);
    const paying = this.#day.terminal(life).quickPayment({ reference, amount: fen(amountFen), purse }, within(15_000));
    const outcome = await Promise.race([paying, life.dark]);
    leave();
    holders.clear(life);
    if (outcome === "dark") return;
    town.observe();
    if (outcome.kind === "paid") town.moneyCheck.paid(outcome.subject, outcome.amount);
    if (outcome.kind === "refused" && outcome.subject !== undefined) town.moneyCheck.notPaid(outcome.subject);
  }

  async #download(): Promise<void> {
    const { draw, town } = this.#day;
    const life = await this.#counter.ready();
    const what = draw.pick(DOWNLOADS);
    const report = await Promise.race([this.#counter.bankOf(life).download(what, within(ACT_MS)), life.dark]);
    town.trace.note(`download of ${what} ${report === "dark" ? report : `${report.kind} ${report.entries} ${report.reason ?? ""}`}`);
  }

  /** A batch is compared; sometimes the acquirer has counted something else than it booked. */
  async #settle(): Promise<SettlementOutcome | undefined> {
    const { town } = this.#day;
    await this.#staffLooks();
    this.#plantDifference();
    const outcome = await this.#counter.without((life) => this.#counter.bankOf(life).settle({ operator: OPERATOR }, within(ACT_MS)));
    if (outcome === "dark") return undefined;
    town.observe();
    town.trace.note(`settlement ${outcome.kind} ${"reason" in outcome ? (outcome.reason ?? "") : outcome.batch}`);
    return outcome;
  }

  /** Before a batch is compared somebody sees to what is parked, unless they are in a hurry. */
  async #staffLooks(): Promise<number> {
    if (!this.#counter.calm && this.#day.draw.chance(0.5)) return 0;
    await this.#lateOnesCome();
    const seen = await this.#counter.without((life) => this.#staff.seeTo(this.#counter.bankOf(life)));
    this.#day.town.observe();
    return seen === "dark" ? 1 : seen;
  }

  /** Only where the batch is whole and nothing was compared of it yet: what is counted wrong then stays wrong until its end. */
  #plantDifference(): void {
    const { draw } = this.#day;
    if (this.#counter.calm || !draw.chance(0.5)) return;
    this.#acquirer.faults.difference = draw.pick(PLANTED_DIFFERENCES);
  }

  async #liveness(): Promise<void> {
    const { holders, town } = this.#day;
    // What was planned for a comparison that never came strikes nobody any more.
    this.#acquirer.faults.difference = "none";
    countScriptedGone(town, holders.gone);
    for (const [at, card] of town.cards.entries()) {
      if (holders.gone.has(card)) continue;
      for (const purse of WORLD_PURSES) {
        // By its place: serials of two cards may end alike, and are personal.
        const reference = `return-${at}-${purse}`;
        await this.#day.bounded(this.#purchase(card, { reference, ...drawSale(this.#day.draw, purse, 1) }), "a card's return");
      }
    }
    for (const load of [...this.#doubtful]) await this.#day.bounded(this.#endLoad(load), `the end of ${load.reference}`);
    await this.#day.bounded(
      this.#orders.finish(() => this.#staffLooks()),
      "the end of orders",
    );
    await this.#day.bounded(this.#lateOnesCome(), "approvals that were late");
    await this.#day.bounded(this.#nothingOpen(), "what people see to");
    await this.#day.bounded(this.#settledAll(), "the last settlement");
    await this.#day.drained();
    const life = await this.#day.bounded(this.#day.keeper.powered(), "the terminal's power");
    const items = await this.#day.bounded(this.#counter.bankOf(life).parked(PARKED_MAX), "what is parked");
    this.#agree(new Set(items.map(({ subject }) => subject)));
    await this.#day.stopped();
  }

  /** Every book says the same of the same money. `parked`: subjects that the terminal lists for people. */
  #agree(parked: ReadonlySet<string>): void {
    const { holders, town } = this.#day;
    this.#parked = parked.size;
    const inDoubt = bankRecords(town.disk).filter(({ kind, state }) => kind === "purse-load" && !FINAL_STATES.includes(state));
    promised(1, inDoubt.length === 0 || holders.gone.size > 0, () => `${inDoubt.length} loads are in doubt although every card came back`);
    this.#check.settled(parked);
    this.#check.loads(town.cards.reduce((sum, { card }) => sum + card.loads.reduce((taken, { amountFen }) => taken + amountFen, 0), 0));
    this.#people.settled(bankRecords(town.disk));
    this.#orders.settled();
    const left = [...this.#check.leftToPeople(parked), ...openOrders(town)];
    finalChecks(town, holders.gone, { clearedElsewhere: this.#check.offlineSales(parked), parked: new Set(left), soldByOrder: true });
  }

  /** Reversals that are parked get a word, and contributions that wait for one; what goes back then goes back. */
  async #nothingOpen(): Promise<void> {
    const { clock } = this.#day.town;
    const day = this.#day;
    let open = [1, 1];
    for (let round = 0; round < CALM_ROUNDS_MAX && open.some((count) => count > 0); round += 1) {
      const bank = this.#counter.bankOf(await this.#counter.ready());
      // Of loads whose card may still come back some are left in doubt.
      if (day.holders.gone.size === 0 || day.draw.chance(0.5)) await this.#staff.decideLoads(bank);
      open = [await this.#staffLooks(), await this.#people.open()];
      await clock.sleep(60_000);
    }
    promised(
      1,
      open.every((count) => count === 0),
      () => `${open.join(" reversals and ")} contributions are still open after ${CALM_ROUNDS_MAX} rounds`,
    );
  }

  async #lateOnesCome(): Promise<void> {
    while (this.#acquirer.lateBookings() > 0) await this.#day.town.clock.sleep(10_000);
  }

  #settledAll(): Promise<void> {
    return settledToTheEnd({ settle: () => this.#settle(), seeToParked: () => this.#staffLooks(), rest: () => this.#day.town.clock.sleep(60_000) });
  }

  #report(told: DayReport): AcquirerReport {
    const { ledger } = this.#acquirer;
    const batches: Record<string, number> = {};
    for (const { result } of ledger.batches.settlements()) batches[result] = (batches[result] ?? 0) + 1;
    const reversals = ledger.reversals();
    const booked = Object.fromEntries(Object.entries(ledger.totals()).map(([business, { count }]) => [business, count]));
    return {
      ...told,
      payments: this.#acts,
      ends: { ...this.#ends, ...named("contribution", this.#people.ends), ...named("order", this.#orders.ends) },
      agencyFaults: this.#people.faults,
      staff: this.#staff.words,
      acquirerFaults: this.#faults,
      batches,
      booked,
      reversals: reversals.length,
      undone: reversals.filter(({ undone }) => undone).length,
      parked: this.#parked,
      powerCuts: this.#counter.powerCuts,
    };
  }
}

function named(prefix: string, counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${prefix}-${name}`, count]));
}

/** Orders that their customers left before anything was paid. */
function openOrders({ journalCheck }: Town): readonly string[] {
  return [...journalCheck.subjects].filter(([, { kind, state }]) => kind === "medical-order" && !FINAL_STATES.includes(state)).map(([subject]) => subject);
}
