/* What the host may change and order, joined: a new start waits until nothing is under way, an end waits until every record is receipted. */
import { beforeEach, describe, expect, it } from "vitest";
import { SimulatedStorageDisk } from "../../simulators/disk/storage.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { utf8 } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { SILENT } from "../base/log.ts";
import { parseTerminalConfig } from "../config/schema.ts";
import { exampleConfig } from "../config/testing.ts";
import type { DocumentTaker } from "../txn/hosts.ts";
import type { EntryDraft, JournalEntry } from "../txn/journal/types.ts";
import { openRemote, type WatchParts } from "./remote.ts";

let disk = new SimulatedStorageDisk();
beforeEach(() => {
  disk = new SimulatedStorageDisk();
});

function stored() {
  const parsed = parseTerminalConfig(exampleConfig());
  if (!parsed.ok) throw new Error("the example is valid");
  return parsed.config;
}

async function start({ claimed = true, journalFails = () => false }: { readonly claimed?: boolean; readonly journalFails?: () => boolean } = {}) {
  const levels: string[] = [];
  const told: EntryDraft[] = [];
  const remote = await openRemote(stored(), { storage: disk.open(), log: { ...SILENT, setLevel: (level) => levels.push(level) }, claimed });
  const urged: true[] = [];
  const takers = await remote.takers({
    journal: {
      append: (draft) => {
        if (journalFails()) return Promise.reject(new Fault("store-full", "no space", { effectUnknown: false }));
        told.push(draft);
        // Nobody reads it here.
        return Promise.resolve({} as JournalEntry);
      },
    },
    urge: () => urged.push(true),
  });
  const take = (stream: string, sequence: number, body: object) =>
    taker(takers, stream).take({ stream, sequence, base: 0, issuedMs: 1, body: utf8(JSON.stringify(body)) });
  return { remote, take, levels, told, urged };
}

function taker(takers: readonly DocumentTaker[], stream: string): DocumentTaker {
  const found = takers.find((one) => one.stream === stream);
  if (found === undefined) throw new Error(`nobody takes ${stream}`);
  return found;
}

/** Watches for so many seconds; what was asked for, with its second. */
async function watched(remote: Awaited<ReturnType<typeof openRemote>>, seconds: number, place: (second: () => number) => Partial<WatchParts>) {
  const clock = new VirtualClock(0);
  const over = new AbortController();
  const events: string[] = [];
  const second = () => Math.round(clock.monotonicMs() / 1000);
  const usual: WatchParts = {
    clock,
    signal: over.signal,
    trustedMs: () => undefined,
    busy: () => false,
    settled: () => Promise.resolve(false),
    close: () => events.push("close"),
    startAnew: () => events.push(`start anew at ${second()}`),
  };
  const watching = remote.watch({ ...usual, ...place(second) });
  void clock.sleep(seconds * 1000).then(() => over.abort());
  await clock.resolve(watching);
  return [...new Set(events)];
}

describe("orders", () => {
  it("of a new start wait for what is under way", async () => {
    const { remote, take, told } = await start();
    await take("commands", 1, { commands: [{ id: "1", do: "restart" }] });
    expect(await watched(remote, 60, (second) => ({ busy: () => second() < 10 }))).toEqual(["start anew at 10"]);
    expect(told.map(({ detail }) => detail["outcome"])).toEqual(["done"]);
  });

  it("of this machine itself wait too: other keys interrupt nobody who pays", async () => {
    const { remote } = await start();
    remote.startSoon();
    expect(await watched(remote, 60, (second) => ({ busy: () => second() < 10 }))).toEqual(["start anew at 10"]);
  });

  it("of drain and log reach the running terminal", async () => {
    const { take, levels, urged } = await start();
    await take("commands", 1, {
      commands: [
        { id: "1", do: "log-level", level: "error" },
        { id: "2", do: "drain" },
      ],
    });
    expect([levels, urged]).toEqual([["error"], [true]]);
  });

  it("of the end close the doors at once and come true when everything is settled, also after a start", async () => {
    const first = await start();
    expect(first.remote.ending).toBe(false);
    await first.take("commands", 1, { commands: [{ id: "1", do: "decommission" }] });
    expect(await watched(first.remote, 5, () => ({}))).toEqual(["close"]);
    const second = await start();
    expect(second.remote.ending).toBe(true);
    expect(await watched(second.remote, 60, (at) => ({ settled: () => Promise.resolve(at() >= 20) }))).toEqual(["close", "start anew at 20"]);
  });
});

describe("a disk that is full", () => {
  it("neither ends the service for an order that cannot be told, nor starts it again and again", async () => {
    const first = await start({ journalFails: () => true });
    const orders = [
      { id: "1", do: "restart" },
      { id: "2", do: "reload-keys" },
    ];
    await expect(first.take("commands", 1, { commands: orders })).rejects.toMatchObject({ code: "store-full" });
    let full = true;
    const second = await start({ journalFails: () => full });
    expect(await watched(second.remote, 600, () => ({}))).toEqual([]);
    full = false;
    expect(await watched(second.remote, 600, () => ({}))).toEqual(["start anew at 0"]);
    expect(second.told).toHaveLength(2);
    expect(await watched((await start()).remote, 600, () => ({}))).toEqual([]);
  });

  it("keeps no terminal from its start, nor from its parameters", async () => {
    const first = await start();
    await first.take("parameters", 1, { id: "winter", validFromMs: 0, set: { limits: { amountPerSaleFen: 77 } } });
    await watched(first.remote, 5, () => ({ trustedMs: () => 1 }));
    disk.onChange(() => ({ kind: "full" }));
    const second = await start();
    expect(second.remote.config.limits.amountPerSaleFen).toBe(77);
    expect(await watched(second.remote, 600, () => ({ trustedMs: () => 1 }))).toEqual([]);
  });
});

describe("a machine that was never claimed", () => {
  it("refuses to end by order, and goes on", async () => {
    const { remote, take, told } = await start({ claimed: false });
    await take("commands", 1, { commands: [{ id: "1", do: "decommission" }] });
    expect(told.map(({ detail }) => detail["reason"])).toEqual(["not-claimed"]);
    expect(await watched(remote, 60, () => ({ settled: () => Promise.resolve(true) }))).toEqual([]);
    expect((await start({ claimed: false })).remote.ending).toBe(false);
  });
});

describe("parameters", () => {
  it("ask for a new start when their day has come by trusted time, and are in the configuration of that start", async () => {
    const first = await start();
    await first.take("parameters", 1, { id: "winter", validFromMs: 30_000, set: { limits: { amountPerSaleFen: 77 } } });
    expect(await watched(first.remote, 20, () => ({}))).toEqual([]);
    expect(await watched(first.remote, 90, (second) => ({ trustedMs: () => second() * 1000 }))).toEqual(["start anew at 30"]);
    const second = await start();
    expect([second.remote.config.limits.amountPerSaleFen, second.remote.parameters]).toEqual([77, "winter"]);
  });
});
