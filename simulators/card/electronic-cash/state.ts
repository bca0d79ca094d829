/* The bank application for electronic cash as plain data. */

export interface ElectronicCashData {
  /** Primary account number, 16 to 19 digits; made up, of a range that no bank has. */
  readonly pan: string;
}

export interface ElectronicCashMemory {
  readonly balanceFen: number;
}
