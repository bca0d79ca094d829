/*
 * The journal's thread. A flush takes milliseconds on a flash card and must not stop the main thread.
 * Group commit needs no timer: whatever has queued up while the last commit was flushed goes into the next one, and a lone commit waits for nobody.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { assert } from "../../../base/assert.ts";
import { Fault, isFault } from "../../../base/fault.ts";
import { openEngine, type SqliteEngine } from "./engine.ts";
import type { Answer, Failure, Request, WorkerMessage, WorkerSettings } from "./messages.ts";
import type { MigrationReport } from "./migrate.ts";

/** Most requests taken at once, so that the first of a flood is answered soon. */
const GROUP_MAX = 256;

function failureOf(error: unknown): Failure {
  if (error instanceof Fault) return { code: error.code, message: error.message, effectUnknown: error.effectUnknown };
  return { code: "store-broken", message: error instanceof Error ? error.message : "unknown failure", effectUnknown: true };
}

function say(port: MessagePort, message: WorkerMessage): void {
  port.postMessage(message);
}

function serve(port: MessagePort, engine: SqliteEngine): void {
  const take = (first: Request): readonly Request[] => {
    const taken = [first];
    while (taken.length < GROUP_MAX) {
      const next = receiveMessageOnPort(port);
      if (next === undefined) break;
      taken.push(next.message as Request);
    }
    return taken;
  };
  port.on("message", (first: Request) => {
    for (const group of grouped(take(first))) {
      if (group.is === "close") {
        engine.close();
        say(port, { is: "answers", answers: [{ id: group.id }] });
        port.close();
        return;
      }
      say(port, { is: "answers", answers: group.is === "commits" ? commitGroup(engine, group.requests) : [readOne(engine, group.request)] });
    }
  });
}

type CommitRequest = Extract<Request, { is: "commit" }>;
type ReadRequest = Extract<Request, { is: "read" }>;
type Group =
  | { readonly is: "commits"; readonly requests: readonly CommitRequest[] }
  | { readonly is: "read"; readonly request: ReadRequest }
  | { readonly is: "close"; readonly id: number };

/** Neighbouring commits become one; a read stays between the commits it was called between, so that it sees exactly those before it. */
function grouped(requests: readonly Request[]): readonly Group[] {
  const groups: Group[] = [];
  let commits: CommitRequest[] = [];
  const flush = () => {
    if (commits.length > 0) groups.push({ is: "commits", requests: commits });
    commits = [];
  };
  for (const request of requests) {
    if (request.is === "commit") {
      commits.push(request);
      continue;
    }
    flush();
    groups.push(request.is === "read" ? { is: "read", request } : request);
  }
  flush();
  return groups;
}

function commitGroup(engine: SqliteEngine, requests: readonly CommitRequest[]): readonly Answer[] {
  const failure = engine.commit(requests.map((request) => request.write));
  return requests.map(({ id }) => (failure === undefined ? { id } : { id, failure }));
}

function readOne(engine: SqliteEngine, request: ReadRequest): Answer {
  try {
    return { id: request.id, value: engine.read(request.name, request.args) };
  } catch (error) {
    return { id: request.id, failure: failureOf(error) };
  }
}

async function open(settings: WorkerSettings): Promise<{ readonly engine: SqliteEngine; readonly migrated?: MigrationReport | undefined }> {
  try {
    return { engine: openEngine(settings) };
  } catch (error) {
    if (!isFault(error, "store-schema") || settings.onlyLooks === true) throw error;
  }
  // It says itself where it cannot read what is there.
  const { bringUp } = await import("./bring-up.ts");
  const migrated = bringUp(settings.folder);
  return { engine: openEngine(settings), migrated };
}

async function start(): Promise<void> {
  assert(parentPort !== null, "this module runs as a worker");
  try {
    const { engine, migrated } = await open(workerData as WorkerSettings);
    say(parentPort, { is: "opened", ...(migrated === undefined ? {} : { migrated }) });
    serve(parentPort, engine);
  } catch (error) {
    say(parentPort, { is: "not-opened", failure: failureOf(error) });
  }
}

await start();
