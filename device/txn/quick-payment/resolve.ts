/*
 * Goal: an open sale is decided as soon as its card is seen, before that card pays anything again.
 * Method: the card's own evidence, compared with the durable intent, picks one of few ends from a table.
 */
import { assert } from "../../base/assert.ts";
import type { Log } from "../../base/log.ts";
import type { Journal, JsonObject } from "../journal/types.ts";
import { isInFlight } from "./open-sales.ts";
import type { IdentifiedCard, Proven } from "./purses/dialogue.ts";
import { laterDraft, type RecordedSale, readSale } from "./record.ts";
import type { EntryWish, PurseEvidence } from "./types.ts";

/** Open sales of one card that are looked at in one go. */
const OPEN_OF_CARD_MAX = 32;

export type Ending = Pick<EntryWish, "state" | "reason" | "proof" | "unverified">;

/** How a sale is closed by what its card says; undefined leaves it open. */
export type ResolutionRules = { readonly [Kind in PurseEvidence["kind"]]: (evidence: Extract<PurseEvidence, { readonly kind: Kind }>) => Ending | undefined };

/**
 * A module's session is gone by now, so that only a signature still confirms a debit; any other proof is the card's own word, and the host
 * will check the TAC.
 */
export const RESOLUTION_RULES: ResolutionRules = {
  debited: ({ proof, refused }) => {
    if (refused === true) return { state: "done", proof, unverified: true, reason: "signature-refused" };
    return proof === "signature" ? { state: "done", proof } : { state: "done", proof, unverified: true };
  },
  "not-debited": () => ({ state: "void", reason: "not-debited" }),
  undecidable: () => undefined,
};

export interface ResolvingPorts {
  readonly journal: Journal;
  readonly log: Log;
}

export interface ResolvedCard {
  readonly done: number;
  readonly voided: number;
  /** Sales that this card can no longer decide, because its log has gone on: they stay listed for the host. */
  readonly undecidable: number;
  /** Sales that are still open and must be decided before this card pays again. */
  readonly open: number;
}

interface Examined {
  readonly sale: RecordedSale;
  readonly proven: Proven;
  readonly end: Ending | undefined;
}

/**
 * Decides every open sale that this card has a name in, oldest first. Faults: those of the channel, and of the journal.
 */
export async function resolveCard(ports: ResolvingPorts, card: IdentifiedCard, rules: ResolutionRules = RESOLUTION_RULES): Promise<ResolvedCard> {
  const found = await ports.journal.openSubjects({ card: card.name, kind: "quick-payment", limit: OPEN_OF_CARD_MAX });
  const counts = { done: 0, voided: 0, undecidable: 0, open: 0 };
  const examined: Examined[] = [];
  for (const { subject } of found) {
    const sale = readSale(await ports.journal.entriesOf(subject));
    assert(sale !== undefined, "a subject found by its card names its card");
    if (isInFlight(ports.journal, sale.last)) counts.open += 1;
    else examined.push(await examine(card, sale, rules));
  }
  const debited = examined.find(({ sale, end }) => end?.state === "done" && card.lacksKey(sale.detail));
  const key = debited === undefined ? {} : await card.learnKey(debited.sale);
  for (const each of examined) counts[await close(ports, each, key)] += 1;
  // More open sales than are looked at in one go are decided by further taps.
  if (found.length === OPEN_OF_CARD_MAX) counts.open += 1;
  return counts;
}

async function examine(card: IdentifiedCard, sale: RecordedSale, rules: ResolutionRules): Promise<Examined> {
  const proven = await card.prove(sale);
  // The table's type has paired each rule with its own evidence.
  const rule = rules[proven.evidence.kind] as (evidence: PurseEvidence) => Ending | undefined;
  return { sale, proven, end: rule(proven.evidence) };
}

async function close(ports: ResolvingPorts, { sale, proven, end }: Examined, key: JsonObject): Promise<keyof ResolvedCard> {
  const { subject, last } = sale;
  const { evidence } = proven;
  if (end === undefined) {
    ports.log.warn("sale-undecidable", { subject });
    return evidence.kind === "undecidable" && evidence.why === "log-overrun" ? "undecidable" : "open";
  }
  const detail = { ...key, ...sale.detail, ...proven.detail };
  await ports.journal.append(laterDraft({ ...end, resolution: true, after: { subject, seq: last.seq } }, { amount: sale.amount, card: sale.card, detail }));
  ports.log.info("sale-resolved", { subject, state: end.state });
  return end.state === "done" ? "done" : "voided";
}
