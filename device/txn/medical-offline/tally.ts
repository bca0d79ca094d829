/* What the tenders of a sale say together. Their own records say it; nothing else is believed. */
import { assert } from "../../base/assert.ts";
import { addFen, type Fen, ZERO_FEN } from "../../base/fen.ts";
import type { Journal } from "../journal/types.ts";
import type { TenderKind } from "../medical-desk/desk.ts";
import type { TenderResult, Tenders } from "../tender/tender.ts";
import { tenderReference } from "./record.ts";
import { TENDERS_OF_SALE_MAX } from "./rules.ts";
import type { Tally } from "./types.ts";

/** More tenders than an order has, before and during its sale without the insurer. */
const TENDERS_MAX = 999;

/** Purses that a record names; the e-purse goes without a name. */
const PURSES: readonly TenderKind[] = ["electronic-cash", "medical-purse"];

interface TallyPorts {
  readonly tenders: Tenders;
  readonly journal: Journal;
}

/** First number under which the order has no tender. Faults: those of the journal. */
export async function firstFreeTender({ tenders }: TallyPorts, order: string): Promise<number> {
  for (let number = 1; number <= TENDERS_MAX; number += 1) if ((await tenders.known(tenderReference(order, number))) === undefined) return number;
  return TENDERS_MAX + 1;
}

export interface FullTally extends Tally {
  /** What a card says it has paid and nobody confirms: it buys no goods, and goes back with the rest. */
  readonly held: Fen;
  /** Whether one of them may still have taken money, or not. */
  readonly unknown: boolean;
}

/** Counts the tenders of a sale. Faults: those of the journal. */
export async function countTenders(ports: TallyPorts, sale: { readonly order: string; readonly firstTender: number }): Promise<FullTally> {
  let tally: FullTally = { paid: ZERO_FEN, held: ZERO_FEN, unknown: false, next: sale.firstTender };
  // One more than a sale may have, so that the last one is counted too.
  for (let more = 0; more <= TENDERS_OF_SALE_MAX; more += 1) {
    const known = await ports.tenders.known(tenderReference(sale.order, tally.next));
    if (known === undefined) break;
    tally = { ...(await withTender(ports, tally, known)), next: tally.next + 1 };
  }
  return tally;
}

async function withTender(ports: TallyPorts, tally: FullTally, known: TenderResult): Promise<FullTally> {
  switch (known.kind) {
    case "paid":
      return { ...tally, paid: addFen(tally.paid, known.amount) };
    case "failed":
      return tally;
    case "unknown":
      if (known.held !== true || known.subject === undefined)
        return { ...tally, ...(await openTender(ports, tally.next, known)), unknown: true, undecided: known.reason };
      return { ...tally, undecided: known.reason, held: addFen(tally.held, await amountOf(ports.journal, known.subject)) };
  }
}

async function openTender({ journal }: TallyPorts, number: number, { subject }: TenderResult): Promise<Pick<FullTally, "open">> {
  const first = subject === undefined ? undefined : (await journal.entriesOf(subject))[0];
  if (first === undefined) return {};
  const { purse } = first.detail;
  const tender = PURSES.find((kind) => kind === purse) ?? "e-purse";
  return { open: { number, chosen: { tender, amount: first.amount } } };
}

async function amountOf(journal: Journal, subject: string): Promise<Fen> {
  const last = (await journal.entriesOf(subject)).at(-1);
  assert(last !== undefined, "a tender names a subject of this journal");
  return last.amount;
}
