/*
 * Fifty counters on one real terminal: journal on disk, broker, settlement host and insurer on this machine, e-codes as credentials, cash for
 * the rest. Once with the broker's bound of messages, once without it, and once with a backlog that drains beside the orders.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ZERO_FEN } from "../../device/base/fen.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { DEFAULT_BATCH_LIMITS } from "../../device/sync/batch/plan.ts";
import type { SyncOptions } from "../../device/sync/sync.ts";
import type { Insurer } from "../../simulators/host/medical/insurer.ts";
import { type InsuredPerson, insuredPerson } from "../../simulators/host/medical/persons.ts";
import { CounterPlace, type CounterTerminal } from "../../simulators/terminal/counter-place.ts";
import { amountOf, benchBasket, COUNTERS, type CounterFigures, counterRows, measureCounters } from "./api.ts";
import type { Bench, BenchContext, BenchRow } from "./bench.ts";

/** A material: its packs carry no codes. */
const NATIONAL_CODE = "CTEST0000000000000M1";
/** More than this machine sends: the pace is then that of the parts. */
const UNGOVERNED_PER_SECOND = 100_000;
const BACKLOG_RECORDS = 800;
/** What must be left when the last order ends, or nothing was measured beside the drain. */
const BACKLOG_LEFT = 200;

interface Case {
  readonly name: string;
  readonly ordersPerCounter: number;
  readonly warmUp: number;
  readonly sync?: Partial<SyncOptions>;
  readonly backlog?: number;
  readonly note: string;
}

const CASES: readonly Case[] = [
  { name: "api-50-counters-governed", ordersPerCounter: 1, warmUp: 0, note: "20 messages/s" },
  {
    name: "api-50-counters-backlog",
    ordersPerCounter: 1,
    warmUp: 0,
    // One record a batch: the drain wants every place it can get for longer than the orders take.
    sync: { batch: { ...DEFAULT_BATCH_LIMITS, recordsMax: 1 } },
    backlog: BACKLOG_RECORDS,
    note: "20 messages/s",
  },
  {
    name: "api-50-counters-ungoverned",
    ordersPerCounter: 4,
    warmUp: 1,
    sync: { messagesPerSecondMax: UNGOVERNED_PER_SECOND },
    note: "no bound of messages",
  },
];

function personOf(counter: number): InsuredPerson {
  const personNumber = `5301${String(counter).padStart(16, "0")}`;
  return insuredPerson({ personNumber, cards: [], accountFen: 0n });
}

/** The insurer's own books: each order once, each at the person and the amount of its counter. */
function checkBooks(insurer: Insurer, persons: readonly InsuredPerson[], figures: CounterFigures & { readonly ordersEach: number }): void {
  const booked = insurer.ledger.settlements();
  const known = new Set(figures.settlementIds);
  const right = persons.every(({ personNumber }, counter) => {
    const own = booked.filter((entry) => entry.personNumber === personNumber);
    return own.length === figures.ordersEach && own.every(({ totalFen, status }) => totalFen === BigInt(amountOf(counter)) && status === "booked");
  });
  if (!right || booked.length !== known.size || booked.some(({ settlementId }) => !known.has(settlementId)))
    throw new Error("the insurer's books are not what the counters were told");
}

async function fill({ terminal }: CounterTerminal, records: number): Promise<void> {
  const draft = { kind: "operation", state: "done", amount: ZERO_FEN, detail: { operation: "bench" } } as const;
  await Promise.all(Array.from({ length: records }, () => terminal.journal.append(draft)));
}

function undrained({ terminal }: CounterTerminal): number {
  const { lastSeq, receiptedThrough } = terminal.status();
  return lastSeq - receiptedThrough;
}

async function measure(chosen: Case, { folder: parent, scale, say }: BenchContext): Promise<readonly BenchRow[]> {
  const folder = join(parent, chosen.name);
  await mkdir(folder);
  const persons = Array.from({ length: COUNTERS }, (_, counter) => personOf(counter));
  const place = await CounterPlace.open({ suite: openCipherSuite(), folder, persons });
  const ordersPerCounter = chosen.ordersPerCounter * (chosen.backlog === undefined ? scale : 1);
  const eCodeOf = (counter: number) => place.insurer.issueECode(persons[counter]?.personNumber ?? "") ?? "";
  let opened: CounterTerminal | undefined;
  try {
    const figures = await measureCounters({
      open: async (api) => {
        opened = await place.openTerminal({ api, ...(chosen.sync === undefined ? {} : { sync: chosen.sync }) });
        await fill(opened, chosen.backlog ?? 0);
        return opened.api;
      },
      counters: COUNTERS,
      ordersPerCounter,
      warmUp: chosen.warmUp,
      basketOf: (counter, order) => benchBasket({ counter, order, eCode: eCodeOf(counter), nationalCode: NATIONAL_CODE }),
    });
    const left = opened === undefined ? 0 : undrained(opened);
    if (chosen.backlog !== undefined && left < BACKLOG_LEFT) throw new Error(`the drain was over before the orders: ${left} records left`);
    checkBooks(place.insurer, persons, { ...figures, ordersEach: ordersPerCounter + chosen.warmUp });
    say(`${chosen.name}: ${COUNTERS * ordersPerCounter} orders, ${left} records undrained at their end`);
    return counterRows(chosen.name, figures, noteOf(chosen, { ordersPerCounter, left }));
  } finally {
    await opened?.terminal.stop();
    await place.close();
  }
}

function noteOf({ note, backlog }: Case, { ordersPerCounter, left }: { readonly ordersPerCounter: number; readonly left: number }): string {
  const drain = backlog === undefined ? "" : `, ${backlog} records to drain at the beginning, one a message, ${left} at the end`;
  return `${COUNTERS} counters, ${COUNTERS * ordersPerCounter} orders on one real terminal, ${note}${drain}; broker, settlement host and insurer in the terminal's process; each order once in the insurer's books, none of another counter's`;
}

async function run(context: BenchContext): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const chosen of CASES) rows.push(...(await measure(chosen, context)));
  return rows;
}

export const bench: Bench = { name: "api-terminal", run };
