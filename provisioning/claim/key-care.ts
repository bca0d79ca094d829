/*
 * Goal: certificates and keys change while the terminal works, and no cut leaves it without a pair that the broker and the host accept.
 * Method: one round asks the host what it wants changed. A new certificate is kept beside the old one, tried on a line of its own, confirmed by the host
 * over that line, and only then put in the old one's place; the host trusts the old one until it hears that. New data and host keys are durable as one
 * file before any of them is put in its place, and are put there again after a cut. Spec: claim/v1, 7.
 */
import { type Bytes, fromHex, parseHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { Fault, isFault } from "../../device/base/fault.ts";
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
import { keyLoadsOf, keyTopics, makeQuestion, wordOf } from "./messages.ts";
import type { TestKeyGuard } from "./ports.ts";
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
  /** Of a production terminal: what it knows is not taken, because the next start would refuse it. */
  readonly guard?: TestKeyGuard;
  /** Names the data key in the configuration, durable. */
  saveKid(kid: string): Promise<void>;
}

export interface CareOutcome {
  /** "unfinished": goes on in the next round. */
  readonly certificate: "kept" | "renewed" | "unfinished";
  /** Other keys or key-loading orders are in the files than those that the service has loaded: it starts anew. */
  readonly keysChanged: boolean;
}

export const CARE_FILES = {
  /** Key and request of the certificate that shall follow; secret. */ next: "link-next.json",
  /** The same with its certificate. */ nextLink: "link-next.pem",
  /** How often the certificate that shall follow has carried no line. */ tries: "link-next-tries.json",
  /** Keys that are on their way into their places; secret. */ keys: "keys-next.json",
} as const;

const ANSWER_TIMEOUT_MS = 15_000;
/** A certificate is renewed when a third of its life is left. */
const RENEW_SHARE = 3;
/** Rounds in which the line in use was there and the next certificate carried none: then it never will, and another is asked for. */
const TRIES_MAX = 6;

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
  // Of a round that a fault of the disk has ended: the service of this life has loaded none of it, and asks again when it has.
  if (await finishKeyChange(ports)) return { certificate: "kept", keysChanged: true };
  const own = await ownOf(ports);
  const begun = (await readObject(ports.identity, CARE_FILES.next)) !== undefined;
  const orders = await onLine(ports, own, { which: "current", signal }, (line) => ordersOf(ports, line));
  const due = begun || orders?.["renew"] === true || isDue(own.link, ports.nowMs());
  // The certificate first: it is signed for by the keys that the host knows now.
  const certificate = due ? await renewed(ports, own, { signal, answered: orders !== undefined }) : "kept";
  const taken = await takeKeys(ports, own, orders ?? {});
  const ordered = await takeOrders(ports, own, orders ?? {}).catch((error: unknown) => ordersNotTaken(ports, error, taken));
  const keysChanged = taken || ordered;
  // The host learns at once what is in the files now, and signs by it; the next round would say it too.
  if (keysChanged) await onLine(ports, own, { which: "current", signal }, (line) => ordersOf(ports, line)).catch(unlessCancelled);
  return { certificate, keysChanged };
}

/** Keys that are in their places are said so all the same: no later round would find a change in them. */
function ordersNotTaken({ log }: KeyCarePorts, error: unknown, taken: boolean): false {
  if (!taken) throw error;
  unlessCancelled(error);
  log.warn("key-orders-not-taken", { code: isFault(error) ? error.code : "" });
  return false;
}

/** What the world does to a message that nobody waits for. */
function unlessCancelled(error: unknown): undefined {
  if (isFault(error) && error.code !== "cancelled") return undefined;
  throw error;
}

/** A change of the certificate that the world stops leaves the orders of keys their turn. */
async function renewed(ports: KeyCarePorts, own: Own, how: { readonly signal: AbortSignal; readonly answered: boolean }): Promise<CareOutcome["certificate"]> {
  try {
    return await renew(ports, own, how);
  } catch (error) {
    unlessCancelled(error);
    ports.log.warn("certificate-not-cared-for", { code: isFault(error) ? error.code : "" });
    return "unfinished";
  }
}

/** What the host orders; undefined where it does not answer. It hears what is in use here, and what was begun. */
async function ordersOf(ports: KeyCarePorts, line: CareLine): Promise<JsonObject | undefined> {
  const { suite, config, identity } = ports;
  const keys = await config.read(KEY_FILE);
  const dataKey = fromHex((keys === undefined ? undefined : keyLine(keys, "data-key")) ?? "");
  const hostKey = fromHex((keys === undefined ? undefined : keyLine(keys, "host-public-key")) ?? "");
  const inUse = await identity.read(IDENTITY_FILES.link);
  const next = await identity.read(CARE_FILES.nextLink);
  const members = {
    step: "orders",
    certificate: inUse === undefined ? "" : fingerprintOf(inUse),
    ...(next === undefined ? {} : { next: fingerprintOf(next), nextTries: await triesOf(ports) }),
    dataKeyCheck: toHex(suite.sm3(dataKey).subarray(0, 3)),
    hostKeyCheck: toHex(suite.sm3(hostKey).subarray(0, 3)),
  };
  dataKey.fill(0);
  return line.ask(members);
}

function fingerprintOf(contents: Bytes): string {
  return certificateFacts(new TextDecoder().decode(contents))?.fingerprint ?? "";
}

async function triesOf({ identity }: Pick<KeyCarePorts, "identity">): Promise<number> {
  const { tries } = (await readObject(identity, CARE_FILES.tries)) ?? {};
  return typeof tries === "number" ? tries : 0;
}

function isDue(link: string, nowMs: number): boolean {
  const facts = certificateFacts(link);
  return facts !== undefined && facts.notAfterMs - nowMs < (facts.notAfterMs - facts.notBeforeMs) / RENEW_SHARE;
}

/** Carries the change of the certificate as far as it goes. */
async function renew(
  ports: KeyCarePorts,
  own: Own,
  { signal, answered }: { readonly signal: AbortSignal; readonly answered: boolean },
): Promise<CareOutcome["certificate"]> {
  const { identity } = ports;
  const begun = await readObject(identity, CARE_FILES.next);
  if (begun?.["at"] === "telling") return (await tell(ports, signal)) ? "renewed" : "unfinished";
  if ((await triesOf(ports)) >= TRIES_MAX || (await isOver(ports))) await giveUp(ports);
  if ((await readObject(identity, CARE_FILES.next)) === undefined) {
    const key = makeTlsKey();
    const csr = Buffer.from(certificateRequest(key, own.identity.session)).toString("base64");
    await writeObject(identity, CARE_FILES.next, { v: 1, key, csr, at: "asking" });
  }
  if ((await identity.read(CARE_FILES.nextLink)) === undefined && !(await request(ports, own, signal))) return "unfinished";
  if (await confirm(ports, own, signal)) return (await tell(ports, signal)) ? "renewed" : "unfinished";
  // Where the line in use is silent too, nothing was learnt of the next one.
  if (answered) await writeObject(identity, CARE_FILES.tries, { v: 1, tries: (await triesOf(ports)) + 1 });
  return "unfinished";
}

/** The certificate that shall follow has run out before it was ever used, or cannot be read. */
async function isOver(ports: KeyCarePorts): Promise<boolean> {
  const contents = await ports.identity.read(CARE_FILES.nextLink);
  if (contents === undefined) return false;
  const facts = certificateFacts(new TextDecoder().decode(contents));
  return facts === undefined || facts.notAfterMs <= ports.nowMs();
}

/** Begins the change anew, with another key: the one in use stays. The key goes last, so that a cut finds the same to do. */
async function giveUp({ identity, log }: KeyCarePorts): Promise<void> {
  log.warn("certificate-given-up");
  await identity.remove(CARE_FILES.nextLink);
  await identity.remove(CARE_FILES.next);
  await identity.remove(CARE_FILES.tries);
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
  const certificate = fingerprintOf(contents);
  // A certificate with which no line can even be made is one that carries none.
  const answer = await onLine(ports, own, { which: "next", signal }, (line) => line.ask({ step: "confirm", certificate })).catch(unlessCancelled);
  if (answer === undefined) return false;
  await identity.write(IDENTITY_FILES.link, contents);
  await writeObject(identity, CARE_FILES.next, { v: 1, at: "telling" });
  await identity.remove(CARE_FILES.tries);
  await identity.remove(CARE_FILES.nextLink);
  return true;
}

/** The old certificate is used by nobody any more; the host may revoke it. */
async function tell(ports: KeyCarePorts, signal: AbortSignal): Promise<boolean> {
  const { identity } = ports;
  await identity.remove(CARE_FILES.nextLink);
  await identity.remove(CARE_FILES.tries);
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
  if (isPublished(ports, [host, data?.dataKey])) return false;
  await writeObject(ports.identity, CARE_FILES.keys, { v: 1, ...(host === undefined ? {} : { hostPublicKey: host }), ...(data === undefined ? {} : data) });
  await finishKeyChange(ports);
  return true;
}

/** A key of the tests, which the next start of a production terminal would refuse: it goes on with those that it has. */
function isPublished({ guard, log }: KeyCarePorts, keys: readonly (string | undefined)[]): boolean {
  const published = guard !== undefined && keys.some((key) => key !== undefined && guard.isTestKey(fromHex(key)));
  if (published) log.error("published-key-refused");
  return published;
}

/** Key-loading orders of the host, in the place of those before; true when there are others now. */
async function takeOrders({ identity, log }: KeyCarePorts, { identity: { keyLoads } }: Own, orders: JsonObject): Promise<boolean> {
  const next = orders["keyLoads"];
  if (next === undefined) return false;
  const loads = keyLoadsOf(next);
  if (loads === undefined) {
    log.warn("key-orders-malformed");
    return false;
  }
  if (canonicalJson(loads) === canonicalJson(keyLoads)) return false;
  const fields = await readObject(identity, IDENTITY_FILES.identity);
  if (fields === undefined) return false;
  await writeObject(identity, IDENTITY_FILES.identity, { ...fields, keyLoads: loads });
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
