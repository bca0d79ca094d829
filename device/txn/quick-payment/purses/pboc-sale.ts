/* One purchase with MAC and TAC, from its opening to the module's word on MAC2. Spec: PBOC purse, purchase. */
import { assert } from "../../../base/assert.ts";
import { type Bytes, fromHex, toHex } from "../../../base/bytes.ts";
import type { Fen } from "../../../base/fen.ts";
import type { Limits } from "../../../base/ports.ts";
import { debitPurchase, purseFactors } from "../../../card/purse/commands.ts";
import type { CardRefusal, PurchaseOpening } from "../../../card/purse/types.ts";
import { type CompoundUpdate, updateCompoundCache } from "../../../card/transit/compound.ts";
import type { CardChannel, Psam, PsamPurchase } from "../../../drivers/ports.ts";
import type { JsonObject } from "../../journal/types.ts";
import { debitMembers } from "./debit-record.ts";
import type { CardAccess, Declined, ModuleAnswer, OpeningAnswer, PurseSale, Refusal, SaleTerms } from "./dialogue.ts";
import type { PbocCardFacts } from "./pboc-card.ts";

/** What differs between the kinds of purchase. */
export interface PbocSaleKind {
  readonly psam: Psam;
  /** Type byte in MAC1, TAC and log. */
  readonly type: number;
  /** INITIALIZE. */
  readonly open: (access: CardAccess) => Promise<PurchaseOpening | CardRefusal>;
  /** Records that wait in the card's buffer from then on; only the debit writes them. */
  readonly updates?: (opening: PurchaseOpening) => readonly CompoundUpdate[] | Declined;
  /** 9 bytes that some cards want in MAC1. */
  readonly authenticationCode?: Bytes | undefined;
  /** Members of the record that only this kind has. */
  readonly more: () => JsonObject;
}

export class PbocSale implements PurseSale {
  readonly #access: CardAccess;
  readonly #kind: PbocSaleKind;
  readonly #facts: PbocCardFacts;
  readonly #terms: SaleTerms;
  #terminalSequence: number;
  #opening: PurchaseOpening | undefined;
  /** What the module was asked for while the card is still at work. */
  #starting: Promise<PsamPurchase> | undefined;
  #givenUp = false;
  #purchase: PsamPurchase | undefined;
  #mac1: Bytes | undefined;
  #mac2: Bytes | undefined;
  #tac: Bytes | undefined;

  constructor(access: CardAccess, kind: PbocSaleKind, sale: { readonly facts: PbocCardFacts; readonly terms: SaleTerms }) {
    this.#access = access;
    this.#kind = kind;
    this.#facts = sale.facts;
    this.#terms = sale.terms;
    this.#terminalSequence = kind.psam.expectedSequence();
  }

  get balanceBefore(): Fen | undefined {
    return this.#opening?.balance;
  }

  detail(): JsonObject {
    const { date, time } = this.#terms.saleTime;
    return {
      ...debitMembers({
        terminalNumber: toHex(this.#kind.psam.terminalNumber),
        terminalSequence: this.#terminalSequence,
        date,
        time,
        type: this.#kind.type,
        logSequenceBefore: this.#facts.logSequence,
        opening: this.#opening,
        ...(this.#mac1 === undefined ? {} : { mac1: this.#mac1 }),
        ...(this.#mac2 === undefined ? {} : { mac2: this.#mac2 }),
        ...(this.#tac === undefined ? {} : { tac: this.#tac }),
      }),
      ...this.#kind.more(),
    };
  }

  async openOnCard(): Promise<OpeningAnswer> {
    const opening = await this.#kind.open(this.#access);
    if (opening.kind === "refused") return opening;
    this.#opening = opening;
    // A sale that a limit has ended meanwhile uses up no number of the module.
    if (this.#givenUp) return { kind: "ok" };
    const updates = this.#kind.updates?.(opening) ?? [];
    if ("kind" in updates) return updates;
    return updates.length === 0 ? { kind: "ok" } : this.#buffer(opening, updates);
  }

  /** Sends records to the card while the module computes: neither needs the other. What goes wrong with the card gives the module back. */
  async #buffer(opening: PurchaseOpening, updates: readonly CompoundUpdate[]): Promise<OpeningAnswer> {
    this.#starting = this.#begin(opening, this.#access.limits());
    // Whoever waits for it hears of its failure, and nobody else does.
    this.#starting.catch(() => undefined);
    let buffered = false;
    try {
      for (const update of updates) {
        const answer = await updateCompoundCache(this.#channel, update, this.#access.limits());
        if (answer.kind === "refused") return answer;
      }
      buffered = true;
      return { kind: "ok" };
    } finally {
      if (!buffered) this.release();
    }
  }

  async openInModule(limits: Limits): Promise<ModuleAnswer> {
    const opening = this.#opening;
    assert(opening !== undefined, "the card has opened the purchase");
    const purchase = await (this.#starting ?? this.#begin(opening, limits));
    this.#starting = undefined;
    const asReserved = purchase.terminalSequence === this.#terminalSequence;
    this.#purchase = purchase;
    this.#terminalSequence = purchase.terminalSequence;
    this.#mac1 = purchase.mac1;
    return { kind: "ok", asReserved };
  }

  #begin({ cardRandom, cardSequence, keyVersion, algorithm }: PurchaseOpening, limits: Limits): Promise<PsamPurchase> {
    const { date, time } = this.#terms.saleTime;
    const { authenticationCode } = this.#kind;
    return this.#kind.psam.beginPurchase(
      {
        cardRandom,
        cardSequence,
        keyVersion,
        algorithm,
        amount: this.#terms.amount,
        type: this.#kind.type,
        date: fromHex(date),
        time: fromHex(time),
        factors: purseFactors(this.#facts.data),
        ...(authenticationCode === undefined ? {} : { authenticationCode }),
      },
      limits,
    );
  }

  async debit(limits: Limits): Promise<{ readonly kind: "ok" } | Refusal> {
    assert(this.#mac1 !== undefined, "the module has opened the purchase");
    const { date, time } = this.#terms.saleTime;
    const completion = { terminalSequence: this.#terminalSequence, date: fromHex(date), time: fromHex(time), mac1: this.#mac1 };
    const answer = await debitPurchase(this.#channel, completion, limits);
    if (answer.kind === "refused") return answer;
    this.#mac2 = answer.mac2;
    this.#tac = answer.tac;
    return { kind: "ok" };
  }

  async confirm(code: Bytes | undefined, limits: Limits): Promise<"accepted" | "refused" | "no-session"> {
    const mac2 = code ?? this.#mac2;
    assert(mac2 !== undefined, "the card has given a MAC2");
    return this.#purchase === undefined ? "no-session" : this.#purchase.credit(mac2, limits);
  }

  release(): void {
    this.#givenUp = true;
    // What is still on its way to the module is given back as soon as it is there.
    this.#starting?.then(
      (purchase) => purchase.release(),
      () => undefined,
    );
    this.#starting = undefined;
    this.#purchase?.release();
    this.#purchase = undefined;
  }

  get #channel(): CardChannel {
    return this.#access.channel;
  }
}
