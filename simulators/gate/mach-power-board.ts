/*
 * A Mach Power board, from its maker's manual: five bytes with a check, and not a word in return. One command opens a side for one passage, whose
 * time the board keeps; others drop and raise the arm, forbid and allow passages. Strict: what it does not know does nothing.
 */
import { type Bytes, concat } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { FarEnd } from "../line/far-end.ts";
import { FireLoop } from "./fire-loop.ts";
import type { Walker } from "./walker.ts";

export interface MachPowerSettings {
  readonly address: number;
  /** Whether the board takes the wrong check byte that the manual prints for two commands beside the right one. */
  readonly machPowerXor: "correct" | "correctOrPrinted";
  /** How long the board waits for somebody. */
  readonly boardPassageMs: number;
}

type Side = "left" | "right";

const FRAME_BYTES = 5;
/** What the manual prints behind 42 and 43. */
const PRINTED_CHECK = 0xab;

export class SimulatedMachPowerBoard {
  /** Sides that were opened so far. */
  readonly opened: Side[] = [];
  /** Through which the arm's lock gets its current: without it the arm drops. */
  readonly fireLoop = new FireLoop();
  readonly #clock: Clock;
  readonly #walker: Walker;
  readonly #settings: MachPowerSettings;
  #received: Bytes = new Uint8Array(0);
  /** The passage that is under way; made anew for each. */
  #passage: { readonly side: Side } | undefined;
  #armIsDown = false;
  #isForbidden = false;

  constructor(parts: { readonly clock: Clock; readonly walker: Walker; readonly settings: MachPowerSettings }) {
    this.#clock = parts.clock;
    this.#walker = parts.walker;
    this.#settings = parts.settings;
  }

  get isOpen(): boolean {
    return this.fireLoop.isOpen || this.#passage !== undefined || this.#armIsDown;
  }

  /** Hangs the board on a line; a passage that is under way goes on. */
  attach(end: FarEnd): void {
    this.#received = new Uint8Array(0);
    end.onBytes((bytes) => this.#hear(bytes));
  }

  #hear(bytes: Bytes): void {
    this.#received = concat(this.#received, bytes).slice(-64);
    while (this.#received.length >= FRAME_BYTES) {
      const isFrame = this.#isFrame(this.#received.slice(0, FRAME_BYTES));
      const [, , command = 0] = this.#received;
      this.#received = this.#received.slice(isFrame ? FRAME_BYTES : 1);
      if (isFrame) this.#obey(command);
    }
  }

  #isFrame(bytes: Bytes): boolean {
    const [start, address, command, value, check] = bytes;
    if (start !== 0xeb || address !== this.#settings.address || value !== 0) return false;
    if (bytes.reduce((total, byte) => total ^ byte, 0) === 0) return true;
    return this.#settings.machPowerXor === "correctOrPrinted" && (command === 0x42 || command === 0x43) && check === PRINTED_CHECK;
  }

  #obey(command: number): void {
    if (command === 0x40) void this.#open("left");
    else if (command === 0x41) void this.#open("right");
    else if (command === 0x42 || command === 0x43) this.#armIsDown = command === 0x42;
    else if (command === 0x4a || command === 0x4b) this.#isForbidden = command === 0x4a;
  }

  async #open(side: Side): Promise<void> {
    if (this.#isForbidden) return;
    this.opened.push(side);
    const passage = { side };
    this.#passage = passage;
    await this.#clock.sleep(this.#walker.walk === "stays" ? this.#settings.boardPassageMs : this.#walker.afterMs);
    // Opened again meanwhile: the later passage has its own end.
    if (this.#passage === passage) this.#passage = undefined;
  }
}
