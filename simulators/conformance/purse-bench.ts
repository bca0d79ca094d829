/* A purse card in a reader and the other side of its commands, with keys from the test roots: for cases whose commands carry MACs. */
import { type Bytes, fromHex } from "../../device/base/bytes.ts";
import { isFault } from "../../device/base/fault.ts";
import type { CardChannel } from "../../device/drivers/ports.ts";
import type { SimulatedCard } from "../card/card.ts";
import { type Dialogue, type Place, type PurseForm, PurseTerminal, TEST_PLACE } from "../card/purse/terminal.ts";
import type { TearPoint } from "../card/state.ts";
import { CardBench, type CardBenchOptions } from "./card-bench.ts";
import type { ConformanceContext } from "./context.ts";
import { expectAnswer, expectTrue, fail } from "./expect.ts";
import type { ConformanceCase, Tag } from "./types.ts";

/** A sale of one book. */
export interface PurseSale {
  readonly form: PurseForm;
  readonly p2: number;
  readonly amountFen: number;
  readonly authenticationCode?: Bytes;
}

export class PurseBench {
  readonly bench: CardBench;
  readonly terminal: PurseTerminal;

  constructor(context: ConformanceContext, options: CardBenchOptions, place: Place = TEST_PLACE) {
    this.bench = new CardBench(context, options);
    this.terminal = new PurseTerminal(context.suite, this.bench.card.personalization, place);
  }

  get card(): SimulatedCard {
    return this.bench.card;
  }

  channel(): Promise<CardChannel> {
    return this.bench.channel();
  }

  /** SELECT of the purse, which must succeed. */
  async select(): Promise<void> {
    await this.ok(this.terminal.selectHex);
  }

  /** Power off and on again, and SELECT. */
  async reset(): Promise<void> {
    await this.bench.reset();
    await this.select();
  }

  /** The whole answer in hexadecimal; an answer in parts (61xx) is fetched. */
  async exchange(commandHex: string): Promise<string> {
    const answer = await this.bench.apdu(commandHex);
    return answer.length === 4 && answer.startsWith("61") ? this.bench.apdu(`00C00000${answer.slice(2)}`) : answer;
  }

  /** The answer must be this pattern; see expectAnswer. */
  async expect(commandHex: string, pattern: string): Promise<void> {
    expectAnswer(await this.exchange(commandHex), pattern, `answer to ${commandHex.slice(0, 8)}`);
  }

  /** The data of an answer that must be 9000. */
  async ok(commandHex: string): Promise<Bytes> {
    const answer = await this.exchange(commandHex);
    if (!answer.endsWith("9000")) fail(`${commandHex.slice(0, 8)} answered ${answer.slice(-4)}`);
    return fromHex(answer.slice(0, -4));
  }

  /** The answer must be exactly what the keys make of it. */
  async play({ commandHex, expectedHex }: Dialogue): Promise<void> {
    await this.expect(commandHex, `${expectedHex}9000`);
  }

  /** Opens a sale and gives the debit that ends it. */
  async open(sale: PurseSale): Promise<Dialogue> {
    return this.terminal.debit(await this.ok(this.terminal.initializeHex(sale.form, sale)), sale);
  }

  async sell(sale: PurseSale): Promise<void> {
    await this.play(await this.open(sale));
  }

  async load(load: { readonly p2: number; readonly amountFen: number }): Promise<Dialogue> {
    const credit = this.terminal.credit(await this.ok(this.terminal.initializeHex("load", load)), load);
    await this.play(credit);
    return credit;
  }

  /** Locks a book; gives the code that takes an amount. */
  async lock(p2: number): Promise<(amountFen: number) => Bytes> {
    const lock = this.terminal.greyLock(await this.ok(this.terminal.initializeGreyHex("lock", p2)), p2);
    await this.play(lock);
    return lock.gmac;
  }

  /** A command whose MAC begins with a fresh challenge must be answered with this word. */
  async challenged(make: (challenge: Bytes) => string, pattern: string): Promise<void> {
    await this.expect(make(await this.ok("0084000004")), pattern);
  }

  /** Sends a command that is torn; its answer never comes. */
  async torn(commandHex: string, at: TearPoint): Promise<void> {
    this.bench.tearNext(Number.parseInt(commandHex.slice(2, 4), 16), at);
    let answered = true;
    try {
      await this.bench.apdu(commandHex);
    } catch (error) {
      if (!isFault(error)) throw error;
      answered = false;
    }
    expectTrue(!answered, "a torn command has no answer");
  }

  /** Balance of the passbook, as the card itself keeps it. */
  get passbookFen(): number | undefined {
    return this.card.toSnapshot().memory.purse?.passbook?.balanceFen;
  }
}

/** One case with MACs as a row of a table. */
export interface PurseRow {
  readonly id: string;
  readonly spec: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly bench: CardBenchOptions;
  /** Begins with the purse selected. */
  readonly run: (bench: PurseBench) => Promise<void>;
}

export function purseCases(rows: readonly PurseRow[]): readonly ConformanceCase[] {
  return rows.map(({ id, spec, title, tags, bench, run }) => ({
    id,
    spec,
    title,
    tags,
    run: async (context) => {
      const opened = new PurseBench(context, bench);
      await opened.select();
      await run(opened);
    },
  }));
}
