/* Open sales of one purse, for cards that must be asked about them before anybody knows which card it is. */
import type { Journal } from "../journal/types.ts";
import type { PurseKind } from "../sale-request.ts";
import { type RecordedSale, readSale } from "./record.ts";

const PAGE = 50;
/** Open sales that are looked through; those beyond are found by the card's name, without its last answer. */
const LOOKED_THROUGH_MAX = 500;

/** Newest first. Faults: those of the journal. */
export async function openSalesOfPurse(journal: Journal, purse: PurseKind): Promise<readonly RecordedSale[]> {
  const sales: RecordedSale[] = [];
  let afterFirstSeq = 0;
  for (let seen = 0; seen < LOOKED_THROUGH_MAX; seen += PAGE) {
    const page = await journal.openSubjects({ kind: "quick-payment", afterFirstSeq, limit: PAGE });
    for (const { subject } of page) {
      const sale = readSale(await journal.entriesOf(subject));
      if (sale?.purse === purse) sales.push(sale);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    afterFirstSeq = last.firstSeq;
  }
  return sales.toReversed();
}
