/* Words of the acquirer's books. */

export type CardStatus = "good" | "lost" | "stolen" | "restricted" | "closed";

export interface Account {
  readonly pan: string;
  readonly balanceFen: number;
  readonly pin: string;
  readonly triesLeft: number;
  readonly status: CardStatus;
}

export interface AccountOpening {
  readonly pan: string;
  readonly balanceFen: number;
  readonly pin: string;
  readonly status?: CardStatus;
}

export type BankBusiness = "sale" | "withdrawal" | "void" | "refund" | "offline-sale" | "cash-load" | "purse-load";

/** "booked" stands; "voided" by a void that stands; "reversed" as if it had never been. */
export type TransactionStatus = "booked" | "voided" | "reversed";

/** What names a message of a terminal. */
export interface MessagePlace {
  readonly terminal: string;
  readonly batch: string;
  readonly stan: string;
}

export interface BankTransaction extends MessagePlace {
  readonly id: number;
  readonly business: BankBusiness;
  readonly pan: string;
  /** Processing code. */
  readonly code: string;
  readonly amountFen: number;
  /** What was asked for; more than the amount where a part was approved. */
  readonly askedFen: number;
  readonly retrievalReference: string;
  readonly authorization: string;
  /** What a void or a refund takes back. */
  readonly original: number | undefined;
  readonly refundedFen: number;
  readonly status: TransactionStatus;
  /** Hash of the request's business fields: what makes a repetition identical. */
  readonly digest: string;
  readonly atMs: number;
}

export type NewTransaction = Omit<BankTransaction, "id" | "refundedFen" | "status">;
