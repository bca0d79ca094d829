/*
 * Grey lock: before delivery the card is locked for one terminal, afterwards the amount is taken with a code that only that terminal's
 * module can make, at any time and over any other terminal; a host can resolve a lock whose code was lost. The lock outlives power.
 */
import { type Bytes, concat, equalBytes, fromHex, readUint, toHex, u8, u16be, u32be } from "../../../device/base/bytes.ts";
import { loadSessionKey, type PurchaseTerms, purseMac } from "../../crypto/purse.ts";
import {
  greyDebitMacInput,
  greyDebitTacInput,
  greyLockMac1Input,
  greyLockMac2Input,
  greyLockTacInput,
  greySessionKey,
  greyUnlockMac1Input,
  greyUnlockMac2Input,
  greyUnlockTacInput,
} from "../../crypto/purse-grey.ts";
import { type Answer, type Command, ok, refuse, SW } from "../iso.ts";
import { type Book, type Movement, type PurseBooks, SEQUENCE_MAX, spendable } from "./books.ts";
import { offlineOpening, offlineRefusal } from "./purchase.ts";
import type { GreyLockSession, GreyUnlockSession, PurseSession, Step } from "./session.ts";
import type { GreyLock, GreyLockData } from "./state.ts";

/** First byte of the answer to GET LOCK PROOF. */
const LOCK_STATES = { free: 0x00, locked: 0x01, unread: 0x10 } as const;
const LOCK_PROOF_BYTES = 0x1e;

/** What GREY LOCK carries, in the length that the profile says. */
interface LockData {
  readonly terminalSequence: number;
  readonly terminalRandom: Bytes;
  readonly date: Bytes;
  readonly time: Bytes;
  readonly mac1: Bytes;
}

/** As the fields add up, or as the manual prints the length: date, time and MAC1, the terminal's own values being zero. Spec: PBOC purse, GREY LOCK. */
function lockData(data: Bytes, form: "sum" | "manual"): LockData | undefined {
  const first = form === "sum" ? 8 : 0;
  if (data.length !== first + 11) return undefined;
  const sums = form === "sum";
  return {
    terminalSequence: sums ? readUint(data, 0, 4) : 0,
    terminalRandom: sums ? data.slice(4, 8) : new Uint8Array(4),
    date: data.slice(first, first + 4),
    time: data.slice(first + 4, first + 7),
    mac1: data.slice(first + 7, first + 11),
  };
}

export class GreyLocks {
  readonly #books: PurseBooks;
  readonly #keys: GreyLockData;

  constructor(books: PurseBooks, keys: GreyLockData) {
    this.#books = books;
    this.#keys = keys;
  }

  /** Commands of class E0. `pinMissing` says whether a book still waits for the PIN. */
  execute(command: Command, session: PurseSession | undefined, pinMissing: (book: Book) => boolean): Step {
    switch (command.ins) {
      case 0x7a:
        return this.#initialize(command, pinMissing);
      case 0x7c:
        return this.#close(command, session);
      case 0x7e:
        return { answer: this.#debit(command) };
      case 0xca:
        return { answer: this.#lockProof(command) };
      default:
        return { answer: refuse(SW.unknownInstruction) };
    }
  }

  #initialize(command: Command, pinMissing: (book: Book) => boolean): Step {
    const { p1, data } = command;
    const book = this.#books.book(command.p2);
    if ((p1 !== 0x08 && p1 !== 0x09) || book === undefined) return { answer: refuse(SW.wrongP1P2) };
    if (data.length !== 7) return { answer: refuse(SW.wrongLength) };
    if (pinMissing(book)) return { answer: refuse(SW.securityNotSatisfied) };
    if (data[0] !== this.#books.data.keyIndex) return { answer: refuse(SW.keyIndexUnknown) };
    const terminalNumber = data.slice(1);
    return p1 === 0x08 ? this.#initializeLock(book, terminalNumber) : this.#initializeUnlock(book, terminalNumber);
  }

  /** INITIALIZE FOR GREY LOCK (E0 7A 08). Spec: PBOC purse, grey lock. */
  #initializeLock(book: Book, terminalNumber: Bytes): Step {
    const books = this.#books;
    const refusal = offlineRefusal(books, book);
    if (refusal !== undefined) return { answer: refuse(refusal) };
    if (books.core.faults.proofDroppedByNextInit) books.dropProof(book);
    const cardRandom = books.core.random(4);
    return { answer: ok(offlineOpening(books, book, cardRandom)), session: { kind: "grey-lock", p2: book.p2, terminalNumber, cardRandom } };
  }

  /** INITIALIZE FOR GREY UNLOCK (E0 7A 09), answer 12h. */
  #initializeUnlock(book: Book, terminalNumber: Bytes): Step {
    const books = this.#books;
    if (books.memory.greyLock?.book !== book.name) return { answer: refuse(SW.conditionsNotSatisfied) };
    if (book.onlineSeq >= SEQUENCE_MAX) return { answer: refuse(SW.counterExhausted) };
    const cardRandom = books.core.random(4);
    const key = loadSessionKey(books.rules, fromHex(this.#keys.unlockHex), { cardRandom, onlineSequence: book.onlineSeq });
    const balance = spendable(book);
    const mac1 = purseMac(books.rules, key, greyUnlockMac1Input(balance, book.offlineSeq, { type: book.types.greyUnlock, terminalNumber }));
    const keyed = Uint8Array.of(books.data.keyVersion, books.algorithmByte);
    const opening = concat(u32be(balance), u16be(book.offlineSeq), u16be(book.onlineSeq), keyed, cardRandom, mac1);
    return { answer: ok(opening), session: { kind: "grey-unlock", p2: book.p2, terminalNumber, key } };
  }

  #close(command: Command, session: PurseSession | undefined): Step {
    if (command.p2 !== 0x00 || (command.p1 !== 0x08 && command.p1 !== 0x09)) return { answer: refuse(SW.wrongP1P2) };
    const wanted = command.p1 === 0x08 ? "grey-lock" : "grey-unlock";
    const book = session === undefined ? undefined : this.#books.book(session.p2);
    if (session === undefined || session.kind !== wanted || book === undefined) return { answer: refuse(SW.notAcceptable) };
    return { answer: session.kind === "grey-lock" ? this.#lock(command, session, book) : this.#unlock(command, session as GreyUnlockSession, book) };
  }

  /** GREY LOCK (E0 7C 08): nothing is taken yet; counter, lock and session key change together. */
  #lock({ data }: Command, session: GreyLockSession, book: Book): Answer {
    const books = this.#books;
    const carried = lockData(data, books.rules.profile.greyLockLc);
    if (carried === undefined) return refuse(SW.wrongLength);
    const { terminalSequence } = carried;
    const terms = { type: book.types.greyLock, terminalNumber: session.terminalNumber, date: carried.date, time: carried.time };
    const key = greySessionKey(books.rules, fromHex(this.#keys.lockHex), { ...carried, cardRandom: session.cardRandom, cardSequence: book.offlineSeq });
    if (!equalBytes(purseMac(books.rules, key, greyLockMac1Input(terms)), carried.mac1)) return refuse(SW.wrongMac);
    const balance = spendable(book);
    const mac2 = books.given(purseMac(books.rules, key, greyLockMac2Input(balance)));
    const tac = books.tac(greyLockTacInput(balance, terms, terminalSequence));
    const greyLock: GreyLock = {
      book: book.name,
      sessionKeyHex: toHex(key),
      balanceFen: balance,
      seq: book.offlineSeq,
      terminalNumber: toHex(terms.terminalNumber),
      terminalSeq: terminalSequence,
      date: toHex(terms.date),
      time: toHex(terms.time),
      mac2: toHex(mac2),
      tac: toHex(tac),
    };
    const proof = { type: terms.type, mac: mac2, tac };
    return books.commit({ book, counter: "offline", changeFen: 0, proof, memory: { greyLock, greyUnread: undefined } }, concat(tac, mac2));
  }

  /** DEBIT FOR UNLOCK (E0 7E 08): needs no INITIALIZE, so that it can follow a loss of power. Spec: PBOC purse, DEBIT FOR UNLOCK. */
  #debit(command: Command): Answer {
    const { data } = command;
    const books = this.#books;
    const book = books.book(command.p2);
    if (command.p1 !== 0x08 || book === undefined) return refuse(SW.wrongP1P2);
    if (data.length !== 0x1b) return refuse(SW.wrongLength);
    const lock = books.memory.greyLock;
    if (lock === undefined || lock.book !== book.name) return refuse(SW.conditionsNotSatisfied);
    const terms = {
      amountFen: readUint(data, 0, 4),
      type: book.types.greyDebit,
      terminalNumber: data.slice(6, 12),
      date: data.slice(16, 20),
      time: data.slice(20, 23),
    };
    // Terminals name the lock by its own number or by the counter as the lock has left it; no other lock can be meant by either.
    const named = [lock.seq, book.offlineSeq].includes(readUint(data, 4, 2));
    if (!named || toHex(terms.terminalNumber) !== lock.terminalNumber) return refuse(SW.wrongData);
    const gmac = data.slice(23, 27);
    if (!equalBytes(purseMac(books.rules, fromHex(lock.sessionKeyHex), greyDebitMacInput(terms.amountFen)), gmac)) return refuse(SW.wrongMac);
    if (terms.amountFen > spendable(book)) return refuse(SW.fundsInsufficient);
    const terminalSeq = readUint(data, 12, 4);
    const tac = books.tac(greyDebitTacInput(terms, terminalSeq));
    return this.#resolve(lock, { book, counter: "offline", terms, terminalSeq, mac: gmac, tac, data: tac });
  }

  /** GREY UNLOCK (E0 7C 09): the host resolves the lock and says what is taken, which may be nothing. */
  #unlock({ data }: Command, session: GreyUnlockSession, book: Book): Answer {
    const books = this.#books;
    if (data.length !== 0x0f) return refuse(SW.wrongLength);
    const lock = books.memory.greyLock;
    if (lock === undefined) return refuse(SW.conditionsNotSatisfied);
    const { terminalNumber, key } = session;
    const terms = { amountFen: readUint(data, 0, 4), type: book.types.greyUnlock, terminalNumber, date: data.slice(4, 8), time: data.slice(8, 11) };
    const mac2 = data.slice(11, 15);
    if (!equalBytes(purseMac(books.rules, key, greyUnlockMac2Input(terms)), mac2)) return refuse(SW.wrongMac);
    if (terms.amountFen > spendable(book)) return refuse(SW.fundsInsufficient);
    const balanceAfter = spendable({ ...book, balanceFen: book.balanceFen - terms.amountFen });
    const tac = books.tac(greyUnlockTacInput(balanceAfter, book.onlineSeq, terms));
    const short = books.rules.profile.greyLockLc === "manual";
    const told = short ? tac : concat(tac, purseMac(books.rules, key, greyDebitMacInput(terms.amountFen)));
    return this.#resolve(lock, { book, counter: "online", terms, terminalSeq: lock.terminalSeq, mac: mac2, tac, data: told });
  }

  #resolve(
    lock: GreyLock,
    done: {
      readonly book: Book;
      readonly counter: "offline" | "online";
      readonly terms: PurchaseTerms;
      readonly terminalSeq: number;
      readonly mac: Bytes;
      readonly tac: Bytes;
      /** What the card answers. */
      readonly data: Bytes;
    },
  ): Answer {
    const { book, counter, terms, terminalSeq, mac, tac } = done;
    const written = { terminalNumber: toHex(terms.terminalNumber), terminalSeq, date: toHex(terms.date), time: toHex(terms.time), tac: toHex(tac) };
    const cardSeqBefore = counter === "offline" ? book.offlineSeq : book.onlineSeq;
    const movement: Movement = {
      book,
      counter,
      changeFen: -terms.amountFen,
      log: terms,
      proof: { type: terms.type, mac, tac },
      debit: { purse: "grey-lock", amountFen: terms.amountFen, cardSeqBefore, ...written },
      memory: { greyLock: undefined, greyUnread: { ...lock, ...written, seq: cardSeqBefore, mac2: toHex(mac) } },
    };
    return this.#books.commit(movement, done.data);
  }

  /** GET LOCK PROOF (E0 CA): 00 tells the state, 01 confirms that the TAC of a resolved lock has been read. Spec: PBOC purse, GET LOCK PROOF. */
  #lockProof(command: Command): Answer {
    const { memory } = this.#books;
    if ((command.p1 !== 0x00 && command.p1 !== 0x01) || command.p2 !== 0x00) return refuse(SW.wrongP1P2);
    if (command.data.length > 0) return refuse(SW.wrongLength);
    if (command.p1 === 0x01 && memory.greyUnread !== undefined) this.#books.remember({ greyUnread: undefined });
    return ok(this.#lockState(memory.greyLock, command.p1 === 0x01 ? undefined : memory.greyUnread));
  }

  /** State, type, book, balance, sequence, terminal, date, time, MAC2, TAC; zeros after the state when there is no lock. */
  #lockState(lock: GreyLock | undefined, unread: GreyLock | undefined): Bytes {
    const told = lock ?? unread;
    const state = u8(lock !== undefined ? LOCK_STATES.locked : unread !== undefined ? LOCK_STATES.unread : LOCK_STATES.free);
    const book = told === undefined ? undefined : this.#books.book(told.book === "e-purse" ? 0x02 : 0x01);
    if (told === undefined || book === undefined) return concat(state, new Uint8Array(LOCK_PROOF_BYTES - 1));
    const type = lock !== undefined ? book.types.greyLock : book.types.greyDebit;
    const texts = [told.terminalNumber, told.date, told.time, told.mac2, told.tac].map(fromHex);
    return concat(state, u8(type), u8(book.p2), u32be(told.balanceFen), u16be(told.seq), ...texts);
  }
}
