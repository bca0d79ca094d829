/*
 * Goal: a name under which money has moved begins nothing again, also when its record has long left the journal: a till that was off for months
 * sends its request once more, and nobody pays twice.
 * Method: what leaves keeps one short line, a digest of its name and its amount, in one of a fixed number of pages. Pages are marks, written in the
 * very commit in which the record goes. A page that is full loses its oldest line, so that all of them take no more than their share of the disk,
 * whatever the years bring.
 */
import { toHex, utf8 } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { type Fen, fen } from "../../base/fen.ts";
import type { JournalStore, StoredEntry } from "../../base/ports.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { readBody } from "./chain.ts";
import { textMember } from "./members.ts";
import { OWN_MARKS } from "./opening.ts";
import type { EntryDraft, JsonObject, RecordKind, RecordState } from "./types.ts";

type Mark = { readonly name: string; readonly value: string };

/** A name that was used, and what it moved. */
export interface SpentName {
  readonly name: string;
  readonly amountFen: number;
}

/** How many pages there are is said once, when the first is written: names are found again by it. */
const MARK_PAGES = `${OWN_MARKS}spent-pages`;
const LINES_MAX = 64;
/** Room of a full page, its place in the tables included. */
const PAGE_BYTES = 2_048;
const PAGES_MAX = 16_384;
const PAGES_MIN = 64;
/** This part of the journal's limit may be taken by pages. */
const SHARE = 8;
const DIGEST_DIGITS = 12;

/** Kinds whose references come from callers, or from what callers have named. Uploads, voids and cash belong to an order, which is one of these. */
const NAMED_BY_CALLERS: readonly RecordKind[] = [
  "quick-payment",
  "medical-purchase",
  "medical-order",
  "offline-medical",
  "bank-payment",
  "bank-return",
  "purse-load",
  "contribution",
];
/** The terminal's own names count on for ever and never come back: they need no line. */
const OWN_NAME = /^(?:gate\.[A-Za-z0-9-]{1,16}\.(?:entry|exit|ride)\.\d{1,15}\.\d{1,15}|till\.\d{1,15}\.\d{1,15})$/;
const SALE_MARK = "sale/";

/** What a subject that leaves has used up, by its first and its last entry; undefined where its name may begin anew. */
export function spentBy(first: StoredEntry, last: StoredEntry): SpentName | undefined {
  const kind = last.kind as RecordKind;
  const state = last.state as RecordState;
  if (!NAMED_BY_CALLERS.includes(kind) || (state !== "done" && !cameAndWent(last))) return undefined;
  const reference = textMember(detailOf(first), "reference");
  if (reference === "" || OWN_NAME.test(reference)) return undefined;
  const amountFen = readBody(last.body)?.["amountFen"];
  return { name: `${SALE_MARK}${reference}`, amountFen: typeof amountFen === "number" ? amountFen : 0 };
}

/** Void, and told again as that, because money came and went under its name. */
function cameAndWent(last: StoredEntry): boolean {
  if (last.state !== "void") return false;
  return last.kind === "medical-order" || (last.kind === "contribution" && detailOf(last)["returned"] === true);
}

/** Marks that speak of a subject and not to it, by its kind, out of its reference and its name. */
const MARKS_BEHIND: Partial<Record<RecordKind, (reference: string, subject: string) => string>> = {
  "quick-payment": (reference) => `slip/sale/${reference}`,
  "cash-refund": (reference) => `slip/refund/${reference}`,
  "bank-payment": (_reference, subject) => `bank/returns/${subject}`,
  "medical-purchase": (_reference, subject) => `void/${subject}`,
};

/** What speaks of a subject has nothing more to say once it is gone. A name that was not done may be done again, and keeps it. */
export function marksBehind(first: StoredEntry, last: StoredEntry): readonly string[] {
  const behind = last.state === "done" ? MARKS_BEHIND[last.kind as RecordKind] : undefined;
  return behind === undefined ? [] : [behind(textMember(detailOf(first), "reference"), last.subject)];
}

/** Names that are looked for before something begins under them. */
export function mayBeSpent(mark: string | undefined): mark is string {
  return mark?.startsWith(SALE_MARK) === true && !OWN_NAME.test(mark.slice(SALE_MARK.length));
}

function detailOf({ body }: StoredEntry): JsonObject {
  const detail = readBody(body)?.["detail"];
  // It came out of JSON.parse, so its members are JSON values.
  return typeof detail === "object" && detail !== null && !Array.isArray(detail) ? (detail as JsonObject) : {};
}

export class SpentNames {
  readonly #store: Pick<JournalStore, "mark" | "usage">;
  readonly #suite: CipherSuite;
  readonly #journalId: string;
  #pages: number | undefined;

  constructor(store: Pick<JournalStore, "mark" | "usage">, { suite, journalId }: { readonly suite: CipherSuite; readonly journalId: string }) {
    this.#store = store;
    this.#suite = suite;
    this.#journalId = journalId;
  }

  /** What was moved under this name by a record that has left; undefined where none has. Faults: those of the store. */
  async amountOf(name: string): Promise<Fen | undefined> {
    const pages = await this.#known();
    if (pages === undefined) return undefined;
    const { page, digest } = this.#place(name, pages);
    const line = linesOf(await this.#store.mark(markOf(page))).find((one) => one.startsWith(digest));
    return line === undefined ? undefined : fen(Number.parseInt(line.slice(DIGEST_DIGITS), 36));
  }

  /** Faults: "number-spent", those of the store. */
  async demandUnspent({ subjectMark }: Pick<EntryDraft, "subjectMark">): Promise<void> {
    if (subjectMark !== undefined && (await this.amountOf(subjectMark)) !== undefined)
      throw new Fault("number-spent", "a record of this name has left the journal", { effectUnknown: false });
  }

  /** Marks for the commit in which the records of these names leave. One slice after the other. Faults: those of the store. */
  async keep(names: readonly SpentName[]): Promise<readonly Mark[]> {
    if (names.length === 0) return [];
    const before = await this.#known();
    const pages = before ?? pagesWithin((await this.#store.usage()).limitBytes);
    const changed = new Map<number, readonly string[]>();
    for (const { name, amountFen } of names) {
      const { page, digest } = this.#place(name, pages);
      const lines = changed.get(page) ?? linesOf(await this.#store.mark(markOf(page)));
      changed.set(page, [...lines.filter((line) => !line.startsWith(digest)), `${digest}${amountFen.toString(36)}`].slice(-LINES_MAX));
    }
    const marks = Array.from(changed, ([page, lines]) => ({ name: markOf(page), value: lines.join(" ") }));
    return before === undefined ? [...marks, { name: MARK_PAGES, value: String(pages) }] : marks;
  }

  /** Undefined as long as nothing ever left. */
  async #known(): Promise<number | undefined> {
    if (this.#pages !== undefined) return this.#pages;
    const pages = Number((await this.#store.mark(MARK_PAGES)) ?? "0");
    if (Number.isSafeInteger(pages) && pages > 0) this.#pages = pages;
    return this.#pages;
  }

  #place(name: string, pages: number): { readonly page: number; readonly digest: string } {
    const digits = toHex(this.#suite.sm3(utf8(`${this.#journalId} ${name}`)));
    return { page: Number.parseInt(digits.slice(0, 8), 16) % pages, digest: digits.slice(8, 8 + DIGEST_DIGITS) };
  }
}

function pagesWithin(limitBytes: number): number {
  return Math.max(PAGES_MIN, Math.min(PAGES_MAX, Math.floor(limitBytes / SHARE / PAGE_BYTES)));
}

function markOf(page: number): string {
  return `${OWN_MARKS}spent/${page}`;
}

function linesOf(text: string | undefined): readonly string[] {
  return text === undefined || text === "" ? [] : text.split(" ");
}
