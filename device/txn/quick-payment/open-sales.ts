/* Open sales of one purse, for cards that must be asked about them before anybody knows which card it is. */
import { eachOpenSubject } from "../journal/open-subjects.ts";
import type { Journal } from "../journal/types.ts";
import type { PurseKind } from "../sale-request.ts";
import { type RecordedSale, readSale } from "./record.ts";

/** Open sales that are looked through; those beyond are found by the card's name, without its last answer. */
const LOOKED_THROUGH_MAX = 500;

/** Newest first. Faults: those of the journal. */
export async function openSalesOfPurse(journal: Journal, purse: PurseKind): Promise<readonly RecordedSale[]> {
  const sales: RecordedSale[] = [];
  let seen = 0;
  for await (const { subject } of eachOpenSubject(journal, "quick-payment")) {
    seen += 1;
    if (seen > LOOKED_THROUGH_MAX) break;
    const sale = readSale(await journal.entriesOf(subject));
    if (sale?.purse === purse) sales.push(sale);
  }
  return sales.toReversed();
}
