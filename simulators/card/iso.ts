/*
 * Command and response APDUs as a card sees them, written apart from the device's codec. Short lengths only: the cards
 * and modules of this project know no others, and refuse them with "wrong length".
 */
import { type Bytes, concat, EMPTY, u16be } from "../../device/base/bytes.ts";

/** A command as the card understood it. */
export interface Command {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data: Bytes;
  /** Bytes that the terminal expects, 1 to 256; undefined when it did not say. */
  readonly le: number | undefined;
}

/** What an application answers, before the transport rules shape it. */
export interface Answer {
  readonly data: Bytes;
  readonly sw: number;
}

/** "direct": data and status word at once. "t0": 61xx, GET RESPONSE and 6Cxx as on a T=0 contact interface. */
export type LengthRule = "direct" | "t0";

export function ok(data: Bytes = EMPTY): Answer {
  return { data, sw: 0x9000 };
}

export function refuse(sw: number): Answer {
  return { data: EMPTY, sw };
}

/** Status words that this side of the dialogue uses. */
export const SW = {
  success: 0x9000,
  /** A bank application that is blocked; it is selected all the same. */
  selectedButBlocked: 0x6283,
  wrongLength: 0x6700,
  notAcceptable: 0x6901,
  wrongFileType: 0x6981,
  securityNotSatisfied: 0x6982,
  locked: 0x6983,
  conditionsNotSatisfied: 0x6985,
  noCurrentFile: 0x6986,
  wrongSecureMessaging: 0x6988,
  wrongData: 0x6a80,
  cardBlocked: 0x6a81,
  fileNotFound: 0x6a82,
  recordNotFound: 0x6a83,
  notEnoughMemory: 0x6a84,
  wrongP1P2: 0x6a86,
  keyNotFound: 0x6a88,
  wrongOffset: 0x6b00,
  unknownInstruction: 0x6d00,
  unknownClass: 0x6e00,
  wrongMac: 0x9302,
  applicationBlocked: 0x9303,
  fundsInsufficient: 0x9401,
  counterExhausted: 0x9402,
  keyIndexUnknown: 0x9403,
  noProof: 0x9406,
} as const;

/** Reads a short command APDU; undefined when its lengths do not fit. Never throws. Spec: ISO/IEC 7816-4, 5.1. */
export function parseShortCommand(bytes: Bytes): Command | undefined {
  const [cla, ins, p1, p2, p3] = bytes;
  if (cla === undefined || ins === undefined || p1 === undefined || p2 === undefined) return undefined;
  const head = { cla, ins, p1, p2 };
  if (p3 === undefined) return { ...head, data: EMPTY, le: undefined };
  if (bytes.length === 5) return { ...head, data: EMPTY, le: p3 === 0 ? 256 : p3 };
  if (p3 === 0 || bytes.length < 5 + p3 || bytes.length > 6 + p3) return undefined;
  const data = bytes.slice(5, 5 + p3);
  const last = bytes[5 + p3];
  if (last === undefined) return { ...head, data, le: undefined };
  return { ...head, data, le: last === 0 ? 256 : last };
}

/** Shapes answers by the transport's length rules and keeps what GET RESPONSE may still fetch. */
export class ResponseShaper {
  readonly rule: LengthRule;
  #waiting: Bytes = EMPTY;

  constructor(rule: LengthRule) {
    this.rule = rule;
  }

  /** Forgets a waiting answer: power has gone, or another command has come. */
  reset(): void {
    this.#waiting = EMPTY;
  }

  shape(command: Command, answer: Answer): Bytes {
    const { data, sw } = answer;
    if (data.length === 0) return u16be(sw);
    if (command.data.length > 0 && this.rule === "t0") {
      this.#waiting = data;
      return u16be(0x6100 + (data.length & 0xff));
    }
    return this.#counted(command, answer);
  }

  /** Answers GET RESPONSE (00 C0 00 00 Le). */
  fetch(command: Command): Bytes {
    const data = this.#waiting;
    if (command.p1 !== 0 || command.p2 !== 0) return u16be(SW.wrongP1P2);
    if (data.length === 0) return u16be(SW.conditionsNotSatisfied);
    const shaped = this.#counted(command, ok(data));
    if (shaped.length > 2) this.#waiting = EMPTY;
    return shaped;
  }

  #counted(command: Command, { data, sw }: Answer): Bytes {
    const exact = this.rule === "t0";
    const room = command.le ?? (command.data.length > 0 ? 256 : 0);
    const fits = exact ? room === data.length : room >= data.length;
    return fits ? concat(data, u16be(sw)) : u16be(0x6c00 + (data.length & 0xff));
  }
}
