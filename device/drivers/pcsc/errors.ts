/* The one place where messages of the PC/SC binding become fault codes: the binding gives errors as text only. */
import { Fault, type FaultCode } from "../../base/fault.ts";

const CODE_IN_MESSAGE = /0x([0-9a-f]{8})/i;

const FAULT_OF_CODE: Readonly<Record<number, FaultCode>> = {
  0x8010_0002: "cancelled",
  0x8010_0003: "card-changed", // invalid handle: the connection belongs to an earlier insertion
  0x8010_0008: "reader-refused", // insufficient buffer
  0x8010_0009: "reader-gone", // unknown reader
  0x8010_000a: "reader-hung", // the service's own time-out
  0x8010_000b: "reader-busy", // sharing violation
  0x8010_000c: "card-removed",
  0x8010_000f: "card-mute", // protocol mismatch: the card speaks neither T=0 nor T=1
  0x8010_0013: "reader-service-gone",
  0x8010_0016: "card-mute", // not transacted
  0x8010_0017: "reader-gone",
  0x8010_001d: "reader-service-gone",
  0x8010_001e: "reader-service-gone",
  0x8010_001f: "reader-refused", // unsupported control code
  0x8010_002e: "reader-gone", // no readers
  0x8010_0065: "card-mute", // unsupported card
  0x8010_0066: "card-mute",
  0x8010_0067: "card-mute",
  0x8010_0068: "card-changed", // the card was reset below us
  0x8010_0069: "card-removed",
  0x8010_006a: "reader-refused", // the system's policy forbids it
};

export type PcscCall = "connect" | "transmit" | "control" | "disconnect" | "tell";

/** The number inside a message of the binding, or undefined when there is none. */
export function pcscCode(message: string): number | undefined {
  const digits = CODE_IN_MESSAGE.exec(message)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/** Refusals of the service itself: a control code with one of these never reached the reader. */
const NEVER_REACHED: ReadonlySet<number | undefined> = new Set([0x8010_001f, 0x8010_006a]);

/**
 * The fault that a message of the binding means. Whatever stopped a command, the card may have acted on it before, so that the effect of
 * a transmit is always unknown, and that of a control code too unless the service knows no such code.
 */
export function faultOfPcsc(call: PcscCall, message: string): Fault {
  const code = pcscCode(message);
  const known = code === undefined ? undefined : FAULT_OF_CODE[code];
  const sent = call === "transmit" || call === "control";
  const shown = code === undefined ? "no code" : `0x${code.toString(16)}`;
  // A sent command that met another card, or none at all, is told as a lost card: "card-changed" promises that nothing was sent.
  const told = sent && known === "card-changed" ? "card-removed" : known;
  return new Fault(told ?? "reader-gone", `PC/SC ${call}: ${shown}`, {
    effectUnknown: call === "transmit" || (call === "control" && !NEVER_REACHED.has(code)),
  });
}
