/* A thread that builds lists. Secrets come once, at the start; afterwards one job at a time: its request, its pieces, its end. */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../base/assert.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import type { ThreadData, ThreadMessage, ThreadReply } from "./threads.ts";
import { beginJob, type ListJob, ListTools } from "./work.ts";

/** Taps come first where there are fewer processors than work. */
const PATIENT_PRIORITY = 10;

function givePrecedence(): void {
  try {
    // Linux has a priority for each thread; its number is the last part of this link.
    setPriority(Number(readlinkSync("/proc/thread-self").split("/").at(-1)), PATIENT_PRIORITY);
  } catch {
    // Another system: the list is built all the same.
  }
}

/** The name says who wrote it: only threads.ts starts this module. */
function serve({ secrets }: ThreadData): void {
  givePrecedence();
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

serve(workerData as ThreadData);
