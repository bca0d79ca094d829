/*
 * Goal: after this the service starts as the terminal that the host has registered, and before it as nobody. Method: everything is judged first; then
 * each file is put in its place whole, in an order in which a cut between any two of them is mended by doing all of it again. The keys of the claim go last.
 */
import { type Bytes, fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { isObject, type JsonValue, parseJson } from "../../device/codec/json.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { sm2Unwrap } from "../../device/crypto/sm2-encryption.ts";
import { commonNamesIn } from "../../device/crypto/tls-identity.ts";
import type { ClaimFile } from "./claim-file.ts";
import { hashFacts } from "./facts.ts";
import { IDENTITY_FILES, readIdentity, writeObject } from "./identity.ts";
import { formatKeyFile, KEY_FILE } from "./key-file.ts";
import { type ClaimKeys, signingKeyOf } from "./keys.ts";
import { type Activation, activationOf } from "./messages.ts";
import type { ClaimPorts } from "./ports.ts";
import { claimSerial } from "./questions.ts";
import type { JsonObject, State } from "./types.ts";

const DATA_KEY_BYTES = 16;
const PROFILE_LIMITS = { maxBytes: 262_144, maxDepth: 16 } as const;
const BLOCK = 16;

function unpadded(padded: Bytes): Bytes | undefined {
  const fill = padded.at(-1) ?? 0;
  const sound = fill >= 1 && fill <= BLOCK && fill <= padded.length && padded.subarray(padded.length - fill).every((byte) => byte === fill);
  return sound ? padded.subarray(0, padded.length - fill) : undefined;
}

/** The data key of an activation, checked against its check value; undefined when it is not for this terminal. The caller wipes it. */
export function openDataKey(suite: CipherSuite, keys: { readonly signingScalar: string }, { wrapped, check }: Activation["dataKey"]): Bytes | undefined {
  const key = sm2Unwrap(signingKeyOf(suite, keys.signingScalar), wrapped);
  return key?.length === DATA_KEY_BYTES && toHex(suite.sm3(key).subarray(0, 3)) === check ? key : undefined;
}

/** The configuration in an activation; undefined when it does not open. */
function openProfile(suite: CipherSuite, dataKey: Bytes, { iv, body }: Activation["profile"]): JsonObject | undefined {
  if (body.length === 0 || body.length % BLOCK !== 0) return undefined;
  const plain = unpadded(suite.sm4CbcDecrypt(suite.secretKey(dataKey), iv, body));
  const parsed = plain === undefined ? undefined : parseJson(plain, PROFILE_LIMITS);
  return parsed?.ok === true && isObject(parsed.value) ? parsed.value : undefined;
}

/** The profile with what only this machine knows: its own files of the line to the broker. */
function localProfile(
  ports: ClaimPorts,
  { profile, tid, kid }: { readonly profile: JsonObject; readonly tid: string; readonly kid: string },
): JsonValue | string {
  const { link, sync } = profile;
  if (profile["terminalId"] !== tid) return "the profile is for another terminal";
  if (!isObject(sync) || sync["kid"] !== kid) return "the profile names another data key";
  if (!isObject(link) || typeof link["url"] !== "string") return "the profile names no broker";
  if (!/^(?:mqtts|tls):/.test(link["url"])) return profile;
  const { places } = ports;
  return { ...profile, link: { ...link, tls: { caFile: places.authority, certFile: places.link, keyFile: places.link } } };
}

/** What of an activation is published for tests. Put in its place, it would keep the terminal from starting for ever. */
function publishedIn(
  { guard }: ClaimPorts,
  { activation, dataKey, authority, file }: { readonly activation: Activation; readonly dataKey: Bytes; readonly authority: string; readonly file: ClaimFile },
): string | undefined {
  if (guard.isTestKey(dataKey)) return "the data key";
  if (guard.isTestKey(fromHex(activation.hostPublicKey))) return "the host's point";
  if (guard.isTestKey(fromHex(file.authority))) return "the point of the claim's authority";
  if (commonNamesIn(authority).some((name) => guard.isTestAuthority(name))) return "the authority of the certificates";
  return undefined;
}

/** Puts profile, keys and certificate in their places; says in one line why the host's answer cannot be used. Faults: those of the storages. */
export async function install(
  ports: ClaimPorts,
  about: { readonly state: Extract<State, { at: "installing" }>; readonly keys: ClaimKeys | undefined; readonly file: ClaimFile | undefined },
): Promise<string | undefined> {
  const { suite } = ports;
  const { state, keys, file } = about;
  // The keys go last: where they are gone and somebody is here, everything was done.
  if (keys === undefined || file === undefined) return (await readIdentity(ports.identity)) === undefined ? "the keys of the claim are gone" : undefined;
  const activation = activationOf(state.answer);
  if (activation === undefined) return "the activation is malformed";
  const dataKey = openDataKey(suite, keys, activation.dataKey);
  if (dataKey === undefined) return "the data key is not for this terminal";
  try {
    const profile = openProfile(suite, dataKey, activation.profile);
    if (profile === undefined) return "the profile does not open";
    const local = localProfile(ports, { profile, tid: state.tid, kid: activation.dataKey.kid });
    if (typeof local === "string") return local;
    const published = profile["profile"] === "production" ? publishedIn(ports, { activation, dataKey, authority: state.authority, file }) : undefined;
    if (published !== undefined) return `${published} is published for tests: a production terminal refuses it`;
    return await place(ports, { ...about, keys, file, activation, dataKey, local });
  } finally {
    dataKey.fill(0);
  }
}

async function place(
  ports: ClaimPorts,
  about: {
    readonly state: Extract<State, { at: "installing" }>;
    readonly keys: ClaimKeys;
    readonly file: ClaimFile;
    readonly activation: Activation;
    readonly dataKey: Bytes;
    readonly local: JsonValue;
  },
): Promise<string | undefined> {
  const { identity, config, suite } = ports;
  const { state, keys, file, activation, dataKey, local } = about;
  const aside = activation.state === "reset" ? await ports.resetState() : undefined;
  if (aside !== undefined) return aside;
  const problem = await ports.saveProfile(local);
  if (problem !== undefined) return problem;
  await identity.write(IDENTITY_FILES.authority, utf8(state.authority));
  await identity.write(IDENTITY_FILES.link, utf8(`${keys.tlsKey.trimEnd()}\n${state.certificate}`));
  const { signingScalar, storageKey } = keys;
  const lines = formatKeyFile({ signingScalar, hostPublicKey: activation.hostPublicKey, dataKey: toHex(dataKey), storageKey });
  await config.write(KEY_FILE, lines);
  lines.fill(0);
  const facts = await ports.facts();
  await writeObject(identity, IDENTITY_FILES.identity, {
    v: 1,
    tid: state.tid,
    session: keys.session,
    claim: file.claim,
    serial: claimSerial(file, facts),
    merchant: activation.merchant,
    site: activation.site,
    factsKey: keys.factsKey,
    facts: hashFacts(suite, keys.factsKey, { facts, names: file.facts }),
    authority: file.authority,
    keyLoads: activation.keyLoads,
  });
  // Whatever of the terminal before is left: its end, above all.
  await identity.remove(IDENTITY_FILES.decommission);
  await identity.remove(IDENTITY_FILES.keys);
  return undefined;
}
