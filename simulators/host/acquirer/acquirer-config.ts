/* The acquirer of a host that runs as its own process: its books, its port, and whom it knows. Unknown members are refused by name. */
import { parseHex } from "../../../device/base/bytes.ts";
import { isFields, type JsonFields, textField } from "../canonical.ts";
import type { KeyLayout, MacForm } from "./ciphers.ts";
import type { AcquirerVariants, TerminalContract } from "./request.ts";
import { type ContractTerms, testContract } from "./test-customers.ts";
import type { AccountOpening, CardStatus } from "./words.ts";

export interface AcquirerConfig {
  /** ":memory:" or a file. */
  readonly file: string;
  /** A port without the broker; undefined: there is none. 0: the system chooses. */
  readonly port: number | undefined;
  /** Undefined: the test bank's. */
  readonly contracts: readonly TerminalContract[] | undefined;
  readonly accounts: readonly AccountOpening[] | undefined;
  /** What it does otherwise than the test bank. */
  readonly variants: Partial<AcquirerVariants>;
}

const PORT_MAX = 65_535;
const MEMBERS: readonly string[] = ["file", "port", "terminals", "accounts", "variants"];
const VARIANTS: { readonly [Name in keyof AcquirerVariants]: (value: unknown) => boolean } = {
  pinFreeFen: (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0,
  withdrawalCode: (value) => typeof value === "string" && /^(?:\d{6})?$/.test(value),
  unknownReversal: (value) => value === "25" || value === "00",
  reversesSettled: (value) => typeof value === "boolean",
  settledRefusal: (value) => value === "12" || value === "25",
};
const LAYOUTS: readonly KeyLayout[] = ["des-24", "tdes-40", "tdes-track-60", "triple-19-57", "sm4"];
const MAC_FORMS: readonly MacForm[] = ["ecb", "x9.19", "sm4"];
const STATUSES: readonly CardStatus[] = ["good", "lost", "stolen", "restricted", "closed"];

type Read<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: string };

function refused(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

function listOf<Value>(value: unknown, read: (fields: JsonFields) => Value | undefined): readonly Value[] | undefined | "wrong" {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return "wrong";
  const items = (value as readonly unknown[]).map((item) => (isFields(item) ? read(item) : undefined));
  return items.every((item): item is Value & {} => item !== undefined) ? items : "wrong";
}

function oneOf<Name extends string>(names: readonly Name[], value: unknown, usual: Name): Name | undefined {
  return value === undefined ? usual : names.find((each) => each === value);
}

function contractOf(fields: JsonFields): TerminalContract | undefined {
  const [terminal = "", merchant = "", masterKeyHex = "", keyFrontHex = ""] = ["terminal", "merchant", "masterKeyHex", "keyFrontHex"].map((name) =>
    textField(fields, name),
  );
  const keyLayout = oneOf(LAYOUTS, fields["keyLayout"], "tdes-40");
  const macForm = oneOf(MAC_FORMS, fields["macForm"], "ecb");
  // Keys and MACs are of one cipher; how SM4 keys are given out is the test bank's own way.
  if ((keyLayout === "sm4") !== (macForm === "sm4")) return undefined;
  if (keyLayout === undefined || macForm === undefined || terminal.length !== 8 || merchant.length !== 15) return undefined;
  const masterKey = parseHex(masterKeyHex);
  const sound = (masterKeyHex === "" || masterKey?.length === 8 || masterKey?.length === 16) && parseHex(keyFrontHex) !== undefined;
  const terms: ContractTerms = { terminal, merchant, keyLayout, macForm, keyFrontHex, ...(masterKeyHex === "" ? {} : { masterKeyHex }) };
  return sound ? testContract(terms) : undefined;
}

function accountOf(fields: JsonFields): AccountOpening | undefined {
  const { pan, pin, balanceFen } = fields;
  const status = oneOf(STATUSES, fields["status"], "good");
  if (typeof pan !== "string" || !/^[1-9]\d{11,18}$/.test(pan) || typeof pin !== "string" || !/^\d{4,12}$/.test(pin) || status === undefined) return undefined;
  if (typeof balanceFen !== "number" || !Number.isSafeInteger(balanceFen) || balanceFen < 0) return undefined;
  return { pan, pin, balanceFen, status };
}

/** Undefined where a member is unknown or has no such value. */
function variantsOf(value: unknown): Partial<AcquirerVariants> | undefined {
  if (value === undefined) return {};
  if (!isFields(value)) return undefined;
  const checks: Readonly<Record<string, ((value: unknown) => boolean) | undefined>> = VARIANTS;
  const sound = Object.entries(value).every(([name, each]) => Object.hasOwn(VARIANTS, name) && checks[name]?.(each) === true);
  // Every member was just held against its kind.
  return sound ? (value as Partial<AcquirerVariants>) : undefined;
}

/** Reads the member `acquirer` of a host's configuration; left out: the test bank in memory, without a port. */
export function readAcquirerConfig(value: unknown): Read<AcquirerConfig> {
  if (value === undefined) return { ok: true, value: { file: ":memory:", port: undefined, contracts: undefined, accounts: undefined, variants: {} } };
  if (!isFields(value)) return refused("not-an-object");
  const unknown = Object.keys(value).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) return refused(`unknown member ${unknown}`);
  const { port } = value;
  if (port !== undefined && !(typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= PORT_MAX))
    return refused(`port is a number from 0 to ${PORT_MAX}`);
  const contracts = listOf(value["terminals"], contractOf);
  if (contracts === "wrong") return refused("terminals are malformed");
  const accounts = listOf(value["accounts"], accountOf);
  if (accounts === "wrong") return refused("accounts are malformed");
  const variants = variantsOf(value["variants"]);
  if (variants === undefined) return refused("variants are malformed");
  return { ok: true, value: { file: textField(value, "file") ?? ":memory:", port, contracts, accounts, variants } };
}
