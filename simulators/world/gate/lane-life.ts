/* What hangs at one lane of a gate while the terminal has power: its reader, its module, its gate under the world's eyes. */
import type { Clock } from "../../../device/base/ports.ts";
import type { Gate } from "../../../device/drivers/peripherals.ts";
import type { LaneDevices } from "../../../device/gate/terminal-gates.ts";
import { SimulatedGate } from "../../gate/in-process.ts";
import type { SimulatedPsam } from "../../psam/psam.ts";
import { makeSamReader, type TransmitInfo, type TransmitVerdict } from "../../reader/in-process.ts";
import { Place } from "../place.ts";
import type { Power } from "../power.ts";
import type { Town } from "../town.ts";
import type { LaneSpot } from "./lane-spot.ts";

export class LaneLife {
  readonly lane: LaneSpot;
  readonly place: Place;
  readonly gate: SimulatedGate;
  readonly #town: Town;
  readonly #power: Power;

  constructor(town: Town, lane: LaneSpot, parts: { readonly power: Power; readonly clock: Clock }) {
    this.#town = town;
    this.#power = parts.power;
    this.lane = lane;
    this.place = new Place(town, lane.spot, parts);
    this.gate = new SimulatedGate({ name: lane.settings.name, clock: parts.clock, walker: lane.walker });
  }

  devices(clock: Clock, moduleFate: (psam: SimulatedPsam, info: TransmitInfo) => TransmitVerdict): LaneDevices {
    const { settings, psam } = this.lane;
    const samReader = makeSamReader(psam, { name: `module of ${settings.name}`, clock, beforeTransmit: (info) => moduleFate(psam, info) });
    return { settings, reader: this.place.reader, samReader, gate: this.#watched() };
  }

  powerFailed(): void {
    this.lane.spot.card = undefined;
    this.lane.psam.powerDown();
    this.place.reader.remove();
  }

  /** The gate as the terminal has it; what it does is shown to the checkers in the instant in which it moves. */
  #watched(): Gate {
    const { gate } = this;
    return {
      name: gate.name,
      reportsPassage: gate.reportsPassage,
      health: () => this.#power.guard(gate.health()),
      close: () => gate.close(),
      open: (direction, passage, limits) => {
        const before = gate.passages.length;
        const opening = gate.open(direction, passage, limits);
        if (gate.passages.length > before) {
          this.#town.watch(() => {
            this.#town.observe();
            this.#town.gateCheck.moved(gate.name);
          });
          this.#town.trace.note(`gate ${gate.name} opens`);
        }
        return this.#power.guard(opening);
      },
    };
  }
}
