/* Live requests over the simulated broker: answered, surely not sent, or unknown, and nothing in between. */
import { describe, expect, it } from "vitest";
import { type BrokerFaults, NO_FAULTS } from "../../../simulators/broker/faults.ts";
import { SimulatedBroker } from "../../../simulators/broker/in-process.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { type Bytes, toHex, utf8 } from "../../base/bytes.ts";
import { FrameAssembler, parseFrame, splitIntoFrames } from "../../codec/frames.ts";
import { parseRequest } from "../../codec/upload.ts";
import { openInlineSealer } from "../batch/seal-inline.ts";
import { openSync } from "../sync.ts";
import { KEYS, listeningLog, MemoryJournal, modelReply, serveHost, suite, TID } from "../testing.ts";
import { LIVE_REQUESTS_MAX, LIVE_WAITING_MAX } from "./live.ts";

const HOST_TIME_MS = 1_790_000_000_000;
const text = (bytes: Bytes) => new TextDecoder().decode(bytes);
const within = (timeoutMs: number, signal = new AbortController().signal) => ({ timeoutMs, signal });

async function makeWorld(seed: string) {
  const clock = new VirtualClock(5);
  const broker = new SimulatedBroker(clock, new SeededRandomness(`${seed}/broker`));
  const link = broker.link("host");
  const host = serveHost(link, () => HOST_TIME_MS + clock.monotonicMs());
  const { log, reasons } = listeningLog();
  const sync = openSync({
    journal: new MemoryJournal(),
    link: broker.link(TID),
    clock,
    randomness: new SeededRandomness(`${seed}/sync`),
    suite,
    keys: KEYS,
    sealer: openInlineSealer(suite, KEYS),
    log,
  });
  await clock.resolve(sync.start());
  await clock.resolve(clock.sleep(15_000));
  const exchange = (timeoutMs = 10_000, signal?: AbortSignal) => clock.resolve(sync.medicalHost.exchange(utf8('{"infno":"2101"}'), within(timeoutMs, signal)));
  return { clock, broker, link, host, sync, reasons, exchange };
}

/** Loses what is published to topics with this end, unacknowledged or acknowledged. */
function losing(end: string, verdict: "lose" | "lose-acknowledged", times = Number.POSITIVE_INFINITY): BrokerFaults {
  let left = times;
  return {
    ...NO_FAULTS,
    onPublish: ({ topic }) => {
      if (!topic.endsWith(end) || left <= 0) return "deliver";
      left -= 1;
      return verdict;
    },
  };
}

describe("live requests", () => {
  it("answered: the host's own words come back", async () => {
    const { host, exchange } = await makeWorld("answered");
    host.answer = (plain) => utf8(`${text(plain)}!`);
    const reply = await exchange();
    expect(reply.kind === "answered" && text(reply.body)).toBe('{"infno":"2101"}!');
  });

  it("expired: the head-end's promise is a certain no", async () => {
    const { host, exchange } = await makeWorld("expired");
    host.answer = () => "expired";
    expect(await exchange()).toEqual({ kind: "not-sent", reason: "expired" });
  });

  it("a silent host: unknown at the deadline, not before and not after", async () => {
    const { clock, exchange } = await makeWorld("silent");
    const startMs = clock.monotonicMs();
    expect(await exchange(7_000)).toEqual({ kind: "unknown", reason: "timeout" });
    expect(clock.monotonicMs() - startMs).toBe(7_000);
  });

  it("a silent host is asked again under the same number, and the answer to the repeat counts", async () => {
    const { host, exchange } = await makeWorld("repeat");
    let asked = 0;
    host.answer = () => {
      asked += 1;
      return asked < 3 ? undefined : utf8("late");
    };
    const reply = await exchange(20_000);
    expect(reply.kind === "answered" && text(reply.body)).toBe("late");
    expect(new Set(host.forwarded).size).toBe(1);
  });

  it.each([["lose"], ["lose-acknowledged"]] as const)("a request that the broker loses (%s) is sent again", async (verdict) => {
    const { broker, host, exchange } = await makeWorld(`lost ${verdict}`);
    host.answer = () => utf8("yes");
    broker.setFaults(losing("/up/req", verdict, 1));
    expect((await exchange(30_000)).kind).toBe("answered");
  });

  it("a lost reply is repeated by the host and nothing is forwarded twice", async () => {
    const { broker, host, exchange } = await makeWorld("reply lost");
    host.answer = () => utf8("yes");
    broker.setFaults(losing("/dn/rsp", "lose-acknowledged", 2));
    expect((await exchange(30_000)).kind).toBe("answered");
    expect(host.forwarded).toHaveLength(1);
  });

  it("without a link: not sent", async () => {
    const { broker, exchange } = await makeWorld("offline");
    broker.down();
    expect(await exchange()).toEqual({ kind: "not-sent", reason: "host-absent" });
  });

  it("without the host: not sent, although the broker is there", async () => {
    const { clock, host, exchange } = await makeWorld("absent");
    host.present = false;
    await clock.resolve(clock.sleep(45_000));
    expect(await exchange()).toEqual({ kind: "not-sent", reason: "host-absent" });
  });

  it("the link breaks while the request is under way: unknown", async () => {
    const { clock, broker, sync } = await makeWorld("breaks");
    const reply = sync.medicalHost.exchange(utf8("{}"), within(10_000));
    await clock.resolve(clock.sleep(2));
    broker.down();
    expect(await clock.resolve(reply)).toEqual({ kind: "unknown", reason: "timeout" });
  });

  it("cancelled before: not sent; cancelled after: unknown", async () => {
    const { clock, sync, exchange } = await makeWorld("cancelled");
    const cancel = new AbortController();
    const reply = sync.medicalHost.exchange(utf8("{}"), within(10_000, cancel.signal));
    await clock.resolve(clock.sleep(20));
    cancel.abort();
    expect(await clock.resolve(reply)).toEqual({ kind: "unknown", reason: "cancelled" });
    expect(await exchange(1_000, cancel.signal)).toEqual({ kind: "not-sent", reason: "cancelled" });
  });

  it("stopped: what was sent is unknown", async () => {
    const { clock, sync } = await makeWorld("stopped");
    const reply = sync.medicalHost.exchange(utf8("{}"), within(10_000));
    await clock.resolve(clock.sleep(20));
    sync.stop();
    expect(await clock.resolve(reply)).toEqual({ kind: "unknown", reason: "closed" });
  });

  it("not-after never lies beyond the caller's deadline in host time", async () => {
    const { clock, link, sync } = await makeWorld("not-after");
    const seen: number[] = [];
    link.subscribe(`pos/v1/${TID}/up/req`, ({ payload }) => {
      const parsed = parseRequest(payload);
      if (parsed.ok) seen.push(parsed.message.notAfterMs);
    });
    const deadlineMs = HOST_TIME_MS + clock.monotonicMs() + 3_000;
    await clock.resolve(sync.medicalHost.exchange(utf8("{}"), within(3_000)));
    expect(seen.length).toBeGreaterThan(0);
    for (const notAfterMs of seen) {
      expect(notAfterMs).toBeLessThanOrEqual(deadlineMs);
      expect(notAfterMs).toBeGreaterThan(deadlineMs - 500);
    }
  });

  it("a request that arrives late is answered as expired and not forwarded", async () => {
    const { broker, host, exchange } = await makeWorld("late");
    host.answer = () => utf8("yes");
    broker.setFaults({ ...NO_FAULTS, onDelivery: ({ topic }) => [topic.endsWith("/up/req") ? 4_000 : 0] });
    expect((await exchange(3_000)).kind).toBe("unknown");
    expect(host.forwarded).toEqual([]);
  });

  it("more at once than the bound: the others wait, within their own time, and what never got its turn is surely not sent", async () => {
    const { clock, sync } = await makeWorld("many");
    const replies = await clock.resolve(
      Promise.all(Array.from({ length: LIVE_REQUESTS_MAX + LIVE_WAITING_MAX + 3 }, () => sync.medicalHost.exchange(utf8("{}"), within(5_000)))),
    );
    const told = replies.map((reply) => (reply.kind === "answered" ? "answered" : `${reply.kind} ${reply.reason}`));
    const count = (words: string) => told.filter((each) => each === words).length;
    expect([count("unknown timeout"), count("not-sent timeout"), count("not-sent queue-full")]).toEqual([LIVE_REQUESTS_MAX, LIVE_WAITING_MAX, 3]);
  });

  it("fifty counters at once are all answered, no more than the bound under way", async () => {
    const { clock, host, sync } = await makeWorld("fifty");
    host.answer = (plain) => plain;
    const replies = await clock.resolve(Promise.all(Array.from({ length: 50 }, (_, at) => sync.medicalHost.exchange(utf8(String(at)), within(30_000)))));
    expect(replies.map((reply) => (reply.kind === "answered" ? text(reply.body) : reply.reason))).toEqual(Array.from({ length: 50 }, (_, at) => String(at)));
    expect(host.forwarded).toHaveLength(50);
  });

  it("who is waiting when the terminal stops, or gives up, is surely not sent", async () => {
    const { clock, sync } = await makeWorld("waiting");
    const stop = new AbortController();
    const busy = Array.from({ length: LIVE_REQUESTS_MAX }, () => sync.medicalHost.exchange(utf8("{}"), within(5_000)));
    const gone = sync.medicalHost.exchange(utf8("{}"), within(5_000, stop.signal));
    const stopped = sync.medicalHost.exchange(utf8("{}"), within(5_000));
    await clock.resolve(clock.sleep(100));
    stop.abort();
    expect(await clock.resolve(gone)).toEqual({ kind: "not-sent", reason: "cancelled" });
    sync.stop();
    expect(await clock.resolve(stopped)).toEqual({ kind: "not-sent", reason: "closed" });
    expect(new Set((await clock.resolve(Promise.all(busy))).map(({ kind }) => kind))).toEqual(new Set(["unknown"]));
  });

  it.each<[string, (reqId: string) => Bytes, "unknown", string, string]>([
    [
      "signed by another",
      (reqId) =>
        utf8(
          text(
            modelReply(
              serveHost(new SimulatedBroker(new VirtualClock(0), new SeededRandomness("x")).link("x"), () => 0).model,
              { reqId, hostTimeMs: 1 },
              utf8("x"),
            ),
          ).replace('"hostTimeMs":1', '"hostTimeMs":2'),
        ),
      "unknown",
      "timeout",
      "signature-wrong",
    ],
    [
      "of a body that does not hash to its signed value",
      (reqId) => {
        const { model } = serveHost(new SimulatedBroker(new VirtualClock(0), new SeededRandomness("x")).link("x"), () => 0);
        const [one, other] = ["one", "other"].map(
          (word) => JSON.parse(text(modelReply(model, { reqId, hostTimeMs: HOST_TIME_MS }, utf8(word)))) as Record<string, unknown>,
        );
        return utf8(JSON.stringify({ ...one, body: other?.["body"] }));
      },
      "unknown",
      "host-answer-malformed",
      "body-wrong",
    ],
    ["that is no JSON", () => utf8("{"), "unknown", "timeout", "not-json"],
  ])("a reply %s is refused by name and answers nothing", async (_, forge, kind, reason, named) => {
    const { clock, link, sync, reasons } = await makeWorld(named);
    link.subscribe(`pos/v1/${TID}/up/req`, ({ payload }) => {
      const parsed = parseRequest(payload);
      if (parsed.ok) void link.publish(`pos/v1/${TID}/dn/rsp`, forge(parsed.message.reqId), { ...within(1_000), qos: 0 });
    });
    expect(await clock.resolve(sync.medicalHost.exchange(utf8("{}"), within(3_000)))).toEqual({ kind, reason });
    expect(reasons).toContain(named);
  });
});

describe("live requests in frames", () => {
  const large = new Uint8Array(100_000).map((_, at) => 97 + (at % 26));

  it("a large request arrives whole, a large reply comes back whole", async () => {
    const { clock, link, host, sync } = await makeWorld("large");
    const assembler = new FrameAssembler((payload) => suite.sm3(payload));
    host.present = true;
    link.subscribe(`pos/v1/${TID}/up/req`, ({ payload }) => {
      const frame = parseFrame(payload);
      if (!frame.ok || frame.message === undefined) return;
      const outcome = assembler.add(frame.message, clock.monotonicMs());
      if (outcome.kind !== "whole") return;
      const parsed = parseRequest(outcome.payload);
      if (!parsed.ok) return;
      const reply = modelReply(host.model, { reqId: parsed.message.reqId, hostTimeMs: HOST_TIME_MS }, large);
      for (const message of splitIntoFrames(reply, new Uint8Array(16), suite.sm3(reply)))
        void link.publish(`pos/v1/${TID}/dn/rsp`, message, { ...within(1_000), qos: 0 });
    });
    const reply = await clock.resolve(sync.medicalHost.exchange(large, within(10_000)));
    expect(reply.kind === "answered" && toHex(suite.sm3(reply.body))).toBe(toHex(suite.sm3(large)));
  });

  it("what exceeds 64 frames is surely not sent", async () => {
    const { clock, sync } = await makeWorld("too large");
    expect(await clock.resolve(sync.medicalHost.exchange(new Uint8Array(1_100_000), within(5_000)))).toEqual({ kind: "not-sent", reason: "payload-too-large" });
  });

  it("the first frame lost with the link: a set that can never be whole is surely not sent", async () => {
    const { clock, broker, sync } = await makeWorld("half");
    const reply = sync.medicalHost.exchange(large, within(10_000));
    await clock.resolve(clock.sleep(12));
    broker.down();
    const outcome = await clock.resolve(reply);
    expect(outcome).toEqual({ kind: "not-sent", reason: "link-down" });
  });
});
