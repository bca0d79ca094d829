/* What a counter sells, to whom, and on whose word. */
import type { Fen } from "../../base/fen.ts";

/** One line of the basket. Spec: FSI, drugdetail. */
export interface MedicalItem {
  /** med_list_codg, the national code. */
  readonly nationalCode: string;
  /** medins_list_codg, the institution's own code. */
  readonly ownCode: string;
  /** Decimal text, up to four places. */
  readonly quantity: string;
  /** Unit price in yuan as decimal text, up to six places. */
  readonly unitPrice: string;
  readonly amount: Fen;
  /** Further members of the line, as the region asks for them. */
  readonly extra?: Readonly<Record<string, string>>;
}

/** Who says who the holder is. Only the host decodes an e-code; it is a bearer credential and enters no log and no record in the clear. */
export type Credential =
  | { readonly kind: "card" }
  /** Data of the counter's certified reader. */
  | { readonly kind: "resident-id"; readonly number: string; readonly name: string }
  /** `code` where the counter's program has scanned it; left out, the terminal's own scanner does. */
  | { readonly kind: "e-code"; readonly code?: string };

/** A pack as it was scanned. Spec: FSI, drug_trac_info. */
export interface TraceCode {
  /** At most 100 characters. */
  readonly code: string;
  /** A part of the pack: the same code may be sold again. */
  readonly splitPack: boolean;
}

/** One line of the basket. */
export interface OrderItem extends MedicalItem {
  readonly name: string;
  readonly traceCodes?: readonly TraceCode[];
  /** Why no code is needed; left out where one is. */
  readonly traceExempt?: "herbal-slices" | "granules" | "hospital-split-dose" | "not-a-drug";
  readonly prescriptionDrug?: boolean;
  /** What the upload of the sale says of the goods; Spec: FSI, 3505. */
  readonly goods?: GoodsFacts;
}

/** Facts of the goods that only the counter's program knows. */
export interface GoodsFacts {
  /** fixmedins_bchno: the institution's own batch. */
  readonly batchNumber?: string;
  /** manu_lotnum: the maker's lot. */
  readonly makerLot?: string;
  /** manu_date, yyyy-MM-dd. */
  readonly madeOn?: string;
  /** expy_end, yyyy-MM-dd. */
  readonly expiresOn?: string;
  /** rtal_docno: the document of the retail sale; the order's number where left out. */
  readonly documentNumber?: string;
}

export interface Prescription {
  /** rxno */
  readonly number: string;
  readonly doctorCode: string;
  readonly doctorName: string;
  readonly pharmacistName: string;
  readonly pharmacistLicence: string;
  /** From an outside institution. */
  readonly circulated: boolean;
}
