/*
 * Goal: once a purse has shown whose it is, everything that is said of its social card counts for it at the next tap without a further command:
 * losses by card number, the statement, the caps of a day.
 * Method: purses are keyed hashes in pages of the journal's marks, each with the sealed name of its social card; equal cards are sealed to equal bytes,
 * so that the purses of a card are found without opening any. The newest page grows; when the last one is full the oldest begins anew, and its purses
 * are asked again when they come. No number stands in the clear, on the disk or in memory.
 */
import { fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { CipherSuite, SecretKey } from "../../crypto/face.ts";
import type { Journal, WatchedJournal } from "../journal/types.ts";
import { type ExactSealing, openExact, sealExact } from "../lists/sealing.ts";

/** A social card by everything that it is called. */
export interface SocialCardName {
  readonly cardNumber: string;
  /** 32 hexadecimal digits. */
  readonly cardIdentifier: string;
}

export interface CardLinks {
  /** The social card that a purse is on; "none": its chip has no social application; undefined: nobody has asked, or it is forgotten. */
  of(purse: string): SocialCardName | "none" | undefined;
  /** Counts at once; durable a moment later. Never rejects for the journal: what is not kept is asked again. */
  learn(purse: string, card: SocialCardName | "none"): Promise<void>;
  /** The keyed hashes by which movements name this card: its own names, and every purse that is known to be on it. */
  keysOf(card: SocialCardName): readonly string[];
}

export interface CardLinksParts {
  readonly journal: Pick<Journal, "mark" | "setMarks"> & Pick<WatchedJournal, "cardKey">;
  readonly suite: CipherSuite;
  readonly storageKey: SecretKey;
  readonly log: Log;
}

export interface CardLinksOptions {
  readonly pages: number;
  readonly pursesPerPage: number;
}

/** 8,192 purses. */
export const DEFAULT_CARD_LINKS: CardLinksOptions = { pages: 256, pursesPerPage: 32 };

const KEY_BYTES = 16;
const NO_CARD = "-";
const PAGE_SHAPE = /^\d{1,12}(?: [0-9a-f]{32}:(?:-|[0-9a-f]{64,256}))*$/;
const NAME_SHAPE = /^([0-9A-Z]{9}) ([0-9a-f]{32})$/;

/** One purse: the keyed hash of its name, and its sealed card. */
interface Link {
  readonly purse: string;
  readonly card: string;
}

interface Page {
  readonly slot: number;
  /** Counts the pages that were ever begun. */
  readonly generation: number;
  readonly links: readonly Link[];
}

function markOf(slot: number): string {
  return `card-links/${slot}`;
}

function parsePage(slot: number, text: string | undefined): Page | undefined {
  if (text === undefined || !PAGE_SHAPE.test(text)) return undefined;
  const [generation, ...links] = text.split(" ");
  const linkOf = (link: string): Link => ({ purse: link.slice(0, 2 * KEY_BYTES), card: link.slice(2 * KEY_BYTES + 1) });
  return { slot, generation: Number(generation), links: links.map(linkOf) };
}

/** Faults: those of the journal. */
export async function openCardLinks(parts: CardLinksParts, options: CardLinksOptions = DEFAULT_CARD_LINKS): Promise<CardLinks> {
  const pages: Page[] = [];
  for (let slot = 0; slot < options.pages; slot += 1) {
    const page = parsePage(slot, await parts.journal.mark(markOf(slot)));
    // Pages are begun one after the other: behind the first that is not there is none.
    if (page === undefined) break;
    pages.push(page);
  }
  return new PagedLinks(parts, options, pages);
}

class PagedLinks implements CardLinks {
  readonly #parts: CardLinksParts;
  readonly #options: CardLinksOptions;
  readonly #sealing: ExactSealing;
  readonly #pages = new Map<number, Page>();
  readonly #cards = new Map<string, string>();
  readonly #purses = new Map<string, Set<string>>();
  #newest: Page;
  readonly #changed = new Set<number>();
  #writing: Promise<void> | undefined;

  constructor(parts: CardLinksParts, options: CardLinksOptions, pages: readonly Page[]) {
    const { suite, storageKey } = parts;
    const derived = (purpose: string) => suite.secretKey(suite.hmacSm3(storageKey, utf8(`yikatong card links ${purpose}`)).slice(0, KEY_BYTES));
    this.#parts = parts;
    this.#options = options;
    this.#sealing = { suite, encryption: derived("encrypt"), authentication: derived("authenticate") };
    this.#newest = pages.reduce((newest, page) => (page.generation >= newest.generation ? page : newest), { slot: 0, generation: 0, links: [] });
    // The oldest first: a purse that was asked again stands on the newer page too.
    for (const page of pages.toSorted((left, right) => left.generation - right.generation)) {
      this.#pages.set(page.slot, page);
      for (const link of page.links) this.#hold(link);
    }
  }

  of(purse: string): SocialCardName | "none" | undefined {
    const sealed = this.#cards.get(this.#parts.journal.cardKey(purse));
    if (sealed === undefined || sealed === NO_CARD) return sealed === undefined ? undefined : "none";
    const opened = openExact(this.#sealing, fromHex(sealed));
    const [, cardNumber, cardIdentifier] = (opened === undefined ? null : NAME_SHAPE.exec(new TextDecoder().decode(opened))) ?? [];
    // What another key has sealed is asked again.
    return cardNumber === undefined || cardIdentifier === undefined ? undefined : { cardNumber, cardIdentifier };
  }

  learn(purse: string, card: SocialCardName | "none"): Promise<void> {
    const link: Link = { purse: this.#parts.journal.cardKey(purse), card: card === "none" ? NO_CARD : this.#sealed(card) };
    if (this.#cards.get(link.purse) === link.card) return Promise.resolve();
    if (this.#newest.links.length >= this.#options.pursesPerPage) this.#beginPage();
    const { slot, generation, links } = this.#newest;
    this.#newest = { slot, generation, links: [...links, link] };
    this.#pages.set(slot, this.#newest);
    this.#hold(link);
    return this.#write(slot);
  }

  keysOf(card: SocialCardName): readonly string[] {
    const { journal } = this.#parts;
    return [journal.cardKey(card.cardNumber), journal.cardKey(card.cardIdentifier), ...(this.#purses.get(this.#sealed(card)) ?? [])];
  }

  #sealed({ cardNumber, cardIdentifier }: SocialCardName): string {
    return toHex(sealExact(this.#sealing, utf8(`${cardNumber} ${cardIdentifier}`)));
  }

  #hold(link: Link): void {
    this.#forget(link.purse);
    this.#cards.set(link.purse, link.card);
    if (link.card === NO_CARD) return;
    const purses = this.#purses.get(link.card) ?? new Set();
    this.#purses.set(link.card, purses.add(link.purse));
  }

  #forget(purse: string): void {
    const card = this.#cards.get(purse);
    if (card === undefined) return;
    this.#cards.delete(purse);
    const purses = this.#purses.get(card);
    purses?.delete(purse);
    if (purses?.size === 0) this.#purses.delete(card);
  }

  #beginPage(): void {
    const slot = (this.#newest.slot + 1) % this.#options.pages;
    for (const { purse, card } of this.#pages.get(slot)?.links ?? []) if (this.#cards.get(purse) === card) this.#forget(purse);
    this.#newest = { slot, generation: this.#newest.generation + 1, links: [] };
  }

  /** Pages that changed while others were being written are written together. */
  #write(slot: number): Promise<void> {
    this.#changed.add(slot);
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    const { journal, log } = this.#parts;
    while (this.#changed.size > 0) {
      const slots = [...this.#changed];
      this.#changed.clear();
      try {
        await journal.setMarks(slots.map((slot) => ({ name: markOf(slot), value: this.#textOf(slot) })));
      } catch (fault) {
        if (!isFault(fault)) throw fault;
        log.warn("card-links-not-kept", { code: fault.code });
      }
    }
  }

  #textOf(slot: number): string {
    const { generation, links } = this.#pages.get(slot) ?? { generation: 0, links: [] };
    return [generation, ...links.map(({ purse, card }) => `${purse}:${card}`)].join(" ");
  }
}
