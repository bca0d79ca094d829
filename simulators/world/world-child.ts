/* A process that lives through its share of the seeds and tells of each. */
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { runJob, type WorldJob } from "./world-run.ts";

const suite = openCipherSuite();

process.once("message", (job) => {
  void runJob(suite, job as WorldJob, (result) => process.send?.(result)).then(() => {
    process.send?.("finished", () => process.disconnect());
  });
});
