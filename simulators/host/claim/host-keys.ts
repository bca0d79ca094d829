/*
 * Goal: the key by which a host signs is followed by another, while terminals that have not heard of it are still answered. Method: a row of keys, of which
 * each is announced by the one before; every terminal is signed to with the one that it says it trusts. Spec: claim/v1, 7.
 */
import { type Bytes, fromHex, toHex } from "../../../device/base/bytes.ts";
import type { Randomness } from "../../../device/base/ports.ts";
import type { CipherSuite, Sm2PrivateKey } from "../../../device/crypto/face.ts";
import type { ClaimBook } from "./book.ts";

export interface HostKeyOptions {
  readonly suite: CipherSuite;
  readonly randomness: Randomness;
  readonly book: ClaimBook;
  /** The host's own; undefined: it signs elsewhere, and no key of it can be followed here. */
  readonly own: Sm2PrivateKey | undefined;
}

interface Next {
  readonly publicKey: string;
  sign(message: Bytes): Bytes;
}

/** Keys beyond these are a mistake of whoever rotates them. */
const KEYS_MAX = 64;

export class HostKeyChain {
  readonly #options: HostKeyOptions;

  constructor(options: HostKeyOptions) {
    this.#options = options;
  }

  /** Makes the key that is to follow; the point by which it is known, or undefined where the host has no key here. */
  rotate(): string | undefined {
    const { own, randomness, book, suite } = this.#options;
    const { scalarsHex = [], from = 0 } = book.contents.hostKeys ?? {};
    if (own === undefined || scalarsHex.length >= KEYS_MAX) return undefined;
    const scalarHex = toHex(randomness.bytes(32));
    book.contents.hostKeys = { scalarsHex: [...scalarsHex, scalarHex], from };
    book.save();
    return toHex(suite.sm2PrivateKey(fromHex(scalarHex)).publicKey.point);
  }

  /** Every key but the newest is no more: terminals that still trust one of them are not reached by it. */
  end(): void {
    const { book } = this.#options;
    const { scalarsHex = [] } = book.contents.hostKeys ?? {};
    book.contents.hostKeys = { scalarsHex, from: scalarsHex.length };
    book.save();
  }

  /** The point that a terminal is given when it is claimed now; undefined: the host's own. */
  get newestPoint(): string | undefined {
    const newest = this.#keys().at(-1);
    return newest === undefined ? undefined : toHex(newest.publicKey.point);
  }

  /** The key behind the one that a terminal trusts, announced by that one; undefined where there is none, or the trusted one is no more. */
  nextFor(trustedCheck: string | undefined): Next | undefined {
    const at = this.#trusted(trustedCheck);
    const [trusted, next] = at === undefined ? [] : this.#keys().slice(at, at + 2);
    if (at === undefined || at < this.#from || trusted === undefined || next === undefined) return undefined;
    return { publicKey: toHex(next.publicKey.point), sign: (message) => this.#options.suite.sm2Sign(trusted, message) };
  }

  /** The key by which this terminal is signed to; undefined: the host's own. */
  signingFor(trustedCheck: string | undefined): Sm2PrivateKey | undefined {
    return this.#keys()[Math.max(this.#trusted(trustedCheck) ?? 0, this.#from)];
  }

  get #from(): number {
    return this.#options.book.contents.hostKeys?.from ?? 0;
  }

  #keys(): readonly Sm2PrivateKey[] {
    const { own, suite, book } = this.#options;
    if (own === undefined) return [];
    return [own, ...(book.contents.hostKeys?.scalarsHex ?? []).map((hex) => suite.sm2PrivateKey(fromHex(hex)))];
  }

  #trusted(check: string | undefined): number | undefined {
    const at = this.#keys().findIndex(({ publicKey }) => toHex(this.#options.suite.sm3(publicKey.point).subarray(0, 3)) === check);
    return at < 0 ? undefined : at;
  }
}
