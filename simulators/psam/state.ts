/* What a simulated security module is made of, as plain data. */
import type { CardProfile } from "../../device/codec/card-profile.ts";
import type { LengthRule } from "../card/iso.ts";
import type { TearPoint } from "../card/state.ts";
import type { KeyAlgorithm } from "../crypto/blocks.ts";

/** Contents of EF 001A, 001B and 001C in hexadecimal. */
export interface PsamApplicationData {
  readonly national: string;
  readonly province: string;
  readonly city: string;
}

/** One installed key. */
export interface PsamKey {
  readonly application: "social" | "purse";
  readonly algorithm: KeyAlgorithm;
  /** Low five bits of the usage byte: 2 purchase, 5 maintenance, 6 MAC, 7 encrypt, 8 both. */
  readonly type: number;
  /** Key identifier, or key version of a purchase key. */
  readonly id: number;
  /** Factors that its use takes: 3 for a root key, 2 for a province's, 1 for a city's or issuer's, 0 for one that is the same on all cards. */
  readonly level: 0 | 1 | 2 | 3;
  readonly keyHex: string;
  /** Left out: it is not. */
  readonly locked?: boolean;
}

export interface PsamFaults {
  readonly mute: boolean;
  readonly extraMsPerCommand: number;
  /** MAC1 is altered: the card will refuse it. */
  readonly wrongMac1: boolean;
  /** All purchase keys are locked (6983). */
  readonly locked: boolean;
  readonly commandsUntilTear: number | undefined;
  readonly tearAt: TearPoint;
}

export const NO_PSAM_FAULTS: PsamFaults = { mute: false, extraMsPerCommand: 0, wrongMac1: false, locked: false, commandsUntilTear: undefined, tearAt: "after" };

export interface PsamPersonalization {
  readonly historicalHex: string;
  /** 12 digits. */
  readonly terminalNumber: string;
  /** EF15, 15 bytes. */
  readonly publicDataHex: string;
  /** Left out: 16 bytes of zeros each. */
  readonly applicationData?: PsamApplicationData;
  readonly lengthRule: LengthRule;
  readonly profile: CardProfile;
  readonly keys: readonly PsamKey[];
}

export interface PsamSnapshot {
  readonly version: 1;
  readonly personalization: PsamPersonalization;
  /** Terminal transaction sequence of the next purchase. */
  readonly terminalSeq: number;
  readonly faults: PsamFaults;
}
