/*
 * Keys of the social application by name: how the card calls each of them, and where the security module keeps it. Keys without a place
 * in the module are the province's or the ministry's, and only a host has them. Spec: LD/T 32.7, key identifiers; LD/T 32.9, annex B.
 */
import type { SocialKey } from "./authentication.ts";

/** Directories of the social application that have keys of their own. */
export type KeyDirectory = "df01" | "df02" | "df03" | "df04" | "df07";

/**
 * "irk" internal authentication · "stk" MACs of maintenance and update commands · "bk", "lk" control of blocking card and application ·
 * "puk" unblocking the PIN · "rk" control of reading · "uk" control of updating · "dlk", "dsk" load and start day of the medical purse.
 * The names are also those of `hsmKeyAddress` in the card profile.
 */
export type SocialKeyName =
  | "irk"
  | "bk"
  | "lk"
  | "puk"
  | "dlk"
  | "dsk"
  | "stk-ssse"
  | "rk-ssse"
  | "uk-ssse"
  | `stk-${KeyDirectory}`
  | `rk${1 | 2 | 3}-${KeyDirectory}`
  | `uk${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11}-${KeyDirectory}`;

export interface SocialKeyPlace {
  /** P2 of EXTERNAL AUTHENTICATE on the card; undefined where no text at hand names it. */
  readonly onCard?: number;
  /** Usage and number in the security module; undefined for keys that modules do not hold. */
  readonly inModule?: SocialKey;
}

export type SocialKeyTable = Readonly<Partial<Record<SocialKeyName, SocialKeyPlace>>>;

/** Usage bytes of the module: three levels for keys of reading and of proof, one for those of writing. Spec: LD/T 32.9, annex B. */
const FOR_PROOF = 0x67;
const FOR_UPDATE = 0x27;
const FOR_MAC = 0x26;

function place(onCard: number | undefined, inModule?: SocialKey): SocialKeyPlace {
  return { ...(onCard === undefined ? {} : { onCard }), ...(inModule === undefined ? {} : { inModule }) };
}

/**
 * The national list. A region with other numbers gives its own table.
 * Deviation: the texts at hand name the numbers on the card for the top directory only (UK 04, RK 0A); for the directories below we set
 * bit 8, as the texts do for STK (02, 82), and count on from there, and leave out those that would meet another key. Spec: LD/T 32.7, key identifiers.
 */
export const NATIONAL_KEYS: SocialKeyTable = {
  irk: place(0x00, { usage: FOR_PROOF, keyId: 0x08 }),
  bk: place(0x05),
  lk: place(0x83),
  puk: place(0x06),
  "stk-ssse": place(0x02, { usage: FOR_MAC, keyId: 0x09 }),
  "stk-df01": place(0x82, { usage: FOR_MAC, keyId: 0x20 }),
  "stk-df02": place(0x82, { usage: FOR_MAC, keyId: 0x21 }),
  "stk-df03": place(0x82, { usage: FOR_MAC, keyId: 0x22 }),
  "stk-df04": place(0x82, { usage: FOR_MAC, keyId: 0x23 }),
  "rk-ssse": place(0x0a, { usage: FOR_PROOF, keyId: 0x0a }),
  "uk-ssse": place(0x04),
  "rk1-df01": place(0x8a),
  "uk1-df01": place(0x84),
  "uk2-df01": place(0x85),
  "uk3-df01": place(0x86, { usage: FOR_UPDATE, keyId: 0x24 }),
  "uk4-df01": place(0x87, { usage: FOR_UPDATE, keyId: 0x25 }),
  "uk5-df01": place(0x88),
  "uk6-df01": place(0x89),
  "rk1-df02": place(0x8a),
  "uk1-df02": place(0x84, { usage: FOR_UPDATE, keyId: 0x26 }),
  "uk2-df02": place(0x85),
  "uk3-df02": place(0x86),
  "uk4-df02": place(0x87, { usage: FOR_UPDATE, keyId: 0x27 }),
  "uk5-df02": place(0x88, { usage: FOR_UPDATE, keyId: 0x28 }),
  "uk6-df02": place(0x89),
  "rk1-df03": place(0x8a, { usage: FOR_PROOF, keyId: 0x2b }),
  "rk2-df03": place(0x8b, { usage: FOR_PROOF, keyId: 0x2c }),
  "uk1-df03": place(0x84),
  "uk2-df03": place(0x85, { usage: FOR_UPDATE, keyId: 0x29 }),
  "uk3-df03": place(0x86),
  "uk4-df03": place(0x87),
  "uk5-df03": place(0x88),
  "uk6-df03": place(0x89),
  "rk1-df04": place(0x8a, { usage: FOR_PROOF, keyId: 0x2d }),
  "uk1-df04": place(0x84),
  "uk2-df04": place(0x85, { usage: FOR_UPDATE, keyId: 0x2a }),
  "rk1-df07": place(0x8a),
  "rk2-df07": place(0x8b),
  "rk3-df07": place(0x8c),
  "uk1-df07": place(0x84),
  "uk2-df07": place(0x85),
  "uk3-df07": place(0x86),
};
