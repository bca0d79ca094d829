/*
 * A machine of its own: a root that was booted by its own init in a container without a network, reached through its namespaces. It is ended by its
 * process id, and leaves nothing behind on the machine that runs the test.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { type Ended, runProgram } from "../../../tools/processes.ts";

const BOOT_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 40_000;
const COMMAND_LIMIT_MS = 60_000;
const LOOK_MS = 50;
const OUTPUT_CHARACTERS_MAX = 200_000;

export interface MachineOptions {
  readonly root: string;
  /** Folders of this machine, and where they lie in the other one. */
  readonly binds?: Readonly<Record<string, string>>;
  readonly readOnlyBinds?: Readonly<Record<string, string>>;
  /** File of the network that it is put into; left out: it has none but its own. */
  readonly network?: string;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Looks until it is so. */
export async function until(what: string, limitMs: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const untilMs = performance.now() + limitMs; !(await holds()); ) {
    if (performance.now() > untilMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(LOOK_MS);
  }
}

function childOf(pid: number): number | undefined {
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    try {
      if (Number(readFileSync(`/proc/${name}/stat`, "latin1").split(") ").at(-1)?.split(" ")[1]) === pid) return Number(name);
    } catch {
      // It has ended since the folder was listed.
    }
  }
  return undefined;
}

function bindArguments(option: string, binds: Readonly<Record<string, string>> = {}): readonly string[] {
  return Object.entries(binds).map(([from, to]) => `--${option}=${from}:${to}`);
}

/** Runs one program in a root that is not booted, as the machine's own root, with its own devices and this machine's network. */
export function runInRoot({ root, binds, readOnlyBinds }: MachineOptions, args: readonly string[], limitMs = COMMAND_LIMIT_MS): Promise<Ended> {
  const places = [...bindArguments("bind", binds), ...bindArguments("bind-ro", readOnlyBinds)];
  return runProgram("systemd-nspawn", ["-q", "-D", root, "--register=no", "--keep-unit", "--resolv-conf=replace-host", ...places, ...args], { limitMs });
}

export class Machine {
  readonly root: string;
  readonly #child: ChildProcess;
  #console = "";
  #init = 0;

  private constructor(root: string, child: ChildProcess) {
    this.root = root;
    this.#child = child;
    const keep = (chunk: Buffer) => {
      if (this.#console.length < OUTPUT_CHARACTERS_MAX) this.#console += chunk.toString("utf8");
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
  }

  /** Boots, and resolves when everything that starts with the machine has started or failed. */
  static async boot({ root, binds, readOnlyBinds, network }: MachineOptions): Promise<Machine> {
    const places = [...bindArguments("bind", binds), ...bindArguments("bind-ro", readOnlyBinds)];
    const net = network === undefined ? "--private-network" : `--network-namespace-path=${network}`;
    const args = ["-q", "-b", "-D", root, "--register=no", "--keep-unit", net, "--console=pipe", "--machine=terminal", ...places];
    const child = spawn("systemd-nspawn", args, { stdio: ["ignore", "pipe", "pipe"] });
    const machine = new Machine(root, child);
    try {
      await machine.#whenUp();
    } catch (error) {
      await machine.cut();
      throw new Error(`the machine did not start; its console:\n${machine.console.slice(-3_000)}`, { cause: error });
    }
    return machine;
  }

  /** What it has printed while it started and stopped. */
  get console(): string {
    return this.#console;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Arguments with which `nsenter` gets into its network alone: the program itself is this machine's. */
  get networkOnly(): readonly string[] {
    return ["--target", String(this.#init), "--net", "--"];
  }

  run(args: readonly string[], limitMs = COMMAND_LIMIT_MS): Promise<Ended> {
    const into = ["--target", String(this.#init), "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", "--"];
    const environment = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "SYSTEMD_PAGER="];
    return runProgram("nsenter", [...into, ...environment, ...args], { limitMs });
  }

  /** Runs what has to succeed; gives what it printed. */
  async must(...args: readonly string[]): Promise<string> {
    const ended = await this.run(args);
    if (ended.code !== 0) throw new Error(`${args.join(" ")}: ${ended.code ?? "ended"}\n${ended.stdout.slice(-2_000)}${ended.stderr.slice(-2_000)}`);
    return ended.stdout;
  }

  /** One property of a unit. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.must("systemctl", "show", "--value", `--property=${name}`, unit)).trim();
  }

  /** The last lines that a unit has logged. */
  async log(unit: string, lines = 60): Promise<string> {
    return (await this.run(["journalctl", "--no-pager", "-o", "cat", "-n", String(lines), "-u", unit])).stdout;
  }

  /** Switched off as its owner would. Resolves when nothing of it runs. */
  async powerOff(): Promise<void> {
    await this.run(["systemctl", "poweroff", "--no-block"]);
    await until("the machine is off", STOP_LIMIT_MS, () => !this.running);
    this.#sweep();
  }

  /** Its power fails. */
  async cut(): Promise<void> {
    if (this.running) {
      if (this.#init > 0) kill(this.#init);
      await until("the init is gone", STOP_LIMIT_MS, () => !this.running || this.#init === 0);
      this.#child.kill("SIGKILL");
      await until("the machine is off", STOP_LIMIT_MS, () => !this.running);
    }
    this.#sweep();
  }

  async #whenUp(): Promise<void> {
    const { pid = 0 } = this.#child;
    await until("the init runs", BOOT_LIMIT_MS, () => {
      if (!this.running) throw new Error("the container ended");
      this.#init = childOf(pid) ?? 0;
      return this.#init > 0 && this.#isInit();
    });
    await until("the manager answers", BOOT_LIMIT_MS, async () => (await this.run(["systemctl", "is-system-running", "--wait"])).stdout.trim() !== "");
    const state = (await this.run(["systemctl", "is-system-running", "--wait"], BOOT_LIMIT_MS)).stdout.trim();
    if (state !== "running" && state !== "degraded") throw new Error(`the machine is ${state}`);
  }

  /** The container's first process becomes its init by its own exec. */
  #isInit(): boolean {
    try {
      return readFileSync(`/proc/${this.#init}/comm`, "latin1").trim() === "systemd";
    } catch {
      return false;
    }
  }

  /** Empty groups of processes that the container leaves. */
  #sweep(): void {
    for (const tree of ["systemd", "unified"]) {
      for (const name of ["payload", "supervisor"]) {
        try {
          rmdirSync(join("/sys/fs/cgroup", tree, name));
        } catch {
          // Not there, or somebody else's container still lives in it.
        }
      }
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
