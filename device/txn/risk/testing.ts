/* For tests of the guard: one terminal through its lives, with a journal on a simulated disk and a host that receipts when it is told to. */
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { fen } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import { type ClockTrust, openClockTrust } from "../clock-trust/clock-trust.ts";
import type { TerminalJournal } from "../journal/journal.ts";
import { openTestJournal, step } from "../journal/testing.ts";
import type { JournalEntry, RecordState } from "../journal/types.ts";
import type { InvalidLists } from "../lists/lists.ts";
import type { ReviewedCard, RiskReason } from "./guard.ts";
import { NO_LIMITS } from "./offline-limits.ts";
import { openRiskGuard, type RiskPolicy, type TerminalRiskGuard } from "./open-guard.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** 2026-01-05 12:00 in China. */
const START = Date.UTC(2026, 0, 5, 4);

export const FREE: RiskPolicy = { limits: NO_LIMITS, lists: [], clock: "any" };

export function card(name = "00000000000000000001"): ReviewedCard {
  return { purse: "e-purse", name };
}

interface Life {
  readonly journal: TerminalJournal;
  readonly trust: ClockTrust;
  readonly guard: TerminalRiskGuard;
}

export class GuardedPlace {
  readonly truth = new VirtualClock(START);
  readonly disk = new SimulatedJournalDisk();
  policy: RiskPolicy;
  lists: InvalidLists | undefined;
  wallErrorMs = 0;
  #over = new AbortController();
  readonly #randomness = new SeededRandomness("guard");
  #life: Life | undefined;

  constructor(policy: Partial<RiskPolicy> = {}) {
    this.policy = { ...FREE, ...policy };
  }

  get #now(): Life {
    if (this.#life === undefined) throw new Error("the place is switched on first");
    return this.#life;
  }

  get guard(): TerminalRiskGuard {
    return this.#now.guard;
  }

  get trust(): ClockTrust {
    return this.#now.trust;
  }

  get journal(): TerminalJournal {
    return this.#now.journal;
  }

  /** Power comes back, after it went away where it was there. */
  async boot(): Promise<this> {
    if (this.#life !== undefined) this.disk.crash();
    this.#over.abort();
    this.#over = new AbortController();
    const bootedAtMs = this.truth.monotonicMs();
    const clock: Clock = {
      monotonicMs: () => this.truth.monotonicMs() - bootedAtMs,
      wallMs: () => this.truth.wallMs() + this.wallErrorMs,
      sleep: (ms, signal) => this.truth.sleep(ms, signal),
    };
    const journal = await openTestJournal({ store: this.disk.open(), clock, randomness: this.#randomness });
    const trust = await openClockTrust({ clock, journal, log: SILENT });
    journal.keepTimeBy(trust);
    void trust.keep(this.#over.signal);
    const { policy, lists } = this;
    const guard = await openRiskGuard({ clock, journal, trust, policy, log: SILENT, ...(lists === undefined ? {} : { lists }) });
    this.#life = { journal, trust, guard };
    return this;
  }

  async pass(ms: number): Promise<void> {
    await this.truth.resolve(this.truth.sleep(ms), ms + 1);
  }

  /** Power is away for a while. */
  async off(ms: number): Promise<void> {
    this.#over.abort();
    await this.pass(ms);
  }

  hear(): Promise<void> {
    return this.trust.heard(this.truth.wallMs());
  }

  /** What the guard says of a sale; where it allows it, its intent is durable. */
  async sell(amountFen: number, who: ReviewedCard = card()): Promise<RiskReason | JournalEntry> {
    const review = this.guard.review(who);
    if (review.kind === "refused") return review.reason;
    const taken = this.guard.take(who, fen(amountFen));
    if (taken.kind === "refused") return taken.reason;
    return this.journal.append(step("prepared", { card: who.name, amount: fen(amountFen) }));
  }

  /** A sale that ends, or the reason why there is none. */
  async sold(amountFen: number, who: ReviewedCard = card(), state: RecordState = "done"): Promise<RiskReason | "sold"> {
    const intent = await this.sell(amountFen, who);
    if (typeof intent === "string") return intent;
    await this.journal.append(step(state, { subject: intent.subject, amount: fen(amountFen) }));
    return "sold";
  }

  /** The host receipts everything that is durable. */
  async receipt(): Promise<void> {
    const { journal } = this;
    const before = await journal.lastBatch();
    const firstSeq = (before?.lastSeq ?? 0) + 1;
    if (firstSeq > journal.lastSeq) return;
    const batch = { batchSeq: (before?.batchSeq ?? 0) + 1, firstSeq, lastSeq: journal.lastSeq, hash: "ab".repeat(32), receipted: false, detail: "{}" };
    await journal.commitBatches([batch]);
    await journal.commitReceipted([batch]);
  }
}
