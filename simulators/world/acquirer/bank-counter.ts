/* A person's try at something at the counter with a bank: a card is presented, a PIN typed, and the power may fail in the middle. */
import type { BankActs } from "../../../device/txn/acquiring/acts.ts";
import type { ContributionActs } from "../../../device/txn/contributions/acts.ts";
import { TEST_BANK_PIN } from "../../host/acquirer/test-customers.ts";
import { promised } from "../checks/violation.ts";
import type { Day } from "../day.ts";
import type { Life } from "../life.ts";
import type { WatchedCard } from "../observed.ts";

/** How often, and how long apart, people look whether the terminal is ready. */
const LOOKS_MAX = 20;
const LOOK_MS = 3_000;
const CUT_CHANCE = 0.08;
const CUT_WITHIN_MS = 6_000;

export class BankCounter {
  readonly #day: Day;
  #powerCuts = 0;
  /** No power fails any more, and everybody knows the PIN. */
  calm = false;

  constructor(day: Day) {
    this.#day = day;
  }

  get powerCuts(): number {
    return this.#powerCuts;
  }

  /** One life's try at an act with this card. */
  async withCard<Value>(card: WatchedCard, act: (life: Life) => Promise<Value>, kind: "bank" | "insurer" = "bank"): Promise<Value | "dark"> {
    const { holders } = this.#day;
    const life = await this.ready();
    holders.kind = kind;
    life.bankHolder.plan([this.#pin(), this.#pin()]);
    const leave = holders.attend(life, card);
    this.mayCut(life);
    const outcome = await Promise.race([act(life), life.dark]);
    leave();
    holders.clear(life);
    if (outcome === "dark") this.#powerCuts += 1;
    return outcome;
  }

  /** The same without a card. */
  async without<Value>(act: (life: Life) => Promise<Value>): Promise<Value | "dark"> {
    const life = await this.ready();
    this.mayCut(life);
    const outcome = await Promise.race([act(life), life.dark]);
    if (outcome === "dark") this.#powerCuts += 1;
    return outcome;
  }

  /** Most people wait until the terminal says that its hosts are there. */
  async ready(): Promise<Life> {
    const { keeper, draw, town } = this.#day;
    const patience = this.calm || draw.chance(0.9) ? LOOKS_MAX : 0;
    for (let looks = 0; ; looks += 1) {
      const life = await keeper.powered();
      if (looks >= patience || this.#day.terminal(life).status().hostPresent) return life;
      await town.clock.sleep(LOOK_MS);
    }
  }

  bankOf(life: Life): BankActs {
    const { bank } = this.#day.terminal(life);
    promised(0, bank !== undefined, () => "the terminal has its bank");
    return bank;
  }

  contributionsOf(life: Life): ContributionActs {
    const { contributions } = this.#day.terminal(life);
    promised(0, contributions !== undefined, () => "the terminal has its agency");
    return contributions;
  }

  /** Power may fail at any moment of what follows. */
  mayCut(life: Life): void {
    if (!this.calm && this.#day.draw.chance(CUT_CHANCE)) void this.#cutSoon(life);
  }

  #pin() {
    const { draw } = this.#day;
    if (this.calm || draw.chance(0.9)) return { kind: "enters", digits: TEST_BANK_PIN } as const;
    return draw.pick([{ kind: "enters", digits: "999999" }, { kind: "cancels" }, { kind: "walks-away" }] as const);
  }

  async #cutSoon(life: Life): Promise<void> {
    const { draw, town } = this.#day;
    await town.clock.sleep(draw.between(0, CUT_WITHIN_MS));
    if (!this.calm && life.power.on) life.power.cut();
  }
}
