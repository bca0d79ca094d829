/* The numbers on a simulated card, as its files have them. */
import type { SimulatedCard } from "./card.ts";

function recordOf(card: SimulatedCard, file: number, tag: number): string {
  const found = card.personalization.social.environment.find(({ id }) => id === file)?.records.find((record) => record.tag === tag);
  return found?.valueHex ?? "";
}

/** Card number and card identifier of the issuer file. */
export function socialNumbers(card: SimulatedCard): { readonly cardNumber: string; readonly cardIdentifier: string } {
  return { cardNumber: Buffer.from(recordOf(card, 0xef05, 0x07), "hex").toString("latin1"), cardIdentifier: recordOf(card, 0xef05, 0x01) };
}

/** Social security number of the holder file. */
export function socialSecurityNumber(card: SimulatedCard): string {
  return Buffer.from(recordOf(card, 0xef06, 0x08), "hex").toString("latin1");
}
