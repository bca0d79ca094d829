/* Words of a settlement: the totals of one batch compared with the acquirer's, and whatever has to be told of its rows. */
import type { FaultCode } from "../../base/fault.ts";

/** What field 48 of the reply says: 1, 2 and 3. Spec: UnionPay terminal, settlement. */
export type Comparison = "equal" | "unequal" | "error";

/** Which batch it is, and how far the acquirer has answered. */
export interface SettlementAt {
  /** Answers "error" so far. */
  readonly errors: number;
  /** Tries of the message under way that nothing came back for. */
  readonly silences: number;
}

/**
 * One settlement. `plan` is how many messages follow the comparison, the end message included; `answered` of them are durably noted as
 * answered, and none of those is sent again.
 */
export type SettlementState =
  | { readonly at: "beginning" }
  | ({ readonly at: "comparing" } & SettlementAt)
  | ({ readonly at: "noting-comparison"; readonly result: Comparison } & SettlementAt)
  | { readonly at: "uploading"; readonly answered: number; readonly plan: number; readonly silences: number }
  | { readonly at: "noting-upload"; readonly answered: number; readonly plan: number }
  | { readonly at: "opening-next-batch" }
  | { readonly at: "closing" }
  | { readonly at: "rested"; readonly outcome: "settled" }
  | { readonly at: "rested"; readonly outcome: "half-done"; readonly reason: string };

export type SettlementEvent =
  | { readonly is: "entry-durable" }
  /** The plan of messages that follow from the comparison. */
  | { readonly is: "planned"; readonly plan: number }
  | { readonly is: "compared"; readonly result: Comparison }
  /** The acquirer has answered this message; whether it has taken its rows is noted with it. */
  | { readonly is: "uploaded" }
  /** Nothing came back, or nothing that counts: the message may have been taken. */
  | { readonly is: "silent"; readonly reason: string }
  | { readonly is: "batch-opened" }
  | { readonly is: "journal-failed"; readonly code: FaultCode };

export type SettlementCommand =
  | { readonly do: "note-beginning" }
  | { readonly do: "compare" }
  | { readonly do: "note-comparison"; readonly result: Comparison; readonly errors: number }
  | { readonly do: "upload"; readonly index: number }
  | { readonly do: "note-upload"; readonly answered: number }
  | { readonly do: "open-next-batch" }
  | { readonly do: "close" };

export interface SettlementStep {
  readonly state: SettlementState;
  readonly commands: readonly SettlementCommand[];
}

type StateOf<At extends SettlementState["at"]> = Extract<SettlementState, { readonly at: At }>;
type EventOf<Is extends SettlementEvent["is"]> = Extract<SettlementEvent, { readonly is: Is }>;

/** "ignore": may arrive and changes nothing. "impossible": by our own reasoning it cannot arrive here. Otherwise the decision. */
export type SettlementRule<At extends SettlementState["at"], Is extends SettlementEvent["is"]> =
  | "ignore"
  | "impossible"
  | ((state: StateOf<At>, event: EventOf<Is>) => SettlementStep);
export type SettlementRules = {
  readonly [At in SettlementState["at"]]: { readonly [Is in SettlementEvent["is"]]: SettlementRule<At, Is> };
};
