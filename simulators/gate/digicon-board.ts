/*
 * A board of the Digicon type, from its maker's manual: frames with size and check byte, an answer to each command, an event for each passage.
 * It keeps no time: what is open stays open until somebody passes or it is told to control again. Strict: what it does not know gets 15.
 */
import { type Bytes, concat, u8 } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import { sendAnswer } from "../line/answer.ts";
import { type FarEnd, type LineFaults, NO_LINE_FAULTS } from "../line/far-end.ts";
import { FireLoop } from "./fire-loop.ts";
import type { Walker } from "./walker.ts";

export interface DigiconSettings {
  /** Direction that command 48 opens. */
  readonly digiconDirection: "right-to-left" | "left-to-right";
}

type Way = DigiconSettings["digiconDirection"];

export class SimulatedDigiconBoard {
  /** Through which the lock gets its current. */
  readonly fireLoop = new FireLoop();
  /** Directions that were opened so far. */
  readonly opened: Way[] = [];
  readonly #clock: Clock;
  readonly #walker: Walker;
  readonly #settings: DigiconSettings;
  #faults: LineFaults = NO_LINE_FAULTS;
  #end: FarEnd | undefined;
  #received: Bytes = new Uint8Array(0);
  #passage: { readonly way: Way } | undefined;
  #refuseNext = false;
  #commands = 0;

  constructor(parts: { readonly clock: Clock; readonly walker: Walker; readonly settings: DigiconSettings }) {
    this.#clock = parts.clock;
    this.#walker = parts.walker;
    this.#settings = parts.settings;
  }

  get isOpen(): boolean {
    return this.fireLoop.isOpen || this.#passage !== undefined;
  }

  /** Commands understood so far. */
  get commands(): number {
    return this.#commands;
  }

  /** Hangs the board on a line; what is open stays open. */
  attach(end: FarEnd): void {
    this.#end = end;
    this.#received = new Uint8Array(0);
    end.onBytes((bytes) => this.#hear(bytes));
  }

  setFaults(faults: Partial<LineFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  /** The next command to open gets 15. */
  refuseNext(): void {
    this.#refuseNext = true;
  }

  /** Somebody passes a direction that nobody opened: it was free. */
  passFreely(way: Way): void {
    this.#tell(way === "right-to-left" ? 0x1a : 0x1b);
  }

  #hear(bytes: Bytes): void {
    this.#received = concat(this.#received, bytes).slice(-64);
    for (;;) {
      const start = this.#received.indexOf(0x02);
      this.#received = start < 0 ? new Uint8Array(0) : this.#received.slice(start);
      const size = (this.#received[1] ?? 0) + 256 * (this.#received[2] ?? 0);
      if (this.#received.length < 3 || (size <= 16 && this.#received.length < 3 + size)) return;
      const frame = this.#received.slice(0, 3 + size);
      const right = size >= 2 && size <= 16 && frame.reduce((sum, byte) => sum ^ byte, 0) === 0;
      this.#received = this.#received.slice(right ? frame.length : 1);
      if (right) this.#obey(frame.slice(3, -1));
    }
  }

  #obey(command: Bytes): void {
    this.#commands += 1;
    const [operation = 0] = command;
    const other: Way = this.#settings.digiconDirection === "right-to-left" ? "left-to-right" : "right-to-left";
    if (command.length === 1 && operation === 0x43) {
      this.#passage = undefined;
      this.#tell(0x06);
    } else if (command.length === 1 && (operation === 0x48 || operation === 0x41) && !this.#refuseNext) {
      this.#tell(0x06);
      void this.#open(operation === 0x48 ? this.#settings.digiconDirection : other);
    } else {
      this.#refuseNext = false;
      this.#tell(0x15);
    }
  }

  async #open(way: Way): Promise<void> {
    this.opened.push(way);
    const passage = { way };
    this.#passage = passage;
    await this.#clock.sleep(this.#walker.afterMs);
    if (this.#passage !== passage || this.#walker.walk !== "passes") return;
    this.#passage = undefined;
    this.#tell(way === "right-to-left" ? 0x1a : 0x1b);
  }

  #tell(word: number): void {
    const body = concat(Uint8Array.of(0x02, 0x02, 0x00), u8(word));
    const wire = concat(body, u8(body.reduce((sum, byte) => sum ^ byte, 0)));
    void sendAnswer(this.#clock, { end: this.#end, faults: this.#faults }, wire);
  }
}
