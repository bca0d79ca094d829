/* The guest's end of the port to its host: reports go out, hands are asked for. */
import { closeSync, openSync, read as readDescriptor, readdirSync, readFileSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { withDeadline } from "../../../device/base/deadline.ts";
import { isFault } from "../../../device/base/fault.ts";
import { systemClock } from "../../../device/system/clock.ts";
import type { CaseName } from "../cases.ts";
import { type Act, type GuestLine, type HostLine, lineOf, PORT_NAME } from "../messages.ts";

const PORTS = "/sys/class/virtio-ports";
const ACT_LIMIT_MS = 90_000;
const CASE_LIMIT_MS = 150_000;
const LINE_CHARACTERS_MAX = 65_536;
const read = promisify(readDescriptor);

function portPath(): string {
  const port = readdirSync(PORTS).find((name) => readFileSync(`${PORTS}/${name}/name`, "utf8").trim() === PORT_NAME);
  if (port === undefined) throw new Error("the port to the host is not there");
  return `/dev/${port}`;
}

/** Bounds any wait of a case by the guest's own clock. */
export function bounded<Value>(work: Promise<Value>, timeoutMs: number, what: string): Promise<Value> {
  return withDeadline(work, { timeoutMs, signal: new AbortController().signal, clock: systemClock(), what, effectUnknown: false });
}

export class Talk {
  readonly #port = openSync(portPath(), "r+");
  readonly #remarks: () => string;
  readonly #asked = new Map<number, (line: HostLine) => void>();
  #nextId = 1;

  /** `remarks` are added to each failure: what others in the guest have to say. */
  constructor(remarks: () => string) {
    this.#remarks = remarks;
    void this.#listen();
  }

  /** Has the host's hand do something; resolves with what it tells. */
  async ask(act: Act): Promise<readonly string[]> {
    const id = this.#nextId;
    this.#nextId += 1;
    const answered = new Promise<HostLine>((resolve) => {
      this.#asked.set(id, resolve);
    });
    this.#say({ is: "ask", id, act });
    const { failure, told } = await bounded(answered, ACT_LIMIT_MS, act);
    if (failure !== undefined) throw new Error(`${act}: ${failure}`);
    return told;
  }

  /** Runs one case within its time and reports what came of it; `work` gives a line for people. Never rejects. */
  async case(name: CaseName, work: () => Promise<string>): Promise<void> {
    const beganMs = performance.now();
    try {
      const detail = await bounded(work(), CASE_LIMIT_MS, name);
      this.#say({ is: "case", name, detail, tookMs: performance.now() - beganMs });
    } catch (error) {
      const code = isFault(error) ? `[${error.code}] ` : "";
      const failure = `${code}${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${this.#remarks()}`;
      this.#say({ is: "case", name, detail: "", failure, tookMs: performance.now() - beganMs });
    }
  }

  end(): void {
    this.#say({ is: "end" });
    closeSync(this.#port);
  }

  #say(line: GuestLine): void {
    writeSync(this.#port, `${JSON.stringify(line)}\n`);
  }

  async #listen(): Promise<void> {
    const buffer = Buffer.alloc(4_096);
    let text = "";
    for (;;) {
      const { bytesRead } = await read(this.#port, buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      text = `${text}${buffer.toString("utf8", 0, bytesRead)}`.slice(-LINE_CHARACTERS_MAX);
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const each of lines) this.#hear(lineOf<HostLine>(each));
    }
  }

  #hear(line: HostLine | undefined): void {
    if (line === undefined) return;
    this.#asked.get(line.id)?.(line);
    this.#asked.delete(line.id);
  }
}
