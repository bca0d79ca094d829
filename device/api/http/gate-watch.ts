/* What happens at the lanes, kept for whoever listens: bounded, and without anything that tells whose card it was. */
import type { Clock } from "../../base/ports.ts";
import type { LaneEvent } from "../../txn/gate/lane.ts";
import { EventLog } from "./event-log.ts";
import type { ServedGates } from "./service.ts";
import { type GateItem, laneEventWire } from "./shop-wire.ts";
import type { ToldWork } from "./stream.ts";

export interface GateWatchParts {
  readonly gates: ServedGates;
  readonly clock: Clock;
  /** Names this start of the stream. */
  readonly generation: string;
  readonly eventsMax: number;
}

export class GateWatch implements ToldWork<GateItem> {
  readonly events: EventLog<GateItem>;
  readonly underWay = true;
  readonly #stop: () => void;

  constructor({ gates, clock, generation, eventsMax }: GateWatchParts) {
    this.events = new EventLog(generation, eventsMax);
    const hear = (lane: string, event: LaneEvent) => this.events.append({ type: "event", lane, atMs: clock.wallMs(), event: laneEventWire(event) });
    this.#stop = gates.listen(hear);
  }

  close(): void {
    this.#stop();
  }
}
