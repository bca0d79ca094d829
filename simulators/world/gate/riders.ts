/* Whose cards travel: transit accounts of both ministries, bank cards with and without records of journeys, and cards that have several of these. */
import type { TestCardOptions } from "../../card/make.ts";

/** Industry records of electronic cash: where lanes keep journeys, and where the till holds amounts. */
export const JOURNEYS = { sfi: 21, recordId: "2701" } as const;
export const HOLDS = { sfi: 21, recordId: "2703" } as const;

/** Key of industry records in every module of the town. */
export const RECORD_KEY = { keyId: 5, algorithm: "sm4" } as const;

interface RiderKind {
  readonly transit?: "t-union" | "housing";
  /** The card keeps journeys and held amounts of its electronic cash. */
  readonly extended: boolean;
}

/** Of eight cards in a row. Bank cards without a transit account sign what they send online. */
const KINDS: readonly RiderKind[] = [
  { transit: "t-union", extended: false },
  { transit: "t-union", extended: true },
  { transit: "housing", extended: false },
  { transit: "housing", extended: true },
  { extended: true },
  { transit: "t-union", extended: false },
  { extended: false },
  { extended: true },
];

/** Bytes of a trip that nobody has written yet. */
const UNWRITTEN = "00".repeat(48);
/** Name of an e-purse that no gate asks for. */
const OTHER_PURSE_AID = "a000000003000000";

const RECORDS = [JOURNEYS, HOLDS].map(({ sfi, recordId }) => ({ sfi, id: recordId, contentHex: UNWRITTEN }));

/** What the card with this number has beside what all cards of the town have. */
export function riderOptions(at: number): {
  readonly card: Pick<TestCardOptions, "purse" | "purseAidHex">;
  readonly cash: Partial<TestCardOptions["electronicCash"]>;
} {
  const { transit, extended } = KINDS[at % KINDS.length] ?? { extended: false };
  return {
    card: transit === undefined ? { purseAidHex: OTHER_PURSE_AID } : { purse: { transit } },
    cash: { ...(transit === undefined ? { signsOnline: true } : {}), ...(extended ? { extension: { records: RECORDS } } : {}) },
  };
}
