/* Ports with the world's eyes on them: what passes is shown to the checkers, and here power may fail. */

import type { Bytes } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";
import type { JournalStore, MessageLink } from "../../device/base/ports.ts";
import type { CardModule, SimulatedCard } from "../card/card.ts";
import type { IndustryRecord } from "../card/electronic-cash/state.ts";
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

/** What an industry record of a card sets aside, before and after one command. */
export interface HoldChange {
  readonly recordId: string;
  readonly beforeFen: number | undefined;
  readonly afterFen: number | undefined;
  /** What the same command debited; undefined: nothing was. */
  readonly debitFen: number | undefined;
}

export interface CardEyes {
  readonly debited: (card: WatchedCard, debit: CardDebit) => void;
  readonly held: (card: WatchedCard, change: HoldChange) => void;
}

type Industry = readonly IndustryRecord[];

/** A card that tells of each debit, and of each amount that it sets aside or lets go, in the instant in which it commits it. */
export class WatchedCard implements CardModule {
  readonly card: SimulatedCard;
  /** Where it was laid down last. A card is at one place at a time, also when it leaves while it commits. */
  spot: { readonly name: string } | undefined;
  readonly #eyes: CardEyes;
  #seen: number;
  #industry: Industry;

  constructor(card: SimulatedCard, eyes: CardEyes) {
    this.card = card;
    this.#eyes = eyes;
    this.#seen = card.debits.length;
    this.#industry = industryOf(card);
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
    const debits = this.card.debits.slice(this.#seen);
    this.#seen = this.card.debits.length;
    for (const debit of debits) this.#eyes.debited(this, debit);
    this.#lookAtHolds(debits[0]?.amountFen);
  }

  #lookAtHolds(debitFen: number | undefined): void {
    const [before, now] = [this.#industry, industryOf(this.card)];
    if (now === before) return;
    this.#industry = now;
    for (const [at, { id, reservedFen: afterFen }] of now.entries()) {
      const beforeFen = before[at]?.reservedFen;
      if (afterFen !== beforeFen) this.#eyes.held(this, { recordId: id, beforeFen, afterFen, debitFen });
    }
  }
}

const NO_INDUSTRY: Industry = [];

function industryOf(card: SimulatedCard): Industry {
  return card.toSnapshot().memory.electronicCash?.industry ?? NO_INDUSTRY;
}
