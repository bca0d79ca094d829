/*
 * A slip as ESC/POS bytes for a printer with Chinese fonts. What its character set lacks is replaced by a blank of the same width, so that
 * columns stay columns: a slip with one strange character is better than no slip. Spec: ESC/POS, commands in common use.
 */
import { type Bytes, concat, EMPTY, fromHex, u8 } from "../../base/bytes.ts";
import { encodeGbText } from "../../codec/text.ts";
import type { PrintLine } from "../peripherals.ts";

/** Questions on which printers differ, each a named switch. */
export interface PrinterProfile {
  /** Characters of half width in one line. */
  readonly columns: number;
  /** Whether the printer must be told to read two bytes as one Chinese character, or does so always. */
  readonly chineseMode: "send" | "assume";
  /** How the paper is cut: whole, partly after feeding, or not at all. */
  readonly cut: "full" | "feed-and-part" | "none";
  /** Whether the printer draws square codes itself; one that does not gets the code's text. */
  readonly squareCodes: "native" | "text";
}

export const DEFAULT_PRINTER_PROFILE: PrinterProfile = { columns: 32, chineseMode: "send", cut: "feed-and-part", squareCodes: "native" };

const INITIALIZE = fromHex("1b40");
const CHINESE_ON = fromHex("1c26");
const LINE_FEED = u8(0x0a);
const ALIGN = { left: 0x00, center: 0x01, right: 0x02 } as const;
const CODE_BYTES_MAX = 200;
/** Characters that GB text has under another form: the sign of the currency is printed full width. */
const REPLACED: ReadonlyMap<string, string> = new Map([
  ["\u00a5", "\uffe5"],
  ["\u00a0", " "],
  ["\u2014", "\u2500"],
]);

/** Width of a character in half-width columns. */
function widthOf(character: string): 1 | 2 {
  return (character.codePointAt(0) ?? 0) < 0x80 ? 1 : 2;
}

/** One character as the printer knows it: ASCII, or two bytes; a blank for anything else. */
function characterBytes(character: string): Bytes {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return EMPTY;
  if (code < 0x7f) return u8(code);
  const encoded = encodeGbText(REPLACED.get(character) ?? character);
  // Four-byte codes are in no printer's fonts that can be relied on.
  return encoded.ok && encoded.bytes.length === 2 ? encoded.bytes : fromHex("2020");
}

export function printableBytes(text: string): Bytes {
  return concat(...[...text].map(characterBytes));
}

function textWidth(text: string): number {
  return [...text].reduce((total, character) => total + widthOf(character), 0);
}

/** Text cut into lines of the paper's width; a character of double width never stands across the edge. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  let used = 0;
  for (const character of text) {
    const width = widthOf(character);
    if (used + width > columns) {
      lines.push(line);
      line = "";
      used = 0;
    }
    line += character;
    used += width;
  }
  return [...lines, line];
}

function columnsLine(left: string, right: string, columns: number): string {
  const space = columns - textWidth(left) - textWidth(right);
  return space >= 1 ? `${left}${" ".repeat(space)}${right}` : `${left} ${right}`;
}

function textBytes(line: Extract<PrintLine, { readonly kind: "text" }>, profile: PrinterProfile): Bytes {
  const { align = "left", bold = false, scale = 1 } = line;
  const lines = wrap(line.text, Math.floor(profile.columns / scale)).flatMap((part) => [printableBytes(part), LINE_FEED]);
  return concat(
    fromHex("1b61"),
    u8(ALIGN[align]),
    fromHex("1b45"),
    u8(bold ? 1 : 0),
    fromHex("1d21"),
    u8(scale === 2 ? 0x11 : 0x00),
    ...lines,
    // What comes next begins as if nothing had been set.
    fromHex("1b6100 1b4500 1d2100"),
  );
}

/** A square code in four steps: model, size, data, print. */
function codeBytes(text: string, profile: PrinterProfile): Bytes {
  const data = printableBytes(text).slice(0, CODE_BYTES_MAX);
  if (profile.squareCodes === "text") return concat(...wrap(text, profile.columns).flatMap((part) => [printableBytes(part), LINE_FEED]));
  const length = data.length + 3;
  const store = concat(fromHex("1d286b"), u8(length & 0xff), u8(length >>> 8), fromHex("315030"), data);
  return concat(fromHex("1d286b 0400 31413200"), fromHex("1d286b 0300 314306"), fromHex("1d286b 0300 314531"), store, fromHex("1d286b 0300 315130"), LINE_FEED);
}

const CUTS: Readonly<Record<PrinterProfile["cut"], Bytes>> = { full: fromHex("1d5600"), "feed-and-part": fromHex("1d564200"), none: EMPTY };

function lineBytes(line: PrintLine, profile: PrinterProfile): Bytes {
  switch (line.kind) {
    case "text":
      return textBytes(line, profile);
    case "columns":
      return concat(...wrap(columnsLine(line.left, line.right, profile.columns), profile.columns).flatMap((part) => [printableBytes(part), LINE_FEED]));
    case "rule":
      return concat(printableBytes("-".repeat(profile.columns)), LINE_FEED);
    case "feed":
      return concat(fromHex("1b64"), u8(Math.min(Math.max(line.lines, 0), 20)));
    case "code":
      return codeBytes(line.text, profile);
    case "cut":
      return CUTS[profile.cut];
  }
}

/** The whole slip. Never fails: what cannot be printed is left blank. */
export function encodeSlip(slip: readonly PrintLine[], profile: PrinterProfile): Bytes {
  const chinese = profile.chineseMode === "send" ? CHINESE_ON : EMPTY;
  return concat(INITIALIZE, chinese, ...slip.map((line) => lineBytes(line, profile)));
}
