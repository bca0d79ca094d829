/* A child process that speaks JSON lines: started, asked, and killed by its own id. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { assert } from "../../device/base/assert.ts";
import { withDeadline } from "../../device/base/deadline.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Clock } from "../../device/base/ports.ts";

/** One line, whatever its members. */
export type Line = { readonly [name: string]: unknown };

export interface LineProcessOptions {
  readonly module: URL;
  readonly argument: string;
  /** Standard error is added to this file. */
  readonly logFile: string;
  /** Folder in which processes of the same kind find what was compiled before; it halves the time of a start. */
  readonly compiledFolder: string;
  readonly clock: Clock;
}

const READY_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 10_000;
const NEVER = new AbortController().signal;

export class LineProcess {
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #waiting = new Map<number, (line: Line | undefined) => void>();
  readonly #ready: Promise<Line | undefined>;
  readonly #ended: Promise<void>;
  #nextId = 1;

  constructor({ module, argument, logFile, compiledFolder, clock }: LineProcessOptions) {
    const log = openSync(logFile, "a");
    this.#child = spawn(process.execPath, [fileURLToPath(module), argument], {
      stdio: ["pipe", "pipe", log],
      env: { ...process.env, NODE_COMPILE_CACHE: compiledFolder },
    });
    closeSync(log);
    this.#clock = clock;
    this.#name = module.pathname.split("/").slice(-2).join("/");
    const { stdout, stdin } = this.#child;
    assert(stdout !== null && stdin !== null, "both ends are pipes");
    // Whoever was killed reads no more; that it ended is told by its exit.
    stdin.on("error", () => undefined);
    let announce: (line: Line | undefined) => void = () => undefined;
    this.#ready = new Promise((resolve) => {
      announce = resolve;
    });
    createInterface({ input: stdout }).on("line", (text) => {
      const line = parseLine(text);
      if (line?.["event"] === "ready") announce(line);
      const { id } = line ?? {};
      if (typeof id === "number") this.#settle(id, line);
    });
    this.#ended = new Promise((resolve) => {
      const end = () => {
        announce(undefined);
        for (const id of [...this.#waiting.keys()]) this.#settle(id, undefined);
        resolve();
      };
      this.#child.once("exit", end);
      // It could not even be started.
      this.#child.once("error", end);
    });
  }

  /** The first line; undefined when the process ended before. Faults: "timeout". */
  ready(): Promise<Line | undefined> {
    return this.#bounded(this.#ready, READY_TIMEOUT_MS);
  }

  /** Asks for one thing; undefined when the process ended instead of answering. Faults: "timeout". */
  ask(request: Line, timeoutMs: number): Promise<Line | undefined> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return Promise.resolve(undefined);
    const id = this.#nextId;
    this.#nextId += 1;
    const answer = new Promise<Line | undefined>((resolve) => {
      this.#waiting.set(id, resolve);
    });
    this.#child.stdin?.write(`${JSON.stringify({ ...request, id })}\n`);
    return this.#bounded(answer, timeoutMs);
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** Ends its input and waits until it has ended by itself. Faults: "timeout". */
  async finish(): Promise<void> {
    this.#child.stdin?.end();
    await this.#bounded(this.#ended, END_TIMEOUT_MS);
  }

  #settle(id: number, line: Line | undefined): void {
    this.#waiting.get(id)?.(line);
    this.#waiting.delete(id);
  }

  #bounded<Value>(work: Promise<Value>, timeoutMs: number): Promise<Value> {
    return withDeadline(work, { clock: this.#clock, what: this.#name, effectUnknown: true, timeoutMs, signal: NEVER });
  }
}

/** An object, or undefined: a line cut off by a kill is none. */
function parseLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Line) : undefined;
  } catch {
    // JSON.parse has one way to fail.
    return undefined;
  }
}

/** The answer, where the process must not have ended. Faults: "process-failed". */
export function answered(line: Line | undefined, what: string): Line {
  if (line === undefined) throw new Fault("process-failed", `${what}: the process ended`, { effectUnknown: true });
  return line;
}
