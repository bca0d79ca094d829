/*
 * Goal: a list document of any size is read as it comes in pieces, and no bytes whatever make the reader fail in any way but with a word.
 * Method: everything in a document has a length that is known before it begins (its head, a section's head, a row), so that the reader takes
 * whole units out of the pieces and carries over at most one that was cut. Spec: pos/v1, 8.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { ListLevel } from "./lists.ts";
import { isValueCode, NUMBER_CODE_MAX, VALUE_LENGTH_MAX } from "./values.ts";

export type ListForm = "whole" | "delta";

/** Why a document is refused; stable words, told to the host. */
export type DocumentProblem =
  | "list-malformed"
  | "list-version-unknown"
  | "list-level-wrong"
  /** A whole list that continues something, or changes that continue nothing. */
  | "list-form-wrong"
  | "list-too-large";

/** What a section's entries are. */
export type SectionClass = "number" | "block" | "range" | "loss" | "debt";

export interface Section {
  readonly change: "add" | "remove";
  readonly entry: SectionClass;
  /** Code of the number's kind. */
  readonly number: number;
  readonly packing: "half-bytes" | "characters";
  /** Characters of each value. */
  readonly length: number;
  readonly count: number;
}

/** Takes one entry; the characters are in `first` and `second` (ranges) and are overwritten by the next. */
export interface EntrySink {
  /** `day`: of a temporary loss, days since 2000-01-01; else 0. */
  entry(section: Section, values: { readonly first: Bytes; readonly second: Bytes }, day: number): void;
}

const MAGIC = [0x59, 0x4b, 0x49, 0x4c];
const VERSION = 1;
export const LEVEL_CODES: Readonly<Record<ListLevel, number>> = { national: 1, province: 2, city: 3 };
const FORM_CODES: Readonly<Record<ListForm, number>> = { whole: 1, delta: 2 };
const CLASSES: readonly SectionClass[] = ["number", "block", "range", "loss", "debt"];
const HEAD_BYTES = 12;
const SECTION_BYTES = 12;
const DATE_BYTES = 4;
const ROW_BYTES_MAX = 2 * VALUE_LENGTH_MAX + DATE_BYTES;
const SECTIONS_MAX = 4_096;
export const DOCUMENT_ENTRIES_MAX = 16_777_216;
/** Of block orders and ranges, which are kept in full. */
export const DOCUMENT_EXACT_MAX = 200_000;
const HEX = new TextEncoder().encode("0123456789ABCDEF");

export class DocumentReader {
  readonly #expected: { readonly level: ListLevel; readonly form: ListForm };
  readonly #sink: EntrySink;
  readonly #cut = new Uint8Array(Math.max(HEAD_BYTES, SECTION_BYTES, ROW_BYTES_MAX));
  #cutLength = 0;
  readonly #first = new Uint8Array(VALUE_LENGTH_MAX);
  readonly #second = new Uint8Array(VALUE_LENGTH_MAX);
  readonly #values = { first: this.#first, second: this.#second };
  #sectionsLeft: number | undefined;
  #section: Section | undefined;
  #rowBytes = 0;
  #rowsLeft = 0;
  #entries = 0;
  #exact = 0;
  #problem: DocumentProblem | undefined;

  constructor(expected: { readonly level: ListLevel; readonly form: ListForm }, sink: EntrySink) {
    this.#expected = expected;
    this.#sink = sink;
  }

  push(piece: Bytes): void {
    let at = 0;
    while (at < piece.length && this.#problem === undefined) at += this.#take(piece, at);
  }

  /** Undefined: the document was whole and all its entries were given to the sink. */
  end(): DocumentProblem | undefined {
    if (this.#problem !== undefined) return this.#problem;
    const whole = this.#cutLength === 0 && this.#sectionsLeft === 0 && this.#rowsLeft === 0;
    return whole ? undefined : "list-malformed";
  }

  /** Uses bytes of the piece from `at` on and says how many: at least one. */
  #take(piece: Bytes, at: number): number {
    const wanted = this.#unitBytes();
    if (this.#cutLength === 0 && piece.length - at >= wanted) {
      this.#unit(piece, at);
      return wanted;
    }
    const used = Math.min(wanted - this.#cutLength, piece.length - at);
    this.#cut.set(piece.subarray(at, at + used), this.#cutLength);
    this.#cutLength += used;
    if (this.#cutLength === wanted) {
      this.#cutLength = 0;
      this.#unit(this.#cut, 0);
    }
    return used;
  }

  #unitBytes(): number {
    if (this.#sectionsLeft === undefined) return HEAD_BYTES;
    return this.#rowsLeft > 0 ? this.#rowBytes : SECTION_BYTES;
  }

  #unit(bytes: Bytes, at: number): void {
    if (this.#sectionsLeft === undefined) this.#head(bytes, at);
    else if (this.#rowsLeft > 0) this.#row(bytes, at);
    else if (this.#sectionsLeft > 0) this.#sectionHead(bytes, at);
    else this.#problem = "list-malformed";
  }

  #head(bytes: Bytes, at: number): void {
    const sections = uint32(bytes, at + 8);
    this.#sectionsLeft = sections;
    if (MAGIC.some((byte, index) => bytes[at + index] !== byte)) this.#problem = "list-malformed";
    else if (bytes[at + 4] !== VERSION) this.#problem = "list-version-unknown";
    else if (bytes[at + 5] !== LEVEL_CODES[this.#expected.level]) this.#problem = "list-level-wrong";
    else if (bytes[at + 6] !== FORM_CODES[this.#expected.form]) this.#problem = "list-form-wrong";
    else if (bytes[at + 7] !== 0) this.#problem = "list-malformed";
    else if (sections > SECTIONS_MAX) this.#problem = "list-too-large";
  }

  #sectionHead(bytes: Bytes, at: number): void {
    const section = parseSection(bytes, at);
    if (section === undefined || (section.change === "remove" && this.#expected.form === "whole")) {
      this.#problem = "list-malformed";
      return;
    }
    this.#sectionsLeft = (this.#sectionsLeft ?? 0) - 1;
    this.#section = section;
    this.#rowsLeft = section.count;
    this.#rowBytes = rowBytesOf(section);
    this.#entries += section.count;
    if (section.entry === "block" || section.entry === "range") this.#exact += section.count;
    if (this.#entries > DOCUMENT_ENTRIES_MAX || this.#exact > DOCUMENT_EXACT_MAX) this.#problem = "list-too-large";
  }

  #row(bytes: Bytes, at: number): void {
    const section = this.#section;
    if (section === undefined) return;
    this.#rowsLeft -= 1;
    const width = widthOf(section);
    let well = unpack(section, bytes, { at, into: this.#first });
    if (section.entry === "range") {
      well &&= unpack(section, bytes, { at: at + width, into: this.#second }) && ascends(this.#first, this.#second, section.length);
    }
    const day = hasDay(section) ? dayOf(bytes, at + width) : 0;
    if (!well || day === undefined) this.#problem = "list-malformed";
    else this.#sink.entry(section, this.#values, day);
  }
}

function hasDay({ entry, change }: Section): boolean {
  return entry === "loss" && change === "add";
}

function widthOf({ packing, length }: Section): number {
  return packing === "half-bytes" ? (length + 1) >>> 1 : length;
}

function rowBytesOf(section: Section): number {
  return widthOf(section) * (section.entry === "range" ? 2 : 1) + (hasDay(section) ? DATE_BYTES : 0);
}

function uint32(bytes: Bytes, at: number): number {
  return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}

function parseSection(bytes: Bytes, at: number): Section | undefined {
  const [change, entry, number = 0, packing, length = 0] = bytes.subarray(at, at + 5);
  const name = CLASSES[(entry ?? 0) - 1];
  const zeros = bytes[at + 5] === 0 && bytes[at + 6] === 0 && bytes[at + 7] === 0;
  const known = (change === 1 || change === 2) && (packing === 1 || packing === 2) && number >= 1 && number <= NUMBER_CODE_MAX;
  if (!zeros || !known || name === undefined || length < 1 || length > VALUE_LENGTH_MAX) return undefined;
  return {
    change: change === 1 ? "add" : "remove",
    entry: name,
    number,
    packing: packing === 1 ? "half-bytes" : "characters",
    length,
    count: uint32(bytes, at + 8),
  };
}

/** False where the bytes are no value of this section. */
function unpack({ packing, length }: Section, bytes: Bytes, { at, into }: { readonly at: number; readonly into: Bytes }): boolean {
  if (packing === "half-bytes") {
    for (let index = 0; index < length; index += 1) {
      const byte = bytes[at + (index >>> 1)] ?? 0;
      into[index] = HEX[index % 2 === 0 ? byte >>> 4 : byte & 0x0f] ?? 0;
    }
    return length % 2 === 0 || ((bytes[at + (length >>> 1)] ?? 0) & 0x0f) === 0;
  }
  for (let index = 0; index < length; index += 1) {
    const code = bytes[at + index] ?? 0;
    if (!isValueCode(code)) return false;
    into[index] = code;
  }
  return true;
}

function ascends(from: Bytes, to: Bytes, length: number): boolean {
  for (let at = 0; at < length; at += 1) {
    const difference = (to[at] ?? 0) - (from[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

const FIRST_YEAR = 2000;
const LAST_YEAR = 2099;
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

function isLeap(year: number): boolean {
  // 2000 is one, and 2100 is beyond what can be said here.
  return year % 4 === 0;
}

/** Days from 2000-01-01 to a date; undefined where there is no such date, or before 2000 or after 2099. */
export function dayNumber({ year, month, day }: { readonly year: number; readonly month: number; readonly day: number }): number | undefined {
  const before = DAYS_BEFORE[month - 1];
  const end = DAYS_BEFORE[month];
  if (before === undefined || end === undefined || year < FIRST_YEAR || year > LAST_YEAR) return undefined;
  const leapDay = isLeap(year) ? 1 : 0;
  if (day < 1 || day > end - before + (month === 2 ? leapDay : 0)) return undefined;
  const years = year - FIRST_YEAR;
  return years * 365 + Math.ceil(years / 4) + before + (month > 2 ? leapDay : 0) + day - 1;
}

/** YYYYMMDD in half bytes. */
function dayOf(bytes: Bytes, at: number): number | undefined {
  let number = 0;
  for (let index = at; index < at + DATE_BYTES; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte >>> 4 > 9 || (byte & 0x0f) > 9) return undefined;
    number = number * 100 + (byte >>> 4) * 10 + (byte & 0x0f);
  }
  return dayNumber({ year: Math.floor(number / 10_000), month: Math.floor(number / 100) % 100, day: number % 100 });
}

/** The day of a text YYYYMMDD, or undefined. */
export function dayOfText(text: string): number | undefined {
  if (!/^\d{8}$/.test(text)) return undefined;
  return dayNumber({ year: Number(text.slice(0, 4)), month: Number(text.slice(4, 6)), day: Number(text.slice(6, 8)) });
}
