/*
 * Services of the social security card at a counter (社会保障卡服务), as the API, the reader library and the demonstration ask for them.
 * Whatever is not done here is refused with its reason and the place to go; the table of services says which is which.
 */
import type { Limits } from "../../base/ports.ts";
import type { JsonObject } from "../journal/types.ts";

/** Where the holder is sent with what this terminal does not do. */
export type Office = "agency" | "bank" | "hospital" | "insurer" | "official-app" | "counter-terminal" | "telephone-12333";

export type CardServiceRequest = {
  readonly operator: string;
} /** Authentic card, and its holder where the PIN is asked for; the answer is a signed statement. */ & (
  | { readonly service: "identify"; readonly withPin: boolean; readonly challenge?: string }
  | { readonly service: "read-basic" }
  /** A file of the card by the name in the file table, such as "EF05" or "DF02/EF06". */
  | { readonly service: "read-record"; readonly file: string; readonly withPin: boolean }
  | { readonly service: "query"; readonly what: CardQuery; readonly withPin: boolean }
  | { readonly service: "change-details"; readonly reference: string; readonly changes: { readonly telephone?: string; readonly address?: string } }
  /** `person` with the document that the operator was shown; without both activation by the host, reset and unlock are refused. */
  | { readonly service: "activate"; readonly reference: string; readonly person?: PersonClaim }
  | { readonly service: "change-pin"; readonly reference?: string }
  | { readonly service: "reset-pin"; readonly reference: string; readonly person?: PersonClaim }
  | { readonly service: "unlock-pin"; readonly reference: string; readonly person?: PersonClaim }
  /** The holder without the card: known by the document at the counter, or by what was told where it was not shown (a temporary loss alone). */
  | {
      readonly service: "report-loss";
      readonly reference: string;
      readonly loss: "temporary" | "formal";
      readonly cardNumber: string;
      readonly person: PersonClaim;
    }
  | { readonly service: "withdraw-loss"; readonly reference: string; readonly cardNumber: string; readonly person: PersonClaim }
  /** Ordered by a signed list entry; blocks the application of the card that lies there. */
  | { readonly service: "block-application"; readonly reference: string }
  /** Any row of the table by its number, for those that are only refused. */
  | { readonly service: "other"; readonly row: number }
);

export interface PersonClaim {
  readonly name: string;
  /** Enters no log and no record in the clear. */
  readonly identityNumber: string;
  /** What the operator was shown; "none": nobody has seen a document, as when somebody calls. The agency is told whether there was one. */
  readonly documentShown: ShownDocument;
}

/** Documents that a person proves to be somebody with at a counter. */
export const SHOWN_DOCUMENTS = ["identity-card", "household-register", "passport", "residence-permit", "other", "none"] as const;
export type ShownDocument = (typeof SHOWN_DOCUMENTS)[number];

export type CardQuery =
  | "status"
  | "insured-places"
  | "medical-balance"
  | "purse-balances"
  | "purse-log"
  | "card-log"
  | "contributions"
  | "settlements"
  | "statement";

export type CardServiceOutcome =
  /** `asOf`: when what is told was true, where it is not now. */
  | { readonly kind: "done"; readonly output: JsonObject; readonly asOf?: string; readonly subject?: string }
  | { readonly kind: "refused"; readonly reason: string; readonly office?: Office; readonly triesLeft?: number; readonly text: ServiceText }
  /** The card or the agency may have acted. */
  | { readonly kind: "unknown"; readonly reason: string; readonly subject?: string }
  | { readonly kind: "no-card"; readonly reason?: string };

/** What the holder is told. */
export interface ServiceText {
  readonly zh: string;
  readonly en: string;
}

export interface CardServiceActs {
  /** Never rejects for what the world does. Faults: those of the journal. */
  perform(request: CardServiceRequest, limits: Limits): Promise<CardServiceOutcome>;
  /** Every row of the table as it stands at this terminal. */
  table(): readonly { readonly row: number; readonly name: ServiceText; readonly answer: "works" | "refused"; readonly how: string }[];
}
