/*
 * What stands around a terminal in the field: a counter with a reader, a module, a holder with a card, a program at the till, and far away the host.
 * Readers and cards live outside of the container behind sockets that its own PC/SC service opens; the host lives in its network.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { TEST_PASSWORD, testConfig, testToken } from "../../../device/api/http/testing.ts";
import { exampleConfig } from "../../../device/config/testing.ts";
import { SimulatorProcess } from "../../../simulators/reader/process-client.ts";
import { type Ended, runProgram } from "../../../tools/processes.ts";
import { CARD_RULE, MODULE_RULE } from "../pcscd.ts";
import { PROJECT } from "./base.ts";
import type { Machine } from "./machine.ts";

export const TERMINAL_ID = "T900002";
const CLIENT = "pos1";
const API_PORT = 8_443;
const HOST_LIMIT_MS = 30_000;
const SALE_LIMIT_MS = 40_000;
/** Where the sockets of the readers lie in the container. */
const DESK = "/run/desk";
const HANDLER = "/usr/local/lib/libyikatong-ifd.so";

type Json = Readonly<Record<string, unknown>>;

/** Readers, module and card of one counter, and the files with which a machine finds them. */
export class FieldDesk {
  readonly sockets: string;
  readonly simulator: SimulatorProcess;

  private constructor(sockets: string, simulator: SimulatorProcess) {
    this.sockets = sockets;
    this.simulator = simulator;
  }

  static async open(folder: string): Promise<FieldDesk> {
    const sockets = join(folder, "desk");
    mkdirSync(sockets);
    const simulator = await SimulatorProcess.start();
    await simulator.request({ do: "open-reader", reader: "counter", socketPath: join(sockets, "counter.sock"), slots: 1 });
    await simulator.request({ do: "open-reader", reader: "modules", socketPath: join(sockets, "modules.sock"), slots: 2 });
    await simulator.request({ do: "make-psam", name: "psam", options: {} });
    await simulator.request({ do: "insert", name: "psam", reader: "modules", slot: 1 });
    await simulator.request({ do: "make-card", name: "card", options: { balanceFen: 100_000, algorithm: "sm4", serial: 1 } });
    return new FieldDesk(sockets, simulator);
  }

  /** Gives a machine that is not booted the driver of these readers, as a maker's driver would be installed. */
  attachTo(root: string): void {
    mkdirSync(join(root, "etc/reader.conf.d"), { recursive: true });
    copyFileSync(join(PROJECT, "build", "libyikatong-ifd.so"), join(root, HANDLER));
    const reader = (name: string, slots: number) =>
      `FRIENDLYNAME "SIM ${name}"\nDEVICENAME   ${DESK}/${name.toLowerCase()}.sock:${slots}\nLIBPATH      ${HANDLER}\nCHANNELID    0\n`;
    writeFileSync(join(root, "etc/reader.conf.d/desk"), `${reader("Counter", 1)}\n${reader("Modules", 2)}`);
  }

  get binds(): Readonly<Record<string, string>> {
    return { [this.sockets]: DESK };
  }

  present(): Promise<unknown> {
    return this.simulator.request({ do: "insert", name: "card", reader: "counter", slot: 0 });
  }

  takeAway(): Promise<unknown> {
    return this.simulator.request({ do: "remove", reader: "counter", slot: 0 });
  }

  close(): Promise<void> {
    return this.simulator.stop();
  }
}

/** The settlement host with its broker, in the network of the machine. */
export class FieldHost {
  readonly folder: string;
  readonly brokerUrl: string;
  readonly #child: ChildProcess;

  private constructor(parts: { readonly folder: string; readonly brokerUrl: string; readonly child: ChildProcess }) {
    this.folder = parts.folder;
    this.brokerUrl = parts.brokerUrl;
    this.#child = parts.child;
  }

  static async start(machine: Machine, folder: string): Promise<FieldHost> {
    const host = [join(PROJECT, "simulators/cli.ts"), "host", "--embedded", "--folder", folder, "--terminal", TERMINAL_ID, "--json"];
    const child = spawn("nsenter", [...machine.networkOnly, process.execPath, ...host], { stdio: ["pipe", "pipe", "inherit"] });
    const brokerUrl = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the host did not start")), HOST_LIMIT_MS);
      child.once("exit", (code) => reject(new Error(`the host ended with ${code}`)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        const said = JSON.parse(line) as Json;
        if (said["event"] !== "ready") return;
        clearTimeout(timer);
        resolve(String(said["brokerUrl"]));
      });
    });
    return new FieldHost({ folder, brokerUrl, child });
  }

  get keyFile(): string {
    return join(this.folder, `${TERMINAL_ID}.keys`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => {
      this.#child.once("exit", () => resolve());
    });
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), HOST_LIMIT_MS);
    await ended;
    clearTimeout(timer);
  }
}

/** The configuration of a counter with these readers, this broker, and a till's program. */
export async function fieldConfiguration(brokerUrl: string): Promise<object> {
  return exampleConfig({
    terminalId: TERMINAL_ID,
    readers: { user: CARD_RULE, sam: MODULE_RULE },
    link: { url: brokerUrl },
    sync: { kid: "data-1" },
    journal: { folder: "/var/lib/yikatong/journal", limitBytes: 64 * 1024 * 1024 },
    api: { ...(await testConfig([CLIENT])), port: API_PORT },
  });
}

/** The same counter for a terminal that is claimed: what its host gives it beside name, keys and line. Few sales may wait for the host. */
export async function fieldProfile(unreceiptedCountMax: number): Promise<object> {
  return {
    readers: { user: CARD_RULE, sam: MODULE_RULE },
    limits: { amountPerSaleFen: 100_000, unreceiptedCountMax, unreceiptedSumMaxFen: 5_000_000 },
    journal: { folder: "/var/lib/yikatong/journal", limitBytes: 64 * 1024 * 1024 },
    api: { ...(await testConfig([CLIENT])), port: API_PORT },
  };
}

/** One sale over the local API, asked by a program in the machine's network. */
export async function sellAtTill(machine: Machine, saleNumber: string, amountFen: number): Promise<Json> {
  const till = join(PROJECT, "hw-tests/benches/container/till.ts");
  const args = [`http://127.0.0.1:${API_PORT}`, testToken(CLIENT), TEST_PASSWORD, saleNumber, String(amountFen)];
  const ended: Ended = await runProgram("nsenter", [...machine.networkOnly, process.execPath, till, ...args], { limitMs: SALE_LIMIT_MS });
  if (ended.code !== 0) throw new Error(`the till failed: ${ended.stderr.slice(-1_500)}`);
  return JSON.parse(ended.stdout) as Json;
}
