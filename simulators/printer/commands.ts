/*
 * ESC/POS commands as a printer takes them off its buffer: how long each is, and what it means. A table of what this printer knows; anything
 * else is a mistake of whoever sent it.
 */
import type { Bytes } from "../../device/base/bytes.ts";

export type Command =
  | { readonly is: "initialize" | "print-line" | "chinese-on" | "chinese-off" }
  | { readonly is: "align" | "bold" | "size" | "feed" | "cut" | "ask-in-turn"; readonly value: number }
  | { readonly is: "store-code"; readonly data: Bytes }
  | { readonly is: "code-setting" | "print-code" }
  | { readonly is: "text"; readonly bytes: Bytes }
  | { readonly is: "mistake"; readonly what: string };

/** A command and the bytes it took from the front of the buffer. */
export interface TakenCommand {
  readonly used: number;
  readonly command: Command;
}

const ONE_VALUE: ReadonlyMap<number, "align" | "bold" | "feed"> = new Map([
  [0x61, "align"],
  [0x45, "bold"],
  [0x64, "feed"],
]);

function mistake(used: number, what: string): TakenCommand {
  return { used, command: { is: "mistake", what } };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function afterEscape([, second, third]: Bytes): TakenCommand | undefined {
  if (second === undefined) return undefined;
  if (second === 0x40) return { used: 2, command: { is: "initialize" } };
  const is = ONE_VALUE.get(second);
  if (is === undefined) return mistake(2, `1b ${hex(second)}`);
  return third === undefined ? undefined : { used: 3, command: { is, value: third } };
}

function afterFileSeparator([, second]: Bytes): TakenCommand | undefined {
  if (second === undefined) return undefined;
  if (second === 0x26) return { used: 2, command: { is: "chinese-on" } };
  return second === 0x2e ? { used: 2, command: { is: "chinese-off" } } : mistake(2, `1c ${hex(second)}`);
}

function cut(third: number | undefined, fourth: number | undefined): TakenCommand | undefined {
  if (third === undefined) return undefined;
  if (third === 0x00 || third === 0x01) return { used: 3, command: { is: "cut", value: third } };
  if (third !== 0x41 && third !== 0x42) return mistake(3, `cut ${hex(third)}`);
  return fourth === undefined ? undefined : { used: 4, command: { is: "cut", value: third } };
}

/** Functions for square codes: model, size and correction are taken as they are; data are stored, then printed. */
function squareCode(bytes: Bytes): TakenCommand | undefined {
  const [, , kind, low, high] = bytes;
  if (kind === undefined || low === undefined || high === undefined) return undefined;
  const length = low + high * 256;
  const used = 5 + length;
  if (kind !== 0x6b || length < 3) return mistake(3, `1d 28 ${hex(kind)}`);
  const body = bytes.subarray(5, used);
  if (body.length < length) return undefined;
  const [code, operation] = body;
  if (code !== 0x31) return mistake(used, `code ${hex(code ?? 0)}`);
  if (operation === 0x41 || operation === 0x43 || operation === 0x45) return { used, command: { is: "code-setting" } };
  if (operation === 0x50 && body[2] === 0x30) return { used, command: { is: "store-code", data: body.slice(3) } };
  return operation === 0x51 ? { used, command: { is: "print-code" } } : mistake(used, `code operation ${hex(operation ?? 0)}`);
}

function afterGroupSeparator(bytes: Bytes): TakenCommand | undefined {
  const [, second, third, fourth] = bytes;
  if (second === undefined) return undefined;
  if (second === 0x56) return cut(third, fourth);
  if (second === 0x28) return squareCode(bytes);
  if (second !== 0x21 && second !== 0x72) return mistake(2, `1d ${hex(second)}`);
  return third === undefined ? undefined : { used: 3, command: { is: second === 0x21 ? "size" : "ask-in-turn", value: third } };
}

function character(bytes: Bytes, chinese: boolean): TakenCommand | undefined {
  const [first = 0] = bytes;
  if (first < 0x20 || first === 0x7f) return mistake(1, `byte ${hex(first)}`);
  if (first < 0x80 || !chinese) return { used: 1, command: { is: "text", bytes: bytes.slice(0, 1) } };
  return bytes.length < 2 ? undefined : { used: 2, command: { is: "text", bytes: bytes.slice(0, 2) } };
}

/** The command at the front; undefined while it is not whole. */
export function takeCommand(bytes: Bytes, chinese: boolean): TakenCommand | undefined {
  const [first] = bytes;
  if (first === 0x0a) return { used: 1, command: { is: "print-line" } };
  if (first === 0x1b) return afterEscape(bytes);
  if (first === 0x1c) return afterFileSeparator(bytes);
  return first === 0x1d ? afterGroupSeparator(bytes) : character(bytes, chinese);
}
