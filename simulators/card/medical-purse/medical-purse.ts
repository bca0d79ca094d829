/*
 * Goal: the medical purse of DF04 (class B0), strict in order, lengths and conditions. Spec: LD/T 32.5, 7.
 * Method: one session in working memory (idle, load or purchase) and one commit for everything that a transaction changes, so that a
 * card that loses power has all of it or nothing. GET BALANCE and GET TRANSACTION PROOF keep the session; any other command, and any
 * failure, ends it.
 */
import { assert } from "../../../device/base/assert.ts";
import { type Bytes, concat, equalBytes, fromHex, readUint, toHex, u8, u16be, u32be } from "../../../device/base/bytes.ts";
import {
  type MedicalLoadTerms,
  type MedicalPurchaseTerms,
  type MedicalRules,
  medicalLoadMac1Input,
  medicalLoadMac2Input,
  medicalLoadSessionKey,
  medicalLoadTacInput,
  medicalMac,
  medicalPurchaseMac1Input,
  medicalPurchaseMac2Input,
  medicalPurchaseSessionKey,
  medicalPurchaseTacInput,
  medicalTac,
  medicalTypeByte,
} from "../../crypto/medical.ts";
import { socialSessionKey } from "../../crypto/social.ts";
import type { CardCore } from "../core.ts";
import type { ElementaryFile } from "../files.ts";
import { type Answer, type Command, ok, refuse, SW } from "../iso.ts";
import type { CardMemory } from "../state.ts";
import { isBcd, isMonthAndDay, totalsAfter } from "./pay-year.ts";
import type { MedicalPurchaseKey, MedicalPurseData, MedicalPurseMemory } from "./state.ts";

/** What the purse asks of the directory that it lies in. */
export interface MedicalPlace {
  /** The holder's PIN has been verified since power-up, or none is set. */
  pinSatisfied(): boolean;
}

/** Class byte of the purse's commands; in the test of a dispatcher it is enough. */
export const MEDICAL_PURSE_CLASS = 0xb0;

const INS_BALANCE = 0x26;
const INS_INITIALIZE = 0x28;
const INS_CREDIT = 0x2a;
const INS_DEBIT = 0x2c;
const INS_PROOF = 0x2e;
const INS_START_DAY = 0x56;

const LOG_FILE = 0xef08;
const LOG_RECORDS = 30;
const LOG_LOAD = 0x31;
const LOG_PURCHASE = 0x32;
const LOAD_KEY = { index: 0x01, version: 0x01 };
const AMOUNT_MAX = 0xffff_ffff;
const SEQUENCE_MAX = 0xffff;
const MEMORY_TROUBLE = 0x6581;

type Session =
  | {
      readonly kind: "purchase";
      readonly key: MedicalPurchaseKey;
      readonly cardRandom: Bytes;
      readonly amounts: Pick<MedicalPurchaseTerms, "accountFen" | "selfPayFen" | "pooledFen">;
      readonly terminalNumber: Bytes;
    }
  | { readonly kind: "load"; readonly key: Bytes; readonly amountFen: number; readonly terminalNumber: Bytes };

/** Reverses bits so that the value can never be the right one. */
function spoiled(bytes: Bytes): Bytes {
  return bytes.map((byte) => byte ^ 0xff);
}

export class MedicalPurse {
  readonly #core: CardCore;
  readonly #place: MedicalPlace;
  readonly #rules: MedicalRules;
  readonly #data: MedicalPurseData;
  #session: Session | undefined;

  /** Only for a card that was personalised with a medical purse. */
  constructor(core: CardCore, place: MedicalPlace) {
    const { medicalPurse, social, profile } = core.personalization;
    assert(medicalPurse !== undefined, "the card has a medical purse");
    this.#core = core;
    this.#place = place;
    this.#data = medicalPurse;
    this.#rules = { suite: core.suite, algorithm: social.algorithm, profile };
  }

  /** Back to idle: another command came, or another directory was selected. */
  interrupt(): void {
    this.#session = undefined;
  }

  powerOff(): void {
    this.interrupt();
  }

  /** DF04/08: the log, which the COS alone writes. */
  files(): readonly ElementaryFile[] {
    const records = this.#memory.log.map((record) => ({ tag: undefined, value: fromHex(record) }));
    return [{ kind: "records", id: LOG_FILE, read: "pin", records }];
  }

  /** Any command of class B0 while DF04 is the current directory. */
  execute(command: Command): Answer {
    if (command.cla !== MEDICAL_PURSE_CLASS) return this.#failed(refuse(SW.unknownClass));
    const answer = this.#dispatch(command);
    return answer.sw === 0x9000 ? answer : this.#failed(answer);
  }

  get #memory(): MedicalPurseMemory {
    const { medicalPurse } = this.#core.memory;
    assert(medicalPurse !== undefined, "the card has a medical purse");
    return medicalPurse;
  }

  /** A command that failed leaves the purse idle. Spec: LD/T 32.5, table 49. */
  #failed(answer: Answer): Answer {
    this.#session = undefined;
    return answer;
  }

  #dispatch(command: Command): Answer {
    switch (command.ins) {
      case INS_BALANCE:
        return this.#getBalance(command);
      case INS_PROOF:
        return this.#prove(command);
      case INS_INITIALIZE:
        return this.#initialize(command);
      case INS_CREDIT:
        return this.#credit(command);
      case INS_DEBIT:
        return this.#debit(command);
      case INS_START_DAY:
        this.interrupt();
        return command.p1 === 0x00 ? this.#getStartDay(command) : this.#updateStartDay(command);
      default:
        return refuse(SW.unknownInstruction);
    }
  }

  /** GET BALANCE: CIA 4, or SPIP or SPFP 4 with the pay year 2. Spec: LD/T 32.5, GET BALANCE. */
  #getBalance({ p1, p2, data }: Command): Answer {
    if (p1 !== 0x00 || p2 < 0x01 || p2 > 0x03) return refuse(SW.wrongP1P2);
    if (data.length > 0) return refuse(SW.wrongLength);
    if (!this.#place.pinSatisfied()) return refuse(SW.securityNotSatisfied);
    const { accountFen, selfPayTotalFen, pooledTotalFen } = this.#memory;
    if (p2 === 0x01) return ok(u32be(accountFen));
    return ok(concat(u32be(p2 === 0x02 ? selfPayTotalFen : pooledTotalFen), fromHex(this.#memory.payYear)));
  }

  /** INITIALIZE FOR LOAD (P1 00) and FOR PURCHASE (P1 01); either begins anew, whatever was open. */
  #initialize(command: Command): Answer {
    this.interrupt();
    const { p1, p2, data } = command;
    if (p2 !== 0x01 || (p1 !== 0x00 && p1 !== 0x01)) return refuse(SW.wrongP1P2);
    if (data.length !== (p1 === 0x00 ? 0x0b : 0x13)) return refuse(SW.wrongLength);
    // Both transactions need the holder's PIN where one is set. Spec: LD/T 32.7, 11.
    if (!this.#place.pinSatisfied()) return refuse(SW.securityNotSatisfied);
    return p1 === 0x00 ? this.#initializeLoad(data) : this.#initializePurchase(data);
  }

  /** Key index, then funds (the account amount alone), then the random number. Spec: LD/T 32.7, 12. */
  #initializePurchase(data: Bytes): Answer {
    const key = this.#data.purchaseKeys.find(({ index }) => index === data[0]);
    if (key === undefined) return refuse(SW.keyIndexUnknown);
    const amounts = { accountFen: readUint(data, 1, 4), selfPayFen: readUint(data, 5, 4), pooledFen: readUint(data, 9, 4) };
    const memory = this.#memory;
    if (amounts.accountFen > memory.accountFen) return refuse(SW.fundsInsufficient);
    // An account-only purse has no place for the other amounts; a terminal that gives them has mistaken the card.
    if (this.#data.accountOnly && amounts.selfPayFen + amounts.pooledFen > 0) return refuse(SW.conditionsNotSatisfied);
    const { faults } = this.#core;
    if (faults.counterExhausted || memory.purchaseSeq >= SEQUENCE_MAX) return refuse(SW.counterExhausted);
    this.#dropProof();
    const cardRandom = this.#core.random(4);
    this.#session = { kind: "purchase", key, cardRandom, amounts, terminalNumber: data.slice(13, 19) };
    const funds = concat(u32be(memory.accountFen), u32be(memory.selfPayTotalFen), u32be(memory.pooledTotalFen), fromHex(memory.payYear));
    return ok(concat(funds, u16be(memory.purchaseSeq), Uint8Array.of(key.version, this.#algorithmByte()), cardRandom));
  }

  #initializeLoad(data: Bytes): Answer {
    if (data[0] !== LOAD_KEY.index) return refuse(SW.keyIndexUnknown);
    const memory = this.#memory;
    const amountFen = readUint(data, 1, 4);
    if (memory.accountFen + amountFen > AMOUNT_MAX) return refuse(SW.conditionsNotSatisfied);
    if (memory.loadSeq >= SEQUENCE_MAX) return refuse(SW.counterExhausted);
    this.#dropProof();
    const terminalNumber = data.slice(5, 11);
    const cardRandom = this.#core.random(4);
    const key = medicalLoadSessionKey(this.#rules, fromHex(this.#data.dlkHex), { cardRandom, loadSequence: memory.loadSeq });
    this.#session = { kind: "load", key, amountFen, terminalNumber };
    const type = medicalTypeByte(this.#rules.profile, "load");
    const mac1 = medicalMac(this.#rules, key, medicalLoadMac1Input(memory.accountFen, { amountFen, type, terminalNumber }));
    return ok(concat(u32be(memory.accountFen), u16be(memory.loadSeq), Uint8Array.of(LOAD_KEY.version, this.#algorithmByte()), cardRandom, mac1));
  }

  /** CREDIT FOR LOAD: MAC2, then one step. Spec: LD/T 32.5, CREDIT FOR LOAD. */
  #credit(command: Command): Answer {
    const session = this.#session;
    this.interrupt();
    if (session?.kind !== "load") return refuse(SW.notAcceptable);
    const { p1, p2, data } = command;
    if (p1 !== 0x00 || p2 !== 0x00) return refuse(SW.wrongP1P2);
    if (data.length !== 0x0b) return refuse(SW.wrongLength);
    const { amountFen, terminalNumber } = session;
    const type = medicalTypeByte(this.#rules.profile, "load");
    const terms: MedicalLoadTerms = { amountFen, terminalNumber, type, date: data.slice(0, 4), time: data.slice(4, 7) };
    const mac2 = medicalMac(this.#rules, session.key, medicalLoadMac2Input(terms));
    if (!equalBytes(mac2, data.slice(7, 11))) return refuse(SW.wrongMac);
    return this.#commitLoad(terms, mac2);
  }

  /** DEBIT FOR PURCHASE: MAC1, the rule of the year, then one step. Spec: LD/T 32.7, 12. */
  #debit(command: Command): Answer {
    const session = this.#session;
    this.interrupt();
    if (session?.kind !== "purchase") return refuse(SW.notAcceptable);
    const { p1, p2, data } = command;
    if (p1 !== 0x01 || p2 !== 0x00) return refuse(SW.wrongP1P2);
    if (data.length !== 0x0f) return refuse(SW.wrongLength);
    const terminalSequence = readUint(data, 0, 4);
    const { amounts, terminalNumber, cardRandom } = session;
    const type = medicalTypeByte(this.#rules.profile, "purchase");
    const terms: MedicalPurchaseTerms = { ...amounts, type, terminalNumber, date: data.slice(4, 8), time: data.slice(8, 11) };
    const key = medicalPurchaseSessionKey(this.#rules, fromHex(session.key.keyHex), {
      cardRandom,
      cardSequence: this.#memory.purchaseSeq,
      terminalSequence,
    });
    if (!equalBytes(medicalMac(this.#rules, key, medicalPurchaseMac1Input(terms)), data.slice(11, 15))) return refuse(SW.wrongMac);
    if (!isBcd(terms.date) || !isBcd(terms.time)) return refuse(SW.conditionsNotSatisfied);
    return this.#commitPurchase(terms, { terminalSequence, mac2: medicalMac(this.#rules, key, medicalPurchaseMac2Input(amounts)) });
  }

  /** GET TRANSACTION PROOF: MAC, then TAC, of the last transaction, if type and sequence are its own. Spec: LD/T 32.7, 14. */
  #prove({ p1, p2, data }: Command): Answer {
    const types = [medicalTypeByte(this.#rules.profile, "load"), medicalTypeByte(this.#rules.profile, "purchase")];
    if (p1 !== 0x00 || !types.includes(p2)) return refuse(SW.wrongP1P2);
    if (data.length !== 2) return refuse(SW.wrongLength);
    const { proof } = this.#memory;
    const held = proof !== undefined && proof.type === p2 && proof.seq === readUint(data, 0, 2);
    return held ? ok(concat(fromHex(proof.mac), fromHex(proof.tac))) : refuse(SW.noProof);
  }

  #getStartDay({ p2, data }: Command): Answer {
    if (p2 !== 0x00) return refuse(SW.wrongP1P2);
    if (data.length > 0) return refuse(SW.wrongLength);
    return ok(fromHex(this.#memory.startDay));
  }

  /** UPDATE START DAY: day 2 and MAC 4 under a session key of DSK, made from the last challenge; the header is not in the MAC. */
  #updateStartDay({ p1, p2, data }: Command): Answer {
    if (p1 !== 0x01 || p2 !== 0x00) return refuse(SW.wrongP1P2);
    if (data.length !== 6) return refuse(SW.wrongLength);
    const factor = this.#core.takeChallenge();
    const { algorithm, suite } = this.#rules;
    if (this.#data.accountOnly || factor === undefined || factor.length > (algorithm === "sm4" ? 16 : 8)) return refuse(SW.conditionsNotSatisfied);
    const key = socialSessionKey(suite, algorithm, { key: fromHex(this.#data.dskHex), factor });
    const day = data.slice(0, 2);
    if (!equalBytes(medicalMac(this.#rules, key, day), data.slice(2))) return refuse(SW.wrongMac);
    if (!isMonthAndDay(day)) return refuse(SW.conditionsNotSatisfied);
    this.#core.commit({ medicalPurse: { ...this.#memory, startDay: toHex(day) } });
    return ok();
  }

  #algorithmByte(): number {
    return this.#rules.algorithm === "sm4" ? this.#core.personalization.profile.psamAlgByteSm4 : 0x00;
  }

  #dropProof(): void {
    if (!this.#core.faults.proofDroppedByNextInit) return;
    const { proof: _, ...rest } = this.#memory;
    this.#core.commit({ medicalPurse: rest });
  }

  #loggedSequence(before: number): number {
    return this.#core.personalization.profile.logSeqMode === "pre" ? before : (before + 1) % (SEQUENCE_MAX + 1);
  }

  #logWith(record: { readonly seq: number; readonly type: number; readonly terms: MedicalPurchaseTerms }): readonly string[] {
    const { seq, type, terms } = record;
    const head = concat(u16be(seq), u8(type), terms.terminalNumber, terms.date, terms.time, u32be(terms.accountFen));
    const whole = this.#data.accountOnly ? head : concat(head, u32be(terms.selfPayFen), u32be(terms.pooledFen));
    return [toHex(whole), ...this.#memory.log].slice(0, LOG_RECORDS);
  }

  #commitPurchase(terms: MedicalPurchaseTerms, result: { readonly terminalSequence: number; readonly mac2: Bytes }): Answer {
    const memory = this.#memory;
    const totals = this.#data.accountOnly ? {} : totalsAfter(memory, terms);
    if (totals === undefined) return refuse(SW.conditionsNotSatisfied);
    const { faults } = this.#core;
    const tac = medicalTac(this.#rules, fromHex(this.#data.dtkHex), medicalPurchaseTacInput(terms, result.terminalSequence));
    const given = { mac2: faults.wrongMac2 ? spoiled(result.mac2) : result.mac2, tac: faults.wrongTac ? spoiled(tac) : tac };
    const before = memory.purchaseSeq;
    const seq = this.#loggedSequence(before);
    const medicalPurse: MedicalPurseMemory = {
      ...memory,
      ...totals,
      accountFen: memory.accountFen - terms.accountFen,
      purchaseSeq: before + 1,
      log: this.#logWith({ seq, type: LOG_PURCHASE, terms }),
      proof: { type: terms.type, seq, mac: toHex(given.mac2), tac: toHex(given.tac) },
    };
    const debit = {
      purse: "medical-purse",
      amountFen: terms.accountFen,
      selfPayFen: terms.selfPayFen,
      pooledFen: terms.pooledFen,
      terminalNumber: toHex(terms.terminalNumber),
      terminalSeq: result.terminalSequence,
      date: toHex(terms.date),
      time: toHex(terms.time),
      cardSeqBefore: before,
      tac: toHex(given.tac),
    } as const;
    return this.#committed({ medicalPurse, debits: [...this.#core.memory.debits, debit] }, concat(given.tac, given.mac2));
  }

  #commitLoad(terms: MedicalLoadTerms, mac2: Bytes): Answer {
    const memory = this.#memory;
    const before = memory.loadSeq;
    const state = { balanceBeforeFen: memory.accountFen, sequenceBefore: before };
    const right = medicalTac(this.#rules, fromHex(this.#data.dtkHex), medicalLoadTacInput(this.#rules.profile, state, terms));
    const tac = this.#core.faults.wrongTac ? spoiled(right) : right;
    const seq = this.#loggedSequence(before);
    const medicalPurse: MedicalPurseMemory = {
      ...memory,
      accountFen: memory.accountFen + terms.amountFen,
      loadSeq: before + 1,
      log: this.#logWith({ seq, type: LOG_LOAD, terms: { ...terms, accountFen: terms.amountFen, selfPayFen: 0, pooledFen: 0 } }),
      proof: { type: terms.type, seq, mac: toHex(mac2), tac: toHex(tac) },
    };
    const load = {
      purse: "medical-purse",
      amountFen: terms.amountFen,
      terminalNumber: toHex(terms.terminalNumber),
      date: toHex(terms.date),
      time: toHex(terms.time),
      onlineSeqBefore: before,
      tac: toHex(tac),
    } as const;
    return this.#committed({ medicalPurse, loads: [...this.#core.memory.loads, load] }, tac);
  }

  /** The one step of a transaction, and its answer; with trouble in the memory the terminal does not learn which way it went. */
  #committed(change: Partial<CardMemory>, data: Bytes): Answer {
    const trouble = this.#core.faults.memoryTrouble;
    if (trouble !== "not-written") this.#core.commit(change);
    if (trouble === undefined) return ok(data);
    this.#core.setFaults({ memoryTrouble: undefined });
    return refuse(MEMORY_TROUBLE);
  }
}
