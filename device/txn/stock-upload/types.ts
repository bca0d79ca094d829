/* Words of the upload of goods: what was sold or taken back, told to the insurer in the background. */
import type { Fen } from "../../base/fen.ts";
import type { OrderItem, Prescription } from "../medical-desk/basket.ts";

export interface StockUploadRequest {
  /** Unique at this terminal: `<order reference>.u1` for the sale, `.u2` for its return. The mark `sale/<reference>`. */
  readonly reference: string;
  /** "sale": 3505. "return": 3506. */
  readonly act: "sale" | "return";
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
  readonly invoiceNumber: string;
  readonly soldAtMs: number;
}

/** An upload that the insurer has refused, waiting for a person. */
export interface ParkedUpload {
  readonly subject: string;
  readonly reference: string;
  readonly order: string;
  readonly act: "sale" | "return";
  /** Lines that the insurer has already taken, and all of them. */
  readonly linesTaken: number;
  readonly lines: number;
  /** The insurer's own words, cleaned. */
  readonly message: string;
  readonly parkedAtMs: number;
}

export interface StockUploads {
  /** Makes the upload durable and lets it go on by itself. The same reference is the same upload. Faults: those of the journal. */
  enqueue(request: StockUploadRequest): Promise<{ readonly subject: string }>;
  /** What waits for a person, oldest first, at most `limit`. Faults: those of the journal. */
  parked(limit: number): Promise<readonly ParkedUpload[]>;
  /** Tries a parked upload again. Faults: those of the journal. */
  retry(subject: string, act: { readonly operator: string }): Promise<"waiting" | "not-parked">;
  /** A person has dealt with it otherwise: it is listed no more and ends as refused. Faults: those of the journal. */
  dismiss(subject: string, act: { readonly operator: string }): Promise<"dismissed" | "not-parked">;
}
