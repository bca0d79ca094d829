/* A terminal that is watched, under virtual time: with each of its parts well, silent, late or in somebody's hands. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { fen } from "../base/fen.ts";
import type { Log } from "../base/log.ts";
import type { Clock, Processes, Storage } from "../base/ports.ts";
import type { Device, DeviceHealth } from "../drivers/peripherals.ts";
import { ActDoor } from "../txn/act-door.ts";
import type { LaneStatus } from "../txn/gate/lane.ts";
import { SimulatedPlace } from "../txn/quick-payment/testing.ts";
import { parseRuntimeStatus, type RuntimeStatus } from "./runtime-status.ts";
import { HOLD_FILE, HOLD_MAX_MS, openServiceHealth, STATUS_FILE } from "./service-health.ts";
import { serviceManager } from "./service-manager.ts";

const WATCHDOG_MS = 30_000;

/** Files that are forgotten with the power. */
class Memory implements Storage {
  readonly files = new Map<string, Uint8Array>();
  broken = false;

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.files.get(name);
  }

  async write(name: string, contents: Uint8Array): Promise<void> {
    if (this.broken) throw new Fault("store-full", "no room", { effectUnknown: false });
    this.files.set(name, contents);
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name);
  }

  async list(): Promise<readonly string[]> {
    return [...this.files.keys()].sort();
  }
}

/** Programs of the system that only note with what they were called. */
class NotedPrograms implements Pick<Processes, "run"> {
  readonly words: string[] = [];
  exitCode = 0;
  missing = false;

  async run(program: string, args: readonly string[]) {
    if (this.missing) throw new Fault("process-failed", "no such program", { effectUnknown: false });
    this.words.push([program, ...args].join(" "));
    return { code: this.exitCode, stdout: utf8(""), stderr: utf8("") };
  }
}

class Watched {
  readonly place = new SimulatedPlace();
  readonly folder = new Memory();
  readonly programs = new NotedPrograms();
  readonly door = new ActDoor();
  readonly said: string[] = [];
  readonly lanes: LaneStatus[] = [];
  readonly clock: Clock;
  /** Added to every clock reading: time in which nobody could run. */
  lostMs = 0;
  card = false;
  readersSilentMs: number | undefined = 0;
  uplinkTurns = true;
  uplinkTurnMs = 0;
  printer: () => Promise<DeviceHealth> = async () => ({ kind: "well" });

  constructor() {
    const { clock } = this.place;
    this.clock = { monotonicMs: () => clock.monotonicMs() + this.lostMs, wallMs: () => clock.wallMs(), sleep: (ms, signal) => clock.sleep(ms, signal) };
  }

  async open() {
    await this.place.clock.resolve(this.place.switchOn());
    const note = (word: string, fields?: object) => void this.said.push(`${word} ${JSON.stringify(fields ?? {})}`);
    const log: Log = { info: note, warn: note, error: note };
    const { clock, programs, door } = this;
    const printer: Device = { name: "printer", health: () => this.printer(), close: async () => undefined };
    const health = openServiceHealth({
      ...{ clock, log, door, folder: this.folder },
      terminal: {
        journal: this.place.journal,
        // Only its health is asked.
        devices: { printer: printer as never },
        gates: { lanes: this.lanes },
        status: () => ({ clockQuality: "held", linkUp: true, hostPresent: false, permission: { exposure: { oldestAgeMs: 77.5 } } }),
      },
      manager: serviceManager({ NOTIFY_SOCKET: "/run/notify", WATCHDOG_USEC: String(WATCHDOG_MS * 1_000) }, { processes: programs, clock, log }),
      readers: [{ role: "user", look: () => ({ state: "ready", card: this.card }) }],
      readersSilentMs: () => this.readersSilentMs,
      uplinkTurnMs: () => {
        if (this.uplinkTurns) this.uplinkTurnMs = clock.monotonicMs();
        return this.uplinkTurnMs;
      },
      version: "1.2.3",
      pid: 42,
      uptimeMs: () => Math.floor(clock.monotonicMs()) + 5_000,
    });
    await this.place.clock.resolve(health.start());
    return health;
  }

  pass(ms: number) {
    return this.place.clock.runUntil(this.place.clock.monotonicMs() + ms);
  }

  status(): RuntimeStatus {
    const parsed = parseRuntimeStatus(this.folder.files.get(STATUS_FILE) ?? utf8(""));
    if (parsed === undefined) throw new Error("there is no status");
    return parsed;
  }

  /** Signs of life since it was asked last. */
  signs(): number {
    return this.programs.words.splice(0).filter((word) => word === "systemd-notify WATCHDOG=1").length;
  }
}

/** A sale that nobody knows the end of, as a card leaves it that was torn away. */
async function torn(journal: Watched["place"]["journal"]): Promise<void> {
  const draft = { kind: "quick-payment", amount: fen(100), card: "1", detail: {} } as const;
  const { subject } = await journal.append({ ...draft, state: "prepared" });
  await journal.append({ ...draft, state: "unknown", subject });
}

describe("a service that looks after itself", () => {
  it("counts what nobody knows the end of until the host knows that too, whether the card returns or not", async () => {
    const watched = new Watched();
    await watched.open();
    const { clock, journal } = watched.place;
    await clock.resolve(torn(journal));
    await watched.pass(12_000);
    expect(watched.status().exposure).toMatchObject({ count: 1, unknown: 1 });
    const batch = { batchSeq: 1, firstSeq: 1, lastSeq: journal.lastSeq, hash: "ab".repeat(32), receipted: false, detail: "{}" };
    await clock.resolve(journal.commitBatches([batch]).then(() => journal.commitReceipted([batch])));
    await watched.pass(12_000);
    expect(watched.status().exposure).toMatchObject({ count: 0, unknown: 0 });
    await clock.resolve(torn(journal));
    await watched.pass(12_000);
    expect(watched.status().exposure).toMatchObject({ count: 1, unknown: 1 });
  });

  it("says once that it is ready, how it is every second, and when it stops", async () => {
    const watched = new Watched();
    const health = await watched.open();
    await watched.pass(12_000);
    expect(watched.programs.words[0]).toBe("systemd-notify READY=1");
    expect(watched.status()).toMatchObject({
      ...{ v: 1, version: "1.2.3", pid: 42, cardPresent: false, actsUnderWay: 0, held: false, clock: "held" },
      link: { up: true, hostPresent: false },
      exposure: { count: 0, sumFen: 0, oldestAgeMs: 77, unknown: 0 },
      devices: [
        { role: "user", state: "ready" },
        { role: "printer", state: "ready" },
      ],
    });
    const before = watched.status().uptimeMs;
    await watched.pass(1_000);
    expect(watched.status().uptimeMs - before).toBe(1_000);
    await watched.place.clock.resolve(health.stop());
    expect(watched.programs.words.at(-1)).toBe("systemd-notify STOPPING=1");
    expect(watched.folder.files.has(STATUS_FILE)).toBe(false);
    expect(watched.place.clock.pending).toBe(0);
  });

  it("gives three signs of life in the manager's time while it is well, for hours without a sale", async () => {
    const watched = new Watched();
    await watched.open();
    await watched.pass(1_000);
    watched.signs();
    await watched.pass(3_600_000);
    expect(watched.signs()).toBe(360);
  });

  it("proves its journal by a mark only while nothing else does, and no oftener than once a minute", async () => {
    const watched = new Watched();
    await watched.open();
    const { journal } = watched.place;
    await watched.pass(3_600_000);
    const marks = Number(await watched.place.clock.resolve(journal.mark("health/flush")));
    expect(marks).toBeGreaterThan(50);
    expect(marks).toBeLessThanOrEqual(61);
    for (let sales = 0; sales < 60; sales += 1) {
      await watched.place.clock.resolve(journal.append({ kind: "operation", state: "done", amount: 0 as never, detail: {} }));
      await watched.pass(30_000);
    }
    expect(Number(await watched.place.clock.resolve(journal.mark("health/flush"))) - marks).toBeLessThanOrEqual(1);
  });

  it.each<[string, (watched: Watched) => void]>([
    ["journal-silent", ({ place }) => Object.assign(place.journal, { setMarks: () => new Promise<void>(() => undefined) })],
    ["readers-silent", (watched) => Object.assign(watched, { readersSilentMs: 30_001 })],
    ["uplink-silent", (watched) => Object.assign(watched, { uplinkTurns: false })],
  ])("gives no sign of life with %s", async (ailment, befall) => {
    const watched = new Watched();
    await watched.open();
    await watched.pass(1_000);
    befall(watched);
    await watched.pass(300_000);
    watched.signs();
    await watched.pass(60_000);
    expect(watched.signs()).toBe(0);
    expect(watched.said.some((word) => word.startsWith(`not-alive {"because":"${ailment}"`))).toBe(true);
  });

  it("gives no sign of life after its loop stood still, and the next one when it runs again", async () => {
    const watched = new Watched();
    await watched.open();
    await watched.pass(1_000);
    watched.signs();
    watched.lostMs += 6_000;
    await watched.pass(10_000);
    expect(watched.signs()).toBe(0);
    await watched.pass(10_000);
    expect(watched.signs()).toBe(1);
  });

  it("lives on when its readers' service is away, its devices are ill, its status has no place and the journal is full", async () => {
    const watched = new Watched();
    await watched.open();
    watched.readersSilentMs = undefined;
    watched.printer = () => Promise.reject(new Fault("device-hung", "hangs", { effectUnknown: false }));
    watched.folder.broken = true;
    watched.place.disk.setFull(true);
    await watched.pass(600_000);
    watched.signs();
    await watched.pass(30_000);
    expect(watched.signs()).toBe(3);
    watched.folder.broken = false;
    await watched.pass(10_000);
    expect(watched.status().devices).toContainEqual({ role: "printer", state: "failed", code: "device-hung" });
  });

  it("goes on serving where the manager's program is missing, or fails", async () => {
    const watched = new Watched();
    watched.programs.missing = true;
    await watched.open();
    await watched.pass(20_000);
    watched.programs.missing = false;
    watched.programs.exitCode = 1;
    await watched.pass(20_000);
    expect(watched.said.filter((word) => word.startsWith("manager-not-told")).length).toBeGreaterThan(2);
    expect(watched.status().v).toBe(1);
  });

  it("is held before it says so, names what is still under way, and is let go with the file", async () => {
    const watched = new Watched();
    await watched.open();
    await watched.pass(1_000);
    const act = Promise.withResolvers<string>();
    const under = watched.door.begin({ work: () => act.promise, refused: () => "held" });
    watched.card = true;
    watched.folder.files.set(HOLD_FILE, utf8(""));
    await watched.pass(1_001);
    expect(watched.status()).toMatchObject({ held: true, actsUnderWay: 1, cardPresent: true });
    expect(await watched.door.begin({ work: async () => "done", refused: () => "held" })).toBe("held");
    act.resolve("done");
    expect(await under).toBe("done");
    watched.lanes.push({ name: "north", state: "awaiting-return", taps: 1, passages: 0, refused: 0, fareFen: 0 });
    await watched.pass(1_000);
    expect(watched.status()).toMatchObject({ held: true, actsUnderWay: 1 });
    watched.folder.files.delete(HOLD_FILE);
    await watched.pass(1_001);
    expect(watched.status().held).toBe(false);
  });

  it("does not let a hold that somebody forgot shut the shop for ever", async () => {
    const watched = new Watched();
    await watched.open();
    watched.folder.files.set(HOLD_FILE, utf8(""));
    await watched.pass(HOLD_MAX_MS - 10_000);
    expect(watched.status().held).toBe(true);
    await watched.pass(20_000);
    expect(watched.status().held).toBe(false);
    expect(watched.said.filter((word) => word.startsWith("hold-given-up"))).toHaveLength(1);
    watched.folder.files.delete(HOLD_FILE);
    await watched.pass(2_000);
    watched.folder.files.set(HOLD_FILE, utf8(""));
    await watched.pass(2_000);
    expect(watched.status().held).toBe(true);
  });
});

describe("the service manager", () => {
  const parts = {
    processes: new NotedPrograms(),
    clock: new SimulatedPlace().clock,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };

  it("is nobody without its socket", () => expect(serviceManager({ WATCHDOG_USEC: "1000000" }, parts)).toBeUndefined());

  it.each([
    [undefined, undefined],
    ["0", undefined],
    ["-5", undefined],
    ["soon", undefined],
    ["20000000", 20_000],
  ])("waits for signs of life as WATCHDOG_USEC says: %s", (text, watchdogMs) => {
    expect(serviceManager({ NOTIFY_SOCKET: "@x", WATCHDOG_USEC: text }, parts)?.watchdogMs).toBe(watchdogMs);
  });
});
