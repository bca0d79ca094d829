/*
 * Goal: key bytes never reach a log, a dump or another folder.
 * Method: what callers hold is an object with private fields only; whatever writes it out prints stars. Only the providers in this
 * folder open a handle. A handle belongs to no provider, so that a key made before a switch of provider still works after it.
 */
import { createSecretKey, type KeyObject } from "node:crypto";
import { assert } from "../base/assert.ts";
import type { Bytes } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { SecretKey, Sm2PrivateKey, Sm2PublicKey } from "./face.ts";

export const SECRET_KEY_LENGTH = 16;
const STARS = "***";
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** How many user identities one public key remembers the Z value of; more are computed each time. */
const IDENTITY_DIGESTS_MAX = 8;

class SecretKeyHandle {
  readonly #key: KeyObject;

  constructor(key: Bytes) {
    this.#key = createSecretKey(key);
  }

  static open(handle: object): KeyObject {
    assert(#key in handle, "a secret key handle comes from this folder");
    return handle.#key;
  }

  toString(): string {
    return STARS;
  }

  toJSON(): string {
    return STARS;
  }

  [INSPECT](): string {
    return STARS;
  }
}

/** Makes the handle of 16 key bytes. Faults: "crypto-input" for another length. */
export function makeSecretKey(key: Bytes): SecretKey {
  if (key.length !== SECRET_KEY_LENGTH) throw new Fault("crypto-input", "a secret key has 16 bytes", { effectUnknown: false });
  // The brand exists for the type checker only; the class carries the private field that proves origin.
  return new SecretKeyHandle(key) as unknown as SecretKey;
}

export function openSecretKey(handle: SecretKey): KeyObject {
  return SecretKeyHandle.open(handle);
}

class Sm2PublicKeyHandle {
  readonly #point: Bytes;
  readonly #identityDigests = new Map<string, Bytes>();
  #imported: KeyObject | undefined;

  constructor(point: Bytes) {
    this.#point = Uint8Array.from(point);
  }

  /** A copy: whoever writes into it changes nothing here. */
  get point(): Bytes {
    return Uint8Array.from(this.#point);
  }

  static imported(handle: object, importKey: (point: Bytes) => KeyObject): KeyObject {
    assert(#imported in handle, "an SM2 public key handle comes from this folder");
    handle.#imported ??= importKey(handle.#point);
    return handle.#imported;
  }

  static identityDigest(handle: object, identity: string, compute: (point: Bytes) => Bytes): Bytes {
    assert(#identityDigests in handle, "an SM2 public key handle comes from this folder");
    const known = handle.#identityDigests.get(identity);
    if (known !== undefined) return known;
    const digest = compute(handle.#point);
    if (handle.#identityDigests.size < IDENTITY_DIGESTS_MAX) handle.#identityDigests.set(identity, digest);
    return digest;
  }
}

/** Makes the handle of a point (x ‖ y) that the caller has checked to lie on the curve. */
export function makeSm2PublicKey(point: Bytes): Sm2PublicKey {
  return new Sm2PublicKeyHandle(point) as unknown as Sm2PublicKey;
}

/** The key as node:crypto wants it, imported at first use and kept: importing costs more than half a verification. */
export function importedPublicKey(handle: Sm2PublicKey, importKey: (point: Bytes) => KeyObject): KeyObject {
  return Sm2PublicKeyHandle.imported(handle, importKey);
}

/** Z of this key and identity, computed at first use and kept. */
export function identityDigestOf(handle: Sm2PublicKey, identity: string, compute: (point: Bytes) => Bytes): Bytes {
  return Sm2PublicKeyHandle.identityDigest(handle, identity, compute);
}

class Sm2PrivateKeyHandle {
  readonly publicKey: Sm2PublicKey;
  readonly #scalar: KeyObject;
  #imported: KeyObject | undefined;

  constructor(scalar: Bytes, publicKey: Sm2PublicKey) {
    this.#scalar = createSecretKey(scalar);
    this.publicKey = publicKey;
  }

  static scalar(handle: object): Bytes {
    assert(#scalar in handle, "an SM2 private key handle comes from this folder");
    return new Uint8Array(handle.#scalar.export());
  }

  static imported(handle: object, importKey: (scalar: Bytes) => KeyObject): KeyObject {
    assert(#imported in handle, "an SM2 private key handle comes from this folder");
    handle.#imported ??= importKey(Sm2PrivateKeyHandle.scalar(handle));
    return handle.#imported;
  }

  toString(): string {
    return STARS;
  }

  toJSON(): string {
    return STARS;
  }

  [INSPECT](): string {
    return STARS;
  }
}

/** Makes the handle of a scalar that the caller has checked to be in range, with the public key that belongs to it. */
export function makeSm2PrivateKey(scalar: Bytes, publicKey: Sm2PublicKey): Sm2PrivateKey {
  return new Sm2PrivateKeyHandle(scalar, publicKey) as unknown as Sm2PrivateKey;
}

/** A copy of the scalar, for the provider that cannot keep it anywhere better. */
export function scalarOf(handle: Sm2PrivateKey): Bytes {
  return Sm2PrivateKeyHandle.scalar(handle);
}

export function importedPrivateKey(handle: Sm2PrivateKey, importKey: (scalar: Bytes) => KeyObject): KeyObject {
  return Sm2PrivateKeyHandle.imported(handle, importKey);
}
