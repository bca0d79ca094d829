/* Words of the machine that takes a settlement back at the insurer. Spec: FSI, 2103. */
import type { FaultCode } from "../../base/fault.ts";
import type { RecordState } from "../journal/types.ts";
import type { MedicalReason } from "../medical-purchase/types.ts";

export interface EntryName {
  readonly subject: string;
  readonly seq: number;
}

/** Stable words. */
export type VoidReason = MedicalReason | "settlement-unknown" | "nothing-to-void" | "void-refused";

export type VoidOutcome =
  /** The insurer has taken the settlement back, now or earlier. */
  | { readonly kind: "done"; readonly subject: string }
  /** The settlement stands. No subject: nothing was begun. `message` is the host's own text, cleaned. */
  | { readonly kind: "refused"; readonly reason: VoidReason; readonly message?: string; readonly subject?: string }
  /** The insurer may have taken it back; it is resolved in the background, and no other message is sent until it is. */
  | { readonly kind: "unknown"; readonly subject: string; readonly reason: VoidReason };

/** What the journal knows before anything is sent. */
export type KnownVoid =
  | { readonly kind: "new" }
  /** Another run is at it. */
  | { readonly kind: "in-progress" }
  | { readonly kind: "done"; readonly subject: string }
  /** An earlier message is not decided. */
  | { readonly kind: "open"; readonly subject: string }
  /** This void has ended without taking the settlement back; another attempt has another reference. */
  | { readonly kind: "over"; readonly subject: string; readonly reason: VoidReason }
  /** The settlement itself is not decided: it is reversed first, in the background. */
  | { readonly kind: "settlement-unknown" }
  | { readonly kind: "nothing-to-void" };

export type VoidState =
  | { readonly at: "looking-up" }
  | { readonly at: "signing-in" }
  | { readonly at: "intending" }
  | { readonly at: "sending"; readonly intent: EntryName }
  | { readonly at: "closing"; readonly subject: string; readonly outcome: VoidOutcome }
  | { readonly at: "ended"; readonly outcome: VoidOutcome };

export type VoidEvent =
  | { readonly is: "looked-up"; readonly known: KnownVoid }
  | { readonly is: "signed-in" }
  | { readonly is: "entry-durable"; readonly entry: EntryName }
  | { readonly is: "host-done" }
  /** The host has answered and taken nothing back. */
  | { readonly is: "host-refused"; readonly message: string }
  /** Certain: the request never reached the host and never will. */
  | { readonly is: "not-sent" }
  /** Sent or perhaps sent, and nothing follows from what came back. */
  | { readonly is: "host-undecided"; readonly reason: MedicalReason }
  | { readonly is: "journal-failed"; readonly code: FaultCode };

export interface VoidEntryWish {
  readonly state: RecordState;
  readonly after: EntryName;
  readonly reason?: VoidReason;
}

export type VoidCommand =
  | { readonly do: "look-up" }
  | { readonly do: "sign-in" }
  | { readonly do: "append-intent" }
  | { readonly do: "send" }
  | { readonly do: "append"; readonly entry: VoidEntryWish };

export interface VoidStep {
  readonly state: VoidState;
  readonly commands: readonly VoidCommand[];
}

type StateOf<At extends VoidState["at"]> = Extract<VoidState, { readonly at: At }>;
type EventOf<Is extends VoidEvent["is"]> = Extract<VoidEvent, { readonly is: Is }>;

/** "ignore": may arrive and changes nothing. "impossible": by our own reasoning it cannot arrive here. Otherwise the decision. */
export type VoidRule<At extends VoidState["at"], Is extends VoidEvent["is"]> = "ignore" | "impossible" | ((state: StateOf<At>, event: EventOf<Is>) => VoidStep);

export type VoidRules = { readonly [At in VoidState["at"]]: { readonly [Is in VoidEvent["is"]]: VoidRule<At, Is> } };
export type { EventOf, StateOf };
