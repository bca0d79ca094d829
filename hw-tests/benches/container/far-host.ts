/*
 * The settlement host with its authority, where machines claim to be terminals, behind a real broker with mutual TLS: each a process of its own in
 * the host's network, told and asked in lines.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { systemRandomness } from "../../../device/system/randomness.ts";
import { HOST_NAME, layClaimBroker } from "../../../simulators/broker/claim-mosquitto.ts";
import { makeAuthority, makeCertified, revocationList } from "../../../simulators/host/claim/authority.ts";
import { openBook } from "../../../simulators/host/claim/book.ts";
import { PROJECT } from "./base.ts";
import type { FieldNetwork } from "./network.ts";

const PORT = 8_883;
const START_LIMIT_MS = 60_000;
const ANSWER_LIMIT_MS = 20_000;
const END_LIMIT_MS = 15_000;
const DAY_MS = 86_400_000;
const BROKER = "/usr/sbin/mosquitto";

type Json = Readonly<Record<string, unknown>>;

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
  });
}

/** Asked to end; made to where it does not. */
async function end(child: ChildProcess): Promise<void> {
  const timer = setTimeout(() => child.kill("SIGKILL"), END_LIMIT_MS);
  child.kill("SIGTERM");
  await ended(child);
  clearTimeout(timer);
}

export interface FarHostOptions {
  readonly folder: string;
  readonly network: FieldNetwork;
  /** Members of the configuration that terminals are given. */
  readonly profile: object;
}

/** Keys, certificates and configuration of the host and its broker, as files. */
async function lay({ folder, network, profile }: FarHostOptions): Promise<{ readonly brokerFile: string; readonly hostFile: string }> {
  const [nowMs, randomness] = [Date.now(), systemRandomness()];
  const authority = makeAuthority(randomness, nowMs);
  const bookFile = join(folder, "claims.json");
  openBook(bookFile, () => ({ authority, signingScalarHex: "44".repeat(32), enrolments: [], tickets: [], sessions: [], revoked: [] }));
  const term = { notBeforeMs: nowMs - DAY_MS, notAfterMs: nowMs + DAY_MS };
  const server = makeCertified(authority, randomness, { ...term, commonName: "broker", hosts: [network.hostAddress] });
  const own = makeCertified(authority, randomness, { ...term, commonName: HOST_NAME });
  const files = { authority: authority.certificatePem, certificate: server.pem, key: server.keyPem, revocationList: revocationList(authority, [], nowMs) };
  const brokerFile = await layClaimBroker(folder, files, { address: network.hostAddress, port: PORT });
  const tls = { caFile: join(folder, "authority.crt"), certFile: join(folder, "host.crt"), keyFile: join(folder, "host.key") };
  writeFileSync(tls.certFile, own.pem);
  writeFileSync(tls.keyFile, own.keyPem, { mode: 0o600 });
  const config = {
    brokerUrl: `mqtts://${network.hostAddress}:${PORT}`,
    clientId: HOST_NAME,
    tls,
    ledgerFile: join(folder, "ledger.sqlite"),
    terminals: [],
    keys: { signingScalarHex: "11".repeat(32), dataKeysHex: {} },
    claim: { file: bookFile, revocationFile: join(folder, "revoked.pem"), brokerPidFile: join(folder, "broker.pid"), profile },
    reconnectWindowMs: 0,
  };
  const hostFile = join(folder, "host.json");
  writeFileSync(hostFile, JSON.stringify(config), { mode: 0o600 });
  return { brokerFile, hostFile };
}

export class FarHost {
  readonly #network: FieldNetwork;
  readonly #brokerFile: string;
  readonly #hostFile: string;
  readonly #waiting = new Map<number, (line: Json) => void>();
  #broker: ChildProcess | undefined;
  #host: ChildProcess | undefined;
  #asked = 0;

  private constructor(network: FieldNetwork, files: { readonly brokerFile: string; readonly hostFile: string }) {
    this.#network = network;
    this.#brokerFile = files.brokerFile;
    this.#hostFile = files.hostFile;
  }

  static async open(options: FarHostOptions): Promise<FarHost> {
    mkdirSync(options.folder, { recursive: true });
    const host = new FarHost(options.network, await lay(options));
    host.startBroker();
    await host.startHost();
    return host;
  }

  startBroker(): void {
    this.#broker = spawn("nsenter", [...this.#network.farAway, BROKER, "-c", this.#brokerFile], { stdio: "ignore" });
  }

  async stopBroker(): Promise<void> {
    if (this.#broker !== undefined) await end(this.#broker);
    this.#broker = undefined;
  }

  /** Resolves when its broker has answered it. */
  async startHost(): Promise<void> {
    const program = join(PROJECT, "simulators/host/process.ts");
    const child = spawn("nsenter", [...this.#network.farAway, process.execPath, program, this.#hostFile], { stdio: ["pipe", "pipe", "ignore"] });
    this.#host = child;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the host did not start")), START_LIMIT_MS);
      child.once("exit", (code) => reject(new Error(`the host ended with ${code}`)));
      createInterface({ input: child.stdout }).on("line", (text) => {
        const line = JSON.parse(text) as Json;
        if (line["event"] === "ready") {
          clearTimeout(timer);
          resolve();
        }
        const { id } = line;
        if (typeof id === "number") this.#waiting.get(id)?.(line);
      });
    });
  }

  async stopHost(): Promise<void> {
    if (this.#host !== undefined) await end(this.#host);
    this.#host = undefined;
  }

  /** One line to the host's process, and its answer. */
  ask(command: string, more: object = {}): Promise<Json> {
    this.#asked += 1;
    const id = this.#asked;
    const answer = new Promise<Json>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the host did not answer: ${command}`)), ANSWER_LIMIT_MS);
      this.#waiting.set(id, (line) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(line);
      });
    });
    this.#host?.stdin?.write(`${JSON.stringify({ command, ...more, id })}\n`);
    return answer;
  }

  /** An act of the people who enrol terminals; it has to succeed. */
  async atDesk(set: object): Promise<Json> {
    const answer = await this.ask("claim", { set });
    if (answer["ok"] !== true) throw new Error(`refused at the desk: ${JSON.stringify(answer)}`);
    return answer;
  }

  async close(): Promise<void> {
    await this.stopHost();
    await this.stopBroker();
  }
}
