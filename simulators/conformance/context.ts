/*
 * Goal: each case stands alone, repeats exactly, and can be shown to fail.
 * Method: a context makes everything that a case uses: its own virtual time, its own cards and modules. A deviation planted in the
 * context turns every card or module into one that breaks the specification in one way; a case that means anything notices.
 */
import { type Bytes, toHex } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { type CardModule, SimulatedCard } from "../card/card.ts";
import { makeTestCard, type TestCardOptions } from "../card/make.ts";
import type { CardFaults, CardSnapshot, TearPoint } from "../card/state.ts";
import { makeTestPsam, type TestPsamOptions } from "../psam/make.ts";
import type { SimulatedPsam } from "../psam/psam.ts";
import type { PsamFaults } from "../psam/state.ts";
import { VirtualClock } from "../world/virtual-clock.ts";

/** 2026-01-05 12:00:00 in China. */
const START_WALL_MS = 1_767_585_600_000;
/** Commands that a failed case still tells. */
const DIALOGUE_KEPT = 6;
/** Commands of a case that the report tells. */
const DIALOGUE_TOLD = 40;

/** One way to break the specification, for the proof that cases notice. */
export interface Deviation {
  readonly name: string;
  readonly cardFaults?: Partial<CardFaults>;
  readonly psamFaults?: Partial<PsamFaults>;
  /** Alters what the card answers. */
  readonly cardAnswer?: (command: Bytes, answer: Bytes) => Bytes;
  readonly psamAnswer?: (command: Bytes, answer: Bytes) => Bytes;
}

export class ConformanceContext {
  readonly clock = new VirtualClock(START_WALL_MS);
  readonly suite: CipherSuite;
  readonly #deviation: Deviation | undefined;
  #dialogue: readonly string[] = [];
  #told: readonly string[] = [];
  #made: readonly string[] = [];

  constructor(suite: CipherSuite, deviation?: Deviation) {
    this.suite = suite;
    this.#deviation = deviation;
  }

  /** A card of 100 yuan with SM4, unless said otherwise. */
  card(options: Partial<TestCardOptions> = {}): SimulatedCard {
    this.#made = [...this.#made, describe("card", options)];
    const card = makeTestCard(this.suite, { balanceFen: 10_000, algorithm: "sm4", interface: "contactless", ...options });
    card.setFaults(this.#deviation?.cardFaults ?? {});
    return card;
  }

  /** The same card, made otherwise. */
  altered(card: SimulatedCard, change: (snapshot: CardSnapshot) => CardSnapshot): SimulatedCard {
    return SimulatedCard.fromSnapshot(this.suite, change(card.toSnapshot()));
  }

  psam(options: TestPsamOptions = {}): SimulatedPsam {
    this.#made = [...this.#made, describe("module", options)];
    const psam = makeTestPsam(this.suite, options);
    psam.setFaults(this.#deviation?.psamFaults ?? {});
    return psam;
  }

  /** What goes into a reader: the module itself, watched. */
  inserted(module: CardModule, side: "card" | "psam"): CardModule {
    const alter = side === "card" ? this.#deviation?.cardAnswer : this.#deviation?.psamAnswer;
    return new WatchedModule(module, (command, answer) => {
      const given = answer.length === 0 || alter === undefined ? answer : alter(command, answer);
      this.#note(side, command, given);
      return given;
    });
  }

  /** The last commands by their headers and status words: no data, because a PIN may be among it. */
  get dialogue(): string {
    return this.#dialogue.join(", ");
  }

  /** How cards and modules were made, in the order of making. */
  get precondition(): string {
    return this.#made.join("; ");
  }

  /** The dialogue from its beginning, by headers and status words. */
  get told(): readonly string[] {
    return this.#told;
  }

  #note(side: string, command: Bytes, answer: Bytes): void {
    const line = `${side} ${toHex(command.slice(0, 4))}>${toHex(answer.slice(-2)) || "nothing"}`;
    this.#dialogue = [...this.#dialogue, line].slice(-DIALOGUE_KEPT);
    if (this.#told.length < DIALOGUE_TOLD) this.#told = [...this.#told, line];
  }
}

/** Options for people: a PIN is told by its being there, bytes by their number, whatever lies deeper as it is. */
function describe(what: string, options: object): string {
  const parts = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${name === "pin" ? "set" : JSON.stringify(value, hideSecrets)}`);
  return parts.length === 0 ? `${what} as usual` : `${what}: ${parts.join(", ")}`;
}

function hideSecrets(name: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return /pin|puk|key/i.test(name) && typeof value === "string" ? "set" : value;
}

class WatchedModule implements CardModule {
  readonly #inner: CardModule;
  readonly #passes: (command: Bytes, answer: Bytes) => Bytes;

  constructor(inner: CardModule, passes: (command: Bytes, answer: Bytes) => Bytes) {
    this.#inner = inner;
    this.#passes = passes;
  }

  get powered(): boolean {
    return this.#inner.powered;
  }

  get extraMsPerCommand(): number {
    return this.#inner.extraMsPerCommand;
  }

  extraMsFor(command: Bytes): number {
    return this.#inner.extraMsFor?.(command) ?? this.#inner.extraMsPerCommand;
  }

  powerUp(): Bytes {
    return this.#inner.powerUp();
  }

  powerDown(): void {
    this.#inner.powerDown();
  }

  transmit(command: Bytes): Bytes {
    return this.#passes(command, this.#inner.transmit(command));
  }

  tear(command: Bytes, at: TearPoint): void {
    this.#inner.tear(command, at);
  }
}
