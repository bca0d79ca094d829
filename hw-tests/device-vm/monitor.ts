/* The machine's monitor: commands as lines of JSON, one after the other, and the events that tell when a device has really gone. */
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { lineOf } from "./messages.ts";

interface MonitorLine {
  readonly QMP?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
  readonly data?: { readonly device?: string };
}

const ANSWER_LIMIT_MS = 20_000;

/** Connects to a socket that somebody else is about to open. */
export async function connectTo(path: string, limitMs: number): Promise<Socket> {
  const untilMs = performance.now() + limitMs;
  for (;;) {
    const socket = connect(path);
    const failure = await new Promise<Error | undefined>((resolve) => {
      socket.once("connect", () => resolve(undefined));
      socket.once("error", resolve);
    });
    if (failure === undefined) return socket.on("error", () => undefined);
    if (performance.now() > untilMs) throw failure;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export class Monitor {
  readonly #socket: Socket;
  readonly #listeners = new Set<(line: MonitorLine) => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    createInterface({ input: socket }).on("line", (text) => {
      const line = lineOf<MonitorLine>(text);
      if (line !== undefined) for (const listener of [...this.#listeners]) listener(line);
    });
  }

  static async open(path: string, limitMs: number): Promise<Monitor> {
    const monitor = new Monitor(await connectTo(path, limitMs));
    await monitor.#until((line) => line.QMP !== undefined, "greeting");
    await monitor.run("qmp_capabilities");
    return monitor;
  }

  async run(command: string, options: Readonly<Record<string, string>> = {}): Promise<void> {
    const answered = this.#until((line) => line.return !== undefined || line.error !== undefined, command);
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: options })}\n`);
    const { error } = await answered;
    if (error !== undefined) throw new Error(`${command}: ${error.desc}`);
  }

  /** Resolves when the device is no more. */
  async remove(id: string): Promise<void> {
    const gone = this.#until((line) => line.event === "DEVICE_DELETED" && line.data?.device === id, `removal of ${id}`);
    gone.catch(() => undefined);
    await this.run("device_del", { id });
    await gone;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #until(fits: (line: MonitorLine) => boolean, what: string): Promise<MonitorLine> {
    let listener: (line: MonitorLine) => void = () => undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<MonitorLine>((resolve, reject) => {
        listener = (line) => {
          if (fits(line)) resolve(line);
        };
        this.#listeners.add(listener);
        timer = setTimeout(() => reject(new Error(`the monitor did not answer: ${what}`)), ANSWER_LIMIT_MS);
      });
    } finally {
      this.#listeners.delete(listener);
      clearTimeout(timer);
    }
  }
}
