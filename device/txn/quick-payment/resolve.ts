/*
 * Goal: an open sale is decided as soon as its card is seen, before that card pays anything again.
 * Method: the card's own evidence, compared with the durable intent, picks one of few ends from a table.
 */
import { assert } from "../../base/assert.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { ZERO_FEN } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { initializePurchase } from "../../card/purse/commands.ts";
import { proveSale } from "../../card/purse/prove-sale.ts";
import type { SaleEvidence } from "../../card/purse/types.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import type { Journal, JournalEntry, JsonObject } from "../journal/types.ts";
import type { ResolvingPorts } from "./ports.ts";
import { type CardFacts, laterDraft, type RecordedSale, readSale } from "./record.ts";
import type { EntryWish } from "./types.ts";

/** Open sales of one card that are looked at in one go. */
const OPEN_OF_CARD_MAX = 32;

export type Ending = Pick<EntryWish, "state" | "reason" | "proof" | "unverified">;

/** How a sale is closed by what its card says; undefined leaves it open. */
export type ResolutionRules = { readonly [Kind in SaleEvidence["kind"]]: (evidence: Extract<SaleEvidence, { readonly kind: Kind }>) => Ending | undefined };

/** The module's session is gone, so that only the card itself vouches for a debit; the host will check its TAC. */
export const RESOLUTION_RULES: ResolutionRules = {
  debited: ({ proof }) => ({ state: "done", proof, unverified: true }),
  "not-debited": () => ({ state: "void", reason: "not-debited" }),
  undecidable: () => undefined,
};

export interface ResolveCardOptions {
  readonly card: CardFacts;
  readonly commandLimits: () => Limits;
  readonly rules?: ResolutionRules;
}

export interface ResolvedCard {
  readonly done: number;
  readonly voided: number;
  /** Sales that this card can no longer decide, because its log has gone on: they stay listed for the host. */
  readonly undecidable: number;
  /** Sales that are still open and must be decided before this card pays again. */
  readonly open: number;
}

/** What a proof adds to the record. */
export function evidenceDetail(evidence: SaleEvidence): JsonObject {
  return evidence.kind === "debited" && evidence.proof === "log" ? { tac: toHex(evidence.tac), mac2: toHex(evidence.mac2) } : {};
}

/**
 * The key that the TAC was made with is told by INITIALIZE only. A sale whose answer was lost with the power has to ask again;
 * the amount is zero, so that an empty purse answers too. Asked after all proofs, because it may drop them.
 */
export async function learnKey(
  ports: ResolvingPorts,
  channel: CardChannel,
  options: { readonly terminalNumber: string; readonly limits: Limits },
): Promise<JsonObject> {
  const start = { keyIndex: ports.purse.keyIndex, amount: ZERO_FEN, terminalNumber: fromHex(options.terminalNumber) };
  const opening = await initializePurchase(channel, start, options.limits);
  return opening.kind === "ok" ? { keyVersion: opening.keyVersion, algorithm: opening.algorithm } : {};
}

export function lacksKey(detail: JsonObject): boolean {
  return detail["algorithm"] === undefined;
}

/** Another lane is still at it: what it started in this life has not been given up yet. */
export function isInFlight(journal: Journal, entry: JournalEntry): boolean {
  return entry.boot === journal.boot && (entry.state === "prepared" || entry.state === "acting");
}

interface Examined {
  readonly sale: RecordedSale;
  readonly evidence: SaleEvidence;
  readonly end: Ending | undefined;
}

/**
 * Decides every open sale of this card, oldest first; the card's purse is selected. Faults: those of the channel, and of the journal.
 */
export async function resolveCard(ports: ResolvingPorts, channel: CardChannel, options: ResolveCardOptions): Promise<ResolvedCard> {
  const found = await ports.journal.openSubjects({ card: options.card.serial, kind: "quick-payment", limit: OPEN_OF_CARD_MAX });
  const counts = { done: 0, voided: 0, undecidable: 0, open: 0 };
  const examined: Examined[] = [];
  for (const { subject } of found) {
    const sale = readSale(await ports.journal.entriesOf(subject));
    assert(sale !== undefined, "a subject found by its card names its card");
    if (isInFlight(ports.journal, sale.last)) counts.open += 1;
    else examined.push(await examine(ports, channel, { ...options, sale }));
  }
  const debited = examined.find(({ sale, end }) => end?.state === "done" && lacksKey(sale.detail));
  const key =
    debited === undefined ? {} : await learnKey(ports, channel, { terminalNumber: debited.sale.intent.terminalNumber, limits: options.commandLimits() });
  for (const each of examined) counts[await close(ports, each, key)] += 1;
  // More open sales than are looked at in one go are decided by further taps.
  if (found.length === OPEN_OF_CARD_MAX) counts.open += 1;
  return counts;
}

async function examine(ports: ResolvingPorts, channel: CardChannel, options: ResolveCardOptions & { readonly sale: RecordedSale }): Promise<Examined> {
  const { sale, rules = RESOLUTION_RULES } = options;
  const evidence = await proveSale(channel, { intent: sale.intent, proveSeqOrder: ports.purse.proveSeqOrder }, options.commandLimits());
  // The table's type has paired each rule with its own evidence.
  const rule = rules[evidence.kind] as (evidence: SaleEvidence) => Ending | undefined;
  return { sale, evidence, end: rule(evidence) };
}

async function close(ports: ResolvingPorts, { sale, evidence, end }: Examined, key: JsonObject): Promise<keyof ResolvedCard> {
  const { subject, last } = sale;
  if (end === undefined) {
    ports.log.warn("sale-undecidable", { subject });
    return evidence.kind === "undecidable" && evidence.why === "log-overrun" ? "undecidable" : "open";
  }
  const detail = { ...key, ...sale.detail, ...evidenceDetail(evidence) };
  await ports.journal.append(laterDraft({ ...end, resolution: true, after: { subject, seq: last.seq } }, { amount: last.amount, card: sale.card }, detail));
  ports.log.info("sale-resolved", { subject, state: end.state });
  return end.state === "done" ? "done" : "voided";
}
