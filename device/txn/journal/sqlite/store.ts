/* The main thread's face of the journal's worker. */
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { assert } from "../../../base/assert.ts";
import { Fault } from "../../../base/fault.ts";
import type { JournalStore, StoreWrite } from "../../../base/ports.ts";
import { moduleBeside } from "../../../system/modules.ts";
import { makeDurableFolder } from "../../../system/storage.ts";
import type { Failure, ReadName, Request, StoreReads, WorkerMessage, WorkerSettings } from "./messages.ts";
import type { MigrationReport } from "./migrate.ts";

/** Most commits that may wait for the disk. Whoever adds more is told so instead of filling memory. */
const OUTSTANDING_COMMITS_MAX = 4096;

/** The real store, with the engine's own check of its pages beside the port. */
export interface SqliteJournalStore extends JournalStore {
  /** What the engine finds wrong with its file; empty when all is well. Reads the whole file. */
  integrity(): Promise<readonly string[]>;
  /** How the journal was brought up from an older schema as it was opened; undefined where it was not. */
  readonly migrated: MigrationReport | undefined;
}

/**
 * Opens the journal's database in `folder` for this process alone.
 * A journal of an older schema is migrated first. Faults: "store-in-use", "store-corrupt", "store-broken", "store-full", "store-schema".
 */
export async function openSqliteStore(settings: WorkerSettings): Promise<SqliteJournalStore> {
  assert(settings.limitBytes > 0, "the journal has room");
  await makeDurableFolder(settings.folder);
  assert(dirname(settings.folder) !== settings.folder, "the journal has a folder of its own");
  const worker = new Worker(moduleBeside(import.meta.url, "./worker"), { workerData: settings, execArgv: [] });
  const store = new WorkerStore(worker);
  await store.opened;
  return store;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (fault: Fault) => void;
  readonly isCommit: boolean;
}

class WorkerStore implements SqliteJournalStore {
  readonly opened: Promise<void>;
  #migrated: MigrationReport | undefined;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #outstandingCommits = 0;
  #closing: Promise<void> | undefined;
  #gone = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.opened = new Promise((resolve, reject) => {
      worker.on("message", (message: WorkerMessage) => {
        if (message.is === "opened") {
          this.#migrated = message.migrated;
          resolve();
        } else if (message.is === "not-opened") {
          reject(faultOf(message.failure));
          void worker.terminate();
        } else this.#settle(message.answers);
      });
      worker.on("error", (error) => reject(this.#lose(error)));
      worker.on("exit", () => reject(this.#lose(undefined)));
    });
  }

  get migrated(): MigrationReport | undefined {
    return this.#migrated;
  }

  commit(write: StoreWrite): Promise<void> {
    if (this.#outstandingCommits >= OUTSTANDING_COMMITS_MAX) {
      return Promise.reject(new Fault("queue-full", "too many commits wait for the disk", { effectUnknown: false }));
    }
    return this.#ask((id) => ({ is: "commit", id, write })) as Promise<void>;
  }

  entries(...args: Parameters<StoreReads["entries"]>): ReturnType<StoreReads["entries"]> {
    return this.#read("entries", args);
  }

  entriesOf(...args: Parameters<StoreReads["entriesOf"]>): ReturnType<StoreReads["entriesOf"]> {
    return this.#read("entriesOf", args);
  }

  lastEntry(): ReturnType<StoreReads["lastEntry"]> {
    return this.#read("lastEntry", []);
  }

  subject(...args: Parameters<StoreReads["subject"]>): ReturnType<StoreReads["subject"]> {
    return this.#read("subject", args);
  }

  subjects(...args: Parameters<StoreReads["subjects"]>): ReturnType<StoreReads["subjects"]> {
    return this.#read("subjects", args);
  }

  subjectTotals(...args: Parameters<StoreReads["subjectTotals"]>): ReturnType<StoreReads["subjectTotals"]> {
    return this.#read("subjectTotals", args);
  }

  openBatches(...args: Parameters<StoreReads["openBatches"]>): ReturnType<StoreReads["openBatches"]> {
    return this.#read("openBatches", args);
  }

  batch(...args: Parameters<StoreReads["batch"]>): ReturnType<StoreReads["batch"]> {
    return this.#read("batch", args);
  }

  firstBatch(): ReturnType<StoreReads["firstBatch"]> {
    return this.#read("firstBatch", []);
  }

  lastBatch(): ReturnType<StoreReads["lastBatch"]> {
    return this.#read("lastBatch", []);
  }

  mark(...args: Parameters<StoreReads["mark"]>): ReturnType<StoreReads["mark"]> {
    return this.#read("mark", args);
  }

  usage(): ReturnType<StoreReads["usage"]> {
    return this.#read("usage", []);
  }

  integrity(): Promise<readonly string[]> {
    return this.#read("integrity", []);
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    if (!this.#gone) await this.#post((id) => ({ is: "close", id }));
    await this.#worker.terminate();
  }

  /** The names of the questions and the types of their answers are one list, which the engine implements. */
  #read<Value>(name: ReadName, args: readonly unknown[]): Promise<Value> {
    return this.#ask((id) => ({ is: "read", id, name, args })) as Promise<Value>;
  }

  #ask(make: (id: number) => Request): Promise<unknown> {
    if (this.#closing !== undefined) return Promise.reject(new Fault("closed", "the journal's store is closed", { effectUnknown: false }));
    return this.#post(make);
  }

  #post(make: (id: number) => Request): Promise<unknown> {
    if (this.#gone) return Promise.reject(new Fault("store-broken", "the journal's thread has ended", { effectUnknown: true }));
    const request = make(this.#nextId);
    this.#nextId += 1;
    const isCommit = request.is === "commit";
    if (isCommit) this.#outstandingCommits += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject, isCommit });
      this.#worker.postMessage(request);
    });
  }

  #settle(answers: Extract<WorkerMessage, { is: "answers" }>["answers"]): void {
    for (const answer of answers) {
      const waiting = this.#waiting.get(answer.id);
      if (waiting === undefined) continue;
      this.#waiting.delete(answer.id);
      if (waiting.isCommit) this.#outstandingCommits -= 1;
      if ("failure" in answer) waiting.reject(faultOf(answer.failure));
      else waiting.resolve(answer.value);
    }
  }

  /** The worker is gone: what it had not acknowledged may be on the disk or not. */
  #lose(cause: unknown): Fault {
    this.#gone = true;
    const fault = new Fault("store-broken", "the journal's thread has ended", { effectUnknown: true, cause });
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const one of waiting) one.reject(fault);
    return fault;
  }
}

function faultOf(failure: Failure): Fault {
  return new Fault(failure.code, failure.message, { effectUnknown: failure.effectUnknown });
}
