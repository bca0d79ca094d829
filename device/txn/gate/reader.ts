/*
 * Goal: a lane knows when a card comes, gives it to one sale, and does not take a card that stays in the field for another tap.
 * Method: a reader in front of the lane's own. A card that came is held until the sale asks for it, so that it is powered once; whatever the
 * sale asks for after that is the same card again. Cards are told apart by the reader's count of insertions.
 */
import { Fault, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import type { CardChannel, CardReader } from "../../drivers/ports.ts";

export interface LaneReader extends CardReader {
  /** Whether a card that was served still lies in the field. */
  readonly occupied: boolean;
  /** Resolves when a card has come that was not served yet; it is held for the sale. `limits` bounds each of its waits. Faults: those of a reader. */
  arrival(limits: Limits): Promise<void>;
  /** A sale begins: the first card it asks for is the one that is held, or lies there. */
  begin(): void;
  /** The card that the sale had has had its answer. */
  served(): void;
  /** Lets the held card go. */
  drop(): Promise<void>;
  /** Called when a sale asks for a card once more; one listener at a time. */
  onWantedAgain(listener: () => void): void;
}

/** How often a card that lies there is looked at again. */
const LOOK_MS = 1_000;

class HoldingReader implements LaneReader {
  readonly name: string;
  readonly interface: CardReader["interface"];
  readonly #reader: CardReader;
  #held: CardChannel | undefined;
  #occupied = false;
  /** Insertion that was given to a sale last, and the one that has had its answer. */
  #given: number | undefined;
  #served: number | undefined;
  /** Whether the sale has had a card already. */
  #asked = false;
  #wantedAgain: () => void = () => undefined;

  constructor(reader: CardReader) {
    this.#reader = reader;
    this.name = reader.name;
    this.interface = reader.interface;
  }

  get occupied(): boolean {
    return this.#occupied;
  }

  async arrival(limits: Limits): Promise<void> {
    await this.drop();
    const first = await this.#reader.waitForCard(limits);
    const channel = first.insertion === this.#served ? await this.#nextAfter(first, limits) : first;
    if (limits.signal.aborted) {
      await channel.close();
      throw new Fault("cancelled", "nobody waits for a card any more", { effectUnknown: false });
    }
    this.#held = channel;
  }

  begin(): void {
    this.#asked = false;
  }

  served(): void {
    // A sale that refused without asking for the card has answered it too.
    this.#served = this.#held?.insertion ?? this.#given;
  }

  async drop(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.close();
  }

  onWantedAgain(listener: () => void): void {
    this.#wantedAgain = listener;
  }

  async waitForCard(limits: Limits): Promise<CardChannel> {
    const held = this.#held;
    this.#held = undefined;
    if (this.#asked) this.#wantedAgain();
    this.#asked = true;
    const channel = held ?? (await this.#reader.waitForCard(limits));
    this.#given = channel.insertion;
    return channel;
  }

  waitForRemoval(limits: Limits): Promise<void> {
    return this.#reader.waitForRemoval(limits);
  }

  async close(): Promise<void> {
    await this.drop();
    await this.#reader.close();
  }

  /** A card that took the place of the served one faster than anybody looks was never seen to come: its insertion tells. */
  async #nextAfter(served: CardChannel, limits: Limits): Promise<CardChannel> {
    let lying = served;
    this.#occupied = true;
    try {
      for (let looks = Math.ceil(limits.timeoutMs / LOOK_MS); looks > 0 && lying.insertion === served.insertion; looks -= 1) {
        await lying.close();
        if (await this.#isRemoved(limits)) {
          this.#occupied = false;
          return await this.#reader.waitForCard(limits);
        }
        lying = await this.#reader.waitForCard(limits);
      }
    } finally {
      this.#occupied = false;
    }
    if (lying.insertion !== served.insertion) return lying;
    await lying.close();
    throw new Fault("timeout", "the card that was served still lies there", { effectUnknown: false });
  }

  async #isRemoved({ signal }: Limits): Promise<boolean> {
    try {
      await this.#reader.waitForRemoval({ timeoutMs: LOOK_MS, signal });
      return true;
    } catch (fault) {
      if (!isFault(fault, "timeout")) throw fault;
      return false;
    }
  }
}

/** A reader as a lane uses it; its sales must be given this one. */
export function openLaneReader(reader: CardReader): LaneReader {
  return new HoldingReader(reader);
}
