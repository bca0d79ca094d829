/* The social keys of a terminal's module, by usage and identifier. Spec: LD/T 32.9, annex B. */
import type { TestKeyName } from "../crypto/test-keys.ts";

/** Low five bits of a usage byte. */
export const KEY_TYPE = { purchase: 0x02, maintenance: 0x05, mac: 0x06, encrypt: 0x07, both: 0x08 } as const;

/** Root keys that a module's social keys come from. */
export type ModuleKeyName = Extract<
  TestKeyName,
  | "irk"
  | "rkssse"
  | "medical-dpk"
  | "medical-dpk-2"
  | "medical-dpk-3"
  | "stk"
  | "stk-df01"
  | "stk-df02"
  | "stk-df03"
  | "stk-df04"
  | "uk-df01"
  | "uk-df02"
  | "uk-df03"
  | "uk2-df04"
  | "rk1-df03"
  | "rk2-df03"
  | "rk1-df04"
>;

interface ModuleKey {
  readonly name: ModuleKeyName;
  readonly type: number;
  /** Key identifier; the version for a purchase key. */
  readonly id: number;
}

/** One root stands for all update keys of a directory that the list tells apart. RKSSSE has no number in the list; 0A is this module's own. */
export const MODULE_KEYS: readonly ModuleKey[] = [
  { name: "irk", type: KEY_TYPE.encrypt, id: 0x08 },
  { name: "rkssse", type: KEY_TYPE.encrypt, id: 0x0a },
  { name: "medical-dpk", type: KEY_TYPE.purchase, id: 0x01 },
  { name: "medical-dpk-2", type: KEY_TYPE.purchase, id: 0x02 },
  { name: "medical-dpk-3", type: KEY_TYPE.purchase, id: 0x03 },
  { name: "stk", type: KEY_TYPE.mac, id: 0x09 },
  { name: "stk-df01", type: KEY_TYPE.mac, id: 0x20 },
  { name: "stk-df02", type: KEY_TYPE.mac, id: 0x21 },
  { name: "stk-df03", type: KEY_TYPE.mac, id: 0x22 },
  { name: "stk-df04", type: KEY_TYPE.mac, id: 0x23 },
  { name: "uk-df01", type: KEY_TYPE.encrypt, id: 0x24 },
  { name: "uk-df01", type: KEY_TYPE.encrypt, id: 0x25 },
  { name: "uk-df02", type: KEY_TYPE.encrypt, id: 0x26 },
  { name: "uk-df02", type: KEY_TYPE.encrypt, id: 0x27 },
  { name: "uk-df02", type: KEY_TYPE.encrypt, id: 0x28 },
  { name: "uk-df03", type: KEY_TYPE.encrypt, id: 0x29 },
  { name: "uk2-df04", type: KEY_TYPE.encrypt, id: 0x2a },
  { name: "rk1-df03", type: KEY_TYPE.encrypt, id: 0x2b },
  { name: "rk2-df03", type: KEY_TYPE.encrypt, id: 0x2c },
  { name: "rk1-df04", type: KEY_TYPE.encrypt, id: 0x2d },
];
