/*
 * Goal: a counter that goes on selling while its terminal and its broker are killed, as people would: a sale without an answer is asked for again
 * under the same reference, at once or when its customer comes back; customers pay again meanwhile, with the same card or another.
 * Method: one customer at a time. Where and when a kill falls is drawn from the round's seed before the first sale.
 */
import { Fault } from "../../device/base/fault.ts";
import type { Clock } from "../../device/base/ports.ts";
import { SAM_SLOT, USER_SLOT } from "../terminal/settings.ts";
import type { SeededRandomness } from "../world/seeded-randomness.ts";
import type { ToldSale } from "./compare.ts";
import { answered, type Line, type LineProcess } from "./line-process.ts";
import type { Stand } from "./stand.ts";

export interface Kills {
  broker: number;
  terminal: number;
}

/** Where in a sale the terminal is killed. "after-debit": the card has paid, the record does not say so yet. */
export type KillMoment = "any-moment" | "card-command" | "module-command" | "after-debit";

interface CounterSale {
  readonly reference: string;
  readonly amountFen: number;
  readonly card: string;
}

interface Unfinished {
  readonly sale: CounterSale;
  attempts: number;
  /** Sales of others that come before. */
  waits: number;
}

export interface CounterOptions {
  readonly stand: Stand;
  readonly clock: Clock;
  readonly random: SeededRandomness;
  /** Journal entries to reach. */
  readonly records: number;
  readonly brokerKills: number;
  readonly terminalKills: number;
  /** One of these is drawn for each kill that falls into a sale. */
  readonly killMoments: readonly KillMoment[];
  /** Called once, when half of the records are there. */
  readonly halfway: () => Promise<void>;
}

const SALE_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 60_000;
const IDLE_TIMEOUT_MS = 60_000;
const ATTEMPTS_MAX = 12;
const STARTS_MAX = 20;
/** Share of the kills that wait for the drain after the last sale; at least one each. */
const DRAIN_SHARE = 0.2;
const BROKER_AWAY_MAX_MS = 400;
const FIRST_GUESS_MS = 20;
/** Commands of a usual sale to the card and to the module. */
const CARD_COMMANDS = 5;
const MODULE_COMMANDS = 2;
/** Before the command that is held up would be answered. */
const KILL_AFTER_MAX_MS = 1_000;

export class Counter {
  readonly kills: Kills = { broker: 0, terminal: 0 };
  readonly #options: CounterOptions;
  readonly #random: SeededRandomness;
  /** Journal lengths at which a kill falls due, the next one last. */
  readonly #brokerDue: number[];
  readonly #terminalDue: number[];
  readonly #paid = new Map<string, ToldSale>();
  readonly #oddities: string[] = [];
  #unfinished: Unfinished[] = [];
  #terminal: LineProcess;
  #brokerWork: Promise<void> = Promise.resolve();
  #brokerTrouble: Fault | undefined;
  #records = 0;
  #sold = 0;
  /** How long a sale takes, as seen lately. */
  #saleMs = FIRST_GUESS_MS;

  constructor(options: CounterOptions) {
    this.#options = options;
    this.#random = options.random.stream("counter");
    this.#brokerDue = this.#draw(options.brokerKills);
    this.#terminalDue = this.#draw(options.terminalKills);
    this.#terminal = options.stand.startTerminal();
  }

  /** Sales that the counter was told are paid. */
  get told(): readonly ToldSale[] {
    return [...this.#paid.values()];
  }

  /** What the counter saw that must not be. */
  get oddities(): readonly string[] {
    return this.#oddities;
  }

  /** Sells until the journal is long enough and every sale has its answer; then everything is uploaded and the terminal ends. */
  async run(): Promise<void> {
    if ((await this.#terminal.ready()) === undefined) throw new Fault("process-failed", "the terminal does not start", { effectUnknown: false });
    const { records, halfway } = this.#options;
    while (this.#records < records / 2) await this.#serve(this.#nextUnfinished() ?? this.#newSale());
    await halfway();
    while (this.#records < records) await this.#serve(this.#nextUnfinished() ?? this.#newSale());
    while (this.#unfinished.length > 0) await this.#serve(this.#unfinished.shift() ?? this.#newSale());
    await this.#drain();
    await this.#terminal.finish();
  }

  #draw(count: number): number[] {
    const inDrain = Math.min(count, Math.max(1, Math.round(count * DRAIN_SHARE)));
    const due = Array.from({ length: count }, (_, at) => (at < inDrain ? Number.POSITIVE_INFINITY : this.#random.between(1, this.#options.records - 1)));
    return due.sort((left, right) => right - left);
  }

  #newSale(): Unfinished {
    this.#sold += 1;
    const sale = { reference: `sale-${this.#sold}`, amountFen: this.#random.between(1, 2_000), card: this.#random.pick(this.#options.stand.cards) };
    return { sale, attempts: 0, waits: 0 };
  }

  /** The customer of an unfinished sale who comes back now. */
  #nextUnfinished(): Unfinished | undefined {
    for (const unfinished of this.#unfinished) unfinished.waits -= 1;
    const at = this.#unfinished.findIndex(({ waits }) => waits <= 0);
    return at < 0 ? undefined : this.#unfinished.splice(at, 1)[0];
  }

  async #serve(unfinished: Unfinished): Promise<void> {
    if (this.#brokerTrouble !== undefined) throw this.#brokerTrouble;
    const { sale } = unfinished;
    const { stand } = this.#options;
    if (this.#isDue(this.#brokerDue)) this.#killBroker();
    await stand.insert(sale.card);
    const answer = this.#isDue(this.#terminalDue) ? await this.#askAndKill(sale) : await this.#ask(sale);
    await stand.removeCard();
    unfinished.attempts += 1;
    this.#take(unfinished, answer);
    await this.#count();
  }

  #isDue(due: number[]): boolean {
    const next = due.at(-1);
    if (next === undefined || next > this.#records) return false;
    due.pop();
    return true;
  }

  async #ask(sale: CounterSale): Promise<Line | undefined> {
    const beganMs = this.#options.clock.monotonicMs();
    const answer = await this.#request(sale);
    const tookMs = this.#options.clock.monotonicMs() - beganMs;
    if (answer?.["kind"] === "paid") this.#saleMs += (tookMs - this.#saleMs) / 8;
    return answer;
  }

  #request({ reference, amountFen }: CounterSale): Promise<Line | undefined> {
    return this.#terminal.ask({ do: "quick-payment", reference, amountFen, timeoutMs: SALE_TIMEOUT_MS }, ANSWER_TIMEOUT_MS);
  }

  /**
   * The terminal dies somewhere in this sale, or just after it: at a moment of the clock, or while the card or the module is at a command, so
   * that kills also fall into steps that take no time worth speaking of.
   */
  async #askAndKill(sale: CounterSale): Promise<Line | undefined> {
    const { stand, clock } = this.#options;
    const during = this.#random.pick(this.#options.killMoments);
    if (during === "card-command") await stand.delayCommand(USER_SLOT, this.#random.between(0, CARD_COMMANDS - 1));
    if (during === "module-command") await stand.delayCommand(SAM_SLOT, this.#random.between(0, MODULE_COMMANDS - 1));
    if (during === "after-debit") await stand.delayCommand(SAM_SLOT, MODULE_COMMANDS - 1);
    const answer = this.#request(sale);
    const share = during === "any-moment" ? this.#random.fraction() * 1.2 : 2 + this.#random.fraction();
    await clock.sleep(Math.min(KILL_AFTER_MAX_MS, share * this.#saleMs));
    await this.#terminal.kill();
    this.kills.terminal += 1;
    await stand.losePower(sale.card);
    await this.#startTerminal();
    return answer;
  }

  async #killTerminal(): Promise<void> {
    await this.#terminal.kill();
    this.kills.terminal += 1;
    await this.#startTerminal();
  }

  /** Starts the terminal again; now and then it is killed once more while it starts. */
  async #startTerminal(): Promise<void> {
    const { stand, clock } = this.#options;
    for (let start = 0; start < STARTS_MAX; start += 1) {
      this.#terminal = stand.startTerminal();
      const dies = this.#random.chance(0.2);
      if (!dies) {
        if ((await this.#terminal.ready()) !== undefined) return;
        throw new Fault("process-failed", "the terminal does not start again", { effectUnknown: true });
      }
      await clock.sleep(this.#random.between(50, 1_200));
      await this.#terminal.kill();
      this.kills.terminal += 1;
    }
    throw new Fault("process-failed", "the terminal is killed for ever", { effectUnknown: true });
  }

  /** Kills the broker at a moment of the sales to come and starts it again after a while. */
  #killBroker(): void {
    const { stand, clock } = this.#options;
    const afterMs = this.#random.fraction() * this.#saleMs * 2;
    const awayMs = this.#random.between(0, BROKER_AWAY_MAX_MS);
    const work = async (): Promise<void> => {
      await clock.sleep(afterMs);
      await stand.broker.kill();
      this.kills.broker += 1;
      await clock.sleep(awayMs);
      await stand.broker.restart();
    };
    this.#brokerWork = this.#brokerWork.then(work).catch((error: unknown) => {
      // Told to whoever serves the next customer.
      this.#brokerTrouble ??= new Fault("process-failed", "the broker does not start again", { effectUnknown: false, cause: error });
    });
  }

  #take(unfinished: Unfinished, answer: Line | undefined): void {
    const { sale } = unfinished;
    const kind = answer?.["kind"];
    if (kind !== "paid") {
      if (unfinished.attempts >= ATTEMPTS_MAX) throw new Fault("timeout", `${sale.reference} finds no end: ${JSON.stringify(answer)}`, { effectUnknown: true });
      this.#goAway(unfinished);
      return;
    }
    const told = { reference: sale.reference, subject: String(answer?.["subject"]), amountFen: Number(answer?.["amount"]) };
    const before = this.#paid.get(sale.reference);
    if (before !== undefined && before.subject !== told.subject) this.#oddities.push(`${sale.reference} was paid twice: ${before.subject} and ${told.subject}`);
    this.#paid.set(sale.reference, told);
    // Somebody asks again for what was paid long ago: nothing may be debited.
    if (this.#random.chance(0.02)) this.#unfinished.push({ sale, attempts: 0, waits: this.#random.between(1, 30) });
  }

  /** The customer tries again at once, or later; sometimes pays for something else with the same card in between. */
  #goAway(unfinished: Unfinished): void {
    const way = this.#random.pick(["at-once", "later", "other-sale-first"] as const);
    unfinished.waits = way === "at-once" ? 0 : this.#random.between(2, 20);
    this.#unfinished.push(unfinished);
    if (way !== "other-sale-first") return;
    const other = this.#newSale();
    this.#unfinished.push({ ...other, sale: { ...other.sale, card: unfinished.sale.card } });
  }

  async #count(): Promise<void> {
    const status = await this.#terminal.ask({ do: "status" }, ANSWER_TIMEOUT_MS);
    this.#records = Number(answered(status, "the terminal")["lastSeq"]);
  }

  /** The kills that are left fall while the journal is uploaded. */
  async #drain(): Promise<void> {
    const { clock } = this.#options;
    while (this.#brokerDue.length > 0 || this.#terminalDue.length > 0) {
      await clock.sleep(this.#random.between(0, 300));
      if (this.#brokerDue.pop() !== undefined) this.#killBroker();
      await clock.sleep(this.#random.between(0, 300));
      if (this.#terminalDue.pop() !== undefined) await this.#killTerminal();
    }
    await this.#brokerWork;
    if (this.#brokerTrouble !== undefined) throw this.#brokerTrouble;
    const idle = answered(await this.#terminal.ask({ do: "idle", timeoutMs: IDLE_TIMEOUT_MS }, IDLE_TIMEOUT_MS + ANSWER_TIMEOUT_MS), "the terminal");
    if (idle["kind"] !== "idle") this.#oddities.push(`the terminal does not become idle: ${String(idle["reason"])}`);
    await this.#count();
  }
}
