/*
 * Goal: whether a card has ever been accepted by the host for a sale of this terminal, through restarts, in bounded memory.
 * Method: halves of keyed hashes in pages of the journal's marks. The newest page grows; when the last one is full the oldest begins anew, and
 * whose card stood there is unknown again, which costs its holder a first use and nobody any money.
 */
import { isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Journal } from "../journal/types.ts";

export interface KnownCards {
  has(cardKey: string): boolean;
  /** Counts at once; durable a moment later. Never rejects for the journal. */
  learn(cardKeys: readonly string[]): Promise<void>;
}

export interface KnownCardsOptions {
  readonly pages: number;
  readonly cardsPerPage: number;
}

/** 131,072 cards. */
export const DEFAULT_KNOWN_CARDS: KnownCardsOptions = { pages: 256, cardsPerPage: 512 };

const NAME_LENGTH = 16;

interface Page {
  readonly slot: number;
  /** Counts the pages that were ever begun. */
  readonly generation: number;
  readonly names: readonly string[];
}

function markOf(slot: number): string {
  return `known-cards/${slot}`;
}

function parsePage(slot: number, text: string | undefined): Page | undefined {
  if (text === undefined || !/^\d{1,12}(?: [0-9a-f]{16})*$/.test(text)) return undefined;
  const [generation, ...names] = text.split(" ");
  return { slot, generation: Number(generation), names };
}

/** Faults: those of the journal. */
export async function openKnownCards(
  ports: { readonly journal: Pick<Journal, "mark" | "setMarks">; readonly log: Log },
  options: KnownCardsOptions = DEFAULT_KNOWN_CARDS,
): Promise<KnownCards> {
  const pages: Page[] = [];
  for (let slot = 0; slot < options.pages; slot += 1) {
    const page = parsePage(slot, await ports.journal.mark(markOf(slot)));
    // Pages are begun one after the other: behind the first that is not there is none.
    if (page === undefined) break;
    pages.push(page);
  }
  return new PagedCards(ports, options, pages);
}

class PagedCards implements KnownCards {
  readonly #journal: Pick<Journal, "mark" | "setMarks">;
  readonly #log: Log;
  readonly #options: KnownCardsOptions;
  readonly #pages = new Map<number, Page>();
  /** Each name with the generation of the page that holds it. */
  readonly #names = new Map<string, number>();
  #newest: Page;
  #writing: Promise<void> = Promise.resolve();

  constructor(ports: { readonly journal: Pick<Journal, "mark" | "setMarks">; readonly log: Log }, options: KnownCardsOptions, pages: readonly Page[]) {
    this.#journal = ports.journal;
    this.#log = ports.log;
    this.#options = options;
    this.#newest = pages.reduce((newest, page) => (page.generation >= newest.generation ? page : newest), { slot: 0, generation: 0, names: [] });
    for (const page of pages) {
      this.#pages.set(page.slot, page);
      for (const name of page.names) this.#names.set(name, page.generation);
    }
  }

  has(cardKey: string): boolean {
    return this.#names.has(cardKey.slice(0, NAME_LENGTH));
  }

  learn(cardKeys: readonly string[]): Promise<void> {
    const changed = new Set<number>();
    for (const cardKey of cardKeys) {
      if (!this.has(cardKey)) changed.add(this.#add(cardKey.slice(0, NAME_LENGTH)));
    }
    return changed.size === 0 ? Promise.resolve() : this.#write(changed);
  }

  /** The slot of the page that it is written on. */
  #add(name: string): number {
    if (this.#newest.names.length >= this.#options.cardsPerPage) this.#beginPage();
    const { slot, generation, names } = this.#newest;
    this.#newest = { slot, generation, names: [...names, name] };
    this.#pages.set(slot, this.#newest);
    this.#names.set(name, generation);
    return slot;
  }

  #beginPage(): void {
    const slot = (this.#newest.slot + 1) % this.#options.pages;
    for (const name of this.#pages.get(slot)?.names ?? []) this.#names.delete(name);
    this.#newest = { slot, generation: this.#newest.generation + 1, names: [] };
  }

  #write(slots: ReadonlySet<number>): Promise<void> {
    const turn = this.#writing.then(async () => {
      const marks = [...slots].map((slot) => {
        const { generation, names } = this.#pages.get(slot) ?? { generation: 0, names: [] };
        return { name: markOf(slot), value: [generation, ...names].join(" ") };
      });
      try {
        await this.#journal.setMarks(marks);
      } catch (fault) {
        if (!isFault(fault)) throw fault;
        this.#log.warn("known-cards-not-kept", { code: fault.code });
      }
    });
    this.#writing = turn.catch(() => undefined);
    return turn;
  }
}
