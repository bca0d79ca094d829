/* The host's fault switches. Reachable from options, from the command line and, in a running process, from its standard input. */
import { readUint } from "../../device/base/bytes.ts";
import type { Randomness } from "../../device/base/ports.ts";
import { isFields } from "./canonical.ts";

/** Every switch may be set at any time and holds for whatever the host sends or receives next. */
export interface HostFaults {
  /** The host is gone while the broker is up: nothing is read, nothing is answered. */
  vanished: boolean;
  /** Chance (0 to 1) that a receipt is not sent. */
  dropReceiptProbability: number;
  /** The next n receipts are not sent. */
  dropNextReceipts: number;
  /** Receipts leave that much later, after the ledger has committed. */
  receiptLateMs: number;
  /** Chance that a receipt is sent twice. */
  duplicateReceiptProbability: number;
  /** The next n receipts name another hash (rightly signed). */
  wrongHashNextReceipts: number;
  /** The next n receipts bear a signature that does not hold. */
  wrongSignatureNextReceipts: number;
  /** Pause that receipts ask for between batches. */
  slowMs: number;
  /** What the host's heartbeat says about draining. */
  drain: boolean;
  /** Chance that a live reply is not sent; the request was forwarded all the same. */
  dropReplyProbability: number;
  /** The next n live replies are not sent. */
  dropNextReplies: number;
  /** Live replies leave that much later. */
  replyLateMs: number;
  /** Chance that a live reply is sent twice. */
  duplicateReplyProbability: number;
  /** Chance that a message of a document is not sent. */
  dropDocumentProbability: number;
  /** Chance that it is sent twice. */
  duplicateDocumentProbability: number;
  /** Chance that it leaves behind the next one. */
  swapDocumentProbability: number;
  /** The next n heads of documents bear a signature that does not hold. */
  wrongSignatureNextHeads: number;
  /** The next n heads are for another terminal (rightly signed). */
  otherTerminalNextHeads: number;
  /** The next n heads have expired (rightly signed). */
  expiredNextHeads: number;
  /** After each of the next n heads comes another document of the same number (rightly signed). */
  twinNextHeads: number;
  /** The next n parts end in the middle. */
  truncateNextParts: number;
  /** The next n parts stand in another part's place. */
  foreignNextParts: number;
}

const NONE: Readonly<HostFaults> = {
  vanished: false,
  dropReceiptProbability: 0,
  dropNextReceipts: 0,
  receiptLateMs: 0,
  duplicateReceiptProbability: 0,
  wrongHashNextReceipts: 0,
  wrongSignatureNextReceipts: 0,
  slowMs: 0,
  drain: true,
  dropReplyProbability: 0,
  dropNextReplies: 0,
  replyLateMs: 0,
  duplicateReplyProbability: 0,
  dropDocumentProbability: 0,
  duplicateDocumentProbability: 0,
  swapDocumentProbability: 0,
  wrongSignatureNextHeads: 0,
  otherTerminalNextHeads: 0,
  expiredNextHeads: 0,
  twinNextHeads: 0,
  truncateNextParts: 0,
  foreignNextParts: 0,
};

export function noHostFaults(initial: Partial<HostFaults> = {}): HostFaults {
  return { ...NONE, ...initial };
}

/** Puts every switch back to "no fault". */
export function clearHostFaults(faults: HostFaults): void {
  Object.assign(faults, NONE);
}

type FaultsParse = { readonly ok: true; readonly faults: Partial<HostFaults> } | { readonly ok: false; readonly reason: string };

/** Reads switches from outside: an unknown name or a value of the wrong kind is refused by name. */
export function parseHostFaults(value: unknown): FaultsParse {
  if (!isFields(value)) return { ok: false, reason: "not-an-object" };
  for (const [name, setting] of Object.entries(value)) {
    if (!Object.hasOwn(NONE, name)) return { ok: false, reason: `unknown switch ${name}` };
    const model = NONE[name as keyof HostFaults];
    if (typeof setting !== typeof model) return { ok: false, reason: `${name} takes a ${typeof model}` };
    if (typeof setting === "number" && !(Number.isFinite(setting) && setting >= 0)) return { ok: false, reason: `${name} is at least 0` };
    if (name.endsWith("Probability") && typeof setting === "number" && setting > 1) return { ok: false, reason: `${name} is at most 1` };
  }
  return { ok: true, faults: value as Partial<HostFaults> };
}

/** Draws only where chance matters, so that a run without faults uses no randomness. */
export function happens(randomness: Randomness, probability: number): boolean {
  if (probability <= 0) return false;
  if (probability >= 1) return true;
  return readUint(randomness.bytes(4), 0, 4) / 2 ** 32 < probability;
}
