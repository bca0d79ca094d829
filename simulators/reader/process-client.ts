/* Starts the simulator process and speaks with it; for lane tests, virtual benches and the simulators' command. */
import { type ChildProcess, fork } from "node:child_process";
import { Fault } from "../../device/base/fault.ts";
import type { CardSnapshot } from "../card/state.ts";
import type { PsamSnapshot } from "../psam/state.ts";
import type { CardTruth, DeskRequest } from "./desk.ts";

interface Reply {
  readonly id: number;
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error?: string;
}

const REPLY_LIMIT_MS = 10_000;
/** The same folder holds the process as source and as compiled file. */
const MODULE = new URL(import.meta.url.endsWith(".ts") ? "./simulator-child.ts" : "./simulator-child.js", import.meta.url);

export class SimulatorProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #nextId = 1;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (message) => {
      const reply = message as Partial<Reply>;
      const take = reply.id === undefined ? undefined : this.#waiting.get(reply.id);
      if (reply.id !== undefined) this.#waiting.delete(reply.id);
      take?.(reply as Reply);
    });
    child.on("exit", () => {
      for (const take of this.#waiting.values()) take({ id: 0, ok: false, error: "the simulator process ended" });
      this.#waiting.clear();
    });
  }

  /** Starts the process and waits until it listens. */
  static async start(): Promise<SimulatorProcess> {
    const child = fork(MODULE, { stdio: ["ignore", "ignore", "inherit", "ipc"], execArgv: [] });
    const started = new SimulatorProcess(child);
    await new Promise<void>((resolve, reject) => {
      child.once("message", () => resolve());
      child.once("exit", (code) => reject(new Fault("process-failed", `the simulator process ended with ${code}`, { effectUnknown: false })));
      child.once("error", reject);
    });
    return started;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks for one thing. Faults: "process-failed" with the desk's reason, "timeout". */
  async request(request: DeskRequest): Promise<unknown> {
    if (!this.#child.connected) throw new Fault("process-failed", "the simulator process has ended", { effectUnknown: false });
    const id = this.#nextId;
    this.#nextId += 1;
    const reply = await new Promise<Reply>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Fault("timeout", `the simulator did not answer "${request.do}"`, { effectUnknown: true }));
      }, REPLY_LIMIT_MS);
      this.#waiting.set(id, (taken) => {
        clearTimeout(timer);
        resolve(taken);
      });
      this.#child.send({ id, ...request });
    });
    if (!reply.ok) throw new Fault("process-failed", reply.error ?? "the simulator refused", { effectUnknown: false });
    return reply.result;
  }

  /** Ground truth of a card. */
  async truth(name: string): Promise<CardTruth> {
    // The process is this project's own; the request decides the shape of its result.
    return (await this.request({ do: "truth", name })) as CardTruth;
  }

  async cardSnapshot(name: string): Promise<CardSnapshot> {
    return (await this.request({ do: "snapshot", name })) as CardSnapshot;
  }

  async psamSnapshot(name: string): Promise<PsamSnapshot> {
    return (await this.request({ do: "snapshot", name })) as PsamSnapshot;
  }

  /** Ends the process and waits for its end. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => {
      this.#child.once("exit", () => resolve());
    });
    this.#child.kill("SIGKILL");
    await ended;
  }
}
