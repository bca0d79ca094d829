/* A process that lives through its share of the seeds and tells of each. */
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { type AcquirerJob, runAcquirerJob } from "./acquirer/acquirer-world.ts";
import { type CounterJob, runCounterJob } from "./counter/counter-world.ts";
import { type GateJob, runGateJob } from "./gate/gate-world.ts";
import { runJob, type WorldJob } from "./world-run.ts";

const suite = openCipherSuite();

// Faults are daily bread here, and the trace of each call would cost more than the fault; the replay of one seed has them.
Error.stackTraceLimit = 0;

type Job = WorldJob | CounterJob | GateJob | AcquirerJob;

function live(job: Job): Promise<void> {
  const tell = (result: object): void => {
    process.send?.(result);
  };
  switch (job.scenario) {
    case "town":
      return runJob(suite, job, tell);
    case "counter":
      return runCounterJob(suite, job, tell);
    case "gate":
      return runGateJob(suite, job, tell);
    case "acquirer":
      return runAcquirerJob(suite, job, tell);
  }
}

process.once("message", (job) => {
  void live(job as Job).then(() => {
    process.send?.("finished", () => process.disconnect());
  });
});
