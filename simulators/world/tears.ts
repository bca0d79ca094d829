/*
 * Goal: a share of the taps that the scenario names is torn, at every command of every purse alike.
 * Method: each presentation of a card is a tap and draws whether it is torn, at which point, and after how many commands; how many there
 * are is learned from the taps before it. A tap that ended before its tear came hands it on to the next one.
 */
import type { TearPoint } from "../card/state.ts";
import type { SeededRandomness } from "./seeded-randomness.ts";

const POINTS: readonly TearPoint[] = ["before", "during", "after"];
/** Commands of a tap of which nothing is known yet. */
const FIRST_GUESS = 8;
/** Of the tears, how many befall the last command on purpose. */
const LAST_COMMAND_SHARE = 0.4;

interface Tear {
  /** Commands that are answered before the tear. */
  readonly after: number;
  readonly at: TearPoint;
}

export class Tears {
  readonly #draw: SeededRandomness;
  readonly #share: number;
  readonly #lengths = new Map<string, number>();
  #kind = "";
  #commands = 0;
  #planned: Tear | undefined;
  #torn = false;
  /** A tear that its tap was too short for. */
  #owed = false;

  /** `percent`: of the taps that are torn, 0 to 100. */
  constructor(draw: SeededRandomness, percent: number) {
    this.#draw = draw;
    this.#share = percent / 100;
  }

  /** A card was laid into the field for a tap of this kind. */
  presented(kind: string): void {
    this.#end();
    this.#kind = kind;
    const torn = this.#draw.chance(this.#share);
    if (!torn && !this.#owed) return;
    const last = (this.#lengths.get(kind) ?? FIRST_GUESS) - 1;
    // Every command is torn some day; the last one of a tap, which takes the money, more often than the others.
    const after = this.#draw.chance(LAST_COMMAND_SHARE) ? last : this.#draw.between(0, last);
    this.#planned = { after, at: this.#draw.pick(POINTS) };
    // An owed tear is in the place of this tap's own, or beside none: two tears cannot befall one tap.
    this.#owed = torn && this.#owed;
  }

  /** One command is about to be sent to the card: the point at which it is torn, or undefined. */
  strikes(): TearPoint | undefined {
    const planned = this.#planned;
    this.#commands += 1;
    if (planned === undefined || this.#commands <= planned.after) return undefined;
    this.#planned = undefined;
    this.#torn = true;
    return planned.at;
  }

  #end(): void {
    if (this.#planned !== undefined) this.#owed = true;
    if (this.#commands > 0 && !this.#torn) this.#lengths.set(this.#kind, this.#commands);
    this.#planned = undefined;
    this.#torn = false;
    this.#commands = 0;
  }
}
