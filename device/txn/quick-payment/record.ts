/* What the entries of a quick payment say, written and read back. What only one purse says is its dialogue's. Spec: pos/v1, 3. */
import { assert } from "../../base/assert.ts";
import { type Fen, fen } from "../../base/fen.ts";
import { countMember, textMember } from "../journal/members.ts";
import type { EntryDraft, JournalEntry, JsonObject, JsonValue } from "../journal/types.ts";
import { mergedDetail } from "../recovery/recover.ts";
import type { MerchantDiscount } from "../risk/guard.ts";
import type { PurseChoice, PurseKind, SalePurpose } from "../sale-request.ts";
import type { SaleTime } from "../sale-time.ts";
import type { EntryWish, Proof, Reason } from "./types.ts";

/** The card of a sale, as records name it. */
export interface RecordedCard {
  /** The card's own name for the purse: what the journal finds it by again. */
  readonly name: string;
  readonly personal: JsonObject;
}

/** A sale as far as it is known when its intent is written. */
export interface SaleFacts {
  readonly amount: Fen;
  readonly card: RecordedCard;
  /** The caller's words and everything that the purse says of the debit so far. */
  readonly detail: JsonObject;
}

/** Member of the sealed part that holds the card's own name. Spec: pos/v1, 3. */
const NAME_MEMBERS: { readonly [Kind in PurseKind]: string } = {
  "e-purse": "cardSerial",
  compound: "cardSerial",
  "medical-purse": "cardIdentifier",
  "electronic-cash": "pan",
};

export function saleMark(reference: string): string {
  return `sale/${reference}`;
}

/** What every purse writes of a sale: its reference, its purse (left out for the e-purse, as it always was) and what the purse knows. */
export function saleDetail({ reference, purse, operator, discount, pays }: SaleWords, debit: JsonObject): JsonObject {
  return {
    reference,
    ...(operator === undefined ? {} : { operator }),
    ...(purse === "e-purse" ? {} : { purse }),
    ...(discount === undefined ? {} : { fullAmountFen: discount.fullAmount, discountFen: discount.discount, discountRule: discount.rule }),
    ...(pays === "library-deposit" ? { deposit: true } : {}),
    ...debit,
  };
}

export interface SaleWords {
  readonly reference: string;
  readonly purse: PurseKind;
  readonly operator?: string | undefined;
  readonly discount?: MerchantDiscount | undefined;
  readonly pays?: SalePurpose | undefined;
}

/** What the merchant left to the holder, as the intent has decided it. */
export function discountOf(detail: JsonObject): MerchantDiscount | undefined {
  const [full, discount] = [countMember(detail, "fullAmountFen"), countMember(detail, "discountFen")];
  if (full === undefined || discount === undefined) return undefined;
  return { fullAmount: fen(full), discount: fen(discount), rule: textMember(detail, "discountRule") };
}

/** Whether a sale is a deposit, which goes back as a whole. */
export function isDeposit(detail: JsonObject): boolean {
  return detail["deposit"] === true;
}

/** The intent: the first entry of a sale, with its time and its reference made durable in the same commit. */
export function intentDraft(facts: SaleFacts & { readonly reference: string }, saleTime: SaleTime): EntryDraft {
  return {
    kind: "quick-payment",
    state: "prepared",
    amount: facts.amount,
    card: facts.card.name,
    detail: facts.detail,
    personal: facts.card.personal,
    marks: [saleTime.mark],
    subjectMark: saleMark(facts.reference),
  };
}

/** A later entry of the same sale. One that ends an unknown sale names the entry that it resolves. */
export function laterDraft(wish: EntryWish, facts: SaleFacts): EntryDraft {
  const extra: { [key: string]: JsonValue } = {};
  if (wish.reason !== undefined) extra["reason"] = wish.reason;
  if (wish.statusWord !== undefined) extra["statusWord"] = wish.statusWord.toString(16).padStart(4, "0");
  if (wish.proof !== undefined) extra["proof"] = wish.proof;
  if (wish.unverified === true) extra["unverified"] = true;
  return {
    subject: wish.after.subject,
    kind: "quick-payment",
    state: wish.state,
    amount: facts.amount,
    card: facts.card.name,
    detail: { ...facts.detail, ...extra },
    personal: facts.card.personal,
    ...(wish.resolution === true ? { resolves: wish.after.seq } : {}),
  };
}

/** A sale as its durable entries tell it. */
export interface RecordedSale {
  readonly subject: string;
  readonly last: JournalEntry;
  readonly purse: PurseKind;
  readonly amount: Fen;
  readonly card: RecordedCard;
  readonly proof: Proof;
  readonly reason: Reason;
  /** Everything that its entries say of the debit; later ones add to earlier ones. */
  readonly detail: JsonObject;
}

const PROOFS: readonly Proof[] = ["psam", "signature", "log", "log-only", "balance"];

/** The purse that a record speaks of; records of before there were several say nothing and mean the e-purse. */
export function purseOf(detail: JsonObject): PurseKind {
  const name = textMember(detail, "purse");
  return Object.hasOwn(NAME_MEMBERS, name) ? (name as PurseKind) : "e-purse";
}

/** Reads a sale back from its entries, oldest first; undefined when the card can no longer be named (personal fields erased by rule). */
export function readSale(entries: readonly JournalEntry[]): RecordedSale | undefined {
  const last = entries.at(-1);
  assert(last !== undefined && last.kind === "quick-payment", "the subject is a quick payment with entries");
  const detail = mergedDetail(entries);
  const purse = purseOf(detail);
  const personal = entries.findLast((entry) => entry.personal !== undefined)?.personal ?? {};
  const name = textMember(personal, NAME_MEMBERS[purse]);
  if (name === "") return undefined;
  return {
    subject: last.subject,
    last,
    purse,
    amount: last.amount,
    card: { name, personal },
    proof: PROOFS.find((proof) => proof === detail["proof"]) ?? "log-only",
    // Only this module writes reasons of quick payments.
    reason: (textMember(detail, "reason") || "restart") as Reason,
    detail,
  };
}

/** A hold is no completion of the same name, and one of another amount is another one. */
export function isOtherIndustry(purse: PurseChoice, recorded: { readonly detail: JsonObject; readonly amount: Fen }): boolean {
  if (purse.kind !== "electronic-cash") return false;
  if (textMember(recorded.detail, "industryUse") !== (purse.industry?.use ?? "")) return true;
  const asked = purse.industry?.amount;
  return asked !== undefined && asked !== (countMember(recorded.detail, "heldFen") ?? recorded.amount);
}
