/* What `host` was asked for: broker, state, terminals, faults. */
import type { CommandOption, OptionValues } from "../../device/system/command-line.ts";
import { ACQUIRER_FAULTS, applyAcquirerFault, noAcquirerFaults } from "../host/acquirer/acquirer-faults.ts";
import { AGENCY_FAULTS, applyAgencyFault, noAgencyFaults } from "../host/agency/faults.ts";
import { type HostFaults, noHostFaults, parseHostFaults } from "../host/faults.ts";
import { applyInsurerFault, INSURER_FAULTS, noInsurerFaults } from "../host/medical/insurer-faults.ts";
import type { Parsed } from "./sim-faults.ts";

export type BrokerChoice =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "embedded"; readonly port: number; readonly address: string }
  /** As the configuration file says. */
  | { readonly kind: "configured" };

export interface HostOptions {
  readonly broker: BrokerChoice;
  /** A configuration of the caller's own; otherwise a folder is made and filled. */
  readonly configFile: string | undefined;
  /** Undefined: a folder that is removed at the end. */
  readonly folder: string | undefined;
  readonly terminals: readonly string[];
  readonly faults: Partial<HostFaults>;
  /** Instructions as the running host takes them. */
  readonly insurerFaults: readonly object[];
  readonly acquirerFaults: readonly object[];
  readonly agencyFaults: readonly object[];
  /** Undefined: the acquirer is reached through the broker alone. */
  readonly acquirerPort: number | undefined;
  readonly json: boolean;
}

const PORT_MAX = 65_535;
const DEFAULT_TERMINAL = "T001";
const URL_SHAPE = /^(?:mqtts?|tcp|tls|wss?):\/\/[^\s/@]+(?:\/\S*)?$/;

export const HOST_OPTIONS: Readonly<Record<string, CommandOption>> = {
  broker: { type: "string", summary: "address of a running broker, for example mqtt://127.0.0.1:1883" },
  embedded: { type: "boolean", summary: "starts a broker inside this process" },
  port: { type: "string", summary: "port of the embedded broker (default: the system chooses)" },
  listen: { type: "string", summary: "address of the embedded broker (default 127.0.0.1)" },
  folder: { type: "string", summary: "keeps keys, terminals and ledgers here; made when missing (default: a temporary folder, removed at the end)" },
  terminal: { type: "string", summary: `comma list of terminals to register, with a key file each (default ${DEFAULT_TERMINAL})` },
  config: { type: "string", summary: "a whole configuration file of the host (simulators/host/README.md) instead of --folder and --terminal" },
  fault: {
    type: "string",
    summary: `faults of the host, comma list of ${Object.keys(noHostFaults()).join(", ")}, with =<number> or =false where it is no plain switch`,
  },
  "insurer-fault": {
    type: "string",
    summary: `faults of the insurer, comma list of absent, broken-sum=<sum>, statement-rows-missing=<n>, <infno>:<${Object.keys(INSURER_FAULTS).join("|")}>[=<ms>]`,
  },
  "acquirer-fault": {
    type: "string",
    summary: `faults of the acquirer, comma list of absent, difference=<missing-row|extra-row|amount|credit-side|error>, <type>[/<processing code>]:<${Object.keys(ACQUIRER_FAULTS).join("|")}>[=<ms>]`,
  },
  "agency-fault": {
    type: "string",
    summary: `faults of the agency, comma list of absent, <service or *>:<${Object.keys(AGENCY_FAULTS).join("|")}>[=<ms>]`,
  },
  "acquirer-port": { type: "string", summary: "port of the acquirer on loopback, frames with a length of two bytes; 0: the system chooses (default: none)" },
  json: { type: "boolean", summary: "standard output carries JSON lines only; the last one is the summary" },
};

function switchValue(text: string | undefined): boolean | number | string {
  if (text === undefined || text === "true") return true;
  if (text === "false") return false;
  return /^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? Number(text) : text;
}

/** A comma list of the host's switches: "vanished,dropNextReceipts=3". */
export function parseHostFaultList(text: string): Parsed<Partial<HostFaults>> {
  const entries = text.split(",").map((part) => {
    const [name = "", value] = part.trim().split("=");
    return [name, switchValue(value)] as const;
  });
  const parsed = parseHostFaults(Object.fromEntries(entries));
  return parsed.ok ? { ok: true, value: parsed.faults } : parsed;
}

function insurerInstruction(part: string): object | undefined {
  if (part === "absent") return { absent: true };
  const sum = /^broken-sum=(\w+)$/.exec(part)?.[1];
  if (sum !== undefined) return { brokenSum: sum };
  const missing = /^statement-rows-missing=(\d{1,6})$/.exec(part)?.[1];
  if (missing !== undefined) return { statementRowsMissing: Number(missing) };
  const [, infno, fault, ms] = /^(\d{4}[A-Z]?):([a-z0-9-]+)(?:=(\d{1,9}))?$/.exec(part) ?? [];
  if (infno === undefined || fault === undefined) return undefined;
  return { infno, fault, ...(ms === undefined ? {} : { lateMs: Number(ms), slowMs: fault === "slow" ? Number(ms) : 0 }) };
}

/** A comma list of the insurer's faults: "2102:late-booking=5000,broken-sum=cash". */
export function parseInsurerFaultList(text: string): Parsed<readonly object[]> {
  // The insurer itself says whether it knows the fault; nothing is planned by asking.
  return parseInstructions(text, insurerInstruction, (instruction) => applyInsurerFault(noInsurerFaults(), instruction));
}

function acquirerInstruction(part: string): object | undefined {
  if (part === "absent") return { absent: true };
  const difference = /^difference=([a-z-]+)$/.exec(part)?.[1];
  if (difference !== undefined) return { difference };
  const [, of, fault, ms] = /^(\d{4}(?:\/\d{6})?):([a-z0-9-]+)(?:=(\d{1,9}))?$/.exec(part) ?? [];
  if (of === undefined || fault === undefined) return undefined;
  return { of, fault, ...(ms === undefined ? {} : fault === "late-approval" ? { lateMs: Number(ms) } : { slowMs: Number(ms) }) };
}

/** A comma list of the acquirer's faults: "0200/000000:late-approval=5000,difference=amount". */
export function parseAcquirerFaultList(text: string): Parsed<readonly object[]> {
  return parseInstructions(text, acquirerInstruction, (instruction) => applyAcquirerFault(noAcquirerFaults(), instruction));
}

function agencyInstruction(part: string): object | undefined {
  if (part === "absent") return { absent: true };
  const [, service, fault, ms] = /^([a-z-]+|\*):([a-z0-9-]+)(?:=(\d{1,9}))?$/.exec(part) ?? [];
  if (service === undefined || fault === undefined) return undefined;
  return { service, fault, ...(ms === undefined ? {} : fault === "slow" ? { slowMs: Number(ms) } : { lateMs: Number(ms) }) };
}

/** A comma list of the agency's faults: "contribution-confirm:reply-lost,*:slow=2000". */
export function parseAgencyFaultList(text: string): Parsed<readonly object[]> {
  return parseInstructions(text, agencyInstruction, (instruction) => applyAgencyFault(noAgencyFaults(), instruction));
}

function parseInstructions(
  text: string,
  read: (part: string) => object | undefined,
  wrongWith: (instruction: object) => string | undefined,
): Parsed<readonly object[]> {
  const instructions: object[] = [];
  for (const part of text.split(",").map((each) => each.trim())) {
    const instruction = read(part);
    const wrong = instruction === undefined ? "it does not fit" : wrongWith(instruction);
    if (instruction === undefined || wrong !== undefined) return { ok: false, reason: `"${part}": ${wrong}` };
    instructions.push(instruction);
  }
  return { ok: true, value: instructions };
}

function textOf(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

function readBroker(values: OptionValues, problems: string[]): BrokerChoice {
  const url = textOf(values, "broker");
  const port = textOf(values, "port");
  const embedded = values["embedded"] === true;
  if (embedded && url !== undefined) problems.push("choose one of --broker and --embedded");
  if (!embedded && (port !== undefined || textOf(values, "listen") !== undefined)) problems.push("--port and --listen belong to --embedded");
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= PORT_MAX)) problems.push(`--port is a number from 0 to ${PORT_MAX}`);
  if (url !== undefined && !URL_SHAPE.test(url)) problems.push("--broker is an address such as mqtt://127.0.0.1:1883, without a password in it");
  if (embedded) return { kind: "embedded", port: Number(port ?? 0), address: textOf(values, "listen") ?? "127.0.0.1" };
  if (url !== undefined) return { kind: "url", url };
  if (textOf(values, "config") === undefined) problems.push("choose --broker <address>, or --embedded for a broker inside this process");
  return { kind: "configured" };
}

function readAcquirerPort(values: OptionValues, problems: string[]): number | undefined {
  const port = textOf(values, "acquirer-port");
  if (port === undefined) return undefined;
  if (!(/^\d{1,5}$/.test(port) && Number(port) <= PORT_MAX)) problems.push(`--acquirer-port is a number from 0 to ${PORT_MAX}`);
  if (textOf(values, "config") !== undefined) problems.push("--acquirer-port stands in the configuration file: leave it out beside --config");
  return Number(port);
}

function readTerminals(values: OptionValues, problems: string[]): readonly string[] {
  const terminals = (textOf(values, "terminal") ?? DEFAULT_TERMINAL).split(",").map((tid) => tid.trim());
  if (!terminals.every((tid) => /^[A-Za-z0-9_-]{1,32}$/.test(tid))) problems.push("--terminal is a comma list of names with 1 to 32 of A-Z a-z 0-9 _ -");
  return terminals;
}

/** What an option says, or `otherwise` where it is absent or wrong. */
function parsed<Value>(
  values: OptionValues,
  { name, otherwise, parse }: { readonly name: string; readonly otherwise: Value; readonly parse: (text: string) => Parsed<Value> },
  problems: string[],
): Value {
  const text = textOf(values, name);
  if (text === undefined) return otherwise;
  const found = parse(text);
  if (found.ok) return found.value;
  problems.push(`--${name}: ${found.reason}`);
  return otherwise;
}

/** The options, or what is wrong with them, one line each. */
export function readHostOptions(values: OptionValues): HostOptions | string {
  const problems: string[] = [];
  const configFile = textOf(values, "config");
  if (configFile !== undefined && (textOf(values, "folder") ?? textOf(values, "terminal")) !== undefined)
    problems.push("--config names terminals and files itself: leave out --folder and --terminal");
  const list = (name: string, parse: (text: string) => Parsed<readonly object[]>) => parsed(values, { name, otherwise: [], parse }, problems);
  const options: HostOptions = {
    broker: readBroker(values, problems),
    configFile,
    folder: textOf(values, "folder"),
    terminals: readTerminals(values, problems),
    faults: parsed(values, { name: "fault", otherwise: {}, parse: parseHostFaultList }, problems),
    insurerFaults: list("insurer-fault", parseInsurerFaultList),
    acquirerFaults: list("acquirer-fault", parseAcquirerFaultList),
    agencyFaults: list("agency-fault", parseAgencyFaultList),
    acquirerPort: readAcquirerPort(values, problems),
    json: values["json"] === true,
  };
  return problems.length === 0 ? options : problems.join("\n");
}
