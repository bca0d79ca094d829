/*
 * What a counter may ask of the bank. Every act with money is found again by its reference and done at most once; an unknown outcome is
 * reversed before the next online transaction, and whatever cannot be ended is parked where people see it.
 */
import type { Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { JsonObject } from "../journal/types.ts";
import type { DownloadKind } from "./profile.ts";

export interface BankPaymentRequest {
  /** Unique at this terminal: the mark `sale/<reference>`. */
  readonly reference: string;
  readonly business: "sale" | "withdrawal";
  readonly amount: Fen;
  readonly operator: string;
  /** What it pays for, where it is a part of something: an order, a contribution. */
  readonly order?: string;
}

/** "approved": by the acquirer's own word, with its MAC and echo fields. "partial": approved for less, kept where the profile allows it. */
export type BankOutcome =
  | { readonly kind: "approved"; readonly subject: string; readonly amount: Fen; readonly retrievalReference: string; readonly authorization?: string }
  /** Certain: no money has moved, or what had moved was reversed. `responseCode` where the acquirer said no. */
  | { readonly kind: "refused"; readonly reason: string; readonly subject?: string; readonly responseCode?: string }
  /** The bank may have booked it; it will be reversed. */
  | { readonly kind: "unknown"; readonly subject?: string; readonly reason: string }
  | { readonly kind: "no-card"; readonly reason?: string };

export interface BankReturnRequest {
  readonly reference: string;
  /** "void" within the batch of the original, the whole amount; "refund" any day, up to what is left of it. */
  readonly business: "void" | "refund";
  /** Reference of the payment that it takes back. */
  readonly original: string;
  /** Left out: the whole. */
  readonly amount?: Fen;
  readonly operator: string;
  /** A refund that goes back without its card, where the agency refused what the bank had paid. */
  readonly withoutCard?: boolean;
}

export interface BankBalance {
  readonly kind: "balance";
  readonly available: Fen;
}

/** A message that a person has to deal with: its tries are used up, or two books differ. */
export interface ParkedItem {
  readonly subject: string;
  readonly what: "reversal" | "offline-upload" | "batch-row" | "script-result" | "load";
  readonly amount: Fen;
  readonly reason: string;
  readonly sinceMs: number;
  readonly tries: number;
}

/**
 * What a person says of a parked item. "try-again": its tries begin anew, of a reversal and of an upload. "dismiss": an upload was dealt with
 * otherwise. "loaded" and "not-loaded": of a load that its card never decides; not loaded, the bank's side goes back. "dealt-with": a reversal was
 * settled at the acquirer; `stands`: what it was to take back stands after all, with the acquirer's own reference where it is to be found there again.
 */
export type ParkedAct = ParkedWord & {
  readonly operator: string;
  /** Stays in the record, which is not sealed: nothing of a person. */
  readonly note?: string;
};

export type ParkedWord = { readonly act: "try-again" | "dismiss" | "loaded" | "not-loaded" } | DealtWith;

export interface DealtWith {
  readonly act: "dealt-with";
  readonly stands: boolean;
  /** Field 37, as the acquirer has it: without it what stands cannot be taken back at this terminal. */
  readonly retrievalReference?: string;
}

export interface SettlementReport {
  /** "dealt-with": closed by a person's word, with what was known. */
  readonly kind: "equal" | "unequal" | "half-done" | "dealt-with";
  readonly batch: string;
  readonly terminal: { readonly debits: number; readonly debitFen: Fen; readonly credits: number; readonly creditFen: Fen };
  /** Rows that were uploaded because the totals differed. */
  readonly uploaded: number;
  readonly reason?: string;
  /** Halves whose totals the acquirer has called unequal, or wrong. */
  readonly differing?: readonly ("domestic" | "foreign")[];
  /** The acquirer's own figures, where it tells any. */
  readonly acquirer?: SettlementReport["terminal"];
  /** Rows that the acquirer would not take, as it said. */
  readonly refusedRows?: readonly { readonly stan: string; readonly amount: Fen; readonly responseCode: string }[];
}

/** Ends what the acquirer never will. */
export interface SettlementWord {
  readonly operator: string;
  /** Six digits: which one is meant. */
  readonly batch: string;
  /** Stays in the record, which is not sealed: nothing of a person. */
  readonly note?: string;
}

export type SettlementOutcome = SettlementReport | { readonly kind: "refused"; readonly reason: string };

export interface PurseLoadRequest {
  readonly reference: string;
  readonly amount: Fen;
  readonly operator: string;
  /** "electronic-cash" is loaded by the issuer's script, the e-purse by CREDIT FOR LOAD. */
  readonly purse: "e-purse" | "electronic-cash";
}

export type PurseLoadOutcome =
  | { readonly kind: "loaded"; readonly subject: string; readonly amount: Fen; readonly balanceAfter?: Fen }
  | { readonly kind: "refused"; readonly reason: string; readonly responseCode?: string }
  | { readonly kind: "unknown"; readonly subject?: string; readonly reason: string }
  | { readonly kind: "no-card"; readonly reason?: string };

export interface DownloadReport {
  readonly kind: "taken" | "refused";
  readonly what: DownloadKind;
  readonly entries: number;
  readonly reason?: string;
}

/** None of these rejects for what the world does. Faults: those of the journal. */
export interface BankActs {
  signIn(limits: Limits): Promise<{ readonly kind: "signed-in"; readonly batch: string } | { readonly kind: "refused"; readonly reason: string }>;
  signOff(limits: Limits): Promise<{ readonly kind: "signed-off" } | { readonly kind: "refused"; readonly reason: string }>;
  pay(request: BankPaymentRequest, limits: Limits): Promise<BankOutcome>;
  takeBack(request: BankReturnRequest, limits: Limits): Promise<BankOutcome>;
  balance(request: { readonly operator: string }, limits: Limits): Promise<BankBalance | Exclude<BankOutcome, { readonly kind: "approved" }>>;
  /** How the act of this reference stands; undefined where it was never begun. */
  known(reference: string): Promise<BankOutcome | undefined>;
  load(request: PurseLoadRequest, limits: Limits): Promise<PurseLoadOutcome>;
  /** Sends what is due (reversals, offline sales), then compares the batch. */
  settle(request: { readonly operator: string }, limits: Limits): Promise<SettlementOutcome>;
  /** A person has dealt with a half-done settlement at the acquirer: its batch is closed. The same batch said again is told again. */
  settlementDealtWith(word: SettlementWord, limits: Limits): Promise<SettlementOutcome>;
  download(what: DownloadKind, limits: Limits): Promise<DownloadReport>;
  /** Oldest first. */
  parked(limit: number): Promise<readonly ParkedItem[]>;
  /** Done once, however often it is said. "act-unfitting": such an item takes another act. Faults: those of the journal. */
  settleParked(subject: string, act: ParkedAct): Promise<"settled" | "not-parked" | "act-unfitting">;
  /** For status and console: nothing personal. */
  view(): JsonObject;
}
