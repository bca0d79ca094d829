/* A difference as people see it: no identity, the person masked. */
import type { DifferenceAct, DifferenceClass, DifferenceView, StatementSums } from "./acts.ts";
import type { Booking } from "./books.ts";
import type { ResultRow } from "./statement-file.ts";

/** What is known of one row, from either side. */
export interface RowFacts {
  readonly row?: ResultRow;
  readonly booking?: Booking;
}

export interface DifferenceFacts extends RowFacts {
  readonly kind: DifferenceClass;
  /** Left out: nothing where nothing is missing, else people. */
  readonly act?: DifferenceAct;
  /** The insurer's amounts, where a query has told them. */
  readonly insurer?: StatementSums;
  readonly note?: string;
}

/** Not a loss for either side: both hold it, or it is not this terminal's. */
export const HARMLESS: readonly DifferenceClass[] = ["other-day", "held-by-insurer", "other-terminal"];

const VISIBLE = 4;
const NOTE_MAX = 200;

/** The first and the last characters; a short number is hidden altogether. */
export function maskPerson(personNumber: string): string {
  if (personNumber === "") return "";
  if (personNumber.length <= 2 * VISIBLE) return "****";
  return `${personNumber.slice(0, VISIBLE)}****${personNumber.slice(-VISIBLE)}`;
}

function defaultAct(kind: DifferenceClass): DifferenceAct {
  return HARMLESS.includes(kind) || kind === "not-compared" ? "none" : "left-to-people";
}

export function differenceOf(facts: DifferenceFacts): DifferenceView {
  const { kind, act, booking } = facts;
  const [own, insurer] = [ownSums(facts), insurerSums(facts)];
  const note = wordsOf(facts);
  return {
    kind,
    act: act ?? defaultAct(kind),
    ...namesOf(facts),
    time: booking?.time ?? "",
    ...(booking === undefined || booking.reference === "" ? {} : { reference: booking.reference }),
    ...(own === undefined ? {} : { own }),
    ...(insurer === undefined ? {} : { insurer }),
    ...(note === "" ? {} : { note }),
  };
}

function namesOf({ row, booking }: RowFacts): Pick<DifferenceView, "msgid" | "settlementId" | "person"> {
  return {
    msgid: row?.msgid || (booking?.msgid ?? ""),
    settlementId: row?.settlementId || (booking?.settlementId ?? ""),
    person: maskPerson(booking?.personNumber || (row?.personNumber ?? "")),
  };
}

function wordsOf({ note, row }: DifferenceFacts): string {
  return [note ?? "", row?.memo ?? ""]
    .filter((word) => word !== "")
    .join("; ")
    .slice(0, NOTE_MAX);
}

/** What is held here: nothing of what ended without a booking. */
function ownSums({ row, booking }: RowFacts): StatementSums | undefined {
  if (booking?.state !== "booked") return undefined;
  return row?.refund === true ? negative(booking.sums) : booking.sums;
}

/** A row that only the institution has repeats our own amounts. */
function insurerSums({ row, insurer }: DifferenceFacts): StatementSums | undefined {
  return insurer ?? (row?.verdict === "institution-more" ? undefined : row?.sums);
}

function negative({ totalFen, fundFen, accountFen }: StatementSums): StatementSums {
  return { totalFen: -totalFen, fundFen: -fundFen, accountFen: -accountFen };
}
