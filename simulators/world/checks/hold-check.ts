/*
 * Promises 1 to 3 for amounts that are held: a durable intent covers each amount that a card sets aside, no sale holds twice, what is called held
 * is held, and its completion takes no more. The truth is what the cards themselves keep.
 */
import type { DurableEntry } from "./durable-entry.ts";
import { promised } from "./violation.ts";

interface HoldIntent {
  readonly subject: string;
  readonly reference: string;
  readonly heldFen: number;
}

interface Held {
  readonly subject: string;
  readonly amountFen: number;
}

export class HoldCheck {
  readonly #intents = new Map<string, HoldIntent>();
  readonly #held = new Map<string, Held>();
  readonly #references = new Map<string, string>();
  /** What stands on each card. */
  readonly #standing = new Map<string, Held>();

  durable(entry: DurableEntry): void {
    const { kind, state, industryUse, subject, reference = "", heldFen = 0 } = entry;
    if (kind !== "quick-payment" || state !== "prepared" || industryUse !== "pre-authorization") return;
    this.#intents.set(nameOf(entry), { subject, reference, heldFen });
  }

  /** A card has set an amount aside; `name` is what it has written with it. */
  held(serial: string, name: HoldName, amountFen: number): void {
    const intent = this.#intents.get(nameOf(name));
    const card = serial.slice(-4);
    promised(1, intent !== undefined && intent.heldFen === amountFen, () => `card ${card} holds ${amountFen} fen without a durable intent`);
    const { subject, reference } = intent;
    promised(2, !this.#standing.has(serial), () => `card ${card} holds ${amountFen} fen beside what it held before`);
    promised(2, !this.#references.has(reference), () => `${reference} is held as ${this.#references.get(reference)} and again as ${subject}`);
    this.#references.set(reference, subject);
    this.#held.set(subject, { subject, amountFen });
    this.#standing.set(serial, { subject, amountFen });
  }

  /** A card has let an amount go, and debited so much of it. */
  letGo(serial: string, debitFen: number | undefined): void {
    const standing = this.#standing.get(serial);
    const card = serial.slice(-4);
    promised(2, standing !== undefined && debitFen !== undefined, () => `card ${card} let go what nobody held, or without a completion`);
    promised(2, debitFen <= standing.amountFen, () => `${debitFen} fen were taken of ${standing.amountFen} fen that card ${card} held`);
    this.#standing.delete(serial);
  }

  /** What the card holds by its own memory. */
  standingOf(serial: string): number | undefined {
    return this.#standing.get(serial)?.amountFen;
  }

  /** The till was told that an amount is held. */
  told(subject: string, amountFen: number): void {
    promised(
      3,
      this.#held.get(subject)?.amountFen === amountFen,
      () => `${subject} was called held, the card set ${this.#held.get(subject)?.amountFen ?? 0} fen aside`,
    );
  }

  /** The till was told that nothing is held. */
  notHeld(subject: string): void {
    promised(3, !this.#held.has(subject), () => `${subject} was called not held although the card has set its amount aside`);
  }

  /** The end: what the journal calls held was held, and the other way round; nothing is left on a card that came back. */
  settled(stateOf: (subject: string) => string | undefined, isGone: (serial: string) => boolean): void {
    for (const { subject, reference } of this.#intents.values()) {
      const state = stateOf(subject) ?? "unknown here";
      const held = this.#held.has(subject);
      promised(1, state !== "done" || held, () => `${reference} is held by its record, no card has set it aside`);
      promised(1, !held || (state !== "void" && state !== "refused"), () => `${reference} is ${state}, its card has set the amount aside`);
    }
    for (const [serial, { subject }] of this.#standing) promised(1, isGone(serial), () => `card ${serial.slice(-4)} came back and still holds ${subject}`);
  }
}

interface HoldName {
  readonly terminalNumber: string | undefined;
  readonly date: string | undefined;
  readonly time: string | undefined;
}

function nameOf({ terminalNumber = "", date = "", time = "" }: HoldName): string {
  return `${terminalNumber}/${date}/${time}`;
}
