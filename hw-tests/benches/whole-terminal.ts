/*
 * The terminal as it runs in the field: the command `yikatong run` as a process of its own, over a real PC/SC service and real lines, with a
 * broker, a settlement host and an insurer in another process. Cards, pads and all other devices live outside of it.
 */
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { withDeadline } from "../../device/base/deadline.ts";
import { exampleConfig } from "../../device/config/testing.ts";
import { limits } from "../../device/drivers/contract/bench.ts";
import { systemClock } from "../../device/system/clock.ts";
import { CARD_RULE, MODULE_RULE, type PcscdStage } from "./pcscd.ts";

type Json = Readonly<Record<string, unknown>>;
type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const YIKATONG = fileURLToPath(new URL("../../device/cli.ts", import.meta.url));
const SIMULATORS = fileURLToPath(new URL("../../simulators/cli.ts", import.meta.url));
const TERMINAL_ID = "T900002";
const START_MS = 30_000;
const END_MS = 10_000;
const OUTPUT_CHARACTERS_MAX = 10_000_000;

/** A program whose lines are JSON objects. */
class Program {
  readonly child: Child;
  /** Everything it has written to standard error. */
  complaints = "";
  readonly #lines: Json[] = [];
  #wake: () => void = () => undefined;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const child = spawn(process.execPath, [...args], { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...environment } });
    this.child = child;
    child.stdin.on("error", () => undefined);
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (text: string) => {
      if (this.complaints.length < OUTPUT_CHARACTERS_MAX) this.complaints += text;
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#lines.push(JSON.parse(line) as Json);
      this.#wake();
    });
  }

  /** The next line that fits; others that came before are kept. */
  async line(fits: (line: Json) => boolean, limitMs: number): Promise<Json> {
    const search = async (): Promise<Json> => {
      for (;;) {
        const at = this.#lines.findIndex(fits);
        const [line] = at < 0 ? [] : this.#lines.splice(at, 1);
        if (line !== undefined) return line;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    };
    try {
      return await withDeadline(search(), { ...limits(limitMs), clock: systemClock(), what: "a line", effectUnknown: false });
    } catch (error) {
      throw new Error(`no such line; the program said: ${this.complaints.slice(-2_000)}`, { cause: error });
    }
  }

  say(line: Json): void {
    this.child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  /** Ends its input and waits; a program that does not end is killed. */
  async end(): Promise<number | null> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = new Promise<number | null>((resolve) => {
      child.once("close", resolve);
    });
    child.stdin.end();
    const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
    const code = await ended;
    clearTimeout(timer);
    return code;
  }
}

export interface WholeTerminalOptions {
  /** What the configuration says beyond readers, link and journal. */
  readonly devices?: object;
  /** Further members of the user's reader. */
  readonly userReader?: object;
  /** Further members of the configuration. */
  readonly more?: object;
}

export class WholeTerminal {
  /** Configuration, keys, journal and the host's books. */
  readonly folder: string;
  readonly brokerUrl: string;
  readonly #host: Program;
  readonly #terminal: Program;
  #asked = 0;

  private constructor(parts: { readonly folder: string; readonly brokerUrl: string; readonly host: Program; readonly terminal: Program }) {
    this.folder = parts.folder;
    this.brokerUrl = parts.brokerUrl;
    this.#host = parts.host;
    this.#terminal = parts.terminal;
  }

  static async start(stage: PcscdStage, options: WholeTerminalOptions = {}): Promise<WholeTerminal> {
    const folder = mkdtempSync(join(tmpdir(), "ykt-whole-"));
    const host = new Program([SIMULATORS, "host", "--embedded", "--folder", join(folder, "host"), "--terminal", TERMINAL_ID, "--json"]);
    const ready = await host.line(({ event }) => event === "ready", START_MS);
    const brokerUrl = String(ready["brokerUrl"]);
    configure(folder, brokerUrl, options);
    const terminal = new Program([YIKATONG, "run", "--config", join(folder, "config")], stage.service.environment);
    const whole = new WholeTerminal({ folder, brokerUrl, host, terminal });
    await whole.ask({ do: "status" }, START_MS);
    return whole;
  }

  /** Everything that the terminal has logged. */
  get log(): string {
    return this.#terminal.complaints;
  }

  /** The terminal's process and all that it has started. */
  processes(): readonly number[] {
    const own = this.#terminal.child.pid;
    return own === undefined ? [] : withDescendants(own);
  }

  /** One request, one answer. */
  ask(request: Json, limitMs = 30_000): Promise<Json> {
    this.#asked += 1;
    const id = this.#asked;
    this.#terminal.say({ ...request, id });
    return this.#terminal.line((line) => line["id"] === id, limitMs);
  }

  /** Starts another terminal on the same configuration and journal, and waits for its end. */
  async startAnother(stage: PcscdStage): Promise<{ readonly code: number | null; readonly complaints: string }> {
    const another = new Program([YIKATONG, "run", "--config", join(this.folder, "config")], stage.service.environment);
    const ended = new Promise<number | null>((resolve) => {
      another.child.once("close", resolve);
    });
    const timer = setTimeout(() => another.child.kill("SIGKILL"), START_MS);
    const code = await ended;
    clearTimeout(timer);
    return { code, complaints: another.complaints };
  }

  /** Ends the terminal and the host as their owners would. */
  async stop(): Promise<void> {
    await this.#terminal.end();
    await this.#host.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function configure(folder: string, brokerUrl: string, { devices = {}, userReader = {}, more = {} }: WholeTerminalOptions): void {
  const config = join(folder, "config");
  mkdirSync(config);
  mkdirSync(join(folder, "journal"));
  const wanted = exampleConfig({
    terminalId: TERMINAL_ID,
    readers: { user: { ...CARD_RULE, ...userReader }, sam: MODULE_RULE },
    devices,
    ...more,
    link: { url: brokerUrl },
    sync: { kid: "data-1" },
    journal: { folder: join(folder, "journal"), limitBytes: 32 * 1024 * 1024 },
  });
  writeFileSync(join(folder, "wanted.json"), JSON.stringify(wanted));
  const set = spawnSync(process.execPath, [YIKATONG, "config", "set", "--config", config, join(folder, "wanted.json")], {
    encoding: "utf8",
    timeout: START_MS,
  });
  if (set.status !== 0) throw new Error(`the configuration was refused: ${set.stderr}`);
  copyFileSync(join(folder, "host", `${TERMINAL_ID}.keys`), join(config, "terminal.keys"));
}

/** A process and its descendants, as the kernel lists them. */
export function withDescendants(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(Number(name));
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const found = [pid];
  for (const each of found) for (const [child, parent] of parents) if (parent === each) found.push(child);
  return found;
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ")[1]);
  } catch {
    // It has ended since the folder was listed.
    return undefined;
  }
}
