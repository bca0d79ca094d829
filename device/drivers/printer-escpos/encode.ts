/*
 * A slip as ESC/POS bytes for a printer with Chinese fonts. What its character set lacks is replaced by a blank, so that columns stay columns:
 * a slip with one strange character is better than no slip. Spec: ESC/POS, commands in common use.
 */
import { type Bytes, concat, EMPTY, fromHex, u8, utf8 } from "../../base/bytes.ts";
import { encodeGbText } from "../../codec/text.ts";
import type { PrintLine } from "../peripherals.ts";
import { COMMON_STATUS_BITS, type StatusBits } from "./status.ts";

/** Questions on which printers differ, each a named switch. */
export interface PrinterProfile {
  /** Characters of half width in one line. */
  readonly columns: number;
  /** Whether the printer must be told to read two bytes as one Chinese character, or does so always. */
  readonly chineseMode: "send" | "assume";
  /** How the paper is cut: whole, partly after feeding, or by hand after feeding. */
  readonly cut: "full" | "feed-and-part" | "none";
  /** Whether the printer draws square codes itself; one that does not gets the code's text. */
  readonly squareCodes: "native" | "text";
  /** Which status bit means what. */
  readonly statusBits: StatusBits;
  /**
   * How the end of a slip is known: by a question that the printer answers when it has printed that far, or by its state at once, which a
   * printer with a large buffer gives before it has printed.
   */
  readonly slipEnd: "in-turn" | "now";
}

export const DEFAULT_PRINTER_PROFILE: PrinterProfile = {
  columns: 32,
  chineseMode: "send",
  cut: "feed-and-part",
  squareCodes: "native",
  statusBits: COMMON_STATUS_BITS,
  slipEnd: "now",
};

/** One character as the printer knows it: as many bytes as it has columns. */
type Cell = Bytes;

const INITIALIZE = fromHex("1b40");
const CHINESE_ON = fromHex("1c26");
const LINE_FEED = u8(0x0a);
const BLANK: Cell = u8(0x20);
const WIDE_BLANK: Cell = fromHex("2020");
const ALIGN = { left: 0x00, center: 0x01, right: 0x02 } as const;
const FEED_MAX = 20;
/** More does not fit a square that the narrowest paper can hold. */
const CODE_BYTES_MAX = 200;
/** Begins commands that a printer obeys at once, wherever they stand: also inside a code's data. */
const REAL_TIME = 0x10;
/** Characters that the printer has in another form: the sign of the currency is printed full width. */
const REPLACED: ReadonlyMap<string, string> = new Map([
  ["\u00a5", "\uffe5"],
  ["\u00a0", " "],
  ["\t", " "],
]);
/** Places that everybody may use for characters of his own: no printer has them. */
const PRIVATE_USE = /\p{Co}/u;
/** Takes no room on paper. */
const WITHOUT_WIDTH = /^[\p{Cc}\p{Cf}\p{Mn}\p{Me}]$/u;

/** The character's bytes; blank where the printer lacks it, undefined where it takes no room. */
function cellOf(character: string): Cell | undefined {
  const known = REPLACED.get(character) ?? character;
  const code = known.codePointAt(0) ?? 0;
  if (WITHOUT_WIDTH.test(known)) return undefined;
  if (code < 0x7f) return u8(code);
  const encoded = encodeGbText(known);
  // Four-byte codes are in no printer's fonts that can be relied on.
  return encoded.ok && encoded.bytes.length === 2 && !PRIVATE_USE.test(known) ? encoded.bytes : WIDE_BLANK;
}

function cellsOf(text: string): readonly Cell[] {
  return Array.from(text, cellOf).filter((cell) => cell !== undefined);
}

/** Columns that cells take. */
function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((total, cell) => total + cell.length, 0);
}

/** Cells cut into lines of the paper's width; a character of double width never stands across the edge. */
function wrapCells(cells: readonly Cell[], columns: number): readonly (readonly Cell[])[] {
  const lines: Cell[][] = [[]];
  let used = 0;
  for (const cell of cells) {
    if (used + cell.length > columns) {
      lines.push([]);
      used = 0;
    }
    lines.at(-1)?.push(cell);
    used += cell.length;
  }
  return lines;
}

/** Text as printed lines of at most `columns`, each without its line feed. Line ends in the text begin a new line. */
export function wrapText(text: string, columns: number): readonly Bytes[] {
  return text.split(/\r?\n/).flatMap((part) => wrapCells(cellsOf(part), columns).map((cells) => concat(...cells)));
}

function linesBytes(lines: readonly Bytes[]): Bytes {
  return concat(...lines.flatMap((line) => [line, LINE_FEED]));
}

/** Both sides on one line where they fit; otherwise the right one stands at its margin on a line of its own. */
export function columnLines(left: string, right: string, columns: number): readonly Bytes[] {
  const [leftCells, rightCells] = [cellsOf(left), cellsOf(right)];
  const space = columns - widthOf(leftCells) - widthOf(rightCells);
  if (space >= 1) return [concat(...leftCells, ...blanks(space), ...rightCells)];
  const ends = wrapCells(rightCells, columns).map((cells) => concat(...blanks(columns - widthOf(cells)), ...cells));
  return [...wrapCells(leftCells, columns).map((cells) => concat(...cells)), ...ends];
}

function blanks(count: number): readonly Cell[] {
  return Array.from({ length: count }, () => BLANK);
}

function textBytes(line: Extract<PrintLine, { readonly kind: "text" }>, profile: PrinterProfile): Bytes {
  const { align = "left", bold = false, scale = 1 } = line;
  return concat(
    fromHex("1b61"),
    u8(ALIGN[align]),
    fromHex("1b45"),
    u8(bold ? 1 : 0),
    fromHex("1d21"),
    u8(scale === 2 ? 0x11 : 0x00),
    linesBytes(wrapText(line.text, Math.floor(profile.columns / scale))),
    // What comes next begins as if nothing had been set.
    fromHex("1b61001b45001d2100"),
  );
}

/** A square code in five steps: model, size, correction, data, print. One too large for a square is printed as text: half a code is none. */
function codeBytes(text: string, profile: PrinterProfile): Bytes {
  // Exactly the code's characters, not the printer's: who scans it reads UTF-8.
  const data = utf8(text);
  const fits = data.length > 0 && data.length <= CODE_BYTES_MAX && !data.includes(REAL_TIME);
  if (profile.squareCodes === "text" || !fits) return linesBytes(wrapText(text, profile.columns));
  const length = data.length + 3;
  const store = concat(fromHex("1d286b"), u8(length & 0xff), u8(length >>> 8), fromHex("315030"), data);
  return concat(fromHex("1d286b040031413200"), fromHex("1d286b0300314306"), fromHex("1d286b0300314531"), store, fromHex("1d286b0300315130"), LINE_FEED);
}

const CUTS: Readonly<Record<PrinterProfile["cut"], Bytes>> = { full: fromHex("1d5600"), "feed-and-part": fromHex("1d564200"), none: fromHex("1b6404") };

function lineBytes(line: PrintLine, profile: PrinterProfile): Bytes {
  switch (line.kind) {
    case "text":
      return textBytes(line, profile);
    case "columns":
      return linesBytes(columnLines(line.left, line.right, profile.columns));
    case "rule":
      return linesBytes([utf8("-".repeat(profile.columns))]);
    case "feed":
      return concat(fromHex("1b64"), u8(Math.min(Math.max(Math.trunc(line.lines), 0), FEED_MAX)));
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
