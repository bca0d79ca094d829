/*
 * Goal: a copy of a terminal's disk in another machine is no terminal. Method: what the machine says of itself is kept as keyed hashes at the claim
 * and compared at each start; nobody learns the numbers themselves from them. Spec: claim/v1, 6.
 */
import { fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";

export const FACT_NAMES = ["pi-serial", "dmi-uuid", "dmi-serial", "machine-id", "disk-id", "mac"] as const;
export type FactName = (typeof FACT_NAMES)[number];

/** What the machine says of itself; what it does not say is left out. */
export type MachineFacts = Readonly<Partial<Record<FactName, string>>>;
/** The same as keyed hashes, 64 hexadecimal digits each. */
export type FactHashes = Readonly<Partial<Record<FactName, string>>>;

/** Keyed hashes of the facts that `names` lists and the machine says. */
export function hashFacts(
  suite: CipherSuite,
  keyHex: string,
  { facts, names }: { readonly facts: MachineFacts; readonly names: readonly FactName[] },
): FactHashes {
  const key = suite.secretKey(fromHex(keyHex));
  const hashes: Partial<Record<FactName, string>> = {};
  for (const name of names) {
    const value = facts[name];
    if (value !== undefined) hashes[name] = toHex(suite.hmacSm3(key, utf8(`${name}=${value}`)));
  }
  return hashes;
}

/** Facts that were claimed and are others now, or gone: any of them means another machine. */
export function changedFacts(claimed: FactHashes, now: FactHashes): readonly FactName[] {
  return FACT_NAMES.filter((name) => claimed[name] !== undefined && claimed[name] !== now[name]);
}

/** The number on the machine, for the host's list: the Pi's own, or that of its board. */
export function serialOf(facts: MachineFacts): string | undefined {
  return facts["pi-serial"] ?? facts["dmi-serial"];
}
