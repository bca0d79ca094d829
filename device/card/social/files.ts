/* Files and data items of the social application: what is read, and what its bytes mean. Parsers never throw. Spec: LD/T 32.5, data items. */
import { type Bytes, toHex } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { isOk } from "../../codec/apdu.ts";
import { bcdToDate } from "../../codec/bcd.ts";
import { decodeGbText } from "../../codec/text.ts";
import { findTlv, parseCardItems, parseTlv } from "../../codec/tlv.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange } from "../dialogue.ts";

/** Short identifiers of the issuer's and the holder's file. */
export const ISSUER_FILE = 0x05;
export const HOLDER_FILE = 0x06;

export const ISSUER_TAGS = {
  cardIdentifier: 0x01,
  category: 0x02,
  version: 0x03,
  organisation: 0x04,
  issueDate: 0x05,
  expiryDate: 0x06,
  cardNumber: 0x07,
} as const;
export const HOLDER_TAGS = { socialSecurityNumber: 0x08, name: 0x09, nameExtension: 0x4e, sex: 0x0a, birthDate: 0x0d } as const;

export type ItemAnswer =
  | { readonly kind: "ok"; readonly value: Bytes }
  | { readonly kind: "absent" }
  | { readonly kind: "refused"; readonly statusWord: number }
  | { readonly kind: "malformed" };

/** Reads one data item by its tag. */
export async function readItem(channel: CardChannel, item: { readonly file: number; readonly tag: number }, limits: Limits): Promise<ItemAnswer> {
  const { data, sw } = await exchange(channel, { cla: 0x00, ins: 0xb2, p1: item.tag, p2: item.file << 3, data: new Uint8Array(0), le: 256 }, limits);
  if (sw === 0x6a83) return { kind: "absent" };
  if (!isOk(sw)) return { kind: "refused", statusWord: sw };
  const value = parseItem(data, item.tag);
  return value === undefined ? { kind: "malformed" } : { kind: "ok", value };
}

export type ItemsAnswer<Name extends string> =
  | { readonly kind: "ok"; readonly values: Readonly<Partial<Record<Name, Bytes>>> }
  | { readonly kind: "refused"; readonly statusWord: number }
  | { readonly kind: "malformed" };

/** Reads several data items of one file; absent ones are left out. */
export async function readItems<Name extends string>(
  channel: CardChannel,
  file: { readonly file: number; readonly tags: Readonly<Record<Name, number>> },
  limits: Limits,
): Promise<ItemsAnswer<Name>> {
  const values: Partial<Record<Name, Bytes>> = {};
  // Object.keys widens the names; they are the table's own.
  for (const name of Object.keys(file.tags) as Name[]) {
    const answer = await readItem(channel, { file: file.file, tag: file.tags[name] }, limits);
    if (answer.kind === "refused" || answer.kind === "malformed") return answer;
    if (answer.kind === "ok") values[name] = answer.value;
  }
  return { kind: "ok", values };
}

/** The value inside a record that must hold the item `tag` and nothing else; undefined for any other bytes. */
export function parseItem(record: Bytes, tag: number): Bytes | undefined {
  const parsed = parseCardItems(record);
  if (!parsed.ok || parsed.items.length !== 1) return undefined;
  const [item] = parsed.items;
  return item?.tag === tag ? item.value : undefined;
}

/** The algorithm byte inside a file control information; undefined where it has none or is malformed. */
export function parseAlgorithm(fci: Bytes): number | undefined {
  const outer = parseTlv(fci);
  if (!outer.ok) return undefined;
  const issuerData = findTlv(outer.items, 0x6f, 0xa5, 0x9f0c);
  if (issuerData === undefined) return undefined;
  const inner = parseTlv(issuerData.value);
  const algorithm = inner.ok ? findTlv(inner.items, 0x86)?.value : undefined;
  return algorithm?.length === 1 ? algorithm[0] : undefined;
}

/** Region, application and serial of a card identifier. */
export function parseCardIdentifier(value: Bytes): { readonly cardIdentifier: string; readonly regionCode: string } | undefined {
  if (value.length !== 16) return undefined;
  const cardIdentifier = toHex(value);
  const regionCode = cardIdentifier.slice(0, 6);
  return /^\d{6}$/.test(regionCode) ? { cardIdentifier, regionCode } : undefined;
}

const CHECK_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2] as const;
const CARD_NUMBER_SHAPE = /^[0-9A-Z]{8}[0-9X]$/;

/** A card number with the right check character; undefined for anything else. Spec: LD/T 32.5, card number. */
export function parseCardNumber(value: Bytes): string | undefined {
  const parsed = decodeGbText(value);
  if (!parsed.ok || !CARD_NUMBER_SHAPE.test(parsed.text)) return undefined;
  const sum = CHECK_WEIGHTS.reduce((total, weight, at) => total + weight * Number.parseInt(parsed.text.charAt(at), 36), 0);
  const check = 11 - (sum % 11);
  const expected = check === 10 ? "X" : check === 11 ? "0" : String(check);
  return parsed.text.endsWith(expected) ? parsed.text : undefined;
}

export type VersionParse = { readonly ok: true; readonly version: string; readonly generation: 1 | 2 | 3 } | { readonly ok: false };

/** Revisions add a digit ("2.01"), so that the first three characters tell the generation. */
export function parseVersion(value: Bytes, emptyVersion: "1.0" | "reject"): VersionParse {
  const parsed = decodeGbText(value);
  if (!parsed.ok) return { ok: false };
  const version = parsed.text === "" && emptyVersion === "1.0" ? "1.0" : parsed.text;
  switch (version.slice(0, 3)) {
    case "1.0":
      return { ok: true, version, generation: 1 };
    case "2.0":
      return { ok: true, version, generation: 2 };
    case "3.0":
      return { ok: true, version, generation: 3 };
    default:
      return { ok: false };
  }
}

/** A date of the card; "" for an unwritten one. */
export function parseDate(value: Bytes): string {
  const parsed = bcdToDate(value);
  return parsed.ok ? parsed.date : "";
}

/** Text of the card; undefined where it is no text. */
export function parseText(value: Bytes): string | undefined {
  const parsed = decodeGbText(value);
  return parsed.ok ? parsed.text : undefined;
}
