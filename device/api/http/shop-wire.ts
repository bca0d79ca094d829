/* Between the words of the shop and the lanes and what travels of them. */
import type * as z from "zod";
import type { ShopSlip } from "../../shop/acts.ts";
import type { LaneEvent, LaneStatus } from "../../txn/gate/lane.ts";
import type { SaleRefundOutcome } from "../../txn/shop/refunds.ts";
import type { EndedShift, ShiftTotals } from "../../txn/shop/shift.ts";
import type { slip } from "./schemas.ts";
import type * as schemas from "./shop-schemas.ts";
import { wordsFor } from "./wire.ts";

export type GateItem = z.output<typeof schemas.gateItem>;
type SlipWire = z.output<typeof slip>;
type SaleRefundWire = z.output<typeof schemas.saleRefund>;
type ShiftWire = z.output<typeof schemas.shift>;

export function slipWire(outcome: ShopSlip): SlipWire {
  return outcome === "printed" ? { printed: true } : { printed: false, reason: outcome, ...wordsFor(outcome) };
}

export function saleRefundWire(names: Pick<SaleRefundWire, "saleNumber" | "refundNumber">, outcome: SaleRefundOutcome): SaleRefundWire {
  switch (outcome.kind) {
    case "refunded":
      return { ...names, kind: outcome.kind, amountFen: outcome.amount, leftFen: outcome.left, subject: outcome.subject };
    case "refused":
      return {
        ...names,
        kind: outcome.kind,
        reason: outcome.reason,
        ...wordsFor(outcome.reason),
        ...(outcome.left === undefined ? {} : { leftFen: outcome.left }),
      };
    case "unknown":
      return { ...names, kind: outcome.kind, reason: outcome.reason, ...wordsFor(outcome.reason) };
  }
}

export function shiftWire({ taken, given, open, ...totals }: ShiftTotals): ShiftWire {
  return { ...totals, taken: taken.map((line) => ({ ...line })), given: given.map((line) => ({ ...line })), open: { ...open } };
}

export function shiftEndWire({ totals, operator, atMs }: EndedShift): z.output<typeof schemas.shiftEnd> {
  return { ...shiftWire(totals), operator, atMs };
}

export function lanesWire(lanes: readonly LaneStatus[]): z.output<typeof schemas.gates> {
  return { lanes: lanes.map(({ name, state, taps, passages, refused, fareFen }) => ({ name, state, taps, passages, refused, fareFen })) };
}

/** The balance stays at the lane: its holder reads it there, and nobody else has to. */
export function laneEventWire(event: LaneEvent): z.output<typeof schemas.laneEvent> {
  switch (event.is) {
    case "prompt":
      return { is: event.is, what: event.prompt.what, ...tapWords(event.prompt) };
    case "tap":
      return {
        is: event.is,
        outcome: event.outcome,
        ...tapWords(event),
        ...(event.reference === undefined ? {} : { saleNumber: event.reference }),
      };
    case "passage":
      return { is: event.is, passage: event.passage };
    case "alarm":
      return { is: event.is, why: event.why };
  }
}

function tapWords({ reason, fare }: { readonly reason?: string; readonly fare?: number }) {
  return { ...(reason === undefined ? {} : { reason, ...wordsFor(reason) }), ...(fare === undefined ? {} : { fareFen: fare }) };
}
