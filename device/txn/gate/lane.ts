/*
 * A lane as everybody sees it: a reader with its security module, a gate, and a place in the network. The loop of a lane works by itself; this
 * file says what it can be told and what it tells.
 */
import type { Fen } from "../../base/fen.ts";
import type { Passage, PassageDirection } from "../../drivers/peripherals.ts";
import type { Reason } from "../quick-payment/types.ts";

export interface LaneSettings {
  /** Unique at this terminal; part of every reference: [A-Za-z0-9-]{1,16}. */
  readonly name: string;
  readonly direction: PassageDirection;
  /** "journey": in at one gate, out at another. "single": each tap is a ride of its own, as on a bus. */
  readonly mode: "journey" | "single";
  /** Line 4 and station 4, eight hexadecimal digits. */
  readonly place: string;
  readonly industry: number;
  /** 4 hexadecimal digits. */
  readonly city: string;
  /** 16 hexadecimal digits. */
  readonly acquirer: string;
}

export interface GatePolicy {
  /** A second tap of the same card at the same lane within this time never charges. */
  readonly sameCardWindowMs: number;
  readonly passageTimeoutMs: number;
  /** Paid, and nobody passed: "keep" lets the same card pass once more within the window; "staff" leaves it to people. */
  readonly unusedPassage: "keep" | "staff";
  /** Somebody went in and came back: as above. */
  readonly reversedPassage: "keep" | "staff";
  /** Paid at a gate that cannot tell who passes: "used" takes it for passed, "keep" lets the same card pass again within the window. */
  readonly unreportedPassage: "used" | "keep";
  /** A debit that nobody but the card vouches for, beyond the limit for it. One that may not have happened at all never opens. */
  readonly unverifiedSale: "staff" | "open";
  /** A second tap whose passage was used. */
  readonly passBack: "refuse" | "refuse-and-alarm";
  /** An entry while the card says that its holder is inside. */
  readonly entryTwice: "refuse" | "charge-maximum" | "allow";
  readonly exitWithoutEntry: "refuse" | "charge-table";
  readonly overTime: "refuse" | "charge-table";
  /** How long one card may take from its detection to the debit. */
  readonly tapTimeoutMs: number;
  /** How long the card of a torn tap is waited for at this lane. */
  readonly returnTimeoutMs: number;
}

export const DEFAULT_GATE_POLICY: GatePolicy = {
  sameCardWindowMs: 60_000,
  passageTimeoutMs: 8_000,
  unusedPassage: "keep",
  reversedPassage: "keep",
  unreportedPassage: "used",
  unverifiedSale: "staff",
  passBack: "refuse",
  entryTwice: "refuse",
  exitWithoutEntry: "refuse",
  overTime: "charge-table",
  tapTimeoutMs: 2_000,
  returnTimeoutMs: 10_000,
};

/** What the holder sees, hears and reads at the lane. */
export interface LanePrompt {
  readonly what: "ready" | "go" | "go-again" | "refused" | "present-again" | "one-card" | "closed" | "fire";
  readonly fare?: Fen;
  readonly balanceAfter?: Fen;
  readonly reason?: Reason;
}

/** `reference`: the name of a sale that opens, by which its money can go back. */
export type LaneEvent =
  | { readonly is: "prompt"; readonly prompt: LanePrompt }
  | {
      readonly is: "tap";
      readonly outcome: "paid" | "let-in" | "again" | "refused" | "unknown";
      readonly reason?: Reason;
      readonly fare?: Fen;
      readonly reference?: string;
    }
  | { readonly is: "passage"; readonly passage: Passage }
  | { readonly is: "alarm"; readonly why: "pass-back" | "gate-fault" | "fire" | "staff-release" };

export interface LaneStatus {
  readonly name: string;
  readonly state: "starting" | "serving" | "passage" | "awaiting-return" | "released" | "out-of-order" | "stopped";
  readonly taps: number;
  readonly passages: number;
  readonly refused: number;
  readonly fareFen: number;
}

/** All lanes of one terminal. */
export interface GateService {
  readonly lanes: readonly LaneStatus[];
  /** Opens one lane for one passage without payment, on a person's word; recorded with the operator's name. */
  staffRelease(lane: string, operator: string): Promise<{ readonly kind: "opened" | "refused" }>;
  /** Opens every lane until it is taken back. The hardware does the same without the service. */
  release(why: "fire" | "staff", operator?: string): Promise<void>;
  serve(operator?: string): Promise<void>;
  /** The money of a sale is about to go back as a whole: nobody passes for it any more. Gives what takes that back where the money stayed. */
  giveBack(sale: string): () => void;
  start(): void;
  stop(): Promise<void>;
}
