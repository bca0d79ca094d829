/*
 * A Mach Power board behind the gate port. It takes one command, opens one side for one passage and says nothing at all: neither that it heard
 * nor that somebody passed. So a passage takes the time that its caller gives it, and only the line tells whether anything is there. What
 * was opened the board shuts by itself; its papers name no word for that. Spec: gate Mach Power, commands.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { LineTalk, type WordReader } from "../framing/line-talk.ts";
import type { ByteLine } from "../framing/lines.ts";
import { OnePassage } from "../framing/one-passage.ts";
import type { DeviceHealth, Gate, Passage, PassageDirection } from "../peripherals.ts";
import { encodeOpening, type MachPowerSide } from "./frame.ts";

/** Speed of these boards' lines. */
export const MACH_POWER_BAUD = 9_600;

export interface MachPowerGateOptions {
  readonly clock: Clock;
  /** Address of the board on its line, 0 to 255. */
  readonly address: number;
  /** The side that opens for an entry; the other one is the exit. */
  readonly entrySide: MachPowerSide;
}

/** Whatever comes is noise: the papers know no word of the board. */
const DEAF: WordReader<never> = { feed: () => [], reset: () => undefined };

export class MachPowerGate implements Gate {
  readonly name: string;
  readonly reportsPassage = false;
  readonly #line: ByteLine;
  readonly #options: MachPowerGateOptions;
  readonly #talk: LineTalk<never>;
  readonly #passages = new OnePassage();

  constructor(line: ByteLine, options: MachPowerGateOptions) {
    this.#line = line;
    this.#options = options;
    this.#talk = new LineTalk(line, { clock: options.clock, reader: DEAF });
    this.name = `gate Mach Power ${options.address} on ${line.name}`;
  }

  /** Resolves with "timeout" when the passage's time is over, which has to be longer than the board's own. */
  open(direction: PassageDirection, { passageTimeoutMs }: { readonly passageTimeoutMs: number }, limits: Limits): Promise<Passage> {
    const opening = encodeOpening({ address: this.#options.address, side: this.#sideOf(direction) });
    return this.#passages.run(() => this.#talk.alone(limits, () => this.#passage(opening, passageTimeoutMs, limits)));
  }

  /** Tells of the line alone: a board that is switched off behind it looks well. */
  health(): Promise<DeviceHealth> {
    return Promise.resolve({ kind: this.#line.state === "open" ? "well" : "away" });
  }

  async close(): Promise<void> {
    this.#talk.close();
    await this.#line.close();
  }

  async #passage(opening: Bytes, passageTimeoutMs: number, limits: Limits): Promise<Passage> {
    await this.#talk.hearing(async (ear) => {
      await this.#talk.write(opening, limits);
      await ear.rest(passageTimeoutMs, limits.signal);
    });
    return "timeout";
  }

  #sideOf(direction: PassageDirection): MachPowerSide {
    return (direction === "entry") === (this.#options.entrySide === "left") ? "left" : "right";
  }
}

/** A gate of this family on a line; it need not be there yet. */
export function openMachPowerGate(line: ByteLine, options: MachPowerGateOptions): MachPowerGate {
  return new MachPowerGate(line, options);
}
