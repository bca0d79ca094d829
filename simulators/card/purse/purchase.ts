/* INITIALIZE FOR PURCHASE and FOR CAPP PURCHASE, and the debit that ends both. */
import { type Bytes, concat, equalBytes, fromHex, readUint, toHex, u16be, u32be } from "../../../device/base/bytes.ts";
import {
  compoundMac1Input,
  PURSE_TYPES,
  type PurchaseTerms,
  purchaseMac1Input,
  purchaseMac2Input,
  purchaseSessionKey,
  purchaseTacInput,
  purseMac,
} from "../../crypto/purse.ts";
import { type Answer, type Command, ok, refuse, SW } from "../iso.ts";
import type { CardDebit } from "../state.ts";
import { type Book, type Movement, type PurseBooks, SEQUENCE_MAX, spendable } from "./books.ts";
import type { PurseFiles } from "./files.ts";
import type { PurchaseSession, Step } from "./session.ts";

/** The words against an offline transaction of any kind, before it is opened; undefined: it may be opened. */
export function offlineRefusal(books: PurseBooks, book: Book): number | undefined {
  const { transit, applicationVersion } = books.data;
  if (books.memory.greyLock !== undefined) return SW.conditionsNotSatisfied;
  if (transit !== undefined && applicationVersion === 0x00) return SW.conditionsNotSatisfied;
  return books.core.faults.counterExhausted || book.offlineSeq >= SEQUENCE_MAX ? SW.counterExhausted : undefined;
}

/** The answer to INITIALIZE FOR PURCHASE, FOR CAPP PURCHASE and FOR GREY LOCK, 0F bytes. */
export function offlineOpening(books: PurseBooks, book: Book, cardRandom: Bytes): Bytes {
  const overdraft = u32be(book.overdraftLimitFen).slice(1);
  const key = Uint8Array.of(books.data.keyVersion, books.algorithmByte);
  return concat(u32be(spendable(book)), u16be(book.offlineSeq), overdraft, key, cardRandom);
}

export class Purchases {
  readonly #books: PurseBooks;
  readonly #files: PurseFiles;

  constructor(books: PurseBooks, files: PurseFiles) {
    this.#books = books;
    this.#files = files;
  }

  /** INITIALIZE FOR PURCHASE (80 50 01) or FOR CAPP PURCHASE (80 50 03); lengths and key have been checked. Spec: PBOC purse, INITIALIZE FOR PURCHASE. */
  initialize(command: Command, book: Book, compound: boolean): Step {
    const books = this.#books;
    const refusal = offlineRefusal(books, book);
    if (refusal !== undefined) return { answer: refuse(refusal) };
    const amountFen = readUint(command.data, 1, 4);
    if (amountFen > spendable(book)) return { answer: refuse(SW.fundsInsufficient) };
    if (books.core.faults.proofDroppedByNextInit) books.dropProof(book);
    const cardRandom = books.core.random(4);
    const type = compound ? PURSE_TYPES.compound : book.types.purchase;
    return {
      answer: ok(offlineOpening(books, book, cardRandom)),
      session: { kind: "purchase", p2: book.p2, type, amountFen, terminalNumber: command.data.slice(5, 11), cardRandom, updates: compound ? [] : undefined },
    };
  }

  /** DEBIT: money, counter, log, proof and the records of a compound purchase change together. Spec: PBOC purse, DEBIT FOR PURCHASE. */
  debit(command: Command, session: PurchaseSession, book: Book): Step {
    if (command.p1 !== 0x01 || command.p2 !== 0x00) return { answer: refuse(SW.wrongP1P2) };
    const { data } = command;
    if (data.length !== 0x0f) return { answer: refuse(SW.wrongLength) };
    const books = this.#books;
    const terminalSequence = readUint(data, 0, 4);
    const terms: PurchaseTerms = { ...session, date: data.slice(4, 8), time: data.slice(8, 11) };
    const { cardRandom } = session;
    const key = purchaseSessionKey(books.rules, fromHex(books.data.dpkHex), { cardRandom, cardSequence: book.offlineSeq, terminalSequence });
    if (!equalBytes(purseMac(books.rules, key, this.#mac1Input(session, terms)), data.slice(11, 15))) return { answer: refuse(SW.wrongMac) };
    const mac2 = books.given(purseMac(books.rules, key, purchaseMac2Input(terms.amountFen)));
    const tac = books.tac(purchaseTacInput(terms, terminalSequence));
    return { answer: this.#commit(session, book, { terms, terminalSequence, mac2, tac }) };
  }

  #mac1Input(session: PurchaseSession, terms: PurchaseTerms): Bytes {
    return session.updates === undefined ? purchaseMac1Input(terms) : compoundMac1Input(terms, this.#authenticationCode());
  }

  /** The code that ends MAC1's input where the profile or the scheme asks for it. Spec: CJ/T 166, MAC1. */
  #authenticationCode(): Bytes | undefined {
    const { transit } = this.#books.data;
    const { cappAuthSuffix } = this.#books.rules.profile;
    const wanted = cappAuthSuffix === "mohurd9" || (cappAuthSuffix === "byApplication" && transit?.scheme === "housing");
    return wanted && transit !== undefined ? fromHex(transit.authenticationCodeHex) : undefined;
  }

  #commit(
    session: PurchaseSession,
    book: Book,
    done: { readonly terms: PurchaseTerms; readonly terminalSequence: number; readonly mac2: Bytes; readonly tac: Bytes },
  ): Answer {
    const { terms, mac2, tac } = done;
    const updates = session.updates ?? [];
    const debit: CardDebit = {
      ...(session.updates !== undefined ? { purse: "compound" } : book.name === "e-purse" ? {} : { purse: book.name }),
      amountFen: terms.amountFen,
      terminalNumber: toHex(terms.terminalNumber),
      terminalSeq: done.terminalSequence,
      date: toHex(terms.date),
      time: toHex(terms.time),
      cardSeqBefore: book.offlineSeq,
      tac: toHex(tac),
    };
    const unlogged = session.updates !== undefined && terms.amountFen === 0 && this.#books.data.transit?.entriesUnlogged === true;
    const movement: Movement = {
      book,
      counter: "offline",
      changeFen: -terms.amountFen,
      ...(unlogged ? {} : { log: terms }),
      proof: { type: terms.type, mac: mac2, tac },
      debit,
      ...(updates.length === 0 ? {} : { memory: { written: this.#files.written(updates) } }),
    };
    return this.#books.commit(movement, concat(tac, mac2));
  }
}
