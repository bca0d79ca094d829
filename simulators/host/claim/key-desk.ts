/* Keys of terminals that are there already: a certificate that follows another, data keys, and the host's own next key. Spec: claim/v1, 7. */
import { type Bytes, fromHex, toHex, utf8 } from "../../../device/base/bytes.ts";
import type { Clock, Randomness } from "../../../device/base/ports.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { sm2Wrap } from "../../../device/crypto/sm2-encryption.ts";
import { canonicalText, type Json, type JsonFields, textField } from "../canonical.ts";
import { parseBase64 } from "../sealing.ts";
import { issueCertificate, readRequest } from "./authority.ts";
import type { ClaimBook, ClaimSession, KeyLoadOrder, ToldKeys } from "./book.ts";
import { type ClaimFaults, takeFault } from "./faults.ts";
import type { HostKeyChain } from "./host-keys.ts";

export interface KeyDeskOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  readonly book: ClaimBook;
  readonly hostKeys: HostKeyChain;
  readonly faults: ClaimFaults;
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
    const session = this.#terminal(tid);
    if (session === undefined) return false;
    if (what === "certificate") this.#renewals.add(tid);
    else this.#newDataKey(session);
    return true;
  }

  /** Keys and modules that are to be found in this terminal from now on. */
  orderKeyLoads(tid: string, keyLoads: readonly KeyLoadOrder[]): boolean {
    const session = this.#terminal(tid);
    if (session === undefined) return false;
    session.keyLoads = keyLoads;
    this.#options.book.save();
    return true;
  }

  /** Data keys but the newest are taken no more; refused while the terminal has not said that it uses that one, unless it is forced. */
  withdrawDataKeys(tid: string, forced: boolean): "withdrawn" | "no-such-terminal" | "in-use" {
    const session = this.#terminal(tid);
    if (session === undefined) return "no-such-terminal";
    const newest = session.dataKeys.at(-1);
    if (!forced && newest !== undefined && session.dataKeys.length > 1 && session.told?.dataKeyCheck !== this.#checkOf(newest.hex)) return "in-use";
    session.dataKeys.splice(0, session.dataKeys.length - 1);
    this.#options.book.save();
    this.#options.onDataKey(session);
    return "withdrawn";
  }

  /** Data keys of a terminal, the one that it uses first: what is sealed for it is sealed under that. */
  dataKeysOf({ dataKeys, told }: ClaimSession): ClaimSession["dataKeys"] {
    const used = dataKeys.find(({ hex }) => this.#checkOf(hex) === told?.dataKeyCheck);
    return used === undefined ? dataKeys : [used, ...dataKeys.filter((key) => key !== used)];
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

  #terminal(tid: string): ClaimSession | undefined {
    return this.#options.book.contents.sessions.find((each) => each.tid === tid && (each.at === "closed" || each.at === "proved"));
  }

  #checkOf(hex: string): string {
    return toHex(this.#options.suite.sm3(fromHex(hex)).subarray(0, 3));
  }

  #newDataKey(session: ClaimSession): void {
    const { book, randomness, onDataKey } = this.#options;
    // The number goes on where older ones were withdrawn.
    const number = Number(/-(\d+)$/.exec(session.dataKeys.at(-1)?.kid ?? "")?.[1] ?? 0) + 1;
    session.dataKeys.push({ kid: `d-${session.session.slice(0, 8)}-${number}`, hex: toHex(randomness.bytes(16)) });
    book.save();
    onDataKey(session);
  }

  #orders(session: ClaimSession, members: JsonFields): Answer {
    const { suite } = this.#options;
    this.#hear(session, members);
    const newest = session.dataKeys.at(-1) ?? { kid: "", hex: "" };
    const key = fromHex(newest.hex);
    const check = this.#checkOf(newest.hex);
    const wrapped = () => toHex(sm2Wrap(suite.sm2PublicKey(fromHex(session.signingKey)), key));
    return {
      ...GRANTED,
      ...(this.#renewals.has(session.tid) ? { renew: true } : {}),
      ...(members["dataKeyCheck"] === check ? {} : { dataKey: { kid: newest.kid, wrapped: wrapped(), check } }),
      ...this.#hostKeyOrder(session),
      ...(session.keyLoads === undefined ? {} : { keyLoads: session.keyLoads.map((row) => ({ ...row })) }),
    };
  }

  /** What the terminal uses: which certificate, which keys; a change of it changes what it is signed to and sealed for with. */
  #hear(session: ClaimSession, members: JsonFields): void {
    const { book, onDataKey } = this.#options;
    const { nextTries } = members;
    const next = textField(members, "next");
    const told: ToldKeys = {
      certificate: textField(members, "certificate") ?? "",
      ...(next === undefined ? {} : { next }),
      ...(typeof nextTries === "number" ? { nextTries } : {}),
      dataKeyCheck: textField(members, "dataKeyCheck") ?? "",
      hostKeyCheck: textField(members, "hostKeyCheck") ?? "",
    };
    session.told = told;
    book.save();
    onDataKey(session);
  }

  /** The host's next key for this terminal, signed by the one that it trusts. */
  #hostKeyOrder({ tid, told }: ClaimSession): Answer {
    const { hostKeys, faults, suite, randomness } = this.#options;
    const stranger = takeFault(faults, "strangersNextHostKeys") ? suite.sm2PrivateKey(randomness.bytes(32)) : undefined;
    const next =
      stranger === undefined
        ? (this.#hostKey ?? hostKeys.nextFor(told?.hostKeyCheck))
        : { publicKey: toHex(stranger.publicKey.point), sign: (message: Bytes) => suite.sm2Sign(stranger, message) };
    if (next === undefined) return {};
    const { publicKey } = next;
    return { hostKey: { publicKey, sig: toHex(next.sign(utf8(canonicalText({ hostPublicKey: publicKey, tid })))) } };
  }

  /** The same request gets the same certificate, however often it is asked. */
  #renew(session: ClaimSession, members: JsonFields): Answer {
    const { book, clock, randomness, certificateMs = CERTIFICATE_MS } = this.#options;
    const request = typeof members["csr"] === "string" ? readRequest(parseBase64(members["csr"]) ?? new Uint8Array()) : undefined;
    if (request === undefined) return refusal("request-wrong");
    if (session.keyHash === request.keyHash) return refusal("key-reused");
    if (session.following?.keyHash !== request.keyHash) {
      const nowMs = clock.wallMs();
      // The terminal has given that one up before it was ever used.
      if (session.following !== undefined) this.#options.revoke([session.following.number]);
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
