/* What the bank flows need of the world, what they give to the rest of the terminal, and how long their steps may take. */

import type { Fen } from "../../base/fen.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { DayRange } from "../../codec/civil-time.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import type { CardReader } from "../../drivers/ports.ts";
import type { Business } from "../acquirer-host/messages.ts";
import type { ReversalCause } from "../acquirer-host/request.ts";
import type { AcquirerHost } from "../hosts.ts";
import type { Journal } from "../journal/types.ts";
import type { Lane, SalesInFlight } from "../lane.ts";
import type { ElectronicCashPorts } from "../quick-payment/ports.ts";
import type { Rounds } from "../rounds.ts";
import type { SaleTimes } from "../sale-time.ts";
import type { BankActs, BankOutcome, BankPaymentRequest, DealtWith, ParkedAct } from "./acts.ts";
import type { BankKeys } from "./bank-keys.ts";
import type { AcquirerProfile } from "./profile.ts";

export interface BankPorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly log: Log;
  readonly host: AcquirerHost;
  readonly keys: BankKeys;
  readonly profile: AcquirerProfile;
  /** Where the holder presents the bank card, by contacts or by radio; the card's chip is asked, never its stripe. */
  readonly reader: CardReader;
  readonly lane: Lane;
  /** Shared by all lanes of the terminal: a reference names one thing. */
  readonly sales: SalesInFlight;
  readonly saleTimes: SaleTimes;
  /** Keys of the authorities, and who this terminal is to bank cards. */
  readonly cash: ElectronicCashPorts;
  /** Days that it may be, by which cards are judged; left out: the one that the wall clock shows. */
  readonly saleDays?: () => DayRange;
  /** Whether this account is refused everywhere; left out: the issuer alone says so. */
  readonly isListed?: (account: string) => boolean;
  /** Whether the acquirer can most likely be reached; left out: always. The background waits for it, nobody else does. */
  readonly hostPresent?: () => boolean;
  /** Told of each reversal that was answered finally, once that is durable: whoever waits for it can go on. */
  readonly onReversed?: (subject: string) => void;
  /**
   * Sends what must reach the acquirer before the next online transaction, besides reversals: offline sales. Called with the line held and signed
   * in; what it cannot send waits and stops nobody. What it answers is why nothing new may be asked of the bank now, such as a batch that is half
   * settled; undefined: nothing stands against it. Left out: nothing.
   */
  readonly sendOffline?: (line: HeldLine, limits: Limits) => Promise<string | undefined>;
}

export interface BankBounds {
  /** One command to the card. */
  readonly commandTimeoutMs: number;
  /** The holder's PIN at the pad. */
  readonly pinTimeoutMs: number;
  /** One durable entry. */
  readonly journalTimeoutMs: number;
  /** Loading keys and making a MAC in the pad. */
  readonly padTimeoutMs: number;
  /** Shortest and longest pause between two rounds of pending reversals. */
  readonly pauseMinMs: number;
  readonly pauseMaxMs: number;
}

/** A message number that was never used in this batch. Its mark must be durable before the message is sent. */
export interface Stan {
  /** Field 11, six digits. */
  readonly stan: string;
  readonly mark: { readonly name: string; readonly value: string };
}

/** What the acquirer said, after all checks. */
export type BankReply =
  /** MAC and echo fields as they must be. `amount`: what was approved, where the message has one; `partial`: less than was asked for. */
  | { readonly kind: "approved"; readonly responseCode: string; readonly message: IsoMessage; readonly amount?: Fen; readonly partial?: true }
  /** The acquirer says no; nothing is booked. `signIn`: because the keys are worth nothing any more; the next act signs in. */
  | { readonly kind: "declined"; readonly responseCode: string; readonly message: IsoMessage; readonly reason: string; readonly signIn?: true }
  /** Certain: it never reached the acquirer and never will. */
  | { readonly kind: "not-sent"; readonly reason: string }
  /** It may have been booked. `cause` is field 39 of its reversal. */
  | { readonly kind: "unknown"; readonly cause: ReversalCause; readonly reason: string };

/** The line to the acquirer while it is one's own: one exchange at a time, and nobody else in between. */
export interface HeldLine {
  /** The batch that is open, six digits. */
  readonly batch: string;
  /** A number of its own for each message; it is used up even if it is never sent. */
  nextStan(): Stan;
  /** Makes a number durable without an entry, for messages that have no record. Faults: those of the journal. */
  claimStan(): Promise<string>;
  /**
   * Adds the MAC where the business has one, sends, and checks reply type, echo fields and MAC. Never rejects for what the world does; faults of the
   * pad before sending are "not-sent". `business` left out: a sale, or a sign-in where `mac` is false.
   */
  exchange(message: IsoMessage, limits: Limits, options?: { readonly business?: Business; readonly sentBefore?: boolean }): Promise<BankReply>;
}

/** Why the line cannot be had now: nothing was begun. */
export interface LineRefusal {
  readonly kind: "refused";
  readonly reason: string;
}

/**
 * How the line is wanted. "raw": as it is. "signed-in": with working keys. "clear": signed in, and nothing pending: reversals went out, and so did
 * offline sales as far as they could.
 */
export type LineWish = "raw" | "signed-in" | "clear";

/** One for the whole terminal. */
export interface BankLine {
  /** Waits for its turn within `limits` and holds the line while `work` runs. */
  hold<Value>(wish: LineWish, work: (line: HeldLine) => Promise<Value>, limits: Limits): Promise<Value | LineRefusal>;
  readonly batch: string;
  readonly signedIn: boolean;
}

/** What was approved in a batch, in the order in which it became durable: what settlement compares and uploads. */
export interface BatchBook {
  /** The batch that is open, six digits. */
  readonly batch: string;
  /** Transactions of the open batch. */
  readonly count: number;
  /** Marks to set in the same commit that ends `subject` as done. */
  add(subject: string): readonly { readonly name: string; readonly value: string }[];
  /** Subjects of a batch, oldest first. Faults: those of the journal. */
  rows(batch: string): Promise<readonly string[]>;
  /** The acquirer's own word which batch is open, taken where this book is empty. Durable when it resolves. Faults: those of the journal. */
  adopt(batch: string): Promise<void>;
  /** The batch is settled: the next one is open. Durable when it resolves; call it with the line held. Faults: those of the journal. */
  close(): Promise<string>;
}

/** Money for something by a bank card, as a tender needs it. */
export interface BankTenderPort {
  /** As {@link BankActs.pay}; the wait for a card, too, lies within `limits`. */
  pay(request: BankPaymentRequest, limits: Limits): Promise<BankOutcome>;
  known(reference: string): Promise<BankOutcome | undefined>;
  /** Takes the whole payment back without its card: by a void in its own batch, else by a refund. Asking again is the same. */
  giveBack(request: { readonly reference: string; readonly original: string; readonly operator: string }, limits: Limits): Promise<BankOutcome>;
  /** What was given back of this payment so far, without what is not decided; `open`: something is not decided. Faults: those of the journal. */
  givenBack(original: string): Promise<{ readonly amount: Fen; readonly open: boolean }>;
}

/** What a person may say of a parked reversal. */
export type ReversalAct = Extract<ParkedAct, { readonly act: "dealt-with" }> | (Omit<ParkedAct, keyof DealtWith> & { readonly act: "try-again" });

/** The bank flows of one terminal. Settlement, uploads, downloads and loads stand beside them on the same line and book. */
export interface Bank {
  readonly acts: Pick<BankActs, "signIn" | "signOff" | "pay" | "takeBack" | "balance" | "known" | "parked" | "view">;
  readonly tender: BankTenderPort;
  readonly line: BankLine;
  readonly book: BatchBook;
  /** A person's word on a parked reversal. Faults: those of the journal. */
  settleReversal(subject: string, act: ReversalAct): Promise<"settled" | "not-parked" | "act-unfitting">;
  /** Sends what is pending by itself; started and stopped by whoever opened it. */
  readonly background: Rounds;
}
