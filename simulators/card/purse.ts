/* The PBOC e-purse (EP) of a card: balance, purchase, load, transaction proof and log. */
import { type Bytes, concat, equalBytes, fromHex, readUint, toHex, u8, u16be, u32be } from "../../device/base/bytes.ts";
import {
  loadMac1Input,
  loadMac2Input,
  loadSessionKey,
  loadTacInput,
  type PurchaseTerms,
  type PurseRules,
  purchaseMac1Input,
  purchaseMac2Input,
  purchaseSessionKey,
  purchaseTacInput,
  purseMac,
  purseTac,
} from "../crypto/purse.ts";
import type { CardCore } from "./core.ts";
import type { ElementaryFile } from "./files.ts";
import { type Answer, type Command, ok, refuse, SW } from "./iso.ts";

const TYPE_LOAD = 0x02;
const TYPE_PURCHASE = 0x06;
const LOG_RECORDS = 10;
const BALANCE_MAX = 0x7fff_ffff;
const SEQUENCE_MAX = 0xffff;

type Session =
  | { readonly kind: "purchase"; readonly amountFen: number; readonly terminalNumber: Bytes; readonly cardRandom: Bytes }
  | { readonly kind: "load"; readonly amountFen: number; readonly terminalNumber: Bytes; readonly key: Bytes };

/** Reverses bits so that the value can never be the right one. */
function spoiled(bytes: Bytes): Bytes {
  return bytes.map((byte) => byte ^ 0xff);
}

export class EPurse {
  readonly #core: CardCore;
  readonly #rules: PurseRules;
  #session: Session | undefined;

  constructor(core: CardCore) {
    this.#core = core;
    this.#rules = { suite: core.suite, algorithm: core.personalization.purse.algorithm, profile: core.personalization.profile };
  }

  /** Back to idle: power has gone, another application was selected, or a command came that breaks the sequence. */
  interrupt(): void {
    this.#session = undefined;
  }

  /** Public data of EF15, 30 bytes. */
  publicData(): Bytes {
    const { purse } = this.#core.personalization;
    return concat(
      fromHex(purse.issuerHex),
      u8(purse.applicationType),
      u8(purse.applicationVersion),
      fromHex(purse.serialHex),
      fromHex(purse.startDate),
      fromHex(purse.endDate),
      Uint8Array.of(0x55, 0x66),
    );
  }

  /** Answer to SELECT. */
  controlInformation(): Bytes {
    const name = fromHex(this.#core.personalization.purse.aidHex);
    const issuerData = concat(Uint8Array.of(0x9f, 0x0c, 0x1e), this.publicData());
    const body = concat(Uint8Array.of(0x84, name.length), name, Uint8Array.of(0xa5, issuerData.length), issuerData);
    return concat(Uint8Array.of(0x6f, body.length), body);
  }

  files(): readonly ElementaryFile[] {
    const records = this.#core.memory.log.map((record) => ({ tag: undefined, value: fromHex(record) }));
    return [
      { kind: "transparent", id: 0x0015, read: "free", content: this.publicData() },
      { kind: "records", id: 0x0018, read: "free", records },
    ];
  }

  /** INITIALIZE FOR PURCHASE (80 50 01 02) and FOR LOAD (80 50 00 02). */
  initialize(command: Command): Answer {
    this.#session = undefined;
    const { p1, p2, data } = command;
    if (p2 !== 0x02 || (p1 !== 0x00 && p1 !== 0x01)) return refuse(SW.wrongP1P2);
    if (data.length !== 0x0b) return refuse(SW.wrongLength);
    if (data[0] !== this.#core.personalization.purse.keyIndex) return refuse(SW.keyIndexUnknown);
    const terms = { amountFen: readUint(data, 1, 4), terminalNumber: data.slice(5, 11) };
    return p1 === 0x01 ? this.#initializePurchase(terms) : this.#initializeLoad(terms);
  }

  /** DEBIT FOR PURCHASE. Balance, sequence, log and proof change together. Spec: PBOC purse, DEBIT FOR PURCHASE. */
  debit(command: Command): Answer {
    const session = this.#session;
    this.#session = undefined;
    if (session?.kind !== "purchase") return refuse(SW.notAcceptable);
    if (command.p1 !== 0x01 || command.p2 !== 0x00) return refuse(SW.wrongP1P2);
    const { data } = command;
    if (data.length !== 0x0f) return refuse(SW.wrongLength);
    const terminalSequence = readUint(data, 0, 4);
    const terms: PurchaseTerms = { ...session, type: TYPE_PURCHASE, date: data.slice(4, 8), time: data.slice(8, 11) };
    const cardSequence = this.#core.memory.offlineSeq;
    const { purse } = this.#core.personalization;
    const key = purchaseSessionKey(this.#rules, fromHex(purse.dpkHex), { cardRandom: session.cardRandom, cardSequence, terminalSequence });
    if (!equalBytes(purseMac(this.#rules, key, purchaseMac1Input(terms)), data.slice(11, 15))) return refuse(SW.wrongMac);
    const { faults } = this.#core;
    const mac2 = purseMac(this.#rules, key, purchaseMac2Input(terms.amountFen));
    const tac = purseTac(this.#rules, fromHex(purse.dtkHex), purchaseTacInput(terms, terminalSequence));
    const given = { mac2: faults.wrongMac2 ? spoiled(mac2) : mac2, tac: faults.wrongTac ? spoiled(tac) : tac };
    this.#commitPurchase(terms, { terminalSequence, ...given });
    return ok(concat(given.tac, given.mac2));
  }

  /** CREDIT FOR LOAD. */
  credit(command: Command): Answer {
    const session = this.#session;
    this.#session = undefined;
    if (session?.kind !== "load") return refuse(SW.notAcceptable);
    if (command.p1 !== 0x00 || command.p2 !== 0x00) return refuse(SW.wrongP1P2);
    const { data } = command;
    if (data.length !== 0x0b) return refuse(SW.wrongLength);
    const terms: PurchaseTerms = { ...session, type: TYPE_LOAD, date: data.slice(0, 4), time: data.slice(4, 7) };
    if (!equalBytes(purseMac(this.#rules, session.key, loadMac2Input(terms)), data.slice(7, 11))) return refuse(SW.wrongMac);
    return ok(this.#commitLoad(terms));
  }

  getBalance(command: Command): Answer {
    if (command.p1 !== 0x00 || command.p2 !== 0x02) return refuse(SW.wrongP1P2);
    if (command.data.length > 0) return refuse(SW.wrongLength);
    return ok(u32be(this.#core.memory.balanceFen));
  }

  /** GET TRANSACTION PROVE: MAC2, then TAC, of the last purchase, if its sequence is the one asked for. */
  prove(command: Command): Answer {
    if (command.p1 !== 0x00) return refuse(SW.wrongP1P2);
    if (command.data.length !== 2) return refuse(SW.wrongLength);
    const { proof } = this.#core.memory;
    const held = proof !== undefined && proof.type === command.p2 && proof.seq === readUint(command.data, 0, 2);
    return held ? ok(concat(fromHex(proof.mac), fromHex(proof.tac))) : refuse(SW.noProof);
  }

  #initializePurchase(terms: { readonly amountFen: number; readonly terminalNumber: Bytes }): Answer {
    const {
      memory,
      faults,
      personalization: { purse },
    } = this.#core;
    if (faults.counterExhausted || memory.offlineSeq >= SEQUENCE_MAX) return refuse(SW.counterExhausted);
    if (terms.amountFen > memory.balanceFen) return refuse(SW.fundsInsufficient);
    if (faults.proofDroppedByNextInit) this.#core.commit({ proof: undefined });
    const cardRandom = this.#core.random(4);
    this.#session = { kind: "purchase", ...terms, cardRandom };
    const overdraft = new Uint8Array(3);
    return ok(concat(u32be(memory.balanceFen), u16be(memory.offlineSeq), overdraft, Uint8Array.of(purse.keyVersion, this.#algorithmByte()), cardRandom));
  }

  #initializeLoad(terms: { readonly amountFen: number; readonly terminalNumber: Bytes }): Answer {
    const {
      memory,
      personalization: { purse },
    } = this.#core;
    if (memory.onlineSeq >= SEQUENCE_MAX) return refuse(SW.counterExhausted);
    if (memory.balanceFen + terms.amountFen > BALANCE_MAX) return refuse(SW.conditionsNotSatisfied);
    const cardRandom = this.#core.random(4);
    const key = loadSessionKey(this.#rules, fromHex(purse.dlkHex), { cardRandom, onlineSequence: memory.onlineSeq });
    this.#session = { kind: "load", ...terms, key };
    const mac1 = purseMac(this.#rules, key, loadMac1Input(memory.balanceFen, { ...terms, type: TYPE_LOAD }));
    return ok(concat(u32be(memory.balanceFen), u16be(memory.onlineSeq), Uint8Array.of(purse.keyVersion, this.#algorithmByte()), cardRandom, mac1));
  }

  #algorithmByte(): number {
    return this.#rules.algorithm === "sm4" ? this.#rules.profile.psamAlgByteSm4 : 0x00;
  }

  #loggedSequence(before: number): number {
    return this.#rules.profile.logSeqMode === "pre" ? before : before + 1;
  }

  #logWith(seq: number, terms: PurchaseTerms): readonly string[] {
    const record = concat(u16be(seq), new Uint8Array(3), u32be(terms.amountFen), u8(terms.type), terms.terminalNumber, terms.date, terms.time);
    return [toHex(record), ...this.#core.memory.log].slice(0, LOG_RECORDS);
  }

  #commitPurchase(terms: PurchaseTerms, result: { readonly terminalSequence: number; readonly mac2: Bytes; readonly tac: Bytes }): void {
    const { memory } = this.#core;
    const before = memory.offlineSeq;
    const seq = this.#loggedSequence(before);
    this.#core.commit({
      balanceFen: memory.balanceFen - terms.amountFen,
      offlineSeq: before + 1,
      log: this.#logWith(seq, terms),
      proof: { type: TYPE_PURCHASE, seq, mac: toHex(result.mac2), tac: toHex(result.tac) },
      debits: [
        ...memory.debits,
        {
          amountFen: terms.amountFen,
          terminalNumber: toHex(terms.terminalNumber),
          terminalSeq: result.terminalSequence,
          date: toHex(terms.date),
          time: toHex(terms.time),
          cardSeqBefore: before,
          tac: toHex(result.tac),
        },
      ],
    });
  }

  #commitLoad(terms: PurchaseTerms): Bytes {
    const {
      memory,
      personalization: { purse },
    } = this.#core;
    const before = memory.onlineSeq;
    const balanceFen = memory.balanceFen + terms.amountFen;
    const tac = purseTac(this.#rules, fromHex(purse.dtkHex), loadTacInput(balanceFen, before, terms));
    this.#core.commit({
      balanceFen,
      onlineSeq: before + 1,
      log: this.#logWith(this.#loggedSequence(before), terms),
      loads: [
        ...memory.loads,
        {
          amountFen: terms.amountFen,
          terminalNumber: toHex(terms.terminalNumber),
          date: toHex(terms.date),
          time: toHex(terms.time),
          onlineSeqBefore: before,
          tac: toHex(tac),
        },
      ],
    });
    return tac;
  }
}
