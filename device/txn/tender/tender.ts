/*
 * How money for the rest of an order is taken and given back, whatever it is made of. Each tender is a record of its own, found again by its
 * reference, so that the same tender is never taken twice.
 */
import type { Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { TenderKind } from "../medical-desk/desk.ts";

export interface TenderRequest {
  /** Unique for this tender at this terminal: the mark `sale/<reference>`. */
  readonly reference: string;
  readonly tender: TenderKind;
  readonly amount: Fen;
  readonly operator: string;
  /** Reference of the order that it pays for. */
  readonly order: string;
}

export type TenderResult =
  | { readonly kind: "paid"; readonly subject: string; readonly amount: Fen }
  /** Certain: no money has moved. */
  | { readonly kind: "failed"; readonly reason: string; readonly subject?: string }
  /**
   * Money may have moved; decided later by the card that comes back. `held`: the card says that it paid and nobody confirms it, so that it
   * buys no goods, and is given back where the order is undone. No subject: the record itself could not be written.
   */
  | { readonly kind: "unknown"; readonly subject?: string; readonly reason: string; readonly held?: true };

export interface RefundRequest {
  readonly reference: string;
  readonly amount: Fen;
  readonly operator: string;
  readonly order: string;
  /** Why money goes back, for the books. */
  readonly why: "order-void" | "offline-difference" | "late-payment";
}

/** Money that goes back the way it came: to the account that a bank card has paid from. */
export interface GiveBackRequest {
  readonly reference: string;
  /** Reference of the tender that it takes back. */
  readonly original: string;
  readonly operator: string;
}

/** What of a tender has gone back the way it came. `open`: something of it is not decided. */
export interface Returned {
  readonly amount: Fen;
  readonly open: boolean;
}

export interface Tenders {
  offered(): readonly TenderKind[];
  /** Takes the tender, or says how the same tender ended earlier. Never rejects for what the world does. */
  take(request: TenderRequest, limits: Limits): Promise<TenderResult>;
  /** How the tender of this reference stands; undefined where it was never begun. */
  known(reference: string): Promise<TenderResult | undefined>;
  /** Cash that the counter hands out, recorded before it is said to be due. Asking again is the same refund. Faults: those of the journal. */
  refundCash(request: RefundRequest): Promise<{ readonly subject: string; readonly amount: Fen }>;
  /** Undefined for a tender that goes back in cash. Faults: those of the journal. */
  returned(reference: string): Promise<Returned | undefined>;
  /** Gives a whole tender back the way it came. Asking again is the same. Never rejects for what the world does. */
  giveBack(request: GiveBackRequest, limits: Limits): Promise<TenderResult>;
}
