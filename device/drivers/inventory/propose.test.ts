/* From what was found to what a configuration says, and how that is joined with what a person wrote. */
import { describe, expect, it } from "vitest";
import type { Found, FoundHid, FoundSerial } from "../found.ts";
import { devicesSettings } from "../roles.ts";
import { FAMILIES } from "./families.ts";
import { type DeviceSection, type Judged, mergeDevices, propose } from "./propose.ts";
import { type Answer, type Asked, takeFor } from "./take.ts";

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

function heard(found: Found, asked?: Asked): Judged {
  return { found, taken: takeFor(found, FAMILIES, asked) };
}

function judged(found: Found, answer?: Answer): Judged {
  return heard(found, answer === undefined ? undefined : { kind: "answered", answer });
}

/** A port behind a converter that has this name. */
function called(node: string, product: string, asked?: Asked): Judged {
  return heard({ ...serial(node), usb: { vendorId: 0x1a86, productId: 0x7523, product } }, asked);
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
      answered: [],
      open: ["pinPad: /dev/none/ttyS2 and /dev/none/ttyS4 fit; a link by role says which one is meant"],
    });
  });

  it("follows a person's link where two fit", () => {
    const other = judged(serial("/dev/none/ttyS4", "pin-pad"), answered("padNewland"));
    expect(propose([PAD, other], FAMILIES)).toEqual({
      devices: { pinPad: { adapter: "padNewland", port: { path: "/dev/yikatong/pin-pad" } } },
      answered: ["pinPad"],
      open: [],
    });
  });

  it("names a HID device that a person's link names by that link", () => {
    const { devices } = propose([judged({ ...SCANNER, path: "/dev/yikatong/scanner", links: ["/dev/yikatong/scanner"] })], FAMILIES);
    expect(devices).toEqual({ scanner: { adapter: "scannerHid", device: { path: "/dev/yikatong/scanner" } } });
  });

  it("counts a HID device with several collections once", () => {
    const twice = propose([judged(SCANNER), judged({ ...SCANNER })], FAMILIES);
    expect(twice).toEqual(propose([judged(SCANNER)], FAMILIES));
  });

  it("says nothing of what cannot be told", () =>
    expect(propose([judged(serial("/dev/none/ttyS5"))], FAMILIES)).toEqual({ devices: {}, answered: [], open: [] }));

  it("says nothing of a device that only its name speaks for, where a question would have told", () => {
    const silent = called("/dev/none/ttyS5", "Relay Converter", { kind: "silent", families: ["gateRelay"] });
    expect(propose([silent], FAMILIES)).toEqual({ devices: {}, answered: [], open: [] });
    const unasked = called("/dev/none/ttyS5", "Relay Converter", { kind: "not-asked", why: "somebody has it open" });
    expect(propose([unasked], FAMILIES)).toEqual({
      devices: {},
      answered: [],
      open: ["gate: /dev/none/ttyS5 was not asked, and a name alone is not enough (it calls itself a relay board); a link by family says so"],
    });
  });

  it("holds no secret: only a place and what was answered", () => {
    const { devices } = propose([judged(serial("/dev/none/ttyS6"), answered("padNewland"))], FAMILIES);
    expect(devices).toEqual({ pinPad: { adapter: "padNewland", port: { path: "/dev/none/ttyS6" } } });
  });
});

describe("a configuration that was written before", () => {
  const at = (path: string, speed: object = {}) => ({ port: { path, ...speed } });

  async function merge(before: DeviceSection, all: readonly Judged[], replace = false) {
    return mergeDevices(before, propose(all, FAMILIES), { all, replace, families: FAMILIES });
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
    expect([replaced.devices, replaced.conflicts]).toEqual([propose(all, FAMILIES).devices, [expect.stringMatching(/; (?:replaced by|followed, now at) /)]]);
  });

  const RELAY = { unit: 1, coils: { entry: 1, exit: 0 }, pulseMs: 2_000 };

  it.each<readonly [string, DeviceSection, readonly Judged[], DeviceSection]>([
    [
      "the coding that answered",
      { pinPad: { adapter: "pad02h", ...at("/dev/none/ttyS2"), profile: { coding: "split", check: "sum" }, pinKey: { master: 3, work: 1 } } },
      [PAD],
      { pinPad: { adapter: "pad02h", ...at("/dev/none/ttyS2"), profile: { coding: "binary", check: "sum" }, pinKey: { master: 3, work: 1 } } },
    ],
    [
      "the coding that answered, whichever other pad a link names",
      { pinPad: { adapter: "pad02h", ...at("/dev/none/ttyS2"), profile: { coding: "split" }, pinKey: { master: 3, work: 1 } } },
      [PAD, judged(serial("/dev/none/ttyS4", "pin-pad"), answered("padNewland"))],
      { pinPad: { adapter: "pad02h", ...at("/dev/none/ttyS2"), ...BINARY, pinKey: { master: 3, work: 1 } } },
    ],
    [
      "the port at which it answered",
      { gate: { adapter: "gateRelay", ...at("/dev/none/ttyS9", { baudRate: 19_200 }), ...RELAY } },
      [judged(serial("/dev/none/ttyS3"), answered("gateRelay"))],
      { gate: { adapter: "gateRelay", ...at("/dev/none/ttyS3"), ...RELAY } },
    ],
  ])("keeps all else of its family when %s is followed", async (_what, before, all, after) => {
    const { devices, losses } = await merge(before, all, true);
    expect([devices, losses]).toEqual([after, []]);
  });

  it("says what is lost with a family before another takes its place, defaults left out", async () => {
    const gate = { adapter: "gateRelay", port: { path: "/dev/none/ttyS3", baudRate: 19_200, parity: "none" }, relayFlash: "waveshare0200", ...RELAY };
    const all = [judged(serial("/dev/none/ttyS3"), answered("gateDigicon"))];
    const losses = [{ role: "gate", family: "gateRelay", settings: { port: { baudRate: 19_200 }, coils: { entry: 1, exit: 0 }, pulseMs: 2_000 } }];
    expect(await merge({ gate }, all)).toMatchObject({ devices: { gate }, losses });
    const replaced = await merge({ gate }, all, true);
    expect(replaced.devices).toEqual({ gate: { adapter: "gateDigicon", ...at("/dev/none/ttyS3") } });
    expect(replaced.losses).toEqual(losses);
  });

  it.each<readonly [string, readonly Judged[]]>([
    ["a name", [called("/dev/none/ttyS5", "Relay Converter")]],
    ["a name, where the question brought nothing", [called("/dev/none/ttyS5", "Relay Converter", { kind: "silent", families: ["gateRelay"] })]],
    ["a link by family", [judged(serial("/dev/none/ttyS5", "gate-relay"))]],
    ["a link by family elsewhere", [judged(serial("/dev/none/ttyS6", "gate-relay"))]],
  ])("is not contradicted by %s, with and without a person's word", async (_what, all) => {
    const before = { gate: { adapter: "gateFe", ...at("/dev/none/ttyS5"), entrySide: "B" } };
    for (const replace of [false, true]) expect(await merge(before, all, replace)).toMatchObject({ devices: before, conflicts: [], losses: [] });
  });

  it("is not emptied where what is there is something else, and nothing fits the role", async () => {
    const before = { printer: { adapter: "printerEscPos", ...at("/dev/none/ttyS2") } };
    const { devices, conflicts } = await merge(before, [PAD], true);
    expect(devices).toMatchObject(before);
    expect(conflicts).toEqual([expect.stringMatching(/taken for pad02h: it answered as pad02h$/)]);
  });
});
