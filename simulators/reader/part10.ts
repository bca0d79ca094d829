/*
 * Secure PIN entry inside the simulated reader: the scripted holder's digits go from here to the card and never to the terminal.
 * Codes and shapes follow the free CCID driver. Spec: PC/SC 10.
 */
import { type Bytes, concat, fromHex, readUint } from "../../device/base/bytes.ts";
import type { HolderAct } from "../pinpad/holder.ts";

export const GET_FEATURE_REQUEST = 0x4200_0d48;
export const VERIFY_PIN_DIRECT = 0x4233_0006;
export const MODIFY_PIN_DIRECT = 0x4233_0007;
export const PIN_PROPERTIES = 0x4233_000a;
export const TLV_PROPERTIES = 0x4233_0012;

/** Features of a reader with and without a keypad. */
export function featureList(keypad: boolean): Bytes {
  return fromHex(`${keypad ? "060442330006 070442330007" : ""}0a044233000a 120442330012`);
}

/** LCD layout none; entry ends by the OK key or at the largest length; one time-out. */
export function pinProperties(): Bytes {
  return fromHex("0000 07 00");
}

/** Smallest and largest PIN size. */
export function tlvProperties(): Bytes {
  return fromHex("060104 070110");
}

export interface VerifyRequest {
  /** Undefined: the reader's own default. */
  readonly timeoutMs: number | undefined;
  readonly minDigits: number;
  readonly maxDigits: number;
  readonly blockBytes: number;
  /** Command template. */
  readonly template: Bytes;
}

const HEADER_BYTES = 19;

/** Reads PIN_VERIFY_STRUCTURE; undefined when it is not one that this keypad can serve. Never throws. */
export function parseVerifyRequest(input: Bytes): VerifyRequest | undefined {
  if (input.length < HEADER_BYTES + 5) return undefined;
  const little = (at: number, length: number) => [...input.slice(at, at + length)].reduceRight((value, byte) => value * 256 + byte, 0);
  const template = input.slice(HEADER_BYTES);
  const format = input[2] ?? 0;
  const blockBytes = (input[3] ?? 0) & 0x0f;
  const minDigits = input[6] ?? 0;
  const maxDigits = input[5] ?? 0;
  const bcdFromTheLeft = (format & 0x03) === 0x01 && (format & 0x7c) === 0;
  const consistent = little(15, 4) === template.length && template[4] === template.length - 5 && blockBytes === template.length - 5;
  if (!bcdFromTheLeft || !consistent || input[4] !== 0 || minDigits > maxDigits || maxDigits > blockBytes * 2 || maxDigits === 0) return undefined;
  const seconds = input[0] ?? 0;
  return { timeoutMs: seconds === 0 ? undefined : seconds * 1000, minDigits, maxDigits, blockBytes, template };
}

export interface ModifyRequest extends VerifyRequest {
  /** Where the digits stand behind the header and its length. */
  readonly oldAt: number;
  readonly newAt: number;
  readonly asksOld: boolean;
  readonly asksTwice: boolean;
}

const MODIFY_HEADER_BYTES = 24;

/** Reads PIN_MODIFY_STRUCTURE; undefined when it is not one that this keypad can serve. Never throws. */
export function parseModifyRequest(input: Bytes): ModifyRequest | undefined {
  if (input.length < MODIFY_HEADER_BYTES + 5) return undefined;
  const template = input.slice(MODIFY_HEADER_BYTES);
  const [seconds = 0, , format = 0, block = 0, lengthFormat, oldAt = 0, newAt = 0, maxDigits = 0, minDigits = 0, confirm = 0] = input;
  const blockBytes = block & 0x0f;
  const length = readUint(Uint8Array.from(input.slice(20, 24)).reverse(), 0, 4);
  const bcdFromTheLeft = (format & 0x03) === 0x01 && (format & 0x7c) === 0;
  const fits = Math.max(oldAt, newAt) + blockBytes <= template.length - 5;
  const consistent = length === template.length && template[4] === template.length - 5 && fits && lengthFormat === 0;
  if (!bcdFromTheLeft || !consistent || minDigits > maxDigits || maxDigits > blockBytes * 2 || maxDigits === 0) return undefined;
  const asks = { asksOld: (confirm & 0x02) !== 0, asksTwice: (confirm & 0x01) !== 0 };
  return { timeoutMs: seconds === 0 ? undefined : seconds * 1000, minDigits, maxDigits, blockBytes, template, oldAt, newAt, ...asks };
}

/** What comes of the entries of a change, in the order old, new, new again: as with {@link entryResult}; 6402 for new ones that differ. */
export function changeResult(acts: readonly HolderAct[], request: ModifyRequest): ReturnType<typeof entryResult> {
  const status = (sw: string) => ({ kind: "status", sw: fromHex(sw) }) as const;
  const entries: string[] = [];
  for (const act of acts) {
    if (act.kind === "walks-away") return status("6400");
    if (act.kind === "cancels" || act.digits.length < request.minDigits || act.digits.length > request.maxDigits) return status("6401");
    entries.push(act.digits);
  }
  const old = request.asksOld ? entries.shift() : undefined;
  const [next = "", again = next] = entries;
  if (again !== next) return status("6402");
  const command = request.template.slice();
  const block = (digits: string) => fromHex(digits.padEnd(request.blockBytes * 2, "f"));
  if (old !== undefined) command.set(block(old), 5 + request.oldAt);
  command.set(block(next), 5 + request.newAt);
  return { kind: "command", command };
}

/** What comes of the holder's act: a command for the card, or a status word that the reader makes itself. */
export function entryResult(
  act: HolderAct,
  request: VerifyRequest,
): { readonly kind: "command"; readonly command: Bytes } | { readonly kind: "status"; readonly sw: Bytes } {
  if (act.kind === "walks-away") return { kind: "status", sw: fromHex("6400") };
  if (act.kind === "cancels" || act.digits.length < request.minDigits || act.digits.length > request.maxDigits) return { kind: "status", sw: fromHex("6401") };
  const digits = fromHex(act.digits.padEnd(request.blockBytes * 2, "f"));
  return { kind: "command", command: concat(request.template.slice(0, 5), digits) };
}

/** Control code in front of the input of op 5. */
export function controlCode(data: Bytes): number | undefined {
  return data.length < 4 ? undefined : readUint(data, 0, 4);
}
