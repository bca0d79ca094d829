/*
 * Goal: nobody pays offline beyond what the host has allowed this place, and no restart, no clock and no old list widens that.
 * Method: two questions, each answered in the turn it is asked. The first looks at the card and at what this place knows of lists, time and
 * permission; the second counts, and looks at time and permission again. Whatever needs the time and does not have it says no.
 */
import type { Fen } from "../../base/fen.ts";
import type { Log } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import type { ClockTrust } from "../clock-trust/clock-trust.ts";
import type { DocumentTaker } from "../hosts.ts";
import type { ClockQuality, Journal, WatchedJournal } from "../journal/types.ts";
import type { InvalidLists, ListLevel } from "../lists/lists.ts";
import { reviewByLists } from "../lists/review.ts";
import { type ExposureView, exposureView } from "./exposure-view.ts";
import type { Review, ReviewedCard, RiskGuard, RiskReason, TakenSale } from "./guard.ts";
import { type KnownCards, openKnownCards } from "./known-cards.ts";
import { type LeaseGrants, openLeaseGrants } from "./lease-grant.ts";
import { PAYMENTS } from "./limits.ts";
import { narrowed, type OfflineLimits, offlineLimitReached, type Velocity } from "./offline-limits.ts";
import { openSaleBook, type SaleBook } from "./sale-book.ts";

/** Which lists this place must have, and how old each may be. */
export interface RequiredList {
  readonly level: ListLevel;
  /** Absent: any age will do. */
  readonly ageMaxMs?: number;
}

/** What is decided by configuration. */
export interface RiskPolicy {
  readonly limits: OfflineLimits;
  readonly velocity?: Velocity;
  /** Up to this sum a card may pay before the host has accepted a sale of it; 0: not at all. Absent: cards need not be known. */
  readonly firstUseMaxFen?: number;
  readonly lists: readonly RequiredList[];
  /** How long the permission lasts since the host was last heard, as long as the host has granted none. Absent: for ever. */
  readonly leaseMs?: number;
  /** What the clock must be at least. */
  readonly clock: "any" | Exclude<ClockQuality, "untrusted">;
}

export interface RiskGuardParts {
  readonly clock: Clock;
  readonly journal: WatchedJournal & Pick<Journal, "mark" | "setMarks">;
  readonly trust: Pick<ClockTrust, "bounds" | "provedMs" | "quality" | "lastHeardMs">;
  readonly policy: RiskPolicy;
  readonly log: Log;
  /** Absent: this place has no lists. */
  readonly lists?: InvalidLists;
}

/** What the permission is now, for people. */
export interface LeaseView {
  /** The grant that counts; absent while the host has granted none. */
  readonly id?: string;
  /** Host time of its end; absent where it has none. */
  readonly expiresMs?: number;
  readonly refusal?: RiskReason;
}

export interface TerminalRiskGuard extends RiskGuard {
  /** To be registered with the downlink. */
  readonly leaseTaker: DocumentTaker;
  /** The limits that count now: those of the configuration, narrowed by the grant. */
  limits(): OfflineLimits;
  lease(): LeaseView;
  exposure(): ExposureView;
}

const CLEAR: Review = { kind: "clear" };

/** Opened after the journal has its keeper of time, before any lane. Faults: those of the journal. */
export async function openRiskGuard(parts: RiskGuardParts): Promise<TerminalRiskGuard> {
  const { journal, clock, policy, trust } = parts;
  const grants = await openLeaseGrants(journal);
  const known = policy.firstUseMaxFen === undefined ? undefined : await openKnownCards(parts);
  const book = await openSaleBook(
    { clock, journal, trust },
    {
      kinds: PAYMENTS,
      windowMs: policy.velocity?.windowMs ?? 0,
      ...(known === undefined ? {} : { onReceipted: (cardKeys: readonly string[]) => void known.learn(cardKeys) }),
    },
  );
  return new OpenGuard(parts, { grants, book, known });
}

interface Books {
  readonly grants: LeaseGrants;
  readonly book: SaleBook;
  /** Undefined: cards need not be known. */
  readonly known: KnownCards | undefined;
}

class OpenGuard implements TerminalRiskGuard {
  readonly #parts: RiskGuardParts;
  readonly #books: Books;

  constructor(parts: RiskGuardParts, books: Books) {
    this.#parts = parts;
    this.#books = books;
  }

  get leaseTaker(): DocumentTaker {
    return this.#books.grants;
  }

  review(card: ReviewedCard): Review {
    const { lists } = this.#parts;
    const listed = lists === undefined ? CLEAR : reviewByLists(lists, card);
    if (listed.kind === "refused") return listed;
    const reason = this.#clockRefusal() ?? this.#listRefusal() ?? this.#leaseRefusal() ?? this.#firstUseRefusal(this.#keyOf(card), 0);
    return reason === undefined ? CLEAR : { kind: "refused", reason };
  }

  take(card: ReviewedCard, amount: Fen): TakenSale | { readonly kind: "refused"; readonly reason: RiskReason } {
    const { book } = this.#books;
    const cardKey = this.#keyOf(card);
    const sale = { amountFen: amount, terminal: book.figures(), card: book.cardFigures(cardKey) };
    const reason =
      this.#clockRefusal() ??
      this.#leaseRefusal() ??
      this.#firstUseRefusal(cardKey, sale.card.sumFen + amount) ??
      offlineLimitReached(this.limits(), this.#parts.policy.velocity, sale);
    if (reason !== undefined) return { kind: "refused", reason };
    const giveBack = book.allow(cardKey, amount);
    return {
      kind: "taken",
      // Once numbered, the journal tells the book what becomes of it.
      became: (state) => {
        if (state === "refused" || state === "void") giveBack();
      },
    };
  }

  limits(): OfflineLimits {
    return narrowed(this.#parts.policy.limits, this.#books.grants.current()?.limits ?? {});
  }

  lease(): LeaseView {
    const grant = this.#books.grants.current();
    const expiresMs = this.#expiresMs();
    const refusal = this.#clockRefusal() ?? this.#leaseRefusal();
    return {
      ...(grant === undefined ? {} : { id: grant.id }),
      ...(expiresMs === undefined ? {} : { expiresMs }),
      ...(refusal === undefined ? {} : { refusal }),
    };
  }

  exposure(): ExposureView {
    return exposureView(this.#books.book.figures());
  }

  #keyOf(card: ReviewedCard): string {
    return this.#parts.journal.cardKey(card.name);
  }

  #clockRefusal(): RiskReason | undefined {
    const { policy, trust } = this.#parts;
    if (policy.clock === "any") return undefined;
    const quality = trust.quality();
    return quality === "trusted" || quality === policy.clock ? undefined : "clock-not-trusted";
  }

  #listRefusal(): RiskReason | undefined {
    const { policy, lists } = this.#parts;
    const states = lists?.states() ?? [];
    for (const { level, ageMaxMs } of policy.lists) {
      const issuedMs = states.find((state) => state.level === level)?.issuedMs;
      if (issuedMs === undefined) return "list-missing";
      if (ageMaxMs !== undefined && this.#latestMs() - issuedMs > ageMaxMs) return "list-too-old";
    }
    return undefined;
  }

  /** A permission that ends has ended as soon as that is possible. */
  #leaseRefusal(): RiskReason | undefined {
    const expiresMs = this.#expiresMs();
    return expiresMs === undefined || this.#latestMs() <= expiresMs ? undefined : "lease-expired";
  }

  /** Undefined: it has no end. */
  #expiresMs(): number | undefined {
    const grant = this.#books.grants.current();
    if (grant !== undefined) return grant.expiresMs;
    const { policy, trust } = this.#parts;
    return policy.leaseMs === undefined ? undefined : (trust.lastHeardMs() ?? Number.NEGATIVE_INFINITY) + policy.leaseMs;
  }

  /** As late as it may be now. */
  #latestMs(): number {
    return this.#parts.trust.bounds()?.latestMs ?? Number.POSITIVE_INFINITY;
  }

  /** What a card that the host does not know yet may be out with. */
  #firstUseRefusal(cardKey: string, sumFen: number): RiskReason | undefined {
    const { firstUseMaxFen } = this.#parts.policy;
    if (firstUseMaxFen === undefined || this.#books.known?.has(cardKey) === true) return undefined;
    return firstUseMaxFen === 0 || sumFen > firstUseMaxFen ? "first-use-online" : undefined;
  }
}
