/* A bench for the tests of this folder: a card, a module, and a host that has the keys which no module holds. */
import { authenticationData, socialMac, socialSessionKey } from "../../../simulators/crypto/social.ts";
import { deriveSocialKey, type TestKeyName, testRootKey } from "../../../simulators/crypto/test-keys.ts";
import { ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { SimulatedPinVerifier } from "../../../simulators/pinpad/pin-verifier.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { type Bytes, concat, fromHex, u8 } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { type CardBenchOptions, cardBench, LIMITS, SUITE } from "../testing.ts";
import { CardFiles, type FileContext, type PinAccess } from "./card-files.ts";
import { firstWithKey, type HostKeyRequest, type HostKeyService, hostKeys, type KeyHolder, moduleKeys } from "./key-holders.ts";
import { NATIONAL_KEYS } from "./keys.ts";
import type { PinReloadRequest } from "./pin.ts";
import { readSocialIdentity } from "./read-identity.ts";

/** Addresses of the keys at the test host; the first three are those that public code names. */
export const TEST_ADDRESSES: Readonly<Record<string, string>> = {
  puk: "0090",
  "stk-ssse": "0173",
  dpk: "017F",
  bk: "0101",
  lk: "0102",
  "uk-ssse": "0103",
  "uk1-df04": "0104",
  "rk1-df01": "0105",
  "uk1-df01": "0106",
};

const ROOTS: Readonly<Record<string, TestKeyName>> = {
  "0090": "puk",
  "0173": "stk",
  "0101": "bk",
  "0102": "lk",
  "0103": "uk-ssse",
  "0104": "uk1-df04",
  "0105": "rk1-df01",
  "0106": "uk-df01",
};

/** A host with the published test roots; it computes apart from the device's own functions. */
export class TestHost implements HostKeyService {
  /** Addresses that it was asked for, in order. */
  readonly asked: string[] = [];

  async mac(request: HostKeyRequest): Promise<Bytes> {
    return socialMac(SUITE, request.algorithm, { key: this.#session(request), data: request.data });
  }

  async authenticationData(request: HostKeyRequest): Promise<Bytes> {
    const { algorithm, sessionFactor, data } = request;
    return authenticationData(SUITE, algorithm, { key: this.#cardKey(request), sessionFactor, raw: data });
  }

  /** PIN RELOAD: the new PIN with its length, filled up, under a session key of STK; then its MAC under the same. */
  reload(request: PinReloadRequest, card: Pick<HostKeyRequest, "factors">, digits: string): Bytes {
    const { algorithm, challenge } = request;
    const key = this.#session({ address: "0173", algorithm, factors: card.factors, sessionFactor: challenge, cardIdentifier: "", data: challenge });
    const coded = fromHex(digits.length % 2 === 0 ? digits : `${digits}f`);
    const plain = new Uint8Array(algorithm === "sm4" ? 16 : 8);
    plain.set(concat(u8(coded.length), coded, fromHex("80")));
    const handle = SUITE.secretKey(key.length === 8 ? concat(key, key) : key);
    const block = algorithm === "sm4" ? SUITE.sm4Encrypt(handle, plain) : SUITE.tdesEncrypt(handle, plain);
    const header = concat(fromHex("84240001"), u8(block.length + 4));
    return concat(header, block, socialMac(SUITE, algorithm, { key, data: concat(header, block) }));
  }

  #session(request: HostKeyRequest): Bytes {
    return socialSessionKey(SUITE, request.algorithm, { key: this.#cardKey(request), factor: request.sessionFactor });
  }

  #cardKey({ address, algorithm, factors }: HostKeyRequest): Bytes {
    this.asked.push(address);
    const root = ROOTS[address];
    if (root === undefined) throw new Fault("key-missing", `no key at ${address}`, { effectUnknown: false });
    return deriveSocialKey(SUITE, algorithm, { key: testRootKey(algorithm, root), factors });
  }
}

export interface SocialBenchOptions extends CardBenchOptions {
  /** What the holder enters when asked. */
  readonly enters?: string;
}

/** A card whose identity has been read, and everything that uses its keys. */
export async function socialBench(options: SocialBenchOptions = {}) {
  const bench = cardBench(options);
  const psam = await bench.openPsam();
  const channel = await bench.channel();
  const identityOptions = { profile: bench.profile, randomness: new SeededRandomness("social files"), today: "20261121" };
  const identity = await bench.run(readSocialIdentity(channel, psam, identityOptions, LIMITS));
  if (identity.kind !== "ok") throw new Error(`no identity: ${identity.reason}`);
  const host = new TestHost();
  const fromModule = moduleKeys(psam, identity, NATIONAL_KEYS);
  const fromHost = hostKeys(host, identity, TEST_ADDRESSES);
  const keys = firstWithKey([fromModule, fromHost]);
  const holder = new ScriptedHolder(options.enters === undefined ? [{ kind: "cancels" }] : [{ kind: "enters", digits: options.enters }]);
  const verifier = new SimulatedPinVerifier({ clock: bench.clock, holder, keyingMs: 10 });
  const ask: PinAccess = { kind: "ask", verifier, limits: { ...LIMITS, timeoutMs: 60_000 } };
  const contextOf = (more: Partial<FileContext> = {}): FileContext => ({
    generation: identity.generation,
    keys,
    keyTable: NATIONAL_KEYS,
    pin: { kind: "not-allowed" },
    limits: LIMITS,
    ...more,
  });
  return {
    ...bench,
    psam,
    identity,
    channel,
    host,
    holder,
    fromModule,
    fromHost,
    keys,
    ask,
    contextOf,
    files: (more: Partial<FileContext> = {}) => new CardFiles(channel, contextOf(more)),
    again: () => bench.run(bench.cardReader.waitForCard(LIMITS)),
  };
}

/** Nobody has any key. */
export const NO_KEYS: KeyHolder = firstWithKey([]);
