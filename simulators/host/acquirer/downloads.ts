/*
 * What a terminal may fetch: parameters, keys of authorities, rules for applications, cards that are refused. A query tells what there is, page by
 * page; each piece is then asked for by its name. Spec: UnionPay terminal, downloads. How pieces are paged is unconfirmed and written down in README.md.
 */
import { type Bytes, concat, fromHex, toHex, utf8 } from "../../../device/base/bytes.ts";
import { buildTlv, findTlv, parseTlv } from "../../../device/codec/tlv.ts";
import { type BankAnswer, type BankContext, type BankRequest, type BankService, type DownloadPiece, type DownloadTables, fieldOf, no, yes } from "./request.ts";

const PAGE = { names: 20, exceptions: 40 } as const;
const NONE = "0";
const ONLY = "1";
const MORE = "2";
const LAST = "3";

function answered(mark: string, body: Bytes = new Uint8Array(0)): BankAnswer {
  return yes([[62, toHex(concat(utf8(mark), body)).toUpperCase()]]);
}

/** How many pieces the terminal has by now: field 62 is "1" and two or more digits; without it, none. */
function seenBefore({ message }: BankRequest): number | undefined {
  const text = fieldOf(message, 62);
  if (text === "") return 0;
  const [, digits] = /^1(\d{2,6})$/.exec(new TextDecoder().decode(fromHex(text))) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function page(pieces: readonly Bytes[], request: BankRequest, size: number): BankAnswer {
  const seen = seenBefore(request);
  if (seen === undefined || seen > pieces.length) return no("30");
  if (seen === pieces.length) return answered(NONE);
  const part = concat(...pieces.slice(seen, seen + size));
  const whole = seen === 0 && pieces.length <= size;
  return answered(whole ? ONLY : seen + size < pieces.length ? MORE : LAST, part);
}

const names =
  (of: (tables: DownloadTables) => readonly DownloadPiece[]): BankService =>
  ({ tables }, request) =>
    page(
      of(tables).map(({ name }) => name),
      request,
      PAGE.names,
    );

/** The piece whose name begins field 62. */
const piece =
  (of: (tables: DownloadTables) => readonly DownloadPiece[]): BankService =>
  ({ tables }, { message }) => {
    const asked = fieldOf(message, 62);
    const found = of(tables).find(({ name }) => toHex(name).toUpperCase() === asked);
    return found === undefined ? answered(NONE) : answered(ONLY, found.whole);
  };

function parametersPage({ tables }: BankContext, request: BankRequest): BankAnswer {
  return page([tables.parameters], request, 1);
}

function exceptionsPage({ tables }: BankContext, request: BankRequest): BankAnswer {
  const pieces = tables.exceptions.map((pan) => buildTlv(0x5a, fromHex(pan.length % 2 === 0 ? pan : `${pan}F`)));
  return page(pieces, request, PAGE.exceptions);
}

const taken: BankService = () => yes();

/** By type and 60.3. */
export const DOWNLOAD_SERVICES: Readonly<Record<string, BankService>> = {
  "0820/362": (_, request) => (seenBefore(request) === undefined ? no("30") : answered(ONLY)),
  "0800/360": parametersPage,
  "0820/372": names(({ caKeys }) => caKeys),
  "0800/370": piece(({ caKeys }) => caKeys),
  "0800/371": taken,
  "0820/382": names(({ aids }) => aids),
  "0800/380": piece(({ aids }) => aids),
  "0800/381": taken,
  "0800/390": exceptionsPage,
};

function named(whole: Bytes, tags: readonly number[]): DownloadPiece {
  const parsed = parseTlv(whole);
  const items = parsed.ok ? parsed.items : [];
  const name = tags.flatMap((tag) => {
    const value = findTlv(items, tag)?.value;
    return value === undefined ? [] : [buildTlv(tag, value)];
  });
  return { name: concat(...name), whole };
}

/** A key of an authority: named by its provider (9F06) and index (9F22). */
export function caKeyPiece(whole: Bytes): DownloadPiece {
  return named(whole, [0x9f06, 0x9f22]);
}

/** Rules for one application: named by it (9F06). */
export function aidPiece(whole: Bytes): DownloadPiece {
  return named(whole, [0x9f06]);
}
