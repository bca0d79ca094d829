/*
 * The full path: processing options, dynamic authentication, the holder's PIN, two cryptograms, the issuer's answer.
 * An approved first cryptogram of electronic cash is the commit of its payment. Spec: JR/T 0025, debit/credit and electronic cash.
 */
import { type Bytes, concat, equalBytes, fromHex, toHex, u8, u16be } from "../../../device/base/bytes.ts";
import { buildTlv } from "../../../device/codec/tlv.ts";
import { bankSessionKey, issuerAuthentication } from "../../crypto/bank.ts";
import { type Answer, type Command, ok, SW } from "../iso.ts";
import { cardResults, certify, dynamicSignature, rulesOf } from "./cryptogram.ts";
import { amountOf, DYNAMIC_LIST, FIRST_LIST, listLength, SECOND_LIST, type Sent, sentOr0, TAG, takenApart } from "./dol.ts";
import { debitRecord, loggedPayment } from "./logs.ts";
import { fileLocator, interchangeProfile } from "./records.ts";
import { availableFen, BANK_SW, type Bank, type Commit, type FullState, refused, type Session, type Step } from "./session.ts";

type Outcome = "approved" | "declined" | "online";

const REQUEST: ReadonlyMap<number, Outcome> = new Map([
  [0x00, "declined"],
  [0x40, "approved"],
  [0x80, "online"],
]);
const INFORMATION = { declined: 0x00, approved: 0x40, online: 0x80 } as const;
const CASH_WANTED = 0x01;

/** Answers of the full path: with tags in template 77, or their values alone in template 80. */
function formed(bank: Bank, objects: readonly (readonly [tag: number, value: Bytes])[]): Answer {
  if (bank.data.answerFormat === "80") return ok(buildTlv(0x80, concat(...objects.map(([, value]) => value))));
  return ok(
    buildTlv(
      0x77,
      objects.map(([tag, value]) => buildTlv(tag, value)),
    ),
  );
}

/** Whether the balance may pay this, and the card does not want to go online before. */
function cashAllows(bank: Bank, sent: Sent): "yes" | "velocity" | "no" {
  const { memory, data } = bank;
  const amountFen = amountOf(sent);
  const available = availableFen(memory);
  if (amountFen === undefined || amountFen > available || amountFen > memory.singleLimitFen) return "no";
  if (toHex(sentOr0(sent, [TAG.currency, 2])) !== data.currency) return "no";
  return amountFen + memory.resetThresholdFen > available ? "velocity" : "yes";
}

/** The full path of GET PROCESSING OPTIONS. */
export function processFull(bank: Bank, session: Session): Step {
  const { memory, data } = bank;
  const wanted = session.sent.get(TAG.cashIndicator)?.[0] === CASH_WANTED;
  const cash = wanted && !memory.applicationBlocked && cashAllows(bank, session.sent) !== "no";
  const full: FullState = { cash, finished: false, issuer: "not-asked", dynamicSigned: false, pin: "not-asked" };
  return {
    answer: formed(bank, [
      [0x82, interchangeProfile(data)],
      [0x94, fileLocator(data, { path: "full", kind: session.kind, cash })],
    ]),
    session: { ...session, stage: "full", full },
    commit: { bank: { atc: memory.atc + 1 } },
  };
}

/** INTERNAL AUTHENTICATE: the card signs a number of its own and the terminal's. */
export function authenticateInternally(bank: Bank, session: Session, command: Command): Step {
  const { full } = session;
  if (full === undefined || bank.data.authentication !== "dynamic") return refused(SW.conditionsNotSatisfied);
  if (command.p1 !== 0x00 || command.p2 !== 0x00) return refused(SW.wrongP1P2);
  if (command.data.length !== listLength(DYNAMIC_LIST)) return refused(SW.wrongLength);
  const cardData = concat(u8(0x08), bank.core.random(8));
  const signature = dynamicSignature(bank, session.kind, { cardData, terminalData: command.data });
  return { answer: formed(bank, [[0x9f4b, signature]]), session: { ...session, full: { ...full, dynamicSigned: true } } };
}

/** GENERATE AC, first or second. */
export function generateCryptogram(bank: Bank, session: Session, command: Command): Step {
  const { full } = session;
  if (full === undefined || full.finished) return refused(SW.conditionsNotSatisfied);
  const asked = REQUEST.get(command.p1);
  if (asked === undefined || command.p2 !== 0x00) return refused(SW.wrongP1P2);
  return full.first === undefined ? first(bank, session, { full, asked, data: command.data }) : second(bank, session, { full, asked, data: command.data });
}

interface Request {
  readonly full: FullState;
  readonly asked: Outcome;
  readonly data: Bytes;
}

function firstOutcome(bank: Bank, sent: Sent, { full, asked }: Request): { readonly outcome: Outcome; readonly velocity: boolean } {
  const { memory } = bank;
  if (memory.applicationBlocked || asked === "declined") return { outcome: "declined", velocity: false };
  if (!full.cash || asked === "online" || memory.newCard || memory.pinTriesLeft === 0) return { outcome: "online", velocity: false };
  const allowed = cashAllows(bank, sent);
  return { outcome: allowed === "yes" ? "approved" : "online", velocity: allowed === "velocity" };
}

function first(bank: Bank, session: Session, request: Request): Step {
  if (request.data.length !== listLength(FIRST_LIST)) return refused(SW.wrongLength);
  const { memory } = bank;
  const sent = new Map([...session.sent, ...takenApart(FIRST_LIST, request.data)]);
  const { full } = request;
  const { outcome, velocity } = firstOutcome(bank, sent, request);
  const amountFen = outcome === "approved" ? (amountOf(sent) ?? 0) : 0;
  const after = { balanceFen: memory.balanceFen - amountFen, offlineTotalFen: memory.offlineTotalFen + amountFen };
  const results = cardResults(memory, { first: outcome, second: "none", velocity, full });
  const certified = certify(bank, { kind: session.kind, counter: memory.atc, sent, results, after });
  return {
    answer: cryptogramAnswer(bank, outcome, certified),
    session: { ...session, sent, full: { ...full, first: { cryptogram: certified.cryptogram, outcome }, finished: outcome === "approved" } },
    ...(outcome === "approved" ? { commit: cashCommit(bank, { sent, amountFen, after, cryptogram: certified.cryptogram }) } : {}),
    ...(outcome === "online" ? { commit: { bank: { onlineNotCompleted: true } } } : {}),
  };
}

function cryptogramAnswer(bank: Bank, outcome: Outcome, certified: { readonly cryptogram: Bytes; readonly issuerData: Bytes }): Answer {
  return formed(bank, [
    [0x9f27, u8(INFORMATION[outcome])],
    [0x9f36, u16be(bank.memory.atc)],
    [0x9f26, certified.cryptogram],
    [0x9f10, certified.issuerData],
  ]);
}

interface CashPayment {
  readonly sent: Sent;
  readonly amountFen: number;
  readonly after: { readonly balanceFen: number; readonly offlineTotalFen: number };
  readonly cryptogram: Bytes;
}

function cashCommit(bank: Bank, { sent, amountFen, after, cryptogram }: CashPayment): Commit {
  const { memory, data } = bank;
  const counter = memory.atc;
  return {
    bank: {
      ...after,
      log: [toHex(loggedPayment(sent, counter)), ...memory.log].slice(0, data.logRecords),
      lastCertificate: { counter, hex: toHex(cryptogram) },
    },
    debit: debitRecord(sent, { counter, amountFen, cryptogram }),
  };
}

/** After an online request: approved only with the issuer's own word, which nobody else can give. */
function second(bank: Bank, session: Session, request: Request): Step {
  const { full, asked } = request;
  const { memory, data } = bank;
  if (full.first?.outcome !== "online" || asked === "online") return refused(SW.conditionsNotSatisfied);
  if (request.data.length !== listLength(SECOND_LIST)) return refused(SW.wrongLength);
  const sent = new Map([...session.sent, ...takenApart(SECOND_LIST, request.data)]);
  const outcome = asked === "approved" && full.issuer === "genuine" ? "approved" : "declined";
  const results = cardResults(memory, { first: "online", second: outcome, velocity: false, full });
  const certified = certify(bank, { kind: session.kind, counter: memory.atc, sent, results, after: memory });
  const heard = full.issuer === "genuine";
  const online = { newCard: false, lastOnlineAtc: memory.atc, onlineNotCompleted: false, issuerAuthenticationFailed: false, offlineTotalFen: 0 };
  const log = outcome === "approved" ? { log: [toHex(loggedPayment(sent, memory.atc)), ...memory.log].slice(0, data.logRecords) } : {};
  return {
    answer: cryptogramAnswer(bank, outcome, certified),
    session: { ...session, sent, full: { ...full, finished: true } },
    ...(heard ? { commit: { bank: { ...online, scriptsCounted: 0, scriptFailed: false, ...log } } } : {}),
  };
}

/** EXTERNAL AUTHENTICATE: the issuer's answer to the first cryptogram, once. */
export function authenticateIssuer(bank: Bank, session: Session, command: Command): Step {
  const { full } = session;
  if (full?.first?.outcome !== "online" || full.finished || full.issuer !== "not-asked") return refused(SW.conditionsNotSatisfied);
  if (command.p1 !== 0x00 || command.p2 !== 0x00) return refused(SW.wrongP1P2);
  if (command.data.length !== 10) return refused(SW.wrongLength);
  const { rules, keys } = rulesOf(bank, session.kind);
  const key = bankSessionKey(rules, fromHex(keys.cryptogramHex), bank.memory.atc);
  const expected = issuerAuthentication(rules, key, { cryptogram: full.first.cryptogram, responseCode: command.data.slice(8) });
  if (equalBytes(expected, command.data.slice(0, 8))) return { answer: ok(), session: { ...session, full: { ...full, issuer: "genuine" } } };
  return {
    ...refused(BANK_SW.issuerNotGenuine),
    session: { ...session, full: { ...full, issuer: "false" } },
    commit: { bank: { issuerAuthenticationFailed: true } },
  };
}

const PIN_BLOCK = 8;

/** VERIFY: the holder's PIN in clear, as a block 2n…F. Spec: JR/T 0025, offline PIN. */
export function verifyPin(bank: Bank, session: Session, command: Command): Step {
  const { memory } = bank;
  const { full } = session;
  if (command.p1 !== 0x00 || command.p2 !== 0x80) return refused(SW.wrongP1P2);
  if (memory.pin === undefined || full === undefined) return refused(SW.conditionsNotSatisfied);
  if (command.data.length !== PIN_BLOCK) return refused(SW.wrongLength);
  if (memory.pinTriesLeft === 0) return refused(SW.locked);
  const right = toHex(command.data) === pinBlock(memory.pin);
  const pinTriesLeft = right ? PIN_TRIES : memory.pinTriesLeft - 1;
  const after = { session: { ...session, full: { ...full, pin: right ? ("right" as const) : ("wrong" as const) } }, commit: { bank: { pinTriesLeft } } };
  return right ? { answer: ok(), ...after } : { ...refused(0x63c0 + pinTriesLeft), ...after };
}

export const PIN_TRIES = 3;

/** 2, number of digits, digits, filled with F; 16 hexadecimal digits. */
export function pinBlock(pin: string): string {
  return `2${pin.length.toString(16)}${pin}`.padEnd(PIN_BLOCK * 2, "f");
}
