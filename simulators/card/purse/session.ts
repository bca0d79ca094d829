/* What an opened transaction has agreed on. It lives in the card's working memory only: any command that breaks the order ends it. */
import type { Bytes } from "../../../device/base/bytes.ts";
import type { Answer } from "../iso.ts";
import type { RecordUpdate } from "./files.ts";

interface Opened {
  /** P2 of the book. */
  readonly p2: number;
  /** 6 bytes. */
  readonly terminalNumber: Bytes;
}

export interface PurchaseSession extends Opened {
  readonly kind: "purchase";
  readonly type: number;
  readonly amountFen: number;
  readonly cardRandom: Bytes;
  /** Compound purchases: the records that the debit will write. Undefined: a plain purchase. */
  readonly updates: readonly RecordUpdate[] | undefined;
}

export interface LoadSession extends Opened {
  readonly kind: "load";
  readonly amountFen: number;
  readonly key: Bytes;
}

export interface GreyLockSession extends Opened {
  readonly kind: "grey-lock";
  readonly cardRandom: Bytes;
}

export interface GreyUnlockSession extends Opened {
  readonly kind: "grey-unlock";
  readonly key: Bytes;
}

export type PurseSession = PurchaseSession | LoadSession | GreyLockSession | GreyUnlockSession;

/** An answer, and the transaction that is open after it. */
export interface Step {
  readonly answer: Answer;
  readonly session?: PurseSession;
}
