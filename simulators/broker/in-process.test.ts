import { describe, expect, it } from "vitest";
import { utf8 } from "../../device/base/bytes.ts";
import { messageLinkContract } from "../../device/base/contract/message-link.ts";
import { isFault } from "../../device/base/fault.ts";
import { SeededRandomness } from "../world/seeded-randomness.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { type BrokerFaults, type FaultRates, NO_FAULTS, randomFaults } from "./faults.ts";
import { SimulatedBroker, topicMatches } from "./in-process.ts";

messageLinkContract("broker in process under virtual time", () => {
  const clock = new VirtualClock(0);
  const broker = new SimulatedBroker(clock, new SeededRandomness("contract"), { allows: (_, topic) => !topic.includes("forbidden") });
  return Promise.resolve({
    clock,
    terminal: broker.link("t1"),
    host: broker.link("host"),
    up: "pos/v1/t1/up/txn",
    down: "pos/v1/t1/dn/rcpt",
    forbidden: "pos/v1/t1/up/forbidden",
    breakBroker: () => Promise.resolve(broker.down()),
    mendBroker: () => Promise.resolve(broker.up()),
    run: (work) => clock.resolve(work),
    close: () => Promise.resolve(),
  });
});

describe("topicMatches", () => {
  it.each([
    ["a/b", "a/b", true],
    ["a/b", "a/c", false],
    ["a/b", "a/b/c", false],
    ["a/b/c", "a/b", false],
    ["a/+", "a/b", true],
    ["a/+", "a/b/c", false],
    ["a/#", "a/b/c", true],
    ["#", "a", true],
    ["+/v1/+/up/txn", "pos/v1/t/up/txn", true],
    ["pos/v1/+/up/#", "pos/v1/t/dn/hb", false],
  ])("%s and %s: %s", (filter, topic, matches) => {
    expect(topicMatches(filter, topic)).toBe(matches);
  });
});

const limits = () => ({ timeoutMs: 1_000, signal: new AbortController().signal });

/** Publishes `count` numbered messages at QoS 1 under `faults` and tells what came of them. */
async function play(
  faults: BrokerFaults,
  count: number,
): Promise<{ readonly received: readonly number[]; readonly acknowledged: number; readonly timedOut: number }> {
  const clock = new VirtualClock(0);
  const broker = new SimulatedBroker(clock, new SeededRandomness("play"));
  const [terminal, host] = [broker.link("t"), broker.link("h")];
  const received: number[] = [];
  let acknowledged = 0;
  let timedOut = 0;
  host.subscribe("x", ({ payload }) => {
    received.push(payload[0] ?? -1);
  });
  await clock.resolve(
    (async () => {
      await clock.sleep(3_000);
      broker.setFaults(faults);
      for (let index = 0; index < count; index += 1) {
        try {
          await terminal.publish("x", Uint8Array.of(index), { ...limits(), qos: 1 });
          acknowledged += 1;
        } catch (error) {
          if (!isFault(error, "timeout") || !error.effectUnknown) throw error;
          timedOut += 1;
        }
      }
      await clock.sleep(10_000);
    })(),
  );
  return { received, acknowledged, timedOut };
}

describe("SimulatedBroker faults", () => {
  const drawn = (rates: FaultRates) => randomFaults(new SeededRandomness("faults"), rates);
  const whole = Array.from({ length: 40 }, (_, index) => index);

  it("none: everything arrives once and in order", async () => {
    expect(await play(NO_FAULTS, 40)).toEqual({ received: whole, acknowledged: 40, timedOut: 0 });
  });

  it("lose: what is lost is not acknowledged", async () => {
    const { received, acknowledged, timedOut } = await play(drawn({ lose: 0.4 }), 40);
    expect(received).toHaveLength(acknowledged);
    expect(timedOut).toBeGreaterThan(5);
  });

  it("lose acknowledged: an acknowledgement is no receipt", async () => {
    const { received, acknowledged } = await play(drawn({ loseAcknowledged: 0.4 }), 40);
    expect(acknowledged).toBe(40);
    expect(received.length).toBeLessThan(35);
  });

  it("lose delivery by topic: only that topic", async () => {
    expect((await play(drawn({ loseDelivery: { x: 1 } }), 10)).received).toEqual([]);
    expect((await play(drawn({ loseDelivery: { "dn/rcpt": 1 } }), 10)).received).toHaveLength(10);
  });

  it("duplicate: some arrive twice, none is missing", async () => {
    const { received } = await play(drawn({ duplicate: 0.5 }), 40);
    expect(received.length).toBeGreaterThan(50);
    expect([...new Set(received)]).toEqual(whole);
  });

  it("delay: messages overtake each other, none is missing", async () => {
    const { received } = await play(drawn({ delay: 0.5, delayMsMax: 500 }), 40);
    expect(received).not.toEqual(whole);
    expect([...received].sort((left, right) => left - right)).toEqual(whole);
  });

  it("the same seed gives the same day", async () => {
    const rates = { lose: 0.1, duplicate: 0.2, delay: 0.3, loseAcknowledged: 0.1 };
    expect(await play(drawn(rates), 40)).toEqual(await play(drawn(rates), 40));
  });
});

describe("SimulatedBroker connections", () => {
  it("a second client with the same identifier puts the first out", async () => {
    const clock = new VirtualClock(0);
    const broker = new SimulatedBroker(clock, new SeededRandomness("twins"));
    const first = broker.link("t");
    await clock.runUntil(3_000);
    const second = broker.link("t");
    await clock.runUntil(6_000);
    expect([first.state, second.state]).toEqual(["down", "up"]);
  });

  it("a client that is cut off stays away until it is restored; the others go on", async () => {
    const clock = new VirtualClock(0);
    const broker = new SimulatedBroker(clock, new SeededRandomness("cut"));
    const [terminal, host] = [broker.link("t"), broker.link("h")];
    await clock.runUntil(3_000);
    broker.cut("t");
    broker.down();
    broker.up();
    await clock.runUntil(9_000);
    expect([terminal.state, host.state]).toEqual(["down", "up"]);
    broker.restore("t");
    await clock.runUntil(12_000);
    expect(terminal.state).toBe("up");
  });

  it("what is under way when the broker dies does not arrive after its return", async () => {
    const clock = new VirtualClock(0);
    const broker = new SimulatedBroker(clock, new SeededRandomness("death"));
    const [terminal, host] = [broker.link("t"), broker.link("h")];
    const received: string[] = [];
    host.subscribe("x", ({ topic }) => {
      received.push(topic);
    });
    await clock.runUntil(3_000);
    const outcome = terminal.publish("x", utf8("1"), { ...limits(), qos: 1 }).then(
      () => "taken",
      (error: unknown) => (isFault(error, "link-down") && error.effectUnknown ? "unknown" : "other"),
    );
    await clock.resolve(clock.sleep(2));
    broker.down();
    broker.up();
    await clock.runUntil(9_000);
    expect([await outcome, received]).toEqual(["unknown", []]);
  });
});
