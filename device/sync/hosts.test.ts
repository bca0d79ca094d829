/* The ways to the hosts that flows are promised, over sync and a simulated broker. */
import { SimulatedBroker } from "../../simulators/broker/in-process.ts";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { utf8 } from "../base/bytes.ts";
import { SILENT } from "../base/log.ts";
import { hostContract, uplinkContract } from "../txn/contract/hosts.ts";
import { openInlineSealer } from "./batch/seal-inline.ts";
import { openSync } from "./sync.ts";
import { KEYS, MemoryJournal, serveHost, suite, TID } from "./testing.ts";

const HOST_TIME_MS = 1_790_000_000_000;

async function makeWorld() {
  const clock = new VirtualClock(5);
  const broker = new SimulatedBroker(clock, new SeededRandomness("broker"));
  const host = serveHost(broker.link("host"), () => HOST_TIME_MS + clock.monotonicMs());
  const sync = openSync({
    journal: new MemoryJournal(),
    link: broker.link(TID),
    clock,
    randomness: new SeededRandomness("sync"),
    suite,
    keys: KEYS,
    sealer: openInlineSealer(suite, KEYS),
    log: SILENT,
  });
  const run = <Value>(work: Promise<Value>): Promise<Value> => clock.resolve(work);
  await run(sync.start());
  await run(clock.sleep(15_000));
  return { clock, broker, host, sync, run };
}

hostContract("sync over a broker", async () => {
  const { clock, broker, host, sync, run } = await makeWorld();
  return {
    clock,
    run,
    host: sync.medicalHost,
    forwarded: () => host.forwarded.length,
    become: async (state) => {
      host.answer = () => (state === "answering" ? utf8("{}") : undefined);
      if (state === "unreachable") broker.down();
      else broker.up();
    },
  };
});

uplinkContract("sync over a broker", async () => {
  const { clock, broker, host, sync, run } = await makeWorld();
  return {
    clock,
    run,
    uplink: sync.uplink,
    set: async (part, state) => {
      if (part === "host") host.present = state === "up";
      else if (state === "up") broker.up();
      else broker.down();
    },
  };
});
