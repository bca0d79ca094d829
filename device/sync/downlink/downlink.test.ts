/* Documents over the simulated broker under virtual time, against the simulated settlement host that was written from the page. */
import { describe, expect, it } from "vitest";
import { randomFaults } from "../../../simulators/broker/faults.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { toHex, utf8 } from "../../base/bytes.ts";
import { HOST_TIME_MS, makeDownlinkWorld, noise, REGION } from "./testing.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The only taker of a world with one stream. */
function worldOf(seed: string, options: Parameters<typeof makeDownlinkWorld>[2] = {}) {
  const world = makeDownlinkWorld(seed, ["list/city"], options);
  const [taker] = world.takers;
  if (taker === undefined) throw new Error("there is one taker");
  return { ...world, taker };
}

describe("documents: the way down", () => {
  it("a short one, a long one and one for the region reach their takers as they were", async () => {
    const world = makeDownlinkWorld("plain", ["lease", "fares", "list/city"]);
    const long = noise("long", 150_000);
    await world.boot();
    world.publish({ stream: "lease", body: utf8('{"id":"1"}') });
    world.publish({ stream: "list/city", body: long });
    world.publish({ stream: "fares", to: { region: REGION }, sealed: false, body: utf8("fares") });
    await world.runUntilTaken(MINUTE_MS);
    const taken = world.takers.flatMap(({ taken }) => taken);
    expect(taken.map(({ stream, sequence, base }) => [stream, sequence, base])).toEqual([
      ["lease", 1, 0],
      ["fares", 1, 0],
      ["list/city", 1, 0],
    ]);
    expect(taken.map(({ body }) => toHex(body))).toEqual(['{"id":"1"}', "fares", long].map((body) => toHex(typeof body === "string" ? utf8(body) : body)));
    expect(taken[0]?.issuedMs).toBeGreaterThanOrEqual(HOST_TIME_MS);
    await world.run(1_000);
    expect([...world.disk.files.keys()].sort()).toEqual(["head.fares", "head.lease", "head.list.city"]);
    expect(world.status()?.problems).toEqual([]);
  });

  it("a permission does not wait behind a long list", async () => {
    const world = makeDownlinkWorld("lease first", ["list/city", "lease"]);
    await world.boot();
    world.publish({ stream: "list/city", body: noise("list", 2_000_000) });
    await world.run(1_500);
    world.publish({ stream: "lease" });
    await world.run(1_000);
    expect(world.takers.map(({ newest }) => newest)).toEqual([0, 1]);
    await world.runUntilTaken(HOUR_MS);
    expect(world.takers.map(({ newest }) => newest)).toEqual([1, 1]);
  });

  it("continuations follow one another; one that continues something else is passed by until the whole comes", async () => {
    const { boot, publish, run, taker, runUntilTaken } = worldOf("chain");
    publish({ stream: "list/city", sequence: 3 });
    publish({ stream: "list/city", sequence: 4, base: 3 });
    publish({ stream: "list/city", sequence: 5, base: 4 });
    publish({ stream: "list/city", sequence: 7, base: 6 });
    await boot();
    await run(MINUTE_MS);
    expect(taker.taken.map(({ sequence }) => sequence)).toEqual([3, 4, 5]);
    publish({ stream: "list/city", sequence: 8 });
    await runUntilTaken(3 * MINUTE_MS);
    expect(taker.taken.map(({ sequence }) => sequence)).toEqual([3, 4, 5, 8]);
  });

  it("a taker that lacks the base after all gets the whole", async () => {
    const { boot, publish, taker, host, runUntilTaken } = worldOf("gap");
    taker.newest = 3;
    taker.script.push({ kind: "gap" });
    publish({ stream: "list/city", sequence: 2 });
    publish({ stream: "list/city", sequence: 4, base: 3 });
    await boot();
    await runUntilTaken(10_000);
    expect(host.documents.wants.get("T100001")?.streams[0]).toMatchObject({ have: 3, whole: true });
    publish({ stream: "list/city", sequence: 5 });
    await runUntilTaken(2 * MINUTE_MS);
    expect(taker.taken.map(({ sequence, base }) => [sequence, base])).toEqual([[5, 0]]);
  });

  it("a taker whose disk fails gets the same document again", async () => {
    const { boot, publish, taker, runUntilTaken, events } = worldOf("disk fault");
    taker.script.push("disk-fault", "disk-fault", "disk-fault");
    await boot();
    publish({ stream: "list/city" });
    await runUntilTaken(MINUTE_MS);
    expect(taker.taken.length).toBe(1);
    expect(events.filter((event) => event === "document-not-taken").length).toBe(3);
  });

  it("a refusal is told to the host by its word, survives a power cut, and the next document is another matter", async () => {
    const { boot, cut, publish, taker, host, run, runUntilTaken } = worldOf("refused");
    taker.script.push({ kind: "refused", reason: "entries-not-sorted" });
    await boot();
    publish({ stream: "list/city" });
    await run(10_000);
    expect(host.documents.wants.get("T100001")?.streams[0]).toMatchObject({ have: 0, refused: 1, reason: "entries-not-sorted" });
    cut();
    await boot();
    await run(3 * MINUTE_MS);
    expect([taker.taken.length, host.documents.wants.get("T100001")?.streams[0]?.reason]).toEqual([0, "entries-not-sorted"]);
    publish({ stream: "list/city" });
    await runUntilTaken(2 * MINUTE_MS);
    expect(taker.taken.map(({ sequence }) => sequence)).toEqual([2]);
  });

  it("live requests hold back the asking, for a bounded time", async () => {
    const { boot, publish, run, taker, host, clock } = worldOf("live");
    host.faults.dropReplyProbability = 1;
    const sync = await boot();
    await run(15_000);
    const wants = () => host.counters.get("want") ?? 0;
    const waiting = clock.resolve(sync.medicalHost.exchange(utf8("{}"), { timeoutMs: 30_000, signal: new AbortController().signal }));
    publish({ stream: "list/city", body: noise("live", 1_000_000) });
    const before = wants();
    await run(20_000);
    expect(wants() - before).toBeLessThanOrEqual(6);
    expect(taker.newest).toBe(0);
    await waiting;
    await run(MINUTE_MS);
    expect(taker.newest).toBe(1);
  });
});

describe("documents: what must not be believed", () => {
  it.each([
    ["wrongSignatureNextHeads", "signature-wrong"],
    ["otherTerminalNextHeads", "other-terminal"],
    ["expiredNextHeads", "expired"],
    ["truncateNextParts", "part-wrong"],
    ["foreignNextParts", "part-wrong"],
  ] as const)("%s: counted as %s, and the true one is taken in the end", async (fault, reason) => {
    const { boot, publish, taker, host, status, runUntilTaken } = worldOf(fault);
    host.faults[fault] = 2;
    await boot();
    publish({ stream: "list/city", body: noise(fault, 120_000) });
    await runUntilTaken(10 * MINUTE_MS);
    expect(taker.taken.map(({ body }) => toHex(body))).toEqual([toHex(noise(fault, 120_000))]);
    expect(status()?.problems.find((problem) => problem.reason === reason)?.count).toBeGreaterThan(0);
  });

  it("two documents of one number: an alarm, the first stands, and the host is told", async () => {
    const { boot, publish, taker, host, events, run, runUntilTaken } = worldOf("twins");
    host.faults.twinNextHeads = 1;
    await boot();
    publish({ stream: "list/city" });
    await runUntilTaken(2 * MINUTE_MS);
    expect(events).toContain("document-equivocation");
    expect(taker.taken.length).toBe(1);
    await run(2 * MINUTE_MS);
    expect(host.documents.wants.get("T100001")?.problems["equivocation"]).toBe(1);
  });

  it("another region's document is passed by", async () => {
    const { boot, broker, publish, taker, host, run, status } = worldOf("region");
    const heard: Uint8Array[] = [];
    broker.link("ear").subscribe("pos/v1/+/dn/list", ({ payload }) => heard.push(payload));
    await boot();
    await run(5_000);
    publish({ stream: "list/city", to: { region: "440300" } });
    await run(MINUTE_MS);
    expect([heard.length, taker.newest, host.counters.get("want-discarded")]).toEqual([0, 0, undefined]);
    expect(status()?.problems).toEqual([]);
  });

  it("old documents played again change nothing, also those that the terminal never had", async () => {
    const { boot, broker, publish, taker, clock, run, runUntilTaken, status } = worldOf("replay");
    const heard: { topic: string; payload: Uint8Array }[] = [];
    broker.link("ear").subscribe("pos/v1/+/dn/#", (message) => heard.push(message));
    await boot();
    for (const sequence of [1, 2, 3]) {
      publish({ stream: "list/city", sequence });
      await runUntilTaken(2 * MINUTE_MS);
    }
    const liar = broker.link("liar");
    await run(5_000);
    for (const { topic, payload } of [...heard]) {
      await clock.resolve(liar.publish(topic, payload, { qos: 0, timeoutMs: 1_000, signal: new AbortController().signal }));
      await run(20);
    }
    await run(MINUTE_MS);
    expect(taker.taken.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(status()?.problems).toEqual([]);
  });

  it("sizes beyond what is allowed cost nothing and are told", async () => {
    const { boot, publish, host, run, disk } = worldOf("large", { documentBytesMax: 100_000 });
    await boot();
    publish({ stream: "list/city", body: noise("large", 100_001) });
    await run(MINUTE_MS);
    expect(host.documents.wants.get("T100001")?.streams[0]).toMatchObject({ refused: 1, reason: "too-large" });
    expect(disk.files.size).toBe(0);
  });

  it("what would not fit the disk beside another one waits for it", async () => {
    const world = makeDownlinkWorld("room", ["list/city", "list/province"], { diskBytesMax: 20 * 36_864 });
    await world.boot();
    world.publish({ stream: "list/city", body: noise("one", 500_000) });
    await world.run(300);
    world.publish({ stream: "list/province", body: noise("other", 500_000) });
    await world.run(300);
    expect(world.status()?.streams.map(({ taking }) => taking)).toEqual([1, undefined]);
    await world.runUntilTaken(10 * MINUTE_MS);
    expect(world.takers.map(({ newest }) => newest)).toEqual([1, 1]);
  });
});

describe("documents: power, disk and network", () => {
  it("after a power cut it goes on where it was: no part is sent twice", async () => {
    const { boot, broker, cut, publish, run, taker, runUntilTaken, status } = worldOf("resume");
    let parts = 0;
    broker.link("ear").subscribe("pos/v1/+/dn/list", ({ payload }) => {
      if (new TextDecoder().decode(payload).includes('"index"')) parts += 1;
    });
    await boot();
    publish({ stream: "list/city", body: noise("resume", 20 * 32_768) });
    await run(900);
    const missing = status()?.streams[0]?.missing ?? 0;
    expect(missing).toBeGreaterThan(0);
    expect(missing).toBeLessThan(20);
    cut();
    await boot();
    expect(await runUntilTaken(10 * MINUTE_MS)).toBe("done");
    expect(taker.taken.map(({ body }) => body.length)).toEqual([20 * 32_768]);
    // Those on their way when the power went come once more.
    expect(parts).toBeLessThanOrEqual(24);
  });

  it("power cut at each change of the disk, before, during and after: the document is taken once", async () => {
    const cuts = ["before", "during", "after"] as const;
    let changesSeen = 0;
    for (let at = 0; at < 12; at += 1) {
      for (const when of cuts) {
        const { boot, publish, disk, taker, cut, runUntilTaken } = worldOf(`cut ${at} ${when}`);
        let change = 0;
        let struck = false;
        disk.onChange(() => {
          change += 1;
          changesSeen = Math.max(changesSeen, change);
          if (change - 1 !== at || struck) return { kind: "go" };
          struck = true;
          return { kind: "cut", when };
        });
        let dark = false;
        disk.onCut(() => {
          dark = true;
        });
        await boot();
        publish({ stream: "list/city", body: noise("cuts", 4 * 32_768) });
        await runUntilTaken(20_000);
        if (dark) {
          cut();
          await boot();
          await runUntilTaken(10 * MINUTE_MS);
        }
        expect([at, when, taker.taken.map(({ sequence }) => sequence)]).toEqual([at, when, [1]]);
      }
    }
    expect(changesSeen).toBeGreaterThanOrEqual(6);
  });

  it("power cut while the taker works: it decides whether the document comes again", async () => {
    for (const durable of [false, true]) {
      const { boot, cut, publish, taker, run, runUntilTaken } = worldOf(`taking ${durable}`);
      taker.script.push("never");
      await boot();
      publish({ stream: "list/city" });
      await run(10_000);
      cut();
      if (durable) taker.newest = 1;
      await boot();
      await runUntilTaken(2 * MINUTE_MS);
      await run(2 * MINUTE_MS);
      expect(taker.taken.length).toBe(durable ? 0 : 1);
      expect(taker.newest).toBe(1);
    }
  });

  it("a disk that is full or fails for a while costs time only", async () => {
    const { boot, publish, disk, taker, runUntilTaken, status } = worldOf("full");
    let changes = 0;
    disk.onChange(() => {
      changes += 1;
      if (changes === 1 || changes === 4) return { kind: "full" };
      return changes === 6 ? { kind: "broken", written: true } : { kind: "go" };
    });
    await boot();
    publish({ stream: "list/city", body: noise("full", 6 * 32_768) });
    await runUntilTaken(10 * MINUTE_MS);
    expect(taker.taken.length).toBe(1);
    expect(status()?.problems.map(({ reason }) => reason)).toEqual(["store-full", "store-broken"]);
  });

  it("a part that was damaged on the disk is fetched again", async () => {
    const { boot, publish, disk, taker, cut, run, runUntilTaken } = worldOf("damaged");
    await boot();
    publish({ stream: "list/city", body: noise("damaged", 12 * 32_768) });
    await run(600);
    cut();
    const name = [...disk.files.keys()].find((file) => file.startsWith("part."));
    disk.damage(name ?? "", utf8("dust"));
    disk.damage("head.lease", utf8("{"));
    await boot();
    await runUntilTaken(10 * MINUTE_MS);
    expect(taker.taken.map(({ body }) => toHex(body))).toEqual([toHex(noise("damaged", 12 * 32_768))]);
  });

  it("a newer whole replaces one that is half here, and nothing of that is left", async () => {
    const { boot, publish, disk, taker, run, runUntilTaken } = worldOf("replaced");
    await boot();
    publish({ stream: "list/city", body: noise("first", 30 * 32_768) });
    await run(1_000);
    publish({ stream: "list/city", body: noise("second", 2 * 32_768) });
    await runUntilTaken(5 * MINUTE_MS);
    await run(5_000);
    expect(taker.taken.map(({ sequence }) => sequence)).toEqual([2]);
    expect([...disk.files.keys()]).toEqual(["head.list.city"]);
  });

  it("the time of a document ends while it is fetched: it is not taken, and the host knows why", async () => {
    const { boot, publish, taker, host, broker, run } = worldOf("late");
    await boot();
    publish({ stream: "list/city", body: noise("late", 40 * 32_768), validMs: 30_000 });
    await run(1_000);
    broker.cut("T100001");
    await run(MINUTE_MS);
    broker.restore("T100001");
    await run(3 * MINUTE_MS);
    expect(taker.taken.length).toBe(0);
    expect(host.documents.wants.get("T100001")?.streams[0]).toMatchObject({ refused: 1, reason: "expired" });
  });

  it.each(Array.from({ length: 10 }, (_, index) => [`day ${index + 1}`]))(
    "%s: whatever is lost, doubled, swapped or cut off, the newest is taken, each once",
    async (seed) => {
      const world = makeDownlinkWorld(seed, ["lease", "list/city"]);
      const { draw, broker, host } = world;
      broker.setFaults(randomFaults(draw.stream("faults"), { lose: 0.1, loseAcknowledged: 0.1, duplicate: 0.3, delay: 0.3, delayMsMax: 4_000 }));
      Object.assign(host.faults, { dropDocumentProbability: 0.2, duplicateDocumentProbability: 0.2, swapDocumentProbability: 0.2 });
      await world.boot();
      for (let turn = 0; turn < 12; turn += 1) {
        const stream = draw.pick(["lease", "list/city"]);
        const newest = Math.max(0, ...host.documents.documents.filter((made) => made.stream === stream).map(({ sequence }) => sequence));
        const base = newest > 0 && draw.between(0, 2) > 0 ? newest : 0;
        world.publish({ stream, base, body: noise(`${seed} ${turn}`, draw.between(1, 4 * 32_768)) });
        const strike = draw.between(0, 5);
        if (strike === 0) world.cut();
        if (strike === 0) await world.boot();
        if (strike === 1) host.faults.truncateNextParts = 2;
        if (strike === 2) host.faults.wrongSignatureNextHeads = 1;
        if (strike === 3) world.takers[1]?.script.push("disk-fault");
        await world.run(draw.between(100, 40_000));
      }
      broker.setFaults(randomFaults(new SeededRandomness("calm"), {}));
      Object.assign(host.faults, { dropDocumentProbability: 0, duplicateDocumentProbability: 0, swapDocumentProbability: 0 });
      expect(await world.runUntilTaken(20 * MINUTE_MS)).toBe("done");
      for (const { taken } of world.takers) {
        const sequences = taken.map(({ sequence }) => sequence);
        expect(sequences).toEqual([...new Set(sequences)].sort((one, other) => one - other));
      }
    },
  );
});
