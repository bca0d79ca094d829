/* The lanes of one terminal out of their devices: each a place where cards pay, with a gate behind it. */

import { StaticTransitCache } from "../card/transit/static-cache.ts";
import type { CardReader } from "../drivers/ports.ts";
import { SaleLane, type SharedSales } from "../sale-lane.ts";
import type { DelayedChargeProfile } from "../txn/delayed-charge/settings.ts";
import type { GateService, LaneEvent } from "../txn/gate/lane.ts";
import { openLaneReader } from "../txn/gate/reader.ts";
import { openSaleTimes } from "../txn/sale-time.ts";
import { type GateLaneSetup, type GateParts, openGates } from "./lanes.ts";

/** What hangs at one lane. */
export interface LaneDevices extends Omit<GateLaneSetup, "reader" | "sale" | "ride"> {
  readonly reader: CardReader;
  readonly samReader: CardReader;
}

/** What a terminal is told of its lanes. */
export interface TerminalGate extends Pick<GateParts, "fares" | "rider" | "ridesAs" | "policy" | "purses"> {
  readonly lanes: readonly LaneDevices[];
  /** How bank cards are charged later; absent: they are not. */
  readonly delayedCharge?: DelayedChargeProfile;
}

export interface TerminalGates {
  readonly service: GateService;
  start(): void;
  /** Ends the lanes, then closes what hangs at them. */
  stop(): Promise<void>;
}

/** Cards whose unchanging data are kept. */
const KNOWN_CARDS_MAX = 4_096;

/** Opens the lanes with what cards did at them before this start. Faults: those of the journal. */
export async function openTerminalGates(
  shared: SharedSales,
  gate: TerminalGate,
  onEvent: (lane: string, event: LaneEvent) => void = () => undefined,
): Promise<TerminalGates> {
  const { clock, log, journal, bounds, provedMs } = shared;
  const { lanes, delayedCharge: profile, ...settings } = gate;
  const cache = new StaticTransitCache(KNOWN_CARDS_MAX);
  const stopping = new AbortController();
  const open = async ({ reader: cards, samReader, ...lane }: LaneDevices) => {
    const reader = openLaneReader(cards);
    const saleTimes = await openSaleTimes(journal, lane.settings.name);
    const own = { ...shared, saleTimes, bounds: { ...bounds, returnTimeoutMs: gate.policy.returnTimeoutMs } };
    const place = new SaleLane(own, { reader, samReader, transit: { city: lane.settings.city, cache } });
    const ride: Pick<GateLaneSetup, "ride"> = profile === undefined ? {} : { ride: (request, limits) => place.delayedCharge(request, profile, limits) };
    return { place, setup: { ...lane, reader, sale: place.begin.bind(place), ...ride } };
  };
  const setups = await Promise.all(lanes.map(open));
  const service = await openGates({
    ...settings,
    ...{ clock, log, journal, onEvent },
    ...(provedMs === undefined ? {} : { provedMs }),
    lanes: setups.map(({ setup }) => setup),
  });
  return {
    service,
    start: () => {
      for (const { place } of setups) void place.warmUp(stopping.signal);
      service.start();
    },
    stop: async () => {
      stopping.abort();
      await service.stop();
      await Promise.all(setups.map(({ place, setup }) => Promise.all([place.close(), setup.gate.close(), setup.display?.close()])));
    },
  };
}
