/* Contributions (社保缴费) and benefits (待遇领取) at a counter, as the API and the demonstration ask for them. */
import type { Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { JsonObject } from "../journal/types.ts";
import type { ReceiptData } from "../receipts/types.ts";

/** One bill of the agency. */
export interface ContributionBill {
  readonly billId: string;
  /** Such as "resident-medical" or "pension"; the agency's own word. */
  readonly insurance: string;
  /** Such as "2026". */
  readonly period: string;
  readonly amount: Fen;
}

export type BillsOutcome =
  | { readonly kind: "bills"; readonly bills: readonly ContributionBill[] }
  | { readonly kind: "refused"; readonly reason: string; readonly office?: string }
  | { readonly kind: "no-card"; readonly reason?: string };

export interface ContributionRequest {
  readonly reference: string;
  readonly billId: string;
  /** What the counter showed: another amount at the agency ends it before any money moves. */
  readonly amount: Fen;
  readonly operator: string;
}

export type ContributionOutcome =
  | { readonly kind: "confirmed"; readonly subject: string; readonly amount: Fen; readonly receiptNumber: string }
  | { readonly kind: "refused"; readonly reason: string; readonly subject?: string; readonly office?: string }
  /** The bank has paid and the agency has said no: the money went back. */
  | { readonly kind: "refunded"; readonly subject: string; readonly amount: Fen; readonly reason: string }
  /** Somebody has to look: money has moved, or may have, and it is not decided where it belongs. */
  | { readonly kind: "open-case"; readonly subject: string; readonly reason: string }
  | { readonly kind: "no-card"; readonly reason?: string };

export interface BenefitsView {
  readonly kind: "benefits";
  /** When the agency said so: milliseconds since 1970 UTC. */
  readonly asOfMs?: number;
  /** Benefits are paid to an activated financial account only: "active", "inactive" or "unknown". */
  readonly financialAccount?: string;
  readonly entitlements: readonly JsonObject[];
  readonly payments: readonly JsonObject[];
}

/**
 * "try-again": the bank is asked once more for money that has to go back. "returned": it was given back by hand. Of a confirmation that the agency
 * does not answer, "give-back": the agency has not got it, and the money goes back; "confirmed": it has, with this receipt. While the bank itself is
 * not decided none of them fits: what its own record comes to decides.
 */
export type CaseWord = { readonly how: "try-again" | "give-back" | "returned" } | { readonly how: "confirmed"; readonly receiptNumber: string };

export interface ContributionActs {
  bills(request: { readonly operator: string }, limits: Limits): Promise<BillsOutcome>;
  pay(request: ContributionRequest, limits: Limits): Promise<ContributionOutcome>;
  known(reference: string): Promise<ContributionOutcome | undefined>;
  benefits(request: { readonly operator: string }, limits: Limits): Promise<BenefitsView | Exclude<BillsOutcome, { readonly kind: "bills" }>>;
  /** What stands on the slip of this reference, to be printed again; undefined where there is none. Faults: those of the journal. */
  receipt(reference: string): Promise<ReceiptData | undefined>;
  /** A person's word on an open case that nobody is at; said twice, it is done once. Faults: those of the journal. */
  settleCase(subject: string, act: CaseWord & { readonly operator: string }): Promise<"settled" | "not-parked" | "act-unfitting">;
  /** Contributions that wait for the agency, the bank or a person, oldest first. */
  openCases(limit: number): Promise<readonly { readonly subject: string; readonly amount: Fen; readonly reason: string; readonly sinceMs: number }[]>;
}
