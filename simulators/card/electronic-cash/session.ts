/*
 * What the commands of a bank application share. A command is a function from the card and the session to a step: an answer, the session after it,
 * and what is to be committed. The application commits each step at once, so that a command changes the memory wholly or not at all.
 */
import type { Bytes } from "../../../device/base/bytes.ts";
import type { KeyAlgorithm } from "../../crypto/blocks.ts";
import type { CertificateKind } from "../../crypto/certificates.ts";
import type { CardCore } from "../core.ts";
import { type Answer, refuse } from "../iso.ts";
import type { CardDebit, CardLoad } from "../state.ts";
import type { Sent } from "./dol.ts";
import type { ElectronicCashData, ElectronicCashMemory, IndustryRecord } from "./state.ts";

/** One bank application of one card, as one command finds it. */
export interface Bank {
  readonly core: CardCore;
  readonly data: ElectronicCashData;
  readonly memory: ElectronicCashMemory;
}

/** What DF60 asks for. */
export type IndustryPurpose = "none" | "segment" | "reserve" | "complete";

/** A quick payment that the card has approved and that the last record will commit. */
export interface PendingPayment {
  readonly counter: number;
  readonly amountFen: number;
  readonly purpose: IndustryPurpose;
  /** 8 bytes; zeros for a pre-authorisation, which has none. */
  readonly cryptogram: Bytes;
  /** 9F69; undefined with the older version of the signature. */
  readonly authenticationData: Bytes | undefined;
  /** 9F4B when it did not fit the first answer. */
  readonly signature: Bytes | undefined;
  /** Industry records as the cache has them; undefined where nothing was cached. */
  readonly cached: readonly IndustryRecord[] | undefined;
}

/** Where a transaction of the full path stands. */
export interface FullState {
  /** Whether it is one of electronic cash. */
  readonly cash: boolean;
  /** The first cryptogram; undefined before GENERATE AC. */
  readonly first?: { readonly cryptogram: Bytes; readonly outcome: "approved" | "declined" | "online" };
  readonly finished: boolean;
  readonly issuer: "not-asked" | "genuine" | "false";
  readonly dynamicSigned: boolean;
  readonly pin: "not-asked" | "right" | "wrong";
}

export interface Session {
  readonly stage: "selected" | "quick" | "full";
  /** No command has come since SELECT. */
  readonly first: boolean;
  /** Nothing but reads of industry records has come since SELECT. */
  readonly fresh: boolean;
  /** Application that was selected, hexadecimal. */
  readonly aid: string;
  readonly kind: CertificateKind;
  /** Everything that the terminal has sent so far. */
  readonly sent: Sent;
  /** Industry record that was read last: place among all of them. */
  readonly industryRead?: { readonly sfi: number; readonly id: string; readonly at: number };
  /** UPDATE CAPP DATA CACHE may come now. */
  readonly cacheOpen: boolean;
  readonly pending?: PendingPayment;
  /** What the last record says of a payment that went online and was signed: there is nothing to commit. */
  readonly signedOnline?: Pick<PendingPayment, "authenticationData" | "signature">;
  readonly full?: FullState;
}

export interface Commit {
  readonly bank?: Partial<ElectronicCashMemory>;
  readonly debit?: CardDebit;
  readonly load?: CardLoad;
  readonly cardBlocked?: true;
}

export interface Step {
  readonly answer: Answer;
  /** Absent: as it was. */
  readonly session?: Session;
  readonly commit?: Commit;
  /** The kept answer of the last payment was given out once more. */
  readonly repeated?: true;
}

export function refused(sw: number): Step {
  return { answer: refuse(sw) };
}

/** Status words of this application alone. */
export const BANK_SW = {
  applicationBlocked: 0x6283,
  issuerNotGenuine: 0x6300,
  tooManyReservations: 0x6971,
  reservedAlready: 0x6972,
  nothingReserved: 0x6973,
  nothingCached: 0x6974,
  tooLong: 0x6a84,
  wrongMac: 0x6988,
} as const;

/** Algorithm of the keys that go with certificates of a kind. */
export function keyAlgorithm(kind: CertificateKind): KeyAlgorithm {
  return kind === "sm" ? "sm4" : "3des";
}

/** Money set aside by offline pre-authorisations. */
export function reservedFen(memory: ElectronicCashMemory): number {
  return memory.industry.reduce((sum, { reservedFen: reserved = 0 }) => sum + reserved, 0);
}

/** 9F5D: what may be spent offline without the deposit. */
export function availableFen(memory: ElectronicCashMemory): number {
  return Math.max(0, memory.balanceFen - reservedFen(memory));
}

/** A session directly after SELECT. */
export function openedSession(aid: string, kind: CertificateKind): Session {
  return { stage: "selected", first: true, fresh: true, aid, kind, sent: new Map(), cacheOpen: false };
}
