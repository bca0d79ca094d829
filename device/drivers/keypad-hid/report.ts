/*
 * Reports of a keyboard as keys that were pressed. A report names the keys that are down; a key counts when it was not down in the report before.
 * Spec: USB HID, boot keyboard report; USB HID usages, keyboard page.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { KeypadKey } from "../framing/typed-amount.ts";

const KEYS_BEHIND = 2;
const KEYS_MAX = 6;
/** In all places: more keys are down than the report can tell. */
const ROLL_OVER = 0x01;

/** Both the row above the letters and the pad, whatever NumLock says: at a counter they mean their digits. */
const KEYS: ReadonlyMap<number, KeypadKey> = new Map<number, KeypadKey>([
  ...(["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"] as const).flatMap((digit, at): (readonly [number, KeypadKey])[] => [
    [0x1e + at, digit],
    [0x59 + at, digit],
  ]),
  [0x28, "enter"],
  [0x58, "enter"],
  [0x29, "clear"],
  [0x9c, "clear"],
  [0xd8, "clear"],
  [0x2a, "back"],
  [0xbb, "back"],
  [0x37, "point"],
  [0x63, "point"],
  [0xb0, "00"],
  [0xb1, "000"],
]);

export class PressedKeys {
  readonly #reportId: number;
  #down: readonly number[] = [];

  /** `reportId`: 0 where the device numbers its reports not at all. */
  constructor(reportId: number) {
    this.#reportId = reportId;
  }

  /** Another device has taken the place of the one before, or the same was away. */
  restart(): void {
    this.#down = [];
  }

  /** The keys of an amount that this report says were pressed, in its order. Never throws. */
  feed(report: Bytes): readonly KeypadKey[] {
    const behind = this.#reportId === 0 ? 0 : 1;
    if (behind === 1 && report[0] !== this.#reportId) return [];
    if (report.length <= behind + KEYS_BEHIND) return [];
    const down = [...report.slice(behind + KEYS_BEHIND, behind + KEYS_BEHIND + KEYS_MAX)].filter((usage) => usage !== 0);
    // Which keys are down cannot be told from it: those of before still are.
    if (down.includes(ROLL_OVER)) return [];
    const pressed = down.filter((usage, at) => !this.#down.includes(usage) && down.indexOf(usage) === at);
    this.#down = down;
    return pressed.flatMap((usage) => KEYS.get(usage) ?? []);
  }
}
