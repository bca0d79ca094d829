/* What the answer to reset tells about a social security card, and the factors that follow from it. Never throws. */
import { type Bytes, concat, fromHex, toHex } from "../../base/bytes.ts";

/** Most interface bytes groups that an answer to reset may announce. */
const INTERFACE_GROUPS_MAX = 4;
const HISTORICAL_LENGTH = 13;

export interface HistoricalBytes {
  /** First four digits of the region. */
  readonly regionDigits: string;
  /** 8 hexadecimal digits. */
  readonly serial: string;
  /** 8 bytes: the card's own diversification factor, historical bytes 6 to 13. Spec: LD/T 32.9, annex B. */
  readonly cardFactor: Bytes;
}

/** The 13 historical bytes of a contact answer to reset, or of the one that PC/SC builds for a contactless card; undefined for any other. */
export function parseHistoricalBytes(atr: Bytes): HistoricalBytes | undefined {
  const historical = historicalOf(atr);
  if (historical?.length !== HISTORICAL_LENGTH) return undefined;
  return { regionDigits: toHex(historical.subarray(7, 9)), serial: toHex(historical.subarray(9, 13)), cardFactor: historical.slice(5, 13) };
}

function historicalOf(atr: Bytes): Bytes | undefined {
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

/** Factors of the social keys of one card: card, city, province, in the order in which the module takes them. Spec: LD/T 32.9, annex B. */
export function socialFactors(cardFactor: Bytes, regionCode: string): readonly Bytes[] {
  const ascii = (text: string) => new TextEncoder().encode(text);
  return [cardFactor, concat(ascii(regionCode), fromHex("7378")), concat(ascii(regionCode.slice(0, 2)), fromHex("303030307368"))];
}
