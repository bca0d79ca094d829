/* The thread that builds lists. Secrets come once, at the start; afterwards one job at a time: its request, its pieces, its end. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../base/assert.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import type { ThreadMessage, ThreadReply } from "./threads.ts";
import { beginJob, type ListJob, type ListSecrets, ListTools } from "./work.ts";

/** The name says who wrote it: only threads.ts starts this module. */
function serve(secrets: ListSecrets): void {
  const tools = new ListTools(openCipherSuite(), secrets);
  for (const copy of [secrets.fingerprints, secrets.encryption, secrets.authentication]) copy.fill(0);
  const port = parentPort;
  assert(port !== null, "this module runs as a worker");
  const reply = (what: ThreadReply) => port.postMessage(what);
  let job: ListJob | undefined;
  port.on("message", (message: ThreadMessage) => {
    if (message.do === "begin") job = beginJob(tools, message.request);
    assert(job !== undefined, "a job begins before it goes on");
    if (message.do === "piece") job.push(message.piece);
    if (message.do !== "end") {
      reply({ is: "ready" });
      return;
    }
    reply({ is: "answer", answer: job.end() });
    job = undefined;
  });
}

serve(workerData as ListSecrets);
