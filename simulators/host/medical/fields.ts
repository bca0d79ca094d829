/*
 * Goal: a message with a member that is missing or malformed is refused by that member's name, and never half understood.
 * Method: each node of the interface is a table of names and shapes; a name that ends in "?" may be left out or empty, and is judged all the
 * same where it is given. Members that the table does not name pass: regions add some. Spec: FSI, fields.
 */
import { isFields, type JsonFields } from "../canonical.ts";
import { parseDecimal } from "./decimals.ts";

/**
 * "text 30": 1 to 30 characters without control characters. "digits 6": exactly six. "one-of 0 1": one of the words. "moment": a date with
 * or without its time. "amount" N(16,2), "signed" the same below zero too, "count" N(16,4) above zero, "price" N(16,6), "whole" a whole number.
 */
export type Shape = `text ${number}` | `digits ${number}` | `one-of ${string}` | "date" | "time" | "moment" | "amount" | "signed" | "count" | "price" | "whole";

export type FieldTable = Readonly<Record<string, Shape>>;

export type FieldValues = Readonly<Record<string, string>>;

export type NodeParse = { readonly ok: true; readonly node: FieldValues } | { readonly ok: false; readonly message: string };

export type RowsParse =
  | { readonly ok: true; readonly rows: readonly { readonly node: FieldValues; readonly raw: JsonFields }[] }
  | { readonly ok: false; readonly message: string };

const DATE = String.raw`\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`;
const TIME = String.raw`(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d`;
const WHOLE_DATE = new RegExp(`^${DATE}$`);
const WHOLE_TIME = new RegExp(`^${DATE} ${TIME}$`);
const WHOLE_MOMENT = new RegExp(`^${DATE}(?: ${TIME})?$`);
const CONTROL = /\p{Cc}/u;

function decimal(text: string, scale: number, lowest: bigint | undefined): boolean {
  const value = parseDecimal(text, scale);
  return value !== undefined && (lowest === undefined || value >= lowest);
}

const PLAIN: Readonly<Record<string, (text: string) => boolean>> = {
  date: (text) => WHOLE_DATE.test(text),
  time: (text) => WHOLE_TIME.test(text),
  moment: (text) => WHOLE_MOMENT.test(text),
  amount: (text) => decimal(text, 2, 0n),
  signed: (text) => decimal(text, 2, undefined),
  count: (text) => decimal(text, 4, 1n),
  price: (text) => decimal(text, 6, 0n),
  whole: (text) => /^\d{1,9}$/.test(text),
};

function fits(text: string, shape: Shape): boolean {
  const plain = PLAIN[shape];
  if (plain !== undefined) return plain(text);
  const [kind, ...words] = shape.split(" ");
  const length = Number(words[0]);
  if (kind === "one-of") return words.includes(text);
  if (kind === "digits") return text.length === length && /^\d+$/.test(text);
  return text.length <= length && !CONTROL.test(text);
}

/** Members that are text or numbers; a number is taken as its own text. */
function flatten(fields: JsonFields): Record<string, string> {
  const node: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string") node[name] = value;
    if (typeof value === "number") node[name] = String(value);
  }
  return node;
}

/** The first member that does not fit its table, in words, or undefined. */
function wrongMember(node: FieldValues, table: FieldTable): string | undefined {
  for (const [entry, shape] of Object.entries(table)) {
    const optional = entry.endsWith("?");
    const name = optional ? entry.slice(0, -1) : entry;
    const text = node[name] ?? "";
    if (text === "" && optional) continue;
    if (text === "") return `${name} is missing`;
    if (!fits(text, shape)) return `${name} is malformed`;
  }
  return undefined;
}

/** One node as text values, when it fits its table. */
export function readFields(value: unknown, name: string, table: FieldTable): NodeParse {
  if (!isFields(value)) return { ok: false, message: `${name} is missing` };
  const node = flatten(value);
  const wrong = wrongMember(node, table);
  return wrong === undefined ? { ok: true, node } : { ok: false, message: `${name}.${wrong}` };
}

/** A list of nodes, at least one and at most `max`. */
export function readRows(value: unknown, name: string, { table, max }: { readonly table: FieldTable; readonly max: number }): RowsParse {
  if (!Array.isArray(value) || value.length === 0) return { ok: false, message: `${name} is missing` };
  if (value.length > max) return { ok: false, message: `${name} is too long` };
  const rows: { node: FieldValues; raw: JsonFields }[] = [];
  for (const raw of value as readonly unknown[]) {
    const parsed = readFields(raw, name, table);
    if (!parsed.ok) return parsed;
    rows.push({ node: parsed.node, raw: raw as JsonFields });
  }
  return { ok: true, rows };
}
