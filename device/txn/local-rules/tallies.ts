/*
 * Goal: how often each card has traded here since its statement, and how much today, exactly and without a card's number.
 * Method: a book that is a function of the journal: a sale counts when it is done. The issuer's word alone begins the count of a statement anew;
 * it is a durable mark that says at which count it was spoken.
 */
import { civilTime } from "../../codec/civil-time.ts";
import type { Journal, Movement, RecordKind, WatchedJournal } from "../journal/types.ts";
import type { CardTally } from "./types.ts";

const PAGE = 512;

/** Kinds that are trades of a card. */
const TRADES: ReadonlySet<RecordKind> = new Set<RecordKind>(["quick-payment", "medical-purchase", "offline-medical", "bank-payment"]);

interface Counted {
  readonly total: number;
  readonly day: string;
  readonly dayCount: number;
  readonly dayFen: number;
}

const NONE: Counted = { total: 0, day: "", dayCount: 0, dayFen: 0 };

export interface CardTallies {
  /** `card`: the card number or the name by which its sales are recorded. `today`: YYYYMMDD. Faults: those of the journal. */
  of(card: string, today: string): Promise<CardTally>;
  /** The issuer has said that the statement was printed. Durable when it resolves. Faults: those of the journal. */
  liftedByIssuer(card: string): Promise<void>;
}

export type TalliedJournal = Pick<WatchedJournal, "lastSeq" | "movements" | "cardKey" | "watch"> & Pick<Journal, "mark" | "setMarks">;

/** Reads the whole journal once. Faults: those of the journal. */
export async function openCardTallies(journal: TalliedJournal): Promise<CardTallies> {
  const book = new Tallies(journal);
  await book.read();
  return book;
}

class Tallies implements CardTallies {
  readonly #journal: TalliedJournal;
  #counted = new Map<string, Counted>();
  /** Movements up to this one are counted. */
  #through = 0;

  constructor(journal: TalliedJournal) {
    this.#journal = journal;
  }

  async read(): Promise<void> {
    await this.#readAll();
    this.#journal.watch({
      moved: (movement) => this.#count(movement),
      receipted: () => undefined,
      rewound: () => this.#readAll(),
    });
  }

  async of(card: string, today: string): Promise<CardTally> {
    const key = this.#journal.cardKey(card);
    const { total, day, dayCount, dayFen } = this.#counted.get(key) ?? NONE;
    const lifted = Number((await this.#journal.mark(liftMark(key))) ?? 0);
    const isToday = day === today;
    return { sinceStatement: Math.max(0, total - lifted), todayCount: isToday ? dayCount : 0, todayFen: isToday ? dayFen : 0 };
  }

  async liftedByIssuer(card: string): Promise<void> {
    const key = this.#journal.cardKey(card);
    const { total } = this.#counted.get(key) ?? NONE;
    await this.#journal.setMarks([{ name: liftMark(key), value: String(total) }]);
  }

  async #readAll(): Promise<void> {
    this.#counted = new Map();
    this.#through = 0;
    while (this.#through < this.#journal.lastSeq) {
      const page = await this.#journal.movements(this.#through + 1, PAGE);
      if (page.length === 0) break;
      for (const movement of page) this.#count(movement);
    }
  }

  #count({ seq, kind, state, cardKey, amountFen, wallMs }: Movement): void {
    if (seq <= this.#through) return;
    this.#through = seq;
    if (state !== "done" || cardKey === "" || !TRADES.has(kind)) return;
    const { date } = civilTime(wallMs);
    const { total, day, dayCount, dayFen } = this.#counted.get(cardKey) ?? NONE;
    const same = day === date;
    this.#counted.set(cardKey, { total: total + 1, day: date, dayCount: same ? dayCount + 1 : 1, dayFen: same ? dayFen + amountFen : amountFen });
  }
}

function liftMark(key: string): string {
  return `statement-lifted/${key}`;
}
