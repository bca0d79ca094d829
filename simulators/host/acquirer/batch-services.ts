/* Settlement and batch upload: totals compared, rows told, the batch closed when its end was told. Spec: UnionPay terminal, settlement, batch upload. */
import type { PlantedDifference } from "./acquirer-faults.ts";
import type { BatchBooks, BatchTotals } from "./batch-books.ts";
import { type BankContext, type BankRequest, type BankService, fieldOf, no, yes } from "./request.ts";
import { batchAfter } from "./session-book.ts";

const SHAPE = /^(\d{30})\d(\d{30})\d$/;
const NOTHING = "0".repeat(30);
const ERROR = "3";

function totalsDigits({ debitFen, debits, creditFen, credits }: BatchTotals): string {
  const sums = [
    [debitFen, 12],
    [debits, 3],
    [creditFen, 12],
    [credits, 3],
  ] as const;
  return sums.map(([value, width]) => String(value).padStart(width, "0")).join("");
}

/** Makes the batch as it is counted here differ from what was booked. The money is not touched. */
function plantDifference(
  books: BatchBooks,
  place: { readonly terminal: string; readonly batch: string },
  difference: Exclude<PlantedDifference, "error">,
): void {
  const [first] = books.rows(place.terminal, place.batch);
  // A batch without rows can only have one too many.
  books.notePlanted(place, first === undefined ? "extra-row" : difference);
  if (first === undefined || difference === "extra-row") {
    books.putRow(place, { stan: "999999", side: "debit", pan: "", fen: 100 });
    return;
  }
  if (difference === "missing-row") books.dropRow(place, first.stan);
  if (difference === "amount") books.putRow(place, { ...first, fen: first.fen + 1 });
  if (difference === "credit-side") books.putRow(place, { ...first, side: first.side === "debit" ? "credit" : "debit" });
}

/** Compares the totals of the open batch. Cards of other countries are no customers here: their half holds nothing. */
export const settlement: BankService = ({ ledger, faults }, request) => {
  const { place, session, message } = request;
  const [, domestic, foreign] = SHAPE.exec(fieldOf(message, 48)) ?? [];
  if (domestic === undefined || foreign === undefined) return no("30");
  const known = ledger.batches.settlement(place.terminal, place.batch);
  if (place.batch !== session.batch && known?.ended !== true) return no("77");
  const { difference } = faults;
  faults.difference = "none";
  if (difference === "error" && known?.ended !== true) {
    // Whoever hears of errors alone may tell its rows: they are taken as after unequal totals.
    if (known === undefined) ledger.batches.notePlanted(place, "error");
    ledger.batches.compared(place, { result: "unequal", claimed: `${domestic}${foreign}`, held: ledger.batches.totals(place.terminal, place.batch) });
    return yes([[48, `${domestic}${ERROR}${foreign}${ERROR}`]]);
  }
  if (difference !== "none" && difference !== "error" && known === undefined) plantDifference(ledger.batches, place, difference);
  const held = ledger.batches.totals(place.terminal, place.batch);
  const [home, abroad] = [domestic === totalsDigits(held), foreign === NOTHING];
  ledger.batches.compared(place, { result: home && abroad ? "equal" : "unequal", claimed: `${domestic}${foreign}`, held });
  return yes([[48, `${domestic}${home ? 1 : 2}${foreign}${abroad ? 1 : 2}`]]);
};

interface UploadKind {
  readonly after: "equal" | "unequal";
  readonly brings: "rows" | "chip" | "end";
}

/** By 60.3. */
const UPLOADS: ReadonlyMap<string, UploadKind> = new Map([
  ["201", { after: "unequal", brings: "rows" }],
  ["203", { after: "equal", brings: "chip" }],
  ["204", { after: "equal", brings: "chip" }],
  ["205", { after: "unequal", brings: "chip" }],
  ["206", { after: "unequal", brings: "chip" }],
  ["207", { after: "equal", brings: "end" }],
  ["202", { after: "unequal", brings: "end" }],
]);

/** Rows of a batch, and its end. A batch that has ended takes the same end again and nothing else. */
export const batchUpload: BankService = (context, request) => {
  const { place, network } = request;
  const kind = UPLOADS.get(network);
  const compared = context.ledger.batches.settlement(place.terminal, place.batch);
  if (kind === undefined) return no("12");
  if (compared?.result !== kind.after) return no("25");
  if (compared.ended) return kind.brings === "end" ? yes() : no("77");
  switch (kind.brings) {
    case "rows":
      return takeRows(context, request);
    case "chip":
      return takeChip(context, request);
    case "end":
      return endBatch(context, request);
  }
};

const ROW_DIGITS = 40;
const ROWS_MAX = 8;

function takeRows({ ledger }: BankContext, { message, place, network }: BankRequest): ReturnType<BankService> {
  const text = fieldOf(message, 48);
  const count = Number(text.slice(0, 2));
  if (count < 1 || count > ROWS_MAX || text.length !== 2 + count * ROW_DIGITS) return no("30");
  for (let at = 2; at < text.length; at += ROW_DIGITS) {
    const row = text.slice(at, at + ROW_DIGITS);
    ledger.batches.upload(place, { stan: row.slice(2, 8), how: network, pan: row.slice(8, 28).replace(/^0+/, ""), fen: Number(row.slice(28)) });
  }
  return yes();
}

function takeChip({ ledger }: BankContext, { message, place, network, pan, chip, amountFen }: BankRequest): ReturnType<BankService> {
  const [, batch, stan = ""] = /^(\d{6})(\d{6})(?:\d{4})?$/.exec(fieldOf(message, 61)) ?? [];
  if (chip.length === 0 || amountFen === undefined || batch !== place.batch) return no("30");
  ledger.batches.upload(place, { stan, how: network, pan, fen: amountFen });
  return yes();
}

function endBatch({ ledger, clock }: BankContext, { message, place }: BankRequest): ReturnType<BankService> {
  const text = fieldOf(message, 48);
  if (!/^\d{4}$/.test(text)) return no("30");
  const rows = ledger.batches.uploaded(place.terminal, place.batch).length;
  // A terminal may have told more than was taken of it; that it has told less than came says that something is not its own.
  if (rows > Number(text)) return no("95");
  ledger.atomically(() => {
    ledger.batches.end(place, { rows, atMs: clock.wallMs() });
    ledger.sessions.openBatch(place.terminal, batchAfter(place.batch));
  });
  return yes();
}
