/*
 * What a simulated card is made of: its personalisation (never changes), its memory (survives power, changes only in whole
 * steps) and the faults a user may switch on. All of it is plain data, so a card can be written down and taken up again.
 */
import type { CardProfile } from "../../device/codec/card-profile.ts";
import type { KeyAlgorithm } from "../crypto/blocks.ts";
import type { SocialCertificateFault } from "../crypto/social-certificates.ts";
import type { TestKeyName } from "../crypto/test-keys.ts";
import { type BankFaults, type ElectronicCashData, type ElectronicCashMemory, NO_BANK_FAULTS } from "./electronic-cash/state.ts";
import type { ReadRule } from "./files.ts";
import type { LengthRule } from "./iso.ts";
import type { MedicalPurseData, MedicalPurseMemory } from "./medical-purse/state.ts";
import type { PurseData, PurseMemory, StoredProof } from "./purse/state.ts";
import type { DirectoryName, Generation, SocialMemory } from "./social/state.ts";

export type { PurseData, StoredProof } from "./purse/state.ts";

/** Which of a card's stores of money a purchase was taken from, and by which kind of command. */
export type PurseKind = "e-purse" | "e-passbook" | "compound" | "grey-lock" | "medical-purse" | "electronic-cash";

/** One purchase that this card has committed: the truth that checkers compare everything else with. */
export interface CardDebit {
  /** Absent: "e-purse". */
  readonly purse?: PurseKind;
  /** Electronic cash only: the terminal's random number of this purchase, 8 hexadecimal digits; it names no terminal and no sequence. */
  readonly unpredictableNumber?: string;
  /** Medical purse only: what was written down beside the account amount. */
  readonly selfPayFen?: number;
  readonly pooledFen?: number;
  readonly amountFen: number;
  /** 12 hexadecimal digits. */
  readonly terminalNumber: string;
  readonly terminalSeq: number;
  /** YYYYMMDD. */
  readonly date: string;
  /** HHMMSS. */
  readonly time: string;
  readonly cardSeqBefore: number;
  /** 8 hexadecimal digits, as the card gave it. */
  readonly tac: string;
}

export interface CardLoad {
  /** Absent: "e-purse". */
  readonly purse?: PurseKind;
  readonly amountFen: number;
  readonly terminalNumber: string;
  readonly date: string;
  readonly time: string;
  readonly onlineSeqBefore: number;
  readonly tac: string;
}

/** Everything that survives power; replaced as a whole at each commit. */
export interface CardMemory {
  readonly balanceFen: number;
  readonly onlineSeq: number;
  readonly offlineSeq: number;
  /** Log records of 23 bytes in hexadecimal, newest first, at most ten. */
  readonly log: readonly string[];
  readonly proof: StoredProof | undefined;
  readonly pinTriesLeft: number;
  readonly rkssseTriesLeft: number;
  readonly debits: readonly CardDebit[];
  readonly loads: readonly CardLoad[];
  /** CARD BLOCK has been carried out: the card answers nothing but that any more. */
  readonly cardBlocked?: boolean;
  /** What the purse application keeps beside the e-purse itself; absent on a card whose purse has nothing but the e-purse. */
  readonly purse?: PurseMemory;
  /** What the further applications keep; absent where the card has none of them. */
  readonly social?: SocialMemory;
  readonly medicalPurse?: MedicalPurseMemory;
  readonly electronicCash?: ElectronicCashMemory;
}

/** Where in a command the field or contact was lost: before it reached the card, before the commit, or after it with the answer lost. */
export type TearPoint = "before" | "during" | "after";

/** A place in one exchange: by its meaning, or by the number of bytes that got across before it, counted over the command and then its answer. */
export type TearPlace = TearPoint | number;

/** Faults that a user of the simulator can switch on and off. */
export interface CardFaults extends Partial<BankFaults> {
  /** No answer to reset. */
  readonly mute: boolean;
  /** Added to every command by a reader with a clock. */
  readonly extraMsPerCommand: number;
  /** Added to commands with this instruction alone: a card that asks for more waiting time. */
  readonly slowInstruction?: { readonly ins: number; readonly extraMs: number } | undefined;
  /** The MAC2 of a purchase is altered; the card has debited all the same. */
  readonly wrongMac2: boolean;
  readonly wrongTac: boolean;
  /** What has been permanently blocked. */
  readonly blocked: "nothing" | "purse" | "social" | "electronic-cash" | "card";
  /** The offline sequence counts as used up. */
  readonly counterExhausted: boolean;
  /** The stored proof is lost at the next INITIALIZE FOR PURCHASE, not only at the next commit. */
  readonly proofDroppedByNextInit: boolean;
  /** The card answers its next debit or credit, of any purse, by "memory trouble" (6581), with everything written or nothing. Undefined: never. */
  readonly memoryTrouble?: "written" | "not-written" | undefined;
  /** What is wrong with the certificates of the social application, where the card has them. Undefined: nothing. */
  readonly socialCertificate?: SocialCertificateFault | undefined;
  /** Commands after power-up that are answered; the next one is torn at `tearAt`. Undefined: never. */
  readonly commandsUntilTear: number | undefined;
  readonly tearAt: TearPoint;
  /** Bytes of the torn exchange that still get across; decides instead of `tearAt`. */
  readonly tearAtByte?: number | undefined;
}

/**
 * What a tear after so many bytes means to the card: a command that is not whole never happened, one that is whole and has no answer yet is
 * torn while the card works, and once the answer has begun everything has been done.
 */
export function tearPoint(command: { readonly length: number }, place: TearPlace): TearPoint {
  if (typeof place === "string") return place;
  if (place < command.length) return "before";
  return place === command.length ? "during" : "after";
}

export const NO_FAULTS: CardFaults = {
  ...NO_BANK_FAULTS,
  mute: false,
  extraMsPerCommand: 0,
  slowInstruction: undefined,
  wrongMac2: false,
  wrongTac: false,
  blocked: "nothing",
  counterExhausted: false,
  proofDroppedByNextInit: false,
  socialCertificate: undefined,
  commandsUntilTear: undefined,
  tearAt: "after",
  tearAtByte: undefined,
};

/** A file of the social application as data. */
export interface FileData {
  readonly id: number;
  /** Overrides the rule of the file structure. */
  readonly read: ReadRule;
  readonly records: readonly { readonly tag: number; readonly valueHex: string }[];
}

export interface SocialData {
  readonly algorithm: KeyAlgorithm;
  /** False for cards whose FCI has no tag 86. */
  readonly showsAlgorithm: boolean;
  /** Files of the SSSE and of DF04. */
  readonly environment: readonly FileData[];
  readonly medical: readonly FileData[];
  readonly irkHex: string;
  readonly rkssseHex: string;
  /** "3" when absent. */
  readonly generation?: Generation;
  /** Factors of the card's further keys (card, city, province): they are derived from the published roots when first used. */
  readonly factorsHex?: readonly string[];
  /** Further keys that differ from the derived ones, by their names. */
  readonly keysHex?: Readonly<Partial<Record<TestKeyName, string>>>;
  /** Files of the other directories that are not as made up. */
  readonly directories?: Readonly<Partial<Record<DirectoryName, readonly FileData[]>>>;
  /** Digits of the holder's PIN; undefined when none is set. */
  readonly pin: string | undefined;
}

/** What the card maker put in; TEST keys and made-up identities only. */
export interface CardPersonalization {
  /** 13 historical bytes of ATR and ATS. */
  readonly historicalHex: string;
  readonly interface: "contact" | "contactless";
  readonly lengthRule: LengthRule;
  readonly initialBalanceFen: number;
  readonly profile: CardProfile;
  readonly social: SocialData;
  readonly purse: PurseData;
  /** The purse in DF04 (CLA B0); absent on cards without one. */
  readonly medicalPurse?: MedicalPurseData;
  /** The bank application; absent on cards without one. */
  readonly electronicCash?: ElectronicCashData;
}

/** A whole card as plain JSON data. */
export interface CardSnapshot {
  readonly version: 1;
  readonly personalization: CardPersonalization;
  readonly memory: CardMemory;
  readonly faults: CardFaults;
  /** Random numbers drawn so far, so that none repeats after a restart. */
  readonly drawn: number;
}
