/*
 * Numbers under which money moved, and whose records have left the journal: whoever sends one again is told so, with what it moved, and nothing is
 * begun. It is no answer "refused": that would read as unpaid.
 */
import { refusal } from "./errors.ts";
import type { ApiService } from "./service.ts";

/** Refuses "number-spent". Faults: those of the journal. */
export async function demandUnspent({ spentUnder }: Pick<ApiService, "spentUnder">, reference: string): Promise<void> {
  const amount = await spentUnder?.(reference);
  if (amount !== undefined) throw refusal("number-spent", { problems: [`moved: ${amount} fen`] });
}
