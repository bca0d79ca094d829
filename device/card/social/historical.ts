/* What the answer to reset tells about a social security card, and the factors that follow from it. Never throws. */
import { type Bytes, concat, equalBytes, fromHex, toHex } from "../../base/bytes.ts";
import type { CardProfile } from "../../codec/card-profile.ts";

/** Most interface bytes groups that an answer to reset may announce. */
const INTERFACE_GROUPS_MAX = 4;
const HISTORICAL_LENGTH = 13;
/** TD1 and TD2 of the answer that PC/SC makes up for a contactless card. Spec: PC/SC 3, ATR of contactless cards. */
const CONTACTLESS_INTERFACE_BYTES: Bytes = fromHex("8001");
const PRESENT_TD_ONLY = 0x8;
/** Application data, protocol information and length of a type B card's answer, which PC/SC shows in the place of historical bytes. Spec: PC/SC 3. */
const TYPE_B_LENGTH = 8;

export interface HistoricalBytes {
  /** First four digits of the region. */
  readonly regionDigits: string;
  /** 8 hexadecimal digits. */
  readonly serial: string;
  /** 8 bytes: the card's own diversification factor, historical bytes 6 to 13. Spec: LD/T 32.9, annex B. */
  readonly cardFactor: Bytes;
}

/** Vendor 2, chip and card system 3, card maker 2, region 2, serial 4. Spec: LD/T 32.5, historical bytes. */
function historicalOf(bytes: Bytes): HistoricalBytes {
  return { regionDigits: toHex(bytes.subarray(7, 9)), serial: toHex(bytes.subarray(9, 13)), cardFactor: bytes.slice(5, 13) };
}

/** The 13 historical bytes of a contact answer to reset, or of the one that PC/SC builds for a contactless card; undefined for any other. */
export function parseHistoricalBytes(atr: Bytes): HistoricalBytes | undefined {
  const row = historicalRow(atr);
  return row?.length === HISTORICAL_LENGTH ? historicalOf(row) : undefined;
}

/** The historical bytes as libraries of vendors tell them, 26 hexadecimal digits; "" where the answer to reset has not so many. Never throws. */
export function historicalDigits(atr: Bytes): string {
  const row = historicalRow(atr);
  return row === undefined || row.length < HISTORICAL_LENGTH ? "" : toHex(row.slice(-HISTORICAL_LENGTH));
}

/** How an answer to reset came about: from contacts, or made up by PC/SC for a card in the field, whose type its length tells. */
export function radioOf(atr: Bytes): "contact" | "A" | "B" {
  const byRadio = atr[1] !== undefined && atr[1] >>> 4 === PRESENT_TD_ONLY && equalBytes(atr.subarray(2, 4), CONTACTLESS_INTERFACE_BYTES);
  if (!byRadio) return "contact";
  return historicalRow(atr)?.length === TYPE_B_LENGTH ? "B" : "A";
}

export type HistoricalAnswer =
  | { readonly kind: "ok"; readonly historical: HistoricalBytes; readonly radio: "contact" | "A" | "B" }
  /** No 13 bytes in the answer to reset: no card of ours, or a damaged one. */
  | { readonly kind: "malformed" }
  /** By radio this region's cards do not show the bytes from which their keys follow: the card must be put into the contact slot. */
  | { readonly kind: "contacts-needed" }
  /** Another radio type than this region's cards have. */
  | { readonly kind: "radio-type-not-accepted" };

/** The historical bytes under the region's profile. By radio they are the last 13, whatever a card puts before them. Never throws. */
export function readHistorical(atr: Bytes, profile: Pick<CardProfile, "contactlessType" | "contactlessHistorical">): HistoricalAnswer {
  const row = historicalRow(atr);
  const radio = radioOf(atr);
  if (row === undefined) return { kind: "malformed" };
  if (radio === "contact") return row.length === HISTORICAL_LENGTH ? { kind: "ok", historical: historicalOf(row), radio } : { kind: "malformed" };
  if (profile.contactlessType !== "auto" && profile.contactlessType !== radio) return { kind: "radio-type-not-accepted" };
  // The answer of a type B card has no room for the bytes.
  if (radio === "B" || profile.contactlessHistorical === "contactOnly") return { kind: "contacts-needed" };
  if (row.length < HISTORICAL_LENGTH) return { kind: "malformed" };
  return { kind: "ok", historical: historicalOf(row.slice(-HISTORICAL_LENGTH)), radio };
}

/**
 * The historical bytes of a raw answer to select (TL, T0, TA, TB, TC, then they), as a reader without PC/SC gives it; undefined for any
 * other bytes. Spec: ISO/IEC 14443-4, answer to select.
 */
export function parseAnswerToSelect(ats: Bytes): HistoricalBytes | undefined {
  const [length, format] = ats;
  if (length !== ats.length || format === undefined || format >= 0x80) return undefined;
  const row = ats.slice(2 + bitCount(format >>> 4));
  return row.length >= HISTORICAL_LENGTH ? historicalOf(row.slice(-HISTORICAL_LENGTH)) : undefined;
}

function historicalRow(atr: Bytes): Bytes | undefined {
  const format = atr[1];
  if (format === undefined || (atr[0] !== 0x3b && atr[0] !== 0x3f)) return undefined;
  let announced = format;
  let at = 2;
  for (let group = 0; group < INTERFACE_GROUPS_MAX; group += 1) {
    const present = announced >>> 4;
    at += bitCount(present);
    if ((present & 0x8) === 0) break;
    announced = atr[at - 1] ?? 0;
  }
  const length = format & 0x0f;
  return at + length <= atr.length ? atr.slice(at, at + length) : undefined;
}

function bitCount(nibble: number): number {
  return (nibble & 1) + ((nibble >>> 1) & 1) + ((nibble >>> 2) & 1) + ((nibble >>> 3) & 1);
}

/**
 * Factors of the social keys of one card: card, city, province, in the order in which the module takes them. Provinces whose keys belong to
 * cities as a whole put zeros in the place of the last two digits. Spec: LD/T 32.9, annex B.
 */
export function socialFactors(
  cardFactor: Bytes,
  regionCode: string,
  template: CardProfile["cityFactorTemplate"] = "region6+7378",
): readonly [card: Bytes, city: Bytes, province: Bytes] {
  const ascii = (text: string) => new TextEncoder().encode(text);
  const city = template === "region4" ? `${regionCode.slice(0, 4)}00` : regionCode;
  return [cardFactor, concat(ascii(city), fromHex("7378")), concat(ascii(regionCode.slice(0, 2)), fromHex("303030307368"))];
}
