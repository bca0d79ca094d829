import { describe, expect, it } from "vitest";
import { utf8 } from "../../device/base/bytes.ts";
import { SILENT } from "../../device/base/log.ts";
import type { Storage } from "../../device/base/ports.ts";
import type { RuntimeStatus } from "../../device/health/runtime-status.ts";
import { ailments, type ProvingBounds, ReleaseProving } from "./proving.ts";
import { healthyStatus } from "./status-for-tests.ts";
import { type Trial, trialText } from "./trial.ts";

const BOUNDS: ProvingBounds = { wellForMs: 10_000, unwellAfterMs: 60_000, loopLateMs: 5_000, journalSilentMs: 60_000 };
const TRIAL: Trial = {
  ...{ version: "0.2.0", previous: "0.1.0", starts: 1, startsMax: 3, step: "trying" },
  ...{ schema: 2, previousSchema: 1, migrator: "0.2.0", devices: ["user", "sam"] },
};
const READY = [
  { role: "user", state: "ready" },
  { role: "sam", state: "ready" },
] as const;

function bench(files: Readonly<Record<string, string>>) {
  const stored = new Map(Object.entries(files).map(([name, text]) => [name, utf8(text)]));
  let writes = 0;
  const folder: Storage = {
    read: (name) => Promise.resolve(stored.get(name)),
    write: (name, bytes) => {
      writes += 1;
      stored.set(name, bytes.slice());
      return Promise.resolve();
    },
    remove: () => Promise.resolve(),
    list: () => Promise.resolve([...stored.keys()]),
  };
  const state = { nowMs: 0, status: healthyStatus({ devices: READY }) as RuntimeStatus, unwell: [] as string[] };
  const clock = { monotonicMs: () => state.nowMs, wallMs: () => 0, sleep: () => Promise.resolve() };
  const proving = new ReleaseProving({
    ...{ folder, clock, log: SILENT, version: "0.2.0", bounds: BOUNDS },
    status: () => state.status,
    onUnwell: (because) => state.unwell.push(...because),
  });
  const looks = async (seconds: number) => {
    for (let at = 0; at < seconds; at += 1) {
      state.nowMs += 1000;
      if ((await proving.look()) === undefined) return "over";
    }
    return "looking";
  };
  return { proving, state, looks, healthy: () => new TextDecoder().decode(stored.get("healthy")), writes: () => writes };
}

describe("a release proves itself", () => {
  it("when it was well for long enough, without any network", async () => {
    const { proving, state, looks, healthy } = bench({ trial: trialText(TRIAL) });
    state.status = healthyStatus({ devices: READY, link: { up: false, hostPresent: false } });
    await proving.begin();
    expect([await looks(10), healthy()]).toEqual(["looking", ""]);
    expect([await looks(1), healthy()]).toEqual(["over", "0.2.0\n"]);
  });

  it("and not again at its next start", async () => {
    const { proving, looks, writes } = bench({ healthy: "0.2.0\n" });
    await proving.begin();
    expect([await looks(30), writes()]).toEqual(["over", 0]);
  });

  it("anew after every break", async () => {
    const { proving, state, looks, healthy } = bench({ trial: trialText(TRIAL) });
    await proving.begin();
    await looks(9);
    state.status = healthyStatus({ devices: READY, journalSilentMs: 60_001 });
    await looks(1);
    state.status = healthyStatus({ devices: READY });
    expect([await looks(10), healthy()]).toEqual(["looking", ""]);
    expect(await looks(1)).toBe("over");
  });

  it("only with the devices that were ready before", async () => {
    const { proving, state, looks, healthy } = bench({ trial: trialText(TRIAL) });
    state.status = healthyStatus({ devices: [READY[0], { role: "sam", state: "failed", code: "reader-gone" }] });
    await proving.begin();
    expect([await looks(59), healthy(), state.unwell]).toEqual(["looking", "", []]);
    state.status = { ...state.status, cardPresent: true };
    expect([await looks(5), state.unwell]).toEqual(["looking", []]);
    state.status = { ...state.status, cardPresent: false };
    expect([await looks(5), state.unwell, healthy()]).toEqual(["over", ["sam"], ""]);
  });

  it("but is never ended when another release is on trial, or none", async () => {
    for (const files of [{}, { trial: trialText({ ...TRIAL, version: "0.3.0" }) }]) {
      const { proving, state, looks } = bench(files);
      state.status = healthyStatus({ loopLateMs: 6_000 });
      await proving.begin();
      expect([await looks(100), state.unwell]).toEqual(["looking", []]);
    }
  });
});

describe("ailments", () => {
  it.each([
    [healthyStatus({ devices: READY }), []],
    [healthyStatus({ devices: [] }), ["user", "sam"]],
    [healthyStatus({ devices: READY, loopLateMs: 5_001, journalSilentMs: 60_001 }), ["loop", "journal"]],
  ])("of %#", (status, expected) => expect(ailments(status, ["user", "sam"], BOUNDS)).toEqual(expected));
});
