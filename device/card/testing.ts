/* Benches for the tests of this folder: a card and a module in simulated readers under virtual time, or a channel that plays a script. */

import { makeTestCard, type TestCardOptions } from "../../simulators/card/make.ts";
import { makeTestPsam, type TestPsamOptions } from "../../simulators/psam/make.ts";
import { makeSamReader, SimulatedReader } from "../../simulators/reader/in-process.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { assert } from "../base/assert.ts";
import { type Bytes, fromHex, toHex } from "../base/bytes.ts";
import type { Limits } from "../base/ports.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../codec/card-profile.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import type { CardChannel, RecordPsam, SocialPsam, TellingPsam, TransitPsam } from "../drivers/ports.ts";
import { openPsam } from "./psam/open.ts";

export const SUITE = openCipherSuite();

/** Bounds that no simulated command comes near. */
export const LIMITS: Limits = { timeoutMs: 2_000, signal: new AbortController().signal };

export interface CardBenchOptions {
  readonly card?: Partial<TestCardOptions>;
  readonly psam?: TestPsamOptions;
  readonly profile?: Partial<CardProfile>;
}

export function cardBench(options: CardBenchOptions = {}) {
  const clock = new VirtualClock(Date.UTC(2026, 10, 21, 4));
  const profile = { ...DEFAULT_CARD_PROFILE, ...options.profile };
  const card = makeTestCard(SUITE, { balanceFen: 10_000, algorithm: "sm4", profile, ...options.card });
  const psam = makeTestPsam(SUITE, { profile, ...options.psam });
  const cardReader = new SimulatedReader({ name: "card", interface: "contactless", clock });
  const samReader = makeSamReader(psam, { name: "sam", clock });
  cardReader.insert(card);
  const run = <Value>(work: Promise<Value>): Promise<Value> => clock.resolve(work);
  return {
    clock,
    profile,
    card,
    psam,
    cardReader,
    samReader,
    run,
    channel: (): Promise<CardChannel> => run(cardReader.waitForCard(LIMITS)),
    openPsam: (): Promise<SocialPsam & TransitPsam & RecordPsam & TellingPsam> => run(openPsam(samReader, { clock, profile }, LIMITS)),
  };
}

/** A channel that expects exactly these commands and gives these answers; `done` says whether all of them came. */
export class ScriptedChannel implements CardChannel {
  readonly atr: Bytes = fromHex("3b00");
  readonly insertion = 1;
  readonly #steps: readonly (readonly [command: string, answer: string])[];
  #at = 0;

  constructor(steps: readonly (readonly [command: string, answer: string])[]) {
    this.#steps = steps;
  }

  get done(): boolean {
    return this.#at === this.#steps.length;
  }

  async transmit(command: Bytes): Promise<Bytes> {
    const step = this.#steps[this.#at];
    const [expected = "nothing more", answer = ""] = step ?? [];
    assert(fits(toHex(command), expected.replaceAll(" ", "").toLowerCase()), `command ${this.#at}: expected ${expected}, got ${toHex(command)}`);
    this.#at += 1;
    return fromHex(answer);
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

/** A script may leave the end of a command open with "*". */
function fits(command: string, expected: string): boolean {
  return expected.endsWith("*") ? command.startsWith(expected.slice(0, -1)) : command === expected;
}
