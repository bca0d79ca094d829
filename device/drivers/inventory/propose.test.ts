/* From what was found to what a configuration says, and how that is joined with what a person wrote. */
import { describe, expect, it } from "vitest";
import type { Found, FoundHid, FoundSerial } from "../found.ts";
import { devicesSettings } from "../roles.ts";
import { FAMILIES } from "./families.ts";
import { type DeviceSection, type Judged, mergeDevices, propose } from "./propose.ts";
import { type Answer, takeFor } from "./take.ts";

function serial(node: string, link?: string): FoundSerial {
  const links = link === undefined ? [] : [`/dev/yikatong/${link}`];
  return { kind: "serial", path: links[0] ?? node, node, links, isConsole: false };
}

const SCANNER: FoundHid = {
  kind: "hid",
  path: "/dev/hidraw0",
  node: "/dev/hidraw0",
  links: [],
  usb: { vendorId: 0x0c2e, productId: 0x0b61, serialNumber: "S1", product: "Scanner" },
  usagePage: 0x8c,
  usage: 2,
};

function judged(found: Found, answer?: Answer): Judged {
  return { found, taken: takeFor(found, FAMILIES, answer) };
}

const answered = (family: string, settings?: Answer["settings"]): Answer => ({
  family,
  why: `it answered as ${family}`,
  ...(settings === undefined ? {} : { settings }),
});
const BINARY = { profile: { coding: "binary" } };
const PRINTER = judged(serial("/dev/none/ttyS1"), answered("printerEscPos"));
const PAD = judged(serial("/dev/none/ttyS2"), answered("pad02h", BINARY));

describe("a proposal", () => {
  it("names what was told, by what lasts longest, in words that the schema takes", () => {
    const { devices, open } = propose([PRINTER, PAD, judged(SCANNER), judged(serial("/dev/none/ttyS3", "display"))], FAMILIES);
    expect(devices).toEqual({
      pinPad: { adapter: "pad02h", port: { path: "/dev/none/ttyS2" }, ...BINARY },
      scanner: { adapter: "scannerHid", device: { vendorId: 0x0c2e, productId: 0x0b61, serialNumber: "S1", usagePage: 0x8c, usage: 2 } },
      printer: { adapter: "printerEscPos", port: { path: "/dev/none/ttyS1" } },
      display: { adapter: "displayLed8", port: { path: "/dev/yikatong/display" } },
    });
    expect(devicesSettings.safeParse(devices).success).toBe(true);
    expect(open).toEqual([]);
  });

  it("leaves to a person which of two is meant", () => {
    const other = judged(serial("/dev/none/ttyS4"), answered("padNewland"));
    expect(propose([PAD, other], FAMILIES)).toEqual({
      devices: {},
      open: ["pinPad: /dev/none/ttyS2 and /dev/none/ttyS4 fit; a link by role says which one is meant"],
    });
  });

  it("follows a person's link where two fit", () => {
    const other = judged(serial("/dev/none/ttyS4", "pin-pad"), answered("padNewland"));
    expect(propose([PAD, other], FAMILIES)).toEqual({ devices: { pinPad: { adapter: "padNewland", port: { path: "/dev/yikatong/pin-pad" } } }, open: [] });
  });

  it("names a HID device that a person's link names by that link", () => {
    const { devices } = propose([judged({ ...SCANNER, path: "/dev/yikatong/scanner", links: ["/dev/yikatong/scanner"] })], FAMILIES);
    expect(devices).toEqual({ scanner: { adapter: "scannerHid", device: { path: "/dev/yikatong/scanner" } } });
  });

  it("counts a HID device with several collections once", () => {
    const twice = propose([judged(SCANNER), judged({ ...SCANNER })], FAMILIES);
    expect(twice).toEqual(propose([judged(SCANNER)], FAMILIES));
  });

  it("says nothing of what cannot be told", () => expect(propose([judged(serial("/dev/none/ttyS5"))], FAMILIES)).toEqual({ devices: {}, open: [] }));
});

describe("a configuration that was written before", () => {
  const at = (path: string) => ({ port: { path } });

  async function merge(before: DeviceSection, all: readonly Judged[], replace = false) {
    return mergeDevices(before, propose(all, FAMILIES), { all, replace });
  }

  it("is added to", async () => {
    const before = { gate: { adapter: "gateFe", ...at("/dev/none/ttyS9") } };
    const { devices, added, kept, conflicts } = await merge(before, [PRINTER]);
    expect(devices).toEqual({ ...before, printer: { adapter: "printerEscPos", ...at("/dev/none/ttyS1") } });
    expect([added, kept, conflicts]).toEqual([["printer: printerEscPos at /dev/none/ttyS1"], ["gate: gateFe at /dev/none/ttyS9, which is not there"], []]);
  });

  it.each<readonly [string, DeviceSection, readonly Judged[]]>([
    ["where the same answered", { printer: { adapter: "printerEscPos", ...at("/dev/none/ttyS1"), profile: { columns: 48 } } }, [PRINTER]],
    ["where nothing speaks against it", { gate: { adapter: "gateFe", ...at("/dev/none/ttyS5") } }, [judged(serial("/dev/none/ttyS5"))]],
    ["where the answer says what it says", { pinPad: { adapter: "pad02h", ...at("/dev/none/ttyS2"), profile: { coding: "binary", check: "xor" } } }, [PAD]],
  ])("stays %s", async (_what, before, all) => {
    for (const replace of [false, true]) expect(await merge(before, all, replace)).toMatchObject({ devices: before, added: [], conflicts: [] });
  });

  it.each<readonly [string, DeviceSection, readonly Judged[], RegExp]>([
    [
      "it names a device that went elsewhere",
      { printer: { adapter: "printerEscPos", ...at("/dev/none/ttyS9") } },
      [PRINTER],
      /it is not there, but printerEscPos is, at \/dev\/none\/ttyS1/,
    ],
    ["another family answered there", { pinPad: { adapter: "padNewland", ...at("/dev/none/ttyS2") } }, [PAD], /taken for pad02h/],
    [
      "the answer says more",
      { pinPad: { adapter: "pad02h", ...at("/dev/none/ttyS2"), profile: { coding: "split" } } },
      [PAD],
      /which the configuration does not say/,
    ],
  ])("is contradicted where %s, and followed only on demand", async (_what, before, all, why) => {
    const kept = await merge(before, all);
    expect([kept.devices, kept.conflicts]).toEqual([before, [expect.stringMatching(why)]]);
    const replaced = await merge(before, all, true);
    expect([replaced.devices, replaced.conflicts]).toEqual([propose(all, FAMILIES).devices, [expect.stringMatching(/; replaced by /)]]);
  });

  it("is not emptied where what is there is something else, and nothing fits the role", async () => {
    const before = { printer: { adapter: "printerEscPos", ...at("/dev/none/ttyS2") } };
    const { devices, conflicts } = await merge(before, [PAD], true);
    expect(devices).toMatchObject(before);
    expect(conflicts).toEqual([expect.stringMatching(/taken for pad02h: it answered as pad02h$/)]);
  });
});
