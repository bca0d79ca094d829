/* Words of a lane's machine: what it can be, what can happen to it, what it asks the runner to do. */
import type { Passage } from "../../drivers/peripherals.ts";
import type { Reason } from "../quick-payment/types.ts";
import type { LaneEvent, LanePrompt } from "./lane.ts";
import type { GatePurseKind, PaidSale } from "./recent.ts";

/** By what right the gate opens. "again": the same paid sale once more. */
export type Claim = { readonly is: "sale" | "again"; readonly sale: PaidSale; readonly card: string } | { readonly is: "staff"; readonly operator: string };

/** How an opening ended, for its record. `said` is the gate's word, "unreported" of a gate that sees nobody, or a fault's name. */
export interface PassageEnd {
  readonly state: "done" | "void" | "unknown";
  readonly said: string;
}

/** What the lane is wanted for next, once what is under way has ended. */
export type Wish =
  | { readonly to: "serve" }
  | { readonly to: "staff"; readonly operator: string }
  | { readonly to: "release"; readonly why: ReleaseWhy }
  | { readonly to: "stop" };

export type ReleaseWhy = "fire" | "staff";

/** A sale that is taken up again by its name. */
export interface Resumed {
  readonly reference: string;
  readonly purse: GatePurseKind;
}

/** What a tap has come to. */
export type Verdict =
  | { readonly is: "open"; readonly claim: Exclude<Claim, { readonly is: "staff" }>; readonly tap: "paid" | "let-in" | "again" }
  /** An earlier sale of this card decides: it is taken up again with the card that lies there. */
  | { readonly is: "resume"; readonly resumed: Resumed }
  /** The card has no such purse; another one is asked. */
  | { readonly is: "next-purse" }
  /** Refused, or left open: nobody passes. */
  | { readonly is: "keep-shut"; readonly tap: "refused" | "unknown"; readonly reason: Reason; readonly alarm: boolean }
  /** The record of a torn card stays open; another card lies there already. */
  | { readonly is: "next-card" }
  /** No card stayed long enough to be charged. */
  | { readonly is: "nobody"; readonly crowd: boolean };

interface Common {
  readonly wish: Wish;
  /** How often in a row the gate has failed. */
  readonly faults: number;
}

export type State = Common &
  (
    | { readonly at: "starting" }
    | { readonly at: "ready" }
    | { readonly at: "selling"; readonly returning: boolean }
    /** The opening is on its way to the disk. */
    | { readonly at: "recording"; readonly claim: Claim }
    | { readonly at: "passing"; readonly claim: Claim }
    /** The end of the opening is on its way to the disk. */
    | { readonly at: "noting"; readonly faulty: boolean }
    /** The gate failed and is looked at until it is well. */
    | { readonly at: "resting" }
    | { readonly at: "released" }
    | { readonly at: "stopped" }
  );

export type Event =
  | { readonly is: "gate-well" }
  | { readonly is: "gate-ill" }
  /** The last card has left. */
  | { readonly is: "field-free" }
  | { readonly is: "card-arrived" }
  | { readonly is: "card-absent"; readonly why: "nobody" | "crowd" | "trouble" }
  /** The sale waits for its card to come back. */
  | { readonly is: "wanted-again" }
  | { readonly is: "decided"; readonly verdict: Verdict }
  | { readonly is: "recorded" }
  | { readonly is: "passage-over"; readonly end: PassageEnd; readonly passage: Passage }
  | { readonly is: "noted" }
  | { readonly is: "release"; readonly why: ReleaseWhy }
  | { readonly is: "serve" }
  | { readonly is: "stop" }
  | { readonly is: "staff"; readonly operator: string };

export type Command =
  | { readonly do: "check-gate"; readonly pauseMs: number }
  | { readonly do: "await-card"; readonly pauseMs: number }
  /** The card that came is let go without a sale. */
  | { readonly do: "drop-card" }
  | { readonly do: "sell" }
  | { readonly do: "resume"; readonly resumed: Resumed }
  | { readonly do: "sell-next-purse" }
  /** Gives up the wait for a card, or the sale up to its debit. */
  | { readonly do: "interrupt" }
  | { readonly do: "record"; readonly claim: Claim }
  | { readonly do: "open"; readonly claim: Claim }
  | { readonly do: "note"; readonly claim: Claim; readonly end: PassageEnd }
  | { readonly do: "hold-open"; readonly why: ReleaseWhy }
  | { readonly do: "let-go" }
  | { readonly do: "answer-staff"; readonly kind: "opened" | "refused" }
  | { readonly do: "prompt"; readonly prompt: LanePrompt }
  | { readonly do: "tell"; readonly event: Exclude<LaneEvent, { readonly is: "prompt" }> };

export interface Step {
  readonly state: State;
  readonly commands: readonly Command[];
}

export type StateOf<At extends State["at"]> = Extract<State, { readonly at: At }>;
export type EventOf<Is extends Event["is"]> = Extract<Event, { readonly is: Is }>;

/** As in the machine of a quick payment: "ignore" may arrive and changes nothing, "impossible" cannot arrive here. */
export type Rule<At extends State["at"], Is extends Event["is"]> = "ignore" | "impossible" | ((state: StateOf<At>, event: EventOf<Is>) => Step);

export type LaneRules = { readonly [At in State["at"]]: { readonly [Is in Event["is"]]: Rule<At, Is> } };
