/*
 * Goal: whoever looks after a terminal (doctor, release, watchdog, people) sees how it is without a door into it, also when it hangs or is gone.
 * Method: one small file on a disk that forgets, replaced as a whole every second. Nothing personal stands in it. Spec: runtime-status/v1.
 */
import * as z from "zod";
import type { Bytes } from "../base/bytes.ts";
import { parseJson } from "../codec/json.ts";

/** What the service says of itself. All times in milliseconds. */
export interface RuntimeStatus {
  readonly v: 1;
  readonly version: string;
  readonly pid: number;
  readonly terminalId: string;
  /** Of this machine since its start: when it was written, and when the service was ready. A reader compares with its own uptime. */
  readonly uptimeMs: number;
  readonly readyAtMs: number;
  /** Longest that the event loop was late since the last writing, and how long ago the journal last proved that it is written. */
  readonly loopLateMs: number;
  readonly journalSilentMs: number;
  readonly journal: { readonly usedBytes: number; readonly limitBytes: number; readonly lastSeq: number; readonly receiptedThrough: number };
  /** A card is in a field, or an act is under way: nobody may stop the service now. */
  readonly cardPresent: boolean;
  readonly actsUnderWay: number;
  /** It begins nothing new, because `hold` asks for it. */
  readonly held: boolean;
  readonly exposure: { readonly count: number; readonly sumFen: number; readonly oldestAgeMs?: number; readonly unknown: number };
  readonly clock: "trusted" | "held" | "untrusted";
  readonly link: { readonly up: boolean; readonly hostPresent: boolean };
  readonly devices: readonly DeviceStatus[];
  /** What became of each key-loading order; absent: nothing is ordered, and nobody looks. */
  readonly keys?: readonly KeyStatus[];
}

/** One order for module or pad, and what was found: a number, a level, a check value. Spec: claim/v1, 9. */
export interface KeyStatus {
  readonly place: "psam" | "pin-pad";
  readonly name: string;
  readonly state: (typeof KEY_STATES)[number];
  readonly detail?: string;
}

/** In the words of provisioning/claim/key-orders.ts. */
const KEY_STATES = ["as-ordered", "module-absent", "other-module", "wrong-level", "wrong-check", "not-loaded", "expired", "test-key", "not-told"] as const;

/** A device as the configuration names it: "user", "sam", "pinPad", "gate:north". */
export interface DeviceStatus {
  readonly role: string;
  readonly state: "ready" | "absent" | "failed";
  /** Code of the fault, where it failed. */
  readonly code?: string;
}

const count = z.int().min(0);
const milliseconds = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const name = z.string().min(1).max(100);

const runtimeStatus: z.ZodType<RuntimeStatus> = z.object({
  v: z.literal(1),
  version: name,
  pid: count,
  terminalId: name,
  uptimeMs: milliseconds,
  readyAtMs: milliseconds,
  loopLateMs: milliseconds,
  journalSilentMs: milliseconds,
  journal: z.object({ usedBytes: count, limitBytes: count, lastSeq: count, receiptedThrough: count }),
  cardPresent: z.boolean(),
  actsUnderWay: count,
  held: z.boolean(),
  exposure: z.object({ count, sumFen: count, oldestAgeMs: milliseconds.exactOptional(), unknown: count }),
  clock: z.enum(["trusted", "held", "untrusted"]),
  link: z.object({ up: z.boolean(), hostPresent: z.boolean() }),
  devices: z.array(z.object({ role: name, state: z.enum(["ready", "absent", "failed"]), code: name.exactOptional() })).max(64),
  keys: z
    .array(z.object({ place: z.enum(["psam", "pin-pad"]), name, state: z.enum(KEY_STATES), detail: z.string().max(300).exactOptional() }))
    .max(80)
    .exactOptional(),
});

const STATUS_LIMITS = { maxBytes: 64 * 1024, maxDepth: 8 };

/** Never throws. Undefined: no status of this version; members that a later release added are left out. */
export function parseRuntimeStatus(bytes: Bytes): RuntimeStatus | undefined {
  const json = parseJson(bytes, STATUS_LIMITS);
  if (!json.ok) return undefined;
  const parsed = runtimeStatus.safeParse(json.value);
  return parsed.success ? parsed.data : undefined;
}
