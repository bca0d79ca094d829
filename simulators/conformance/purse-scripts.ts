/*
 * What a tap of each purse says to the card, command by command, and what its records become: the tables of torn taps and of power cuts are
 * made from it. Cases check each command that they touch against this script, so that a changed dialogue cannot empty a table.
 */
import { fen } from "../../device/base/fen.ts";
import type { CardProfile } from "../../device/codec/card-profile.ts";
import type { PurseChoice } from "../../device/txn/sale-request.ts";
import type { TestCardOptions } from "../card/make.ts";
import type { Tag } from "./types.ts";

/** A step of a tap: what it is for, and the card command that does it. */
export interface TapCommand {
  readonly name: string;
  readonly instruction: number;
  /** Where the sale stands: nobody knows of it yet; it is being opened; the card has decided, which is on record; this command takes the money. */
  readonly stage: "naming" | "opening" | "decided" | "debit";
}

/** One setting under which a purse is tapped. */
export interface PurseSetting {
  readonly name: string;
  readonly profile: Partial<CardProfile>;
  readonly card: Partial<TestCardOptions>;
  readonly tags: readonly Tag[];
  readonly tap: readonly TapCommand[];
  /** The tap of a card that was debited and comes back, up to its proof. */
  readonly returnDebited: readonly TapCommand[];
  /** The tap of a card that was not, which goes on to a new sale. */
  readonly returnNotDebited: readonly TapCommand[];
}

export interface PurseScript {
  readonly prefix: string;
  readonly spec: string;
  readonly choice: PurseChoice;
  readonly tags: readonly Tag[];
  /** Records of a whole sale. */
  readonly paid: readonly string[];
  readonly proof: "psam" | "signature";
  /** Commands to the module, by instruction. */
  readonly module: readonly { readonly name: string; readonly instruction: number; readonly debited: boolean }[];
  readonly settings: readonly PurseSetting[];
}

const MODES = ["pre", "post"] as const;

const naming = (name: string, instruction: number): TapCommand => ({ name, instruction, stage: "naming" });
const opening = (name: string, instruction: number): TapCommand => ({ name, instruction, stage: "opening" });
const decided = (name: string, instruction: number): TapCommand => ({ name, instruction, stage: "decided" });
const debit = (name: string, instruction: number): TapCommand => ({ name, instruction, stage: "debit" });

/** The answer to SELECT brings EF15 with it. */
const NAME_ACCOUNT = [naming("SELECT", 0xa4), naming("LOG", 0xb2)];
const SELL_COMPOUND = [opening("INITIALIZE", 0x50), opening("CACHE", 0xdc), debit("DEBIT", 0x54)];

/** A trip record, as a gate would write it. Spec: JT/T 978, EF1E. */
const TRIP = new Uint8Array(48).fill(0x31);

const COMPOUND: PurseScript = {
  prefix: "CAP",
  spec: "PBOC purse, compound purchase",
  choice: { kind: "compound", record: { file: 0x1e, by: "identifier", record: 0x00, data: TRIP } },
  tags: ["purse", "purchase", "compound"],
  paid: ["prepared", "done"],
  proof: "psam",
  module: [
    { name: "MODULE-INITIALIZE", instruction: 0x70, debited: false },
    { name: "MODULE-CREDIT", instruction: 0x72, debited: true },
  ],
  settings: MODES.map((logSeqMode) => ({
    name: logSeqMode,
    profile: { logSeqMode },
    card: { purse: { transit: "t-union" } },
    tags: [logSeqMode, `profile:logSeqMode=${logSeqMode}`],
    tap: [...NAME_ACCOUNT, ...SELL_COMPOUND],
    returnDebited: [...NAME_ACCOUNT, naming("LOG-PROOF", 0xb2), naming("PROVE", 0x5a)],
    returnNotDebited: [...NAME_ACCOUNT, naming("LOG-PROOF", 0xb2), ...SELL_COMPOUND],
  })),
};

const NAME_SOCIAL = [
  naming("SELECT-SSSE", 0xa4),
  naming("IDENTIFIER", 0xb2),
  naming("CATEGORY", 0xb2),
  naming("VERSION", 0xb2),
  naming("ORGANISATION", 0xb2),
  naming("ISSUED", 0xb2),
  naming("EXPIRY", 0xb2),
  naming("NUMBER", 0xb2),
];
const PIN_QUERY = naming("PIN-QUERY", 0x20);
const PIN_VERIFY = naming("PIN-VERIFY", 0x20);
const OPEN_MEDICAL = [naming("SELECT-DF04", 0xa4), naming("LOG", 0xb2)];
/** What the card says of payment without the insurer, behind the terminal's proof of its key of reading. */
const ADMIT_MEDICAL = [
  naming("SELECT-DF04", 0xa4),
  naming("SELECT-DF04-FLAGS", 0xa4),
  naming("CHALLENGE-RAW", 0x84),
  naming("CHALLENGE-FACTOR", 0x84),
  naming("EXTERNAL-AUTHENTICATE", 0x82),
  naming("CARD-USE", 0xb2),
  naming("OFFLINE-ALLOWED", 0xb2),
  naming("LOG", 0xb2),
];
const GENUINE = naming("INTERNAL-AUTHENTICATE", 0x88);
const SELL_MEDICAL = [opening("INITIALIZE", 0x28), debit("DEBIT", 0x2c)];

function medicalSetting(logSeqMode: "pre" | "post", pin: string | undefined): PurseSetting {
  const ask = pin === undefined ? [PIN_QUERY] : [PIN_QUERY, PIN_VERIFY];
  return {
    name: pin === undefined ? logSeqMode : `${logSeqMode}-pin`,
    profile: { logSeqMode },
    card: { medicalPurse: { accountFen: 10_000 }, ...(pin === undefined ? {} : { pin }) },
    tags: [logSeqMode, `profile:logSeqMode=${logSeqMode}`, ...(pin === undefined ? [] : (["pin"] as const))],
    tap: [...NAME_SOCIAL, GENUINE, ...ask, ...ADMIT_MEDICAL, ...SELL_MEDICAL],
    returnDebited: [...NAME_SOCIAL, ...ask, ...OPEN_MEDICAL, naming("PROOF", 0x2e)],
    returnNotDebited: [...NAME_SOCIAL, ...ask, ...OPEN_MEDICAL, naming("SELECT-SSSE-AGAIN", 0xa4), GENUINE, ...ADMIT_MEDICAL, ...SELL_MEDICAL],
  };
}

const MEDICAL: PurseScript = {
  prefix: "MED",
  spec: "LD/T 32.7, 14 (tear recovery)",
  choice: { kind: "medical-purse", selfPay: fen(120), pooled: fen(2_300) },
  tags: ["medical-purse", "purchase"],
  paid: ["prepared", "done"],
  proof: "psam",
  module: [
    { name: "MODULE-AUTHENTICATE", instruction: 0xfa, debited: false },
    { name: "MODULE-INITIALIZE", instruction: 0x70, debited: false },
    { name: "MODULE-CREDIT", instruction: 0x72, debited: true },
  ],
  settings: [...MODES.map((mode) => medicalSetting(mode, undefined)), medicalSetting("post", "123456")],
};

const NAME_CASH = [naming("SELECT-PPSE", 0xa4), naming("SELECT-AID", 0xa4), naming("TRACK2", 0xb2), naming("ACCOUNT", 0xb2), naming("BALANCE", 0xca)];
const SELL_CASH = [
  opening("OPTIONS", 0xa8),
  decided("RECORD-1", 0xb2),
  decided("RECORD-2", 0xb2),
  decided("RECORD-3", 0xb2),
  decided("RECORD-4", 0xb2),
  debit("LAST-RECORD", 0xb2),
];
/** The first command after the selection asks for the last record again, before anything could erase the card's copy. */
const RECALL_CASH = [
  naming("SELECT-AID", 0xa4),
  naming("RECALL", 0xb2),
  naming("TRACK2", 0xb2),
  naming("ACCOUNT", 0xb2),
  naming("BALANCE", 0xca),
  naming("COUNTER", 0xca),
];
const VERIFY_CASH = [naming("SIGNED-1", 0xb2), naming("SIGNED-2", 0xb2), naming("SIGNED-3", 0xb2), naming("SIGNED-4", 0xb2)];

const CASH: PurseScript = {
  prefix: "EC",
  spec: "JR/T 0025, quick debit and credit, torn transactions",
  choice: { kind: "electronic-cash" },
  tags: ["purchase"],
  paid: ["prepared", "acting", "done"],
  proof: "signature",
  module: [],
  settings: (["00", "01"] as const).map((signatureVersion) => ({
    name: `v${signatureVersion}`,
    profile: {},
    card: { electronicCash: { balanceFen: 10_000, algorithms: "sm", signatureVersion } },
    tags: ["sm4"],
    tap: [...NAME_CASH, ...SELL_CASH],
    returnDebited: [...RECALL_CASH, ...VERIFY_CASH],
    returnNotDebited: [...RECALL_CASH, ...SELL_CASH],
  })),
};

export const PURSE_SCRIPTS: readonly PurseScript[] = [COMPOUND, MEDICAL, CASH];
