/*
 * Goal: what is out without a receipt, and how often a card has paid lately, by card and in all, through restarts and whatever clocks do.
 * Method: the book is a function of the journal, plus the sales that were allowed and are not numbered yet. It follows each entry as it is
 * numbered, whoever appended it, and each receipt; a start reads again what it needs. Ages are running time within a life and trusted time
 * beyond it, always the longest that is possible; windows of velocity are the shortest.
 * Cards are keyed hashes. What no limit needs any more is forgotten: at the receipt, or when it has left the window.
 */
import { assert } from "../../base/assert.ts";
import type { Clock } from "../../base/ports.ts";
import type { ClockTrust } from "../clock-trust/clock-trust.ts";
import { isExposed } from "../journal/transitions.ts";
import type { Movement, MovementWatcher, RecordKind, WatchedJournal } from "../journal/types.ts";
import { readBack, type Timed } from "./read-back.ts";

export interface SaleBookPorts {
  readonly clock: Clock;
  readonly journal: WatchedJournal;
  readonly trust: Pick<ClockTrust, "bounds" | "provedMs">;
}

export interface SaleBookOptions {
  /** Records that count. */
  readonly kinds: readonly RecordKind[];
  /** Velocity looks this far back; 0: at nothing. */
  readonly windowMs: number;
  /** Told the keyed hash of each card whose sale the host has receipted. */
  readonly onReceipted?: (cardKeys: readonly string[]) => void;
}

/** How long something has waited; "unknown" where it stems from before a restart and nobody knows the time. */
export type Age = number | "unknown";

export interface Figures {
  readonly count: number;
  readonly sumFen: number;
  /** Of the oldest; undefined where nothing waits. */
  readonly oldestAge: Age | undefined;
}

export interface CardFigures extends Figures {
  /** Sales of money within the window, receipted or not. */
  readonly inWindow: number;
}

/** A sale that was allowed and whose intent is not numbered yet. */
interface Allowed {
  readonly cardKey: string;
  readonly amountFen: number;
  readonly atMs: number;
}

/** An intent is numbered in the turn in which it was allowed, or never; a journal that looks up subjects first may keep it waiting. */
const ALLOWED_MAX_MS = 60_000;

interface Item {
  readonly cardKey: string;
  readonly since: Timed;
  amountFen: number;
  lastSeq: number;
  done: boolean;
}

interface Paid {
  readonly cardKey: string;
  readonly since: Timed;
}

interface CardPage {
  sumFen: number;
  /** Oldest first. */
  readonly items: Set<Item>;
  recent: number;
}

/** Everything that is rebuilt from the journal; exchanged as a whole. */
class Pages {
  sumFen = 0;
  /** By first sequence; those whose last entry is oldest stand first. */
  readonly items = new Map<number, Item>();
  /** Oldest first. */
  readonly oldest = new Set<Item>();
  readonly cards = new Map<string, CardPage>();
  /** Sales within the window by first sequence, oldest first. */
  readonly recent = new Map<number, Paid>();

  page(cardKey: string): CardPage {
    const known = this.cards.get(cardKey);
    if (known !== undefined) return known;
    const page: CardPage = { sumFen: 0, items: new Set(), recent: 0 };
    this.cards.set(cardKey, page);
    return page;
  }

  add(firstSeq: number, item: Item): void {
    this.items.set(firstSeq, item);
    this.oldest.add(item);
    this.sumFen += item.amountFen;
    const page = this.page(item.cardKey);
    page.items.add(item);
    page.sumFen += item.amountFen;
  }

  remove(firstSeq: number, item: Item): void {
    this.items.delete(firstSeq);
    this.oldest.delete(item);
    this.sumFen -= item.amountFen;
    const page = this.page(item.cardKey);
    page.items.delete(item);
    page.sumFen -= item.amountFen;
    this.#forget(item.cardKey, page);
  }

  /** The subject goes on: its amount and its place among the receipts change, its age does not. */
  goOn(firstSeq: number, item: Item, { amountFen, seq, state }: Movement): void {
    this.sumFen += amountFen - item.amountFen;
    this.page(item.cardKey).sumFen += amountFen - item.amountFen;
    item.amountFen = amountFen;
    item.lastSeq = seq;
    item.done = state === "done";
    this.items.delete(firstSeq);
    this.items.set(firstSeq, item);
  }

  addRecent(firstSeq: number, paid: Paid): void {
    this.recent.set(firstSeq, paid);
    this.page(paid.cardKey).recent += 1;
  }

  removeRecent(firstSeq: number): void {
    const paid = this.recent.get(firstSeq);
    if (paid === undefined) return;
    this.recent.delete(firstSeq);
    const page = this.page(paid.cardKey);
    page.recent -= 1;
    this.#forget(paid.cardKey, page);
  }

  #forget(cardKey: string, page: CardPage): void {
    if (page.items.size === 0 && page.recent === 0) this.cards.delete(cardKey);
  }
}

/** Opens the book and keeps it with the journal. Faults: those of the journal. */
export async function openSaleBook(ports: SaleBookPorts, options: SaleBookOptions): Promise<SaleBook> {
  const book = new SaleBook(ports, options);
  await book.rewound();
  ports.journal.watch(book);
  return book;
}

export class SaleBook implements MovementWatcher {
  readonly #ports: SaleBookPorts;
  readonly #options: SaleBookOptions;
  readonly #allowed = new Set<Allowed>();
  #pages = new Pages();
  /** The latest moment that is surely not after the newest entry. */
  #notBeforeMs: number | undefined;
  #receiptedThrough = 0;

  constructor(ports: SaleBookPorts, options: SaleBookOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Cards that are held in memory. */
  get cards(): number {
    return this.#pages.cards.size;
  }

  /** Counts a sale from now on; its intent is appended in the same turn. Gives it back where it never is. */
  allow(cardKey: string, amountFen: number): () => void {
    const allowed: Allowed = { cardKey, amountFen, atMs: this.#ports.clock.monotonicMs() };
    this.#allowed.add(allowed);
    return () => this.#allowed.delete(allowed);
  }

  figures(): Figures {
    const { items, oldest, sumFen } = this.#pages;
    const allowed = this.#waiting();
    return { count: items.size + allowed.length, sumFen: sumFen + sumOf(allowed), oldestAge: this.#ageOf(oldest, allowed) };
  }

  cardFigures(cardKey: string): CardFigures {
    this.#leaveWindow();
    const page = this.#pages.cards.get(cardKey);
    const allowed = this.#waiting().filter((sale) => sale.cardKey === cardKey);
    const { items = NO_ITEMS, sumFen = 0, recent = 0 } = page ?? {};
    return {
      count: items.size + allowed.length,
      sumFen: sumFen + sumOf(allowed),
      oldestAge: this.#ageOf(items, allowed),
      inWindow: recent + allowed.filter(({ amountFen }) => amountFen > 0).length,
    };
  }

  moved(movement: Movement): void {
    if (movement.seq === movement.firstSeq) this.#numbered(movement.cardKey);
    this.#notBeforeMs = notBefore(this.#notBeforeMs, movement);
    const { boot, monotonicMs, wallMs, clock } = movement;
    this.#apply(this.#pages, movement, { boot, runMs: monotonicMs, wallMs, errorMs: clock.errorMs, notBeforeMs: this.#notBeforeMs });
  }

  receipted(through: number): void {
    this.#receiptedThrough = through;
    const pages = this.#pages;
    const cardKeys = new Set<string>();
    for (const [firstSeq, item] of pages.items) {
      if (item.lastSeq > through) break;
      if (item.done) cardKeys.add(item.cardKey);
      pages.remove(firstSeq, item);
    }
    if (cardKeys.size > 0) this.#options.onReceipted?.([...cardKeys]);
  }

  async rewound(): Promise<void> {
    const { journal, clock } = this.#ports;
    const { windowMs } = this.#options;
    const monotonicMs = Math.floor(clock.monotonicMs());
    const lines = await readBack(journal, { monotonicMs, windowMs });
    const pages = new Pages();
    let notBeforeMs: number | undefined;
    this.#receiptedThrough = journal.receiptedThrough;
    for (const { movement, runMs } of lines) {
      const { boot, wallMs, clock: word } = movement;
      notBeforeMs = notBefore(notBeforeMs, movement);
      this.#apply(pages, movement, { boot, runMs, wallMs, errorMs: word.errorMs, notBeforeMs });
    }
    this.#notBeforeMs = notBeforeMs;
    this.#pages = pages;
  }

  #apply(pages: Pages, movement: Movement, since: Timed): void {
    const { kind, state, seq, firstSeq, cardKey, amountFen } = movement;
    if (!this.#options.kinds.includes(kind)) return;
    const exposed = isExposed(state);
    const item = pages.items.get(firstSeq);
    if (exposed && seq > this.#receiptedThrough) {
      if (item === undefined) pages.add(firstSeq, { cardKey, since, amountFen, lastSeq: seq, done: state === "done" });
      else pages.goOn(firstSeq, item, movement);
    } else if (item !== undefined) pages.remove(firstSeq, item);
    if (!exposed) pages.removeRecent(firstSeq);
    else if (seq === firstSeq && amountFen > 0 && this.#options.windowMs > 0) pages.addRecent(firstSeq, { cardKey, since });
  }

  /** The oldest sale of this card that was allowed is now in the journal. */
  #numbered(cardKey: string): void {
    for (const allowed of this.#allowed) {
      if (allowed.cardKey !== cardKey) continue;
      this.#allowed.delete(allowed);
      return;
    }
  }

  #waiting(): readonly Allowed[] {
    const nowMs = this.#ports.clock.monotonicMs();
    for (const allowed of this.#allowed) {
      if (nowMs - allowed.atMs <= ALLOWED_MAX_MS) break;
      this.#allowed.delete(allowed);
    }
    return [...this.#allowed];
  }

  #leaveWindow(): void {
    for (const [firstSeq, { since }] of this.#pages.recent) {
      if (this.#leastSince(since) < this.#options.windowMs) break;
      this.#pages.removeRecent(firstSeq);
    }
  }

  #ageOf(items: ReadonlySet<Item>, allowed: readonly Allowed[]): Age | undefined {
    const [first] = items;
    if (first !== undefined) return this.#mostSince(first.since);
    return allowed.length === 0 ? undefined : 0;
  }

  #running(): number {
    return Math.floor(this.#ports.clock.monotonicMs());
  }

  /** The longest that it may be ago. */
  #mostSince({ boot, runMs, notBeforeMs }: Timed): Age {
    if (boot === this.#ports.journal.boot) return Math.max(0, this.#running() - runMs);
    const bounds = this.#ports.trust.bounds();
    return bounds === undefined || notBeforeMs === undefined ? "unknown" : Math.max(0, bounds.latestMs - notBeforeMs);
  }

  /** The shortest that it may be ago: the time this terminal has run since, or more where the host has proved both ends. */
  #leastSince({ runMs, wallMs, errorMs }: Timed): number {
    const runningMs = this.#running() - runMs;
    const provedMs = this.#ports.trust.provedMs();
    return provedMs === undefined || errorMs === undefined ? runningMs : Math.max(runningMs, provedMs - wallMs - errorMs);
  }
}

const NO_ITEMS: ReadonlySet<Item> = new Set();

function sumOf(allowed: readonly Allowed[]): number {
  return allowed.reduce((sum, { amountFen }) => sum + amountFen, 0);
}

/** Entries stand in the order of time: none is earlier than what an earlier one proves. */
function notBefore(before: number | undefined, { wallMs, clock: { errorMs } }: Movement): number | undefined {
  if (errorMs === undefined) return before;
  const provedMs = wallMs - errorMs;
  assert(Number.isSafeInteger(provedMs), "the journal holds whole numbers");
  return before === undefined ? provedMs : Math.max(before, provedMs);
}
