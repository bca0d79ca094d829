/* For tests: what a service says of itself when all is well. */
import type { RuntimeStatus } from "../../device/health/runtime-status.ts";

export function healthyStatus(more: Partial<RuntimeStatus> = {}): RuntimeStatus {
  return {
    v: 1,
    version: "0.1.0",
    pid: 1,
    terminalId: "T-0001",
    uptimeMs: 0,
    readyAtMs: 0,
    loopLateMs: 1,
    journalSilentMs: 10,
    journal: { usedBytes: 1, limitBytes: 100, lastSeq: 1, receiptedThrough: 1 },
    cardPresent: false,
    actsUnderWay: 0,
    held: false,
    exposure: { count: 0, sumFen: 0, unknown: 0 },
    clock: "trusted",
    link: { up: true, hostPresent: true },
    devices: [
      { role: "user", state: "ready" },
      { role: "printer", state: "absent" },
    ],
    ...more,
  };
}
