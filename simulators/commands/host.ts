/* `host`: the settlement host, insurer, acquirer and agency by themselves, against a broker or with one inside. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fen, formatYuan } from "../../device/base/fen.ts";
import type { Clock, Randomness } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemClock } from "../../device/system/clock.ts";
import type { Command, OptionValues } from "../../device/system/command-line.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import { type EmbeddedBroker, openEmbeddedBroker } from "../host/embedded-broker.ts";
import { COMMAND_NAMES } from "../host/process-commands.ts";
import type { Parsed } from "./sim-faults.ts";
import { HostChild, type HostLine } from "./sim-host-child.ts";
import { type HostFolder, openHostFolder } from "./sim-host-folder.ts";
import { HOST_OPTIONS, type HostOptions, readHostOptions } from "./sim-host-options.ts";
import { standardIo } from "./sim-io.ts";
import type { SimIo } from "./sim-stand.ts";

const EXIT_USAGE = 2;
const WAITING_NOTICE_MS = 3_000;
/** Marks what this command tells the host by itself; nobody waits for these replies. */
const OPTION_ID = "option-of-the-command";
const DROP_CONNECTIONS = "drop-connections";

const LINE_HELP = `JSON lines, for example {"command":"totals"}. Commands: ${[...COMMAND_NAMES, DROP_CONNECTIONS].join(", ")}`;

export interface HostParts {
  readonly suite: CipherSuite;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

interface Prepared {
  readonly config: Readonly<Record<string, unknown>>;
  readonly keyFiles: HostFolder["keyFiles"];
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readConfig(path: string): Parsed<Prepared> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ok: true, value: { config: { ...value }, keyFiles: {} } };
    return { ok: false, reason: `${path} holds no JSON object` };
  } catch (error) {
    return { ok: false, reason: error instanceof SyntaxError ? `${path} is no JSON` : `${path} cannot be read: ${reasonOf(error)}` };
  }
}

function prepare(options: HostOptions, folder: string, parts: HostParts): Parsed<Prepared> {
  if (options.configFile !== undefined) return readConfig(options.configFile);
  try {
    return openHostFolder(folder, options.terminals, parts);
  } catch (error) {
    return { ok: false, reason: `${folder} cannot be used: ${reasonOf(error)}` };
  }
}

/** The configuration for the process stands in a private file, because arguments of a process can be read by everybody. */
function writeConfig(folder: string, options: HostOptions, whole: { readonly config: Prepared["config"]; readonly brokerUrl: string | undefined }): string {
  const { config, brokerUrl } = whole;
  const configured = typeof config["faults"] === "object" ? config["faults"] : {};
  const path = join(folder, "host.json");
  const acquirer = typeof config["acquirer"] === "object" ? config["acquirer"] : {};
  const port = options.acquirerPort === undefined ? {} : { acquirer: { ...acquirer, port: options.acquirerPort } };
  const merged = { ...config, ...port, ...(brokerUrl === undefined ? {} : { brokerUrl }), faults: { ...configured, ...options.faults } };
  writeFileSync(path, `${JSON.stringify(merged)}\n`, { mode: 0o600 });
  return path;
}

function totalsText(totals: HostLine): string {
  const byKind: unknown = totals["byKind"];
  const rows = typeof byKind === "object" && byKind !== null ? Object.entries(byKind as Readonly<Record<string, { count: number; fen: number }>>) : [];
  const kinds = rows.map(([kind, { count, fen: amountFen }]) => `  ${kind.padEnd(20)} ${String(count).padStart(6)} booked, ${formatYuan(fen(amountFen))} yuan`);
  const counts = ["records", "unknown", "rejects", "quarantined"].map((name) => `${name} ${String(totals[name])}`).join(", ");
  return [...(kinds.length === 0 ? ["  nothing is booked"] : kinds), `  ${counts}`].join("\n");
}

class HostSession {
  readonly #options: HostOptions;
  readonly #io: SimIo;
  readonly #clock: Clock;
  readonly #broker: EmbeddedBroker | undefined;
  readonly #child: HostChild;

  constructor(options: HostOptions, io: SimIo, parts: { readonly clock: Clock; readonly broker: EmbeddedBroker | undefined; readonly configFile: string }) {
    this.#options = options;
    this.#io = io;
    this.#clock = parts.clock;
    this.#broker = parts.broker;
    this.#child = new HostChild({
      clock: parts.clock,
      configFile: parts.configFile,
      onLine: (line) => {
        if (line["id"] !== OPTION_ID) this.#object(line);
      },
      onDiagnostic: (text) => io.complain(text),
    });
  }

  /** Waits for the broker, then serves lines until they end or the host does. */
  async run(announced: { readonly brokerUrl: string; readonly keyFiles: Prepared["keyFiles"] }): Promise<number> {
    const lines = this.#io.lines[Symbol.asyncIterator]();
    const first = lines.next();
    // The end of the lines also ends the wait for a broker that is not there.
    const begun = await Promise.race([this.#whenReady(announced.brokerUrl), first.then(({ done }) => (done === true ? undefined : this.#child.ready))]);
    if (begun === false) return this.#ended();
    if (begun === true) this.#announce(announced);
    for (const instruction of this.#options.insurerFaults) this.#child.send({ command: "insurer-fault", set: instruction, id: OPTION_ID });
    for (const instruction of this.#options.acquirerFaults) this.#child.send({ command: "acquirer-fault", set: instruction, id: OPTION_ID });
    for (const instruction of this.#options.agencyFaults) this.#child.send({ command: "agency-fault", set: instruction, id: OPTION_ID });
    const alive = begun === undefined || (await this.#serve(lines, first));
    return this.#end(alive);
  }

  async #ended(): Promise<number> {
    this.#io.complain(`the host ended by itself with ${(await this.#child.ended) ?? "a signal"}; what it booked stands in its ledger`);
    return 1;
  }

  async #whenReady(brokerUrl: string): Promise<boolean> {
    const impatience = new AbortController();
    void this.#clock.sleep(WAITING_NOTICE_MS, impatience.signal).then(
      () => this.#io.complain(`still waiting for the broker at ${brokerUrl}`),
      () => undefined,
    );
    const ready = await this.#child.ready;
    impatience.abort();
    return ready;
  }

  #object(line: object): void {
    this.#io.print(JSON.stringify(line));
  }

  #announce({ brokerUrl, keyFiles }: { readonly brokerUrl: string; readonly keyFiles: Prepared["keyFiles"] }): void {
    if (this.#options.json) {
      this.#object({ event: "ready", brokerUrl, keyFiles });
      return;
    }
    const files = Object.entries(keyFiles).map(([tid, path]) => `  terminal ${tid}: key file ${path}`);
    this.#io.print(
      [
        `settlement host, insurer, acquirer and agency are running, broker at ${brokerUrl}`,
        ...files,
        LINE_HELP,
        "Ctrl-C, or the end of the input, ends it.",
      ].join("\n"),
    );
  }

  /** True while the host is still there at the end of the lines. */
  async #serve(lines: AsyncIterator<string>, first: Promise<IteratorResult<string>>): Promise<boolean> {
    const gone = this.#child.ended.then(() => "gone" as const);
    for (let next = first; ; next = lines.next()) {
      const result = await Promise.race([next, gone]);
      if (result === "gone") return false;
      if (result.done === true || !this.#line(result.value.trim())) return true;
    }
  }

  /** False when the line asks for the end. */
  #line(text: string): boolean {
    if (text === "" || text.startsWith("#")) return true;
    if (text === "quit") return false;
    const line = text === "help" ? undefined : commandOf(text);
    if (line === undefined) this.#refuse(text);
    else if (line["command"] === "stop") return false;
    else if (line["command"] === DROP_CONNECTIONS) this.#dropConnections(line);
    else this.#child.send(line);
    return true;
  }

  #refuse(text: string): void {
    if (!this.#options.json) this.#io.print(text === "help" ? LINE_HELP : `refused: no JSON object. ${LINE_HELP}`);
    else this.#object({ ok: text === "help", ...(text === "help" ? { commands: [...COMMAND_NAMES, DROP_CONNECTIONS] } : { reason: "not a JSON object" }) });
  }

  #dropConnections({ id }: HostLine): void {
    this.#broker?.dropConnections();
    const outcome = this.#broker === undefined ? { ok: false, reason: "only with --embedded" } : { ok: true };
    this.#object({ reply: DROP_CONNECTIONS, ...(id === undefined ? {} : { id }), ...outcome });
  }

  async #end(alive: boolean): Promise<number> {
    const totals = alive ? await this.#child.totals() : undefined;
    await this.#child.stop();
    if (totals === undefined) return this.#ended();
    const { reply: _reply, id: _id, ok: _ok, ...summary } = totals;
    if (this.#options.json) this.#object({ event: "end", ...summary });
    else this.#io.print(`in the host's ledger:\n${totalsText(summary)}`);
    return 0;
  }
}

function commandOf(text: string): HostLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

async function openBroker(options: HostOptions): Promise<Parsed<EmbeddedBroker | undefined>> {
  const { broker } = options;
  if (broker.kind !== "embedded") return { ok: true, value: undefined };
  try {
    return { ok: true, value: await openEmbeddedBroker({ port: broker.port, host: broker.address }) };
  } catch (error) {
    return { ok: false, reason: `the embedded broker cannot listen on ${broker.address}:${broker.port}: ${reasonOf(error)}` };
  }
}

function brokerUrlOf(options: HostOptions, broker: EmbeddedBroker | undefined): string | undefined {
  if (broker !== undefined) return broker.url;
  return options.broker.kind === "url" ? options.broker.url : undefined;
}

async function runIn(folder: string, options: HostOptions, doors: { readonly io: SimIo; readonly parts: HostParts }): Promise<number> {
  const { io, parts } = doors;
  const prepared = prepare(options, folder, parts);
  const broker = prepared.ok ? await openBroker(options) : prepared;
  if (!prepared.ok || !broker.ok) {
    io.complain(broker.ok ? "the host cannot be prepared" : broker.reason);
    return EXIT_USAGE;
  }
  try {
    const { config, keyFiles } = prepared.value;
    const brokerUrl = brokerUrlOf(options, broker.value);
    const configFile = writeConfig(folder, options, { config, brokerUrl });
    const session = new HostSession(options, io, { clock: parts.clock, broker: broker.value, configFile });
    return await session.run({ brokerUrl: brokerUrl ?? String(config["brokerUrl"]), keyFiles });
  } finally {
    await broker.value?.close();
  }
}

/** The whole command with its doors passed in. Resolves with the exit code. */
export async function runHost(values: OptionValues, io: SimIo, parts: HostParts): Promise<number> {
  const options = readHostOptions(values);
  if (typeof options === "string") {
    io.complain(options);
    return EXIT_USAGE;
  }
  const { folder } = options;
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return runIn(folder, options, { io, parts });
  }
  const temporary = mkdtempSync(join(tmpdir(), "ykt-host-"));
  try {
    return await runIn(temporary, options, { io, parts });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

export const hostCommand: Command = {
  name: "host",
  summary: "runs the settlement host, insurer, acquirer and agency by themselves, against a broker or with one inside",
  options: HOST_OPTIONS,
  run: async (values) => {
    const io = standardIo();
    try {
      return await runHost(values, io, { suite: openCipherSuite(), clock: systemClock(), randomness: systemRandomness() });
    } finally {
      io.close();
    }
  },
};
