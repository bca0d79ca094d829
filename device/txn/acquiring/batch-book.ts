/*
 * Goal: no message number is used twice in a batch, and what was approved in a batch is found again in its order, whenever power goes.
 * Method: durable marks. A number's mark is written before its message is sent; a transaction's place in the batch with the entry that ends it.
 */
import { assert } from "../../base/assert.ts";
import type { Journal } from "../journal/types.ts";
import type { BatchBook, Stan } from "./ports.ts";

const BATCH_MARK = "bank/batch";
const STAN_MARK = "bank/stan";
const NUMBER_MAX = 999_999;
/** More transactions than any batch holds. */
const ROWS_MAX = 100_000;

type Mark = { readonly name: string; readonly value: string };

/** Six digits; behind the last number the first one comes again. */
function following(number: number): number {
  return number >= NUMBER_MAX ? 1 : number + 1;
}

function sixDigits(number: number): string {
  return String(number).padStart(6, "0");
}

function numberOf(mark: string | undefined, none: number): number {
  if (mark === undefined) return none;
  assert(/^\d{1,6}$/.test(mark), "the mark was written by ourselves");
  return Number(mark);
}

/** Message numbers, field 11. One for the whole terminal. */
export class Stans {
  readonly #journal: Pick<Journal, "setMarks">;
  #last: number;

  private constructor(journal: Pick<Journal, "setMarks">, last: number) {
    this.#journal = journal;
    this.#last = last;
  }

  /** Faults: those of the journal. */
  static async open(journal: Pick<Journal, "mark" | "setMarks">): Promise<Stans> {
    return new Stans(journal, numberOf(await journal.mark(STAN_MARK), 0));
  }

  next(): Stan {
    this.#last = following(this.#last);
    const newest = () => this.#mark;
    return {
      stan: sixDigits(this.#last),
      // As it stands when the draft is made: a number that was given out later must not be forgotten by it.
      get mark(): Mark {
        return newest();
      },
    };
  }

  /** Faults: those of the journal. */
  async claim(): Promise<string> {
    const { stan, mark } = this.next();
    await this.#journal.setMarks([mark]);
    return stan;
  }

  get #mark(): Mark {
    return { name: STAN_MARK, value: sixDigits(this.#last) };
  }
}

function countMark(batch: string): string {
  return `bank/rows/${batch}`;
}

function rowMark(batch: string, row: number): string {
  return `bank/row/${batch}/${row}`;
}

export async function openBatchBook(journal: Pick<Journal, "mark" | "setMarks">): Promise<BatchBook> {
  const batch = numberOf(await journal.mark(BATCH_MARK), 1);
  return new MarkedBatchBook(journal, batch, numberOf(await journal.mark(countMark(sixDigits(batch))), 0));
}

class MarkedBatchBook implements BatchBook {
  readonly #journal: Pick<Journal, "mark" | "setMarks">;
  #number: number;
  #count: number;

  constructor(journal: Pick<Journal, "mark" | "setMarks">, number: number, count: number) {
    this.#journal = journal;
    this.#number = number;
    this.#count = count;
  }

  get batch(): string {
    return sixDigits(this.#number);
  }

  get count(): number {
    return this.#count;
  }

  add(subject: string): readonly Mark[] {
    this.#count += 1;
    assert(this.#count <= ROWS_MAX, "a batch is settled before it holds as much");
    return [
      { name: rowMark(this.batch, this.#count), value: subject },
      { name: countMark(this.batch), value: String(this.#count) },
    ];
  }

  /** A row whose entry could not be written leaves a gap. */
  async rows(batch: string): Promise<readonly string[]> {
    const count = numberOf(await this.#journal.mark(countMark(batch)), 0);
    const subjects: string[] = [];
    for (let row = 1; row <= count; row += 1) {
      const subject = await this.#journal.mark(rowMark(batch, row));
      if (subject !== undefined) subjects.push(subject);
    }
    return subjects;
  }

  async adopt(batch: string): Promise<void> {
    assert(this.#count === 0 && /^\d{6}$/.test(batch), "an empty book may take another number");
    if (batch === this.batch) return;
    // A book that holds something is left by its settlement alone: what stood under this number is settled.
    await this.#journal.setMarks([
      { name: BATCH_MARK, value: batch },
      { name: countMark(batch), value: "0" },
    ]);
    this.#number = Number(batch);
    this.#count = 0;
  }

  /** A number that comes again after all the others begins with an empty book. */
  async close(): Promise<string> {
    const next = following(this.#number);
    await this.#journal.setMarks([
      { name: BATCH_MARK, value: sixDigits(next) },
      { name: countMark(sixDigits(next)), value: "0" },
    ]);
    this.#number = next;
    this.#count = 0;
    return this.batch;
  }
}
