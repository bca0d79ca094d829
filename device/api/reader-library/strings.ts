/*
 * The strings that programs hand to a reader library and get from it. Every field ends with a bar, files with a dollar sign, the items of a
 * cyclic record stand between carets. Parsers never throw; what has one of these signs inside a value is not written. Spec: LD/T 33.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, parseHex } from "../../base/bytes.ts";
import { CARD_AMOUNT_MAX, type Fen, fen, parseYuan } from "../../base/fen.ts";
import type { CardBas, CardBasField, FileRequest, FileValues } from "../../codec/read-card-bas.ts";

const SIGNS = /[|$^\p{Cc}]/u;

/** Fields one behind the other; undefined where a value has a sign in it that means something here. */
export function joinFields(fields: readonly string[]): string | undefined {
  return fields.some((field) => SIGNS.test(field)) ? undefined : fields.map((field) => `${field}|`).join("");
}

/** The fields of a text of which every one ends with a bar; a last bar that is missing is forgiven. */
export function splitFields(text: string): readonly string[] {
  const fields = text.split("|");
  if (fields.at(-1) === "") fields.pop();
  return fields;
}

/** The output of iReadCardBas in a provider's order. */
export function formatCardBas(card: CardBas, order: readonly CardBasField[]): string | undefined {
  return joinFields(order.map((field) => card[field]));
}

const IDENTIFIER = /^[0-9A-F]{32}$/i;
const CARD_NUMBER = /^[0-9A-Z]{8}[0-9X]$/;

export interface CardInfo {
  /** 32 hexadecimal digits, small letters. */
  readonly cardIdentifier: string;
  readonly cardNumber: string;
}

/** `identifier|card number|`: which card a call is about. Undefined for any other text. */
export function parseCardInfo(text: string): CardInfo | undefined {
  const [cardIdentifier = "", cardNumber = "", ...more] = splitFields(text);
  if (more.length > 0 || !IDENTIFIER.test(cardIdentifier) || !CARD_NUMBER.test(cardNumber)) return undefined;
  return { cardIdentifier: cardIdentifier.toLowerCase(), cardNumber };
}

const FILES_MAX = 16;
const ITEMS_MAX = 64;
const HEAD = /^(SSSE|DF0[1-9A-F]|3F00)EF([0-9A-F]{2})$/i;
const ITEM = /^([0-9A-F]{2})(?::([1-9]\d{0,1}))?$/i;

/** `SSSEEF05|05|06|$…`, with `40:2` for so many records of a cyclic file. Undefined for any other text. */
export function parseFileAddress(text: string): readonly FileRequest[] | undefined {
  const groups = groupsOf(text);
  if (groups === undefined) return undefined;
  const requests: FileRequest[] = [];
  for (const { directory, file, values } of groups) {
    const items = values.map(itemOf);
    if (items.length === 0 || items.length > ITEMS_MAX || items.includes(undefined)) return undefined;
    requests.push({ directory, file, items: items.filter((item) => item !== undefined) });
  }
  return requests;
}

/** One file of an address or of what is to be written, its values still as they stand. */
export interface FileGroup {
  readonly directory: string;
  readonly file: number;
  readonly values: readonly string[];
}

/** The files of a text in this shape; undefined where it has another. */
export function groupsOf(text: string): readonly FileGroup[] | undefined {
  const parts = text.split("$");
  if (parts.at(-1) === "") parts.pop();
  if (parts.length === 0 || parts.length > FILES_MAX) return undefined;
  const groups: FileGroup[] = [];
  for (const part of parts) {
    const [head = "", ...values] = part.split("|");
    const shape = HEAD.exec(head);
    // Every value ends with a bar, so that nothing stands behind the last one.
    if (shape === null || values.pop() !== "") return undefined;
    groups.push({ directory: (shape[1] ?? "").toUpperCase(), file: Number.parseInt(shape[2] ?? "", 16), values });
  }
  return groups;
}

function itemOf(text: string): FileRequest["items"][number] | undefined {
  const shape = ITEM.exec(text);
  if (shape === null) return undefined;
  const tag = Number.parseInt(shape[1] ?? "", 16);
  return shape[2] === undefined ? { tag } : { tag, records: Number(shape[2]) };
}

/** The output of iReadCard: the shape of the address, with values in the place of tags. */
export function formatFileValues(files: readonly FileValues[]): string | undefined {
  const texts: string[] = [];
  for (const { directory, file, values } of files) {
    if (values.flat().some((item) => SIGNS.test(item))) return undefined;
    const fields = values.map((record) => `${record.join("^")}|`).join("");
    texts.push(`${directory}EF${file.toString(16).toUpperCase().padStart(2, "0")}|${fields}$`);
  }
  return texts.join("");
}

/** What a host's key module gives for one proof: authentication data and the raw value it is about. */
export interface ProofText {
  /** 8 bytes each. */
  readonly proof: Bytes;
  readonly raw: Bytes;
}

const PROOF_DIGITS = 32;
const VALUE_BYTES = 8;

/** Proofs as the steps with a host take them, 16 + 16 digits each; undefined for any other text. */
export function parseProofs(text: string, count: number): readonly ProofText[] | undefined {
  const fields = splitFields(text);
  const proofs = fields.flatMap((field) => {
    const bytes = field.length === PROOF_DIGITS ? parseHex(field) : undefined;
    return bytes === undefined ? [] : [{ proof: bytes.slice(0, VALUE_BYTES), raw: bytes.slice(VALUE_BYTES) }];
  });
  return fields.length === count && proofs.length === count ? proofs : undefined;
}

/** A whole command in hexadecimal, alone or as one field; undefined for any other text. */
export function parseCommandText(text: string): Bytes | undefined {
  const [only = "", ...more] = splitFields(text);
  return more.length === 0 && only !== "" ? parseHex(only) : undefined;
}

export interface PayInfo {
  readonly account: Fen;
  readonly selfPay: Fen;
  readonly pooled: Fen;
  /** YYYYMMDDHHMMSS as the caller names its sale. */
  readonly time: string;
}

const TIME = /^\d{14}$/;

/** An amount as a card can hold it; undefined for any other text. */
function cardAmount(text: string): Fen | undefined {
  const parsed = parseYuan(text);
  return parsed.ok && parsed.amount <= CARD_AMOUNT_MAX ? parsed.amount : undefined;
}

/**
 * `total|account+pooled|YYYYMMDDHHMMSS|`, in yuan: what is neither the account's nor the fund's the holder pays in another way.
 * Deviation: the texts at hand do not say how the second field divides the two; the sign between them is taken as it is printed, and a field
 * without it is the account's. Spec: LD/T 33, iDoDebit.
 */
export function parsePayInfo(text: string): PayInfo | undefined {
  const [totalText = "", dividedText = "", time = "", ...more] = splitFields(text);
  const [accountText = "", pooledText = "0", ...others] = dividedText.split("+");
  const total = cardAmount(totalText);
  const account = cardAmount(accountText);
  const pooled = cardAmount(pooledText);
  if (more.length > 0 || others.length > 0 || !TIME.test(time) || total === undefined || account === undefined || pooled === undefined) return undefined;
  const rest = total - account - pooled;
  return rest < 0 ? undefined : { account, selfPay: fen(rest), pooled, time };
}

/** Hexadecimal digits of amounts, four bytes each. */
export function amountDigits(amounts: readonly number[]): string {
  assert(
    amounts.every((amount) => Number.isInteger(amount) && amount >= 0 && amount <= CARD_AMOUNT_MAX),
    "an amount of a card has four bytes",
  );
  return amounts.map((amount) => amount.toString(16).padStart(8, "0")).join("");
}
