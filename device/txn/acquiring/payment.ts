/* A payment or a withdrawal: what is asked of the bank for it, and what its record says. */
import type { Fen } from "../../base/fen.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import { notOffered } from "../acquirer-host/messages.ts";
import { buildRequest } from "../acquirer-host/request.ts";
import type { Journal, JsonObject } from "../journal/types.ts";
import { saleMark } from "../quick-payment/record.ts";
import { impossibleAmount } from "../risk/limits.ts";
import { type BankAct, cardValues, type MessageParts } from "./act.ts";
import type { BankPaymentRequest } from "./acts.ts";
import type { ChipCard } from "./chip.ts";
import type { BatchBook } from "./ports.ts";
import type { AcquirerProfile } from "./profile.ts";
import { outcomeOf, readBankAct } from "./record.ts";
import type { BankPlan, KnownAct } from "./types.ts";

/** 9C: goods, cash. Spec: JR/T 0025, transaction type. */
const TRANSACTION_TYPES = { sale: "00", withdrawal: "01" } as const;

interface Parts {
  readonly journal: Journal;
  readonly profile: AcquirerProfile;
  readonly book: Pick<BatchBook, "count">;
}

export class PaymentAct implements BankAct {
  readonly kind = "bank-payment";
  readonly reference: string;
  readonly business: "sale" | "withdrawal";
  readonly plan: BankPlan;
  readonly amount: Fen;
  readonly transactionType: string;
  readonly #parts: Parts;
  readonly #request: BankPaymentRequest;

  constructor(parts: Parts, request: BankPaymentRequest) {
    const { reference, business, amount } = request;
    const { pinFreeFen, partialApproval, cardRefusal = "reverse" } = parts.profile;
    this.reference = reference;
    this.business = business;
    this.amount = amount;
    this.transactionType = TRANSACTION_TYPES[business];
    // Cash is never handed out without the holder's PIN.
    const asksPin = business === "withdrawal" || amount > pinFreeFen;
    this.plan = { card: "signs", asksPin, keepsPartial: partialApproval && business === "sale", cardRefusal };
    this.#parts = parts;
    this.#request = request;
  }

  async lookUp(): Promise<KnownAct> {
    const { journal, profile } = this.#parts;
    const subject = await journal.mark(saleMark(this.reference));
    if (subject === undefined) {
      const reason = notOffered(profile, this.business) ?? impossibleAmount(this.amount);
      return reason === undefined ? { kind: "new" } : { kind: "refused", reason };
    }
    const record = readBankAct(await journal.entriesOf(subject));
    const isSame = record?.kind === this.kind && record.business === this.business && record.asked === this.amount;
    return isSame ? { kind: "known", outcome: outcomeOf(record) } : { kind: "refused", reason: "reference-conflict" };
  }

  refusal(): undefined {
    return undefined;
  }

  async admit(): Promise<string | undefined> {
    const { book, profile } = this.#parts;
    return book.count >= profile.batchMax ? "batch-full" : undefined;
  }

  message(parts: MessageParts): IsoMessage {
    return buildRequest(this.#parts.profile, this.business, { trace: parts.stan, batch: parts.batch, amount: this.amount, ...cardValues(parts) });
  }

  detail(): JsonObject {
    const { operator, order } = this.#request;
    return { business: this.business, operator, ...(order === undefined ? {} : { order }) };
  }

  personal(card: ChipCard | undefined): { readonly account: string; readonly members: JsonObject } {
    return { account: card?.account.number ?? "", members: card?.personal ?? {} };
  }

  marks(): readonly [] {
    return [];
  }
}
