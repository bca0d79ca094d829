/* A process that lives through its share of the seeds and tells of each. */
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { type CounterJob, runCounterJob } from "./counter/counter-world.ts";
import { runJob, type WorldJob } from "./world-run.ts";

const suite = openCipherSuite();

function live(job: WorldJob | CounterJob): Promise<void> {
  const tell = (result: object): void => {
    process.send?.(result);
  };
  return job.scenario === "town" ? runJob(suite, job, tell) : runCounterJob(suite, job, tell);
}

process.once("message", (job) => {
  void live(job as WorldJob | CounterJob).then(() => {
    process.send?.("finished", () => process.disconnect());
  });
});
