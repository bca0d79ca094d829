/*
 * Goal: members of a message from outside are read without a throw and without a cast, and the first wrong one is named.
 * Method: a reader keeps the first problem it meets and hands out harmless values from then on; whoever parses asks once at the end.
 */
import type { Bytes } from "../base/bytes.ts";
import { isObject, parseJson } from "./json.ts";

/** Why a message was not understood: "too-large", "not-json", "not-an-object", "wrong-version", or "wrong-member: <name>". */
export type MessageProblem = "too-large" | "not-json" | "not-an-object" | "wrong-version" | `wrong-member: ${string}`;

/** A message that was understood whole, or the first problem with it. */
export type MessageParse<Message> = { readonly ok: true; readonly message: Message } | { readonly ok: false; readonly reason: MessageProblem };

/** A JSON object whose members have not been looked at yet. */
export type MessageObject = Readonly<Record<string, unknown>>;

/** Terminal number as it stands in topics and certificates. */
export const TERMINAL_ID_SHAPE = /^[A-Za-z0-9_-]{1,32}$/;
/** 16 bytes in lower-case hexadecimal: journal and request identities, initialization vectors. */
export const HEX_16_BYTES_SHAPE = /^[0-9a-f]{32}$/;
/** An SM3 hash, 32 bytes in lower-case hexadecimal. */
export const HASH_SHAPE = /^[0-9a-f]{64}$/;
/** An SM2 signature r ‖ s, 64 bytes in lower-case hexadecimal. */
export const SIGNATURE_SHAPE = /^[0-9a-f]{128}$/;
/** A stable word such as a state, a kind or a reason. */
export const WORD_SHAPE = /^[a-z0-9]+(?:-[a-z0-9]+){0,15}$/;
/** Name of a key or of an algorithm, 1 to 64 characters. */
export const NAME_SHAPE = /^[A-Za-z0-9_./-]{1,64}$/;
const BASE64_SHAPE = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Bytes of canonical base64 text (padded, standard alphabet), or undefined. */
export function parseBase64(text: string): Bytes | undefined {
  return BASE64_SHAPE.test(text) ? new Uint8Array(Buffer.from(text, "base64")) : undefined;
}

/** Bytes as base64 text, padded, in the standard alphabet: the only form that {@link parseBase64} takes back. */
export function toBase64(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Reads members of one object; see the head of this file. */
export class MemberReader {
  readonly #object: MessageObject;
  #problem: MessageProblem | undefined;

  constructor(object: MessageObject) {
    this.#object = object;
  }

  /** The first problem met so far; undefined when everything read was right. */
  get problem(): MessageProblem | undefined {
    return this.#problem;
  }

  #member(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
  }

  #wrong(name: string): void {
    this.#problem ??= `wrong-member: ${name}`;
  }

  /** Notes a problem that the caller found by itself; the first one stays. */
  fail(problem: MessageProblem): void {
    this.#problem ??= problem;
  }

  /** Whether the member is there at all, of whatever type; for members that may be absent. */
  has(name: string): boolean {
    return this.#member(name) !== undefined;
  }

  /** Notes a problem unless the member `v` is 1, the one version that this code speaks. */
  version(): void {
    if (this.#member("v") !== 1) this.#problem ??= "wrong-version";
  }

  /** Text of the given shape; all shapes bound the length themselves, base64 is bounded by the payload. */
  text(name: string, shape: RegExp): string {
    const value = this.#member(name);
    if (typeof value === "string" && shape.test(value)) return value;
    this.#wrong(name);
    return "";
  }

  /** Canonical base64 as text, which {@link parseBase64} turns into bytes. */
  base64(name: string): string {
    return this.text(name, BASE64_SHAPE);
  }

  /** A safe integer from `low` to `high`, both included. */
  integer(name: string, low: number, high: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.#member(name);
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= low && value <= high) return value;
    this.#wrong(name);
    return low;
  }

  /** True or false; false stands for a member that is neither. */
  flag(name: string): boolean {
    const value = this.#member(name);
    if (typeof value === "boolean") return value;
    this.#wrong(name);
    return false;
  }

  /** An array of at most `itemsMax` objects, each read by `read`. */
  list<Item>(name: string, itemsMax: number, read: (item: MemberReader) => Item): readonly Item[] {
    const value = this.#member(name);
    if (!Array.isArray(value) || value.length > itemsMax) {
      this.#wrong(name);
      return [];
    }
    const items: Item[] = [];
    for (const entry of value as readonly unknown[]) {
      const reader = new MemberReader(isObject(entry) ? entry : {});
      items.push(read(reader));
      if (reader.problem !== undefined || !isObject(entry)) {
        this.#wrong(name);
        return [];
      }
    }
    return items;
  }

  /** A member that is an object; an empty one stands for anything else. */
  object(name: string): MessageObject {
    const value = this.#member(name);
    if (isObject(value)) return value;
    this.#wrong(name);
    return {};
  }
}

/** Reads one JSON object of at most `bytesMax` bytes and hands it to `read`; never throws. */
export function parseMessage<Message>(
  payload: Bytes,
  bytesMax: number,
  read: (members: MemberReader, object: MessageObject) => Message,
): MessageParse<Message> {
  if (payload.length > bytesMax) return { ok: false, reason: "too-large" };
  const parsed = parseJson(payload);
  if (!parsed.ok) return { ok: false, reason: "not-json" };
  if (!isObject(parsed.value)) return { ok: false, reason: "not-an-object" };
  const members = new MemberReader(parsed.value);
  const message = read(members, parsed.value);
  return members.problem === undefined ? { ok: true, message } : { ok: false, reason: members.problem };
}
