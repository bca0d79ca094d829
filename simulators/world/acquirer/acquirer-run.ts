/*
 * Goal: days of a counter with a bank through every fault of acquirer, network, card and power, and afterwards the bank's books, the terminal's
 * journal and what people were told say the same.
 * Method: two phases. While faults strike, people pay, withdraw, void, refund, ask for balances, and batches are settled; then faults end, whatever
 * is pending goes out, the last batch is settled, and both books are compared.
 */
import { fen } from "../../../device/base/fen.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { TerminalRules } from "../../../device/terminal-settings.ts";
import { DEFAULT_ACQUIRER } from "../../../device/txn/acquirer-host/defaults.ts";
import type { BankActs, BankOutcome, BankPaymentRequest, BankReturnRequest, PurseLoadOutcome, SettlementOutcome } from "../../../device/txn/acquiring/acts.ts";
import type { AcquirerProfile, DownloadKind, Sm4Keys } from "../../../device/txn/acquiring/profile.ts";
import type { Acquirer } from "../../host/acquirer/acquirer.ts";
import { ACQUIRER_FAULTS, type AcquirerFaultName, clearAcquirerFaults, PLANTED_DIFFERENCES, planAcquirerFault } from "../../host/acquirer/acquirer-faults.ts";
import type { KeyLayout, MacForm, Sm4Terms } from "../../host/acquirer/ciphers.ts";
import { TEST_BANK_MERCHANT, TEST_BANK_PIN, TEST_BANK_TERMINAL, testContract } from "../../host/acquirer/test-customers.ts";
import { promised } from "../checks/violation.ts";
import { Day, type DayReport, within } from "../day.ts";
import { countScriptedGone, finalChecks } from "../final-checks.ts";
import type { Life } from "../life.ts";
import type { WatchedCard } from "../observed.ts";
import { drawSale, WORLD_PURSES } from "../purses.ts";
import { SeededRandomness } from "../seeded-randomness.ts";
import { shortSubject, type TownBank } from "../town.ts";
import type { BankBug } from "./bank-bugs.ts";
import { BankCheck } from "./bank-check.ts";

export interface AcquirerRunOptions {
  readonly seed: string;
  readonly payments: number;
  readonly suite: CipherSuite;
  readonly bug?: BankBug;
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
  /** Offline sales that the acquirer did not take, listed for people in the end. */
  readonly parked: number;
  readonly powerCuts: number;
}

const LIMITS = { unreceiptedCount: 400, unreceiptedSumFen: 40_000_000 };
const ACT_MS = 120_000;
const STEP_MS = 4 * 3_600_000;
const LIVENESS_MS = 24 * 3_600_000;
const ATTEMPTS_MAX = 4;
const CALM_ROUNDS_MAX = 40;
const OPERATOR = "op-1";
const REPLY_MS = 8_000;
const PARKED_MAX = 1_000;
/** How often, and how long apart, people look whether the terminal is ready. */
const LOOKS_MAX = 20;
const LOOK_MS = 3_000;
/** Above it the holder's PIN is asked for. */
const PIN_FREE_FEN = 10_000;
/** More than any seed uses up: nothing is parked, because the world waits until the line is well. */
const TRIES = 1_000;

const FAULTY_TYPES = ["0200", "0200", "0200", "0400", "0400", "0220", "0500", "0320", "0800"] as const;
const LATE_SCRIPTS: readonly string[] = ["script-false", "script-missing"];
const FAULTS = (Object.keys(ACQUIRER_FAULTS) as AcquirerFaultName[]).filter((name) => !LATE_SCRIPTS.includes(name));
const FAULT_CHANCE = 0.45;
const CUT_CHANCE = 0.08;
const CUT_WITHIN_MS = 6_000;

const DOWNLOADS: readonly DownloadKind[] = ["parameters", "ca-keys", "aid-parameters", "exception-list"];
const LAYOUTS: readonly KeyLayout[] = ["des-24", "tdes-40", "tdes-track-60", "triple-19-57", "sm4"];
const MAC_FORMS: readonly MacForm[] = ["ecb", "x9.19"];
const SM4_CHECK_BYTES = [4, 8, 16] as const;

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
}

export class AcquirerRun {
  readonly #options: AcquirerRunOptions;
  readonly #day: Day;
  readonly #acquirer: Acquirer;
  readonly #check: BankCheck;
  readonly #ends: Record<string, number> = {};
  readonly #faults: Record<string, number> = {};
  readonly #paid: Paid[] = [];
  #acts = 0;
  /** Loads that nobody was told the end of. */
  readonly #doubtful = new Set<Load>();
  #powerCuts = 0;
  #parked = 0;
  #calm = false;

  constructor(options: AcquirerRunOptions) {
    const { seed, suite, bug } = options;
    this.#options = options;
    const made = bankOf(seed);
    const { contract } = made;
    const between = bug?.between;
    const bank = { ...made, ...(between === undefined ? {} : { between: (acquirer: Acquirer) => between({ suite, contract, acquirer }) }) };
    const rules: TerminalRules = bug?.rules ?? {};
    this.#day = new Day({ town: { seed, suite, limits: LIMITS, tearPercent: 8, bank }, stream: "bank", rules, livenessMs: LIVENESS_MS });
    const { acquirer, disk } = this.#day.town;
    promised(0, acquirer !== undefined, () => "a town with a bank has an acquirer");
    this.#acquirer = acquirer;
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
    this.#calm = true;
    clearAcquirerFaults(this.#acquirer.faults);
  }

  /** One person at the counter. */
  async #serve(at: number): Promise<void> {
    const { draw } = this.#day;
    this.#goWrong();
    if (this.#isHalfDone() && draw.chance(0.9)) await this.#settle();
    const roll = draw.between(1, 100);
    if (roll <= 52) await this.#pay(`bank-${at}`, "sale");
    else if (roll <= 62) await this.#pay(`bank-${at}`, "withdrawal");
    else if (roll <= 67) await this.#load({ reference: `load-${at}`, card: this.#day.holders.pickCard(), amountFen: draw.between(1, 200) * 50 });
    else if (roll <= 77) await this.#takeBack(`back-${at}`);
    else if (roll <= 80) await this.#balance();
    else if (roll <= 88) await this.#quickPayment(`quick-${at}`);
    else if (roll <= 90) await this.#download();
    else await this.#settle();
  }

  /** Nothing enters a batch while its settlement is half done: whoever works there sees to it first. */
  #isHalfDone(): boolean {
    const { life } = this.#day.keeper;
    return life?.power.on === true && life.terminal?.bank?.view()["settlementHalfDone"] === true;
  }

  #goWrong(): void {
    const { draw } = this.#day;
    for (let more = draw.chance(FAULT_CHANCE); more; more = draw.chance(0.3)) {
      const [type, name] = [draw.pick(FAULTY_TYPES), draw.pick(FAULTS)];
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

  /** One life's try at an act: a card is presented, a PIN typed, and the power may fail in the middle. */
  async #attempt<Value>(card: WatchedCard, act: (bank: BankActs) => Promise<Value>): Promise<Value | "dark"> {
    const { holders, draw } = this.#day;
    const life = await this.#ready();
    const bank = this.#bankOf(life);
    holders.kind = "bank";
    life.bankHolder.plan([this.#pin()]);
    const leave = holders.attend(life, card);
    if (!this.#calm && draw.chance(CUT_CHANCE)) void this.#cutSoon(life);
    const outcome = await Promise.race([act(bank), life.dark]);
    leave();
    holders.clear(life);
    if (outcome === "dark") this.#powerCuts += 1;
    return outcome;
  }

  /** Most people wait until the terminal says that its hosts are there. */
  async #ready(): Promise<Life> {
    const { keeper, draw, town } = this.#day;
    const patience = this.#calm || draw.chance(0.9) ? LOOKS_MAX : 0;
    for (let looks = 0; ; looks += 1) {
      const life = await keeper.powered();
      if (looks >= patience || this.#day.terminal(life).status().hostPresent) return life;
      await town.clock.sleep(LOOK_MS);
    }
  }

  #bankOf(life: Life): BankActs {
    const { bank } = this.#day.terminal(life);
    promised(0, bank !== undefined, () => "the terminal has its bank");
    return bank;
  }

  #pin() {
    const { draw } = this.#day;
    if (this.#calm || draw.chance(0.9)) return { kind: "enters", digits: TEST_BANK_PIN } as const;
    return draw.pick([{ kind: "enters", digits: "999999" }, { kind: "cancels" }, { kind: "walks-away" }] as const);
  }

  async #cutSoon(life: Life): Promise<void> {
    const { draw, town } = this.#day;
    await town.clock.sleep(draw.between(0, CUT_WITHIN_MS));
    if (!this.#calm && life.power.on) life.power.cut();
  }

  /** Money of the account onto the card's purse; whoever left with a load in doubt comes back with the same card and reference. */
  async #load(load: Load): Promise<void> {
    const { draw, town, holders } = this.#day;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const end = await this.#loadOnce(load);
      town.trace.note(`load ${end}`);
      if (end === "loaded" || end === "refused") return;
      if (holders.gone.has(load.card) || (!this.#calm && draw.chance(0.4))) return;
      await town.clock.sleep(draw.between(500, 30_000));
    }
  }

  async #loadOnce(load: Load): Promise<PurseLoadOutcome["kind"] | "dark"> {
    const request = { reference: load.reference, amount: fen(load.amountFen), operator: OPERATOR, purse: "e-purse" } as const;
    const outcome = await this.#attempt(load.card, (bank) => bank.load(request, within(ACT_MS)));
    const end = outcome === "dark" ? outcome : outcome.kind;
    this.#ends[`load-${end}`] = (this.#ends[`load-${end}`] ?? 0) + 1;
    if (end === "dark" || end === "unknown") this.#doubtful.add(load);
    if (end === "loaded" || end === "refused") this.#doubtful.delete(load);
    return end;
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
    const life = await this.#ready();
    const what = draw.pick(DOWNLOADS);
    const report = await Promise.race([this.#bankOf(life).download(what, within(ACT_MS)), life.dark]);
    town.trace.note(`download of ${what} ${report === "dark" ? report : `${report.kind} ${report.entries} ${report.reason ?? ""}`}`);
  }

  /** A batch is compared; sometimes the acquirer has counted something else than it booked. */
  async #settle(): Promise<SettlementOutcome | undefined> {
    const { draw, town } = this.#day;
    const life = await this.#ready();
    const bank = this.#bankOf(life);
    if (!this.#calm && draw.chance(CUT_CHANCE)) void this.#cutSoon(life);
    this.#plantDifference();
    const outcome = await Promise.race([bank.settle({ operator: OPERATOR }, within(ACT_MS)), life.dark]);
    if (outcome === "dark") {
      this.#powerCuts += 1;
      return undefined;
    }
    town.observe();
    town.trace.note(`settlement ${outcome.kind} ${"reason" in outcome ? (outcome.reason ?? "") : outcome.batch}`);
    return outcome;
  }

  /** Only where the batch is whole and nothing was compared of it yet: what is counted wrong then stays wrong until its end. */
  #plantDifference(): void {
    const { draw } = this.#day;
    if (this.#calm || !draw.chance(0.5)) return;
    this.#acquirer.faults.difference = draw.pick(PLANTED_DIFFERENCES);
  }

  async #liveness(): Promise<void> {
    const { holders, town } = this.#day;
    // What was planned for a comparison that never came strikes nobody any more.
    this.#acquirer.faults.difference = "none";
    countScriptedGone(town, holders.gone);
    for (const card of town.cards.filter((each) => !holders.gone.has(each))) {
      for (const purse of WORLD_PURSES) {
        const reference = `return-${card.card.serial.slice(-4)}-${purse}`;
        await this.#day.bounded(this.#purchase(card, { reference, ...drawSale(this.#day.draw, purse, 1) }), "a card's return");
      }
    }
    for (const load of [...this.#doubtful].filter(({ card }) => !holders.gone.has(card)))
      await this.#day.bounded(this.#load(load), `the end of ${load.reference}`);
    const doubtful = [...this.#doubtful].filter(({ card }) => !holders.gone.has(card)).map(({ reference }) => reference);
    promised(1, doubtful.length === 0, () => `${doubtful.join(", ")} is in doubt although its card came back`);
    await this.#day.bounded(this.#lateOnesCome(), "approvals that were late");
    await this.#day.bounded(this.#settledAll(), "the last settlement");
    await this.#day.drained();
    const life = await this.#day.bounded(this.#day.keeper.powered(), "the terminal's power");
    const items = await this.#day.bounded(this.#bankOf(life).parked(PARKED_MAX), "what is parked");
    const parked = new Set(items.map(({ subject }) => subject));
    this.#parked = parked.size;
    this.#check.settled(parked);
    this.#check.loads(town.cards.reduce((sum, { card }) => sum + card.loads.reduce((taken, { amountFen }) => taken + amountFen, 0), 0));
    finalChecks(town, holders.gone, { clearedElsewhere: this.#check.offlineSales(parked), parked: this.#check.leftToPeople(parked) });
    await this.#day.stopped();
  }

  async #lateOnesCome(): Promise<void> {
    while (this.#acquirer.lateBookings() > 0) await this.#day.town.clock.sleep(10_000);
  }

  /** Until there is nothing in the open batch any more. */
  async #settledAll(): Promise<void> {
    let last: SettlementOutcome | undefined;
    for (let round = 0; round < CALM_ROUNDS_MAX; round += 1) {
      last = await this.#settle();
      if (last?.kind === "refused" && last.reason === "batch-empty") return;
      await this.#day.town.clock.sleep(60_000);
    }
    promised(0, false, () => `the last settlement is ${JSON.stringify(last)} after ${CALM_ROUNDS_MAX} rounds`);
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
      ends: this.#ends,
      acquirerFaults: this.#faults,
      batches,
      booked,
      reversals: reversals.length,
      undone: reversals.filter(({ undone }) => undone).length,
      parked: this.#parked,
      powerCuts: this.#powerCuts,
    };
  }
}

/** How the acquirer of this seed wants its messages: layouts, MACs and switches differ from seed to seed. */
function bankOf(seed: string): Pick<TownBank, "profile" | "contract" | "line"> {
  const draw = new SeededRandomness(seed).stream("acquirer-profile");
  const [keyScheme, usualMac, front] = [draw.pick(LAYOUTS), draw.pick(MAC_FORMS), draw.pick([0, 0, 3])];
  const macMethod = keyScheme === "sm4" ? "sm4" : usualMac;
  const sm4 = keyScheme === "sm4" ? sm4Terms(new SeededRandomness(seed).stream("sm4-keys")) : undefined;
  const profile: AcquirerProfile = {
    ...DEFAULT_ACQUIRER,
    terminalNumber: TEST_BANK_TERMINAL,
    merchantNumber: TEST_BANK_MERCHANT,
    tpdu: { destination: "0003", source: "0000" },
    headerHex: "603100310001",
    keyScheme,
    macMethod,
    keyOffset: front,
    checkValueBytes: keyScheme === "triple-19-57" ? 3 : 4,
    ...(sm4 === undefined ? {} : { pinBlockBytes: 16, sm4Keys: sm4KeysOf(sm4) }),
    macAppliesTo: draw.pick(["approvals", "all"] as const),
    originalDate: draw.chance(0.5),
    partialApproval: draw.chance(0.5),
    withdrawalCode: "010000",
    purseLoad: { type: "0200", code: "40", layout: draw.pick(["field-62", "field-55"] as const) },
    networkCode: "000",
    replyTimeoutMs: REPLY_MS,
    pinFreeFen: PIN_FREE_FEN,
    reversalTries: TRIES,
    downloads: DOWNLOADS,
    electronicCashRoute: draw.pick(["acquirer", "acquirer", "settlement-host"] as const),
    offlineUpload: { ...DEFAULT_ACQUIRER.offlineUpload, tries: TRIES },
  };
  return {
    profile,
    line: draw.pick(["relay", "direct"] as const),
    contract: testContract({ keyLayout: keyScheme, macForm: macMethod, keyFrontHex: "00".repeat(front), ...(sm4 === undefined ? {} : { sm4 }) }),
  };
}

/** No paper says how SM4 keys are given out, so that this bank has its own way with each seed. */
function sm4Terms(draw: SeededRandomness): Sm4Terms {
  const order = draw.pick([
    ["pin", "mac"],
    ["mac", "pin"],
    ["pin", "mac", "track"],
  ] as const);
  return { network: draw.pick(["005", "103"]), order, checkBytes: draw.pick(SM4_CHECK_BYTES), fill: draw.pick([0, 0, 2]) };
}

function sm4KeysOf({ network, order, checkBytes, fill }: Sm4Terms): Sm4Keys {
  return { network, keys: order.map((which) => ({ which, zeros: fill, checkBytes })) };
}
