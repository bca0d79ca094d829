/*
 * Keys of the social application: who they are, how EXTERNAL AUTHENTICATE names them, and how many failures they bear. The identifiers of
 * the directories' own keys have bit 8; those of read and update keys follow the pattern of the top directory's (RK 0A, UK 04).
 */
import { type Bytes, fromHex } from "../../../device/base/bytes.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { deriveSocialKey, type TestKeyName, testRootKey } from "../../crypto/test-keys.ts";
import type { SocialData } from "../state.ts";
import type { DirectoryName } from "./state.ts";

/** A key as a directory has it: its own name there, and the published root that it is derived from. */
export interface KeySlot {
  readonly name: string;
  readonly root: TestKeyName;
}

/** Keys that a terminal proves by EXTERNAL AUTHENTICATE in every directory. Spec: LD/T 32.7, key identifiers. */
const TOP_KEYS: ReadonlyMap<number, TestKeyName> = new Map<number, TestKeyName>([
  [0x04, "uk-ssse"],
  [0x05, "bk"],
  [0x06, "puk"],
  [0x0a, "rkssse"],
  [0x83, "lk"],
]);

const FIRST_UPDATE_KEY = 0x84;
const FIRST_READ_KEY = 0x8a;
/** Read keys take 8A to 8C, so that update keys from the seventh on begin behind them. */
const SEVENTH_UPDATE_KEY = 0x8d;

/** Roots of a directory's read keys in their order, of its update keys, and how many of these there are. */
interface OwnKeys {
  readonly read: readonly TestKeyName[];
  readonly update: readonly TestKeyName[];
}

function times<Value>(count: number, value: Value): readonly Value[] {
  return Array.from({ length: count }, () => value);
}

const OWN_KEYS: Readonly<Record<Exclude<DirectoryName, "environment">, OwnKeys>> = {
  df01: { read: ["rk1-df01"], update: times(11, "uk-df01") },
  df02: { read: ["rk1-df02"], update: times(6, "uk-df02") },
  df03: { read: ["rk1-df03", "rk2-df03"], update: times(8, "uk-df03") },
  medical: { read: ["rk1-df04"], update: ["uk1-df04", "uk2-df04"] },
  df07: { read: times(3, "rk-df07"), update: times(3, "uk-df07") },
};

function ownKey(directory: Exclude<DirectoryName, "environment">, id: number): KeySlot | undefined {
  const { read, update } = OWN_KEYS[directory];
  const label = directory === "medical" ? "df04" : directory;
  const reading = id - FIRST_READ_KEY;
  const readRoot = read[reading];
  if (readRoot !== undefined) return { name: `rk${reading + 1}-${label}`, root: readRoot };
  const updating = id >= SEVENTH_UPDATE_KEY ? id - SEVENTH_UPDATE_KEY + 6 : id - FIRST_UPDATE_KEY;
  const updateRoot = id >= FIRST_READ_KEY && id < SEVENTH_UPDATE_KEY ? undefined : update[updating];
  return updateRoot === undefined ? undefined : { name: `uk${updating + 1}-${label}`, root: updateRoot };
}

/** The key for secure messages of each directory; DF07 has none of its own and uses the top directory's. */
const MESSAGE_KEYS: Readonly<Record<DirectoryName, TestKeyName>> = {
  environment: "stk",
  df01: "stk-df01",
  df02: "stk-df02",
  df03: "stk-df03",
  medical: "stk-df04",
  df07: "stk",
};

/** A failure with these does not bring their lock nearer. Spec: LD/T 32.7, APPLICATION BLOCK and CARD BLOCK. */
const NEVER_LOCKED: readonly string[] = ["bk", "lk"];

export function authenticationKey(directory: DirectoryName, id: number): KeySlot | undefined {
  const top = TOP_KEYS.get(id);
  if (top !== undefined) return { name: top, root: top };
  return directory === "environment" ? undefined : ownKey(directory, id);
}

export function messageKey(directory: DirectoryName): TestKeyName {
  return MESSAGE_KEYS[directory];
}

export function failuresCount(name: string): boolean {
  return !NEVER_LOCKED.includes(name);
}

/** The keys of one card: as personalised, and otherwise derived from the published roots when first used. */
export class SocialKeyRing {
  readonly #suite: CipherSuite;
  readonly #data: SocialData;
  readonly #derived = new Map<TestKeyName, Bytes>();

  constructor(suite: CipherSuite, data: SocialData) {
    this.#suite = suite;
    this.#data = data;
  }

  /** Undefined on a card whose personalisation has neither the key nor its factors. */
  key(name: TestKeyName): Bytes | undefined {
    const given = this.#personalised(name);
    if (given !== undefined) return fromHex(given);
    const { algorithm, factorsHex } = this.#data;
    if (factorsHex === undefined) return undefined;
    const known = this.#derived.get(name);
    if (known !== undefined) return known;
    const key = deriveSocialKey(this.#suite, algorithm, { key: testRootKey(algorithm, name), factors: factorsHex.map(fromHex) });
    this.#derived.set(name, key);
    return key;
  }

  #personalised(name: TestKeyName): string | undefined {
    if (name === "irk") return this.#data.irkHex;
    return name === "rkssse" ? this.#data.rkssseHex : this.#data.keysHex?.[name];
  }
}
