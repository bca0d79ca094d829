/* The keys of a claim: made once on this machine, durable as one file before anybody hears of them. Spec: claim/v1, 3. */
import { type Bytes, fromHex, toHex } from "../../device/base/bytes.ts";
import { Fault, isFault } from "../../device/base/fault.ts";
import type { Randomness, Storage } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { certificateRequest, isCertificateOf, makeTlsKey } from "../../device/crypto/tls-identity.ts";
import { IDENTITY_FILES, readObject, writeObject } from "./identity.ts";
import { KEY_FILE, keyLine } from "./key-file.ts";

export interface ClaimKeys {
  /** Names this claim of this machine, 32 hexadecimal digits. */
  readonly session: string;
  /** PKCS#8 in PEM, and its PKCS#10 request in base64: the same bytes each time it is sent. */
  readonly tlsKey: string;
  readonly csr: string;
  readonly signingScalar: string;
  readonly storageKey: string;
  readonly factsKey: string;
  /** Whether a certificate is for the TLS key, by that authority. */
  fits(certificate: string, authority: string): boolean;
}

const SCALAR_BYTES = 32;
const KEY_BYTES = 16;
const SCALAR_TRIES_MAX = 8;

/** A scalar that the curve takes: all but a few of 2^256 are. */
function freshScalar(suite: CipherSuite, randomness: Randomness): Bytes {
  for (let attempt = 0; attempt < SCALAR_TRIES_MAX; attempt += 1) {
    const scalar = randomness.bytes(SCALAR_BYTES);
    try {
      suite.sm2PrivateKey(scalar.slice());
      return scalar;
    } catch (error) {
      if (!isFault(error, "crypto-input")) throw error;
    }
  }
  throw new Fault("crypto-unavailable", "chance gives no key", { effectUnknown: false });
}

/** Makes the keys unless they are there. A storage key that protects records of this machine already stays. */
export async function makeKeys(ports: {
  readonly suite: CipherSuite;
  readonly randomness: Randomness;
  readonly identity: Storage;
  readonly config: Storage;
}): Promise<void> {
  const { suite, randomness, identity, config } = ports;
  if ((await identity.read(IDENTITY_FILES.keys)) !== undefined) return;
  const before = await config.read(KEY_FILE);
  const kept = before === undefined ? undefined : keyLine(before, "storage-key");
  const session = toHex(randomness.bytes(KEY_BYTES));
  const tlsKey = makeTlsKey();
  await writeObject(identity, IDENTITY_FILES.keys, {
    v: 1,
    session,
    tlsKey,
    csr: Buffer.from(certificateRequest(tlsKey, session)).toString("base64"),
    signingScalar: toHex(freshScalar(suite, randomness)),
    storageKey: kept ?? toHex(randomness.bytes(KEY_BYTES)),
    factsKey: toHex(randomness.bytes(KEY_BYTES)),
  });
}

/** The keys that were made; undefined when they are in their places already. Faults: "store-corrupt". */
export async function readKeys(identity: Storage): Promise<ClaimKeys | undefined> {
  const fields = await readObject(identity, IDENTITY_FILES.keys);
  if (fields === undefined) return undefined;
  const texts = ["session", "tlsKey", "csr", "signingScalar", "storageKey", "factsKey"].map((name) => fields[name]);
  if (!texts.every((text) => typeof text === "string")) throw new Fault("store-corrupt", "the keys of the claim are damaged", { effectUnknown: false });
  const [session = "", tlsKey = "", csr = "", signingScalar = "", storageKey = "", factsKey = ""] = texts;
  const fits = (certificate: string, authority: string) => isCertificateOf(certificate, { keyPem: tlsKey, authorityPem: authority });
  return { session, tlsKey, csr, signingScalar, storageKey, factsKey, fits };
}

export function signingKeyOf(suite: CipherSuite, scalarHex: string) {
  return suite.sm2PrivateKey(fromHex(scalarHex));
}
