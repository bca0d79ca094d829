/* The list of ways to verify the holder (8E). Spec: JR/T 0025, cardholder verification method list (as EMV book 3, 10.5). */
import { type Bytes, readUint } from "../base/bytes.ts";

export type VerificationMethod = "fail" | "offline-pin-clear" | "online-pin" | "offline-pin-and-signature" | "signature" | "document" | "none" | "unknown";

export type VerificationCondition =
  | "always"
  | "unattended-cash"
  | "not-cash"
  | "terminal-supports"
  | "manual-cash"
  | "with-cashback"
  | "under-x"
  | "over-x"
  | "under-y"
  | "over-y"
  | "unknown";

export interface VerificationRule {
  readonly method: VerificationMethod;
  readonly condition: VerificationCondition;
  /** When this one fails: go on with the next, or give up. */
  readonly continueIfFailed: boolean;
}

export interface VerificationList {
  /** The amounts X and Y of the conditions, in the application's currency. */
  readonly x: number;
  readonly y: number;
  readonly rules: readonly VerificationRule[];
}

/** Rules of one list: the longest that a data object holds. */
const HEAD_LENGTH = 8;

const METHODS: ReadonlyMap<number, VerificationMethod> = new Map<number, VerificationMethod>([
  [0x00, "fail"],
  [0x01, "offline-pin-clear"],
  [0x02, "online-pin"],
  [0x03, "offline-pin-and-signature"],
  [0x1e, "signature"],
  [0x1f, "none"],
  [0x20, "document"],
]);

const CONDITIONS: readonly VerificationCondition[] = [
  "always",
  "unattended-cash",
  "not-cash",
  "terminal-supports",
  "manual-cash",
  "with-cashback",
  "under-x",
  "over-x",
  "under-y",
  "over-y",
];

/** Reads a list; undefined for what has not its form. Never throws. */
export function parseVerificationList(bytes: Bytes): VerificationList | undefined {
  if (bytes.length < HEAD_LENGTH || bytes.length % 2 !== 0) return undefined;
  const rules: VerificationRule[] = [];
  for (let at = HEAD_LENGTH; at < bytes.length; at += 2) {
    const [code = 0, condition = 0] = bytes.subarray(at, at + 2);
    rules.push({
      method: METHODS.get(code & 0x3f) ?? "unknown",
      condition: CONDITIONS[condition] ?? "unknown",
      continueIfFailed: (code & 0x40) !== 0,
    });
  }
  return { x: readUint(bytes, 0, 4), y: readUint(bytes, 4, 4), rules };
}
