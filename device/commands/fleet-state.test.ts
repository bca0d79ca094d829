/* What a terminal says of itself to its fleet, read by the host as the page has it. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTerminalHeartbeat } from "../../simulators/host/messages.ts";
import { readToldState } from "../../simulators/host/terminal-state.ts";
import { encodeHeartbeat, type TerminalState } from "../codec/upload.ts";
import { healthyMachine } from "../health/doctor/testing.ts";
import type { RuntimeStatus } from "../health/runtime-status.ts";
import { fleetState, storageWear } from "./fleet-state.ts";

const TOLD: RuntimeStatus = {
  v: 1,
  version: "0.2.0",
  pid: 7,
  terminalId: "T-0001",
  uptimeMs: 1_000.5,
  readyAtMs: 10.5,
  loopLateMs: 0.25,
  journalSilentMs: 0.5,
  journal: { usedBytes: 10, limitBytes: 100, lastSeq: 3, receiptedThrough: 2 },
  cardPresent: false,
  actsUnderWay: 0,
  held: false,
  exposure: { count: 1, sumFen: 250, oldestAgeMs: 60_000.75, unknown: 0 },
  clock: "held",
  link: { up: true, hostPresent: true },
  devices: [
    { role: "user", state: "ready" },
    { role: "printer", state: "failed", code: "device-hung" },
  ],
};

function heartbeat(state: TerminalState | undefined) {
  const own = { tid: "T-0001", journalId: "0".repeat(32), boot: 1, lastSeq: 3, receiptedThrough: 2, wallMs: 5 };
  return parseTerminalHeartbeat(encodeHeartbeat({ ...own, ...(state === undefined ? {} : { state }) }));
}

describe("the state in a heartbeat", () => {
  it("arrives as it was told", async () => {
    const state = fleetState(TOLD, { parameters: "winter", wear: await storageWear(await healthyMachine()) });
    expect(heartbeat(state)?.state).toEqual({
      version: "0.2.0",
      parameters: "winter",
      clock: "held",
      exposure: { count: 1, sumFen: 250, unknown: 0, oldestAgeMs: 60_000 },
      journal: { usedBytes: 10, limitBytes: 100 },
      devices: [
        { role: "user", state: "ready", code: undefined },
        { role: "printer", state: "failed", code: "device-hung" },
      ],
      wear: { lifeTenths: 2, reserve: 1 },
    });
  });

  it("names the key-loading orders that are not as ordered, sixteen at most, and says where all are", () => {
    const keys = [
      { place: "psam", name: "purse", state: "as-ordered" },
      ...Array.from({ length: 20 }, (_, at) => ({ place: "psam", name: `key-${at}`, state: "not-loaded", detail: "x" }) as const),
    ] as const;
    const told = (rows: RuntimeStatus["keys"]) => {
      const state = heartbeat(fleetState({ ...TOLD, ...(rows === undefined ? {} : { keys: rows }) }, { parameters: undefined, wear: undefined }))?.state;
      return state === "malformed" ? state : state?.keys;
    };
    expect(told(keys)).toHaveLength(16);
    expect(told(keys)?.[0]).toEqual({ place: "psam", name: "key-0", state: "not-loaded" });
    expect(told(keys.slice(0, 1))).toEqual([]);
    expect(told(undefined)).toBeUndefined();
    const state = fleetState({ ...TOLD, keys: keys.slice(1, 2) }, { parameters: undefined, wear: undefined });
    for (const bent of [[{ place: "psam", name: "x", state: "as-ordered" }], [{ place: "pocket", name: "x", state: "expired" }], 7])
      expect(readToldState({ ...state, keys: bent })).toBeUndefined();
  });

  it("is left out as long as nothing is known", () => {
    expect(fleetState(undefined, { parameters: undefined, wear: undefined })).toBeUndefined();
    expect(heartbeat(undefined)).toMatchObject({ tid: "T-0001", state: undefined });
  });

  it("of another form is not believed, and costs the heartbeat nothing", () => {
    const state = fleetState(TOLD, { parameters: undefined, wear: undefined });
    for (const bent of [{ ...state, clock: "good" }, { ...state, more: 1 }, { ...state, devices: [{ role: "user" }] }, { ...state, wear: {} }, 7])
      expect(readToldState(bent)).toBeUndefined();
    expect(heartbeat({ ...fleetState(TOLD, { parameters: "x", wear: undefined }), clock: "good" } as unknown as TerminalState)?.state).toBe("malformed");
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        readToldState(value);
      }),
    );
  });
});
