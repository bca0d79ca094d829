/*
 * A private pcscd for one test file or one demonstration: its own /run/pcscd by a mount namespace, reached through the folder
 * that is bound there. It is ended by its process id, never by its name.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "../../device/base/fault.ts";

export interface PcscdReader {
  /** Its readers are called "<name> NN SS". */
  readonly name: string;
  readonly socketPath: string;
  readonly slots: number;
}

export interface PrivatePcscdOptions {
  /** An empty folder of the caller's with a short path; the caller removes it. */
  readonly folder: string;
  readonly readers: readonly PcscdReader[];
  /** Path of the built reader handler; the project's own build when absent. */
  readonly handlerPath?: string;
  /** Plays a reader without an interrupt pipe: card events come by slow polling. */
  readonly slowEvents?: boolean;
}

const START_LIMIT_MS = 5_000;
const STOP_LIMIT_MS = 3_000;
const RETRY_MS = 10;

/**
 * `/run` is covered inside the namespace only, because `/run/pcscd` need not exist on this machine. The daemon ends with whoever
 * started it, also when that process is killed; every step replaces the one before, so that one process id serves throughout.
 */
const SCRIPT = [
  'mount -t tmpfs tmpfs /run && mkdir /run/pcscd && mount --bind "$1" /run/pcscd || exit 1',
  'if command -v setpriv >/dev/null; then exec setpriv --pdeathsig KILL pcscd --foreground -c "$2"; fi',
  'exec pcscd --foreground -c "$2"',
].join("\n");

/** Where the set-up puts the built reader handler: the project's folder `build`, from the sources as from a compiled tree. */
export function defaultHandlerPath(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json")) && folder !== dirname(folder)) folder = dirname(folder);
  return join(folder, "build", "libyikatong-ifd.so");
}

/** Why no private pcscd can run here, in one line, or undefined. */
export function pcscdObstacle(handlerPath: string = defaultHandlerPath()): string | undefined {
  if (!existsSync(handlerPath)) return "the virtual PC/SC reader is not built";
  if (spawnSync("pcscd", ["--version"], { stdio: "ignore" }).error !== undefined) return "pcscd is not installed";
  return namespaceFlags() === undefined ? "private namespaces are not allowed here" : undefined;
}

function namespaceFlags(): string | undefined {
  return ["-m", "-Urm"].find((flags) => spawnSync("unshare", [flags, "true"], { stdio: "ignore" }).status === 0);
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}

function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    const settle = (works: boolean) => {
      socket.destroy();
      resolve(works);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}

export class PrivatePcscd {
  readonly #options: PrivatePcscdOptions;
  #child: ChildProcess | undefined;

  constructor(options: PrivatePcscdOptions) {
    this.#options = options;
  }

  /** Socket of the daemon; clients find it through the environment of `environment`. */
  get socketPath(): string {
    return join(this.#options.folder, "run", "pcscd.comm");
  }

  /** What a client process needs in its environment. */
  get environment(): Readonly<Record<string, string>> {
    return { PCSCLITE_CSOCK_NAME: this.socketPath };
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What the daemon wrote; for people who look for a failure. */
  get logPath(): string {
    return join(this.#options.folder, "pcscd.log");
  }

  /** Starts the daemon and waits until it accepts clients. Faults: "process-failed". */
  async start(): Promise<void> {
    const flags = namespaceFlags();
    if (flags === undefined) throw new Fault("process-failed", "private namespaces are not allowed here", { effectUnknown: false });
    const { folder, slowEvents } = this.#options;
    const run = join(folder, "run");
    const configuration = join(folder, "reader.conf.d");
    mkdirSync(run, { recursive: true });
    mkdirSync(configuration, { recursive: true });
    for (const left of ["pcscd.comm", "pcscd.pid"]) rmSync(join(run, left), { force: true });
    writeFileSync(join(configuration, "simulated"), this.#configuration());
    const log = createWriteStream(this.logPath, { flags: "a" });
    const env = slowEvents === true ? { ...process.env, YIKATONG_IFD_SLOW_EVENTS: "1" } : process.env;
    const child = spawn("unshare", [flags, "sh", "-c", SCRIPT, "sh", run, configuration], { stdio: ["ignore", "pipe", "pipe"], env });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    child.once("exit", () => log.end());
    this.#child = child;
    await this.#untilAccepting(child);
  }

  /** Ends the daemon without asking it, as a crash would, and waits for its end. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends the daemon; without an answer in time it is killed. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  #configuration(): string {
    const library = this.#options.handlerPath ?? defaultHandlerPath();
    return this.#options.readers
      .map((reader) => `FRIENDLYNAME "${reader.name}"\nDEVICENAME   ${reader.socketPath}:${reader.slots}\nLIBPATH      ${library}\nCHANNELID    0\n`)
      .join("\n");
  }

  async #untilAccepting(child: ChildProcess): Promise<void> {
    for (let waitedMs = 0; waitedMs < START_LIMIT_MS; waitedMs += RETRY_MS) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Fault("process-failed", `pcscd ended with ${child.exitCode ?? child.signalCode}; see ${this.logPath}`, { effectUnknown: false });
      if (existsSync(this.socketPath) && (await accepts(this.socketPath))) return;
      await pause(RETRY_MS);
    }
    await this.kill();
    throw new Fault("process-failed", `pcscd did not accept clients; see ${this.logPath}`, { effectUnknown: false });
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
    });
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await ended;
    clearTimeout(timer);
  }
}
