/* The keypad at which a counter types amounts, for `sim --devices`. */
import { HidrawNode } from "../hid/hidraw.ts";
import { type HidKeypadFaults, isKeypadCap, KEYPAD_CAPS, KEYPAD_DESCRIPTOR, NO_HID_KEYPAD_FAULTS, SimulatedHidKeypad } from "../keypad/hid-keypad.ts";
import { done, refused, type SimDevice, type Table } from "./sim-device.ts";
import { faultSwitches, numbered, switched } from "./sim-device-faults.ts";
import { Held, nodePlace } from "./sim-device-places.ts";

const LATE_MS_MAX = 600_000;
const PRESSED_MAX = 40;
const USAGE = "press <key> …";

export async function makeKeypadHid({ clock }: Table): Promise<SimDevice> {
  const node = await HidrawNode.open({ vendorId: 0x04d9, productId: 0x1203, serialNumber: "SN0003", product: "HID keypad", descriptor: KEYPAD_DESCRIPTOR });
  const held = new Held();
  const keypad = new SimulatedHidKeypad(clock);
  const words = new Map([
    ["deaf", switched<HidKeypadFaults>("deaf", "reports get lost", { deaf: true })],
    ["overlaps", switched<HidKeypadFaults>("overlaps", "each key is down before the one before is up", { overlaps: true })],
    ["roll-over", switched<HidKeypadFaults>("roll-over", "between keys it cannot tell which are down", { rollOver: true })],
    ["late", numbered<HidKeypadFaults>({ usage: "late=<ms>", meaning: "waits so long before what is pressed", max: LATE_MS_MAX }, (lateMs) => ({ lateMs }))],
  ]);
  let pressed = 0;
  const press = (keys: readonly string[]) => {
    const caps = keys.filter(isKeypadCap);
    if (caps.length === 0 || caps.length < keys.length || caps.length > PRESSED_MAX) return refused(`written: ${USAGE}, of ${KEYPAD_CAPS.join(" ")}`);
    pressed += caps.length;
    keypad.press(caps);
    return done(`${caps.length} keys are pressed`, { keys: caps.length });
  };
  return {
    kind: "keypad-hid",
    place: nodePlace(node, held, () => keypad.attach(held.through((report) => node.input(report)))),
    baudRate: undefined,
    configuration: { keypad: { adapter: "keypadHid", device: { path: node.path } } },
    faults: faultSwitches<HidKeypadFaults>({ words, none: NO_HID_KEYPAD_FAULTS, apply: (faults) => keypad.setFaults(faults) }),
    acts: new Map([["press", { usage: USAGE, meaning: "somebody presses these keys, one after the other", needsDevice: true, run: press }]]),
    facts: () => ({ pressed }),
  };
}
