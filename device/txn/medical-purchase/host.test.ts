/* The insurer of the simulated counter keeps what flows are promised of every way to a host. */
import { hostContract } from "../contract/hosts.ts";
import { SimulatedCounter } from "./testing.ts";

const FATES = { answering: "deliver", silent: "lost-after", unreachable: "not-sent" } as const;

hostContract("simulated counter", async () => {
  const counter = new SimulatedCounter();
  await counter.clock.resolve(counter.switchOn());
  return {
    clock: counter.clock,
    run: (work) => counter.clock.resolve(work),
    host: counter.ports.host,
    forwarded: () => counter.sent.length,
    become: async (state) => counter.plan(() => FATES[state]),
  };
});
