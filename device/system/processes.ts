import { type ChildProcess as NodeChild, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { assert } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import type { ChildProcess, Processes } from "../base/ports.ts";

/** Most that a program may print before it is ended: a program gone mad must not fill our memory. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Child processes of this machine. Modules run with the runtime that runs us; `before` gives a program with its arguments that starts them
 * (asked at each start), where they have to see another machine than this one.
 */
export function systemProcesses(before: () => readonly string[] = () => []): Processes {
  return { fork: (module, { env }) => forkModule([...before(), process.execPath, fileURLToPath(module)], env), run };
}

function forkModule([program = process.execPath, ...args]: readonly string[], env: Readonly<Record<string, string>> | undefined): ChildProcess {
  const child = spawn(program, args, { env: { ...process.env, ...env }, serialization: "advanced", stdio: ["ignore", "inherit", "inherit", "ipc"] });
  return new ForkedModule(child);
}

class ForkedModule implements ChildProcess {
  readonly #child: NodeChild;
  #ended: { readonly code: number | null; readonly signal: string | null } | undefined;
  readonly #exitListeners: ((how: { readonly code: number | null; readonly signal: string | null }) => void)[] = [];

  constructor(child: NodeChild) {
    this.#child = child;
    child.on("exit", (code, signal) => this.#end({ code, signal }));
    // A process that cannot be started, or a message that cannot be sent, is told as an exit: the owner has one way to lose it.
    child.on("error", () => {
      if (child.pid === undefined) this.#end({ code: null, signal: null });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  send(message: unknown): void {
    if (this.#child.connected) this.#child.send(message as Parameters<NodeChild["send"]>[0], () => undefined);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#child.on("message", listener);
  }

  onExit(listener: (how: { readonly code: number | null; readonly signal: string | null }) => void): void {
    if (this.#ended === undefined) this.#exitListeners.push(listener);
    else listener(this.#ended);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #end(how: { readonly code: number | null; readonly signal: string | null }): void {
    if (this.#ended !== undefined) return;
    this.#ended = how;
    for (const listener of this.#exitListeners) listener(how);
  }
}

type RunResult = Awaited<ReturnType<Processes["run"]>>;

function run(program: string, args: readonly string[], limits: Parameters<Processes["run"]>[2]): Promise<RunResult> {
  assert(limits.timeoutMs > 0, "a program has time to run");
  return new Promise((resolve, reject) => {
    if (limits.signal.aborted) {
      reject(new Fault("cancelled", `${program}: cancelled`, { effectUnknown: false }));
      return;
    }
    const child = spawn(program, [...args], { stdio: ["pipe", "pipe", "pipe"] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let size = 0;
    const settle = (how: () => void) => {
      clearTimeout(timer);
      limits.signal.removeEventListener("abort", cancel);
      how();
    };
    const stop = (fault: Fault) => {
      child.kill("SIGKILL");
      settle(() => reject(fault));
    };
    const cancel = () => stop(new Fault("cancelled", `${program}: cancelled`, { effectUnknown: true }));
    const timer = setTimeout(
      () => stop(new Fault("timeout", `${program}: not ended within ${limits.timeoutMs} ms`, { effectUnknown: true })),
      limits.timeoutMs,
    );
    limits.signal.addEventListener("abort", cancel, { once: true });
    const keep = (into: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length;
      if (size > OUTPUT_BYTES_MAX) stop(new Fault("process-failed", `${program}: prints too much`, { effectUnknown: true }));
      else into.push(chunk);
    };
    child.stdout.on("data", keep(stdout));
    child.stderr.on("data", keep(stderr));
    child.on("error", (error) => settle(() => reject(new Fault("process-failed", `${program}: cannot be started`, { effectUnknown: false, cause: error }))));
    child.on("close", (code, signal) =>
      settle(() => {
        if (code === null) reject(new Fault("process-failed", `${program}: ended by ${signal ?? "an unknown cause"}`, { effectUnknown: true }));
        else resolve({ code, stdout: new Uint8Array(Buffer.concat(stdout)), stderr: new Uint8Array(Buffer.concat(stderr)) });
      }),
    );
    // A program that does not read its input closes the pipe early; its exit code tells the story.
    child.stdin.on("error", () => undefined);
    child.stdin.end(limits.input);
  });
}
