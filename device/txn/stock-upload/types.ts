/* Words of the upload of goods: what was sold or taken back, told to the insurer in the background. */
import type { FaultCode } from "../../base/fault.ts";
import type { Fen } from "../../base/fen.ts";
import type { OrderItem, Prescription } from "../medical-desk/basket.ts";

export interface StockUploadRequest {
  /** Unique at this terminal: `<order reference>.u1` for the sale, `.u2` for its return. The mark `sale/<reference>`. */
  readonly reference: string;
  /** "sale": 3505. "return": 3506. */
  readonly act: "sale" | "return";
  /** `<client>.<orderNumber>`. */
  readonly order: string;
  readonly items: readonly OrderItem[];
  readonly amount: Fen;
  readonly prescription?: Prescription;
  /** Where the insurer has settled it; left out for a sale that the holder paid alone. */
  readonly settlement?: {
    readonly settlementId: string;
    readonly visitId: string;
    /** insuplc_admdvs. */
    readonly insuranceArea: string;
  };
  readonly person: {
    readonly personNumber?: string;
    /** psn_cert_type, "01" is the resident ID card. */
    readonly certificateType: string;
    readonly certificateNumber?: string;
    readonly name?: string;
  };
  readonly operator: string;
  /** Names the sale's document where the goods name none of their own. */
  readonly invoiceNumber: string;
  /** Moment of the sale; of a return, the moment when it was taken back. */
  readonly soldAtMs: number;
}

/** An upload that the insurer has refused, waiting for a person. */
export interface ParkedUpload {
  readonly subject: string;
  readonly reference: string;
  readonly order: string;
  readonly act: "sale" | "return";
  /** Rows that the insurer has already taken, and all of them. */
  readonly rowsTaken: number;
  readonly rows: number;
  /** The insurer's own words, cleaned; or ours, where a fact is missing that it asks for. */
  readonly message: string;
  readonly parkedAtMs: number;
}

export interface StockUploads {
  /**
   * Makes the upload durable and lets it go on by itself; asked for only where the region wants uploads. The same reference is the same
   * upload. Faults: those of the journal.
   */
  enqueue(request: StockUploadRequest): Promise<{ readonly subject: string }>;
  /** What waits for a person, oldest first, at most `limit`. Faults: those of the journal. */
  parked(limit: number): Promise<readonly ParkedUpload[]>;
  /** Tries a parked upload again. Faults: those of the journal. */
  retry(subject: string, act: { readonly operator: string }): Promise<"waiting" | "not-parked">;
  /** A person has dealt with it otherwise: it is listed no more and ends as refused. Faults: those of the journal. */
  dismiss(subject: string, act: { readonly operator: string }): Promise<"dismissed" | "not-parked">;
}

/** One round of one upload. `taken` of its `rows` are with the insurer, durably noted. */
export type UploadState =
  | { readonly at: "telling"; readonly taken: number; readonly rows: number }
  | { readonly at: "noting"; readonly taken: number; readonly rows: number }
  | { readonly at: "closing" }
  | { readonly at: "parking" }
  /** "open" means that a later round goes on. */
  | { readonly at: "rested"; readonly outcome: "done" | "parked" | "open" | "silent" };

export type UploadEvent =
  /** Both levels of the answer say yes, for this many rows. */
  | { readonly is: "accepted"; readonly count: number }
  /** The insurer has understood and will not take it. */
  | { readonly is: "refused"; readonly message: string }
  /** Sale and return meet before either was told: there is nothing to tell. */
  | { readonly is: "needless" }
  /** Nothing came back, or nothing that decides. It may have been taken: the same rows are told again under their own numbers. */
  | { readonly is: "silent" }
  | { readonly is: "entry-durable" }
  | { readonly is: "journal-failed"; readonly code: FaultCode };

export type UploadCommand =
  | { readonly do: "tell"; readonly from: number }
  | { readonly do: "note-progress"; readonly taken: number }
  | { readonly do: "close" }
  | { readonly do: "drop"; readonly taken: number }
  | { readonly do: "park"; readonly taken: number; readonly message: string };

export interface UploadStep {
  readonly state: UploadState;
  readonly commands: readonly UploadCommand[];
}

type StateOf<At extends UploadState["at"]> = Extract<UploadState, { readonly at: At }>;
type EventOf<Is extends UploadEvent["is"]> = Extract<UploadEvent, { readonly is: Is }>;

/** "ignore": may arrive and changes nothing. "impossible": by our own reasoning it cannot arrive here. Otherwise the decision. */
export type UploadRule<At extends UploadState["at"], Is extends UploadEvent["is"]> =
  | "ignore"
  | "impossible"
  | ((state: StateOf<At>, event: EventOf<Is>) => UploadStep);
export type UploadRules = { readonly [At in UploadState["at"]]: { readonly [Is in UploadEvent["is"]]: UploadRule<At, Is> } };
