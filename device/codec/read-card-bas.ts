/*
 * Strings of the reader libraries that card-issuing provinces hand out: the basic data of a card, file addresses and their answers, and
 * result numbers. Text is GBK, where a vertical bar may also be the second byte of a character, so that bytes become text before they
 * are split. Spec: LD/T 33, iReadCardBas, iReadCard, error codes; LD/T 6001.
 */
import { assert } from "../base/assert.ts";
import type { Bytes } from "../base/bytes.ts";
import type { CardProfile } from "./card-profile.ts";
import { decodeGbText } from "./text.ts";

/** Longest output that is looked at; the longest that the specification allows is far below it. */
const OUTPUT_BYTES_MAX = 4_096;

/** The fields of iReadCardBas. */
export type CardBasField =
  | "regionCode"
  | "socialSecurityNumber"
  | "cardNumber"
  | "cardIdentifier"
  | "name"
  | "historicalBytes"
  | "version"
  | "issueDate"
  | "expiryDate"
  | "terminalNumber"
  | "deviceNumber";

/** Every field as the library gave it; "" where it gave none. */
export type CardBas = Readonly<Record<CardBasField, string>>;

const STANDARD_ORDER: readonly CardBasField[] = [
  "regionCode",
  "socialSecurityNumber",
  "cardNumber",
  "cardIdentifier",
  "name",
  "historicalBytes",
  "version",
  "issueDate",
  "expiryDate",
  "terminalNumber",
  "deviceNumber",
];

/** Positions of the fields, by provider. "numberFirst": the card number leads, the others follow in the standard's order. */
export const CARD_BAS_ORDERS: Readonly<Record<CardProfile["readCardBasOrder"], readonly CardBasField[]>> = {
  standard: STANDARD_ORDER,
  numberFirst: ["cardNumber", ...STANDARD_ORDER.filter((field) => field !== "cardNumber")],
};

const HEX_32 = /^[0-9A-Fa-f]{32}$/;
const OPTIONAL_DATE = /^(?:\d{8})?$/;
/** Shapes that tell a field in the wrong position; a library for another order is found out by them at the first card. */
const SHAPES: Readonly<Record<CardBasField, RegExp>> = {
  regionCode: /^\d{6}$/,
  socialSecurityNumber: /^(?:\d{15}|\d{17}[0-9Xx])$/,
  cardNumber: /^[0-9A-Z]{8}[0-9X]$/,
  cardIdentifier: HEX_32,
  name: /^[^\d|]+$/,
  historicalBytes: /^[0-9A-Fa-f]{26}$/,
  version: /^(?:\d\.\d{1,2})?$/,
  issueDate: OPTIONAL_DATE,
  expiryDate: OPTIONAL_DATE,
  terminalNumber: /^(?:\d{12})?$/,
  deviceNumber: /^[^|]*$/,
};
/** Libraries leave these out where the terminal has no module or the device no number. */
const MAY_BE_MISSING: ReadonlySet<CardBasField> = new Set(["terminalNumber", "deviceNumber"]);

export type CardBasParse =
  | { readonly ok: true; readonly card: CardBas }
  | { readonly ok: false; readonly reason: "too-long" | "not-text" | "not-terminated" | "too-few-fields" | "too-many-fields" }
  | { readonly ok: false; readonly reason: "field-malformed"; readonly field: CardBasField };

/** Reads the output of iReadCardBas by a position table. Bytes behind the first 00 are what was in the buffer before. Never throws. */
export function parseReadCardBas(output: Bytes, order: readonly CardBasField[]): CardBasParse {
  const split = splitFields(output);
  if (!split.ok) return split;
  const { fields } = split;
  const least = order.findLastIndex((field) => !MAY_BE_MISSING.has(field)) + 1;
  if (fields.length < least) return { ok: false, reason: "too-few-fields" };
  if (fields.length > order.length) return { ok: false, reason: "too-many-fields" };
  const card: Record<CardBasField, string> = { ...NO_FIELDS };
  for (const [at, field] of order.entries()) {
    const value = (fields[at] ?? "").trim();
    if (!SHAPES[field].test(value)) return { ok: false, reason: "field-malformed", field };
    card[field] = value;
  }
  return { ok: true, card };
}

const NO_FIELDS: CardBas = {
  regionCode: "",
  socialSecurityNumber: "",
  cardNumber: "",
  cardIdentifier: "",
  name: "",
  historicalBytes: "",
  version: "",
  issueDate: "",
  expiryDate: "",
  terminalNumber: "",
  deviceNumber: "",
};

type Split = { readonly ok: true; readonly fields: readonly string[] } | { readonly ok: false; readonly reason: "too-long" | "not-text" | "not-terminated" };

/** Every field ends with a bar, the last one too. */
function splitFields(output: Bytes): Split {
  const text = textOf(output);
  if (!text.ok) return text;
  if (!text.text.endsWith("|")) return { ok: false, reason: "not-terminated" };
  return { ok: true, fields: text.text.slice(0, -1).split("|") };
}

type Text = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: "too-long" | "not-text" };

function textOf(output: Bytes): Text {
  const end = output.indexOf(0x00);
  const content = end < 0 ? output : output.subarray(0, end);
  if (content.length > OUTPUT_BYTES_MAX) return { ok: false, reason: "too-long" };
  const parsed = decodeGbText(content);
  return parsed.ok ? parsed : { ok: false, reason: "not-text" };
}

/** One file and the items wanted of it. */
export interface FileRequest {
  /** As libraries name it: "SSSE", "DF04"; some want the top directory as "3F00". */
  readonly directory: string;
  /** Short file identifier. */
  readonly file: number;
  /** Tags; with `records`, so many records of a cyclic file ("40:2"). */
  readonly items: readonly { readonly tag: number; readonly records?: number }[];
}

const DIRECTORY_SHAPE = /^(?:SSSE|DF0[1-9A-F]|3F00)$/;

function hexByte(value: number): string {
  assert(Number.isInteger(value) && value >= 0 && value <= 0xff, "a tag and a file are one byte each");
  return value.toString(16).toUpperCase().padStart(2, "0");
}

/** The address text of iReadCard and iWriteCard: `SSSEEF05|05|06|$` for each file. */
export function formatFileAddress(requests: readonly FileRequest[]): string {
  return requests
    .map(({ directory, file, items }) => {
      assert(DIRECTORY_SHAPE.test(directory), "a directory has a name that libraries know");
      const tags = items.map(({ tag, records }) => {
        assert(records === undefined || (Number.isInteger(records) && records >= 1 && records <= 0xff), "records are counted from 1");
        return records === undefined ? hexByte(tag) : `${hexByte(tag)}:${records}`;
      });
      return `${directory}EF${hexByte(file)}|${tags.map((tag) => `${tag}|`).join("")}$`;
    })
    .join("");
}

/** The text that says to iReadCard which card is meant: its identifier and its number. */
export function formatCardInfo(card: { readonly cardIdentifier: string; readonly cardNumber: string }): string {
  assert(HEX_32.test(card.cardIdentifier) && SHAPES.cardNumber.test(card.cardNumber), "the card is named by 32 digits and 9 characters");
  return `${card.cardIdentifier.toUpperCase()}|${card.cardNumber}|`;
}

/** The values of one file; each is the row of its records, and each record the row of its items (one, except in cyclic records). */
export interface FileValues {
  readonly directory: string;
  readonly file: number;
  readonly values: readonly (readonly string[])[];
}

export type FileAnswerParse =
  | { readonly ok: true; readonly files: readonly FileValues[] }
  | { readonly ok: false; readonly reason: "too-long" | "not-text" | "not-terminated" | "other-file" | "other-number-of-values" };

const FILE_HEAD = /^(SSSE|DF0[1-9A-F]|3F00)EF([0-9A-Fa-f]{2})$/;

/** Reads the output of iReadCard, which has the shape of the address with values in the place of tags. Never throws. */
export function parseFileAnswer(output: Bytes, requests: readonly FileRequest[]): FileAnswerParse {
  const text = textOf(output);
  if (!text.ok) return text;
  const groups = text.text.split("$");
  if (groups.pop() !== "") return { ok: false, reason: "not-terminated" };
  if (groups.length !== requests.length) return { ok: false, reason: "other-file" };
  const files: FileValues[] = [];
  for (const [at, request] of requests.entries()) {
    const [head = "", ...rest] = (groups[at] ?? "").split("|");
    const shape = FILE_HEAD.exec(head);
    if (shape?.[1] !== request.directory || Number.parseInt(shape[2] ?? "", 16) !== request.file) return { ok: false, reason: "other-file" };
    if (rest.pop() !== "") return { ok: false, reason: "not-terminated" };
    if (rest.length !== valuesOf(request)) return { ok: false, reason: "other-number-of-values" };
    files.push({ directory: request.directory, file: request.file, values: rest.map((value) => value.split("^")) });
  }
  return { ok: true, files };
}

function valuesOf({ items }: FileRequest): number {
  return items.reduce((total, { records }) => total + (records ?? 1), 0);
}

/** What a result of a library function means. */
export type VendorResult =
  | { readonly kind: "ok" }
  | { readonly kind: "error"; readonly name: VendorErrorName; readonly asksForHost: boolean }
  /** The card or the module answered with this status word. */
  | { readonly kind: "status-word"; readonly statusWord: number; readonly asksForHost: boolean }
  /** A number that no text names. */
  | { readonly kind: "unknown"; readonly result: number };

const ERROR_NAMES = [
  [-1, "card-type-wrong"],
  [-2, "no-card"],
  [-3, "card-not-powered"],
  [-4, "card-no-answer"],
  [-5, "library-not-loaded"],
  [-11, "reader-connection"],
  [-12, "reader-not-connected"],
  [-13, "command-not-supported"],
  [-14, "parameter-wrong"],
  [-15, "check-failed"],
  [-20, "identifier-malformed"],
  [-21, "internal-authentication-failed"],
  [-22, "another-card"],
  [-23, "data-not-legal"],
  [-24, "module-key-level"],
  [-31, "pin-cancelled"],
  [-32, "pin-timed-out"],
  [-33, "pin-length"],
  [-34, "pin-entries-differ"],
  [-35, "initial-pin-may-not-trade"],
  [-36, "initial-pin-may-not-be-set"],
  [-41, "character-not-legal"],
  [-42, "computation-data-length"],
  [-51, "pin-wrong"],
  [-52, "pin-locked"],
  [-2201, "no-module"],
  [-2202, "module-without-algorithm"],
  [-2203, "module-without-read-key"],
  [-2204, "host-not-needed"],
] as const;

export type VendorErrorName = (typeof ERROR_NAMES)[number][1];

const NAME_OF: ReadonlyMap<number, VendorErrorName> = new Map(ERROR_NAMES);
/** After these the same function is begun again with a host's keys. Spec: LD/T 33, error codes. */
const ASK_HOST: ReadonlySet<number> = new Set([-24, -2201, -2202, -2203, -27272]);

/** Reads a result: 0 is success, named numbers are the library's own, other negative ones a status word with its sign turned. Never throws. */
export function readVendorResult(result: number): VendorResult {
  if (result === 0) return { kind: "ok" };
  const asksForHost = ASK_HOST.has(result);
  const name = NAME_OF.get(result);
  if (name !== undefined) return { kind: "error", name, asksForHost };
  const statusWord = -result;
  const isStatusWord = Number.isInteger(statusWord) && ((statusWord > 0x6100 && statusWord <= 0x6fff) || (statusWord > 0x9000 && statusWord <= 0x9fff));
  return isStatusWord ? { kind: "status-word", statusWord, asksForHost } : { kind: "unknown", result };
}
