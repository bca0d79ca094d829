/*
 * Goal: whatever broker, host, network and power do, in the end every record is at the host once and in order.
 * Method: a seed draws a day of disturbances over the real outbox; then all faults end and everything must settle in bounded virtual time.
 */
import { describe, expect, it } from "vitest";
import { randomFaults } from "../../simulators/broker/faults.ts";
import { SimulatedBroker } from "../../simulators/broker/in-process.ts";
import { type Power, Power as PowerSwitch, poweredClock } from "../../simulators/world/power.ts";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import type { MessageLink } from "../base/ports.ts";
import { openInlineSealer } from "./batch/seal-inline.ts";
import { openSync, type Sync } from "./sync.ts";
import { appendSales, KEYS, listeningLog, MemoryJournal, ModelHost, serveHost, suite, TID } from "./testing.ts";

/** The link as a terminal with power sees it: without power it neither speaks nor hears. */
function poweredLink(link: MessageLink, power: Power): MessageLink {
  return {
    get state() {
      return link.state;
    },
    publish: (...args) => (power.on ? power.guard(link.publish(...args)) : PowerSwitch.never()),
    subscribe: (topic, listener) => link.subscribe(topic, (message) => power.on && listener(message)),
    onState: (listener) => link.onState((state) => power.on && listener(state)),
    close: () => link.close(),
  };
}

async function liveADay(seed: string) {
  const draw = new SeededRandomness(seed);
  const clock = new VirtualClock(0);
  const broker = new SimulatedBroker(clock, draw.stream("broker"));
  const host = serveHost(broker.link("host"), () => 1_790_000_000_000 + clock.monotonicMs(), new ModelHost());
  let journal = new MemoryJournal();
  let power = new PowerSwitch();
  let boots = 0;
  const boot = async (): Promise<Sync> => {
    boots += 1;
    power = new PowerSwitch();
    const sync = openSync({
      journal,
      link: poweredLink(broker.link(TID), power),
      clock: poweredClock(clock, power),
      randomness: draw.stream(`boot ${boots}`),
      suite,
      keys: KEYS,
      sealer: openInlineSealer(suite, KEYS),
      log: listeningLog().log,
      options: { batch: { recordsMax: 7, plainBytesMax: 1_000_000 } },
    });
    await clock.resolve(sync.start());
    return sync;
  };
  const rates = {
    lose: draw.fraction() * 0.2,
    loseAcknowledged: draw.fraction() * 0.2,
    duplicate: draw.fraction() * 0.3,
    delay: draw.fraction() * 0.4,
    delayMsMax: 8_000,
    loseDelivery: { "dn/rcpt": draw.fraction() * 0.4, "dn/hb": draw.fraction() * 0.4 },
  };
  broker.setFaults(randomFaults(draw.stream("faults"), rates));
  let sync = await boot();
  for (let turn = 0; turn < 60; turn += 1) {
    await appendSales(journal, draw.between(0, 12));
    const disturbance = draw.between(0, 9);
    if (disturbance === 0) broker.down();
    if (disturbance === 1) broker.up();
    if (disturbance === 2) host.present = !host.present;
    if (disturbance === 3) host.model.forgetLast(draw.between(0, 3));
    if (disturbance === 4) host.slowMs = draw.pick([0, 0, 500]);
    if (disturbance === 5) {
      power.cut();
      journal = journal.rebooted();
      sync = await boot();
    }
    await clock.resolve(clock.sleep(draw.between(10, 15_000)));
    // The host never counts a record twice, and what the journal holds as receipted the host had.
    const numbers = host.model.records.map((record) => record["seq"]);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
  }
  host.present = true;
  host.slowMs = 0;
  broker.setFaults(randomFaults(draw.stream("calm"), {}));
  broker.up();
  // One more sale: a host that was set back tells what it misses when it hears of something new.
  await appendSales(journal, 1);
  await clock.resolve(sync.idle({ timeoutMs: 600_000, signal: new AbortController().signal }), 700_000);
  await clock.resolve(clock.sleep(120_000));
  return { journal, host, boots, endMs: clock.monotonicMs() };
}

describe("a day of disturbances", () => {
  it.each(Array.from({ length: 12 }, (_, index) => [`day ${index + 1}`]))("%s", async (seed) => {
    const { journal, host } = await liveADay(seed);
    expect(host.model.records.map((record) => record["seq"])).toEqual(journal.all.map(({ seq }) => seq));
    expect([journal.receiptedThrough, host.model.quarantined, host.model.problems]).toEqual([journal.lastSeq, false, []]);
  });

  it("the same seed lives the same day", async () => {
    const [one, other] = [await liveADay("again"), await liveADay("again")];
    expect([one.endMs, one.boots, one.host.model.intakes]).toEqual([other.endMs, other.boots, other.host.model.intakes]);
  });
});
