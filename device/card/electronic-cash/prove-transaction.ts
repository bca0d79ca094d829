/*
 * Goal: after a sale whose commit was lost, learn from the card alone whether it took place.
 * Method: the card repeats its last answer only as the first thing after its selection, so that is asked first, before anything that
 * would erase it. Then counter and balance speak, and where the counter has moved on, the card's own proof and its log. Each says
 * something only about this sale: a later sale must never stand for it. Spec: JR/T 0025, quick debit and credit, torn transactions.
 */
import { type Bytes, equalBytes, fromHex, u16be } from "../../base/bytes.ts";
import { type Fen, subtractFen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { command, isOk } from "../../codec/apdu.ts";
import { type CashLogEntry, parseCashLogEntry } from "../../codec/card-log.ts";
import { parseDol } from "../../codec/dol.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange } from "../dialogue.ts";
import { BASELINE_FOR_PROOF, getData, peekRecord, readBaseline, readRawRecord } from "./commands.ts";
import { accountNumberOf } from "./data.ts";
import { selectAgain } from "./select.ts";
import type { CardRecords, CashEvidence, CashIntent } from "./types.ts";

/** Log records that are read: three times what cards in the field keep. */
export const CASH_LOG_RECORDS_MAX = 30;
const CRYPTOGRAM_LENGTH = 8;
const NO_PROOF = 0x9406;
const LOG_FORMAT = 0x9f4f;
const COUNTER = 0x9f36;

/** What GET TRANS PROVE says about one counter. "unsupported": the card has not this extension, or will not tell. */
export type TransactionProofAnswer =
  | { readonly kind: "ok"; readonly cryptogram: Bytes }
  | { readonly kind: "no-proof" }
  | { readonly kind: "unsupported"; readonly statusWord: number };

/** GET TRANS PROVE of the extension: the cryptogram that was committed under a counter. Changes nothing. Spec: JR/T 0025, extension for small payments. */
export async function getTransactionProof(channel: CardChannel, atc: number, limits: Limits): Promise<TransactionProofAnswer> {
  const { data, sw } = await exchange(channel, command("80 5A 00 00", { data: u16be(atc), le: CRYPTOGRAM_LENGTH }), limits);
  if (sw === NO_PROOF) return { kind: "no-proof" };
  return isOk(sw) && data.length === CRYPTOGRAM_LENGTH ? { kind: "ok", cryptogram: data } : { kind: "unsupported", statusWord: sw };
}

/** What a card has said of itself since it came back. */
export interface Observed {
  readonly atc?: number;
  readonly balance?: Fen;
  readonly replay?: CardRecords;
}

/**
 * Gathers the evidence of one sale from a card that has come back. Selects the application itself. Nothing here moves money, so faults
 * mean only that the evidence is not complete: ask again. At most 40 commands, each within `limits`.
 */
export async function proveTransaction(channel: CardChannel, intent: CashIntent, limits: Limits): Promise<CashEvidence> {
  const selected = await selectAgain(channel, intent, limits);
  if (selected.kind !== "ok") return { kind: "undecidable", why: "application-missing" };
  const replay = intent.lastRecord === undefined ? undefined : await peekRecord(channel, intent.lastRecord, limits);
  const { atc, balance } = await readBaseline(channel, BASELINE_FOR_PROOF, limits);
  const sameCard = await isSameCard(channel, { intent, replay }, limits);
  if (sameCard === false) return { kind: "another-card" };
  if (sameCard === undefined) return { kind: "undecidable", why: "identity-unreadable" };
  const observed: Observed = {
    ...(atc === undefined ? {} : { atc }),
    ...(balance === undefined ? {} : { balance }),
    ...(replay === undefined ? {} : { replay }),
  };
  return proveFurther(channel, { intent, observed }, limits);
}

/** The same for a card that has named itself and said what it says at once: only its proof and its log are left to ask. */
export async function proveFurther(channel: CardChannel, question: Question, limits: Limits): Promise<CashEvidence> {
  return (await decided(channel, question, limits)) ?? evidenceOfLog(channel, question, limits);
}

/** Undefined when the card does not tell its number without a transaction. An intent without a number can be compared with none. */
async function isSameCard(
  channel: CardChannel,
  { intent, replay }: { readonly intent: CashIntent; readonly replay: CardRecords | undefined },
  limits: Limits,
): Promise<boolean | undefined> {
  if (intent.accountNumber === undefined) return undefined;
  const repeated = replay === undefined ? undefined : accountNumberOf(replay.data);
  if (repeated !== undefined) return repeated === intent.accountNumber;
  const record = intent.identityRecord === undefined ? undefined : await peekRecord(channel, intent.identityRecord, limits);
  const number = record === undefined ? undefined : accountNumberOf(record.data);
  return number === undefined ? undefined : number === intent.accountNumber;
}

/** One sale, and what its card has said so far. */
export interface Question {
  readonly intent: CashIntent;
  readonly observed: Observed;
}

/** The decision without the log, or undefined when only the log can still tell. */
async function decided(channel: CardChannel, question: Question, limits: Limits): Promise<CashEvidence | undefined> {
  const atOnce = evidenceAtOnce(question);
  if (atOnce !== undefined) return atOnce;
  const { intent, observed } = question;
  const proof = await getTransactionProof(channel, intent.atc, limits);
  if (proof.kind === "ok" && equalBytes(proof.cryptogram, expectedProof(intent))) return debited(question, "proof");
  // A card with the extension keeps the proof of its newest sale: none for the newest counter means that it was not committed.
  if (proof.kind === "no-proof" && observed.atc === intent.atc) return notDebited(observed);
  return undefined;
}

/** What a card proves of a pre-authorisation, which has no cryptogram, is zeros. */
function expectedProof(intent: CashIntent): Bytes {
  return intent.cryptogram === undefined ? new Uint8Array(CRYPTOGRAM_LENGTH) : fromHex(intent.cryptogram);
}

/**
 * What replay, counter and balance say by themselves, or undefined when they leave the matter open. Pure; exported because a sale that
 * begins with this card again has both figures already.
 */
export function evidenceAtOnce({ intent, observed }: Question): CashEvidence | undefined {
  const { atc, balance, replay } = observed;
  if (atc === undefined && balance === undefined && replay === undefined) return { kind: "undecidable", why: "nothing-readable" };
  if (atc !== undefined && atc < intent.atc) return { kind: "undecidable", why: "counter-behind" };
  // A later transaction has begun: balance and last answer may be its.
  if (atc !== intent.atc) return undefined;
  const told = balanceTells(intent, balance);
  if (told === "not-debited") return notDebited(observed);
  if (told === "debited") return debited({ intent, observed }, isRepeated(replay) ? "replay" : "balance");
  if (told === "contradicts") return { kind: "undecidable", why: "balance-contradicts" };
  return isRepeated(replay) ? debited({ intent, observed }, "replay") : undefined;
}

/** The card adds 9F69 to the answer that commits, and to its repetition; a record that is merely read has none. */
function isRepeated(replay: CardRecords | undefined): boolean {
  return replay?.data.has(0x9f69) === true;
}

function balanceTells(intent: CashIntent, balance: Fen | undefined): "debited" | "not-debited" | "contradicts" | "nothing" {
  const { balanceBefore, amount } = intent;
  if (balance === undefined || balanceBefore === undefined || !intent.movesBalance || amount === 0) return "nothing";
  if (balance === balanceBefore) return "not-debited";
  return amount <= balanceBefore && balance === subtractFen(balanceBefore, amount) ? "debited" : "contradicts";
}

function debited({ observed }: Question, proof: "replay" | "proof" | "balance" | "log"): CashEvidence {
  const { balance, replay } = observed;
  return {
    kind: "debited",
    proof,
    ...(balance === undefined ? {} : { balance }),
    ...(replay === undefined || proof !== "replay" ? {} : { replay }),
  };
}

function notDebited({ balance }: Observed): CashEvidence {
  return { kind: "not-debited", ...(balance === undefined ? {} : { balance }) };
}

/** Searches the card's log for the sale's counter; the log drops its oldest first. */
async function evidenceOfLog(channel: CardChannel, question: Question, limits: Limits): Promise<CashEvidence> {
  const { log, unlogged } = question.intent;
  if (unlogged === true || log === undefined) return hasGoneOn(question) ? GONE : lastResort(question);
  const format = parseDol((await getData(channel, LOG_FORMAT, limits)) ?? new Uint8Array(0));
  if (!format.ok || !format.entries.some(({ tag }) => tag === COUNTER)) return lastResort(question);
  const records = Math.min(log.records, CASH_LOG_RECORDS_MAX);
  for (let number = 1; number <= records; number += 1) {
    const answer = await readRawRecord(channel, { sfi: log.sfi, number }, limits);
    if (answer.kind === "refused") return lastResort(question);
    const told = answer.kind === "no-record" ? notDebited(question.observed) : evidenceOfEntry(question, parseCashLogEntry(format.entries, answer.bytes));
    if (told !== undefined) return told;
  }
  return { kind: "undecidable", why: "log-overrun" };
}

/** What one entry says, newest first; undefined for one that is newer than the sale. A log that ends holds everything that it ever was told. */
function evidenceOfEntry(question: Question, entry: CashLogEntry | "unwritten" | undefined): CashEvidence | undefined {
  const { intent, observed } = question;
  if (entry === "unwritten") return notDebited(observed);
  if (entry?.atc === undefined) return lastResort(question);
  if (entry.atc > intent.atc) return undefined;
  if (entry.atc < intent.atc) return notDebited(observed);
  const same = entry.amount === undefined || entry.amount === intent.amount;
  return same ? debited(question, "log") : { kind: "undecidable", why: "balance-contradicts" };
}

/** What this card keeps of one transaction is overwritten by the next, and without a log it will never tell of it again. */
const GONE: CashEvidence = { kind: "undecidable", why: "log-overrun" };

function hasGoneOn({ intent, observed }: Question): boolean {
  return observed.atc !== undefined && observed.atc > intent.atc;
}

/**
 * No log. Where the card does not tell its counter either, a balance that is lower by exactly the amount counts; behind a later counter it
 * does not, because a later sale of the same amount leaves the same balance. Anything else stays open.
 */
function lastResort(question: Question): CashEvidence {
  const { intent, observed } = question;
  const counts = observed.atc === undefined && balanceTells(intent, observed.balance) === "debited";
  return counts ? debited(question, "balance") : { kind: "undecidable", why: "nothing-readable" };
}
