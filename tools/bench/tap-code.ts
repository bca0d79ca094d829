/*
 * Our own code alone: the real flows with cards and modules that answer in this process, without any PC/SC service. Time that the simulated side
 * spends is taken away. What the service adds is seen by comparing with the same taps through it.
 */
import { openPsam } from "../../device/card/psam/open.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import type { CardInterface, CardReader } from "../../device/drivers/ports.ts";
import { systemClock } from "../../device/system/clock.ts";
import type { CardModule } from "../../simulators/card/card.ts";
import { SimulatedJournalDisk } from "../../simulators/disk/journal-store.ts";
import { makeTestPsam } from "../../simulators/psam/make.ts";
import { benchCard, type TapFlow, type TapSeries } from "./tap-flows.ts";
import { openPlace } from "./tap-place.ts";
import { nowMs } from "./tap-protocol.ts";

const WARM_UP_TAPS = 200;
const OPENING_MS = 10_000;

export interface CodeTap {
  readonly flow: TapFlow;
  readonly ownMs: number;
}

/** A reader that answers at once and counts what its cards take. */
class PromptReader implements CardReader {
  readonly name: string;
  readonly interface: CardInterface;
  busyMs = 0;
  #card: CardModule | undefined;
  #insertion = 0;

  constructor(name: string, over: CardInterface) {
    this.name = name;
    this.interface = over;
  }

  insert(card: CardModule): void {
    card.powerDown();
    this.#card = card;
    this.#insertion += 1;
  }

  remove(): void {
    this.#card = undefined;
  }

  waitForCard() {
    const card = this.#card;
    if (card === undefined) return Promise.reject(new Error("the benchmark puts a card in first"));
    return Promise.resolve({
      atr: this.#counted(() => card.powerUp()),
      insertion: this.#insertion,
      transmit: (command: Uint8Array) => Promise.resolve(this.#counted(() => card.transmit(command))),
      close: () => Promise.resolve(),
    });
  }

  waitForRemoval(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #counted<Value>(work: () => Value): Value {
    const began = nowMs();
    try {
      return work();
    } finally {
      this.busyMs += nowMs() - began;
    }
  }
}

/** `count` taps of each flow of every series. */
export async function codeTaps(allSeries: readonly TapSeries[], count: number): Promise<readonly CodeTap[]> {
  const clock = systemClock();
  const suite = openCipherSuite();
  const [cards, modules] = [new PromptReader("card", "contactless"), new PromptReader("module", "sam")];
  modules.insert(makeTestPsam(suite));
  const psam = await openPsam(modules, { clock, profile: DEFAULT_CARD_PROFILE }, { timeoutMs: OPENING_MS, signal: new AbortController().signal });
  const place = await openPlace({ clock, psam, disk: new SimulatedJournalDisk(), reader: cards, macMs: 0 });
  const taps: CodeTap[] = [];
  for (const series of allSeries) {
    const card = benchCard(suite, series.card);
    for (let tap = 0; tap < WARM_UP_TAPS + count * series.flows.length; tap += 1) {
      cards.insert(card);
      const [began, busyBefore] = [nowMs(), cards.busyMs + modules.busyMs];
      await place.sell(place.ports, series);
      const ownMs = nowMs() - began - (cards.busyMs + modules.busyMs - busyBefore);
      cards.remove();
      const flow = series.flows[tap % series.flows.length];
      if (tap >= WARM_UP_TAPS && flow !== undefined) taps.push({ flow, ownMs });
    }
  }
  return taps;
}
