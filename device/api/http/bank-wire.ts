/* Between the words of the bank's flows and what travels of them. */
import type * as z from "zod";
import type { BankBalance, BankOutcome, DownloadReport, ParkedAct, ParkedItem, PurseLoadOutcome, SettlementOutcome } from "../../txn/acquiring/acts.ts";
import type * as schemas from "./bank-schemas.ts";
import { present, wordsFor } from "./wire.ts";

type BankActWire = z.output<typeof schemas.bankAct>;
type LoadWire = z.output<typeof schemas.load>;
type BalanceWire = z.output<typeof schemas.bankBalance>;

interface Told {
  readonly subject?: string;
  readonly reason?: string;
  readonly responseCode?: string;
}

function toldOf({ subject, reason, responseCode }: Told) {
  return { ...present({ subject, reason, responseCode }), ...wordsFor(reason) };
}

export function bankActWire(number: string, outcome: BankOutcome): BankActWire {
  if (outcome.kind !== "approved") return { number, kind: outcome.kind, ...toldOf(outcome) };
  const { kind, subject, amount, retrievalReference, authorization } = outcome;
  return { number, kind, subject, amountFen: amount, retrievalReference, ...present({ authorization }) };
}

export function balanceWire(outcome: BankBalance | Exclude<BankOutcome, { readonly kind: "approved" }>): BalanceWire {
  return outcome.kind === "balance" ? { kind: outcome.kind, availableFen: outcome.available } : { kind: outcome.kind, ...toldOf(outcome) };
}

export function loadWire(loadNumber: string, outcome: PurseLoadOutcome): LoadWire {
  if (outcome.kind !== "loaded") return { loadNumber, kind: outcome.kind, ...toldOf(outcome) };
  const { kind, subject, amount, balanceAfter } = outcome;
  return { loadNumber, kind, subject, amountFen: amount, ...present({ balanceAfterFen: balanceAfter }) };
}

export function settlementWire(outcome: SettlementOutcome): z.output<typeof schemas.bankSettlement> {
  if (outcome.kind === "refused") return { kind: outcome.kind, ...toldOf(outcome) };
  const { kind, batch, terminal, uploaded, differing, acquirer, refusedRows } = outcome;
  return {
    ...{ kind, batch, terminal: { ...terminal }, uploaded },
    ...(differing === undefined ? {} : { differing: [...differing] }),
    ...(acquirer === undefined ? {} : { acquirer: { ...acquirer } }),
    ...(refusedRows === undefined ? {} : { refusedRows: refusedRows.map(({ amount, ...row }) => ({ ...row, amountFen: amount })) }),
    ...toldOf(outcome),
  };
}

export function downloadWire({ kind, what, entries, ...told }: DownloadReport): z.output<typeof schemas.download> {
  return { kind, what, entries, ...toldOf(told) };
}

export function parkedWire(items: readonly ParkedItem[]): z.output<typeof schemas.parked> {
  return { items: items.map(({ amount, ...item }) => ({ ...item, amountFen: amount })) };
}

export function parkedActOf({ act, stands, retrievalReference, note }: z.output<typeof schemas.parkedActBody>, operator: string): ParkedAct {
  const by = { operator, ...present({ note }) };
  return act === "dealt-with" ? { ...by, act, stands: stands === true, ...present({ retrievalReference }) } : { ...by, act };
}
