/*
 * The city's office: it lists a card for a while and takes that back. Each change is a document of the host's, which the terminal fetches when it
 * can; from the version on that it has taken, a listed card must not pay.
 */
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { DocumentPlaces } from "../../../device/permission.ts";
import { openInlineWorkshop } from "../../../device/txn/lists/inline.ts";
import { SimulatedStorageDisk } from "../../disk/storage.ts";
import { type BookEntry, ListBook } from "../../host/lists.ts";
import type { SettlementHost } from "../../host/settlement.ts";
import type { WatchedCard } from "../observed.ts";
import type { SeededRandomness } from "../seeded-randomness.ts";
import type { Trace } from "../trace.ts";

const REGION = "990100";
/** Cards that are listed at one time, at most: people must be left who travel. */
const LISTED_MAX = 3;

export interface OfficeParts {
  readonly suite: CipherSuite;
  readonly draw: SeededRandomness;
  readonly cards: readonly WatchedCard[];
  readonly host: SettlementHost;
  readonly terminalId: string;
  readonly trace: Trace;
}

export class ListOffice {
  readonly #parts: OfficeParts;
  readonly #draw: SeededRandomness;
  readonly #book = new ListBook("city");
  /** Cards on the list, with the version that named them first. */
  readonly #listed = new Map<WatchedCard, number>();
  readonly #disks = { fetching: new SimulatedStorageDisk(), lists: new SimulatedStorageDisk(), fares: new SimulatedStorageDisk() };

  constructor(parts: OfficeParts) {
    this.#parts = parts;
    this.#draw = parts.draw;
  }

  /** The newest version that was published. */
  get sequence(): number {
    return this.#book.sequence;
  }

  /** The terminal's folders, for one life of it. */
  open(): DocumentPlaces {
    const { fetching, lists, fares } = this.#disks;
    return { fetching: fetching.open(), lists: lists.open(), fares: fares.open(), region: REGION, openWorkshop: openInlineWorkshop(this.#parts.suite) };
  }

  powerFailed(): void {
    for (const disk of Object.values(this.#disks)) disk.crash({ some: this.#draw });
  }

  /** Whether a terminal with this version must refuse the card. */
  forbids(card: WatchedCard, version: number): boolean {
    const since = this.#listed.get(card);
    return since !== undefined && since <= version;
  }

  /** Sometimes lists a card, sometimes takes an entry back. */
  work(): void {
    const [card] = this.#listed.keys();
    if (card !== undefined && (this.#listed.size >= LISTED_MAX || this.#draw.chance(0.5))) this.#takeBack(card);
    else this.#list(this.#draw.pick(this.#parts.cards));
  }

  /** Everybody may travel again. */
  clear(): void {
    for (const card of this.#listed.keys()) this.#takeBack(card);
  }

  #list(card: WatchedCard): void {
    if (this.#listed.has(card)) return;
    this.#book.list(entryOf(card));
    this.#publish();
    this.#listed.set(card, this.#book.sequence);
    this.#parts.trace.note(`card ${card.card.serial.slice(-4)} listed in version ${this.#book.sequence}`);
  }

  #takeBack(card: WatchedCard): void {
    this.#book.takeBack(entryOf(card));
    this.#listed.delete(card);
    this.#publish();
    this.#parts.trace.note(`card ${card.card.serial.slice(-4)} taken back in version ${this.#book.sequence}`);
  }

  #publish(): void {
    const issue = this.#book.sequence === 0 || this.#draw.chance(0.1) ? this.#book.whole() : this.#book.changes();
    this.#parts.host.documents.publish({ to: { tid: this.#parts.terminalId }, ...issue });
  }
}

function entryOf({ card }: WatchedCard): BookEntry {
  return { entry: "number", number: "purse-serial", value: card.serial };
}
