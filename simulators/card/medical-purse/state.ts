/* The medical purse as plain data. */

export interface MedicalPurseData {
  readonly dpkHex: string;
  readonly dtkHex: string;
  readonly dlkHex: string;
  readonly dskHex: string;
}

export interface MedicalPurseMemory {
  readonly accountFen: number;
}
