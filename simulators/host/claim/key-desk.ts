/* Keys of terminals that are there already: a certificate that follows another, data keys, and the host's own next key. Spec: claim/v1, 7. */
import { type Bytes, fromHex, toHex, utf8 } from "../../../device/base/bytes.ts";
import type { Clock, Randomness } from "../../../device/base/ports.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { sm2Wrap } from "../../../device/crypto/sm2-encryption.ts";
import { canonicalText, type Json, type JsonFields } from "../canonical.ts";
import { parseBase64 } from "../sealing.ts";
import { issueCertificate, readRequest } from "./authority.ts";
import type { ClaimBook, ClaimSession } from "./book.ts";

export interface KeyDeskOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  readonly book: ClaimBook;
  readonly certificateMs?: number;
  /** A terminal has a further data key: both are taken until the older is withdrawn. */
  readonly onDataKey: (session: ClaimSession) => void;
  readonly revoke: (numbers: readonly string[]) => void;
}

const DAY_MS = 86_400_000;
const CERTIFICATE_MS = 90 * DAY_MS;

type Answer = { readonly [name: string]: Json | undefined };
const GRANTED: Answer = { outcome: "granted" };
const refusal = (reason: string): Answer => ({ outcome: "refused", reason });

export class KeyDesk {
  readonly #options: KeyDeskOptions;
  readonly #renewals = new Set<string>();
  #hostKey: { readonly publicKey: string; sign(message: Bytes): Bytes } | undefined;

  constructor(options: KeyDeskOptions) {
    this.#options = options;
  }

  order(tid: string, what: "certificate" | "data-key"): boolean {
    const session = this.#options.book.contents.sessions.find((each) => each.tid === tid && (each.at === "closed" || each.at === "proved"));
    if (session === undefined) return false;
    if (what === "certificate") this.#renewals.add(tid);
    else this.#newDataKey(session);
    return true;
  }

  announceHostKey(next: { readonly publicKey: string; sign(message: Bytes): Bytes }): void {
    this.#hostKey = next;
  }

  answer(session: ClaimSession, step: string, members: JsonFields): Answer {
    switch (step) {
      case "orders":
        return this.#orders(session, members);
      case "renew":
        return this.#renew(session, members);
      case "confirm":
        return this.#confirm(session, members);
      case "renewed":
        return this.#renewed(session, members);
      default:
        return refusal("step-unknown");
    }
  }

  #newDataKey(session: ClaimSession): void {
    const { book, randomness, onDataKey } = this.#options;
    session.dataKeys.push({ kid: `d-${session.session.slice(0, 8)}-${session.dataKeys.length + 1}`, hex: toHex(randomness.bytes(16)) });
    book.save();
    onDataKey(session);
  }

  #orders(session: ClaimSession, members: JsonFields): Answer {
    const { suite } = this.#options;
    const newest = session.dataKeys.at(-1) ?? { kid: "", hex: "" };
    const key = fromHex(newest.hex);
    const check = toHex(suite.sm3(key).subarray(0, 3));
    const wrapped = () => toHex(sm2Wrap(suite.sm2PublicKey(fromHex(session.signingKey)), key));
    const host = this.#hostKey;
    const signed = host === undefined ? undefined : utf8(canonicalText({ hostPublicKey: host.publicKey, tid: session.tid }));
    return {
      ...GRANTED,
      ...(this.#renewals.has(session.tid) ? { renew: true } : {}),
      ...(members["dataKeyCheck"] === check ? {} : { dataKey: { kid: newest.kid, wrapped: wrapped(), check } }),
      ...(host === undefined || signed === undefined ? {} : { hostKey: { publicKey: host.publicKey, sig: toHex(host.sign(signed)) } }),
    };
  }

  /** The same request gets the same certificate, however often it is asked. */
  #renew(session: ClaimSession, members: JsonFields): Answer {
    const { book, clock, randomness, certificateMs = CERTIFICATE_MS } = this.#options;
    const request = typeof members["csr"] === "string" ? readRequest(parseBase64(members["csr"]) ?? new Uint8Array()) : undefined;
    if (request === undefined) return refusal("request-wrong");
    if (session.keyHash === request.keyHash) return refusal("key-reused");
    if (session.following?.keyHash !== request.keyHash) {
      const nowMs = clock.wallMs();
      const order = { commonName: session.tid, publicKey: request.publicKey, notBeforeMs: nowMs - DAY_MS, notAfterMs: nowMs + certificateMs };
      session.following = { keyHash: request.keyHash, ...issueCertificate(book.contents.authority, randomness, order) };
      book.save();
    }
    return { ...GRANTED, certificate: session.following?.pem ?? "" };
  }

  /** It was used: the terminal goes over to it. The one before stays trusted until the terminal says that it has. */
  #confirm(session: ClaimSession, members: JsonFields): Answer {
    const { certificate } = members;
    return certificate === session.following?.fingerprint || certificate === session.certificate.fingerprint ? GRANTED : refusal("certificate-wrong");
  }

  #renewed(session: ClaimSession, members: JsonFields): Answer {
    const { book, revoke } = this.#options;
    const { following } = session;
    if (members["certificate"] === session.certificate.fingerprint) return GRANTED;
    if (following === undefined || members["certificate"] !== following.fingerprint) return refusal("certificate-wrong");
    const before = session.certificate.number;
    const { keyHash: _keyHash, ...certificate } = following;
    session.certificate = certificate;
    delete session.following;
    this.#renewals.delete(session.tid);
    revoke([before]);
    book.save();
    return GRANTED;
  }
}
