/*
 * A serial device on a pseudo terminal: the terminal opens the path, the simulated device hangs on the other end. Ending the helper program
 * is pulling the plug; starting it again is plugging in, at the same path. It is ended by its process id.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { type Bytes, EMPTY } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";
import type { FarEnd } from "./far-end.ts";

const PLUG_LIMIT_MS = 5_000;
const LOOK_MS = 5;

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}

export class PtyDevice implements FarEnd {
  /** Where the terminal finds the line while it is plugged in. */
  readonly path: string;
  #helper: ChildProcess | undefined;
  #listener: (bytes: Bytes) => void = () => undefined;

  constructor(path: string) {
    this.path = path;
  }

  get pluggedIn(): boolean {
    return this.#helper !== undefined;
  }

  onBytes(listener: (bytes: Bytes) => void): void {
    this.#listener = listener;
  }

  write(bytes: Bytes): void {
    this.#helper?.stdin?.write(bytes.length === 0 ? EMPTY : bytes);
  }

  /** The device takes and gives no bytes any more; its line stays where it is. Unplugging ends that too. */
  hold(): void {
    this.#helper?.kill("SIGSTOP");
  }

  /** It goes on with what was said meanwhile, as far as the line had room for it. */
  release(): void {
    this.#helper?.kill("SIGCONT");
  }

  /** Resolves when the path is there. Faults: "process-failed". */
  async plugIn(): Promise<void> {
    if (this.#helper !== undefined) return;
    rmSync(this.path, { force: true });
    const helper = spawn("socat", ["-b", "65536", "STDIO", `PTY,raw,echo=0,link=${this.path}`], { stdio: ["pipe", "pipe", "ignore"] });
    this.#helper = helper;
    helper.stdin.on("error", () => undefined);
    helper.stdout.on("data", (chunk: Buffer) => this.#listener(new Uint8Array(chunk)));
    const gone = () => {
      if (this.#helper === helper) this.#helper = undefined;
    };
    helper.once("exit", gone);
    // Where there is no such program.
    helper.once("error", gone);
    for (let waitedMs = 0; waitedMs < PLUG_LIMIT_MS; waitedMs += LOOK_MS) {
      if (existsSync(this.path)) return;
      if (this.#helper !== helper) break;
      await pause(LOOK_MS);
    }
    throw new Fault("process-failed", `no pseudo terminal at ${this.path}`, { effectUnknown: false });
  }

  /** Pulls the plug: the path is gone, whoever has it open sees a hang-up. */
  async unplug(): Promise<void> {
    const helper = this.#helper;
    this.#helper = undefined;
    if (helper === undefined || helper.exitCode !== null || helper.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => {
      helper.once("exit", () => resolve());
    });
    helper.kill("SIGKILL");
    await ended;
    rmSync(this.path, { force: true });
  }
}
