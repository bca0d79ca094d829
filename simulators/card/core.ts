/* What the applications of one card share: memory with whole-step commits, random numbers, profile and faults. */
import { type Bytes, fromHex, u32be, utf8 } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { CardFaults, CardMemory, CardPersonalization } from "./state.ts";

export const PIN_TRIES = 3;
export const KEY_TRIES = 10;

export class CardCore {
  readonly suite: CipherSuite;
  readonly personalization: CardPersonalization;
  #memory: CardMemory;
  #faults: CardFaults;
  #drawn: number;
  #holdsCommits = true;

  constructor(
    suite: CipherSuite,
    parts: { readonly personalization: CardPersonalization; readonly memory: CardMemory; readonly faults: CardFaults; readonly drawn: number },
  ) {
    this.suite = suite;
    this.personalization = parts.personalization;
    this.#memory = parts.memory;
    this.#faults = parts.faults;
    this.#drawn = parts.drawn;
  }

  get memory(): CardMemory {
    return this.#memory;
  }

  get faults(): CardFaults {
    return this.#faults;
  }

  get drawn(): number {
    return this.#drawn;
  }

  setFaults(faults: Partial<CardFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  /** Changes the memory in one step, all of it or (when power goes in the middle) nothing of it. */
  commit(change: Partial<CardMemory>): void {
    if (this.#holdsCommits) this.#memory = { ...this.#memory, ...change };
  }

  /** Runs `work` as if power failed before its commit. */
  withoutCommits(work: () => void): void {
    this.#holdsCommits = false;
    try {
      work();
    } finally {
      this.#holdsCommits = true;
    }
  }

  /** Random bytes of the card (at most 32): never repeated, and the same for the same card and draw, so that a world replays. */
  random(length: number): Bytes {
    this.#drawn += 1;
    const { historicalHex, purse } = this.personalization;
    return this.suite.sm3(utf8("card random"), fromHex(historicalHex), fromHex(purse.serialHex), u32be(this.#drawn)).slice(0, length);
  }
}
