/* Contributions and benefits of one terminal, opened: what a counter asks for, and the background that ends what was left open. */
import type { Limits } from "../../base/ports.ts";
import { boundedJournal } from "../bounded-journal.ts";
import type { Journal } from "../journal/types.ts";
import type { ReceiptData } from "../receipts/types.ts";
import type { Rounds } from "../rounds.ts";
import type { BenefitsView, BillsOutcome, CaseWord, ContributionActs, ContributionOutcome, ContributionRequest } from "./acts.ts";
import { readHolder } from "./holder.ts";
import { type ContributionBounds, type ContributionPorts, DEFAULT_CONTRIBUTION_BOUNDS } from "./ports.ts";
import { askBenefits, askBills, type Refusal } from "./questions.ts";
import { contributionNote, findContribution, isOpen, outcomeOf, type RecordedContribution, readContribution } from "./record.ts";
import { type ContributionBackground, openContributionBackground, openContributions } from "./rounds.ts";
import { runContribution } from "./run.ts";
import { slipData } from "./slip.ts";
import type { NoteWish } from "./types.ts";

export interface Contributions {
  readonly acts: ContributionActs;
  /** Ends by itself what was left open; started and stopped by whoever opened it, after recovery at start. */
  readonly background: Rounds;
}

export function openContributionActs(ports: ContributionPorts, bounds: ContributionBounds = DEFAULT_CONTRIBUTION_BOUNDS): Contributions {
  const background = openContributionBackground(ports, bounds);
  return { acts: new Acts(ports, bounds, background), background: background.rounds };
}

/** Between two looks whether somebody is still at a case. */
const TAKE_AGAIN_MS = 500;

type PeoplesWord = Parameters<ContributionActs["settleCase"]>[1];
type Asked = { readonly operator: string };
type NoCard = { readonly kind: "no-card"; readonly reason?: string };
type OpenCase = Awaited<ReturnType<ContributionActs["openCases"]>>[number];

class Acts implements ContributionActs {
  readonly #ports: ContributionPorts;
  readonly #bounds: ContributionBounds;
  readonly #background: ContributionBackground;
  readonly #journal: Journal;

  constructor(ports: ContributionPorts, bounds: ContributionBounds, background: ContributionBackground) {
    this.#ports = ports;
    this.#bounds = bounds;
    this.#background = background;
    this.#journal = boundedJournal(ports, { timeoutMs: bounds.journalTimeoutMs });
  }

  bills(asked: Asked, limits: Limits): Promise<BillsOutcome> {
    return this.#ofHolder("bills", limits, async (card, agencyLimits) => askBills(this.#ports, { card, ...asked }, agencyLimits));
  }

  benefits(asked: Asked, limits: Limits): Promise<BenefitsView | Refusal | NoCard> {
    return this.#ofHolder("benefits", limits, async (card, agencyLimits) => askBenefits(this.#ports, { card, ...asked }, agencyLimits));
  }

  async #ofHolder<View>(
    what: "bills" | "benefits",
    limits: Limits,
    ask: (card: RecordedContribution["card"], limits: Limits) => Promise<View>,
  ): Promise<View | Refusal | NoCard> {
    // Benefits are nobody's but the holder's: the card's PIN is asked for.
    const reading = await readHolder(this.#ports, { withPin: what === "benefits", bounds: this.#bounds }, limits);
    if (reading.kind === "none") return { kind: "no-card", ...(reading.reason === undefined ? {} : { reason: reading.reason }) };
    if (reading.kind === "refused") return reading;
    return ask(reading.card, { timeoutMs: this.#bounds.agencyTimeoutMs, signal: limits.signal });
  }

  async pay(request: ContributionRequest, limits: Limits): Promise<ContributionOutcome> {
    const outcome = await runContribution(this.#ports, request, { limits, bounds: this.#bounds });
    if (outcome.kind === "open-case") this.#background.rounds.wake();
    return outcome;
  }

  async known(reference: string): Promise<ContributionOutcome | undefined> {
    const record = await findContribution(this.#journal, reference);
    return record === undefined ? undefined : outcomeOf(record);
  }

  async receipt(reference: string): Promise<ReceiptData | undefined> {
    const record = await findContribution(this.#journal, reference);
    return record === undefined ? undefined : slipData(record, outcomeOf(record), this.#ports.place);
  }

  async openCases(limit: number): Promise<readonly OpenCase[]> {
    const cases: OpenCase[] = [];
    for await (const record of openContributions(this.#journal)) {
      if (cases.length >= limit) break;
      const outcome = outcomeOf(record);
      if (outcome.kind !== "open-case" || this.#isUnderWay(record)) continue;
      const { subject, reason } = outcome;
      cases.push({ subject, reason, amount: record.bill.amount, sinceMs: record.first.wallMs });
    }
    return cases;
  }

  /** What a counter is at just now is no case yet. */
  #isUnderWay({ reference, last }: RecordedContribution): boolean {
    if (last.state === "unknown") return false;
    const giveBack = this.#ports.sales.take(reference);
    giveBack?.();
    return giveBack === undefined;
  }

  async settleCase(subject: string, word: PeoplesWord): Promise<"settled" | "not-parked" | "act-unfitting"> {
    const named = readContribution(await this.#journal.entriesOf(subject));
    const giveBack = named === undefined ? undefined : await this.#takeSoon(named.reference);
    if (giveBack === undefined) return "not-parked";
    try {
      return await this.#settleNow(subject, word);
    } finally {
      giveBack();
    }
  }

  /** The background may just be looking at it: that is over soon. */
  async #takeSoon(reference: string): Promise<(() => void) | undefined> {
    const { clock, sales } = this.#ports;
    const deadlineMs = clock.monotonicMs() + this.#bounds.agencyTimeoutMs;
    for (;;) {
      const giveBack = sales.take(reference);
      if (giveBack !== undefined || clock.monotonicMs() >= deadlineMs) return giveBack;
      await clock.sleep(TAKE_AGAIN_MS);
    }
  }

  /** Read again when nobody else is at it. */
  async #settleNow(subject: string, word: PeoplesWord): Promise<"settled" | "not-parked" | "act-unfitting"> {
    const record = readContribution(await this.#journal.entriesOf(subject));
    if (record === undefined) return "not-parked";
    const wish = waitsForPeople(record) ? wishOf(record.leg, word) : undefined;
    // The same word again, after its answer was lost: carried out since, or about to be.
    if (record.said === word.how && (wish === undefined || record.last.detail["how"] === word.how)) return "settled";
    if (wish === undefined) return waitsForPeople(record) ? "act-unfitting" : "not-parked";
    const draft = contributionNote(record, wish);
    await this.#journal.append({ ...draft, detail: { ...draft.detail, settledBy: word.operator, how: word.how } });
    this.#background.lookNow();
    return "settled";
  }
}

/** What the agency was never asked about since a restart is asked first; everything else that is open has been tried. */
function waitsForPeople(record: RecordedContribution): boolean {
  return isOpen(record) && (record.leg.leg === "return" || record.last.state === "unknown");
}

/** Undefined where the word does not fit. */
function wishOf(leg: RecordedContribution["leg"], word: CaseWord): NoteWish | undefined {
  if (leg.leg === "payment") return undefined;
  const { payment } = leg;
  const why = leg.leg === "confirm" ? "agency-not-confirmed" : leg.why;
  switch (word.how) {
    case "returned":
      return { kind: "returned", payment, reason: why };
    case "try-again":
      // A message of its own: the bank knows those before it, and never gives back more than was paid.
      return leg.leg === "confirm" ? undefined : { kind: "leg", leg: { leg: "return", payment, tries: leg.tries + 1, why } };
    case "give-back":
      return leg.leg === "confirm" ? { kind: "leg", leg: { leg: "return", payment, tries: 1, why } } : undefined;
    case "confirmed":
      return leg.leg === "confirm" ? { kind: "confirmed", payment, receiptNumber: word.receiptNumber } : undefined;
  }
}
