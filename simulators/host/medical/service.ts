/* What all services of the insurer share: their context, their two kinds of answer, and the strict reading of nodes. */
import type { Clock } from "../../../device/base/ports.ts";
import { isFields, type JsonFields } from "../canonical.ts";
import type { FsiRequest, ReplyForm, ReplyNode } from "./envelope.ts";
import type { BrokenSum } from "./insurer-faults.ts";
import type { InsurerLedger } from "./insurer-ledger.ts";
import type { CatalogueItem, Insurance, InsuredPerson } from "./persons.ts";
import type { SplitPolicy } from "./split.ts";

/** Regional variants. Each is open in the texts we hold, so each is a switch. */
export interface InsurerVariants extends ReplyForm {
  /** fund_pay_sumamt holds the personal account too (Guangdong) or not (Hunan). */
  readonly fundsIncludeAccount: boolean;
  /** acct_pay holds the mutual-aid part too. */
  readonly mutualAidInsideAccount: boolean;
  /** Answer to a reversal whose original is not there. */
  readonly unknownOriginal: "error" | "success";
  /** A reversal that found nothing keeps its original from being booked later. */
  readonly reversalRemembersUnknown: boolean;
  readonly refuseDuplicateMsgid: boolean;
  readonly signNumberRequired: boolean;
}

export const DEFAULT_VARIANTS: InsurerVariants = {
  amounts: "text",
  output: "object",
  infcode: "number",
  fundsIncludeAccount: false,
  mutualAidInsideAccount: false,
  unknownOriginal: "error",
  reversalRemembersUnknown: false,
  refuseDuplicateMsgid: false,
  signNumberRequired: true,
};

export interface ServiceContext {
  readonly clock: Clock;
  readonly ledger: InsurerLedger;
  readonly persons: readonly InsuredPerson[];
  readonly catalogue: readonly CatalogueItem[];
  readonly policy: SplitPolicy;
  readonly variants: InsurerVariants;
  /** Looked at when a reply's figures are written. */
  readonly brokenSum: () => BrokenSum;
}

export type ServiceAnswer = { readonly ok: true; readonly output: ReplyNode } | { readonly ok: false; readonly message: string };

export type ServiceHandler = (context: ServiceContext, request: FsiRequest) => ServiceAnswer;

export function refuse(message: string): ServiceAnswer & { readonly ok: false } {
  return { ok: false, message };
}

export type NodeParse = { readonly ok: true; readonly node: Readonly<Record<string, string>> } | { readonly ok: false; readonly message: string };

/** The named node's members as text, when all `required` ones are there and not empty. Numbers are taken as their own text. */
export function readNode(value: unknown, name: string, required: readonly string[]): NodeParse {
  if (!isFields(value)) return refuse(`${name} is missing`);
  const node = flatten(value);
  const missing = required.find((member) => (node[member] ?? "") === "");
  return missing === undefined ? { ok: true, node } : refuse(`${name}.${missing} is missing`);
}

function flatten(fields: JsonFields): Record<string, string> {
  const node: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string") node[name] = value;
    if (typeof value === "number") node[name] = String(value);
  }
  return node;
}

export function findPerson(context: ServiceContext, personNumber: string | undefined): InsuredPerson | undefined {
  return context.persons.find((person) => person.personNumber === personNumber);
}

/** The insurance of that type that is in force where the message says, or undefined. */
export function insuranceInForce(person: InsuredPerson, type: string | undefined, area: string): Insurance | undefined {
  return person.insurances.find((insurance) => insurance.type === type && insurance.status === "1" && insurance.area === area);
}

/** Whether a credential is this person's: 02 certificate number, 03 card number. */
export function ownsCredential(person: InsuredPerson, type: string | undefined, number: string | undefined): boolean {
  if (type === "02") return person.certificateNumber === number;
  return type === "03" && person.cards.some((card) => card.cardNumber === number);
}
