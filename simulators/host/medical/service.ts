/* What all services of the insurer share: their context, their two kinds of answer, and what regions differ in. */
import type { Clock, Randomness } from "../../../device/base/ports.ts";
import type { FsiRequest, ReplyForm, ReplyNode } from "./envelope.ts";
import type { InsurerFaults } from "./insurer-faults.ts";
import type { InsurerLedger } from "./insurer-ledger.ts";
import type { CatalogueItem, InsuredPerson } from "./persons.ts";
import type { InsurancePolicy } from "./policies.ts";
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
  /** How long a sign-in number lasts; undefined: until it is signed out. */
  readonly signInValidMs: number | undefined;
  /** How long an e-code can be read after it was issued. */
  readonly eCodeValidMs: number;
  /** What uses an e-code up: nothing, the first 1101, or the first settlement. */
  readonly eCodeUse: "many" | "one-query" | "one-settlement";
  /** 1101 of a card from another province needs orgin_card_info and sign. */
  readonly crossProvinceRawRead: boolean;
  /** A resident ID card whose psn_name is another's is refused. */
  readonly matchesName: boolean;
  /** recer_sys_code of an insutype or a med_type that has a receiver of its own. A med_type 22 without one is not connected. */
  readonly receivers: Readonly<Record<string, string>>;
  /** First two digits of areas that are one city altogether. */
  readonly municipalities: readonly string[];
  /** What an unfiled holder from elsewhere gets: nothing, or less. */
  readonly unfiledElsewhere: "refused" | "reduced";
  /** dise_codg prefixes that are not settled for holders from elsewhere. */
  readonly diseasesExcludedElsewhere: readonly string[];
  /** drug_trac_info of 2102 and 2207: not looked at, sold packs refused, or missing codes refused too. */
  readonly traceInSettlement: "ignored" | "checked" | "required";
  /** 3505 of a traced drug without drugtracinfo is refused. */
  readonly traceInUpload: "optional" | "required";
  /** What is told twice of one sale: taken as the same, or refused. */
  readonly repeatedUpload: "same" | "refused";
  /** Where retRslt stands: in a node "result" of the output, or in the output itself. */
  readonly uploadResult: "node" | "output";
  /** How JSON holds the bytes of a file. */
  readonly fileBytes: "base64" | "list";
  /** Form of stmt_rslt. */
  readonly statementResult: "a" | "b" | "c";
  /** Rows of a statement's result: those that differ, or all. */
  readonly statementRows: "different" | "all";
  /** A reversed settlement stands in the statement with its refund, or not at all. */
  readonly statementShowsReversed: boolean;
  /** How long a file can be fetched. */
  readonly fileValidMs: number;
}

const DAY_MS = 86_400_000;

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
  signInValidMs: undefined,
  eCodeValidMs: 300_000,
  eCodeUse: "one-settlement",
  crossProvinceRawRead: true,
  matchesName: true,
  receivers: {},
  municipalities: ["11", "12", "31", "50"],
  unfiledElsewhere: "refused",
  diseasesExcludedElsewhere: [],
  traceInSettlement: "ignored",
  traceInUpload: "required",
  repeatedUpload: "same",
  uploadResult: "node",
  fileBytes: "base64",
  statementResult: "a",
  statementRows: "different",
  statementShowsReversed: false,
  fileValidMs: DAY_MS,
};

/** A designated institution. */
export interface Institution {
  /** fixmedins_code. */
  readonly code: string;
  readonly level: 1 | 2 | 3;
  /** Whether holders from elsewhere may be settled here. */
  readonly opened: boolean;
}

export interface ServiceContext {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly ledger: InsurerLedger;
  readonly persons: readonly InsuredPerson[];
  readonly catalogue: readonly CatalogueItem[];
  /** Name of the catalogue's state, and the area whose prices and shares it holds. */
  readonly catalogueVersion: string;
  readonly catalogueArea: string;
  readonly policies: readonly InsurancePolicy[];
  /** One policy for everybody, in place of the table. */
  readonly policy: SplitPolicy | undefined;
  /** Undefined: every institution is designated, of the first level and opened. */
  readonly institutions: readonly Institution[] | undefined;
  readonly variants: InsurerVariants;
  /** Switches that a service itself looks at. */
  readonly faults: InsurerFaults;
}

export type ServiceAnswer = { readonly ok: true; readonly output: ReplyNode } | Refusal;

export type Refusal = { readonly ok: false; readonly message: string };

export type Parse<Value> = { readonly ok: true; readonly value: Value } | Refusal;

export type ServiceHandler = (context: ServiceContext, request: FsiRequest) => ServiceAnswer;

/** Done, with nothing to say. */
export const DONE: ServiceAnswer = { ok: true, output: {} };

export function refuse(message: string): Refusal {
  return { ok: false, message };
}

export function findPerson(context: ServiceContext, personNumber: string | undefined): InsuredPerson | undefined {
  return context.persons.find((person) => person.personNumber === personNumber);
}

/** The institution that asks, or undefined where it is not designated. */
export function findInstitution(context: ServiceContext, code: string): Institution | undefined {
  if (context.institutions === undefined) return { code, level: 1, opened: true };
  return context.institutions.find((institution) => institution.code === code);
}
