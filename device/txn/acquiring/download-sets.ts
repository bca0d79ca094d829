/*
 * What an acquirer gives for download, as sets: objects of a page, counted, and what the rest of the terminal makes of them. How pieces are paged, and
 * how a day stands in a key, is unconfirmed: both known forms of a day are read. Nothing here throws on what came. Spec: UnionPay terminal, downloads.
 */
import { type Bytes, concat, equalBytes, toHex } from "../../base/bytes.ts";
import type { CertificationAuthority } from "../../card/electronic-cash/authorities.ts";
import { bcdToDate, bcdToDigits } from "../../codec/bcd.ts";
import { isCivilDate } from "../../codec/civil-time.ts";
import { buildTlv, findTlv, parseTlv, type Tlv } from "../../codec/tlv.ts";
import type { DownloadKind } from "./profile.ts";

const TAG = { provider: 0x9f06, index: 0x9f22, expiry: 0xdf05, algorithm: 0xdf07, key: 0xdf02, exponent: 0xdf04, check: 0xdf03, account: 0x5a } as const;
const SM2 = 0x04;
const RID_BYTES = 5;

/** How a reply's field 62 goes on: its first character. */
export type PageMark = "none" | "only" | "more" | "last";
const MARKS: Readonly<Record<string, PageMark>> = { "0": "none", "1": "only", "2": "more", "3": "last" };

export interface DownloadPage {
  readonly mark: PageMark;
  readonly body: Bytes;
  readonly items: readonly Tlv[];
}

/** One page; undefined for what has not its form. */
export function readPage(field: Bytes): DownloadPage | undefined {
  const mark = MARKS[String.fromCharCode(field[0] ?? 0)];
  const body = field.slice(1);
  const parsed = parseTlv(body);
  return mark === undefined || !parsed.ok ? undefined : { mark, body, items: parsed.items };
}

/** Pieces of a page of this kind: names of keys or applications, or accounts; parameters are one piece. */
export function piecesOf(kind: DownloadKind, items: readonly Tlv[]): readonly Bytes[] {
  switch (kind) {
    case "parameters":
      return items.length === 0 ? [] : [concat(...items.map(encoded))];
    case "ca-keys":
      return items.flatMap((item, at) => {
        const index = items[at + 1];
        return item.tag === TAG.provider && index?.tag === TAG.index ? [concat(encoded(item), encoded(index))] : [];
      });
    case "aid-parameters":
      return items.filter(({ tag }) => tag === TAG.provider).map(encoded);
    case "exception-list":
      return items.filter(({ tag }) => tag === TAG.account).map(({ value }) => value);
  }
}

function encoded({ tag, value }: Tlv): Bytes {
  return buildTlv(tag, value);
}

/** Whether every object of a page belongs to a piece: a page that says more than it can is not taken. */
export function isWholePage(kind: DownloadKind, items: readonly Tlv[]): boolean {
  const objects = { parameters: items.length, "ca-keys": 2, "aid-parameters": 1, "exception-list": 1 }[kind];
  const pieces = piecesOf(kind, items).length;
  return kind === "parameters" ? true : pieces * objects === items.length;
}

/** Whether this piece is the one that was asked for by its name. */
export function isPiece(kind: DownloadKind, name: Bytes, whole: Bytes): boolean {
  const parsed = parseTlv(whole);
  if (!parsed.ok) return false;
  if (kind === "aid-parameters" || kind === "ca-keys") {
    const tags = kind === "ca-keys" ? [TAG.provider, TAG.index] : [TAG.provider];
    const named = tags.flatMap((tag) => {
      const item = findTlv(parsed.items, tag);
      return item === undefined ? [] : [encoded(item)];
    });
    return equalBytes(concat(...named), name);
  }
  return false;
}

/** Digits of an account as an exception list has it; undefined for what is none. */
export function listedAccount(value: Bytes): string | undefined {
  const parsed = bcdToDigits(value);
  return parsed.ok && /^\d{8,19}$/.test(parsed.digits) ? parsed.digits : undefined;
}

/** Keys of authorities as electronic cash is configured with them. A key that cannot be read is left out and told. */
export interface DownloadedAuthorities {
  readonly authorities: readonly CertificationAuthority[];
  readonly unusable: number;
}

/** What `openAuthorities` takes, of the pieces of a download of "ca-keys". Each key still has to pass its own check there. */
export function authoritiesOf(download: readonly Bytes[]): DownloadedAuthorities {
  const read = download.map(authorityOf);
  const authorities = read.filter((each) => each !== undefined);
  return { authorities, unusable: read.length - authorities.length };
}

function authorityOf(piece: Bytes): CertificationAuthority | undefined {
  const parsed = parseTlv(piece);
  const value = (tag: number) => (parsed.ok ? findTlv(parsed.items, tag)?.value : undefined);
  const [rid, index, key, check] = [value(TAG.provider), value(TAG.index), value(TAG.key), value(TAG.check)];
  const expiryDate = dayOf(value(TAG.expiry));
  if (rid?.length !== RID_BYTES || index?.length !== 1 || key === undefined || check === undefined || expiryDate === undefined) return undefined;
  const head = { rid: toHex(rid), index: index[0] ?? 0, expiryDate, checkHex: toHex(check) };
  if (value(TAG.algorithm)?.[0] === SM2) return { ...head, kind: "sm", pointHex: toHex(key) };
  const exponent = value(TAG.exponent);
  return exponent === undefined ? undefined : { ...head, kind: "rsa", modulusHex: toHex(key), exponentHex: toHex(exponent) };
}

/** Eight characters, or four bytes of two digits each. */
function dayOf(value: Bytes | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = value.length === 8 ? new TextDecoder().decode(value) : undefined;
  if (text !== undefined) return isCivilDate(text) ? text : undefined;
  const parsed = bcdToDate(value);
  return parsed.ok ? parsed.date : undefined;
}
