/*
 * Goal: the host side of invalid lists: what is listed on one level, and the documents that say so.
 * Method: a book of entries; a document is the whole book, or what has changed since the last one. Entries of the same kind and length stand in
 * one section. Written from the page alone. Spec: pos/v1, 8.
 */
import { assert } from "../../device/base/assert.ts";
import type { Bytes } from "../../device/base/bytes.ts";

export type BookLevel = "national" | "province" | "city";
export type BookNumber = "purse-serial" | "card-identifier" | "card-number" | "account-number";

/** `loss` is a temporary one, reported on its `date` (YYYYMMDD). */
export type BookEntry =
  | { readonly entry: "number" | "block" | "debt"; readonly number: BookNumber; readonly value: string }
  | { readonly entry: "range"; readonly number: BookNumber; readonly value: string; readonly to: string }
  | { readonly entry: "loss"; readonly number: BookNumber; readonly value: string; readonly date: string };

/** A document as the downlink carries it. */
export interface ListIssue {
  readonly stream: string;
  readonly sequence: number;
  readonly base: number;
  readonly body: Bytes;
}

const LEVELS: readonly BookLevel[] = ["national", "province", "city"];
const NUMBERS: readonly BookNumber[] = ["purse-serial", "card-identifier", "card-number", "account-number"];
const ENTRIES: readonly BookEntry["entry"][] = ["number", "block", "range", "loss", "debt"];
const ADD = 1;
const REMOVE = 2;
const HALF_BYTES = 1;
const CHARACTERS = 2;
const HEAD_BYTES = 12;

/** Rows of one section, in memory that doubles. */
class Rows {
  readonly head: readonly number[];
  count = 0;
  #bytes = Buffer.alloc(256);
  #length = 0;

  constructor(head: readonly number[]) {
    this.head = head;
  }

  get bytes(): Bytes {
    return this.#bytes.subarray(0, this.#length);
  }

  put(value: string, packing: number): void {
    if (value === "") return;
    if (this.#length + value.length > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    const even = value.length % 2 === 0 ? value : `${value}0`;
    this.#length += packing === HALF_BYTES ? this.#bytes.write(even, this.#length, "hex") : this.#bytes.write(value, this.#length, "latin1");
  }
}

/** Writes one document, entry by entry, so that ten million of them need no list of objects. */
export class ListDocumentWriter {
  readonly #level: BookLevel;
  readonly #form: "whole" | "delta";
  readonly #sections = new Map<string, Rows>();

  constructor(level: BookLevel, form: "whole" | "delta") {
    this.#level = level;
    this.#form = form;
  }

  add(entry: BookEntry): this {
    return this.#put(ADD, entry);
  }

  remove(entry: BookEntry): this {
    assert(this.#form === "delta", "a whole list takes nothing away");
    return this.#put(REMOVE, entry);
  }

  end(): Bytes {
    const head = Buffer.from([0x59, 0x4b, 0x49, 0x4c, 1, LEVELS.indexOf(this.#level) + 1, this.#form === "whole" ? 1 : 2, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(this.#sections.size, 8);
    const parts: Bytes[] = [head];
    for (const rows of this.#sections.values()) {
      const section = Buffer.alloc(HEAD_BYTES);
      section.set(rows.head);
      section.writeUInt32BE(rows.count, 8);
      parts.push(section, rows.bytes);
    }
    return new Uint8Array(Buffer.concat(parts));
  }

  #put(change: number, entry: BookEntry): this {
    const value = entry.value.toUpperCase();
    const to = entry.entry === "range" ? entry.to.toUpperCase() : "";
    const packing = /^[0-9A-F]+$/.test(value + to) ? HALF_BYTES : CHARACTERS;
    const rows = this.#section([change, ENTRIES.indexOf(entry.entry) + 1, NUMBERS.indexOf(entry.number) + 1, packing, value.length]);
    rows.count += 1;
    rows.put(value, packing);
    rows.put(to, packing);
    if (entry.entry === "loss" && change === ADD) rows.put(entry.date, HALF_BYTES);
    return this;
  }

  #section(head: readonly number[]): Rows {
    const name = head.join(" ");
    const known = this.#sections.get(name);
    if (known !== undefined) return known;
    const made = new Rows(head);
    this.#sections.set(name, made);
    return made;
  }
}

/** The book of one level, and the documents that follow from it. */
export class ListBook {
  readonly level: BookLevel;
  readonly #entries = new Map<string, BookEntry>();
  readonly #changed = new Map<string, BookEntry>();
  #sequence = 0;

  constructor(level: BookLevel) {
    this.level = level;
  }

  /** Number of the newest document. */
  get sequence(): number {
    return this.#sequence;
  }

  get entries(): Iterable<BookEntry> {
    return this.#entries.values();
  }

  list(entry: BookEntry): this {
    const name = nameOf(entry);
    this.#entries.set(name, entry);
    this.#changed.set(name, entry);
    return this;
  }

  takeBack(entry: BookEntry): this {
    const name = nameOf(entry);
    this.#entries.delete(name);
    this.#changed.set(name, entry);
    return this;
  }

  /** Everything. */
  whole(): ListIssue {
    const writer = new ListDocumentWriter(this.level, "whole");
    for (const entry of this.#entries.values()) writer.add(entry);
    return this.#issue(writer, 0);
  }

  /** What has changed since the last document of either form. */
  changes(): ListIssue {
    assert(this.#sequence > 0, "changes continue a document");
    const writer = new ListDocumentWriter(this.level, "delta");
    for (const [name, entry] of this.#changed) {
      if (this.#entries.has(name)) writer.add(entry);
      else writer.remove(entry);
    }
    return this.#issue(writer, this.#sequence);
  }

  #issue(writer: ListDocumentWriter, base: number): ListIssue {
    this.#changed.clear();
    this.#sequence += 1;
    return { stream: `list/${this.level}`, sequence: this.#sequence, base, body: writer.end() };
  }
}

function nameOf(entry: BookEntry): string {
  return [entry.entry, entry.number, entry.value.toUpperCase(), entry.entry === "range" ? entry.to.toUpperCase() : ""].join(" ");
}
