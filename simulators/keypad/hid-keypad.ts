/* A numeric keypad as a keyboard of the HID kind: its description, and what it reports for each key. Spec: USB HID, boot keyboard report. */
import { type Bytes, fromHex } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";

/** The description of a boot keyboard, whose reports are not numbered. */
export const KEYPAD_DESCRIPTOR = fromHex(
  "05010906A101 050719E029E7150025017501950881 02 9501750881 01 9505750105081901290591 02 9501750391 01 9506750815002565050719002965 8100 C0".replaceAll(
    " ",
    "",
  ),
);

/** What is printed on the keys, and their usages. Spec: USB HID usages, keyboard page. */
const USAGES = {
  ...{ "1": 0x59, "2": 0x5a, "3": 0x5b, "4": 0x5c, "5": 0x5d, "6": 0x5e, "7": 0x5f, "8": 0x60, "9": 0x61, "0": 0x62 },
  ...{ ".": 0x63, "00": 0xb0, "000": 0xb1, enter: 0x58, esc: 0x29, clear: 0x9c, back: 0x2a, numlock: 0x53, plus: 0x57 },
} as const;

export type KeypadCap = keyof typeof USAGES;

export const KEYPAD_CAPS: readonly string[] = Object.keys(USAGES);

export function isKeypadCap(word: string): word is KeypadCap {
  return Object.hasOwn(USAGES, word);
}

export interface HidKeypadFaults {
  /** Reports get lost. */
  readonly deaf: boolean;
  /** Somebody types so fast that each key is down before the one before is up. */
  readonly overlaps: boolean;
  /** Between keys the keypad says that it cannot tell which are down. */
  readonly rollOver: boolean;
  readonly lateMs: number;
}

export const NO_HID_KEYPAD_FAULTS: HidKeypadFaults = { deaf: false, overlaps: false, rollOver: false, lateMs: 0 };

const KEYS = 6;
const ROLL_OVER = 0x01;

function report(down: readonly number[]): Bytes {
  return Uint8Array.of(0, 0, ...down, ...Array.from({ length: KEYS - down.length }, () => 0));
}

/** A keypad that hangs on whatever carries reports to the host. */
export class SimulatedHidKeypad {
  readonly #clock: Clock;
  #input: (report: Bytes) => void = () => undefined;
  #faults: HidKeypadFaults = NO_HID_KEYPAD_FAULTS;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  attach(input: (report: Bytes) => void): void {
    this.#input = input;
  }

  setFaults(faults: Partial<HidKeypadFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  /** Somebody presses these keys one after the other. */
  press(caps: readonly KeypadCap[]): void {
    void this.#press(caps);
  }

  async #press(caps: readonly KeypadCap[]): Promise<void> {
    const { deaf, lateMs } = this.#faults;
    if (lateMs > 0) await this.#clock.sleep(lateMs);
    if (deaf) return;
    for (const each of this.#reports(caps)) this.#input(each);
  }

  #reports(caps: readonly KeypadCap[]): readonly Bytes[] {
    const { overlaps, rollOver } = this.#faults;
    const usages = caps.map((cap) => USAGES[cap]);
    return usages.flatMap((usage, at) => {
      const next = usages[at + 1];
      const doubt = rollOver ? [report(Array.from({ length: KEYS }, () => ROLL_OVER))] : [];
      // The same key cannot be down twice: it comes up in between.
      const both = overlaps && next !== undefined && next !== usage ? [report([usage, next]), report([next])] : [report([])];
      return [report([usage]), ...doubt, ...both];
    });
  }
}
