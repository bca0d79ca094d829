/*
 * Light and sound of readers of the ACR family as bytes: what the reader is told for each signal, and how it looks for cards. Two dialects:
 * one command for lamps and buzzer together, or one escape command for each. Nothing here is a card's command. Spec: ACR, LED and buzzer.
 */
import { type Bytes, concat, fromHex, u8 } from "../../base/bytes.ts";
import type { Signal } from "../peripherals.ts";

/** "together": ACR122U. "escape": ACR1252, ACR1255, ACR1281 and ACR1283. */
export type SignalDialect = "together" | "escape";

/** Commands of which nobody has seen yet that every reader takes them. */
export interface SignalProfile {
  /** Whether the escape command for lamps is sent; the buzzer's always is. */
  readonly acsLed: "send" | "skip";
  /** Whether an ACR122U is told not to beep at every card by itself. */
  readonly acr122AutoBeep: "send" | "skip";
}

export const DEFAULT_SIGNAL_PROFILE: SignalProfile = { acsLed: "skip", acr122AutoBeep: "skip" };

/** Control codes by which drivers pass a command on to the reader itself: the general one's, and the maker's. */
export const ESCAPE_CODES = { ccid: 0x4200_0001, acs: 0x4200_0dac } as const;

/** Dialect by the reader's name; undefined for a reader whose lamps are not known. */
export function signalDialect(readerName: string): SignalDialect | undefined {
  if (/ACR122/i.test(readerName)) return "together";
  return /ACR12(?:52|55|81|83)/i.test(readerName) ? "escape" : undefined;
}

const RED = 0x01;
const GREEN = 0x02;
/** Both lamps take what the lowest two bits say. */
const BOTH_SET = 0x0c;

/** Bits and times of the common command. Times count 100 ms. `beeps`: 0 never, 1 while the lamps are in their first state. */
interface Together {
  readonly lamps: number;
  readonly firstTime: number;
  readonly secondTime: number;
  readonly times: number;
  readonly beeps: 0 | 1;
}

const STEADY = { firstTime: 0, secondTime: 0, times: 0, beeps: 0 } as const;
const TOGETHER: Readonly<Record<Signal, Together>> = {
  idle: { ...STEADY, lamps: BOTH_SET },
  working: { ...STEADY, lamps: BOTH_SET | RED | GREEN },
  accepted: { lamps: 0x2e, firstTime: 1, secondTime: 0, times: 1, beeps: 1 },
  refused: { lamps: 0x5d, firstTime: 2, secondTime: 1, times: 5, beeps: 1 },
  // Green blinks, and is dark at the end: nothing has happened yet.
  "present-again": { lamps: 0xac, firstTime: 1, secondTime: 1, times: 2, beeps: 1 },
};

/** Lamps of the escape dialect, and the buzzer in units of 10 ms. */
const ESCAPE: Readonly<Record<Signal, { readonly lamps: number; readonly buzzer: number }>> = {
  idle: { lamps: 0, buzzer: 0 },
  working: { lamps: RED | GREEN, buzzer: 0 },
  accepted: { lamps: GREEN, buzzer: 10 },
  refused: { lamps: RED, buzzer: 60 },
  "present-again": { lamps: RED | GREEN, buzzer: 25 },
};

const AUTO_BEEP_OFF = fromHex("ff00520000");
const BUZZER = fromHex("e000002801");
const LAMPS = fromHex("e000002901");
const POLLING = fromHex("e000002301");

/** What a reader is told once, when it has come. */
export function setUpCommands(dialect: SignalDialect, profile: SignalProfile): readonly Bytes[] {
  return dialect === "together" && profile.acr122AutoBeep === "send" ? [AUTO_BEEP_OFF] : [];
}

/** What a reader is told for a signal, in this order; nothing where the signal is dark and silent there. */
export function signalCommands(signal: Signal, dialect: SignalDialect, profile: SignalProfile): readonly Bytes[] {
  if (dialect === "together") {
    const { lamps, firstTime, secondTime, times, beeps } = TOGETHER[signal];
    return [concat(fromHex("ff0040"), Uint8Array.of(lamps, 4, firstTime, secondTime, times, beeps))];
  }
  const { lamps, buzzer } = ESCAPE[signal];
  const light = profile.acsLed === "send" ? [concat(LAMPS, u8(lamps))] : [];
  return buzzer === 0 ? light : [...light, concat(BUZZER, u8(buzzer))];
}

/** Whether the reader did what it was told. Never throws. */
export function isDone(dialect: SignalDialect, answer: Bytes): boolean {
  if (dialect === "together") return answer.length === 2 && answer[0] === 0x90;
  return escapeValue(answer) !== undefined;
}

/** The byte that an escape command is answered with; undefined for anything else. Never throws. */
export function escapeValue(answer: Bytes): number | undefined {
  const [mark, first, second, third, length] = answer;
  return answer.length === 6 && mark === 0xe1 && first === 0 && second === 0 && third === 0 && length === 1 ? answer[5] : undefined;
}

/** Asks how the reader looks for cards. */
export const READ_POLLING: Bytes = fromHex("e000002300");

const AUTOMATIC = 0x01;
const ANTENNA_OFF_WHEN_IDLE = 0x02;
const ANTENNA_OFF_WHEN_INACTIVE = 0x04;
const INTERVAL = 0x30;

/** Settings with which a card is found soonest: by itself, with the antenna always on, four times a second. What else is set stays. */
export function fastPolling(current: number): number {
  return (current | AUTOMATIC) & ~(ANTENNA_OFF_WHEN_IDLE | ANTENNA_OFF_WHEN_INACTIVE | INTERVAL) & 0xff;
}

export function setPolling(bits: number): Bytes {
  return concat(POLLING, u8(bits));
}
