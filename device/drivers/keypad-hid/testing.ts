/* A bench for HID keypads: the same keypad and driver over any line of reports. */
import { isKeypadCap, type KeypadCap, type SimulatedHidKeypad } from "../../../simulators/keypad/hid-keypad.ts";
import type { Clock } from "../../base/ports.ts";
import type { KeypadBench } from "../contract/bench.ts";
import type { ReportLine } from "../framing/lines.ts";
import { openHidKeypad } from "./keypad.ts";

export interface KeypadStand {
  readonly line: ReportLine;
  readonly clock: Clock;
  readonly keypad: SimulatedHidKeypad;
  run<Value>(work: Promise<Value>): Promise<Value>;
  unplug(): Promise<void>;
  plugIn(): Promise<void>;
  close(): Promise<void>;
}

export function hidKeypadBench(stand: KeypadStand): KeypadBench {
  const { line, clock, keypad: simulated } = stand;
  const keypad = openHidKeypad(line, { clock, reportId: 0 });
  return {
    keypad,
    clock,
    run: (work) => stand.run(work),
    press: (keys) => simulated.press(capsOf(keys)),
    unplug: () => stand.unplug(),
    plugIn: () => stand.plugIn(),
    close: async () => {
      await keypad.close();
      await stand.close();
    },
  };
}

function capsOf(keys: string): readonly KeypadCap[] {
  return keys.split(" ").map((word) => {
    if (!isKeypadCap(word)) throw new Error(`no keypad has the key ${word}`);
    return word;
  });
}
