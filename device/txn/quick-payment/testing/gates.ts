/* Gates for tests: a tariff that lets in for nothing and out for a fare, and taps at a simulated place. */
import type { SimulatedCard } from "../../../../simulators/card/card.ts";
import type { TestCardOptions } from "../../../../simulators/card/make.ts";
import type { PurseOptions } from "../../../../simulators/card/purse/make.ts";
import { type Bytes, toHex } from "../../../base/bytes.ts";
import { fen } from "../../../base/fen.ts";
import { entryRecord, fareRecord, INDUSTRY, openEntry, type TripPlace } from "../../../card/transit/trips.ts";
import type { SaleRequest } from "../../sale-request.ts";
import type { QuickPaymentPorts } from "../ports.ts";
import { runQuickPayment } from "../run.ts";
import type { Quote, Tariff, TransitView, TripWrites, WrittenAt } from "../tariff.ts";
import { SimulatedPlace, type SimulatedPlaceOptions, TEST_LIMITS } from "../testing.ts";
import type { QuickPaymentOutcome } from "../types.ts";

export const FARE = 450;
export const BALANCE = 10_000;
export const BUS_RECORD = "2702";

const HERE: Omit<TripPlace, "terminalNumber" | "date" | "time"> = { industry: INDUSTRY.metro, place: "00120034", city: "9901", acquirer: "9901000000000001" };

export interface GateOptions {
  readonly minimumBalance?: number;
  /** Identifier of the operator's own record, which each journey fills with its own byte. */
  readonly riderRecord?: string;
}

/** A gate's tariff, and what it was shown. */
export interface TestGate extends Tariff {
  readonly seen: readonly TransitView[];
  readonly written: readonly WrittenAt[];
}

/** The byte that a test gate fills the operator's record with. */
export function filling(way: "entry" | "exit"): number {
  return way === "entry" ? 0xe1 : 0xe2;
}

/** Lets in who is not inside, and out who is. */
export function testGate(way: "entry" | "exit", { minimumBalance, riderRecord }: GateOptions = {}): TestGate {
  const seen: TransitView[] = [];
  const written: WrittenAt[] = [];
  const writes =
    (view: TransitView) =>
    (at: WrittenAt): TripWrites => {
      written.push(at);
      const trip = way === "entry" ? entryAt(at) : exitAt(at);
      const { riderRecord: content } = view;
      return content === undefined ? { trip } : { trip, riderRecord: new Uint8Array(content.length).fill(filling(way)) };
    };
  const quote = (view: TransitView): Quote => {
    seen.push(view);
    const inside = openEntry(view.trip) !== undefined;
    if (inside !== (way === "exit")) return { kind: "refused", reason: inside ? "entry-twice" : "exit-without-entry" };
    const amount = fen(way === "entry" ? 0 : FARE);
    const minimum = minimumBalance === undefined ? {} : { minimumBalance: fen(minimumBalance) };
    return { kind: "charge", amount, ...minimum, writes: writes(view), detail: { ride: way, rows: ["flat"] } };
  };
  return { quote, seen, written, ...(riderRecord === undefined ? {} : { riderRecord }) };
}

function entryAt(at: WrittenAt): TripWrites["trip"] {
  return entryRecord({ ...HERE, ...at }, { balance: at.balance, maximumFare: fen(900), maximumTime: "0000" });
}

function exitAt(at: WrittenAt): TripWrites["trip"] {
  return fareRecord({ ...HERE, ...at }, { kind: "exit", amount: fen(FARE), balance: fen(at.balance - FARE) });
}

/** One passage at a gate, under a name of its own. */
export function passage(reference: string, tariff: Tariff): SaleRequest {
  return { reference, amount: fen(0), purse: { kind: "compound", tariff } };
}

export interface GateScene {
  readonly place: SimulatedPlace;
  readonly card: SimulatedCard;
}

export async function gateScene(
  options: { readonly purse?: PurseOptions; readonly card?: Partial<TestCardOptions>; readonly place?: SimulatedPlaceOptions } = {},
): Promise<GateScene> {
  const place = new SimulatedPlace(options.place);
  await place.clock.resolve(place.switchOn());
  const card = place.card({ balanceFen: BALANCE, ...options.card, purse: { transit: "t-union", ...options.purse } });
  place.reader.insert(card);
  return { place, card };
}

/** One tap, to its answer. */
export function tapGate(
  { place }: GateScene,
  request: SaleRequest,
  change: (ports: QuickPaymentPorts) => QuickPaymentPorts = (ports) => ports,
): Promise<QuickPaymentOutcome> {
  return place.clock.resolve(runQuickPayment(change(place.ports), request, TEST_LIMITS));
}

/** Every command to card and module from now on, as its first four bytes, the module's behind a mark. */
export function listen(place: SimulatedPlace): string[] {
  const sent: string[] = [];
  place.plan(({ to, command }) => {
    sent.push(`${to === "card" ? "" : "module "}${headerOf(command)}`);
    return { kind: "ok" };
  });
  return sent;
}

function headerOf(command: Bytes): string {
  return toHex(command.subarray(0, 4));
}
