/*
 * A tripod board of the FE family, from its maker's manual: seven bytes without a check, one command to open a side, two events that end a
 * passage. It keeps the time itself. Strict: what it does not know it does not answer.
 */
import { type Bytes, concat } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import { sendAnswer } from "../line/answer.ts";
import { type FarEnd, type LineFaults, NO_LINE_FAULTS } from "../line/far-end.ts";
import { FireLoop } from "./fire-loop.ts";
import type { Walker } from "./walker.ts";

export interface FeBoardSettings {
  /** Operation that asks for the board's state and the value for idle; the bytes are not public. */
  readonly feStatusQuery: "off" | { readonly operation: number; readonly idle: number };
  /** How long the board waits for somebody. */
  readonly boardPassageMs: number;
}

const FRAME_BYTES = 7;

export class SimulatedFeBoard {
  /** Through which the lock gets its current. */
  readonly fireLoop = new FireLoop();
  /** Sides that were opened so far. */
  readonly opened: ("A" | "B")[] = [];
  readonly #clock: Clock;
  readonly #walker: Walker;
  readonly #settings: FeBoardSettings;
  #faults: LineFaults = NO_LINE_FAULTS;
  #end: FarEnd | undefined;
  #received: Bytes = new Uint8Array(0);
  /** The passage that is under way; made anew for each. */
  #passage: { readonly side: number } | undefined;

  constructor(parts: { readonly clock: Clock; readonly walker: Walker; readonly settings: FeBoardSettings }) {
    this.#clock = parts.clock;
    this.#walker = parts.walker;
    this.#settings = parts.settings;
  }

  get isOpen(): boolean {
    return this.fireLoop.isOpen || this.#passage !== undefined;
  }

  /** Hangs the board on a line; a passage that is under way goes on. */
  attach(end: FarEnd): void {
    this.#end = end;
    this.#received = new Uint8Array(0);
    end.onBytes((bytes) => this.#hear(bytes));
  }

  setFaults(faults: Partial<LineFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  /** Somebody passes a side that nobody opened: it was free. */
  passFreely(side: "A" | "B"): void {
    this.#tell(0x81, side === "A" ? 1 : 2);
  }

  #hear(bytes: Bytes): void {
    this.#received = concat(this.#received, bytes).slice(-64);
    while (this.#received.length >= FRAME_BYTES) {
      const [start, operation = 0, side = 0, ...rest] = this.#received.slice(0, FRAME_BYTES);
      const right = start === 0xfe && rest.slice(0, 3).every((byte) => byte === 0) && rest[3] === 0xab;
      this.#received = this.#received.slice(right ? FRAME_BYTES : 1);
      if (right) this.#obey(operation, side);
    }
  }

  #obey(operation: number, side: number): void {
    const query = this.#settings.feStatusQuery;
    if (operation === 0x80 && (side === 1 || side === 2)) void this.#open(side);
    else if (query !== "off" && operation === query.operation && side === 0)
      this.#tell(operation, 0, this.#passage !== undefined ? query.idle ^ 0xff : query.idle);
  }

  async #open(side: number): Promise<void> {
    this.opened.push(side === 1 ? "A" : "B");
    const passage = { side };
    this.#passage = passage;
    const { walk, afterMs } = this.#walker;
    await this.#clock.sleep(walk === "stays" ? this.#settings.boardPassageMs : afterMs);
    // Opened again meanwhile: the later passage has its own end.
    if (this.#passage !== passage) return;
    this.#passage = undefined;
    this.#tell(walk === "passes" ? 0x81 : 0x44, side);
  }

  #tell(operation: number, side: number, value = 0): void {
    void sendAnswer(this.#clock, { end: this.#end, faults: this.#faults }, Uint8Array.of(0xfe, operation, side, value, 0, 0, 0xab));
  }
}
