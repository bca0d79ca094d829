/*
 * The bank's books against the terminal's: what a counter was told is booked in that moment, nothing is booked that no record ends as done, and a
 * batch that was settled holds on both sides the same. The truth is the acquirer's ledger.
 */
import { type Fen, fen } from "../../../device/base/fen.ts";
import type { BankOutcome } from "../../../device/txn/acquiring/acts.ts";
import type { SimulatedJournalDisk } from "../../disk/journal-store.ts";
import type { PlantedDifference } from "../../host/acquirer/acquirer-faults.ts";
import type { BatchDifference, Settlement } from "../../host/acquirer/batch-books.ts";
import type { AcquirerLedger } from "../../host/acquirer/ledger.ts";
import type { BankTransaction } from "../../host/acquirer/words.ts";
import { promised } from "../checks/violation.ts";
import { BALANCE_FEN } from "../town.ts";
import { type BankRecord, bankRecords, FINAL_STATES, scriptResults } from "./bank-records.ts";

/** A load's money is told by its bank leg, a contribution's by its payment. */
const TOLD_BY_OTHERS: readonly string[] = ["bank-settlement", "purse-load", "contribution"];
/** What rows that were uploaded must show of a planted difference. One on the wrong side shows in the totals alone. */
const SHOWN: Readonly<Record<PlantedDifference, BatchDifference["is"] | undefined>> = {
  "missing-row": "missing-at-host",
  "extra-row": "missing-at-terminal",
  amount: "amount",
  "credit-side": undefined,
  error: undefined,
};

/** Only what was told in vain until its tries were used up, or a load whose card never came back: every reversal can be sent in the end. */
function isLeftToPeople({ kind, subject, detail, state }: BankRecord, parked: ReadonlySet<string>): boolean {
  if (FINAL_STATES.includes(state)) return false;
  return kind === "operation" || kind === "purse-load" ? parked.has(subject) : parked.has(String(detail["load"]));
}

function rowName(batch: unknown, stan: unknown, amountFen: number): string {
  return `${String(batch)}/${String(stan)} of ${amountFen} fen`;
}

/** Message numbers of the rows that the acquirer did not take in the upload of a batch, as the terminal has them for people. */
function refusedRows(records: readonly BankRecord[], batch: string): readonly string[] {
  const settlements = records.filter(({ kind, detail }) => kind === "bank-settlement" && detail["batch"] === batch);
  return settlements.flatMap(({ detail }) => ((detail["refused"] ?? []) as readonly { readonly stan: string }[]).map(({ stan }) => stan));
}

interface Compared {
  readonly planted: PlantedDifference | undefined;
  /** Rows that only the acquirer has, because the terminal never heard that they were taken. */
  readonly oneSided: readonly string[];
  /** Whether the acquirer has booked something in the batch after it was compared. */
  readonly bookedLater: boolean;
}

/** Whether the comparison of a batch may have come to this. After an error the totals may be compared once more, or the rows told. */
function fits(result: Settlement["result"], { planted, oneSided, bookedLater }: Compared): boolean {
  if (planted === "error") return true;
  if (result === "unequal") return planted !== undefined || oneSided.length > 0;
  if (oneSided.length === 0) return planted === undefined;
  // The row that was made to be missing may be the very one that only the acquirer had.
  return planted === "missing-row" || (planted === undefined && bookedLater);
}

export class BankCheck {
  readonly #ledger: AcquirerLedger;
  readonly #disk: SimulatedJournalDisk;
  /** Subjects that a counter was told are approved, or are certainly not. */
  readonly #approved = new Map<string, number>();
  readonly #refused = new Set<string>();

  constructor(ledger: AcquirerLedger, disk: SimulatedJournalDisk) {
    this.#ledger = ledger;
    this.#disk = disk;
  }

  /** What a counter hears of a payment or a return. */
  told(outcome: BankOutcome): void {
    if (outcome.kind === "approved") {
      const { subject, amount } = outcome;
      promised(3, !this.#refused.has(subject), () => `${subject} was told as refused and then as approved`);
      const standing = this.#standingOf(subject);
      promised(3, standing?.amountFen === amount, () => `${subject} was told as approved for ${amount} fen, the bank has booked ${standing?.amountFen ?? 0}`);
      this.#approved.set(subject, amount);
    }
    if (outcome.kind === "refused" && outcome.subject !== undefined) {
      const { subject } = outcome;
      promised(2, !this.#approved.has(subject), () => `${subject} was told as approved and then as refused`);
      promised(2, this.#standingOf(subject) === undefined, () => `${subject} was told as refused, and the bank has booked it`);
      this.#refused.add(subject);
    }
  }

  #standingOf(subject: string): BankTransaction | undefined {
    const record = bankRecords(this.#disk).find((each) => each.subject === subject);
    if (record === undefined) return undefined;
    const { stan, batch } = record.detail;
    return this.#standing().find((each) => each.stan === stan && each.batch === batch);
  }

  #standing(): readonly BankTransaction[] {
    return this.#ledger.transactions().filter(({ status }) => status !== "reversed");
  }

  /** When faults have ended and everything was sent, compared and settled. `parked`: subjects that the terminal lists for people. */
  settled(parked: ReadonlySet<string>): void {
    const records = bankRecords(this.#disk);
    this.#nothingOpen(records, parked);
    this.#sameRows(records, parked);
    this.#toldStays(records);
    this.#batches(records, parked);
    const unsound = this.#ledger.unsound();
    promised(1, unsound.length === 0, () => `the bank's books do not add up: ${unsound.join(", ")}`);
    this.#accounts();
  }

  /** What cards have taken is what records call loaded; a load in doubt may be either, while its card is gone. */
  loads(takenFen: number): void {
    const loads = bankRecords(this.#disk).filter(({ kind }) => kind === "purse-load");
    const sum = (states: (state: string) => boolean) => loads.filter(({ state }) => states(state)).reduce((total, { amountFen }) => total + amountFen, 0);
    const [doneFen, openFen] = [sum((state) => state === "done"), sum((state) => !FINAL_STATES.includes(state))];
    promised(1, takenFen >= doneFen, () => `records say that ${doneFen} fen were loaded, cards have taken ${takenFen}`);
    promised(2, takenFen <= doneFen + openFen, () => `cards have taken ${takenFen} fen, records say ${doneFen}, and ${openFen} in doubt`);
  }

  /** Subjects that people have to deal with, the bank legs of loads in doubt among them. */
  leftToPeople(parked: ReadonlySet<string>): ReadonlySet<string> {
    return new Set([...bankRecords(this.#disk), ...scriptResults(this.#disk)].filter((record) => isLeftToPeople(record, parked)).map(({ subject }) => subject));
  }

  /** Fen by subject of the offline sales that the bank has booked, or that people have to deal with. */
  offlineSales(parked: ReadonlySet<string>): ReadonlyMap<string, Fen> {
    const uploads = bankRecords(this.#disk).filter(({ kind, state, subject }) => kind === "operation" && (state === "done" || parked.has(subject)));
    return new Map(uploads.map(({ detail, amountFen }) => [String(detail["of"]), fen(amountFen)] as const));
  }

  #nothingOpen(records: readonly BankRecord[], parked: ReadonlySet<string>): void {
    const open = records.filter((record) => !FINAL_STATES.includes(record.state) && !isLeftToPeople(record, parked));
    promised(1, open.length === 0, () => `still open: ${open.map(({ subject, kind, state }) => `${kind} ${subject} ${state}`).join(", ")}`);
  }

  /** A row of the terminal for each of the bank's, and the other way round: nothing is booked twice, and nothing is forgotten. */
  #sameRows(records: readonly BankRecord[], parked: ReadonlySet<string>): void {
    const money = records.filter(({ kind, state }) => state === "done" && !TOLD_BY_OTHERS.includes(kind));
    const ours = money.map(({ detail, amountFen }) => rowName(detail["batch"], detail["stan"], amountFen)).toSorted();
    const listed = records
      .filter((record) => isLeftToPeople(record, parked))
      .map(({ detail, amountFen }) => rowName(detail["batch"], detail["stan"], amountFen));
    const theirs = this.#standing()
      .map(({ batch, stan, amountFen }) => rowName(batch, stan, amountFen))
      .filter((row) => !listed.includes(row))
      .toSorted();
    const extra = theirs.filter((row) => !ours.includes(row));
    const missing = ours.filter((row) => !theirs.includes(row));
    promised(2, extra.length === 0, () => `the bank has booked ${extra.join(", ")}, and no record says so`);
    promised(1, missing.length === 0, () => `the terminal counts ${missing.join(", ")}, and the bank has booked none of it`);
    promised(2, ours.length === theirs.length, () => `${ours.length} rows of the terminal, ${theirs.length} of the bank`);
  }

  #toldStays(records: readonly BankRecord[]): void {
    const stateOf = new Map(records.map(({ subject, state }) => [subject, state] as const));
    for (const subject of this.#approved.keys())
      promised(3, stateOf.get(subject) === "done", () => `${subject} was told as approved and is ${stateOf.get(subject) ?? "gone"}`);
    for (const subject of this.#refused) promised(2, stateOf.get(subject) !== "done", () => `${subject} was told as refused and is done`);
  }

  /**
   * Message numbers of offline sales that stand in this batch of the acquirer's although no reply said so: the terminal gave them up, lists them for
   * people as such that may have arrived, and counts none of them.
   */
  #oneSided(records: readonly BankRecord[], parked: ReadonlySet<string>, batch: string): readonly string[] {
    const givenUp = records.filter(
      ({ kind, subject, detail }) => kind === "operation" && parked.has(subject) && detail["batch"] === batch && detail["mayHaveArrived"] === true,
    );
    const names = givenUp.map(({ detail, amountFen }) => rowName(batch, detail["stan"], amountFen));
    const sales = this.#standing().filter(({ business }) => business === "offline-sale");
    return sales.filter((sale) => names.includes(rowName(sale.batch, sale.stan, sale.amountFen))).map(({ stan }) => stan);
  }

  /**
   * Each batch was compared; it differs exactly where a difference was planted or people have a row of it, and then the uploaded rows show which. Rows
   * that the acquirer did not take are listed for people, and are missing there.
   */
  #batches(records: readonly BankRecord[], parked: ReadonlySet<string>): void {
    for (const { terminal, batch, result, ended, held } of this.#ledger.batches.settlements()) {
      const planted = this.#ledger.batches.planted(terminal, batch);
      promised(1, ended, () => `batch ${batch} was compared and never ended`);
      // What nobody knew the end of when it was compared stood on one side only.
      if (records.some(({ kind, detail }) => kind !== "operation" && detail["batch"] === batch && detail["parkedAtMs"] !== undefined)) continue;
      const oneSided = this.#oneSided(records, parked, batch);
      const bookedLater = JSON.stringify(this.#ledger.batches.totals(terminal, batch)) !== JSON.stringify(held);
      promised(1, fits(result, { planted, oneSided, bookedLater }), () => `batch ${batch} is ${result}, planted was ${planted ?? "nothing"}`);
      if (result === "equal") continue;
      const listed = [...refusedRows(records, batch), ...oneSided];
      const differences = this.#ledger.batches.differences(terminal, batch).filter(({ stan, is }) => is !== "missing-at-terminal" || !listed.includes(stan));
      const shown = planted === undefined ? undefined : SHOWN[planted];
      // The row that was made to differ may be among those that were not taken.
      const right = differences.length === 0 ? shown === undefined || listed.length > 0 : differences.length === 1 && differences[0]?.is === shown;
      promised(1, right, () => `batch ${batch} has ${planted ?? "nothing planted"}, its uploaded rows show ${JSON.stringify(differences)}`);
    }
  }

  /** Each account has lost what stands against it. */
  #accounts(): void {
    for (const { pan, balanceFen } of this.#ledger.accounts()) {
      const changeFen = this.#standing()
        .filter((each) => each.pan === pan && each.business !== "offline-sale")
        .reduce((sum, { business, amountFen }) => sum + (business === "void" || business === "refund" ? amountFen : -amountFen), 0);
      promised(
        1,
        balanceFen === BALANCE_FEN + changeFen,
        () => `account ${pan.slice(-4)} holds ${balanceFen} fen, its transactions say ${BALANCE_FEN + changeFen}`,
      );
    }
  }
}
