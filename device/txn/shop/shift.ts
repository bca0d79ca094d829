/*
 * Goal: at the end of a shift (班结) the drawer and the cards' money are counted from the journal, and no sale is counted in two shifts or in none.
 * Method: a shift is a run of journal entries. What an entry has ended in it counts; the shift's own end is an entry too, and says where the
 * next one begins. A sale that was begun in one shift and decided in the next belongs to the one in which it was decided.
 */

import { addFen, type Fen, ZERO_FEN } from "../../base/fen.ts";
import { WorkRow } from "../../base/work-row.ts";
import { countMember, textMember } from "../journal/members.ts";
import { type Journal, type JournalEntry, type JsonObject, type JsonValue, OPEN_STATES } from "../journal/types.ts";
import { isHeldSale } from "../quick-payment/held.ts";

export interface ShiftLine {
  /** "quick-payment" by its purse: "e-purse", "electronic-cash", …; a bank payment by its business: "bank-sale", …; otherwise the kind of the record. */
  readonly what: string;
  readonly count: number;
  readonly sumFen: number;
}

export interface ShiftTotals {
  /** 1, 2, 3, … since the journal was born. */
  readonly shift: number;
  readonly fromSeq: number;
  readonly throughSeq: number;
  /** Money taken, by what it was taken with. */
  readonly taken: readonly ShiftLine[];
  /** Money given back. */
  readonly given: readonly ShiftLine[];
  /** Cash that the drawer must have more, or less, than at the beginning. */
  readonly drawerFen: number;
  /**
   * Sales of this shift that nobody can decide yet, which will count in the shift in which they are decided; and debits that only the card
   * vouches for, which release nothing and are for people to settle.
   */
  readonly open: { readonly count: number; readonly sumFen: number };
}

/** A shift that has ended, as its record tells it. */
export interface EndedShift {
  readonly totals: ShiftTotals;
  readonly operator: string;
  readonly atMs: number;
}

export type ShiftEnd =
  /** `again`: it had ended before. */
  (EndedShift & { readonly kind: "ended"; readonly again: boolean }) | { readonly kind: "not-current"; readonly current: number };

export interface ShiftJournal extends Pick<Journal, "append" | "mark" | "entriesOf"> {
  readonly lastSeq: number;
  entries(fromSeq: number, limit: number): Promise<readonly JournalEntry[]>;
}

export interface Shifts {
  /** The shift under way. Faults: those of the journal. */
  current(): Promise<ShiftTotals>;
  /** Ends the shift with this number and gives its totals; one that has ended already is told again, and any other is not the current one. */
  end(shift: number, act: { readonly operator: string }): Promise<ShiftEnd>;
  /** A shift that has ended; undefined for any other. */
  ended(shift: number): Promise<EndedShift | undefined>;
}

const MARK = "shift/last";
const PAGE = 500;
/** Kinds of records that are money at the counter, and their direction. */
const TAKEN: readonly string[] = ["quick-payment", "medical-purchase", "cash-tender", "bank-payment"];
/** A client of the API may be called like the lanes' first word; its sales name no use of a lane. */
const LANE_REFERENCE = /^gate\.[A-Za-z0-9-]{1,16}\.(entry|exit|ride)\.\d/;
const GIVEN: readonly string[] = ["cash-refund", "medical-void", "bank-return"];
/** A bank payment that hands out cash. */
const WITHDRAWAL = "withdrawal";

/** What openShifts is told of the place. */
export interface ShiftRules {
  /** Up to this amount a debit that only the card vouches for counts as paid. */
  readonly unverifiedAmountFen: Fen;
}

export function openShifts(journal: ShiftJournal, rules: ShiftRules): Shifts {
  return new JournalledShifts(journal, rules);
}

/** Where the last shift ended; 0 where none has. */
interface LastEnd {
  readonly shift: number;
  readonly throughSeq: number;
}

/** What has been counted of the shift under way: the next question goes on from there. */
interface Counted {
  readonly shift: number;
  readonly fromSeq: number;
  readonly count: Count;
  throughSeq: number;
}

class JournalledShifts implements Shifts {
  readonly #journal: ShiftJournal;
  readonly #rules: ShiftRules;
  /** One count at a time: two would count the same entries. */
  readonly #row = new WorkRow("shifts");
  #counted: Counted | undefined;

  constructor(journal: ShiftJournal, rules: ShiftRules) {
    this.#journal = journal;
    this.#rules = rules;
  }

  current(): Promise<ShiftTotals> {
    return this.#row.run(async () => this.#count(await this.#last()));
  }

  end(shift: number, { operator }: { readonly operator: string }): Promise<ShiftEnd> {
    return this.#row.run(() => this.#end(shift, operator));
  }

  async ended(shift: number): Promise<EndedShift | undefined> {
    const subject = await this.#journal.mark(shiftMark(shift));
    const entry = subject === undefined ? undefined : (await this.#journal.entriesOf(subject)).at(-1);
    return entry === undefined ? undefined : { totals: totalsOf(entry.detail), operator: textMember(entry.detail, "operator"), atMs: entry.wallMs };
  }

  async #end(shift: number, operator: string): Promise<ShiftEnd> {
    const last = await this.#last();
    const earlier = shift <= last.shift ? await this.ended(shift) : undefined;
    if (earlier !== undefined) return { kind: "ended", again: true, ...earlier };
    if (shift !== last.shift + 1) return { kind: "not-current", current: last.shift + 1 };
    const totals = await this.#count(last);
    const { wallMs: atMs } = await this.#journal.append({
      kind: "operation",
      state: "done",
      amount: ZERO_FEN,
      detail: shiftDetail(totals, operator),
      marks: [{ name: MARK, value: `${totals.shift} ${totals.throughSeq}` }],
      subjectMark: shiftMark(totals.shift),
    });
    return { kind: "ended", again: false, totals, operator, atMs };
  }

  async #last(): Promise<LastEnd> {
    const [shift = "0", throughSeq = "0"] = (await this.#journal.mark(MARK))?.split(" ") ?? [];
    return { shift: Number(shift), throughSeq: Number(throughSeq) };
  }

  async #count(last: LastEnd): Promise<ShiftTotals> {
    const counted = this.#countedOf(last);
    const { lastSeq } = this.#journal;
    while (counted.throughSeq < lastSeq) {
      const page = await this.#journal.entries(counted.throughSeq + 1, Math.min(PAGE, lastSeq - counted.throughSeq));
      // Where entries were taken away by rule, the store goes on behind them.
      const meant = page.filter(({ seq }) => seq <= lastSeq);
      for (const entry of meant) counted.count.see(entry);
      counted.throughSeq = meant.at(-1)?.seq ?? lastSeq;
    }
    const { shift, fromSeq, throughSeq, count } = counted;
    return { shift, fromSeq, throughSeq, ...count.totals() };
  }

  #countedOf({ shift, throughSeq }: LastEnd): Counted {
    if (this.#counted?.shift !== shift + 1) this.#counted = { shift: shift + 1, fromSeq: throughSeq + 1, throughSeq, count: new Count(this.#rules) };
    return this.#counted;
  }
}

/** What a run of entries comes to. */
class Count {
  readonly #taken = new Map<string, ShiftLine>();
  readonly #given = new Map<string, ShiftLine>();
  readonly #open = new Map<string, Fen>();
  #inFen: Fen = ZERO_FEN;
  #outFen: Fen = ZERO_FEN;
  readonly #rules: ShiftRules;

  constructor(rules: ShiftRules) {
    this.#rules = rules;
  }

  see({ kind, state, subject, amount, detail }: JournalEntry): void {
    if ((!TAKEN.includes(kind) && !GIVEN.includes(kind)) || isElsewhere(detail)) return;
    const withdrawn = kind === "bank-payment" && textMember(detail, "business") === WITHDRAWAL;
    const taken = TAKEN.includes(kind) && !withdrawn;
    const held = kind === "quick-payment" && state === "done" && isHeldSale({ detail, amount }, this.#rules.unverifiedAmountFen);
    if (held || OPEN_STATES.includes(state)) {
      this.#open.set(subject, amount);
      return;
    }
    this.#open.delete(subject);
    if (state !== "done" || amount === ZERO_FEN) return;
    add(taken ? this.#taken : this.#given, nameOf(kind, detail), amount);
    if (kind === "cash-tender") this.#inFen = addFen(this.#inFen, amount);
    if (kind === "cash-refund" || withdrawn) this.#outFen = addFen(this.#outFen, amount);
  }

  totals(): Pick<ShiftTotals, "taken" | "given" | "drawerFen" | "open"> {
    const drawerFen = this.#inFen - this.#outFen;
    let sumFen = 0;
    for (const amount of this.#open.values()) sumFen += amount;
    return { taken: linesOf(this.#taken), given: linesOf(this.#given), drawerFen, open: { count: this.#open.size, sumFen } };
  }
}

/** What a lane has taken by itself is nobody's shift, and what the bank pays for a load goes onto the card. */
function isElsewhere(detail: JsonObject): boolean {
  return LANE_REFERENCE.test(textMember(detail, "reference")) || detail["load"] !== undefined;
}

function nameOf(kind: JournalEntry["kind"], detail: JsonObject): string {
  if (kind === "quick-payment") return textMember(detail, "purse") || "e-purse";
  return kind === "bank-payment" ? `bank-${textMember(detail, "business")}` : kind;
}

function add(lines: Map<string, ShiftLine>, what: string, amount: Fen): void {
  const { count, sumFen } = lines.get(what) ?? { count: 0, sumFen: 0 };
  lines.set(what, { what, count: count + 1, sumFen: sumFen + amount });
}

function linesOf(lines: ReadonlyMap<string, ShiftLine>): readonly ShiftLine[] {
  return [...lines.values()].toSorted((left, right) => (left.what < right.what ? -1 : 1));
}

/** By which the record of a shift is found again. */
function shiftMark(shift: number): string {
  return `shift/${shift}`;
}

function shiftDetail({ shift, fromSeq, throughSeq, taken, given, drawerFen, open }: ShiftTotals, operator: string): JsonObject {
  const rows = (lines: readonly ShiftLine[]) => lines.map(({ what, count, sumFen }) => ({ what, count, sumFen }));
  return {
    operation: "shift-end",
    shift,
    fromSeq,
    throughSeq,
    operator,
    taken: rows(taken),
    given: rows(given),
    drawerFen,
    openCount: open.count,
    openFen: open.sumFen,
  };
}

/** The totals as their record tells them: what was counted stays what it was. */
function totalsOf(detail: JsonObject): ShiftTotals {
  const count = (name: string) => countMember(detail, name) ?? 0;
  return {
    shift: count("shift"),
    fromSeq: count("fromSeq"),
    throughSeq: count("throughSeq"),
    taken: rowsOf(detail["taken"]),
    given: rowsOf(detail["given"]),
    drawerFen: count("drawerFen"),
    open: { count: count("openCount"), sumFen: count("openFen") },
  };
}

function rowsOf(rows: JsonValue | undefined): readonly ShiftLine[] {
  if (!Array.isArray(rows)) return [];
  // Only shiftDetail writes them.
  return (rows as readonly JsonObject[]).map((row) => ({
    what: textMember(row, "what"),
    count: countMember(row, "count") ?? 0,
    sumFen: countMember(row, "sumFen") ?? 0,
  }));
}
