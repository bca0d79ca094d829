/* INITIALIZE FOR LOAD and CREDIT FOR LOAD, for both books. */
import { type Bytes, concat, equalBytes, fromHex, readUint, toHex, u16be, u32be } from "../../../device/base/bytes.ts";
import { loadMac1Input, loadMac2Input, loadSessionKey, loadTacInput, type PurchaseTerms, purseMac } from "../../crypto/purse.ts";
import { type Answer, type Command, ok, refuse, SW } from "../iso.ts";
import { BALANCE_MAX, type Book, type Movement, type PurseBooks, SEQUENCE_MAX, spendable } from "./books.ts";
import type { LoadSession, Step } from "./session.ts";

export class Loads {
  readonly #books: PurseBooks;

  constructor(books: PurseBooks) {
    this.#books = books;
  }

  /** INITIALIZE FOR LOAD (80 50 00); lengths and key have been checked. Spec: PBOC purse, load. */
  initialize(command: Command, book: Book): Step {
    const books = this.#books;
    const terms = { amountFen: readUint(command.data, 1, 4), type: book.types.load, terminalNumber: command.data.slice(5, 11) };
    if (books.memory.greyLock !== undefined) return { answer: refuse(SW.conditionsNotSatisfied) };
    if (book.onlineSeq >= SEQUENCE_MAX) return { answer: refuse(SW.counterExhausted) };
    if (spendable(book) + terms.amountFen > BALANCE_MAX) return { answer: refuse(SW.conditionsNotSatisfied) };
    const cardRandom = books.core.random(4);
    const key = loadSessionKey(books.rules, fromHex(books.data.dlkHex), { cardRandom, onlineSequence: book.onlineSeq });
    const mac1 = purseMac(books.rules, key, loadMac1Input(spendable(book), terms));
    const opening = concat(u32be(spendable(book)), u16be(book.onlineSeq), Uint8Array.of(books.data.keyVersion, books.algorithmByte), cardRandom, mac1);
    const { amountFen, terminalNumber } = terms;
    return { answer: ok(opening), session: { kind: "load", p2: book.p2, amountFen, terminalNumber, key } };
  }

  /** CREDIT FOR LOAD. */
  credit(command: Command, session: LoadSession, book: Book): Step {
    if (command.p1 !== 0x00 || command.p2 !== 0x00) return { answer: refuse(SW.wrongP1P2) };
    const { data } = command;
    if (data.length !== 0x0b) return { answer: refuse(SW.wrongLength) };
    const terms: PurchaseTerms = { ...session, type: book.types.load, date: data.slice(0, 4), time: data.slice(4, 7) };
    const mac2 = data.slice(7, 11);
    if (!equalBytes(purseMac(this.#books.rules, session.key, loadMac2Input(terms)), mac2)) return { answer: refuse(SW.wrongMac) };
    return { answer: this.#commit(book, terms, mac2) };
  }

  #commit(book: Book, terms: PurchaseTerms, mac2: Bytes): Answer {
    const balanceAfter = spendable({ ...book, balanceFen: book.balanceFen + terms.amountFen });
    const tac = this.#books.tac(loadTacInput(balanceAfter, book.onlineSeq, terms));
    const movement: Movement = {
      book,
      counter: "online",
      changeFen: terms.amountFen,
      log: terms,
      proof: { type: terms.type, mac: mac2, tac },
      load: {
        ...(book.name === "e-purse" ? {} : { purse: book.name }),
        amountFen: terms.amountFen,
        terminalNumber: toHex(terms.terminalNumber),
        date: toHex(terms.date),
        time: toHex(terms.time),
        onlineSeqBefore: book.onlineSeq,
        tac: toHex(tac),
      },
    };
    return this.#books.commit(movement, tac);
  }
}
