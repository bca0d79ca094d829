/* The transit account as flows see it. */
import type { Fen } from "../../base/fen.ts";

/** Whose card it is: the transport ministry's (T-Union, 交通联合) or the housing ministry's (住建部). */
export type TransitScheme = "t-union" | "housing";

/** EF15 of a transit account. Spec: JT/T 978, EF15. */
export interface TransitPublicData {
  /** 16 hexadecimal digits. */
  readonly issuer: string;
  readonly applicationType: number;
  /** 01: the account may be used. */
  readonly enabled: number;
  /** 20 hexadecimal digits. */
  readonly serial: string;
  /** YYYYMMDD. */
  readonly startDate: string;
  /** YYYYMMDD. */
  readonly endDate: string;
  /** 4 hexadecimal digits of the issuer's own. */
  readonly issuerControl: string;
}

/** EF16, the holder: personal, so that it is read only where a flow needs it, and never logged. Spec: JT/T 978, EF16. */
export interface TransitHolder {
  readonly cardType: number;
  readonly staff: number;
  /** "" when unwritten or not readable as text. */
  readonly name: string;
  /** "" when unwritten or not readable as text. */
  readonly documentNumber: string;
  readonly documentType: number;
}

/** EF17: where the account comes from, and whether other cities may take it. Spec: JT/T 978, EF17. */
export interface TransitRegion {
  /** 8 hexadecimal digits. */
  readonly country: string;
  /** 4 hexadecimal digits. */
  readonly province: string;
  /** 4 hexadecimal digits. */
  readonly city: string;
  /** 0001: usable in other cities. */
  readonly interoperability: number;
  readonly cardType: number;
  /** 98 hexadecimal digits that nobody defines. */
  readonly reserve: string;
}

/** A record of EF1E: one entry, exit, single ride, fare adjustment or recharge. Spec: JT/T 978, EF1E. */
export interface TripRecord {
  /** See tripMeaning. */
  readonly type: number;
  /** 16 hexadecimal digits. */
  readonly terminalNumber: string;
  /** 01 metro, 02 bus; others as the city has them. */
  readonly industry: number;
  /** Line and station, 8 hexadecimal digits. */
  readonly place: string;
  /** 6 more digits that some cities use. */
  readonly placeExtension: string;
  readonly amount: Fen;
  /** Balance after this transaction. */
  readonly balance: Fen;
  /** YYYYMMDD. */
  readonly date: string;
  /** HHMMSS. */
  readonly time: string;
  /** 4 hexadecimal digits. */
  readonly city: string;
  /** 16 hexadecimal digits. */
  readonly acquirer: string;
  /** Fare that is due at most for a ride that was not ended. */
  readonly maximumFare: Fen;
  /** 4 hexadecimal digits as the card has them: the texts do not name the unit of the longest ride. */
  readonly maximumTime: string;
}

/** An industry record that is told apart by an identifier at its beginning. Spec: JT/T 978, EF1A. */
export interface IndustryRecord {
  /** The identifier in hexadecimal: 4 digits in EF1A ("2702" the bus), 2 in the housing ministry's EF17 ("02" rail). */
  readonly id: string;
  /** Everything after the identifier, in hexadecimal. */
  readonly content: string;
}
