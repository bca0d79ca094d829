/* What a card says when it gets power: the answer to reset of its contacts, or what PC/SC makes of its contactless activation. */
import { type Bytes, concat, fromHex } from "../../device/base/bytes.ts";
import type { CardPersonalization } from "./state.ts";

/** Historical bytes of a card that keeps its thirteen for the contacts: category and one proprietary byte. */
const OTHER_HISTORICAL = "c00184";
/** Application data and protocol information of a type B card, with the protocol byte that PC/SC adds. */
const TYPE_B_DATA = "00000000 778181 00";

/** Spec: LD/T 32.5, answer to reset; PC/SC 3, ATR of a contactless card. */
export function answerToReset(personalization: CardPersonalization, through: "contact" | "contactless"): Bytes {
  const { historicalHex, profile } = personalization;
  if (through === "contact") return concat(fromHex("3B 6D 00 00"), fromHex(historicalHex));
  // A type B card has no historical bytes: PC/SC puts what its activation says into their place.
  if (profile.contactlessType === "B") return contactlessReset(fromHex(TYPE_B_DATA));
  return contactlessReset(fromHex(profile.contactlessHistorical === "atsLast13" ? historicalHex : OTHER_HISTORICAL));
}

function contactlessReset(historical: Bytes): Bytes {
  const body = concat(Uint8Array.of(0x80 | historical.length, 0x80, 0x01), historical);
  const check = body.reduce((sum, byte) => sum ^ byte, 0);
  return concat(Uint8Array.of(0x3b), body, Uint8Array.of(check));
}
