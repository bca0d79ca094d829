/*
 * A card has given something at a lane. Which flow that was, and which purse it may be taken from, the world knows by itself; what the card has
 * written must name this very lane.
 */

import type { Clock } from "../../../device/base/ports.ts";
import type { TerminalGate } from "../../../device/gate/terminal-gates.ts";
import type { GatePurse } from "../../../device/txn/gate/tap.ts";
import type { SimulatedCard } from "../../card/card.ts";
import type { CardDebit } from "../../card/state.ts";
import type { JournalCheck } from "../checks/journal-check.ts";
import type { MoneyCheck } from "../checks/money-check.ts";
import type { RefundCheck } from "../checks/refund-check.ts";
import type { RideCheck } from "../checks/ride-check.ts";
import { promised } from "../checks/violation.ts";
import type { FaultPlan } from "../fault-plan.ts";
import { writtenTrip } from "./card-trip.ts";
import { type Flow, type FlowCounts, laneFlow, pursePaying, writesJourney } from "./flows.ts";
import { type ChargedAt, GateCheck, type GateCheckParts } from "./gate-check.ts";
import type { LaneSpot } from "./lane-spot.ts";
import { JOURNEYS } from "./riders.ts";

interface Debited {
  readonly card: SimulatedCard;
  readonly debit: CardDebit;
  readonly sale: string;
}

interface Charge {
  readonly flow: Flow;
  readonly card: SimulatedCard;
  readonly amountFen: number;
  readonly sale: string;
}

/** As much of a town as a charge is judged by. */
interface GateTown {
  readonly gate:
    | (Pick<TerminalGate, "policy"> & { readonly purses: readonly GatePurse[]; readonly possibleFares: GateCheckParts["possibleFares"] })
    | undefined;
  readonly gateCheck: GateCheck;
  readonly flows: FlowCounts;
  readonly plan: Pick<FaultPlan, "isCalm">;
}

interface CheckedTown extends Pick<GateTown, "gate"> {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly journalCheck: JournalCheck;
  readonly moneyCheck: MoneyCheck;
  readonly rideCheck: RideCheck;
  readonly refundCheck: RefundCheck;
}

/** The checker of this town's gates; it looks at the others when it is shown something. */
export function gateCheckOf(town: CheckedTown): GateCheck {
  return new GateCheck({
    sameCardWindowMs: town.gate?.policy.sameCardWindowMs ?? 0,
    nowMs: () => town.clock.monotonicMs(),
    stateOf: (subject) => town.journalCheck.subjects.get(subject)?.state,
    possibleFares: town.gate?.possibleFares ?? (() => []),
    isTrue: (sale) => town.moneyCheck.debitsBySubject.has(sale) || town.rideCheck.isRide(sale),
    isReturned: (sale) => town.refundCheck.isReturned(sale),
  });
}

/** A card was debited, or an entry was written on it. */
export function chargedAtLane(town: GateTown, lane: LaneSpot, { card, debit, sale }: Debited): void {
  const flow = laneFlow(card, lane.settings, town.gate?.purses ?? []);
  const name = card.serial.slice(-4);
  promised(2, pursePaying(flow) === debit.purse, () => `a tap of card ${name} is ${flow}, its ${debit.purse ?? "e-purse"} was debited`);
  if (debit.purse === "compound")
    promised(2, debit.terminalNumber === lane.terminalNumber, () => `card ${name} was debited at ${lane.settings.name} by another module`);
  if (writesJourney(flow)) journeyNames(lane, { card, debit });
  count(town, lane, { flow, card, amountFen: debit.amountFen, sale });
}

/** A bank card has signed for a ride, which is owed from now on. */
export function rodeFromLane(town: GateTown, lane: LaneSpot, { card, amountFen, sale }: Omit<Charge, "flow">): void {
  const flow = laneFlow(card, lane.settings, town.gate?.purses ?? []);
  promised(2, flow === "delayed-ride", () => `a tap of card ${card.serial.slice(-4)} is ${flow}, and it signed for a ride`);
  count(town, lane, { flow, card, amountFen, sale });
}

function count(town: GateTown, lane: LaneSpot, { flow, card, amountFen, sale }: Charge): void {
  if (!town.plan.isCalm) town.flows[flow].done += 1;
  town.gateCheck.charged(card.serial, placeOfLane(lane), { amountFen, sale });
}

/** What stands on the card beside the money: this lane, this fare. */
function journeyNames({ settings, terminalNumber }: LaneSpot, { card, debit }: Omit<Debited, "sale">): void {
  const trip = writtenTrip(card, JOURNEYS.recordId);
  const isHere = trip?.terminalNumber === terminalNumber && trip.place === settings.place;
  promised(
    2,
    isHere && trip.amountFen === debit.amountFen,
    () => `card ${card.serial.slice(-4)} paid ${debit.amountFen} fen at ${settings.name}, its record says otherwise`,
  );
}

function placeOfLane({ settings }: LaneSpot): ChargedAt {
  const { name: lane, mode, direction, place } = settings;
  return { lane, use: mode === "single" ? "ride" : direction, place };
}
