/* The medical purse as plain data. */

/** One purchase key (DPK) of the card. */
export interface MedicalPurchaseKey {
  /** Names the key in INITIALIZE FOR PURCHASE. */
  readonly index: number;
  /** Told in the answer; the security module has the same version. */
  readonly version: number;
  readonly keyHex: string;
}

export interface MedicalPurseData {
  readonly purchaseKeys: readonly MedicalPurchaseKey[];
  /** Index and version of the load key are both 01. */
  readonly dlkHex: string;
  readonly dtkHex: string;
  readonly dskHex: string;
  /** Records of 20 bytes: self-pay, pooled amount, year and start day mean nothing and are zeros. */
  readonly accountOnly: boolean;
}

/** What GET TRANSACTION PROOF gives out. */
export interface MedicalProof {
  /** As the profile codes it. */
  readonly type: number;
  /** Already in the card's sequence mode. */
  readonly seq: number;
  readonly mac: string;
  readonly tac: string;
}

export interface MedicalPurseMemory {
  /** Balance of the personal account (CIA). */
  readonly accountFen: number;
  /** Total paid by the holder in the pay year (SPIP). */
  readonly selfPayTotalFen: number;
  /** Total paid by the pooled fund in the pay year (SPFP). */
  readonly pooledTotalFen: number;
  /** YYYY; "0000" until the first purchase. */
  readonly payYear: string;
  /** MMDD: the day on which a pay year begins. */
  readonly startDay: string;
  /** Online counter: the sequence of the next load. */
  readonly loadSeq: number;
  /** Offline counter: the sequence of the next purchase. */
  readonly purchaseSeq: number;
  /** Records of DF04/08 in hexadecimal, newest first, at most thirty. */
  readonly log: readonly string[];
  /** Of the last transaction, purchase or load. Left out: there is none. */
  readonly proof?: MedicalProof;
}
