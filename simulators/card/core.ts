/* What the applications of one card share: memory with whole-step commits, random numbers, the challenge, profile and faults. */
import { type Bytes, fromHex, u32be, utf8 } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { type Answer, type Command, ok, refuse, SW } from "./iso.ts";
import type { CardFaults, CardMemory, CardPersonalization } from "./state.ts";

export const PIN_TRIES = 3;
export const KEY_TRIES = 10;

export class CardCore {
  readonly suite: CipherSuite;
  readonly personalization: CardPersonalization;
  #memory: CardMemory;
  #faults: CardFaults;
  #drawn: number;
  #interface: "contact" | "contactless";
  #holdsCommits = true;
  #challenge: Bytes | undefined;

  constructor(
    suite: CipherSuite,
    parts: { readonly personalization: CardPersonalization; readonly memory: CardMemory; readonly faults: CardFaults; readonly drawn: number },
  ) {
    this.suite = suite;
    this.personalization = parts.personalization;
    this.#memory = parts.memory;
    this.#faults = parts.faults;
    this.#drawn = parts.drawn;
    this.#interface = parts.personalization.interface;
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

  /** How the card is spoken to now: by contacts or by radio. */
  get interface(): "contact" | "contactless" {
    return this.#interface;
  }

  setFaults(faults: Partial<CardFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  setInterface(through: "contact" | "contactless"): void {
    this.#interface = through;
  }

  /** Changes the memory in one step, all of it or (when power goes in the middle) nothing of it. */
  commit(change: Partial<CardMemory>): void {
    if (this.#holdsCommits) this.#memory = { ...this.#memory, ...change };
  }

  /** A change that stands before the card goes on: power that fails behind it finds it made. A counter of tries goes down before the comparison. */
  commitAhead(change: Partial<CardMemory>): void {
    this.#memory = { ...this.#memory, ...change };
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

  /** GET CHALLENGE (00 84): 4, 8 or 16 bytes, kept for the command that needs them. Spec: LD/T 32.7, GET CHALLENGE. */
  drawChallenge(command: Command): Answer {
    if (command.p1 !== 0 || command.p2 !== 0) return refuse(SW.wrongP1P2);
    const { le } = command;
    if (command.data.length > 0 || (le !== 4 && le !== 8 && le !== 16)) return refuse(SW.wrongLength);
    this.#challenge = this.random(le);
    return ok(this.#challenge);
  }

  /** The last challenge, once: whoever takes it uses it up. */
  takeChallenge(): Bytes | undefined {
    const challenge = this.#challenge;
    this.#challenge = undefined;
    return challenge;
  }

  /** Another application has been selected, or power has gone. */
  forgetChallenge(): void {
    this.#challenge = undefined;
  }
}
