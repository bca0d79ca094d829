/* PIN entry on the reader as bytes: what is sent to the reader and what its answer means. Spec: PC/SC 10. */
import { type Bytes, concat, readUint, u8 } from "../../base/bytes.ts";
import type { PinOutcome, PinTemplate } from "../ports.ts";

/** Asks a reader for its features. Spec: PC/SC 10, CM_IOCTL_GET_FEATURE_REQUEST. */
export const GET_FEATURE_REQUEST = 0x4200_0d48;
const FEATURE_VERIFY_PIN_DIRECT = 0x06;
const FEATURES_MAX = 42;

/**
 * Control code of VERIFY_PIN_DIRECT in a feature list, or undefined where the reader has none or the list is malformed.
 * Codes differ between drivers, so that they are always taken from this list. Never throws.
 */
export function verifyPinCode(features: Bytes): number | undefined {
  return featureCode(features, FEATURE_VERIFY_PIN_DIRECT);
}

/** Control code of any feature in the list, like {@link verifyPinCode}. */
export function featureCode(features: Bytes, feature: number): number | undefined {
  for (let at = 0, count = 0; at + 6 <= features.length && count < FEATURES_MAX; at += 6, count += 1) {
    if (features[at + 1] !== 4) return undefined;
    if (features[at] === feature) return readUint(features, at + 2, 4);
  }
  return undefined;
}

/** Open questions about readers with a keypad, each a named switch. */
export interface SpeProfile {
  /** Whether the reader's own 6402 means that the two new entries differ, or is told as a status word like any other. */
  readonly speExtraSw: "map" | "generic";
  /** bmFormatString for digits in BCD. */
  readonly spePinFormat: number;
}

/** Units are bytes, no offset, left justified, BCD. */
export const DEFAULT_SPE_PROFILE: SpeProfile = { speExtraSw: "map", spePinFormat: 0x81 };

export interface PinEntry {
  readonly template: PinTemplate;
  /** The reader cannot vary the length of the command, so that the number of digits is fixed. */
  readonly digits: number;
  /** 1 to 255: how long the reader waits for the holder. */
  readonly timeoutSeconds: number;
  /** Left out: as most readers understand it. */
  readonly profile?: SpeProfile;
}

/** PIN_VERIFY_STRUCTURE with the command template behind it. Spec: PC/SC 10, PIN_VERIFY_STRUCTURE. */
export function pinVerifyStructure(entry: PinEntry): Bytes {
  const blockLength = Math.ceil(entry.digits / 2);
  const command = concat(entry.template.header, u8(blockLength), new Uint8Array(blockLength).fill(0xff));
  const language = [0x04, 0x08]; // zh-CN, least significant byte first
  return concat(
    Uint8Array.of(
      entry.timeoutSeconds,
      0x0f, // time after the first digit
      (entry.profile ?? DEFAULT_SPE_PROFILE).spePinFormat,
      blockLength,
      0x00, // no length is inserted
      entry.digits, // longest
      entry.digits, // shortest
      0x02, // ends with the OK key
      0x01, // one message
      ...language,
      0x00, // first message
      0x00,
      0x00,
      0x00, // T=1 prologue, unused
      command.length,
      0x00,
      0x00,
      0x00,
    ),
    command,
  );
}

/** What the answer to VERIFY_PIN_DIRECT means: the card's own status word, or one that the reader made. Never throws. */
export function pinOutcome(answer: Bytes): PinOutcome | undefined {
  if (answer.length !== 2) return undefined;
  const statusWord = readUint(answer, 0, 2);
  if (statusWord === 0x9000) return { kind: "verified" };
  // The card counts tries in the low nibble; none left is the same as locked. Spec: ISO/IEC 7816-4, status 63Cx.
  if (statusWord === 0x63c0 || statusWord === 0x6983) return { kind: "locked" };
  if ((statusWord & 0xfff0) === 0x63c0) return { kind: "wrong", triesLeft: statusWord & 0x0f };
  if (statusWord === 0x6400) return { kind: "timed-out" };
  if (statusWord === 0x6401) return { kind: "cancelled" };
  return { kind: "refused", statusWord };
}
