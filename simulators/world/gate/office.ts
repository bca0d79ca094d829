/*
 * The city's office: it lists a card for a while and takes that back, and it lists the accounts that owe a ride until they pay. Each change is a
 * document of the host's, which the terminal fetches when it can; from the version on that it has taken, a listed card must not pay.
 */
import { fen } from "../../../device/base/fen.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { DocumentPlaces } from "../../../device/permission.ts";
import type { Terminal } from "../../../device/terminal.ts";
import { openInlineWorkshop } from "../../../device/txn/lists/inline.ts";
import type { SimulatedCard } from "../../card/card.ts";
import { SimulatedStorageDisk } from "../../disk/storage.ts";
import { DebtList } from "../../host/debt-list.ts";
import type { ChargeDesk } from "../../host/debts.ts";
import type { Publication } from "../../host/downlink.ts";
import { type BookEntry, ListBook } from "../../host/lists.ts";
import type { SettlementHost } from "../../host/settlement.ts";
import type { WatchedCard } from "../observed.ts";
import type { SeededRandomness } from "../seeded-randomness.ts";
import type { Trace } from "../trace.ts";

const REGION = "990100";
/** Cards that are listed at one time, at most: people must be left who travel. */
const LISTED_MAX = 3;
/** Chance that somebody who owes a ride does something about it, each time that is charged. */
const PAYS_CHANCE = 0.5;

/** A power-on of the terminal. */
interface Powered {
  readonly terminal: Terminal | undefined;
}

export interface OfficeParts {
  readonly suite: CipherSuite;
  readonly draw: SeededRandomness;
  readonly cards: readonly WatchedCard[];
  readonly host: SettlementHost;
  readonly charges: ChargeDesk;
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

  /** Accounts that owe a ride, with the version that said so first. */
  readonly #owing = new Map<string, number>();
  readonly #debts: DebtList;

  constructor(parts: OfficeParts) {
    this.#parts = parts;
    this.#draw = parts.draw;
    this.#debts = new DebtList({ charges: parts.charges, book: this.#book, to: { tid: parts.terminalId }, publish: (issue) => this.#send(issue) });
  }

  /** Debts that were listed so far. */
  debts = 0;

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
    const [since, owing] = [this.#listed.get(card), this.#owing.get(accountOf(card.card))];
    return (since !== undefined && since <= version) || (owing !== undefined && owing <= version);
  }

  /** Whether the list that this terminal has taken names the card. */
  isKnown(card: WatchedCard, life: Powered): boolean {
    return this.forbids(card, takenVersion(life));
  }

  /** Whether this terminal has taken everything that was published. */
  isTaken(life: Powered): boolean {
    return takenVersion(life) === this.sequence;
  }

  /** Charges what was ridden; who cannot pay is listed, and some of those who owe pay. */
  collect(): void {
    const { charges } = this.#parts;
    for (const { value: account } of charges.listEntries()) {
      if (!this.#draw.chance(PAYS_CHANCE)) continue;
      if (this.#draw.chance(0.5)) this.#payAtCounter(account);
      else this.#fund(account);
    }
    charges.resubmit();
    charges.chargeWaiting();
    this.#publishDebts();
  }

  #payAtCounter(account: string): void {
    const { charges } = this.#parts;
    const owedFen = charges.debts(account).reduce((sum, { amountFen }) => sum + amountFen, 0);
    charges.pay(account, fen(owedFen));
  }

  #fund(account: string): void {
    const fundsFen = this.#draw.between(0, 6) * 200;
    this.#parts.charges.fund(account, fen(fundsFen));
  }

  #publishDebts(): void {
    const { charges } = this.#parts;
    if (!this.#debts.publish()) return;
    const owing = new Set(charges.listEntries().map(({ value }) => value));
    for (const account of this.#owing.keys()) if (!owing.has(account)) this.#owing.delete(account);
    for (const account of owing) {
      if (this.#owing.has(account)) continue;
      this.#owing.set(account, this.#book.sequence);
      this.debts += 1;
    }
    this.#parts.trace.note(`${owing.size} accounts owe a ride in version ${this.#book.sequence}`);
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
    this.settle();
  }

  /** Everybody pays what is owed. */
  settle(): void {
    this.#parts.charges.chargeWaiting();
    for (const { value: account } of this.#parts.charges.listEntries()) this.#payAtCounter(account);
    this.#publishDebts();
  }

  #list(card: WatchedCard): void {
    if (this.#listed.has(card)) return;
    for (const entry of entriesOf(card)) this.#book.list(entry);
    this.#publish();
    this.#listed.set(card, this.#book.sequence);
    this.#parts.trace.note(`card ${card.card.serial.slice(-4)} listed in version ${this.#book.sequence}`);
  }

  #takeBack(card: WatchedCard): void {
    for (const entry of entriesOf(card)) this.#book.takeBack(entry);
    this.#listed.delete(card);
    this.#publish();
    this.#parts.trace.note(`card ${card.card.serial.slice(-4)} taken back in version ${this.#book.sequence}`);
  }

  #publish(): void {
    const issue = this.#book.sequence === 0 || this.#draw.chance(0.1) ? this.#book.whole() : this.#book.changes();
    this.#send({ to: { tid: this.#parts.terminalId }, ...issue });
  }

  #send(publication: Publication): void {
    this.#parts.host.documents.publish(publication);
  }
}

function takenVersion({ terminal }: Powered): number {
  return terminal?.status().permission?.lists.find(({ level }) => level === "city")?.sequence ?? 0;
}

/** A card is listed by every number by which a purse of it may be known. */
function entriesOf({ card }: WatchedCard): readonly BookEntry[] {
  return [
    { entry: "number", number: "purse-serial", value: card.serial },
    { entry: "number", number: "account-number", value: accountOf(card) },
  ];
}

/** The account behind a card's bank application. */
export function accountOf({ personalization }: SimulatedCard): string {
  return personalization.electronicCash?.pan ?? "";
}
