/* Ports with the world's eyes on them: what passes is shown to the checkers, and here power may fail. */

import type { Bytes } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";
import type { JournalStore, MessageLink } from "../../device/base/ports.ts";
import type { CardModule, SimulatedCard } from "../card/card.ts";
import type { CardDebit, TearPoint } from "../card/state.ts";
import { Power } from "./power.ts";

/** Tells of every commit that came back, in the instant in which it did. */
export function observedStore(store: JournalStore, power: Power, onCommitted: () => void): JournalStore {
  return {
    commit: async (write) => {
      await store.commit(write);
      onCommitted();
    },
    entries: (fromSeq, limit) => power.guard(store.entries(fromSeq, limit)),
    entriesOf: (subject, limit) => power.guard(store.entriesOf(subject, limit)),
    lastEntry: () => power.guard(store.lastEntry()),
    subject: (subject) => power.guard(store.subject(subject)),
    subjects: (query) => power.guard(store.subjects(query)),
    subjectTotals: (query) => power.guard(store.subjectTotals(query)),
    openBatches: (limit) => power.guard(store.openBatches(limit)),
    batch: (batchSeq) => power.guard(store.batch(batchSeq)),
    firstBatch: () => power.guard(store.firstBatch()),
    lastBatch: () => power.guard(store.lastBatch()),
    mark: (name) => power.guard(store.mark(name)),
    usage: () => power.guard(store.usage()),
    close: () => store.close(),
  };
}

export interface LinkEyes {
  /** Called before a message leaves. */
  readonly leaving: (topic: string, payload: Bytes) => void;
  readonly cutBefore: () => boolean;
  readonly cutAfter: () => boolean;
}

/** A terminal's link: deaf and dumb once the power is gone. */
export function observedLink(link: MessageLink, power: Power, eyes: LinkEyes): MessageLink {
  power.whenCut(() => {
    void link.close();
  });
  return {
    get state() {
      return link.state;
    },
    publish: async (topic, payload, options) => {
      if (!power.on) return Power.never();
      if (eyes.cutBefore()) {
        power.cut();
        return Power.never();
      }
      eyes.leaving(topic, payload);
      const published = link.publish(topic, payload, options);
      if (eyes.cutAfter()) {
        published.catch((error: unknown) => {
          if (!(error instanceof Fault)) throw error;
        });
        power.cut();
      }
      return power.guard(published);
    },
    subscribe: (topic, listener) =>
      link.subscribe(topic, (message) => {
        if (power.on) listener(message);
      }),
    onState: (listener) =>
      link.onState((state) => {
        if (power.on) listener(state);
      }),
    close: () => link.close(),
  };
}

/** A card that tells of each debit in the instant in which it commits it. */
export class WatchedCard implements CardModule {
  readonly card: SimulatedCard;
  readonly #onDebit: (card: SimulatedCard, debit: CardDebit) => void;
  #seen: number;

  constructor(card: SimulatedCard, onDebit: (card: SimulatedCard, debit: CardDebit) => void) {
    this.card = card;
    this.#onDebit = onDebit;
    this.#seen = card.debits.length;
  }

  get powered(): boolean {
    return this.card.powered;
  }

  get extraMsPerCommand(): number {
    return this.card.extraMsPerCommand;
  }

  powerUp(): Bytes {
    return this.card.powerUp();
  }

  powerDown(): void {
    this.card.powerDown();
  }

  transmit(command: Bytes): Bytes {
    const answer = this.card.transmit(command);
    this.#look();
    return answer;
  }

  tear(command: Bytes, at: TearPoint): void {
    this.card.tear(command, at);
    this.#look();
  }

  #look(): void {
    for (const debit of this.card.debits.slice(this.#seen)) this.#onDebit(this.card, debit);
    this.#seen = this.card.debits.length;
  }
}
