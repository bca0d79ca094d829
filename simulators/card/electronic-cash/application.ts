/*
 * Goal: a bank application with electronic cash that no terminal could tell from the specification, and that loses no money wherever it is torn.
 * Method: each command is a function in a file of its own that says what would change; here it is found, and what it says is committed at once.
 * Spec: JR/T 0025, electronic cash and qPBOC.
 */
import { assert } from "../../../device/base/assert.ts";
import { type Bytes, fromHex } from "../../../device/base/bytes.ts";
import { buildTlv } from "../../../device/codec/tlv.ts";
import { type CardApplication, refuseForeign } from "../application.ts";
import type { CardCore } from "../core.ts";
import { type Answer, type Command, ok, refuse, SW } from "../iso.ts";
import type { CardMemory } from "../state.ts";
import { getData } from "./data-objects.ts";
import { pathOf } from "./decisions.ts";
import { listLength, sentOr0, TAG, takenApart } from "./dol.ts";
import { authenticateInternally, authenticateIssuer, generateCryptogram, processFull, verifyPin } from "./full.ts";
import { appendIndustryRecord, cacheIndustryRecord, proveTransaction, readIndustryRecord } from "./industry.ts";
import { processQuick, readLastRecord } from "./quick.ts";
import { LAST_RECORD, personalizedRecord } from "./records.ts";
import { runScript } from "./scripts.ts";
import { applicationInformation, directoryInformation, LOAD_LOG_SFI, LOG_SFI, named, processingList, readDirectory } from "./selection.ts";
import { BANK_SW, type Bank, type Commit, openedSession, refused, type Session, type Step } from "./session.ts";
import type { ElectronicCashMemory } from "./state.ts";

const COUNTER_MAX = 0xffff;
const TEMPLATE_83 = 0x83;
/** A name is told by at least the five bytes of its provider. */
const NAME_LEAST = 5;
/** UPDATE CAPP DATA CACHE: it may come directly behind GET PROCESSING OPTIONS or behind another of its kind. */
const KEEPS_CACHE = 0x84de;
const PROCESSING = 0x80a8;
const READ_INDUSTRY = 0x80b4;

export class ElectronicCashApplication implements CardApplication {
  readonly #core: CardCore;
  /** The directory, or a session of the application; undefined while neither is selected. */
  #place: "directory" | Session | undefined;

  constructor(core: CardCore) {
    assert(core.personalization.electronicCash !== undefined, "a card with a bank application has its data");
    this.#core = core;
  }

  selectByName(name: Bytes, next: boolean): Answer | undefined {
    if (name.length < NAME_LEAST) return undefined;
    const bank = this.#bank();
    const after = next && typeof this.#place === "object" ? this.#place.aid : undefined;
    const found = named(bank, name, after);
    if (found === undefined) return undefined;
    if (found.kind === "directory") {
      this.#place = "directory";
      return ok(directoryInformation(bank));
    }
    this.#place = openedSession(found.aid, bank.data.algorithms === "rsa" ? "rsa" : "sm");
    const information = applicationInformation(bank, found.aid);
    // A blocked application still shows what it is, so that its issuer can unblock it.
    return blocked(bank) ? { data: information, sw: BANK_SW.applicationBlocked } : ok(information);
  }

  selectById(): Answer | undefined {
    return undefined;
  }

  execute(command: Command): Answer {
    const place = this.#place;
    const bank = this.#bank();
    if (place === undefined) return refuse(SW.conditionsNotSatisfied);
    if (place === "directory") return executeInDirectory(bank, command);
    const step = perform(bank, place, command);
    const header = (command.cla << 8) | command.ins;
    const session = step.session ?? place;
    const fresh = session.fresh && header === READ_INDUSTRY;
    this.#place = {
      ...session,
      first: place.first && step.repeated === true,
      fresh,
      cacheOpen: session.cacheOpen && (header === KEEPS_CACHE || header === PROCESSING),
    };
    this.#commit(bank, step.commit, forgotten(bank, place, step));
    return step.answer;
  }

  leave(): void {
    this.#place = undefined;
  }

  powerOff(): void {
    this.#place = undefined;
  }

  #bank(): Bank {
    const { personalization, memory } = this.#core;
    const { electronicCash: data } = personalization;
    assert(data !== undefined && memory.electronicCash !== undefined, "a card with a bank application has its data and its memory");
    return { core: this.#core, data, memory: memory.electronicCash };
  }

  /** Everything that one command changes, in one step. */
  #commit(bank: Bank, commit: Commit = {}, forgets: Partial<ElectronicCashMemory> = {}): void {
    const { memory } = this.#core;
    const changed = { ...forgets, ...commit.bank };
    const change: Partial<CardMemory> = {
      ...(Object.keys(changed).length === 0 ? {} : { electronicCash: { ...bank.memory, ...changed } }),
      ...(commit.debit === undefined ? {} : { debits: [...memory.debits, commit.debit] }),
      ...(commit.load === undefined ? {} : { loads: [...memory.loads, commit.load] }),
      ...(commit.cardBlocked === undefined ? {} : { cardBlocked: true }),
    };
    if (Object.keys(change).length > 0) this.#core.commit(change);
  }
}

/** The kept answer of the last payment goes with any other first command than its repetition, which may come more than once. */
function forgotten(bank: Bank, before: Session, step: Step): Partial<ElectronicCashMemory> {
  const kept = bank.memory.lastAnswer;
  if (!before.first || kept === undefined) return {};
  return step.repeated === true ? {} : { lastAnswer: undefined };
}

function blocked(bank: Bank): boolean {
  return bank.memory.applicationBlocked || bank.core.faults.blocked === "electronic-cash" || dead(bank);
}

/** No transaction is possible any more. */
function dead(bank: Bank): boolean {
  return bank.core.faults.counterExhausted || bank.memory.atc >= COUNTER_MAX;
}

function executeInDirectory(bank: Bank, command: Command): Answer {
  const reads = command.cla === 0x00 && command.ins === 0xb2;
  if (!reads) return refuseForeign(command);
  if ((command.p2 & 0x07) !== 0x04) return refuse(SW.wrongP1P2);
  return readDirectory(bank, { sfi: command.p2 >>> 3, record: command.p1 });
}

function perform(bank: Bank, session: Session, command: Command): Step {
  const header = (command.cla << 8) | command.ins;
  switch (header) {
    case 0x0082:
      return authenticateIssuer(bank, session, command);
    case 0x0084:
      return { answer: bank.core.drawChallenge(command) };
    case 0x0088:
      return authenticateInternally(bank, session, command);
    case 0x0020:
      return verifyPin(bank, session, command);
    case 0x00b2:
      return readRecord(bank, session, command);
    case PROCESSING:
      return processingOptions(bank, session, command);
    case 0x80ae:
      return generateCryptogram(bank, session, command);
    case 0x80ca:
      return getData(bank, command);
    default:
      return performFurther(bank, session, command);
  }
}

function performFurther(bank: Bank, session: Session, command: Command): Step {
  const header = (command.cla << 8) | command.ins;
  const extended = bank.data.extension !== undefined;
  if (extended && header === READ_INDUSTRY) return readIndustryRecord(bank, session, command);
  if (extended && header === KEEPS_CACHE) return cacheIndustryRecord(bank, session, command);
  if (extended && header === 0x805a) return proveTransaction(bank, command);
  if (extended && header === 0x04e2) return appendIndustryRecord(bank, command);
  const putData = (Number.parseInt(bank.core.personalization.profile.putDataCla, 16) << 8) | 0xda;
  const scripts: readonly number[] = [putData, 0x04dc, 0x8424, 0x841e, 0x8418, 0x8416];
  if (scripts.includes(header)) return runScript(bank, session, command);
  return { answer: refuseForeign(command) };
}

/** GET PROCESSING OPTIONS: the order and the form of the command, then the algorithm and the path. */
function processingOptions(bank: Bank, session: Session, command: Command): Step {
  const { p1, p2, data } = command;
  if (p1 !== 0x00 || p2 !== 0x00) return refused(SW.wrongP1P2);
  const inOrder = session.stage === "selected" && (session.fresh || !bank.data.strictOrder);
  if (!inOrder || dead(bank)) return refused(SW.conditionsNotSatisfied);
  const list = processingList(bank);
  const length = listLength(list);
  if (data.length !== length + 2) return refused(SW.wrongLength);
  if (data[0] !== TEMPLATE_83 || data[1] !== length) return refused(SW.wrongData);
  return process(bank, { ...session, sent: takenApart(list, data.slice(2)) });
}

function process(bank: Bank, session: Session): Step {
  const { sent } = session;
  const { algorithms } = bank.data;
  const chinese = sentOr0(sent, [TAG.chineseAlgorithms, 1])[0] === 0x01;
  // A card that has nothing but the Chinese algorithms has no common one with a terminal that has not.
  if (algorithms === "sm" && !chinese) return refused(SW.conditionsNotSatisfied);
  const opened: Session = { ...session, kind: algorithms !== "rsa" && chinese ? "sm" : "rsa" };
  const path = bank.core.interface === "contact" ? "full" : pathOf(sentOr0(sent, [TAG.terminalQualifiers, 4]));
  if (path === "full") return processFull(bank, opened);
  return path === undefined || blocked(bank) ? refused(SW.conditionsNotSatisfied) : processQuick(bank, opened);
}

/** READ RECORD by number: both logs, the records of the card maker, and the last record of a quick payment. */
function readRecord(bank: Bank, session: Session, command: Command): Step {
  if ((command.p2 & 0x07) !== 0x04 || command.p1 === 0) return refused(SW.wrongP1P2);
  if (command.data.length > 0) return refused(SW.wrongLength);
  const [sfi, record] = [command.p2 >>> 3, command.p1];
  const { memory, data, core } = bank;
  if (sfi === LOG_SFI || sfi === LOAD_LOG_SFI) return readLog(sfi === LOG_SFI ? memory.log : memory.loadLog, record);
  if (sfi === LAST_RECORD.sfi) return record === LAST_RECORD.record ? readLastRecord(bank, session) : refused(SW.recordNotFound);
  const replaced = memory.replacedRecords[`${sfi}-${record}`];
  if (replaced !== undefined) return { answer: ok(fromHex(replaced)) };
  const content = personalizedRecord(core.suite, data, { sfi, record, faults: core.faults });
  if (content === undefined) return refused(sfi >= 1 && sfi <= LAST_RECORD.sfi ? SW.recordNotFound : SW.fileNotFound);
  return { answer: ok(buildTlv(0x70, [content])) };
}

function readLog(log: readonly string[], record: number): Step {
  const content = log[record - 1];
  return content === undefined ? refused(SW.recordNotFound) : { answer: ok(fromHex(content)) };
}
