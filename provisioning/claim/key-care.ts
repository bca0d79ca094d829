/*
 * Goal: certificates and keys change while the terminal works, and no cut leaves it without a pair that the broker and the host accept.
 * Method: one round asks the host what it wants changed. A new certificate is kept beside the old one, tried on a line of its own, confirmed by the host
 * over that line, and only then put in the old one's place; the host trusts the old one until it hears that. New data and host keys are durable as one
 * file before any of them is put in its place, and are put there again after a cut. Spec: claim/v1, 7.
 */
import { type Bytes, fromHex, parseHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Log } from "../../device/base/log.ts";
import type { Clock, MessageLink, Randomness, Storage } from "../../device/base/ports.ts";
import { canonicalJson, isObject } from "../../device/codec/json.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { certificateFacts, certificateRequest, isCertificateOf, makeTlsKey } from "../../device/crypto/tls-identity.ts";
import { AskingLink, type AskParts } from "./ask.ts";
import { IDENTITY_FILES, type Identity, readIdentity, readObject, writeObject } from "./identity.ts";
import { openDataKey } from "./install.ts";
import { formatKeyFile, KEY_FILE, keyLine } from "./key-file.ts";
import { signingKeyOf } from "./keys.ts";
import { keyTopics, makeQuestion, wordOf } from "./messages.ts";
import type { JsonObject } from "./types.ts";

export interface KeyCarePorts {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  readonly log: Log;
  readonly identity: Storage;
  readonly config: Storage;
  /** The host's time where it is known: certificates are judged by no clock that anybody may set. */
  nowMs(): number;
  /** A line to the broker with the certificate that is in use, or with the one that shall follow. */
  connect(which: "current" | "next", tid: string): MessageLink | Promise<MessageLink>;
  /** Names the data key in the configuration, durable. */
  saveKid(kid: string): Promise<void>;
}

export interface CareOutcome {
  /** "unfinished": goes on in the next round. */
  readonly certificate: "kept" | "renewed" | "unfinished";
  /** Other keys are in the files than those that the service has loaded: it starts anew. */
  readonly keysChanged: boolean;
}

export const CARE_FILES = {
  /** Key and request of the certificate that shall follow; secret. */ next: "link-next.json",
  /** The same with its certificate. */ nextLink: "link-next.pem",
  /** Keys that are on their way into their places; secret. */ keys: "keys-next.json",
} as const;

const ANSWER_TIMEOUT_MS = 15_000;
/** A certificate is renewed when a third of its life is left. */
const RENEW_SHARE = 3;

interface Own {
  readonly identity: Identity;
  readonly scalar: string;
  readonly link: string;
}

async function ownOf({ identity, config }: Pick<KeyCarePorts, "identity" | "config">): Promise<Own> {
  const [who, keys, link] = await Promise.all([readIdentity(identity), config.read(KEY_FILE), identity.read(IDENTITY_FILES.link)]);
  const scalar = keys === undefined ? undefined : keyLine(keys, "signing-scalar");
  if (who === undefined || scalar === undefined || link === undefined)
    throw new Fault("key-missing", "keys of this terminal are missing", { effectUnknown: false });
  return { identity: who, scalar, link: new TextDecoder().decode(link) };
}

class CareLine {
  readonly #ports: KeyCarePorts;
  readonly #own: Own;
  readonly #link: AskingLink;
  readonly #signal: AbortSignal;

  constructor(ports: KeyCarePorts, own: Own, line: { readonly link: MessageLink; readonly signal: AbortSignal }) {
    this.#ports = ports;
    this.#own = own;
    this.#link = new AskingLink(line.link);
    this.#signal = line.signal;
  }

  /** What the host grants; undefined when it does not answer or refuses. Faults: "cancelled". */
  async ask(members: JsonObject): Promise<JsonObject | undefined> {
    const { suite, clock, log } = this.#ports;
    const { identity, scalar } = this.#own;
    const { tid, session } = identity;
    const question = makeQuestion({ suite, signing: signingKeyOf(suite, scalar) }, keyTopics(tid), { v: 1, tid, session, ...members });
    const parts: AskParts = { clock, log, suite, signal: this.#signal, authority: suite.sm2PublicKey(fromHex(identity.authority)) };
    const answer = await this.#link.ask(parts, question, ANSWER_TIMEOUT_MS);
    if (answer === undefined || answer["outcome"] === "granted") return answer;
    log.warn("key-request-refused", { step: wordOf(members["step"]), reason: wordOf(answer["reason"]) });
    return undefined;
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}

async function onLine<Value>(
  ports: KeyCarePorts,
  own: Own,
  about: { readonly which: "current" | "next"; readonly signal: AbortSignal },
  work: (line: CareLine) => Promise<Value>,
): Promise<Value> {
  const line = new CareLine(ports, own, { link: await ports.connect(about.which, own.identity.tid), signal: about.signal });
  try {
    return await work(line);
  } finally {
    await line.close();
  }
}

/** One round: what was begun is ended, what is due is begun. Faults: "cancelled", "key-missing", those of the storages. */
export async function careForKeys(ports: KeyCarePorts, { signal }: { readonly signal: AbortSignal }): Promise<CareOutcome> {
  const own = await ownOf(ports);
  const begun = (await readObject(ports.identity, CARE_FILES.next)) !== undefined;
  const orders = await onLine(ports, own, { which: "current", signal }, (line) => ordersOf(ports, own, line));
  const due = begun || orders["renew"] === true || isDue(own.link, ports.nowMs());
  // The certificate first: it is signed for by the keys that the host knows now.
  const certificate = due ? await renew(ports, own, signal) : "kept";
  const keysChanged = await takeKeys(ports, own, orders);
  return { certificate, keysChanged };
}

async function ordersOf({ suite, config }: KeyCarePorts, own: Own, line: CareLine): Promise<JsonObject> {
  const keys = await config.read(KEY_FILE);
  const dataKey = fromHex((keys === undefined ? undefined : keyLine(keys, "data-key")) ?? "");
  const members = { step: "orders", certificate: certificateFacts(own.link)?.fingerprint ?? "", dataKeyCheck: toHex(suite.sm3(dataKey).subarray(0, 3)) };
  dataKey.fill(0);
  return (await line.ask(members)) ?? {};
}

function isDue(link: string, nowMs: number): boolean {
  const facts = certificateFacts(link);
  return facts !== undefined && facts.notAfterMs - nowMs < (facts.notAfterMs - facts.notBeforeMs) / RENEW_SHARE;
}

/** Carries the change of the certificate as far as it goes. */
async function renew(ports: KeyCarePorts, own: Own, signal: AbortSignal): Promise<CareOutcome["certificate"]> {
  const { identity } = ports;
  if ((await readObject(identity, CARE_FILES.next)) === undefined) {
    const key = makeTlsKey();
    const csr = Buffer.from(certificateRequest(key, own.identity.session)).toString("base64");
    await writeObject(identity, CARE_FILES.next, { v: 1, key, csr, at: "asking" });
  }
  const next = await readObject(identity, CARE_FILES.next);
  if (next?.["at"] !== "telling") {
    if ((await identity.read(CARE_FILES.nextLink)) === undefined && !(await request(ports, own, signal))) return "unfinished";
    if (!(await confirm(ports, own, signal))) return "unfinished";
  }
  return (await tell(ports, signal)) ? "renewed" : "unfinished";
}

/** The host gives the certificate for the new key, over the line that is in use. */
async function request(ports: KeyCarePorts, own: Own, signal: AbortSignal): Promise<boolean> {
  const { identity, log } = ports;
  const { key, csr } = (await readObject(identity, CARE_FILES.next)) ?? {};
  const answer = await onLine(ports, own, { which: "current", signal }, (line) => line.ask({ step: "renew", csr: csr ?? "" }));
  const certificate = answer?.["certificate"];
  const authority = new TextDecoder().decode((await identity.read(IDENTITY_FILES.authority)) ?? new Uint8Array());
  if (typeof certificate !== "string" || typeof key !== "string") return false;
  if (!isCertificateOf(certificate, { keyPem: key, authorityPem: authority }) || certificateFacts(certificate)?.commonName !== own.identity.tid) {
    log.warn("certificate-refused");
    return false;
  }
  await identity.write(CARE_FILES.nextLink, utf8(`${key.trimEnd()}\n${certificate}`));
  return true;
}

/** The new certificate carries a line of its own, and the host says so over it; then it takes the old one's place. */
async function confirm(ports: KeyCarePorts, own: Own, signal: AbortSignal): Promise<boolean> {
  const { identity } = ports;
  const contents = await identity.read(CARE_FILES.nextLink);
  if (contents === undefined) return false;
  const certificate = certificateFacts(new TextDecoder().decode(contents))?.fingerprint ?? "";
  const answer = await onLine(ports, own, { which: "next", signal }, (line) => line.ask({ step: "confirm", certificate }));
  if (answer === undefined) return false;
  await identity.write(IDENTITY_FILES.link, contents);
  await writeObject(identity, CARE_FILES.next, { v: 1, at: "telling" });
  await identity.remove(CARE_FILES.nextLink);
  return true;
}

/** The old certificate is used by nobody any more; the host may revoke it. */
async function tell(ports: KeyCarePorts, signal: AbortSignal): Promise<boolean> {
  const { identity } = ports;
  await identity.remove(CARE_FILES.nextLink);
  const own = await ownOf(ports);
  const certificate = certificateFacts(own.link)?.fingerprint ?? "";
  const answer = await onLine(ports, own, { which: "current", signal }, (line) => line.ask({ step: "renewed", certificate }));
  if (answer === undefined) return false;
  await identity.remove(CARE_FILES.next);
  return true;
}

/** New keys out of the host's orders; true when other keys are in the files now. */
async function takeKeys(ports: KeyCarePorts, own: Own, orders: JsonObject): Promise<boolean> {
  const contents = await ports.config.read(KEY_FILE);
  if (contents === undefined) return false;
  const host = nextHostKey(ports.suite, own, { order: orders["hostKey"], current: keyLine(contents, "host-public-key") ?? "" });
  const data = nextDataKey(ports.suite, own, { order: orders["dataKey"], current: keyLine(contents, "data-key") ?? "" });
  if (host === undefined && data === undefined) return false;
  await writeObject(ports.identity, CARE_FILES.keys, { v: 1, ...(host === undefined ? {} : { hostPublicKey: host }), ...(data === undefined ? {} : data) });
  await finishKeyChange(ports);
  return true;
}

/** The host's next point, signed by the one that is trusted now: the authority of claims alone cannot exchange it. */
function nextHostKey(suite: CipherSuite, own: Own, { order, current }: { readonly order: unknown; readonly current: string }): string | undefined {
  if (!isObject(order)) return undefined;
  const { publicKey, sig } = order;
  const [point, signature] = [publicKey, sig].map((value) => (typeof value === "string" ? parseHex(value) : undefined));
  if (point?.length !== 64 || signature?.length !== 64 || toHex(point) === current) return undefined;
  const signed = utf8(canonicalJson({ hostPublicKey: toHex(point), tid: own.identity.tid }));
  if (!suite.sm2Verify(suite.sm2PublicKey(fromHex(current)), signed, signature)) return undefined;
  try {
    suite.sm2PublicKey(point);
    return toHex(point);
  } catch {
    // A point off the curve is nobody's key.
    return undefined;
  }
}

function nextDataKey(
  suite: CipherSuite,
  own: Own,
  { order, current }: { readonly order: unknown; readonly current: string },
): { readonly dataKey: string; readonly kid: string } | undefined {
  if (!isObject(order)) return undefined;
  const { kid, wrapped, check } = order;
  const bytes: Bytes | undefined = typeof wrapped === "string" ? parseHex(wrapped) : undefined;
  if (typeof kid !== "string" || !/^[A-Za-z0-9_.-]{1,32}$/.test(kid) || bytes === undefined || typeof check !== "string") return undefined;
  const key = openDataKey(suite, { signingScalar: own.scalar }, { kid, wrapped: bytes, check });
  if (key === undefined || toHex(key) === current) return undefined;
  const digits = toHex(key);
  key.fill(0);
  return { dataKey: digits, kid };
}

/** Puts keys in their places that were on their way there; done again after a cut, before anybody loads them. True when there were any. */
export async function finishKeyChange({ identity, config, saveKid }: Pick<KeyCarePorts, "identity" | "config" | "saveKid">): Promise<boolean> {
  const next = await readObject(identity, CARE_FILES.keys);
  if (next === undefined) return false;
  const contents = await config.read(KEY_FILE);
  if (contents === undefined) throw new Fault("key-missing", "the key file is missing", { effectUnknown: false });
  const line = (name: string) => keyLine(contents, name) ?? "";
  const text = (name: string) => (typeof next[name] === "string" ? next[name] : undefined);
  const lines = formatKeyFile({
    signingScalar: line("signing-scalar"),
    storageKey: line("storage-key"),
    hostPublicKey: text("hostPublicKey") ?? line("host-public-key"),
    dataKey: text("dataKey") ?? line("data-key"),
  });
  await config.write(KEY_FILE, lines);
  lines.fill(0);
  const kid = text("kid");
  if (kid !== undefined) await saveKid(kid);
  await identity.remove(CARE_FILES.keys);
  return true;
}
