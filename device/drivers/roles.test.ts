import { describe, expect, it } from "vitest";
import { InProcessLine } from "../../simulators/line/in-process.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { SILENT } from "../base/log.ts";
import { systemProcesses } from "../system/processes.ts";
import { closeDevices } from "./adapter.ts";
import { ADAPTERS } from "./registry.ts";
import { devicesSettings, openDevices, ROLES } from "./roles.ts";

const PORT = { path: "/dev/yikatong/line" };

/** The least that each family must be told. */
const LEAST = {
  pad02h: { port: PORT },
  pad02hHid: { device: { vendorId: 0x1fc9 } },
  padNewland: { port: PORT },
  scannerLine: { port: PORT },
  scannerHid: {},
  printerEscPos: { port: PORT },
  displayLed8: { port: PORT },
  gateFe: { port: PORT },
  gateDigicon: { port: PORT },
  gateRelay: { port: PORT },
  gateMachPower: { port: PORT },
  gateGpio: { lines: { entry: 17, exit: 27 } },
  keypadHid: { device: { vendorId: 0x04d9 } },
} as const satisfies Readonly<Record<keyof typeof ADAPTERS, object>>;

function parts() {
  const clock = new VirtualClock(0);
  const opened: InProcessLine[] = [];
  const line = () => {
    const made = new InProcessLine(clock, { name: "simulated" });
    opened.push(made);
    return made;
  };
  return { opened, clock, log: SILENT, processes: systemProcesses(), lines: { serial: line, hid: line } };
}

describe("families in their roles", () => {
  it("calls each family by the name that it calls itself", () => {
    for (const [adapter, family] of Object.entries(ADAPTERS)) {
      const least = LEAST[adapter as keyof typeof ADAPTERS];
      expect(family.settings.safeParse({ adapter, ...least }).success, adapter).toBe(true);
      expect(family.settings.safeParse({ adapter: "another", ...least }).success, adapter).toBe(false);
    }
  });

  it.each(Object.keys(LEAST) as (keyof typeof ADAPTERS)[])("opens and closes %s from what the configuration says", async (adapter) => {
    const { role } = ADAPTERS[adapter];
    const settings = devicesSettings.parse({ [role]: { adapter, ...LEAST[adapter] } });
    const given = parts();
    const devices = openDevices(settings, given);
    expect(Object.keys(devices)).toEqual([role]);
    // What shuts a gate before it goes takes its time.
    await given.clock.resolve(closeDevices(devices));
    expect(given.opened.map(({ state }) => state)).toEqual(given.opened.map(() => "closed"));
    expect(given.opened).toHaveLength(adapter === "gateGpio" ? 0 : 1);
  });

  it("opens nothing where nothing is configured", () => {
    expect(openDevices(devicesSettings.parse({}), parts())).toEqual({});
  });

  it.each([
    ["a family of another role", { printer: { adapter: "gateFe", port: PORT } }],
    ["a family that does not exist", { printer: { adapter: "typewriter", port: PORT } }],
    ["a key that nobody knows", { printer: { adapter: "printerEscPos", port: PORT, color: "red" } }],
    ["a role that does not exist", { telephone: { adapter: "printerEscPos", port: PORT } }],
    ["a path that is none", { printer: { adapter: "printerEscPos", port: { path: "COM1" } } }],
    ["a HID device by nothing", { pinPad: { adapter: "pad02hHid", device: {} } }],
    ["a speed that no line has", { gate: { adapter: "gateFe", port: { ...PORT, baudRate: 1 } } }],
  ])("refuses %s", (_what, value) => expect(devicesSettings.safeParse(value).success).toBe(false));

  it("has a family for each role", () => {
    expect(new Set(Object.values(ADAPTERS).map(({ role }) => role))).toEqual(new Set(ROLES));
  });
});
