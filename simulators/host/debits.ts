/*
 * Goal: a debit is booked on the card's own proof alone: its TAC, or with electronic cash its cryptogram.
 * Method: the facts that the proof was made over are put together from the record; an oracle, which alone knows keys, says whether it is genuine.
 */
import { type Bytes, concat, parseHex, readUint, u8, u32be, utf8 } from "../../device/base/bytes.ts";
import { CARD_AMOUNT_MAX } from "../../device/base/fen.ts";
import { countField, type JsonFields, textField } from "./canonical.ts";
import type { TerminalRecord } from "./records.ts";

/** A debit of the PBOC purse application, plain or compound. */
export interface TacFacts {
  readonly serial: Bytes;
  readonly issuer: Bytes;
  /** Algorithm byte of the INITIALIZE answer; unknown where power failed before it was durable. */
  readonly algorithm: number | undefined;
  /** amount ‖ type ‖ terminal ‖ terminal sequence ‖ date ‖ time. */
  readonly tacInput: Bytes;
}

/** A settlement of the medical purse. */
export interface MedicalFacts {
  /** 8 bytes: historical bytes 6 to 13. */
  readonly cardFactor: Bytes;
  /** Six digits. */
  readonly regionDigits: string;
  readonly algorithm: "3des" | "sm4";
  readonly accountFen: number;
  readonly selfPayFen: number;
  readonly pooledFen: number;
  readonly terminalNumber: Bytes;
  readonly terminalSequence: number;
  readonly date: Bytes;
  readonly time: Bytes;
}

/** A purchase with electronic cash: everything that its cryptogram was made over. */
export interface CashFacts {
  readonly pan: string;
  readonly panSequence: string;
  readonly amountFen: number;
  readonly counter: number;
  readonly unpredictableNumber: Bytes;
  readonly issuerData: Bytes;
  readonly country: Bytes;
  readonly currency: Bytes;
  readonly verificationResults: Bytes;
  /** YYMMDD. */
  readonly date: Bytes;
  readonly type: Bytes;
  readonly interchangeProfile: Bytes;
}

/** One debit of one card with what names it for ever: no two bookings may stand on the same evidence. */
export type DebitFacts = { readonly evidence: Bytes } & (
  | { readonly purse: "pboc"; readonly facts: TacFacts }
  | { readonly purse: "medical-purse"; readonly facts: MedicalFacts }
  | { readonly purse: "electronic-cash"; readonly facts: CashFacts }
  /** A ride that the card's issuer is to be asked for: its cryptogram asks, and moves nothing by itself. */
  | { readonly purse: "delayed-charge"; readonly facts: CashFacts }
);

/** What the oracle makes of a proof. "key-unknown": it has no key for such a card. */
export type ProofVerdict = "proved" | "wrong" | "key-unknown";

export type DebitOracle = (debit: DebitFacts, proof: Bytes) => ProofVerdict;

function hexOf(fields: JsonFields, name: string, length?: number): Bytes | undefined {
  const text = textField(fields, name);
  const bytes = text === undefined ? undefined : parseHex(text);
  return bytes !== undefined && bytes.length > 0 && (length === undefined || bytes.length === length) ? bytes : undefined;
}

/** All members, or undefined when one is missing. */
function whole<Shape extends object>(members: { readonly [Name in keyof Shape]: Shape[Name] | undefined }): Shape | undefined {
  return Object.values(members).includes(undefined) ? undefined : (members as Shape);
}

/** The debit that a quick-payment record speaks of, or undefined when something is missing or malformed. Spec: pos/v1, 3. */
export function debitFacts(record: TerminalRecord): DebitFacts | undefined {
  if (record.amountFen > CARD_AMOUNT_MAX) return undefined;
  switch (textField(record.detail, "purse") ?? "e-purse") {
    case "e-purse":
    case "compound":
      return pbocDebit(record);
    case "medical-purse":
      return medicalDebit(record);
    case "electronic-cash":
      return cashDebit(record, "electronic-cash");
    default:
      return undefined;
  }
}

/** Spec: PBOC purse, purchase. */
function pbocDebit({ detail, personal, amountFen }: TerminalRecord): DebitFacts | undefined {
  const card = whole({ serial: hexOf(personal, "cardSerial", 10), issuer: hexOf(personal, "issuer", 8) });
  const occasion = occasionOf(detail);
  const type = hexOf(detail, "type", 1);
  if (card === undefined || occasion === undefined || type === undefined) return undefined;
  const { terminalNumber, terminalSequence, date, time } = occasion;
  const tacInput = concat(u32be(amountFen), u8(readUint(type, 0, 1)), terminalNumber, u32be(terminalSequence), date, time);
  return { purse: "pboc", facts: { ...card, algorithm: countField(detail, "algorithm"), tacInput }, evidence: concat(card.serial, tacInput) };
}

interface Occasion {
  readonly terminalNumber: Bytes;
  readonly terminalSequence: number;
  readonly date: Bytes;
  readonly time: Bytes;
}

function occasionOf(detail: JsonFields): Occasion | undefined {
  const terminalSequence = countField(detail, "terminalSeq");
  if (terminalSequence === undefined || terminalSequence > 0xffff_ffff) return undefined;
  return whole({ terminalNumber: hexOf(detail, "terminalNumber", 6), terminalSequence, date: hexOf(detail, "date", 4), time: hexOf(detail, "time", 3) });
}

/** Spec: LD/T 32.5, 7. */
function medicalDebit({ detail, personal, amountFen }: TerminalRecord): DebitFacts | undefined {
  const occasion = occasionOf(detail);
  const algorithm = textField(detail, "socialAlgorithm");
  const amounts = whole({ selfPayFen: amountOf(detail, "selfPayFen"), pooledFen: amountOf(detail, "pooledFen") });
  const card = whole({ cardFactor: hexOf(personal, "cardFactor", 8), identifier: hexOf(personal, "cardIdentifier", 16) });
  if (occasion === undefined || amounts === undefined || card === undefined || (algorithm !== "3des" && algorithm !== "sm4")) return undefined;
  const { terminalNumber, terminalSequence, date, time } = occasion;
  const regionDigits = textField(personal, "cardIdentifier")?.slice(0, 6) ?? "";
  return {
    purse: "medical-purse",
    facts: { cardFactor: card.cardFactor, regionDigits, algorithm, accountFen: amountFen, ...amounts, ...occasion },
    evidence: concat(card.identifier, u32be(amountFen), terminalNumber, u32be(terminalSequence), date, time),
  };
}

function amountOf(detail: JsonFields, name: string): number | undefined {
  const amount = countField(detail, name);
  return amount !== undefined && amount <= CARD_AMOUNT_MAX ? amount : undefined;
}

/** Spec: JR/T 0025, application cryptograms. */
function cashDebit({ detail, personal, amountFen }: TerminalRecord, purse: "electronic-cash" | "delayed-charge"): DebitFacts | undefined {
  const pan = textField(personal, "pan") ?? "";
  const panSequence = textField(personal, "panSequence") ?? "00";
  const counter = countField(detail, "atc");
  if (!/^\d{12,19}$/.test(pan) || !/^\d{2}$/.test(panSequence) || counter === undefined || counter > 0xffff) return undefined;
  const told = whole({
    unpredictableNumber: hexOf(detail, "unpredictableNumber", 4),
    issuerData: hexOf(detail, "issuerData"),
    country: hexOf(detail, "countryCode", 2),
    currency: hexOf(detail, "currencyCode", 2),
    verificationResults: hexOf(detail, "verificationResults", 5),
    date: hexOf(detail, "date", 4)?.slice(1),
    type: hexOf(detail, "type", 1),
    interchangeProfile: hexOf(detail, "interchangeProfile", 2),
  });
  if (told === undefined) return undefined;
  return {
    purse,
    facts: { pan, panSequence, amountFen, counter, ...told },
    evidence: concat(utf8(`${pan}/${panSequence}/${counter}`), told.unpredictableNumber, told.date),
  };
}

/** The ride that a delayed charge speaks of, or undefined when something is missing or malformed. Spec: pos/v1, 3. */
export function delayedChargeFacts(record: TerminalRecord): DebitFacts | undefined {
  return record.amountFen > CARD_AMOUNT_MAX ? undefined : cashDebit(record, "delayed-charge");
}

export type DebitVerdict = "proved" | "unproved" | "tac-wrong" | "tac-missing" | "tac-input-malformed" | "tac-key-unknown";

const PROOF_LENGTHS = { tac: 4, tc: 8, arqc: 8 } as const;
const PROOF_MEMBERS = { pboc: "tac", "medical-purse": "tac", "electronic-cash": "tc", "delayed-charge": "arqc" } as const;

/** Judges the proof of a done quick payment. */
export function judgeDebit(record: TerminalRecord, debit: DebitFacts | undefined, oracle: DebitOracle): DebitVerdict {
  if (debit === undefined) return "tac-input-malformed";
  const member = PROOF_MEMBERS[debit.purse];
  if (record.detail[member] === undefined) return record.detail["proof"] === "log-only" ? "unproved" : "tac-missing";
  const proof = hexOf(record.detail, member, PROOF_LENGTHS[member]);
  if (proof === undefined) return "tac-wrong";
  const verdict = oracle(debit, proof);
  if (verdict === "key-unknown") return "tac-key-unknown";
  return verdict === "proved" ? "proved" : "tac-wrong";
}
