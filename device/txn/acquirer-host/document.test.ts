/* The page about messages has the tables of the code. `YIKATONG_WRITE=1` writes them anew. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { FIELDS, type FieldRule } from "../../codec/iso8583/fields.ts";
import { MESSAGES, type MessageRow } from "./messages.ts";
import { RESPONSE_CODES } from "./response-codes.ts";
import { KEY_LAYOUTS } from "./working-keys.ts";

const PAGE = fileURLToPath(new URL("../../../docs/iso8583.md", import.meta.url));
/** These stand in every message and are said once. */
const EVERYWHERE: readonly number[] = [11, 41, 42, 60];
const PIN_FIELDS: readonly number[] = [26, 52, 53];

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => "---"), ...rows].map((cells, at) => (at === 1 ? `|${cells.join("|")}|` : `| ${cells.join(" | ")} |`)).join("\n");

const lengthOf = ({ length }: FieldRule): string => (length.kind === "fixed" ? String(length.length) : `${length.kind}, at most ${length.max}`);
const numbers = (fields: readonly number[]): string => [...new Set(fields)].sort((left, right) => left - right).join(", ");
const code = (value: string | undefined): string => (value === undefined ? "" : /^\w+$/.test(value) && /\d/.test(value) ? value : `"${value}"`);

function messageCells([name, row]: readonly [string, MessageRow]): readonly string[] {
  const must = numbers(row.must.filter((field) => !EVERYWHERE.includes(field)));
  const may = row.may.filter((field) => !PIN_FIELDS.includes(field));
  const pin = row.may.includes(52) ? "PIN (26, 52, 53)" : "";
  const further = [numbers(may), pin].filter((text) => text !== "").join(", ");
  return [name, code(row.type), code(row.processing), code(row.condition), code(row.code), code(row.network), must, further, row.mac ? "yes" : "no"];
}

const keyText = (place: { readonly key: number; readonly zeros: number; readonly check: number } | undefined): string =>
  place === undefined ? "" : `${place.key}${place.zeros === 0 ? "" : ` and ${place.zeros} zeros`}, check value ${place.check}`;

const TABLES: Readonly<Record<string, string>> = {
  Fields: table(
    ["field", "format", "length", "name", "Chinese"],
    [...FIELDS].map(([field, rule]) => [String(field), rule.format, lengthOf(rule), rule.name, rule.chinese]),
  ),
  Messages: table(["business", "type", "field 3", "field 25", "60.1", "60.3", "must have", "may have", "MAC"], Object.entries(MESSAGES).map(messageCells)),
  "Working keys": table(
    ["scheme", "PIN key", "MAC key", "track key"],
    Object.entries(KEY_LAYOUTS).map(([scheme, places]) => [
      `\`${scheme}\``,
      ...(["pin", "mac", "track"] as const).map((which) => keyText(places.find((each) => each.which === which))),
    ]),
  ),
  "Response codes": table(
    ["code", "kind", "reason"],
    [...RESPONSE_CODES].sort(([left], [right]) => (left < right ? -1 : 1)).map(([each, { kind, reason }]) => [each, kind, reason]),
  ),
};

/** Where the only table below a heading begins and ends. */
function placeOf(page: string, heading: string): readonly [start: number, end: number] {
  const from = page.indexOf(`\n## ${heading}\n`);
  const start = page.indexOf("\n|", from) + 1;
  const length = /^(?:\|.*\n)+/.exec(page.slice(start))?.[0].length ?? 1;
  return [start, start + length - 1];
}

if (process.env["YIKATONG_WRITE"] === "1") {
  let page = readFileSync(PAGE, "utf8");
  for (const [heading, text] of Object.entries(TABLES)) {
    const [start, end] = placeOf(page, heading);
    page = page.slice(0, start) + text + page.slice(end);
  }
  writeFileSync(PAGE, page);
}

describe("the page about the acquirer's messages", () => {
  const page = readFileSync(PAGE, "utf8");

  it.each(Object.entries(TABLES))("has the table of the code below %s", (heading, text) => {
    const [start, end] = placeOf(page, heading);
    expect(page.slice(start, end)).toBe(text);
  });

  it("has a row for every field, business and code", () => {
    expect(page.match(/^\| \d+ \|/gm)).toHaveLength(FIELDS.size + [...RESPONSE_CODES.keys()].filter((each) => /^\d\d$/.test(each)).length + 3);
    for (const business of Object.keys(MESSAGES)) expect(page).toContain(`| ${business} |`);
  });
});
