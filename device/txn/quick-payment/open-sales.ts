/*
 * Open sales of one purse, for cards that must be asked about them before anybody knows which card it is. Sales whose card never returns stay open
 * for ever: a tap looks at the newest alone, and reads nothing twice to learn of which purse it is.
 */
import type { Journal, JournalEntry } from "../journal/types.ts";
import type { PurseKind } from "../sale-request.ts";
import { type RecordedSale, readSale } from "./record.ts";

type ReadJournal = Pick<Journal, "boot" | "openSubjects" | "entriesOf">;

/** Open sales that are looked through; those before are found by the card's name, without its last answer. */
const LOOKED_THROUGH_MAX = 64;
const FOUND_MAX = 4;
const OTHERS_MAX = 1_000;

/** Another lane is still at it: what it started in this life has not been given up yet. */
export function isInFlight(journal: Pick<Journal, "boot">, entry: JournalEntry): boolean {
  return entry.boot === journal.boot && (entry.state === "prepared" || entry.state === "acting");
}

export class OpenSales {
  readonly #purse: PurseKind;
  /** Open sales of other purses. */
  readonly #others = new Set<string>();

  constructor(purse: PurseKind) {
    this.#purse = purse;
  }

  /** The newest few, newest first; none that a lane is at just now. Faults: those of the journal. */
  async newest(journal: ReadJournal): Promise<readonly RecordedSale[]> {
    const sales: RecordedSale[] = [];
    for (const { subject } of await journal.openSubjects({ kind: "quick-payment", newestFirst: true, limit: LOOKED_THROUGH_MAX })) {
      if (sales.length === FOUND_MAX) break;
      if (this.#others.has(subject)) continue;
      const sale = readSale(await journal.entriesOf(subject));
      if (sale?.purse !== this.#purse) this.#noteOther(subject);
      else if (!isInFlight(journal, sale.last)) sales.push(sale);
    }
    return sales;
  }

  #noteOther(subject: string): void {
    if (this.#others.size === OTHERS_MAX) this.#others.clear();
    this.#others.add(subject);
  }
}
