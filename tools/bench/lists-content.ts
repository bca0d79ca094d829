/* What the lists of the benchmark hold: numbers that differ, made from a count, so that another process knows which are listed. */
import type { ListKey, ListLevel } from "../../device/txn/lists/lists.ts";
import { ListDocumentWriter } from "../../simulators/host/lists.ts";

/** Shares of all entries, in percent. */
const SHARES: Readonly<Record<ListLevel, number>> = { national: 60, province: 25, city: 15 };
export const LEVELS: readonly ListLevel[] = ["national", "province", "city"];
const RANGES = 2_000;
const BLOCKS = 1_000;
const SPREAD = 7_919;
const NUMBERS = 1_000_000_000;
export const DELTA_ENTRIES = 10_000;

/** Below `NUMBERS` each count gives another number. */
function digits(count: number, length: number): string {
  return String(NUMBERS + ((count * SPREAD) % NUMBERS)).padStart(length, "3");
}

export const serialOf = (count: number): string => `31${digits(count, 18)}`;
export const identifierOf = (count: number): string => `310000D156${digits(count, 22)}`;
export const accountOf = (count: number): string => `6222${digits(count, 15)}`;

export function countOf(level: ListLevel, entries: number): number {
  return Math.floor((entries * SHARES[level]) / 100);
}

/** National: serial numbers. Province: card identifiers and ranges. City: accounts, debts, temporary losses, block orders. */
export function wholeList(level: ListLevel, entries: number): Uint8Array {
  const writer = new ListDocumentWriter(level, "whole");
  const count = countOf(level, entries);
  for (let at = 0; at < count; at += 1) {
    if (level === "national") writer.add({ entry: "number", number: "purse-serial", value: serialOf(at) });
    else if (level === "province") writer.add({ entry: "number", number: "card-identifier", value: identifierOf(at) });
    else if (at % 10 === 0) writer.add({ entry: "loss", number: "account-number", value: accountOf(at), date: "20261120" });
    else writer.add({ entry: at % 10 === 1 ? "debt" : "number", number: "account-number", value: accountOf(at) });
  }
  for (let at = 0; level === "province" && at < RANGES; at += 1) {
    const from = String(100_000_000 + at * 1_000);
    writer.add({ entry: "range", number: "card-number", value: from, to: String(Number(from) + 99) });
  }
  for (let at = 0; level === "city" && at < BLOCKS; at += 1) writer.add({ entry: "block", number: "purse-serial", value: serialOf(500_000_000 + at) });
  return writer.end();
}

/** Half new entries, a quarter debts, a quarter taken back; the n-th one differs from those before it. */
export function changesOf(level: ListLevel, nth: number): Uint8Array {
  const writer = new ListDocumentWriter(level, "delta");
  for (let at = 0; at < DELTA_ENTRIES; at += 1) {
    const count = nth * DELTA_ENTRIES + at;
    if (at % 4 === 3) writer.remove({ entry: "number", number: "purse-serial", value: serialOf(count) });
    else writer.add({ entry: at % 4 === 2 ? "debt" : "number", number: "purse-serial", value: serialOf(600_000_000 + count) });
  }
  return writer.end();
}

/** What a card asks: one in ten is listed. */
export function questionOf(nth: number, entries: number): readonly ListKey[] {
  const listed = nth % 10 === 0;
  const count = (nth * 104_729) % countOf("province", entries);
  const cardNumber: ListKey = { number: "card-number", value: String(700_000_000 + nth) };
  if (nth % 2 === 0) return [{ number: "card-identifier", value: identifierOf(listed ? count : 800_000_000 + nth) }, cardNumber];
  return [{ number: "purse-serial", value: serialOf(800_000_000 + nth) }];
}
