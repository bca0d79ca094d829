/*
 * Goal: how often each card has traded here since its statement, and how much today, exactly and without a card's number.
 * Method: a book that is a function of the journal: a sale counts when it is done, under the name that its purse has; the purses of a card are added
 * when it is asked for. What may have been debited counts for the caps of its day until somebody knows that nothing was. The issuer's word alone begins the count of a statement anew; it is a durable mark that says behind which record it was spoken,
 * so that it holds for purses too of which nobody knew yet that they are on the card. Trades whose records are taken away are carried over as marks.
 */
import { civilTime } from "../../codec/civil-time.ts";
import type { Carrier, Retention } from "../journal/retention.ts";
import { type Journal, type Movement, OPEN_STATES, type RecordKind, type WatchedJournal } from "../journal/types.ts";
import type { CardTally } from "./types.ts";

const PAGE = 512;

/** Kinds that are trades of a card. */
const TRADES: ReadonlySet<RecordKind> = new Set<RecordKind>(["quick-payment", "medical-purchase", "offline-medical", "bank-payment"]);

interface Counted {
  readonly day: string;
  readonly dayCount: number;
  readonly dayFen: number;
  /** The newest trades by their sequence, oldest first: as many as the rules count to. */
  readonly trades: readonly number[];
}

const NONE: Counted = { day: "", dayCount: 0, dayFen: 0, trades: [] };

/** A trade that nobody can decide yet. */
interface OpenTrade {
  readonly day: string;
  readonly amountFen: number;
}

/** What stands on a card for somebody, and was not taken yet. */
interface Held {
  readonly firstSeq: number;
  readonly day: string;
  readonly amountFen: number;
}

/** A card by all the keyed hashes that its trades stand under. */
export interface TalliedCard {
  readonly keys: readonly string[];
  /** The keyed hash of its card number, under which its statement is lifted; left out where nobody knows whose card it is. */
  readonly holder?: string;
}

export interface CardTallies {
  /** `today`: YYYYMMDD. Faults: those of the journal. */
  of(card: TalliedCard, today: string): Promise<CardTally>;
  /** The issuer has said that the statement was printed: whatever is known or becomes known to be on this card begins anew. Faults: those of the journal. */
  liftedByIssuer(holder: string): Promise<void>;
}

export type TalliedJournal = Pick<WatchedJournal, "lastSeq" | "movements" | "cardKey" | "watch"> &
  Pick<Journal, "mark" | "setMarks"> & { readonly retention?: Pick<Retention, "carries"> };

/** Reads the whole journal once. `countsTo`: the highest number of trades that a rule wants counted. Faults: those of the journal. */
export async function openCardTallies(journal: TalliedJournal, countsTo: number): Promise<CardTallies> {
  const book = new Tallies(journal, countsTo);
  await book.read();
  if (countsTo > 0) journal.retention?.carries(book);
  return book;
}

class Tallies implements CardTallies, Carrier {
  readonly #journal: TalliedJournal;
  readonly #countsTo: number;
  #counted = new Map<string, Counted>();
  /** By card, and by the first entry of each. */
  readonly #open = new Map<string, Map<number, OpenTrade>>();
  /** By card: it holds one amount at a time. */
  readonly #held = new Map<string, Held>();
  /** Cards whose held amount ends with a sale that is not decided, by its first entry. */
  readonly #completing = new Map<number, string>();
  /** The card of each of these. */
  readonly #cardOf = new Map<number, string>();
  /** Movements up to this one are counted. */
  #through = 0;

  constructor(journal: TalliedJournal, countsTo: number) {
    this.#journal = journal;
    this.#countsTo = countsTo;
  }

  async read(): Promise<void> {
    await this.#readAll();
    this.#journal.watch({
      moved: (movement) => this.#count(movement),
      receipted: () => undefined,
      rewound: () => this.#readAll(),
    });
  }

  async of({ keys, holder }: TalliedCard, today: string): Promise<CardTally> {
    const names = [...new Set(keys)];
    const [lifted, ...carried] = await Promise.all([
      holder === undefined ? undefined : this.#journal.mark(liftMark(holder)),
      ...names.map((key) => this.#carried(key)),
    ]);
    const all = names.map((key) => this.#counted.get(key) ?? NONE);
    const ofToday = all.filter(({ day }) => day === today);
    const held = names.flatMap((key) => this.#held.get(key) ?? []).filter(({ day }) => day === today);
    const undecided = names.flatMap((key) => [...(this.#open.get(key) ?? [])]);
    const open = undecided.map(([, trade]) => trade).filter(({ day }) => day === today);
    const since = (seqs: readonly number[]) => seqs.filter((seq) => seq > Number(lifted ?? 0)).length;
    // What may have been a trade is one until somebody knows that it was none.
    const openSince = since(undecided.map(([firstSeq]) => firstSeq));
    return {
      ...(holder === undefined ? {} : { sinceStatement: all.reduce((sum, { trades }, at) => sum + since(this.#newest(carried[at] ?? [], trades)), openSince) }),
      todayCount: ofToday.reduce((sum, { dayCount }) => sum + dayCount, open.length),
      todayFen: [...ofToday.map(({ dayFen }) => dayFen), ...[...open, ...held].map(({ amountFen }) => amountFen)].reduce((sum, each) => sum + each, 0),
    };
  }

  async carry(movements: readonly Movement[]): ReturnType<Carrier["carry"]> {
    const leaving = new Map<string, number[]>();
    for (const movement of movements) if (isTrade(movement)) leaving.set(movement.cardKey, [...(leaving.get(movement.cardKey) ?? []), movement.seq]);
    const marks = await Promise.all(
      [...leaving].map(async ([key, seqs]) => ({ name: carriedMark(key), value: this.#newest(await this.#carried(key), seqs).join(" ") })),
    );
    return { marks, left: () => undefined };
  }

  async #carried(key: string): Promise<readonly number[]> {
    if (this.#countsTo === 0) return [];
    const text = (await this.#journal.mark(carriedMark(key))) ?? "";
    return text === "" ? [] : text.split(" ").map(Number);
  }

  /** A trade that was taken away in this life stands in both. */
  #newest(carried: readonly number[], trades: readonly number[]): readonly number[] {
    return carried.length === 0 ? trades : [...new Set([...carried, ...trades])].toSorted((left, right) => left - right).slice(-this.#countsTo);
  }

  async liftedByIssuer(holder: string): Promise<void> {
    await this.#journal.setMarks([{ name: liftMark(holder), value: String(this.#through) }]);
  }

  async #readAll(): Promise<void> {
    this.#counted = new Map();
    this.#open.clear();
    this.#cardOf.clear();
    this.#held.clear();
    this.#completing.clear();
    this.#through = 0;
    while (this.#through < this.#journal.lastSeq) {
      const page = await this.#journal.movements(this.#through + 1, PAGE);
      if (page.length === 0) break;
      for (const movement of page) this.#count(movement);
    }
  }

  #count(movement: Movement): void {
    const { seq, cardKey, amountFen, wallMs } = movement;
    if (seq <= this.#through) return;
    this.#through = seq;
    this.#noteOpen(movement);
    this.#noteHold(movement);
    if (!isTrade(movement)) return;
    const { date } = civilTime(wallMs);
    const { day, dayCount, dayFen, trades } = this.#counted.get(cardKey) ?? NONE;
    const same = day === date;
    this.#counted.set(cardKey, {
      day: date,
      dayCount: same ? dayCount + 1 : 1,
      dayFen: same ? dayFen + amountFen : amountFen,
      trades: this.#countsTo === 0 ? [] : [...trades, seq].slice(-this.#countsTo),
    });
  }

  /** What is held counts as if it were taken until it is: its completion is judged by nobody. */
  #noteHold({ firstSeq, seq, state, cardKey, wallMs, hold }: Movement): void {
    if (seq === firstSeq && hold?.use === "pre-authorization") this.#held.set(cardKey, { firstSeq, day: civilTime(wallMs).date, amountFen: hold.heldFen });
    if (seq === firstSeq && hold?.use === "completion") this.#completing.set(firstSeq, cardKey);
    if (OPEN_STATES.includes(state)) return;
    if (state !== "done" && this.#held.get(cardKey)?.firstSeq === firstSeq) this.#held.delete(cardKey);
    const completed = this.#completing.get(firstSeq);
    this.#completing.delete(firstSeq);
    if (completed !== undefined && state === "done") this.#held.delete(completed);
  }

  /** Its day is that of its first entry, and its card the one that was named: what is found out later makes it no younger, and may name none. */
  #noteOpen({ firstSeq, kind, state, cardKey: named, amountFen, wallMs }: Movement): void {
    const cardKey = this.#cardOf.get(firstSeq) ?? named;
    if (cardKey === "" || !TRADES.has(kind)) return;
    const open = this.#open.get(cardKey) ?? new Map<number, OpenTrade>();
    if (OPEN_STATES.includes(state)) {
      this.#cardOf.set(firstSeq, cardKey);
      open.set(firstSeq, { day: open.get(firstSeq)?.day ?? civilTime(wallMs).date, amountFen });
    } else {
      this.#cardOf.delete(firstSeq);
      open.delete(firstSeq);
    }
    if (open.size > 0) this.#open.set(cardKey, open);
    else this.#open.delete(cardKey);
  }
}

function isTrade({ state, cardKey, kind }: Movement): boolean {
  return state === "done" && cardKey !== "" && TRADES.has(kind);
}

function carriedMark(key: string): string {
  return `statement-counted/${key}`;
}

function liftMark(holder: string): string {
  return `statement-lifted/${holder}`;
}
