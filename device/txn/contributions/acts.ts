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

export interface ContributionActs {
  bills(request: { readonly operator: string }, limits: Limits): Promise<BillsOutcome>;
  pay(request: ContributionRequest, limits: Limits): Promise<ContributionOutcome>;
  known(reference: string): Promise<ContributionOutcome | undefined>;
  benefits(request: { readonly operator: string }, limits: Limits): Promise<BenefitsView | Exclude<BillsOutcome, { readonly kind: "bills" }>>;
  /** What stands on the slip of this reference, to be printed again; undefined where there is none. Faults: those of the journal. */
  receipt(reference: string): Promise<ReceiptData | undefined>;
  /**
   * A person has looked at a case with which nothing more happens by itself. "try-again": the bank is asked for the money once more. "returned": it was
   * given back by hand. Faults: those of the journal.
   */
  settleCase(subject: string, act: { readonly operator: string; readonly how: "try-again" | "returned" }): Promise<"settled" | "not-parked">;
  /** Contributions that wait for the agency, the bank or a person, oldest first. */
  openCases(limit: number): Promise<readonly { readonly subject: string; readonly amount: Fen; readonly reason: string; readonly sinceMs: number }[]>;
}
