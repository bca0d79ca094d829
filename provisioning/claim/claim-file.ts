/* The file that a blank machine is given: where to claim, with which credentials and ticket, and who speaks for that place. Spec: claim/v1, 2. */
import type { Bytes } from "../../device/base/bytes.ts";
import { isObject, type JsonValue, parseJson } from "../../device/codec/json.ts";
import { FACT_NAMES, type FactName } from "./facts.ts";

export interface ClaimFile {
  readonly claim: string;
  readonly brokerUrl: string;
  /** PEM texts; absent on a line without TLS, which nothing but a test has. */
  readonly tls: { readonly ca: string; readonly certificate: string; readonly key: string } | undefined;
  /** 32 hexadecimal digits, used once. */
  readonly ticket: string;
  /** The SM2 point that signs answers, 128 hexadecimal digits. */
  readonly authority: string;
  /** Absent: what the machine itself says. */
  readonly serial: string | undefined;
  /** Facts by which the machine is known again. */
  readonly facts: readonly FactName[];
}

const MEMBERS: readonly string[] = ["v", "claim", "brokerUrl", "tls", "ticket", "authority", "serial", "facts"];
const FILE_BYTES_MAX = 65_536;
const FILE_DEPTH_MAX = 4;
const DEFAULT_FACTS: readonly FactName[] = ["pi-serial", "dmi-uuid", "machine-id", "disk-id"];
const PEM = /^-----BEGIN [A-Z ]+-----\n/;
export const SERIAL_SHAPE = /^[A-Za-z0-9._-]{1,64}$/;
export const NAME_SHAPE = /^[A-Za-z0-9_-]{1,32}$/;

function matching(value: JsonValue | undefined, shape: RegExp): string | undefined {
  return typeof value === "string" && shape.test(value) ? value : undefined;
}

function tlsOf(value: JsonValue | undefined): ClaimFile["tls"] | "wrong" {
  if (value === undefined) return undefined;
  if (!isObject(value)) return "wrong";
  const [ca, certificate, key] = [matching(value["ca"], PEM), matching(value["certificate"], PEM), matching(value["key"], PEM)];
  return ca === undefined || certificate === undefined || key === undefined ? "wrong" : { ca, certificate, key };
}

function factsOf(value: JsonValue | undefined): readonly FactName[] | undefined {
  if (value === undefined) return DEFAULT_FACTS;
  if (!Array.isArray(value)) return undefined;
  const found = (value as readonly JsonValue[]).map((name) => FACT_NAMES.find((known) => known === name));
  return found.every((name) => name !== undefined) && found.length > 0 ? found : undefined;
}

/** The file's contents, or which member is wrong. Never throws, and never quotes a value. */
export function parseClaimFile(contents: Bytes): ClaimFile | string {
  const parsed = parseJson(contents, { maxBytes: FILE_BYTES_MAX, maxDepth: FILE_DEPTH_MAX });
  if (!parsed.ok || !isObject(parsed.value)) return "it is no JSON object";
  const fields = parsed.value;
  const unknown = Object.keys(fields).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) return `${unknown} is not known`;
  if (fields["v"] !== 1) return "v is not 1";
  const claim = matching(fields["claim"], NAME_SHAPE);
  const brokerUrl = matching(fields["brokerUrl"], /^(?:mqtts?|tcp|tls):\/\/[^\s/@]+$/);
  const ticket = matching(fields["ticket"], /^[0-9a-f]{32}$/);
  const authority = matching(fields["authority"], /^[0-9a-f]{128}$/);
  const tls = tlsOf(fields["tls"]);
  const facts = factsOf(fields["facts"]);
  const serial = matching(fields["serial"], SERIAL_SHAPE);
  if (claim === undefined) return "claim is missing or malformed";
  if (brokerUrl === undefined) return "brokerUrl is missing or malformed";
  if (ticket === undefined) return "ticket is missing or malformed";
  if (authority === undefined) return "authority is missing or malformed";
  if (tls === "wrong") return "tls needs ca, certificate and key in PEM";
  if (/^(?:mqtts|tls):/.test(brokerUrl) !== (tls !== undefined)) return "tls and an address of mqtts: belong together";
  if (facts === undefined) return `facts is a list out of ${FACT_NAMES.join(", ")}`;
  if (fields["serial"] !== undefined && serial === undefined) return "serial is malformed";
  return { claim, brokerUrl, tls, ticket, authority, serial, facts };
}
