/*
 * Secure PIN entry inside the simulated reader: the scripted holder's digits go from here to the card and never to the terminal.
 * Codes and shapes follow the free CCID driver. Spec: PC/SC 10.
 */
import { type Bytes, concat, fromHex, readUint } from "../../device/base/bytes.ts";
import type { HolderAct } from "../pinpad/holder.ts";

export const GET_FEATURE_REQUEST = 0x4200_0d48;
export const VERIFY_PIN_DIRECT = 0x4233_0006;
export const PIN_PROPERTIES = 0x4233_000a;
export const TLV_PROPERTIES = 0x4233_0012;

/** Features of a reader with and without a keypad. */
export function featureList(keypad: boolean): Bytes {
  return fromHex(`${keypad ? "060442330006" : ""}0a044233000a 120442330012`);
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
