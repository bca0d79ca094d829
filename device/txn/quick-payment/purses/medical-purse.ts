/* The medical purse: an offline settlement with its three figures. Spec: LD/T 32.5, 7; LD/T 32.7, 11. */
import { assert } from "../../../base/assert.ts";
import { type Bytes, fromHex, toHex } from "../../../base/bytes.ts";
import type { Fen } from "../../../base/fen.ts";
import type { Limits } from "../../../base/ports.ts";
import { amountsForMode, debitPurchase, initializePurchase } from "../../../card/medical-purse/commands.ts";
import type { MedicalAmounts, MedicalPurchaseOpening } from "../../../card/medical-purse/types.ts";
import type { NamedSocialCard } from "../../../card/social/read-identity.ts";
import type { PsamPurchase } from "../../../drivers/ports.ts";
import type { JsonObject } from "../../journal/types.ts";
import { debitMembers } from "./debit-record.ts";
import type { CardAccess, ModuleAnswer, OpeningAnswer, PurseDialogue, PurseSale, Refusal, SaleTerms } from "./dialogue.ts";
import { type MedicalBaseline, MedicalCard, type MedicalPurseParts, nameMedicalCard, settlementType } from "./medical-card.ts";

export function medicalPurse(parts: MedicalPurseParts): PurseDialogue {
  return {
    confirmation: "psam",
    identify: async (access) => {
      const named = await nameMedicalCard(access, parts.profile);
      if (named.kind !== "ok") return named;
      const begin = (at: CardAccess, card: MedicalSaleCard, terms: SaleTerms) => new MedicalSale(at, parts, { ...card, terms });
      return { kind: "ok", card: new MedicalCard(access, parts, { facts: named, begin }) };
    },
  };
}

interface MedicalSaleCard {
  readonly facts: NamedSocialCard;
  readonly baseline: MedicalBaseline;
}

/** The figures as this card takes them: one that keeps the account alone is sent zeros for the others. */
function amountsOf({ amount, purse }: SaleTerms, { mode }: MedicalBaseline): MedicalAmounts {
  assert(purse.kind === "medical-purse", "the sale is for this purse");
  return amountsForMode({ account: amount, selfPay: purse.selfPay, pooled: purse.pooled }, mode);
}

class MedicalSale implements PurseSale {
  readonly #access: CardAccess;
  readonly #parts: MedicalPurseParts;
  readonly #card: MedicalSaleCard;
  readonly #terms: SaleTerms;
  readonly #amounts: MedicalAmounts;
  #terminalSequence: number;
  #opening: MedicalPurchaseOpening | undefined;
  #purchase: PsamPurchase | undefined;
  #codes: { readonly mac1?: Bytes; readonly mac2?: Bytes; readonly tac?: Bytes } = {};

  constructor(access: CardAccess, parts: MedicalPurseParts, sale: MedicalSaleCard & { readonly terms: SaleTerms }) {
    this.#access = access;
    this.#parts = parts;
    this.#card = sale;
    this.#terms = sale.terms;
    this.#amounts = amountsOf(sale.terms, sale.baseline);
    this.#terminalSequence = parts.psam.expectedSequence();
  }

  get balanceBefore(): Fen | undefined {
    return this.#opening?.balances.account;
  }

  detail(): JsonObject {
    const { date, time } = this.#terms.saleTime;
    const opening = this.#opening;
    return {
      ...debitMembers({
        terminalNumber: toHex(this.#parts.psam.terminalNumber),
        terminalSequence: this.#terminalSequence,
        date,
        time,
        type: settlementType(this.#parts.profile),
        logSequenceBefore: this.#card.baseline.logSequence,
        opening: opening === undefined ? undefined : { ...opening, balance: opening.balances.account },
        ...this.#codes,
      }),
      selfPayFen: this.#amounts.selfPay,
      pooledFen: this.#amounts.pooled,
      socialAlgorithm: this.#card.facts.algorithm,
    };
  }

  async openOnCard(): Promise<OpeningAnswer> {
    const { keyIndex, psam } = this.#parts;
    const { purse } = this.#terms;
    if (purse.kind === "medical-purse" && purse.cardIdentifier !== undefined && purse.cardIdentifier !== this.#card.facts.cardIdentifier)
      return { kind: "declined", reason: "another-card" };
    const start = { keyIndex, ...this.#amounts, terminalNumber: psam.terminalNumber };
    const opening = await initializePurchase(this.#access.channel, start, this.#access.limits());
    if (opening.kind === "refused") return { kind: "refused", statusWord: opening.statusWord };
    this.#opening = opening;
    return { kind: "ok" };
  }

  async openInModule(limits: Limits): Promise<ModuleAnswer> {
    const opening = this.#opening;
    assert(opening !== undefined, "the card has opened the purchase");
    const { date, time } = this.#terms.saleTime;
    const { factors, algorithm: socialAlgorithm } = this.#card.facts;
    const { cardRandom, cardSequence, keyVersion, algorithm } = opening;
    const purchase = await this.#parts.psam.beginMedicalPurchase(
      {
        ...this.#amounts,
        cardRandom,
        cardSequence,
        keyVersion,
        algorithm,
        socialAlgorithm,
        factors,
        type: settlementType(this.#parts.profile),
        date: fromHex(date),
        time: fromHex(time),
      },
      limits,
    );
    const asReserved = purchase.terminalSequence === this.#terminalSequence;
    this.#purchase = purchase;
    this.#terminalSequence = purchase.terminalSequence;
    this.#codes = { mac1: purchase.mac1 };
    return { kind: "ok", asReserved };
  }

  async debit(limits: Limits): Promise<{ readonly kind: "ok" } | Refusal> {
    const { mac1 } = this.#codes;
    assert(mac1 !== undefined, "the module has opened the purchase");
    const { date, time } = this.#terms.saleTime;
    const completion = { terminalSequence: this.#terminalSequence, date: fromHex(date), time: fromHex(time), mac1 };
    const answer = await debitPurchase(this.#access.channel, completion, limits);
    if (answer.kind === "refused") return { kind: "refused", statusWord: answer.statusWord };
    this.#codes = { mac1, mac2: answer.mac2, tac: answer.tac };
    return { kind: "ok" };
  }

  async confirm(code: Bytes | undefined, limits: Limits): Promise<"accepted" | "refused" | "no-session"> {
    const mac2 = code ?? this.#codes.mac2;
    assert(mac2 !== undefined, "the card has given a MAC2");
    return this.#purchase === undefined ? "no-session" : this.#purchase.credit(mac2, limits);
  }

  release(): void {
    this.#purchase?.release();
    this.#purchase = undefined;
  }
}
