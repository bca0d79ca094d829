/*
 * The books of a purse application: two stores of money with their counters, one log, and the proofs.
 * Whatever a transaction changes, it changes in one commit, so that a cut finds all of it or nothing.
 */
import { type Bytes, concat, fromHex, toHex, u8, u16be, u32be } from "../../../device/base/bytes.ts";
import { accountTac, PURSE_TYPES, type PurchaseTerms, type PurseAccount, type PurseRules } from "../../crypto/purse.ts";
import { type CardCore, KEY_TRIES, PIN_TRIES } from "../core.ts";
import { type Answer, ok, refuse } from "../iso.ts";
import type { CardDebit, CardLoad, CardMemory } from "../state.ts";
import type { BookName, ProofSlot, PurseData, PurseMemory, StoredProof } from "./state.ts";

export const BALANCE_MAX = 0x7fff_ffff;
export const SEQUENCE_MAX = 0xffff;
const LOG_RECORDS = 10;
/** The card cannot say whether it has written. Spec: ISO/IEC 7816-4, status words. */
const MEMORY_TROUBLE = 0x6581;
/** The housing ministry's cards keep loads in a log of their own. Spec: CJ/T 166, files. */
const LOAD_LOG_FILE = "001a";
const UNBLOCK_TRIES = 3;

/** What a purse remembers beyond its e-purse before anything has happened. */
export const FRESH_PURSE_MEMORY: PurseMemory = {
  pinTriesLeft: PIN_TRIES,
  reloadTriesLeft: KEY_TRIES,
  unlockTriesLeft: KEY_TRIES,
  unblockTriesLeft: UNBLOCK_TRIES,
};

/** Transaction types of one book. Spec: PBOC purse, transaction types. */
export interface BookTypes {
  readonly load: number;
  readonly purchase: number;
  readonly greyLock: number;
  readonly greyDebit: number;
  readonly greyUnlock: number;
}

const PASSBOOK_TYPES: BookTypes = {
  load: PURSE_TYPES.loadPassbook,
  purchase: PURSE_TYPES.purchasePassbook,
  greyLock: PURSE_TYPES.greyLockPassbook,
  greyDebit: PURSE_TYPES.greyDebitPassbook,
  greyUnlock: PURSE_TYPES.greyUnlockPassbook,
};

const PURSE_BOOK_TYPES: BookTypes = {
  load: PURSE_TYPES.loadPurse,
  purchase: PURSE_TYPES.purchasePurse,
  greyLock: PURSE_TYPES.greyLockPurse,
  greyDebit: PURSE_TYPES.greyDebitPurse,
  greyUnlock: PURSE_TYPES.greyUnlockPurse,
};

/** One store of money as it stands now. */
export interface Book {
  readonly name: BookName;
  /** P2 of commands. */
  readonly p2: number;
  readonly types: BookTypes;
  /** Below zero by as much as is overdrawn. */
  readonly balanceFen: number;
  readonly overdraftLimitFen: number;
  readonly onlineSeq: number;
  readonly offlineSeq: number;
}

/** What a purchase may take, which is the balance that commands carry: the overdraft is part of it. Spec: PBOC purse, overdraft. */
export function spendable(book: Book): number {
  return book.balanceFen + book.overdraftLimitFen;
}

/** The holder's own money, nothing where the book is overdrawn. */
export function ownMoney(book: Book): number {
  return Math.max(book.balanceFen, 0);
}

/** One transaction, whole. */
export interface Movement {
  readonly book: Book;
  readonly counter: "offline" | "online";
  /** Below zero: money leaves the book. */
  readonly changeFen: number;
  /** What the log says of it; a grey lock alone is not written down. */
  readonly log?: PurchaseTerms;
  readonly proof: { readonly type: number; readonly mac: Bytes; readonly tac: Bytes };
  readonly debit?: CardDebit;
  readonly load?: CardLoad;
  /** Further changes of the same step. */
  readonly memory?: Partial<PurseMemory>;
}

export class PurseBooks {
  readonly core: CardCore;
  readonly rules: PurseRules;

  constructor(core: CardCore) {
    this.core = core;
    this.rules = { suite: core.suite, algorithm: core.personalization.purse.algorithm, profile: core.personalization.profile };
  }

  get data(): PurseData {
    return this.core.personalization.purse;
  }

  get memory(): PurseMemory {
    return this.core.memory.purse ?? FRESH_PURSE_MEMORY;
  }

  /** Changes what the application remembers beside its money, in one step. */
  remember(change: Partial<PurseMemory>): void {
    this.core.commit({ purse: { ...this.memory, ...change } });
  }

  /** The book that P2 of a command names; undefined when this card has none. */
  book(p2: number): Book | undefined {
    const { memory } = this.core;
    const { passbook } = this.data;
    if (p2 === 0x02) {
      const { balanceFen, onlineSeq, offlineSeq } = memory;
      const overdraftLimitFen = this.data.overdraftLimitFen ?? 0;
      return { name: "e-purse", p2, types: PURSE_BOOK_TYPES, overdraftLimitFen, balanceFen, onlineSeq, offlineSeq };
    }
    if (p2 !== 0x01 || passbook === undefined) return undefined;
    const kept = this.memory.passbook ?? { balanceFen: passbook.initialBalanceFen, onlineSeq: 0, offlineSeq: 0 };
    return { name: "e-passbook", p2, types: PASSBOOK_TYPES, overdraftLimitFen: passbook.overdraftLimitFen, ...kept };
  }

  /** P2 of the book that compound purchases use. */
  get transitP2(): number {
    return this.rules.profile.transitPurse === "ED" ? 0x01 : 0x02;
  }

  /** The holder's PIN guards the passbook, but not at a gate. Spec: PBOC purse, e-passbook. */
  guarded(book: Book): boolean {
    return book.name === "e-passbook" && (this.data.transit === undefined || this.transitP2 !== book.p2);
  }

  get algorithmByte(): number {
    return this.rules.algorithm === "sm4" ? this.rules.profile.psamAlgByteSm4 : 0x00;
  }

  /** The sequence that log and proof carry of a transaction. */
  loggedSequence(before: number): number {
    return this.rules.profile.logSeqMode === "pre" ? before : before + 1;
  }

  tac(data: Bytes): Bytes {
    const account: PurseAccount = this.data.transit === undefined ? "purse" : "transit";
    const tac = accountTac(this.rules, account, { dtk: fromHex(this.data.dtkHex), data });
    return this.core.faults.wrongTac ? spoiled(tac) : tac;
  }

  /** MAC2 as it leaves the card. */
  given(mac2: Bytes): Bytes {
    return this.core.faults.wrongMac2 ? spoiled(mac2) : mac2;
  }

  /** The proof that the card still has of this type and sequence. */
  proof(type: number, seq: number): StoredProof | undefined {
    const held = [this.core.memory.proof, ...Object.values(this.memory.proofs ?? {})];
    return held.find((proof) => proof !== undefined && proof.type === type && proof.seq === seq);
  }

  /** Drops the proof of a book's last debit. */
  dropProof(book: Book): void {
    const { passbookDebit: _, ...others } = this.memory.proofs ?? {};
    if (book.name === "e-purse") this.core.commit({ proof: undefined });
    else this.remember({ proofs: others });
  }

  /** Money, counter, log, proof, records and ground truth in one step; then the answer, or memory trouble where the user asked for it. */
  commit(movement: Movement, data: Bytes): Answer {
    const trouble = this.core.faults.memoryTrouble;
    if (trouble !== "not-written") this.#write(movement);
    if (trouble === undefined) return ok(data);
    this.core.setFaults({ memoryTrouble: undefined });
    return refuse(MEMORY_TROUBLE);
  }

  #write(movement: Movement): void {
    const { book, counter, log } = movement;
    const { memory } = this.core;
    const before = counter === "offline" ? book.offlineSeq : book.onlineSeq;
    const seq = this.loggedSequence(before);
    const proof = { type: movement.proof.type, seq, mac: toHex(movement.proof.mac), tac: toHex(movement.proof.tac) };
    const counters = counter === "offline" ? { offlineSeq: before + 1 } : { onlineSeq: before + 1 };
    const line = log === undefined ? undefined : this.#logLine(seq, book, log);
    const toLoadLog = line !== undefined && movement.load !== undefined && this.data.transit?.scheme === "housing";
    this.core.commit({
      ...this.#moved(movement, counters, proof),
      ...(line === undefined || toLoadLog ? {} : { log: [line, ...memory.log].slice(0, LOG_RECORDS) }),
      ...(movement.debit === undefined ? {} : { debits: [...memory.debits, movement.debit] }),
      ...(movement.load === undefined ? {} : { loads: [...memory.loads, movement.load] }),
      ...this.#remembered(movement, { counters, proof, loadLine: toLoadLog ? line : undefined }),
    });
  }

  #moved({ book, counter, changeFen }: Movement, counters: Partial<CardMemory>, proof: StoredProof): Partial<CardMemory> {
    if (book.name !== "e-purse") return {};
    const balanceFen = book.balanceFen + changeFen;
    return { balanceFen, ...counters, ...(counter === "offline" ? { proof } : {}) };
  }

  /** What the application's own part of the memory becomes; left out where nothing of it changes. */
  #remembered(
    { book, counter, changeFen, memory }: Movement,
    step: {
      readonly counters: { readonly offlineSeq?: number; readonly onlineSeq?: number };
      readonly proof: StoredProof;
      readonly loadLine: string | undefined;
    },
  ): Partial<CardMemory> {
    const kept = this.memory;
    const slot = slotOf(book.name, counter);
    const { onlineSeq, offlineSeq, balanceFen } = book;
    const passbook = { balanceFen: balanceFen + changeFen, onlineSeq, offlineSeq, ...step.counters };
    const loadLog = [...(step.loadLine === undefined ? [] : [step.loadLine]), ...(kept.written?.[LOAD_LOG_FILE] ?? [])].slice(0, LOG_RECORDS);
    const change: Partial<PurseMemory> = {
      ...(book.name === "e-passbook" ? { passbook } : {}),
      ...(slot === undefined ? {} : { proofs: { ...kept.proofs, [slot]: step.proof } }),
      ...(step.loadLine === undefined ? {} : { written: { ...kept.written, [LOAD_LOG_FILE]: loadLog } }),
      ...memory,
    };
    return Object.keys(change).length === 0 ? {} : { purse: { ...kept, ...change } };
  }

  #logLine(seq: number, book: Book, terms: PurchaseTerms): string {
    const overdraft = u32be(book.overdraftLimitFen).slice(1);
    return toHex(concat(u16be(seq), overdraft, u32be(terms.amountFen), u8(terms.type), terms.terminalNumber, terms.date, terms.time));
  }
}

/** Where the proof of a counter stands; the e-purse's debits have their place in the card's own memory. */
function slotOf(book: BookName, counter: "offline" | "online"): ProofSlot | undefined {
  if (book === "e-passbook") return counter === "offline" ? "passbookDebit" : "passbookLoad";
  return counter === "offline" ? undefined : "purseLoad";
}

/** Reverses bits so that the value can never be the right one. */
function spoiled(bytes: Bytes): Bytes {
  return bytes.map((byte) => byte ^ 0xff);
}
