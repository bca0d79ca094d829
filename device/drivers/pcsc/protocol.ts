/*
 * What the terminal and its card reader process say to each other: structured clones over the process channel.
 * The reader process is thin: it owns the native binding and knows neither deadlines nor cards.
 */
import type { Bytes } from "../../base/bytes.ts";

export type ConnectMode = "exclusive" | "direct";

/** One call of the native binding. Calls of one reader are made one after the other by the sender. */
export type ReaderCall =
  | { readonly op: "connect"; readonly reader: string; readonly mode: ConnectMode }
  | { readonly op: "transmit"; readonly reader: string; readonly data: Bytes }
  | { readonly op: "control"; readonly reader: string; readonly code: number; readonly data: Bytes }
  | { readonly op: "disconnect"; readonly reader: string }
  /**
   * Tells the reader itself something, between commands for its card. With a card connected it goes the way that `withCard` says, over that
   * connection; without one the process connects to the reader alone for as long as it takes.
   */
  | { readonly op: "tell"; readonly reader: string; readonly code: number; readonly data: Bytes; readonly withCard: "control" | "transmit" };

export type ReaderRequest = ReaderCall & { readonly id: number };

export type ReaderMessage =
  | { readonly is: "answer"; readonly id: number; readonly data: Bytes }
  | { readonly is: "error"; readonly id: number; readonly message: string }
  /** The state word of PC/SC with its event counter in the upper 16 bits. */
  | { readonly is: "state"; readonly reader: string; readonly state: number; readonly atr: Bytes }
  | { readonly is: "reader-end"; readonly reader: string }
  | { readonly is: "service-up" }
  /** The PC/SC service is not there yet; the process goes on asking for it. */
  | { readonly is: "service-absent"; readonly message: string }
  /** The PC/SC service died below us; this process is of no more use. */
  | { readonly is: "service-lost"; readonly message: string }
  /** Said every moment, so that a process which hangs between two calls is noticed. */
  | { readonly is: "alive" }
  /** The binding cannot be loaded on this machine. */
  | { readonly is: "binding-missing"; readonly message: string };

/** Bits of the reader state word as pcscd gives it. */
export const STATE_UNAVAILABLE = 0x0008;
export const STATE_PRESENT = 0x0020;
export const STATE_MUTE = 0x0200;
export const EVENT_COUNTER_SHIFT = 16;

const MESSAGE_KINDS: ReadonlySet<unknown> = new Set([
  "answer",
  "error",
  "state",
  "reader-end",
  "service-up",
  "service-absent",
  "service-lost",
  "binding-missing",
  "alive",
]);

/** Takes a message of the reader process, or undefined for anything else that travels on the channel. */
export function asReaderMessage(message: unknown): ReaderMessage | undefined {
  if (typeof message !== "object" || message === null || !("is" in message) || !MESSAGE_KINDS.has(message.is)) return undefined;
  // The sender is our own child.ts of the same build, so that the kind fixes the shape.
  return message as ReaderMessage;
}
