/*
 * Goal: whether a card is listed is answered at once, from three levels, and never by an untrusted clock.
 * Method: the card's number becomes a fingerprint once, and each level is asked for everything it may say about it, the gravest first.
 */
import { utf8 } from "../../base/bytes.ts";
import type { CipherSuite, SecretKey } from "../../crypto/face.ts";
import type { DocumentTaker } from "../hosts.ts";
import { dayOfText } from "./document.ts";
import { FINGERPRINT_KEY_BYTES, Fingerprinter } from "./fingerprinter.ts";
import { type HeldVersion, type KeeperParts, LevelKeeper } from "./keeper.ts";
import { listedIn } from "./layer.ts";
import type { InvalidLists, ListHit, ListKey, ListLevel, ListState } from "./lists.ts";
import { NUMBER_CODES } from "./values.ts";
import type { ListSecrets, ListWorkshop } from "./work.ts";

/** Changes from which on a new base is made: few enough to be joined in a moment, many enough that the base is seldom written. */
const FOLD_AT = 131_072;
const LEVELS: readonly ListLevel[] = ["national", "province", "city"];

/** When an entry of temporary loss stops counting. */
export interface LossRules {
  /** Days after the entry's own date through which it counts. Left out: until the host takes it back. */
  readonly tempLossLapseDays?: number;
  /** Whether it may also lapse while the settlement host is not heard, which perhaps only could not say that the loss was confirmed. */
  readonly lapseWhileOffline: boolean;
}

export interface InvalidListsParts extends Omit<KeeperParts, "workshop" | "foldAt"> {
  /** `openListThreads`, or `openInlineWorkshop(suite)` where everything is one thread. */
  readonly openWorkshop: (secrets: ListSecrets) => ListWorkshop;
  readonly suite: CipherSuite;
  readonly storageKey: SecretKey;
  readonly rules: LossRules;
  /** Today at this place, YYYYMMDD; undefined while nobody can be sure of it. */
  readonly trustedTodayOrUndefined: () => string | undefined;
  /** Whether the settlement host has been heard of lately. */
  readonly hostPresent: () => boolean;
  readonly foldAt?: number;
}

export interface OpenedLists {
  readonly lists: InvalidLists;
  readonly takers: readonly DocumentTaker[];
  /** Ends when nothing is being written any more. */
  close(): Promise<void>;
}

/**
 * Loads the three levels from a storage of their own. A level whose files are missing or damaged is missing (sequence 0) and is asked of the host
 * again; nothing that the disk holds makes this reject.
 */
export async function openInvalidLists(parts: InvalidListsParts): Promise<OpenedLists> {
  const secrets = secretsOf(parts);
  const workshop = parts.openWorkshop(secrets);
  const keepers = LEVELS.map((level) => new LevelKeeper({ ...parts, workshop, foldAt: parts.foldAt ?? FOLD_AT }, level));
  for (const keeper of keepers) await keeper.open();
  return {
    lists: new ThreeLevels(keepers, new Fingerprinter(secrets.fingerprints), parts),
    takers: keepers,
    close: async () => {
      const ended = keepers.map((keeper) => keeper.close());
      await workshop.close();
      await Promise.all(ended);
    },
  };
}

function secretsOf({ suite, storageKey }: InvalidListsParts): ListSecrets {
  const derived = (purpose: string) => suite.hmacSm3(storageKey, utf8(`yikatong lists ${purpose}`)).slice(0, FINGERPRINT_KEY_BYTES);
  return { fingerprints: derived("fingerprints"), encryption: derived("encrypt"), authentication: derived("authenticate") };
}

type Grade = "block" | "exact" | "range" | "temporary-loss" | "debt";
/** The gravest first. */
const GRADES: readonly Grade[] = ["block", "exact", "range", "temporary-loss", "debt"];

function rankOf(hit: ListHit | undefined): number {
  return hit === undefined ? GRADES.length : GRADES.indexOf(hit.blockOrdered ? "block" : hit.how);
}

class ThreeLevels implements InvalidLists {
  readonly #keepers: readonly LevelKeeper[];
  readonly #fingerprinter: Fingerprinter;
  readonly #parts: InvalidListsParts;

  constructor(keepers: readonly LevelKeeper[], fingerprinter: Fingerprinter, parts: InvalidListsParts) {
    this.#keepers = keepers;
    this.#fingerprinter = fingerprinter;
    this.#parts = parts;
  }

  find(keys: readonly ListKey[]): ListHit | undefined {
    let best: ListHit | undefined;
    for (const key of keys) {
      if (this.#fingerprinter.ofText(NUMBER_CODES[key.number], key.value)) best = this.#graver(best, key);
    }
    return best;
  }

  states(): readonly ListState[] {
    return this.#keepers.map((keeper) => keeper.state);
  }

  /** The fingerprint is that of the key. */
  #graver(known: ListHit | undefined, key: ListKey): ListHit | undefined {
    let best = known;
    for (const { level, held } of this.#keepers) {
      const grade = held === undefined ? undefined : this.#grade(held, key);
      if (grade === undefined || GRADES.indexOf(grade) >= rankOf(best)) continue;
      best = { level, how: grade === "block" ? "exact" : grade, blockOrdered: grade === "block" };
    }
    return best;
  }

  /** The fingerprint is that of the key. A block order is compared digit by digit and never by fingerprint. */
  #grade(held: HeldVersion, { number, value }: ListKey): Grade | undefined {
    const code = NUMBER_CODES[number];
    if (held.exact.has("block", code, value)) return "block";
    if (listedIn(held, "number", this.#fingerprinter) !== undefined) return "exact";
    if (held.exact.has("range", code, value)) return "range";
    const lossDay = listedIn(held, "loss", this.#fingerprinter);
    if (lossDay !== undefined && !this.#lapsed(lossDay)) return "temporary-loss";
    return listedIn(held, "debt", this.#fingerprinter) === undefined ? undefined : "debt";
  }

  #lapsed(day: number): boolean {
    const { rules, hostPresent, trustedTodayOrUndefined } = this.#parts;
    if (rules.tempLossLapseDays === undefined || !(rules.lapseWhileOffline || hostPresent())) return false;
    const today = trustedTodayOrUndefined();
    const now = today === undefined ? undefined : dayOfText(today);
    return now !== undefined && now - day > rules.tempLossLapseDays;
  }
}
