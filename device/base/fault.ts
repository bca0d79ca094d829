/**
 * Stable names of what the world may do to us. Grouped by where it happens; the text of a fault may change, its code never does.
 * Listed for people in docs/faults.md.
 */
export type FaultCode =
  // waits and life cycle
  | "timeout"
  | "cancelled"
  | "closed"
  | "queue-full"
  | "held"
  // readers: the device between us and the card
  | "reader-gone"
  | "reader-service-gone"
  | "reader-hung"
  | "reader-busy"
  | "reader-refused"
  // cards and security modules
  | "card-removed"
  | "card-mute"
  | "card-changed"
  | "card-collision"
  | "card-answer-malformed"
  | "card-chain-too-long"
  | "module-refused"
  // PIN entry devices
  | "pad-gone"
  | "pad-refused"
  // other devices: scanners, printers, displays, gates, and the lines they hang on
  | "device-gone"
  | "device-hung"
  | "device-refused"
  | "device-answer-malformed"
  // durable storage
  | "store-full"
  | "store-broken"
  | "store-corrupt"
  | "store-in-use"
  | "store-schema"
  | "number-spent"
  | "config-invalid"
  | "config-corrupt"
  // who this terminal is
  | "not-claimed"
  | "cloned-disk"
  | "decommissioned"
  // network and hosts
  | "link-down"
  | "link-refused"
  | "link-not-allowed"
  | "payload-too-large"
  | "host-absent"
  | "host-answer-malformed"
  // child processes
  | "process-failed"
  // cryptography
  | "crypto-unavailable"
  | "crypto-input"
  | "key-missing";

/** What a fault must say besides its name. `effectUnknown` has no default, so that nobody raises a fault without having thought about it. */
export interface FaultOptions {
  /** True when the other side (card, module, journal, broker, host) may have acted although we have no answer. */
  readonly effectUnknown: boolean;
  readonly cause?: unknown;
}

/**
 * The world failed. Every fault says whether the other side may have acted, because a machine turns
 * that into "unknown" and never into "failed". A status word or a business refusal is an answer, not a fault.
 */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  readonly effectUnknown: boolean;

  constructor(code: FaultCode, message: string, options: FaultOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.effectUnknown = options.effectUnknown;
  }
}

/** True when `error` is a fault, and, where codes are given, one of these. */
export function isFault(error: unknown, ...codes: readonly FaultCode[]): error is Fault {
  return error instanceof Fault && (codes.length === 0 || codes.includes(error.code));
}

/** Whether the other side may have acted: a fault's own word; anything we do not know counts as "perhaps". */
export function effectUnknown(error: unknown): boolean {
  return error instanceof Fault ? error.effectUnknown : true;
}
