/*
 * The quick path: the card decides at GET PROCESSING OPTIONS and commits a payment while it answers the read of the last record.
 * Spec: JR/T 0025, qPBOC.
 */
import { type Bytes, concat, fromHex, toHex, u8, u16be } from "../../../device/base/bytes.ts";
import { numberToBcd } from "../../../device/codec/bcd.ts";
import { buildTlv } from "../../../device/codec/tlv.ts";
import { ok, SW } from "../iso.ts";
import { cardResults, certify, counterAsDynamicData, dynamicSignature } from "./cryptogram.ts";
import { decideQuick, paymentQualifiers, type QuickDecision, terminalAbilities } from "./decisions.ts";
import { amountOf, type Sent, sentOr0, TAG } from "./dol.ts";
import { industryAfter, industryRefusal, purposeOf } from "./industry.ts";
import { debitRecord, loggedPayment } from "./logs.ts";
import { fileLocator, interchangeProfile, LAST_RECORD, lastContent, trackTwo } from "./records.ts";
import { availableFen, BANK_SW, type Bank, type IndustryPurpose, type PendingPayment, refused, reservedFen, type Session, type Step } from "./session.ts";
import type { ElectronicCashMemory } from "./state.ts";

/** Longest signature that travels in the first answer. */
const SIGNATURE_IN_ANSWER_MAX = 128;

/** One quick payment as the terminal asks for it. */
interface Asked {
  readonly sent: Sent;
  readonly amountFen: number;
  readonly purpose: IndustryPurpose;
  /** Counter of this transaction. */
  readonly counter: number;
}

type Decided = Extract<QuickDecision, { readonly kind: "decided" }>;

/** The quick path of GET PROCESSING OPTIONS; `session` holds what was sent and the chosen algorithm. */
export function processQuick(bank: Bank, session: Session): Step {
  const { memory, data } = bank;
  const { sent } = session;
  const amountFen = amountOf(sent);
  const purpose = purposeOf(bank, sent);
  if (amountFen === undefined || purpose === undefined) return refused(SW.wrongData);
  const counter = memory.atc + 1;
  const asked: Asked = { sent, amountFen, purpose, counter };
  // The counter is used up from here on, whatever the card decides.
  const ended = { session: { ...session, stage: "quick" as const }, commit: { bank: { atc: counter } } };
  const refusal = industryRefusal(bank, session, purpose);
  if (refusal !== undefined) return { ...refused(refusal), ...ended };
  const terminal = terminalAbilities(sentOr0(sent, [TAG.terminalQualifiers, 4]));
  const decision = decideQuick({
    terminal,
    amountFen,
    foreignCurrency: toHex(sentOr0(sent, [TAG.currency, 2])) === data.currency ? undefined : data.foreignCurrency,
    newCard: memory.newCard,
    pinTriesLeft: memory.pinTriesLeft,
    supportsOnlinePin: data.supportsOnlinePin,
    supportsSignature: data.supportsSignature,
    availableFen: spendableFen(bank, session, purpose),
    singleLimitFen: memory.singleLimitFen,
    resetThresholdFen: memory.resetThresholdFen,
  });
  if (decision.kind === "refused") return { ...refused(decision.sw), ...ended };
  if (decision.outcome === "online" && data.signsOnline && terminal.authenticatesOnline) {
    const { answer, shown } = signedOnline(bank, session, { asked, decision });
    return { answer: ok(answer), ...ended, session: { ...ended.session, signedOnline: shown } };
  }
  if (decision.outcome !== "approved") return { answer: ok(buildTlv(0x77, decidedObjects(bank, session, { asked, decision }))), ...ended };
  const { answer, pending } = approved(bank, session, { asked, decision });
  return { answer: ok(answer), ...ended, session: { ...ended.session, pending, cacheOpen: purpose !== "none" } };
}

/** What a completion ends. */
function ownReserveFen({ memory }: Bank, session: Session, purpose: IndustryPurpose): number {
  return purpose === "complete" ? (memory.industry[session.industryRead?.at ?? -1]?.reservedFen ?? 0) : 0;
}

/** What may be spent: payments of the extension may take from the deposit, and a completion has its own reserve besides. */
function spendableFen(bank: Bank, session: Session, purpose: IndustryPurpose): number {
  const { memory, data } = bank;
  if (purpose === "none") return availableFen(memory);
  const deposit = (data.extension?.depositLimitFen ?? 0) - memory.depositUsedFen;
  return memory.balanceFen + deposit - reservedFen(memory) + ownReserveFen(bank, session, purpose);
}

/** Balances as this payment leaves them; `ownReserveFen` is what it ends. */
function settled(
  memory: ElectronicCashMemory,
  payment: { readonly amountFen: number; readonly purpose: IndustryPurpose; readonly ownReserveFen: number },
): Pick<ElectronicCashMemory, "balanceFen" | "depositUsedFen" | "offlineTotalFen"> {
  const { amountFen, purpose, ownReserveFen: ended } = payment;
  if (purpose === "reserve") return { balanceFen: memory.balanceFen, depositUsedFen: memory.depositUsedFen, offlineTotalFen: memory.offlineTotalFen };
  const others = reservedFen(memory) - ended;
  const fromBalance = purpose === "none" ? amountFen : Math.min(amountFen, Math.max(0, memory.balanceFen - others));
  return {
    balanceFen: memory.balanceFen - fromBalance,
    depositUsedFen: memory.depositUsedFen + amountFen - fromBalance,
    offlineTotalFen: memory.offlineTotalFen + amountFen,
  };
}

interface Decision {
  readonly asked: Asked;
  readonly decision: Decided;
}

function available(bank: Bank, memory: ElectronicCashMemory): readonly Bytes[] {
  return bank.data.showsAvailable ? [buildTlv(0x9f5d, numberToBcd(availableFen(memory), 6))] : [];
}

/** Answer of a card that declines or wants the issuer to be asked. */
function decidedObjects(bank: Bank, session: Session, { asked, decision }: Decision): readonly Bytes[] {
  const { data, memory } = bank;
  const results = cardResults(memory, { first: decision.outcome, second: "none", velocity: decision.velocity });
  const { kind, sent } = session;
  const certified = certify(bank, { kind, counter: asked.counter, sent, results, after: memory });
  return [
    buildTlv(0x82, interchangeProfile(data)),
    buildTlv(0x9f36, u16be(asked.counter)),
    buildTlv(0x57, trackTwo(data)),
    buildTlv(0x9f10, certified.issuerData),
    buildTlv(0x9f26, certified.cryptogram),
    buildTlv(0x5f34, fromHex(data.panSequence)),
    buildTlv(0x9f6c, paymentQualifiers(fromHex(data.qualifiers), decision.verification)),
    ...available(bank, memory),
  ];
}

/** The same with a signature, and with the records that prove it. */
function signedOnline(
  bank: Bank,
  session: Session,
  { asked, decision }: Decision,
): { readonly answer: Bytes; readonly shown: NonNullable<Session["signedOnline"]> } {
  const { data } = bank;
  const authenticationData = cardAuthentication(bank, session.sent, paymentQualifiers(fromHex(data.qualifiers), decision.verification));
  const signature = quickSignature(bank, session, { counter: asked.counter, authenticationData });
  const inAnswer = signature !== undefined && signature.length <= SIGNATURE_IN_ANSWER_MAX;
  const answer = buildTlv(0x77, [
    ...decidedObjects(bank, session, { asked, decision }),
    buildTlv(0x94, fileLocator(data, { path: "quick", kind: session.kind, cash: true })),
    ...(inAnswer ? [buildTlv(0x9f4b, signature)] : []),
  ]);
  return { answer, shown: { authenticationData, signature: inAnswer ? undefined : signature } };
}

function approved(bank: Bank, session: Session, { asked, decision }: Decision): { readonly answer: Bytes; readonly pending: PendingPayment } {
  const { data, memory } = bank;
  const { kind, sent } = session;
  const after = settled(memory, { ...asked, ownReserveFen: ownReserveFen(bank, session, asked.purpose) });
  const results = cardResults(memory, { first: "approved", second: "none", velocity: false });
  const certified = certify(bank, { kind, counter: asked.counter, sent, results, after });
  const qualifiers = paymentQualifiers(fromHex(data.qualifiers), decision.verification);
  const authenticationData = cardAuthentication(bank, sent, qualifiers);
  const signature = quickSignature(bank, session, { counter: asked.counter, authenticationData });
  const inAnswer = signature !== undefined && signature.length <= SIGNATURE_IN_ANSWER_MAX;
  const reserve = asked.purpose === "reserve";
  const answer = buildTlv(0x77, [
    buildTlv(0x82, interchangeProfile(data)),
    buildTlv(0x94, fileLocator(data, { path: "quick", kind, cash: true })),
    buildTlv(0x9f36, u16be(asked.counter)),
    ...(reserve ? [] : [buildTlv(0x9f26, certified.cryptogram)]),
    buildTlv(0x9f10, certified.issuerData),
    buildTlv(0x9f6c, qualifiers),
    ...available(bank, { ...memory, balanceFen: after.balanceFen }),
    ...(inAnswer ? [buildTlv(0x9f4b, signature)] : []),
  ]);
  const { counter, amountFen, purpose } = asked;
  const cryptogram = reserve ? new Uint8Array(8) : certified.cryptogram;
  return { answer, pending: { counter, amountFen, purpose, cryptogram, authenticationData, signature: inAnswer ? undefined : signature, cached: undefined } };
}

/** 9F69 when card and terminal both have version 01 of the signature. */
function cardAuthentication(bank: Bank, sent: Sent, qualifiers: Bytes): Bytes | undefined {
  const { data, core } = bank;
  const terminalHasIt = ((sentOr0(sent, [TAG.terminalQualifiers, 4])[3] ?? 0) & 0x80) !== 0;
  if (data.authentication !== "dynamic" || data.signatureVersion !== "01" || !terminalHasIt) return undefined;
  return concat(u8(0x01), core.random(4), qualifiers, u8(data.extension?.support ?? 0x00));
}

/** 9F4B over the random number; with version 01 over amount, currency and 9F69 too. */
function quickSignature(bank: Bank, session: Session, parts: { readonly counter: number; readonly authenticationData: Bytes | undefined }): Bytes | undefined {
  if (bank.data.authentication !== "dynamic") return undefined;
  const { sent, kind } = session;
  const challenge = sentOr0(sent, [TAG.unpredictableNumber, 4]);
  const { authenticationData, counter } = parts;
  const more = authenticationData === undefined ? [] : [sentOr0(sent, [TAG.amount, 6]), sentOr0(sent, [TAG.currency, 2]), authenticationData];
  return dynamicSignature(bank, kind, { cardData: counterAsDynamicData(counter), terminalData: concat(challenge, ...more) });
}

function lastRecord(pending: Pick<PendingPayment, "authenticationData" | "signature">): Bytes {
  const { authenticationData, signature } = pending;
  return buildTlv(0x70, [
    lastContent(),
    ...(authenticationData === undefined ? [] : [buildTlv(0x9f69, authenticationData)]),
    ...(signature === undefined ? [] : [buildTlv(0x9f4b, signature)]),
  ]);
}

/**
 * READ RECORD of the last record. With a payment pending it is the commit: balance, log, industry records, certificate and the answer itself
 * change together. Without one it repeats the answer of the last payment to a terminal that asks for it before anything else.
 */
export function readLastRecord(bank: Bank, session: Session): Step {
  const { memory } = bank;
  const { pending } = session;
  if (pending !== undefined) return commitPayment(bank, session, pending);
  if (session.signedOnline !== undefined) return { answer: ok(lastRecord(session.signedOnline)) };
  const kept = memory.lastAnswer;
  const ownPayment = session.stage === "quick" && kept?.counter === memory.atc;
  if (kept !== undefined && (session.first || ownPayment)) return { answer: ok(fromHex(kept.contentHex)), repeated: true };
  return refused(SW.conditionsNotSatisfied);
}

function commitPayment(bank: Bank, session: Session, pending: PendingPayment): Step {
  const { pending: _, ...rest } = session;
  if (pending.purpose !== "none" && pending.cached === undefined) return { ...refused(BANK_SW.nothingCached), session: rest };
  const { memory, core, data } = bank;
  const content = lastRecord(pending);
  const { counter, purpose } = pending;
  const kept = { ...LAST_RECORD, contentHex: toHex(content), counter };
  const reserve = purpose === "reserve";
  const changed: Partial<ElectronicCashMemory> = {
    ...settled(memory, { ...pending, ownReserveFen: ownReserveFen(bank, session, purpose) }),
    industry: industryAfter(bank, session, pending),
    log: reserve ? memory.log : [toHex(loggedPayment(session.sent, counter)), ...memory.log].slice(0, data.logRecords),
    lastAnswer: core.faults.lastAnswerLost === true ? undefined : kept,
    lastCertificate: { counter, hex: toHex(pending.cryptogram) },
  };
  const debit = reserve ? {} : { debit: debitRecord(session.sent, { counter, amountFen: pending.amountFen, cryptogram: pending.cryptogram }) };
  return { answer: ok(content), session: rest, commit: { bank: changed, ...debit } };
}
