/* What travels of bank cards, contributions and card services; types.ts has the rest and the rules. */
import type { Said } from "./types.ts";

interface Told {
  readonly subject?: string;
  readonly reason?: string;
  readonly says?: Said;
}

/** How long the whole act may take. */
export interface Patience {
  readonly timeoutMs?: number | undefined;
}

export interface BankSession extends Told {
  readonly kind: "signed-in" | "signed-off" | "refused";
  readonly batch?: string;
}

export interface BankPaymentRequest extends Patience {
  readonly paymentNumber: string;
  /** Left out: a sale. */
  readonly business?: "sale" | "withdrawal" | undefined;
  readonly amountFen: number;
}

export interface BankReturnRequest extends Patience {
  readonly returnNumber: string;
  readonly business: "void" | "refund";
  readonly paymentNumber: string;
  /** Left out: the whole. */
  readonly amountFen?: number;
}

/** Money has moved at "approved" alone. */
export interface BankAct extends Told {
  readonly number: string;
  readonly kind: "approved" | "refused" | "unknown" | "no-card";
  readonly amountFen?: number;
  readonly retrievalReference?: string;
  readonly authorization?: string;
  readonly responseCode?: string;
}

export interface BankBalance extends Told {
  readonly kind: "balance" | "refused" | "unknown" | "no-card";
  readonly availableFen?: number;
  readonly responseCode?: string;
}

export interface LoadRequest extends Patience {
  readonly loadNumber: string;
  readonly purse: "e-purse" | "electronic-cash";
  readonly amountFen: number;
}

export interface Load extends Told {
  readonly loadNumber: string;
  readonly kind: "loaded" | "refused" | "unknown" | "no-card";
  readonly amountFen?: number;
  readonly balanceAfterFen?: number;
  readonly responseCode?: string;
}

interface BatchTotals {
  readonly debits: number;
  readonly debitFen: number;
  readonly credits: number;
  readonly creditFen: number;
}

export interface BankSettlement extends Told {
  /** "half-done": ask again, it goes on. "dealt-with": closed by a person's word. */
  readonly kind: "equal" | "unequal" | "half-done" | "dealt-with" | "refused";
  readonly batch?: string;
  readonly terminal?: BatchTotals;
  readonly uploaded?: number;
  readonly differing?: readonly ("domestic" | "foreign")[];
  /** The acquirer's own figures, where it tells any. */
  readonly acquirer?: BatchTotals;
  /** Rows that it would not take. */
  readonly refusedRows?: readonly { readonly stan: string; readonly amountFen: number; readonly responseCode: string }[];
}

/** Of a settlement that is half done and that the acquirer never ends. */
export interface SettlementWord extends Patience {
  readonly batch: string;
  readonly note?: string;
}

export type DownloadKind = "parameters" | "ca-keys" | "aid-parameters" | "exception-list";

export interface Download extends Told {
  readonly kind: "taken" | "refused";
  readonly what: string;
  readonly entries: number;
}

export interface Parked {
  readonly items: readonly {
    readonly subject: string;
    readonly what: "reversal" | "offline-upload" | "batch-row" | "script-result" | "load";
    readonly amountFen: number;
    readonly reason: string;
    readonly sinceMs: number;
    readonly tries: number;
  }[];
}

/** "loaded" and "not-loaded" of a load, "dismiss" of an upload, "dealt-with" of a reversal: `stands` says whether what it was to take back stands. */
export interface ParkedActRequest {
  readonly act: "try-again" | "dismiss" | "loaded" | "not-loaded" | "dealt-with";
  readonly stands?: boolean;
  /** Of what stands: the acquirer's own reference, twelve letters and digits; without it a void or a refund of it is refused. */
  readonly retrievalReference?: string;
  readonly note?: string;
}

export interface ParkedAct {
  readonly subject: string;
  readonly state: "settled";
}

export interface Bills extends Told {
  readonly kind: "bills" | "refused" | "no-card";
  readonly bills?: readonly { readonly billId: string; readonly insurance: string; readonly period: string; readonly amountFen: number }[];
  readonly office?: string;
}

export interface ContributionRequest extends Patience {
  readonly contributionNumber: string;
  readonly billId: string;
  readonly amountFen: number;
}

export interface Contribution extends Told {
  readonly contributionNumber: string;
  readonly kind: "confirmed" | "refused" | "refunded" | "open-case" | "no-card";
  readonly amountFen?: number;
  readonly receiptNumber?: string;
  readonly office?: string;
}

export interface ContributionCases {
  readonly cases: readonly { readonly subject: string; readonly amountFen: number; readonly reason: string; readonly sinceMs: number }[];
}

export interface CaseAct {
  readonly subject: string;
  readonly state: "settled";
}

export interface Benefits extends Told {
  readonly kind: "benefits" | "refused" | "no-card";
  readonly asOfMs?: number;
  readonly financialAccount?: string;
  /** In the agency's own members. */
  readonly entitlements?: readonly Readonly<Record<string, unknown>>[];
  readonly payments?: readonly Readonly<Record<string, unknown>>[];
  readonly office?: string;
}

export interface PersonClaim {
  readonly name: string;
  readonly identityNumber: string;
  /** What the operator was shown; "none", as when somebody calls: a temporary loss alone is taken without a document. */
  readonly documentShown: "identity-card" | "household-register" | "passport" | "residence-permit" | "other" | "none";
}

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

/** `serviceNumber` is the caller's own: the same number is the same act. */
export type ServiceRequest =
  | (Patience & { readonly service: "identify"; readonly withPin?: boolean | undefined; readonly challenge?: string })
  | (Patience & { readonly service: "read-basic" })
  | (Patience & { readonly service: "read-record"; readonly file: string; readonly withPin?: boolean | undefined })
  | (Patience & { readonly service: "query"; readonly what: CardQuery; readonly withPin?: boolean | undefined })
  | (Patience & {
      readonly service: "change-details";
      readonly serviceNumber: string;
      readonly changes: { readonly telephone?: string; readonly address?: string };
    })
  | (Patience & { readonly service: "activate"; readonly serviceNumber: string; readonly person?: PersonClaim })
  | (Patience & { readonly service: "change-pin" })
  | (Patience & { readonly service: "reset-pin"; readonly serviceNumber: string; readonly person?: PersonClaim })
  | (Patience & { readonly service: "unlock-pin"; readonly serviceNumber: string; readonly person?: PersonClaim })
  | (Patience & {
      readonly service: "report-loss";
      readonly serviceNumber: string;
      readonly loss: "temporary" | "formal";
      readonly cardNumber: string;
      readonly person: PersonClaim;
    })
  | (Patience & { readonly service: "withdraw-loss"; readonly serviceNumber: string; readonly cardNumber: string; readonly person: PersonClaim })
  | (Patience & { readonly service: "block-application"; readonly serviceNumber: string })
  /** Any row of the table by its number. */
  | (Patience & { readonly service: "other"; readonly row: number });

export interface ServiceAct extends Told {
  readonly kind: "done" | "refused" | "unknown" | "no-card";
  readonly output?: Readonly<Record<string, unknown>>;
  /** When what is told was true, where it is not now. */
  readonly asOf?: string;
  readonly triesLeft?: number;
  readonly office?: string;
}

/** A function of the national reader interface, with the parameters that it has. */
export interface ReaderCall {
  readonly function:
    | "iReadCardBas"
    | "iReadCardBas_HSM_Step1"
    | "iReadCardBas_HSM_Step2"
    | "iReadCard"
    | "iWriteCard"
    | "iVerifyPIN"
    | "iChangePIN"
    | "iReloadPIN"
    | "iReloadPIN_HSM_Step1"
    | "iReloadPIN_HSM_Step2"
    | "iReloadPIN_HSM_Step3"
    | "iUnblockPIN"
    | "iUnblockPIN_HSM_Step1"
    | "iUnblockPIN_HSM_Step2"
    | "iDoDebit"
    | "iReadDebitRecord";
  readonly iType?: number;
  readonly iAuthType?: number;
  readonly cardInfo?: string;
  readonly fileAddress?: string;
  readonly data?: string;
  readonly payInfo?: string;
  readonly key?: string;
}

/** 0 or a negative number of the interface, and its string. */
export interface ReaderAnswer {
  readonly result: number;
  readonly output: string;
}

export interface ServiceTable {
  readonly rows: readonly { readonly row: number; readonly name: Said; readonly answer: "works" | "refused"; readonly how: string }[];
}
