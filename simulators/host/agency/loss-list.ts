/*
 * Goal: a card that is lost, and one that must be blocked, is named at every terminal of the city; and no longer when it was found.
 * Method: the list of the city is held against the agency's books; what has come and what has gone leaves as one document. A temporary loss that
 * has lapsed is left to the terminals' own rule and taken off with the next document. Spec: pos/v1, 8.
 */
import type { Publication } from "../downlink.ts";
import type { Addressee } from "../downlink-document.ts";
import { type BookEntry, ListBook } from "../lists.ts";
import type { Agency } from "./agency.ts";
import { lossEntry } from "./loss-services.ts";

export interface LossListParts {
  readonly agency: Pick<Agency, "ledger" | "nowMs">;
  /** May hold other entries besides. */
  readonly book: ListBook;
  readonly to: Addressee;
  readonly publish: (publication: Publication) => void;
}

export class LossList {
  readonly #parts: LossListParts;

  constructor(parts: LossListParts) {
    this.#parts = parts;
  }

  /** Publishes what has changed since the last time; false: nothing has. */
  publish(): boolean {
    const { agency, book, to, publish } = this.#parts;
    const wanted = new Map(lossEntries(agency).map((entry) => [JSON.stringify(entry), entry] as const));
    const listed = new Map([...book.entries].filter(isOfAgency).map((entry) => [JSON.stringify(entry), entry] as const));
    const come = [...wanted].filter(([name]) => !listed.has(name)).map(([, entry]) => entry);
    const gone = [...listed].filter(([name]) => !wanted.has(name)).map(([, entry]) => entry);
    if (come.length + gone.length === 0) return false;
    for (const entry of gone) book.takeBack(entry);
    for (const entry of come) book.list(entry);
    const { stream, sequence, base, body } = book.sequence === 0 ? book.whole() : book.changes();
    publish({ to, stream, sequence, base, body });
    return true;
  }
}

/** Lists of losses of any regions, each with a book of its own. */
export class LossLists {
  readonly #parts: Pick<LossListParts, "agency" | "publish">;
  readonly #lists = new Map<string, LossList>();

  constructor(parts: Pick<LossListParts, "agency" | "publish">) {
    this.#parts = parts;
  }

  /** Publishes what has changed for a region; false: nothing has. */
  publish(region: string): boolean {
    const known = this.#lists.get(region) ?? new LossList({ ...this.#parts, book: new ListBook("city"), to: { region } });
    this.#lists.set(region, known);
    return known.publish();
  }
}

/** Entries that the agency wants on the city's list now. */
export function lossEntries({ ledger, nowMs }: Pick<Agency, "ledger" | "nowMs">): readonly BookEntry[] {
  const standing = ledger.standingLosses().filter(({ lapsesMs }) => lapsesMs === undefined || lapsesMs > nowMs());
  const blocks = ledger.blockOrders().filter(({ level }) => level === "city");
  return [...standing.map(lossEntry), ...blocks.map(({ cardNumber }): BookEntry => ({ entry: "block", number: "card-number", value: cardNumber }))];
}

function isOfAgency({ entry, number }: BookEntry): boolean {
  return number === "card-number" && (entry === "loss" || entry === "number" || entry === "block");
}
