/*
 * Goal: the dialogue with a card out of whatever text a reader's tool wrote down.
 * Method: line by line; a mark tells the direction (APDU:/SW:, > <, >> <<, -> <-, => <=, C-APDU/R-APDU, send/receive …), lines of bare
 * hexadecimal alternate, and everything else is passed over and counted. Never throws.
 */
import { type Bytes, EMPTY, parseHex } from "../base/bytes.ts";

/** One step of a dialogue; `line` counts from 1 and is where it stands in the text. */
export type ApduLogEntry =
  | { readonly kind: "reset"; readonly atr: Bytes; readonly line: number }
  /** `response` is empty where the text has none: the card was torn out, or the log ends. */
  | { readonly kind: "exchange"; readonly command: Bytes; readonly response: Bytes; readonly line: number };

export interface ApduLog {
  readonly entries: readonly ApduLogEntry[];
  /** Lines that hold something but no dialogue, and those beyond the bounds. */
  readonly linesPassedOver: number;
}

const LINES_MAX = 200_000;
const LINE_CHARACTERS_MAX = 4_096;
/** A short command has at most 261 bytes, an answer 258; longer logs hold extended ones, which are kept as they are. */
const BYTES_MAX = 1_024;
const ATR_BYTES_MIN = 2;
const ATR_BYTES_MAX = 33;
const COMMAND_BYTES_MIN = 4;
const RESPONSE_BYTES_MIN = 2;

type Direction = "reset" | "command" | "response" | "bare";

/** Marks as the tools write them, after any time stamp. The order matters: "APDU" is a part of "R-APDU". */
const MARKS: readonly (readonly [pattern: RegExp, direction: Direction])[] = [
  [/(?:^|[\s\]])(?:card\s+)?ATR\s*[:=]?\s*/i, "reset"],
  [/(?:^|[\s\]])(?:R-APDU|RAPDU|response|resp|received|receive|recv|answer|incoming APDU[^:]*|SW|RX|R)\s*(?:\[\d+\])?\s*[:=<]+\s*/i, "response"],
  [/(?:^|[\s\]])(?:C-APDU|CAPDU|APDU|command|cmd|sent|send|transmit|outgoing APDU[^:]*|TX|C)\s*(?:\[\d+\])?\s*[:=>]+\s*/i, "command"],
  [/^\s*(?:<<+|<-+|<=+|<)\s*/, "response"],
  [/^\s*(?:>>+|-+>|=+>|>)\s*/, "command"],
];

/** Two digits each, with blanks, colons or hyphens between them or nothing; "0x" may stand before each. */
const BYTES_SHAPE = /^(?:0x)?[0-9a-f]{2}(?:[\s:,-]*(?:0x)?[0-9a-f]{2})*(?![0-9a-f])/i;

/** The bytes that a piece of text begins with; undefined when it begins with none, or goes on with a word. */
function leadingBytes(text: string): Bytes | undefined {
  const found = BYTES_SHAPE.exec(text);
  if (found === null) return undefined;
  const rest = text.slice(found[0].length);
  // "ad" of "adapter" is no byte; a remark after the bytes is one.
  if (/^[a-z0-9_]/i.test(rest)) return undefined;
  const bytes = parseHex(found[0].replaceAll(/0x|[\s:,-]/gi, ""));
  return bytes === undefined || bytes.length > BYTES_MAX ? undefined : bytes;
}

interface Piece {
  readonly direction: Direction;
  /** Empty where the mark stands alone and the bytes follow on the next line. */
  readonly bytes: Bytes;
}

function pieceOf(line: string): Piece | undefined {
  for (const [pattern, direction] of MARKS) {
    const found = pattern.exec(line);
    if (found === null) continue;
    const rest = line.slice(found.index + found[0].length);
    const bytes = leadingBytes(rest);
    if (bytes !== undefined) return { direction, bytes };
    if (rest.trim() === "") return { direction, bytes: EMPTY };
  }
  const trimmed = line.trim();
  const bytes = leadingBytes(trimmed);
  return bytes === undefined ? undefined : { direction: "bare", bytes };
}

function looksLikeReset(bytes: Bytes): boolean {
  const [first, format = 0] = bytes;
  const inBounds = bytes.length >= ATR_BYTES_MIN && bytes.length <= ATR_BYTES_MAX;
  return inBounds && (first === 0x3b || first === 0x3f) && bytes.length >= 2 + (format & 0x0f);
}

class LogReader {
  readonly #entries: ApduLogEntry[] = [];
  #open: { readonly command: Bytes; readonly line: number } | undefined;
  /** A mark that stood alone: the bytes of the next line are its own. */
  #announced: Direction | undefined;
  #passedOver = 0;

  line(text: string, line: number): void {
    if (text.trim() === "" || text.trimStart().startsWith("#")) return;
    const piece = text.length > LINE_CHARACTERS_MAX ? undefined : pieceOf(text);
    if (piece === undefined) {
      this.#passedOver += 1;
      return;
    }
    if (piece.bytes.length === 0) {
      this.#announced = piece.direction;
      return;
    }
    const direction = piece.direction === "bare" ? (this.#announced ?? this.#bare(piece.bytes)) : piece.direction;
    this.#announced = undefined;
    if (!this.#take(direction, piece.bytes, line)) this.#passedOver += 1;
  }

  end(linesBeyond: number): ApduLog {
    this.#closeOpen();
    return { entries: this.#entries, linesPassedOver: this.#passedOver + linesBeyond };
  }

  /** Bare lines alternate: what follows a command is its answer. */
  #bare(bytes: Bytes): Direction {
    if (this.#open !== undefined) return "response";
    return looksLikeReset(bytes) ? "reset" : "command";
  }

  #take(direction: Direction, bytes: Bytes, line: number): boolean {
    if (direction === "reset") return this.#reset(bytes, line);
    if (direction === "response") return this.#response(bytes);
    if (bytes.length < COMMAND_BYTES_MIN) return false;
    this.#closeOpen();
    this.#open = { command: bytes, line };
    return true;
  }

  #reset(atr: Bytes, line: number): boolean {
    if (atr.length < ATR_BYTES_MIN || atr.length > ATR_BYTES_MAX) return false;
    this.#closeOpen();
    this.#entries.push({ kind: "reset", atr, line });
    return true;
  }

  /** An answer without a command before it belongs to nothing. */
  #response(bytes: Bytes): boolean {
    if (this.#open === undefined || bytes.length < RESPONSE_BYTES_MIN) return false;
    this.#entries.push({ kind: "exchange", ...this.#open, response: bytes });
    this.#open = undefined;
    return true;
  }

  #closeOpen(): void {
    if (this.#open !== undefined) this.#entries.push({ kind: "exchange", ...this.#open, response: EMPTY });
    this.#open = undefined;
  }
}

/** Reads a log. A text without any dialogue gives no entries. */
export function parseApduLog(text: string): ApduLog {
  const lines = text.split(/\r\n|[\n\r]/, LINES_MAX + 1);
  const reader = new LogReader();
  for (const [at, line] of lines.slice(0, LINES_MAX).entries()) reader.line(line, at + 1);
  return reader.end(lines.length > LINES_MAX ? 1 : 0);
}
