/*
 * What the terminal and the process of one line say to each other: structured clones over the process channel. The line's process is thin:
 * it owns the native binding, finds its device again after every loss, and knows neither deadlines nor protocols.
 */
import type { Bytes } from "../../base/bytes.ts";

/** Parent to child. The first message is "open"; its `options` are the child module's own. */
export type LineOrder =
  | { readonly do: "open"; readonly options: unknown }
  | { readonly do: "write"; readonly id: number; readonly bytes: Bytes }
  | { readonly do: "feature"; readonly id: number; readonly bytes: Bytes }
  /** Asks for a sign of life of the process itself. */
  | { readonly do: "ping"; readonly id: number };

/** Child to parent. */
export type LineMessage =
  | { readonly is: "open"; readonly descriptor?: Bytes }
  | { readonly is: "away"; readonly why: string }
  | { readonly is: "bytes"; readonly bytes: Bytes }
  | { readonly is: "done"; readonly id: number }
  | { readonly is: "failed"; readonly id: number; readonly why: string; readonly sent: boolean };

const ORDERS: ReadonlySet<unknown> = new Set(["open", "write", "feature", "ping"]);
const MESSAGES: ReadonlySet<unknown> = new Set(["open", "away", "bytes", "done", "failed"]);

/** An order on the process channel, or undefined for anything else that travels there. */
export function asLineOrder(message: unknown): LineOrder | undefined {
  if (typeof message !== "object" || message === null || !("do" in message) || !ORDERS.has(message.do)) return undefined;
  // The sender is our own supervisor of the same build, so that the kind fixes the shape.
  return message as LineOrder;
}

/** A message of a line's process, or undefined for anything else. */
export function asLineMessage(message: unknown): LineMessage | undefined {
  if (typeof message !== "object" || message === null || !("is" in message) || !MESSAGES.has(message.is)) return undefined;
  return message as LineMessage;
}
