/* Modules hold a key at the root, at a province or at a city, and take so many factors as are left above the card: found by trying. */
import type { Bytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { formatStatusWord, isOk, type ResponseApdu } from "../../codec/apdu.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { SecurityModule } from "./module.ts";

/** Status words that say "not with this many factors": the next level is worth trying. Spec: LD/T 32.9, DELIVERY SESSION KEY. */
export const OTHER_LEVEL: ReadonlySet<number> = new Set([0x6700, 0x6a80, 0x6a81, 0x6a83, 0x6a88, 0x9403]);
export const LOCKED = 0x6983;
const NO_KEY = 0x6a88;
export const LEVELS: Readonly<Record<CardProfile["psamLevels"], readonly (1 | 2 | 3)[]>> = { auto321: [3, 2, 1], "3": [3], "2": [2], "1": [1] };

/** One command with the first so many factors, the card's first. */
export type LevelAttempt = (factors: readonly Bytes[]) => Promise<ResponseApdu>;

export class KeyLevels {
  readonly #module: SecurityModule;
  readonly #levels: readonly number[];
  /** The number of factors that a key was found to take. Bounded by the number of keys of one module. */
  readonly #levelOfKey = new Map<string, number>();

  constructor(module: SecurityModule, psamLevels: CardProfile["psamLevels"]) {
    this.#module = module;
    this.#levels = LEVELS[psamLevels];
  }

  /**
   * Tries a key with 3, 2 and 1 factors, the number that worked before first; the province's factor goes first, the card's stays.
   * Faults: those of `attempt`; "key-missing" when no level has the key or it is locked; "reader-refused" for any other refusal.
   */
  async find(key: string, factors: readonly Bytes[], attempt: LevelAttempt): Promise<ResponseApdu> {
    const known = this.#levelOfKey.get(key);
    const possible = this.#levels.filter((level) => level <= factors.length && level !== known);
    let last = NO_KEY;
    for (const level of known === undefined ? possible : [known, ...possible]) {
      const response = await attempt(factors.slice(0, level));
      if (isOk(response.sw)) {
        this.#levelOfKey.set(key, level);
        return response;
      }
      last = response.sw;
      if (!OTHER_LEVEL.has(response.sw)) break;
    }
    this.#module.forgetSelection();
    throw OTHER_LEVEL.has(last) || last === LOCKED ? missingKey(key) : refusedByModule(key, last);
  }
}

/** The module is there, the key is not. */
export function missingKey(what: string): Fault {
  return new Fault("key-missing", `the security module has no key for ${what}`, { effectUnknown: false });
}

/** The module answered with a status word that has no meaning of its own here. Nothing on any card has changed. */
export function refusedByModule(what: string, sw: number): Fault {
  return new Fault("reader-refused", `${what}: status ${formatStatusWord(sw)}`, { effectUnknown: false });
}
