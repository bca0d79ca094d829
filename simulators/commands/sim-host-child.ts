/* The host's own process (simulators/host/process.ts) seen from the command that started it: lines in, lines out, and its end. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { withDeadline } from "../../device/base/deadline.ts";
import type { Clock } from "../../device/base/ports.ts";
import { moduleBeside } from "../../device/system/modules.ts";

export type HostLine = Readonly<Record<string, unknown>>;

export interface HostChildOptions {
  readonly clock: Clock;
  readonly configFile: string;
  readonly onLine: (line: HostLine) => void;
  /** Diagnostics, line by line. */
  readonly onDiagnostic: (text: string) => void;
}

const SUMMARY_ID = "summary-at-the-end";
const REPLY_LIMIT_MS = 5_000;
const END_LIMIT_MS = 5_000;

function parseLine(text: string): HostLine {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : { text };
  } catch {
    return { text };
  }
}

export class HostChild {
  /** Resolves with the exit code, or null after a signal. */
  readonly ended: Promise<number | null>;
  readonly #clock: Clock;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ready: Promise<boolean>;
  #stopping = false;
  #takeSummary: (line: HostLine) => void = () => undefined;

  constructor(options: HostChildOptions) {
    this.#clock = options.clock;
    const module = moduleBeside(import.meta.url, "../host/process");
    // In a group of its own, so that Ctrl-C reaches this command only, which then asks for the totals. It still ends with its input.
    const child = spawn(process.execPath, [module.pathname, options.configFile], { stdio: ["pipe", "pipe", "pipe"], detached: true });
    this.#child = child;
    // Writing to a process that has just ended is no reason to end as well; `ended` says it.
    child.stdin.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      child.once("close", (code) => resolve(code));
      child.once("error", () => resolve(null));
    });
    this.#ready = new Promise((resolve) => {
      void this.ended.then(() => resolve(false));
      createInterface({ input: child.stdout }).on("line", (text) => {
        const line = parseLine(text);
        if (line["event"] === "ready") resolve(true);
        else if (line["id"] === SUMMARY_ID) this.#takeSummary(line);
        else if (!this.#stopping) options.onLine(line);
      });
    });
    createInterface({ input: child.stderr }).on("line", options.onDiagnostic);
  }

  /** True as soon as the broker has answered the host; false when the process ended before. */
  get ready(): Promise<boolean> {
    return this.#ready;
  }

  send(line: HostLine): void {
    if (this.#child.stdin.writable) this.#child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  /** The host's totals, or undefined when it gives none any more. */
  async totals(): Promise<HostLine | undefined> {
    const reply = new Promise<HostLine>((resolve) => {
      this.#takeSummary = resolve;
    });
    this.send({ command: "totals", id: SUMMARY_ID });
    const waiting = withDeadline(Promise.race([reply, this.ended]), this.#limits("totals", REPLY_LIMIT_MS));
    const line = await waiting.catch(() => null);
    return typeof line === "object" && line !== null ? line : undefined;
  }

  /** Asks the process to stop and waits for its end; without an answer in time it is ended by force. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.send({ command: "stop" });
    this.#child.stdin.end();
    await withDeadline(this.ended, this.#limits("the host's end", END_LIMIT_MS)).catch(() => this.#child.kill("SIGKILL"));
    await this.ended;
  }

  #limits(what: string, timeoutMs: number) {
    return { clock: this.#clock, timeoutMs, signal: new AbortController().signal, what, effectUnknown: false };
  }
}
