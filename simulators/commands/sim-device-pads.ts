/* PIN pads of `sim --devices`, with the person in front of their keypads. The digits are never said. */
import { join } from "node:path";
import { HidrawNode, VENDOR_DESCRIPTOR } from "../hid/hidraw.ts";
import { HidPadEnd } from "../pinpad/hid-end.ts";
import { type HolderAct, ScriptedHolder } from "../pinpad/holder.ts";
import { NEWLAND_TEST_AUTHORIZATION, type NewlandPadFaults, NO_NEWLAND_PAD_FAULTS, SimulatedNewlandPad } from "../pinpad/newland.ts";
import { NO_PAD_FAULTS, type PadFaults, SimulatedPad02h } from "../pinpad/pad-02h.ts";
import { type DeviceAct, done, refused, type SimDevice, type Table } from "./sim-device.ts";
import { faultSwitches, lineWords, switched } from "./sim-device-faults.ts";
import { Held, linePlace, nodePlace } from "./sim-device-places.ts";
import { KEYPAD_ACTS, type KeypadAct } from "./sim-options.ts";

const PAD_BAUD = 9_600;
const WRONG = ["000000", "111111"] as const;
/** Nobody types faster. */
const KEY_MS = 40;
/** How long a Newland pad waits for its holder. */
const ENTRY_MS = 30_000;

interface Person {
  readonly holder: ScriptedHolder;
  readonly act: DeviceAct;
  /** What the holder does when asked. */
  readonly does: KeypadAct;
}

function actOf(does: KeypadAct, pin: string): HolderAct {
  if (does === "cancels") return { kind: "cancels" };
  if (does === "walks-away") return { kind: "walks-away" };
  const [wrong, otherWrong] = WRONG;
  return { kind: "enters", digits: does === "enters" ? pin : pin === wrong ? otherWrong : wrong };
}

function person(pin: string): Person {
  let does: KeypadAct = "enters";
  const holder = new ScriptedHolder([actOf(does, pin)]);
  const act: DeviceAct = {
    usage: `holder ${KEYPAD_ACTS.join("|")}`,
    meaning: "what the holder does at the keypad from now on",
    needsDevice: false,
    run: ([word, ...more]) => {
      const chosen = KEYPAD_ACTS.find((each) => each === word);
      if (chosen === undefined || more.length > 0) return refused(`written: holder ${KEYPAD_ACTS.join("|")}`);
      does = chosen;
      holder.plan([actOf(chosen, pin)]);
      return done(`the holder at the keypad ${chosen}`);
    },
  };
  return {
    holder,
    act,
    get does() {
      return does;
    },
  };
}

/** The 02h pad, on whatever it hangs. */
function pad02h({ clock, suite, pin }: Table): { readonly pad: SimulatedPad02h; readonly device: Pick<SimDevice, "faults" | "acts" | "facts"> } {
  const { holder, act, ...rest } = person(pin);
  const who = { ...rest, holder };
  const pad = new SimulatedPad02h({ clock, suite, holder, keyMs: KEY_MS });
  const faults = faultSwitches<PadFaults>({
    words: lineWords<PadFaults>([
      ["battery", switched<PadFaults>("battery", "its battery is used up", { batteryBad: true })],
      ["master-key-lost", switched<PadFaults>("master-key-lost", "its master keys are gone", { masterKeyLost: true })],
      ["clear-digits", switched<PadFaults>("clear-digits", "digits go over the line as they are", { clearDigits: true })],
    ]),
    none: NO_PAD_FAULTS,
    apply: (chosen) => pad.setFaults(chosen),
  });
  return { pad, device: { faults, acts: new Map([["holder", act]]), facts: () => ({ commands: pad.commands, asked: who.holder.asked }) } };
}

export function makePad02h(table: Table): SimDevice {
  const { pad, device } = pad02h(table);
  const path = join(table.folder, "pad-02h");
  return {
    kind: "pad-02h",
    place: linePlace(table.openLine(path), (end) => pad.attach(end)),
    baudRate: PAD_BAUD,
    configuration: { pinPad: { adapter: "pad02h", port: { path, baudRate: PAD_BAUD } } },
    ...device,
  };
}

export function makePadNewland({ clock, suite, pin, folder, openLine }: Table): SimDevice {
  const { holder, act } = person(pin);
  const pad = new SimulatedNewlandPad({ clock, suite, holder, keyMs: KEY_MS, settings: { entryMs: ENTRY_MS } });
  const path = join(folder, "pad-newland");
  return {
    kind: "pad-newland",
    place: linePlace(openLine(path), (end) => pad.attach(end)),
    baudRate: PAD_BAUD,
    configuration: { pinPad: { adapter: "padNewland", port: { path, baudRate: PAD_BAUD }, authorizationHex: NEWLAND_TEST_AUTHORIZATION } },
    faults: faultSwitches<NewlandPadFaults>({
      words: lineWords<NewlandPadFaults>([
        ["des-broken", switched<NewlandPadFaults>("des-broken", "its cipher chip is broken", { desBroken: true })],
        ["locked", switched<NewlandPadFaults>("locked", "it is locked", { locked: true })],
        ["master-key-lost", switched<NewlandPadFaults>("master-key-lost", "its master keys are gone", { masterKeyLost: true })],
      ]),
      none: NO_NEWLAND_PAD_FAULTS,
      apply: (chosen) => pad.setFaults(chosen),
    }),
    acts: new Map([["holder", act]]),
    facts: () => ({ commands: pad.commands.length, asked: holder.asked }),
  };
}

export async function makePad02hHid(table: Table): Promise<SimDevice> {
  const node = await HidrawNode.open({ vendorId: 0x1fc9, productId: 0x5353, serialNumber: "PAD0001", product: "HID pad", descriptor: VENDOR_DESCRIPTOR });
  const held = new Held();
  const { pad, device } = pad02h(table);
  const end = new HidPadEnd({
    onReport: (listener) => {
      const hear = held.through(listener);
      node.onReport((kind, report) => (kind === "output" ? hear(report) : undefined));
    },
    input: held.through((report) => node.input(report)),
  });
  return {
    kind: "pad-02h-hid",
    place: nodePlace(node, held, () => pad.attach(end)),
    baudRate: undefined,
    configuration: { pinPad: { adapter: "pad02hHid", device: { path: node.path } } },
    ...device,
  };
}
