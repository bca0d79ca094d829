/* What is plugged in, over folders that stand for the system's, and what it is taken for. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Found, FoundHid, FoundSerial } from "../found.ts";
import { FAMILIES } from "./families.ts";
import { listHidNodes } from "./hid-nodes.ts";
import { holdersOf } from "./holders.ts";
import type { Places } from "./places.ts";
import { listSerialPorts } from "./serial-ports.ts";
import { takeFor } from "./take.ts";

let root: string;
let places: Places;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ykt-sys-"));
  places = { sys: join(root, "sys"), dev: join(root, "dev"), proc: join(root, "proc"), links: [join(root, "dev/yikatong")] };
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function file(path: string, text: string): void {
  const whole = join(root, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
}

function link(path: string, to: string): void {
  const whole = join(root, path);
  mkdirSync(dirname(whole), { recursive: true });
  symlinkSync(to.startsWith("/") ? to : join(root, to), whole);
}

/** A port of a USB converter, as the system shows it. */
function usbPort(name: string, identity: Readonly<Record<string, string>>): void {
  const usb = `sys/devices/usb1/1-${name}`;
  for (const [member, text] of Object.entries(identity)) file(join(usb, member), `${text}\n`);
  file(join(usb, "1:1.0", name, "uevent"), "");
  link(`sys/class/tty/${name}/device`, join(usb, "1:1.0", name));
  file(`dev/${name}`, "");
}

describe("serial ports", () => {
  it("are those behind which the system knows a device, with what USB said and how people call them", async () => {
    usbPort("ttyUSB0", { idVendor: "1a86", idProduct: "7523", product: "USB Serial" });
    usbPort("ttyACM0", { idVendor: "0c2e", idProduct: "0b61", manufacturer: "Maker", product: "Scanner", serial: "S1" });
    link("dev/yikatong/scanner", "dev/ttyACM0");
    link("dev/serial/by-id/usb-Maker_Scanner_S1-if00", "dev/ttyACM0");
    const [scanner, converter, ...others] = await listSerialPorts(places);
    expect(others).toEqual([]);
    expect(scanner).toEqual({
      kind: "serial",
      path: join(root, "dev/yikatong/scanner"),
      node: join(root, "dev/ttyACM0"),
      links: [join(root, "dev/yikatong/scanner"), join(root, "dev/serial/by-id/usb-Maker_Scanner_S1-if00")],
      isConsole: false,
      usb: { vendorId: 0x0c2e, productId: 0x0b61, serialNumber: "S1", manufacturer: "Maker", product: "Scanner" },
    });
    expect(converter).toMatchObject({ path: join(root, "dev/ttyUSB0"), usb: { vendorId: 0x1a86, productId: 0x7523 } });
  });

  it("leave out terminals without a device and places where no port was found, and name the console", async () => {
    file("sys/class/tty/tty1/uevent", "");
    for (const [name, type] of [
      ["ttyS0", "4"],
      ["ttyS1", "0"],
    ] as const) {
      file(`sys/devices/serial8250/${name}/uevent`, "");
      link(`sys/class/tty/${name}/device`, `sys/devices/serial8250/${name}`);
      file(`sys/class/tty/${name}/type`, `${type}\n`);
    }
    file("sys/class/tty/console/active", "tty0 ttyS0\n");
    expect(await listSerialPorts(places)).toMatchObject([{ node: join(root, "dev/ttyS0"), isConsole: true }]);
  });

  it("are also what a link by role leads to, but no HID node, and no link that leads nowhere", async () => {
    file("dev/pts/7", "");
    file("dev/hidraw0", "");
    link("dev/yikatong/gate", "dev/pts/7");
    link("dev/yikatong/pin-pad", "dev/hidraw0");
    link("dev/yikatong/printer", "dev/none");
    expect(await listSerialPorts(places)).toEqual([
      { kind: "serial", path: join(root, "dev/yikatong/gate"), node: join(root, "dev/pts/7"), links: [join(root, "dev/yikatong/gate")], isConsole: false },
    ]);
    expect(await listHidNodes([], places.links)).toMatchObject([{ kind: "hid", path: join(root, "dev/yikatong/pin-pad") }]);
  });

  it("are none on a machine that tells nothing", async () => expect(await listSerialPorts(places)).toEqual([]));
});

describe("who has a device open", () => {
  const process = (pid: number, name: string, open: readonly string[]) => {
    file(`proc/${pid}/comm`, `${name}\n`);
    for (const [at, node] of open.entries()) link(`proc/${pid}/fd/${at}`, node);
  };

  it("is told of other processes, never of ourselves", async () => {
    process(10, "getty", ["/dev/null", "/dev/ttyS0"]);
    process(11, "us", ["/dev/ttyUSB0"]);
    const holders = await holdersOf(new Set(["/dev/ttyS0", "/dev/ttyUSB0"]), { proc: places.proc, self: 11 });
    expect([...holders]).toEqual([["/dev/ttyS0", "process 10 (getty)"]]);
  });

  it("does not count the maker of a pseudo terminal, which is the device", async () => {
    process(10, "socat", ["/dev/pts/ptmx", "/dev/pts/7", "/dev/pts/8"]);
    file("proc/10/fdinfo/0", "pos:\t0\ntty-index:\t7\n");
    const holders = await holdersOf(new Set(["/dev/pts/7", "/dev/pts/8"]), { proc: places.proc, self: 1 });
    expect([...holders.keys()]).toEqual(["/dev/pts/8"]);
  });
});

function serial(change: Partial<FoundSerial> = {}): FoundSerial {
  return { kind: "serial", path: "/dev/ttyUSB0", node: "/dev/ttyUSB0", links: [], isConsole: false, ...change };
}

function hid(change: Partial<FoundHid> = {}): FoundHid {
  return { kind: "hid", path: "/dev/hidraw0", node: "/dev/hidraw0", links: [], ...change };
}

const linked = (...names: readonly string[]) => ({ links: names.map((name) => `/dev/yikatong/${name}`) });
const usb = (product: string, vendorId = 0x1fc9) => ({ usb: { vendorId, productId: 1, product } });

/** Every family of gates on lines but one, as if each had a question. */
const OTHER_GATES = [...FAMILIES].flatMap(([family, { role, hangsOn }]) => (role === "gate" && hangsOn === "serial" && family !== "gateFe" ? [family] : []));

describe("a device is taken for", () => {
  it.each<readonly [string, Found, string | undefined, RegExp]>([
    ["a HID scanner, by its page", hid({ usagePage: 0x8c, usage: 2 }), "scannerHid", /^usage page 8c, usage 02: a scanner of the page of points of sale$/],
    [
      "a pad behind USB, by its page and name",
      hid({ usagePage: 0xff00, usage: 1, ...usb("USB PIN pad") }),
      "pad02hHid",
      /its maker's own, and it calls itself a PIN pad/,
    ],
    ["nothing: a page of its maker's own", hid({ usagePage: 0xff00, usage: 1, ...usb("UPS") }), undefined, /it may be a PIN pad or anything else/],
    ["nothing: a drawing pad", hid({ usagePage: 0xff00, usage: 1, ...usb("Drawing Pad") }), undefined, /it may be a PIN pad or anything else/],
    ["nothing: a game pad", hid({ usagePage: 0xff00, usage: 1, ...usb("Spin Padel GamePad") }), undefined, /it may be a PIN pad or anything else/],
    ["nothing: a device of a maker of pads", hid({ usagePage: 0xff00, usage: 1, ...usb("Reader", 0x0acd) }), undefined, /it may be a PIN pad/],
    ["nothing: a PIN pad that types", hid({ usagePage: 1, usage: 6, ...usb("PIN pad") }), undefined, /^a keyboard/],
    ["nothing: a keyboard", hid({ usagePage: 1, usage: 6 }), undefined, /^a keyboard/],
    ["nothing: a bare line", serial(), undefined, /tells nothing of what hangs on it/],
    ["nothing: a converter", serial(usb("USB Serial", 0x1a86)), undefined, /a converter tells nothing/],
    ["nothing: the console", serial({ isConsole: true }), undefined, /the system writes its own messages/],
    ["a scanner, by its maker", serial(usb("Device", 0x0c2e)), "scannerLine", /its maker makes scanners/],
    ["a printer, by its name", serial(usb("Receipt Printer")), "printerEscPos", /it calls itself a printer/],
    ["a scanner, by a link for which there is one family", serial(linked("scanner")), "scannerLine", /the link scanner names the role, and only this family/],
    ["a display, by a link with a number", serial(linked("display-2")), "displayLed8", /names the role/],
    ["nothing: a gate, of which there are three on lines", serial(linked("gate")), undefined, /^it may be gateFe .* or gateDigicon .* or gateRelay/],
    ["a board, by a link with its family's name", serial(linked("gate-fe")), "gateFe", /the link gate-fe names the family/],
    ["a pad, by a link to a HID node", hid(linked("pinPad")), "pad02hHid", /hangs on USB as HID/],
    ["nothing: a link for what hangs elsewhere", hid(linked("printer")), undefined, /usage \?\/\? is of none of our devices/],
    ["nothing: the header's chip", { kind: "gpio", chip: "gpiochip0", label: "pinctrl-rp1", lineCount: 54 }, undefined, /no program can see/],
  ])("%s", (_what, found, family, why) => {
    const taken = takeFor(found, FAMILIES);
    expect([taken.as?.family, taken.why]).toEqual([family, expect.stringMatching(why)]);
  });

  it("what answered, whatever its link says, with what the answer told", () => {
    const answer = { family: "pad02h", why: "it answered", settings: { profile: { coding: "binary" } } };
    const taken = takeFor(serial(linked("printer")), FAMILIES, { kind: "answered", answer });
    expect(taken).toMatchObject({ as: { family: "pad02h", role: "pinPad", score: 100, by: "answer" }, why: "it answered", settings: answer.settings });
  });

  it.each<readonly [string, Found, readonly string[], string | undefined, RegExp]>([
    [
      "not for what its name says",
      serial(usb("Relay Converter")),
      ["gateRelay"],
      undefined,
      /^it calls itself a relay board, but it answered no question of gateRelay$/,
    ],
    [
      "not for what a link says",
      serial(linked("printer")),
      ["printerEscPos"],
      undefined,
      /^the link printer .*, but it answered no question of printerEscPos$/,
    ],
    [
      "not for the last family of a role",
      serial(linked("gate")),
      OTHER_GATES,
      undefined,
      /^it may be gateFe \(the link gate names the role\), but it answered no question of .*gateDigicon or gateRelay/,
    ],
    ["for a family that answers nothing, by its link", serial(linked("gate-fe")), ["gateDigicon", "gateRelay"], "gateFe", /names the family/],
    ["for a scanner by name, whatever else was asked", serial(usb("Scan & Print")), ["printerEscPos"], "scannerLine", /calls itself a scanner/],
  ])("what stayed silent: %s", (_what, found, families, family, why) => {
    const taken = takeFor(found, FAMILIES, { kind: "silent", families });
    expect([taken.as?.family, taken.why]).toEqual([family, expect.stringMatching(why)]);
    expect(taken.candidates.filter((candidate) => families.includes(candidate.family))).toEqual([]);
  });

  it("something, or nothing, but never throws", () => {
    const word = fc.integer({ min: 0, max: 0xffff });
    const text = fc.option(fc.string({ maxLength: 40, unit: "binary" }), { nil: undefined });
    const identity = fc.option(fc.record({ vendorId: word, productId: word, product: text, manufacturer: text, serialNumber: text }), { nil: undefined });
    const links = fc.array(fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom("gate", "pinPad", "scannerHid", "printer-1")), { maxLength: 3 });
    const node = { path: fc.string(), node: fc.string(), links, usb: identity };
    const anything = fc.oneof(
      fc.record({ kind: fc.constant("serial"), isConsole: fc.boolean(), ...node }),
      fc.record({ kind: fc.constant("hid"), usagePage: fc.option(word, { nil: undefined }), usage: fc.option(word, { nil: undefined }), ...node }),
      fc.record({ kind: fc.constant("gpio"), chip: fc.string(), label: fc.string(), lineCount: fc.nat() }),
    );
    fc.assert(
      fc.property(anything, (found) => {
        // Members without a value stand for those that a device does not tell.
        const taken = takeFor(found as Found, FAMILIES);
        expect(taken.why).not.toBe("");
        for (const { family, role, score } of taken.candidates) {
          expect(FAMILIES.get(family)).toMatchObject({ role, hangsOn: found.kind });
          expect(score).toBeGreaterThan(0);
          expect(score).toBeLessThan(100);
        }
      }),
    );
  });
});
