/*
 * Goal: whoever looks after a terminal (doctor, release, watchdog, people) sees how it is without a door into it, also when it hangs or is gone.
 * Method: one small file on a disk that forgets, replaced as a whole every second. Nothing personal stands in it. Spec: runtime-status/v1.
 */

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
}

/** A device as the configuration names it: "user", "sam", "pinPad", "gate:north". */
export interface DeviceStatus {
  readonly role: string;
  readonly state: "ready" | "absent" | "failed";
  /** Code of the fault, where it failed. */
  readonly code?: string;
}
