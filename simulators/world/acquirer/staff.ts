/*
 * The people who see to what is parked: they look at the acquirer's own books, as by telephone, and say what stands there. What they undo there by
 * hand is undone in its books. They wait until nothing is late any more: an approval that comes afterwards would make their word a lie.
 */
import type { BankActs, ParkedAct, ParkedItem } from "../../../device/txn/acquiring/acts.ts";
import type { AcquirerLedger } from "../../host/acquirer/ledger.ts";
import type { BankTransaction } from "../../host/acquirer/words.ts";
import type { Day } from "../day.ts";
import type { BankRecord } from "./bank-records.ts";

const OPERATOR = "chief";
const LISTED_MAX = 1_000;

export interface StaffParts {
  readonly day: Day;
  readonly ledger: AcquirerLedger;
  readonly records: () => readonly BankRecord[];
}

export class Staff {
  readonly #parts: StaffParts;
  /** How often people were asked, by what they said. */
  readonly words: Record<string, number> = {};

  constructor(parts: StaffParts) {
    this.#parts = parts;
  }

  /** Sees to every parked reversal once, and says how many there were. */
  async seeTo(bank: BankActs): Promise<number> {
    const reversals = (await bank.parked(LISTED_MAX)).filter(({ what }) => what === "reversal");
    for (const item of reversals) await this.#say(bank, item);
    return reversals.length;
  }

  /** Loads that no card decides any more: somebody reads the cards and compares. */
  async decideLoads(bank: BankActs): Promise<void> {
    const loads = (await bank.parked(LISTED_MAX)).filter(({ what }) => what === "load");
    for (const item of loads) {
      const act = this.#isOnACard(item) ? "loaded" : "not-loaded";
      this.words[act] = (this.words[act] ?? 0) + 1;
      this.#parts.day.town.trace.note(`staff ${act} ${await bank.settleParked(item.subject, { act, operator: OPERATOR })}`);
    }
  }

  /** Whether cards have taken this amount more often than records say. */
  #isOnACard(item: ParkedItem): boolean {
    const { day, records } = this.#parts;
    const purse = this.#recordOf(item)?.detail["purse"];
    const taken = day.town.cards.flatMap(({ card }) => card.loads).filter((load) => (load.purse ?? "e-purse") === purse && load.amountFen === item.amount);
    const told = records().filter(
      ({ kind, state, detail, amountFen }) => kind === "purse-load" && state === "done" && detail["purse"] === purse && amountFen === item.amount,
    );
    return taken.length > told.length;
  }

  async #say(bank: BankActs, item: ParkedItem): Promise<void> {
    const { day } = this.#parts;
    const word = this.#wordOn(item);
    const answer = await bank.settleParked(item.subject, { ...word, operator: OPERATOR });
    day.town.trace.note(`staff ${word.act} ${answer}`);
    const name = word.act === "dealt-with" ? `stands-${word.stands}` : word.act;
    this.words[name] = (this.words[name] ?? 0) + 1;
    // Said of a batch that is settled meanwhile: then it is undone by hand.
    if (answer === "act-unfitting") await bank.settleParked(item.subject, { ...this.#undone(item), operator: OPERATOR });
  }

  #wordOn(item: ParkedItem): Omit<ParkedAct & { readonly act: "dealt-with" }, "operator"> | { readonly act: "try-again" } {
    const { draw } = this.#parts.day;
    const standing = this.#standing(item);
    if (standing === undefined) return { act: "dealt-with", stands: false };
    if (draw.chance(0.4)) return { act: "try-again" };
    const record = this.#recordOf(item);
    // A payment whose goods nobody has got does not stand because the bank has booked it; one that waits for its load even less.
    if (record?.detail["load"] !== undefined || draw.chance(0.5)) return this.#undone(item);
    return { act: "dealt-with", stands: true, retrievalReference: standing.retrievalReference };
  }

  /** Taken back at the acquirer's own desk. */
  #undone(item: ParkedItem): { readonly act: "dealt-with"; readonly stands: false } {
    const { ledger, day } = this.#parts;
    const standing = this.#standing(item);
    if (standing !== undefined) ledger.reverse(standing, day.town.clock.wallMs());
    return { act: "dealt-with", stands: false };
  }

  #recordOf({ subject }: ParkedItem): BankRecord | undefined {
    return this.#parts.records().find((record) => record.subject === subject);
  }

  #standing(item: ParkedItem): BankTransaction | undefined {
    const record = this.#recordOf(item);
    const { stan, batch } = record?.detail ?? {};
    return this.#parts.ledger.transactions().find((each) => each.status !== "reversed" && each.stan === stan && each.batch === batch);
  }
}
