/* What the agency is asked about bills and benefits, and what is read of its answers: whole, or not at all. Spec: agency/v1, 4. */
import { fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { isObject } from "../../codec/json.ts";
import type { AgencyReply } from "../agency/client.ts";
import { drawAgencyId } from "../agency/open.ts";
import { parseMoment } from "../agency/times.ts";
import type { JsonObject, JsonValue } from "../journal/types.ts";
import type { BenefitsView, ContributionBill } from "./acts.ts";
import type { ContributionPorts } from "./ports.ts";
import type { ContributionCard } from "./record.ts";

const ROWS_MAX = 100;
const AMOUNT_FEN_MAX = 99_999_999_999;
const BILL_ID = /^[\w.-]{1,40}$/;
const WORD = /^.{1,64}$/u;
const ACCOUNTS: readonly string[] = ["active", "inactive", "unknown"];

export type Refusal = { readonly kind: "refused"; readonly reason: string; readonly office?: string };

/** The agency could not be asked, or said nothing that can be read: nothing was changed, and asking again costs nothing. */
export function refusalOf(reply: Exclude<AgencyReply, { readonly kind: "ok" }>): Refusal {
  if (reply.kind !== "refused") return { kind: "refused", reason: "agency-unreachable" };
  const { reason, office } = reply;
  return { kind: "refused", reason, ...(office === undefined ? {} : { office }) };
}

const MALFORMED: Refusal = { kind: "refused", reason: "agency-reply-malformed" };

export function cardInput({ cardIdentifier, cardNumber }: ContributionCard): JsonObject {
  return { card: { cardIdentifier, cardNumber } };
}

interface Asker {
  readonly card: ContributionCard;
  readonly operator: string;
}

/** Bills that are open now, of every kind that the region has; those that the bank debits by itself are not paid here. */
export async function askBills(
  { agency, randomness }: Pick<ContributionPorts, "agency" | "randomness">,
  { card, operator }: Asker,
  limits: Limits,
): Promise<{ readonly kind: "bills"; readonly bills: readonly ContributionBill[] } | Refusal> {
  const bills: ContributionBill[] = [];
  for (const kind of agency.profile.contributionKinds) {
    const input = { ...cardInput(card), kind };
    const reply = await agency.ask({ service: "contribution-bills", id: drawAgencyId(randomness), operator, input }, limits);
    if (reply.kind !== "ok") return refusalOf(reply);
    const read = parseBills(reply.output);
    if (read === undefined) return MALFORMED;
    bills.push(...read);
  }
  return { kind: "bills", bills };
}

function rowsOf(value: JsonValue | undefined): readonly JsonObject[] | undefined {
  if (!Array.isArray(value) || value.length > ROWS_MAX) return undefined;
  const rows: readonly JsonValue[] = value;
  return rows.every((row) => isObject(row)) ? rows.filter((row) => isObject(row)) : undefined;
}

/** A bill that anybody could misread makes all of them unreadable. Never throws. */
export function parseBills(output: JsonObject): readonly ContributionBill[] | undefined {
  const rows = rowsOf(output["bills"]);
  const bills = rows?.filter((row) => row["mandate"] !== true).map(parseBill);
  return bills?.every((bill) => bill !== undefined) === true ? bills.filter((bill) => bill !== undefined) : undefined;
}

function parseBill(row: JsonObject): ContributionBill | undefined {
  const { billId, insurance, period, amountFen } = row;
  if (typeof billId !== "string" || !BILL_ID.test(billId)) return undefined;
  if (typeof insurance !== "string" || !WORD.test(insurance) || typeof period !== "string" || !WORD.test(period)) return undefined;
  const owed = amountFen !== 0 && isAmount(amountFen) ? fen(amountFen) : undefined;
  return owed === undefined ? undefined : { billId, insurance, period, amount: owed };
}

function isAmount(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= AMOUNT_FEN_MAX;
}

export async function askBenefits(
  { agency, randomness }: Pick<ContributionPorts, "agency" | "randomness">,
  { card, operator }: Asker,
  limits: Limits,
): Promise<BenefitsView | Refusal> {
  const reply = await agency.ask({ service: "benefits", id: drawAgencyId(randomness), operator, input: cardInput(card) }, limits);
  if (reply.kind !== "ok") return refusalOf(reply);
  return parseBenefits(reply.output) ?? MALFORMED;
}

/** Never throws. */
export function parseBenefits(output: JsonObject): BenefitsView | undefined {
  const [entitlements, payments] = [rowsOf(output["entitlements"]), rowsOf(output["payments"])];
  if (entitlements === undefined || payments === undefined) return undefined;
  const sound = [...entitlements, ...payments].every((row) => Object.entries(row).every(([name, value]) => !name.endsWith("Fen") || isAmount(value)));
  if (!sound) return undefined;
  const asOfMs = parseMoment(output["asOf"]);
  const { financialAccount } = output;
  return {
    kind: "benefits",
    entitlements,
    payments,
    ...(asOfMs === undefined ? {} : { asOfMs }),
    ...(typeof financialAccount === "string" && ACCOUNTS.includes(financialAccount) ? { financialAccount } : {}),
  };
}
