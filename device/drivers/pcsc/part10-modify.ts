/* A change of the PIN on the reader as bytes: what is sent to the reader and what its answer means. Spec: PC/SC 10. */
import { type Bytes, concat, u8 } from "../../base/bytes.ts";
import type { PinChangeOutcome, PinChangeTemplate } from "../ports.ts";
import { DEFAULT_SPE_PROFILE, featureCode, pinOutcome, type SpeProfile } from "./part10.ts";

const FEATURE_MODIFY_PIN_DIRECT = 0x07;
const NEW_ENTRIES_DIFFER = "6402";
const MESSAGES = 3;

/** Control code of MODIFY_PIN_DIRECT in a feature list, or undefined where the reader has none or the list is malformed. Never throws. */
export function modifyPinCode(features: Bytes): number | undefined {
  return featureCode(features, FEATURE_MODIFY_PIN_DIRECT);
}

export interface PinChangeEntry {
  readonly template: PinChangeTemplate;
  /** The reader cannot vary the length of the command, so that old and new PIN have this many digits. */
  readonly digits: number;
  /** 1 to 255: how long the reader waits for the holder. */
  readonly timeoutSeconds: number;
  /** Left out: as most readers understand it. */
  readonly profile?: SpeProfile;
}

/** PIN_MODIFY_STRUCTURE with the command template behind it: old digits, the separator, new digits. Spec: PC/SC 10, PIN_MODIFY_STRUCTURE. */
export function pinModifyStructure({ template, digits, timeoutSeconds, profile = DEFAULT_SPE_PROFILE }: PinChangeEntry): Bytes {
  const blockLength = Math.ceil(digits / 2);
  const block = new Uint8Array(blockLength).fill(0xff);
  const data = concat(block, template.separator, block);
  const command = concat(template.header, u8(data.length), data);
  const language = [0x04, 0x08]; // zh-CN, least significant byte first
  return concat(
    Uint8Array.of(
      timeoutSeconds,
      0x0f, // time after the first digit
      profile.spePinFormat,
      blockLength,
      0x00, // no length is inserted
      0x00, // the old digits stand at the beginning of the data
      blockLength + template.separator.length, // the new ones behind the separator
      digits, // longest
      digits, // shortest
      0x03, // the holder enters the old PIN, and the new one twice
      0x02, // each ends with the OK key
      MESSAGES,
      ...language,
      0x00, // messages: old, new, new again
      0x01,
      0x02,
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

/** What the answer to MODIFY_PIN_DIRECT means: the card's own status word, or one that the reader made. Never throws. */
export function pinChangeOutcome(answer: Bytes, profile: SpeProfile = DEFAULT_SPE_PROFILE): PinChangeOutcome | undefined {
  const isDifference = profile.speExtraSw === "map" && Buffer.from(answer).toString("hex") === NEW_ENTRIES_DIFFER;
  return isDifference ? { kind: "entries-differ" } : pinOutcome(answer);
}
