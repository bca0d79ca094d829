/*
 * Goal: a card that was met in the field once, again in any reader: what a real reader's log says it answered.
 * Method: the log's exchanges in their order. A command that stands there is answered as it was; one that does not is refused with 6F00 and
 * noted, because an invented answer would prove nothing. No key, no counter and no random number is behind the answers.
 */
import { type Bytes, EMPTY, equalBytes, fromHex, toHex } from "../../../device/base/bytes.ts";
import type { CardModule } from "../card.ts";
import type { TearPoint } from "../state.ts";
import type { ApduLog, ApduLogEntry } from "./trace.ts";

type Exchange = Extract<ApduLogEntry, { kind: "exchange" }>;

/** One power-up of the log, with what was said until the next. */
interface Session {
  readonly atr: Bytes;
  readonly exchanges: readonly Exchange[];
}

/**
 * "strict": the commands must come in the log's order, none left out. "loose": each command is looked for from where the last one stood, and
 * then from the beginning of the session, so that a reader may ask again or leave something out.
 */
export type ReplayMode = "strict" | "loose";

export interface ReplayOptions {
  readonly mode?: ReplayMode;
  /** Where the log does not tell the answer to reset. */
  readonly atr?: Bytes;
}

/** A command that the log does not answer. */
export interface ReplayNote {
  /** CLA INS P1 P2 in hexadecimal: no data, because a PIN may be among it. */
  readonly header: string;
  /** Line of the log where an answer was looked for; undefined at its end. */
  readonly line: number | undefined;
  readonly because: "not-in-log" | "out-of-order" | "log-ended";
}

/** Category byte and check byte of a contactless card that says nothing about itself. */
const SILENT_ATR = "3b800180 01";
const UNKNOWN = "6f00";
const NOTES_MAX = 1_000;

function sessionsOf(log: ApduLog, silentAtr: Bytes): readonly Session[] {
  const sessions: { atr: Bytes; exchanges: Exchange[] }[] = [];
  for (const entry of log.entries) {
    if (entry.kind === "reset") sessions.push({ atr: entry.atr, exchanges: [] });
    else {
      if (sessions.length === 0) sessions.push({ atr: silentAtr, exchanges: [] });
      sessions.at(-1)?.exchanges.push(entry);
    }
  }
  // A tool that powers the card twice before its first command tells of one session only.
  const told = sessions.filter(({ exchanges }, at) => exchanges.length > 0 || at === sessions.length - 1);
  return told.length === 0 ? [{ atr: silentAtr, exchanges: [] }] : told;
}

export class ReplayedCard implements CardModule {
  readonly extraMsPerCommand = 0;
  readonly #mode: ReplayMode;
  readonly #sessions: readonly Session[];
  #session = -1;
  #next = 0;
  #powered = false;
  #notes: readonly ReplayNote[] = [];

  constructor(log: ApduLog, options: ReplayOptions = {}) {
    this.#mode = options.mode ?? "strict";
    this.#sessions = sessionsOf(log, options.atr ?? fromHex(SILENT_ATR));
  }

  get powered(): boolean {
    return this.#powered;
  }

  /** What was asked and is not in the log, oldest first, at most a thousand. */
  get notes(): readonly ReplayNote[] {
    return this.#notes;
  }

  /** Exchanges of the log, and how many power-ups they belong to. */
  get size(): { readonly sessions: number; readonly exchanges: number } {
    return { sessions: this.#sessions.length, exchanges: this.#sessions.reduce((sum, { exchanges }) => sum + exchanges.length, 0) };
  }

  /** Each power-up goes on to the log's next one; after the last comes the first again. */
  powerUp(): Bytes {
    this.#session = (this.#session + 1) % this.#sessions.length;
    this.#next = 0;
    this.#powered = true;
    return this.#sessions[this.#session]?.atr ?? EMPTY;
  }

  powerDown(): void {
    this.#powered = false;
  }

  tear(command: Bytes, at: TearPoint): void {
    if (at === "after") this.transmit(command);
    this.powerDown();
  }

  transmit(command: Bytes): Bytes {
    if (!this.#powered) return EMPTY;
    const exchanges = this.#sessions[this.#session]?.exchanges ?? [];
    const at = this.#find(exchanges, command);
    const found = exchanges[at];
    if (found === undefined) {
      this.#note(exchanges, command);
      return fromHex(UNKNOWN);
    }
    this.#next = at + 1;
    // Where the log has no answer the card had left the reader.
    if (found.response.length === 0) this.powerDown();
    return found.response;
  }

  #find(exchanges: readonly Exchange[], command: Bytes): number {
    const asked = (exchange: Exchange | undefined) => exchange !== undefined && equalBytes(exchange.command, command);
    if (this.#mode === "strict") return asked(exchanges[this.#next]) ? this.#next : -1;
    const ahead = exchanges.findIndex((exchange, at) => at >= this.#next && asked(exchange));
    return ahead >= 0 ? ahead : exchanges.findIndex(asked);
  }

  #note(exchanges: readonly Exchange[], command: Bytes): void {
    if (this.#notes.length >= NOTES_MAX) return;
    const expected = exchanges[this.#next];
    const known = exchanges.some((exchange) => equalBytes(exchange.command, command));
    const because = known ? "out-of-order" : expected === undefined ? "log-ended" : "not-in-log";
    this.#notes = [...this.#notes, { header: toHex(command.slice(0, 4)), line: expected?.line, because }];
  }
}
