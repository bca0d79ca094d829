/*
 * Seals in a worker, because hashing, compressing and signing hundreds of records takes milliseconds that a tap does not have.
 * A worker that died is replaced at the next batch; what it was sealing fails and is planned again.
 */
import { Worker } from "node:worker_threads";
import type { Bytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { BatchSealer, SealedBatch, SealInput } from "./seal.ts";

export interface SealWorkerData {
  /** SM2 private scalar, 32 bytes; the worker fills its copy with zeros. */
  readonly signingScalar: Bytes;
  /** SM4 key, 16 bytes; the worker fills its copy with zeros. */
  readonly dataKey: Bytes;
  readonly kid: string;
}

/** Batches under way at once; the outbox never asks for more than its window. */
const SEALS_MAX = 16;

interface Waiting {
  readonly resolve: (sealed: SealedBatch) => void;
  readonly reject: (fault: Fault) => void;
}

/** The worker's module, as source or compiled. */
function workerModule(): URL {
  return new URL(import.meta.url.endsWith(".ts") ? "./seal-worker.ts" : "./seal-worker.js", import.meta.url);
}

class WorkerSealer implements BatchSealer {
  readonly #data: SealWorkerData;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;
  #closed = false;

  constructor(data: SealWorkerData) {
    this.#data = data;
  }

  seal(input: SealInput): Promise<SealedBatch> {
    if (this.#closed) return Promise.reject(new Fault("closed", "the sealer is closed", { effectUnknown: false }));
    if (this.#waiting.size >= SEALS_MAX) return Promise.reject(new Fault("queue-full", "too many batches are being sealed", { effectUnknown: false }));
    const worker = this.#worker ?? this.#start();
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, input }, transferable(input.records));
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(workerModule(), { workerData: this.#data, name: "seal", execArgv: [] });
    this.#worker = worker;
    worker.on("message", ({ id, sealed }: { readonly id: number; readonly sealed: SealedBatch }) => {
      this.#waiting.get(id)?.resolve(sealed);
      this.#waiting.delete(id);
    });
    let cause: unknown;
    worker.on("error", (error) => {
      cause = error;
    });
    worker.on("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of this.#waiting.values()) reject(new Fault("process-failed", "the sealing worker ended", { effectUnknown: false, cause }));
      this.#waiting.clear();
    });
    // An idle sealer keeps no process alive.
    worker.unref();
    return worker;
  }
}

/** What can move to another thread without a copy: bytes that fill their buffer. */
export function transferable(bytes: Bytes): ArrayBuffer[] {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength ? [buffer] : [];
}

/** Starts the worker at the first batch. The caller keeps `data`; copies travel to the worker. */
export function openWorkerSealer(data: SealWorkerData): BatchSealer {
  return new WorkerSealer(data);
}
