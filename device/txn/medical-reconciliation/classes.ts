/*
 * What one row of the insurer's statement means against this terminal's books. Pure: nothing is asked and nothing is done here. The
 * insurer's verdict alone never decides; rows, amounts and records do, and where they leave a doubt the insurer is asked by id.
 */
import type { DifferenceClass, StatementSums } from "./acts.ts";
import type { BookIndex, Booking } from "./books.ts";
import { sameSums } from "./statement.ts";
import type { ResultRow } from "./statement-file.ts";

/** Who makes msgids: the institution, and the leading serial digits of this terminal. */
export interface MessageScope {
  readonly institution: string;
  readonly serialLane: string;
}

/** What follows from one row. */
export type RowMeaning =
  | { readonly is: "equal" }
  /** The outcome is not known here: shown as open, never as a difference. */
  | { readonly is: "open" }
  /** Only the insurer's own word about the settlement decides (5203). */
  | { readonly is: "ask"; readonly booking: Booking; readonly about: "booking" | "refund" }
  /** Booked there, ended without a booking here. */
  | { readonly is: "one-sided"; readonly booking: Booking }
  | { readonly is: "difference"; readonly kind: DifferenceClass; readonly booking?: Booking; readonly note?: string };

export interface RowContext {
  readonly index: BookIndex;
  readonly scope: MessageScope;
  /** The day that is compared, yyyy-MM-dd. */
  readonly day: string;
  /** Settlements of which this statement holds a refund too. */
  readonly refunded: ReadonlySet<string>;
}

const SERIAL_AT = 26;

export function meaningOf(row: ResultRow, context: RowContext): RowMeaning {
  const { index } = context;
  const booking = index.bySettlement(row.settlementId);
  if (booking !== undefined) return row.refund ? refundMeaning(row, booking, context) : bookingMeaning(row, booking, context);
  const sender = index.byMessage(row.msgid);
  if (sender === undefined) return strangerMeaning(row, context);
  if (sender.state === "open") return { is: "open" };
  // One message, two settlements: a reversal names the message and would take both.
  if (sender.state === "booked") return { is: "difference", kind: "booked-twice", booking: sender };
  // What was taken back there as well stands on neither side.
  if (row.refund || context.refunded.has(row.settlementId)) return { is: "equal" };
  return { is: "one-sided", booking: sender };
}

function bookingMeaning(row: ResultRow, booking: Booking, { day }: RowContext): RowMeaning {
  if (booking.state === "open") return { is: "open" };
  if (row.verdict === "institution-more" || row.sums === undefined) {
    return row.verdict === "equal" ? { is: "equal" } : { is: "ask", booking, about: "booking" };
  }
  if (!sameSums(row.sums, booking.sums)) return { is: "difference", kind: "amount-differs", booking };
  if (row.verdict === "equal") return { is: "equal" };
  // It was not uploaded because it stands on another day here: both hold it.
  if (!booking.time.startsWith(day)) return { is: "difference", kind: "other-day", booking };
  return { is: "ask", booking, about: "booking" };
}

function refundMeaning(row: ResultRow, booking: Booking, { index, day }: RowContext): RowMeaning {
  const known = index.voidOf(booking.settlementId);
  if (known?.state === "open") return { is: "open" };
  if (known?.state !== "voided") return { is: "ask", booking, about: "refund" };
  if (row.verdict === "equal") return { is: "equal" };
  if (row.verdict === "institution-more") return { is: "ask", booking, about: "refund" };
  if (!known.time.startsWith(day)) return { is: "difference", kind: "other-day", booking };
  return row.sums !== undefined && -row.sums.totalFen !== booking.sums.totalFen
    ? { is: "difference", kind: "amount-differs", booking }
    : { is: "ask", booking, about: "refund" };
}

/** A row of which no record here knows. */
function strangerMeaning(row: ResultRow, { scope }: RowContext): RowMeaning {
  const { msgid } = row;
  if (!msgid.startsWith(scope.institution) || msgid.length !== SERIAL_AT + 4) return { is: "difference", kind: "foreign" };
  const serial = msgid.slice(SERIAL_AT);
  // Every terminal counts in digits; the insurer's own client need not.
  if (!/^\d{4}$/.test(serial)) return { is: "difference", kind: "foreign" };
  if (serial.startsWith(scope.serialLane)) return { is: "difference", kind: "unknown-message" };
  return { is: "difference", kind: "other-terminal", note: `serial ${serial}` };
}

/** Settlements and messages that no record at hand knows, and that may stand further back in the journal. */
export function notAtHand(rows: readonly ResultRow[], { index, scope }: Pick<RowContext, "index" | "scope">): readonly ResultRow[] {
  return rows.filter(
    (row) =>
      index.bySettlement(row.settlementId) === undefined &&
      index.byMessage(row.msgid) === undefined &&
      row.msgid.startsWith(scope.institution) &&
      row.msgid.slice(SERIAL_AT).startsWith(scope.serialLane),
  );
}

/** A refund as a row of ours. */
export function refundSums({ sums }: Booking): StatementSums {
  return { totalFen: -sums.totalFen, fundFen: -sums.fundFen, accountFen: -sums.accountFen };
}
