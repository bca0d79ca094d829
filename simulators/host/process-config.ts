/* The configuration of a host that runs as its own process; unknown members are refused by name. */
import { parseHex } from "../../device/base/bytes.ts";
import { type AcquirerConfig, readAcquirerConfig } from "./acquirer/acquirer-config.ts";
import { type AgencyConfig, readAgencyConfig } from "./agency/config.ts";
import { countField, isFields, type JsonFields, parseFields, textField } from "./canonical.ts";
import { type ClaimConfig, readClaimConfig } from "./claim/process.ts";
import { type HostFaults, parseHostFaults } from "./faults.ts";
import type { InsurerVariants } from "./medical/service.ts";
import { parseInsurerVariants } from "./medical/variants.ts";

export interface HostProcessConfig {
  readonly brokerUrl: string;
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Files in PEM. */
  readonly tls: { readonly caFile: string; readonly certFile: string; readonly keyFile: string } | undefined;
  /** ":memory:" or a file. */
  readonly ledgerFile: string;
  readonly insurerFile: string;
  readonly insurerVariants: Partial<InsurerVariants>;
  /** A way to the insurer without the broker; undefined: there is none. */
  readonly gateway: GatewayConfig | undefined;
  readonly acquirer: AcquirerConfig;
  readonly agency: AgencyConfig;
  readonly terminals: readonly { readonly tid: string; readonly publicKeyHex: string; readonly kids: readonly string[] }[];
  readonly keys: { readonly signingScalarHex: string; readonly dataKeysHex: Readonly<Record<string, string>> };
  readonly faults: Partial<HostFaults>;
  /** Machines that may become terminals; undefined: none may. */
  readonly claim: ClaimConfig | undefined;
  /** Over how long terminals spread their reconnects; the host's usual word when undefined. */
  readonly reconnectWindowMs: number | undefined;
}

export interface GatewayConfig {
  readonly paasid: string;
  readonly token: string;
  /** HTTPS with a certificate that is made at the start. */
  readonly tls: boolean;
  /** 0: the system chooses. */
  readonly port: number;
  /** The gateway's usual path when undefined. */
  readonly path: string | undefined;
}

export type ConfigParse = { readonly ok: true; readonly config: HostProcessConfig } | { readonly ok: false; readonly reason: string };

const MEMBERS: readonly string[] = [
  "brokerUrl",
  "clientId",
  "username",
  "password",
  "tls",
  "ledgerFile",
  "insurerFile",
  "insurerVariants",
  "gateway",
  "acquirer",
  "agency",
  "terminals",
  "terminalsFile",
  "keys",
  "faults",
  "reconnectWindowMs",
  "claim",
];

function isHex(value: unknown, bytes: number): value is string {
  return typeof value === "string" && parseHex(value)?.length === bytes;
}

function readTerminals(value: unknown): HostProcessConfig["terminals"] | undefined {
  if (!Array.isArray(value)) return undefined;
  const terminals: { tid: string; publicKeyHex: string; kids: string[] }[] = [];
  for (const item of value as readonly unknown[]) {
    if (!isFields(item)) return undefined;
    const { tid, publicKeyHex, kids } = item;
    if (typeof tid !== "string" || !isHex(publicKeyHex, 64) || !Array.isArray(kids)) return undefined;
    if (!kids.every((kid): kid is string => typeof kid === "string")) return undefined;
    terminals.push({ tid, publicKeyHex, kids });
  }
  return terminals;
}

function readKeys(value: unknown): HostProcessConfig["keys"] | undefined {
  if (!isFields(value) || !isHex(value["signingScalarHex"], 32) || !isFields(value["dataKeysHex"])) return undefined;
  const entries = Object.entries(value["dataKeysHex"]);
  if (!entries.every((entry): entry is [string, string] => isHex(entry[1], 16))) return undefined;
  return { signingScalarHex: value["signingScalarHex"], dataKeysHex: Object.fromEntries(entries) };
}

function readTls(value: unknown): HostProcessConfig["tls"] | "wrong" {
  if (value === undefined) return undefined;
  if (!isFields(value)) return "wrong";
  const [caFile, certFile, keyFile] = ["caFile", "certFile", "keyFile"].map((name) => textField(value, name));
  return caFile === undefined || certFile === undefined || keyFile === undefined ? "wrong" : { caFile, certFile, keyFile };
}

const PORT_MAX = 65_535;

function readGateway(value: unknown): GatewayConfig | undefined | "wrong" {
  if (value === undefined) return undefined;
  if (!isFields(value)) return "wrong";
  const [paasid = "", token = "", path] = ["paasid", "token", "path"].map((name) => textField(value, name));
  const port = value["port"] === undefined ? 0 : countField(value, "port");
  const sound = paasid !== "" && token !== "" && (path === undefined || path.startsWith("/"));
  if (!sound || port === undefined || port > PORT_MAX) return "wrong";
  return { paasid, token, path, port, tls: value["tls"] === true };
}

/** The parts that concern the insurer, or what is wrong with them. */
function readInsurer(fields: JsonFields): Pick<HostProcessConfig, "insurerFile" | "insurerVariants" | "gateway"> | string {
  const variants = parseInsurerVariants(fields["insurerVariants"] ?? {});
  if (!variants.ok) return `insurerVariants: ${variants.reason}`;
  const gateway = readGateway(fields["gateway"]);
  if (gateway === "wrong") return "gateway needs paasid and token, and takes tls, port and path";
  return { insurerFile: textField(fields, "insurerFile") ?? ":memory:", insurerVariants: variants.variants, gateway };
}

/** What stands behind the settlement host and beside it, or what is wrong with it. */
function readOthers(fields: JsonFields): Pick<HostProcessConfig, "insurerFile" | "insurerVariants" | "gateway" | "acquirer" | "agency" | "claim"> | string {
  const insurer = readInsurer(fields);
  if (typeof insurer === "string") return insurer;
  const acquirer = readAcquirerConfig(fields["acquirer"]);
  if (!acquirer.ok) return `acquirer: ${acquirer.reason}`;
  const agency = readAgencyConfig(fields["agency"]);
  if (!agency.ok) return `agency: ${agency.reason}`;
  const claim = readClaimConfig(fields["claim"]);
  if (!claim.ok) return `claim: ${claim.reason}`;
  return { ...insurer, acquirer: acquirer.value, agency: agency.value, claim: claim.value };
}

/** Reads the configuration; `readFile` is asked for the terminals where they stand in a file of their own. */
export function parseProcessConfig(text: Uint8Array, readFile: (path: string) => Uint8Array): ConfigParse {
  const fields = parseFields(text);
  if (fields === undefined) return { ok: false, reason: "the configuration is no JSON object" };
  const unknown = Object.keys(fields).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) return { ok: false, reason: `unknown member ${unknown}` };
  const brokerUrl = textField(fields, "brokerUrl");
  const terminals = readTerminals(terminalsOf(fields, readFile));
  const keys = readKeys(fields["keys"]);
  const tls = readTls(fields["tls"]);
  const faults = parseHostFaults(fields["faults"] ?? {});
  if (brokerUrl === undefined) return { ok: false, reason: "brokerUrl is missing" };
  if (terminals === undefined) return { ok: false, reason: "terminals are missing or malformed" };
  if (keys === undefined) return { ok: false, reason: "keys are missing or malformed" };
  if (tls === "wrong") return { ok: false, reason: "tls needs caFile, certFile and keyFile" };
  if (fields["reconnectWindowMs"] !== undefined && countField(fields, "reconnectWindowMs") === undefined)
    return { ok: false, reason: "reconnectWindowMs is a whole number of at least 0" };
  if (!faults.ok) return { ok: false, reason: `faults: ${faults.reason}` };
  const others = readOthers(fields);
  if (typeof others === "string") return { ok: false, reason: others };
  return {
    ok: true,
    config: {
      brokerUrl,
      terminals,
      keys,
      tls,
      faults: faults.faults,
      reconnectWindowMs: countField(fields, "reconnectWindowMs"),
      clientId: textField(fields, "clientId") ?? "pos-host",
      username: textField(fields, "username"),
      password: textField(fields, "password"),
      ledgerFile: textField(fields, "ledgerFile") ?? ":memory:",
      ...others,
    },
  };
}

function terminalsOf(fields: JsonFields, readFile: (path: string) => Uint8Array): unknown {
  const path = textField(fields, "terminalsFile");
  if (path === undefined) return fields["terminals"];
  const file = parseFields(readFile(path));
  return file?.["terminals"];
}
