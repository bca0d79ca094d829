/* A reader process of the tests' own: what it is sent is seen, what it says is chosen. */
import type { ChildProcess, Processes } from "../../base/ports.ts";
import type { ReaderMessage, ReaderRequest } from "./protocol.ts";

export class FakeChild implements ChildProcess {
  readonly pid: number;
  readonly sent: ReaderRequest[] = [];
  killed = false;
  #listeners: ((message: unknown) => void)[] = [];
  #exitListeners: ((how: { readonly code: number | null; readonly signal: string | null }) => void)[] = [];

  constructor(pid: number) {
    this.pid = pid;
  }

  send(message: unknown): void {
    // Only the supervisor under test sends.
    this.sent.push(message as ReaderRequest);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#listeners.push(listener);
  }

  onExit(listener: (how: { readonly code: number | null; readonly signal: string | null }) => void): void {
    this.#exitListeners.push(listener);
  }

  kill(): void {
    this.exit();
  }

  say(message: ReaderMessage): void {
    for (const listener of this.#listeners) listener(message);
  }

  /** Anything at all, as a channel between processes could carry. */
  sayRaw(message: unknown): void {
    for (const listener of this.#listeners) listener(message);
  }

  exit(): void {
    if (this.killed) return;
    this.killed = true;
    for (const listener of this.#exitListeners) listener({ code: null, signal: "SIGKILL" });
  }

  /** Answers the newest request of an operation. */
  answer(op: ReaderRequest["op"], data: Uint8Array): void {
    const request = this.sent.findLast((each) => each.op === op);
    if (request !== undefined) this.say({ is: "answer", id: request.id, data });
  }
}

export class FakeProcesses implements Processes {
  readonly children: FakeChild[] = [];
  readonly environments: (Readonly<Record<string, string>> | undefined)[] = [];

  fork(_module: URL, options: { readonly env?: Readonly<Record<string, string>> }): ChildProcess {
    const child = new FakeChild(this.children.length + 1);
    this.children.push(child);
    this.environments.push(options.env);
    return child;
  }

  run(): Promise<never> {
    return Promise.reject(new Error("no program is run here"));
  }

  /** The process that lives. */
  get last(): FakeChild {
    const child = this.children.at(-1);
    if (child === undefined) throw new Error("no process was started");
    return child;
  }
}
