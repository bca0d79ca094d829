/* What this terminal's own journal has of one card, whichever of its purses paid: the newest first, a part of what the holder has done, and never more than a page. */
import { writeMoment } from "../agency/times.ts";
import type { JsonObject, Movement, RecordKind } from "../journal/types.ts";
import type { SocialCardName } from "../risk/card-links.ts";
import type { CardServicePorts } from "./ports.ts";

const PAGE = 256;
/** Entries that are looked at: a few days of a busy counter. */
const LOOKED_AT_MAX = 8_192;
const ROWS_MAX = 50;

const TOLD: ReadonlySet<RecordKind> = new Set<RecordKind>([
  "quick-payment",
  "medical-purchase",
  "medical-void",
  "offline-medical",
  "bank-payment",
  "bank-return",
  "purse-load",
  "contribution",
]);

/** Faults: those of the journal. */
export async function ownRecords({ history, cardKeys }: Pick<CardServicePorts, "history" | "cardKeys">, card: SocialCardName): Promise<readonly JsonObject[]> {
  const keys = new Set([history.cardKey(card.cardNumber), ...(cardKeys?.(card) ?? [])]);
  const rows = new Map<number, JsonObject>();
  const least = Math.max(1, history.lastSeq - LOOKED_AT_MAX + 1);
  for (let to = history.lastSeq; to >= least && rows.size < ROWS_MAX; to -= PAGE) {
    const from = Math.max(least, to - PAGE + 1);
    // Where entries were taken away by rule, the store goes on behind them.
    const page = (await history.movements(from, to - from + 1)).filter(({ seq }) => seq <= to);
    if (page.length === 0) break;
    for (const movement of page.toReversed()) {
      if (!keys.has(movement.cardKey) || !TOLD.has(movement.kind) || rows.has(movement.firstSeq) || rows.size >= ROWS_MAX) continue;
      rows.set(movement.firstSeq, rowOf(movement));
    }
  }
  return [...rows.values()];
}

/** Its newest step tells how it stands. */
function rowOf({ kind, state, amountFen, wallMs }: Movement): JsonObject {
  return { what: kind, state, amountFen, at: writeMoment(wallMs) };
}
