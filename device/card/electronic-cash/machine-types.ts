/* Words of the electronic-cash machine: what one tap can be, what can happen to it, what it asks its runner to do. */

import type { FaultCode } from "../../base/fault.ts";
import type { Fen } from "../../base/fen.ts";
import type { DayRange } from "../../codec/civil-time.ts";
import type { CardDecision } from "../../codec/issuer-application-data.ts";
import type { Authentication, AuthenticationFailure } from "./authentication.ts";
import type { GenerateAnswer } from "./generate.ts";
import type { CardCryptogram, CashFacts } from "./record.ts";
import type { CardCounters } from "./terminal-risk.ts";
import type {
  CashBaseline,
  CashIntent,
  CashInterface,
  CashReason,
  CashRefusal,
  CashTerminal,
  CashTerms,
  CryptogramRecord,
  LastRecordAnswer,
  ProcessingAnswer,
  RecordsAnswer,
  SelectCashAnswer,
  SelectedCash,
} from "./types.ts";

/** What stays the same through the whole tap and decides something. */
export interface CashSale {
  readonly interface: CashInterface;
  readonly terminal: CashTerminal;
  readonly terms: CashTerms;
  /** Days that it may be, by which the card is judged; left out: the day of the terms, which is what the card is told. */
  readonly days?: DayRange;
  /** Whether a card is on an invalid list. Must answer the same through one tap. */
  readonly isListed: (card: { readonly accountNumber: string; readonly accountSequence?: string }) => boolean;
}

/** How one tap ended. */
export type CashOutcome =
  /** Debited, and the card has proved that it is its issuer's. With `holder` "signature" the slip must be signed. */
  | {
      readonly kind: "approved";
      readonly record: CryptogramRecord;
      readonly authentication: Extract<Authentication, { readonly kind: "verified" }>;
      readonly holder: "none" | "signature";
      readonly balanceAfter?: Fen;
    }
  /** The card says that it has debited itself, and could not prove that it is genuine: no goods by itself. */
  | {
      readonly kind: "debited-unproven";
      readonly record: CryptogramRecord;
      readonly why: AuthenticationFailure;
      /** The card would rather be asked about online than declined. */
      readonly onlineInstead: boolean;
    }
  /** Nothing was debited. `details` are names of result bits; `record` is what a host is asked with, where the card wants one. */
  | {
      readonly kind: "refused";
      readonly reason: CashReason;
      readonly statusWord?: number;
      readonly details?: readonly string[];
      readonly why?: AuthenticationFailure;
      readonly record?: CryptogramRecord;
      /** Contact path with reason "online-required": the card waits for the issuer's answer, which completeOnline takes to it. */
      readonly awaiting?: CashFacts;
    }
  /** The card left. With `effectUnknown` false nothing was debited. */
  | { readonly kind: "card-lost"; readonly code: FaultCode; readonly effectUnknown: boolean };

interface Selected {
  readonly selected: SelectedCash;
}

interface Begun extends Selected {
  readonly baseline: CashBaseline;
}

interface Known {
  readonly facts: CashFacts;
  readonly holder: "none" | "signature";
}

export type CashState =
  | { readonly at: "selecting" }
  | (Selected & { readonly at: "reading-baseline" })
  | (Begun & { readonly at: "processing" })
  /** The card's cache of industry records is being filled, which it allows directly after its decision only. */
  | (Known & { readonly at: "caching" })
  | (Known & { readonly at: "reading" })
  /** Contact path: the card signs, then its counters are read. */
  | (Known & { readonly at: "authenticating" })
  | (Known & { readonly at: "counting"; readonly authentication: Authentication })
  /** Everything is known that can be known before money moves; the caller makes its intent durable. */
  | (Known & { readonly at: "ready"; readonly intent: CashIntent; readonly authentication?: Authentication })
  | (Known & { readonly at: "committing"; readonly intent: CashIntent; readonly authentication?: Authentication })
  /** Contactless path: debited; the signature is checked. */
  | (Known & { readonly at: "checking" })
  /** Contact path: the terminal declines or wants the host, and the card is told so. */
  | (Known & { readonly at: "closing"; readonly reason: CashReason; readonly details: readonly string[] })
  /** The card declined, and is asked for the figures that explain it. */
  | (Known & { readonly at: "explaining"; readonly details: readonly string[] })
  | { readonly at: "ended"; readonly outcome: CashOutcome };

export type CashEvent =
  | { readonly is: "selected"; readonly answer: SelectCashAnswer }
  | { readonly is: "baseline-read"; readonly baseline: CashBaseline }
  | { readonly is: "options-answered"; readonly answer: ProcessingAnswer }
  | { readonly is: "industry-cached"; readonly answer: { readonly kind: "ok" } | CashRefusal }
  /** `foreseen`: why authentication will fail, as far as that can be told already. */
  | { readonly is: "records-read"; readonly answer: RecordsAnswer; readonly foreseen?: AuthenticationFailure }
  | { readonly is: "counters-read"; readonly counters: CardCounters }
  | { readonly is: "authenticated"; readonly result: Authentication }
  /** The intent is durable: the money may move. */
  | { readonly is: "permitted" }
  | { readonly is: "given-up"; readonly reason: CashReason }
  | { readonly is: "record-committed"; readonly answer: LastRecordAnswer }
  | { readonly is: "cryptogram-made"; readonly answer: GenerateAnswer; readonly sent: CardCryptogram["sent"] }
  | { readonly is: "card-lost"; readonly code: FaultCode; readonly effectUnknown: boolean };

export type CashCommand =
  | { readonly do: "select" }
  | { readonly do: "read-baseline" }
  | { readonly do: "process" }
  | { readonly do: "cache-industry" }
  | { readonly do: "read-records" }
  | { readonly do: "authenticate" }
  | { readonly do: "read-counters" }
  | { readonly do: "commit" }
  | { readonly do: "generate"; readonly wanted: CardDecision }
  | { readonly do: "read-limits" };

export interface CashStep {
  readonly state: CashState;
  readonly command?: CashCommand;
}

export type CashStateOf<At extends CashState["at"]> = Extract<CashState, { readonly at: At }>;
export type CashEventOf<Is extends CashEvent["is"]> = Extract<CashEvent, { readonly is: Is }>;

/** "impossible": by our own reasoning the event cannot arrive here. "ignore": it may and changes nothing. Otherwise the decision. */
export type CashRule<At extends CashState["at"], Is extends CashEvent["is"]> =
  | "ignore"
  | "impossible"
  | ((state: CashStateOf<At>, event: CashEventOf<Is>, sale: CashSale) => CashStep);

export type CashRules = { readonly [At in CashState["at"]]: { readonly [Is in CashEvent["is"]]: CashRule<At, Is> } };
