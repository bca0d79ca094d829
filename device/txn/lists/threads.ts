/*
 * Works in other threads, so that the one that serves taps only hands over pieces and takes the result. All of them
 * give precedence to every other thread. Changes have a thread that stays; whole lists have one of their own each time, so that its memory goes with it
 * and a change of another level does not wait behind it.
 */
import { Worker } from "node:worker_threads";
import type { Bytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { ListSecrets, ListWorkshop, WorkAnswer, WorkRequest } from "./work.ts";

export type ThreadMessage = { readonly do: "begin"; readonly request: WorkRequest } | { readonly do: "piece"; readonly piece: Bytes } | { readonly do: "end" };
export type ThreadReply = { readonly is: "ready" } | { readonly is: "answer"; readonly answer: WorkAnswer };

export interface ThreadData {
  readonly secrets: ListSecrets;
}

/** The worker's module, as source or compiled. */
function workerModule(): URL {
  return new URL(import.meta.url.endsWith(".ts") ? "./list-worker.ts" : "./list-worker.js", import.meta.url);
}

/** One thread and one job after the other. */
class ListThread {
  readonly #secrets: ListSecrets;
  readonly #stays: boolean;
  #worker: Worker | undefined;
  #closed = false;
  #last: Promise<unknown> = Promise.resolve();
  #waiting: { readonly resolve: (reply: ThreadReply) => void; readonly reject: (fault: Fault) => void } | undefined;

  constructor(secrets: ListSecrets, stays: boolean) {
    this.#secrets = secrets;
    this.#stays = stays;
  }

  run(request: WorkRequest, pieces: Iterable<Bytes> | AsyncIterable<Bytes>): Promise<WorkAnswer> {
    const turn = this.#last.then(() => this.#work(request, pieces));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Starts the thread before it is needed, so that its first job does not wait for it. */
  prepare(): void {
    if (this.#worker === undefined && !this.#closed) this.#start().unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  async #work(request: WorkRequest, pieces: Iterable<Bytes> | AsyncIterable<Bytes>): Promise<WorkAnswer> {
    if (this.#closed) throw new Fault("closed", "the lists are closed", { effectUnknown: false });
    const worker = this.#worker ?? this.#start();
    // Only work that is under way keeps the process alive.
    worker.ref();
    try {
      await this.#ask({ do: "begin", request });
      for await (const piece of pieces) {
        // A copy of its own, which then moves: a view would take its whole memory along.
        const copy = new Uint8Array(piece);
        await this.#ask({ do: "piece", piece: copy }, [copy.buffer]);
      }
      const reply = await this.#ask({ do: "end" });
      if (reply.is === "answer") return reply.answer;
      throw new Fault("process-failed", "the list worker gave no answer", { effectUnknown: false });
    } finally {
      worker.unref();
      if (!this.#stays) {
        this.#worker = undefined;
        void worker.terminate();
      }
    }
  }

  #ask(message: ThreadMessage, moves: readonly ArrayBuffer[] = []): Promise<ThreadReply> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new Fault("process-failed", "the list worker ended", { effectUnknown: false }));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      worker.postMessage(message, moves);
    });
  }

  #start(): Worker {
    const worker = new Worker(workerModule(), {
      workerData: { secrets: this.#secrets } satisfies ThreadData,
      name: "lists",
      execArgv: [],
    });
    this.#worker = worker;
    worker.on("message", (reply: ThreadReply) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.resolve(reply);
    });
    let cause: unknown;
    worker.on("error", (error) => {
      cause = error;
    });
    worker.on("exit", () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#waiting?.reject(new Fault(this.#closed ? "closed" : "process-failed", "the list worker ended", { effectUnknown: false, cause }));
      this.#waiting = undefined;
    });
    return worker;
  }
}

/** Starts no thread before there is work. */
export function openListThreads(secrets: ListSecrets): ListWorkshop {
  const changes = new ListThread(secrets, true);
  const wholes = new ListThread(secrets, false);
  return {
    run: (request, pieces) => {
      // Where there is a list, changes of it follow.
      changes.prepare();
      return (request.do === "delta" || request.do === "join" ? changes : wholes).run(request, pieces);
    },
    close: async () => {
      await Promise.all([changes.close(), wholes.close()]);
    },
  };
}
