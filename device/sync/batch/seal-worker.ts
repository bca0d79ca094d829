/* The thread that seals batches. Keys come once, at the start; afterwards plain inputs in, payloads out. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import { type SealInput, sealBatch } from "./seal.ts";
import { type SealWorkerData, transferable } from "./worker-sealer.ts";

/** The name says who wrote it: only worker-sealer.ts starts this module. */
function serve(data: SealWorkerData): void {
  const suite = openCipherSuite();
  const keys = { signing: suite.sm2PrivateKey(data.signingScalar), dataKey: suite.secretKey(data.dataKey), kid: data.kid };
  for (const copy of [data.signingScalar, data.dataKey] satisfies Bytes[]) copy.fill(0);
  const port = parentPort;
  assert(port !== null, "this module runs as a worker");
  port.on("message", ({ id, input }: { readonly id: number; readonly input: SealInput }) => {
    const sealed = sealBatch(suite, keys, input);
    port.postMessage({ id, sealed }, transferable(sealed.payload));
  });
}

serve(workerData as SealWorkerData);
