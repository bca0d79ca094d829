/* Asking on lines in one process: who is asked what, in which order, and what is taken for an answer. */
import { describe, expect, it } from "vitest";
import { InProcessLine } from "../../../simulators/line/in-process.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { type Bytes, fromHex, toHex } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import type { Found, FoundHid, FoundSerial } from "../found.ts";
import type { HidDevice, SerialPort } from "../framing/settings.ts";
import { askDevice } from "./ask.ts";
import { FAMILIES } from "./families.ts";

const SERIAL: FoundSerial = { kind: "serial", path: "/dev/yikatong/gate", node: "/dev/ttyUSB0", links: ["/dev/yikatong/gate"], isConsole: false };
const HID: FoundHid = { kind: "hid", path: "/dev/hidraw0", node: "/dev/hidraw0", links: [], usagePage: 0xff00, usage: 1 };
const PAD = { usb: { vendorId: 0x1fc9, productId: 1, product: "USB PIN pad" } };
const SERIAL_FAMILIES = ["padNewland", "printerEscPos", "pad02h", "gateRelay", "gateDigicon"];

/** A line at whose end somebody answers by these words, whole questions only; everything that was said is kept. */
function stand(answer: (heard: string) => string | undefined = () => undefined) {
  const clock = new VirtualClock(0);
  const heard: string[] = [];
  const ports: (SerialPort | HidDevice)[] = [];
  const open = (port: SerialPort | HidDevice) => {
    ports.push(port);
    const line = new InProcessLine(clock, { name: "simulated" });
    const end = line.device((bytes: Bytes) => {
      heard.push(toHex(bytes));
      const said = answer(toHex(bytes));
      if (said !== undefined) end.write(fromHex(said));
    });
    return line;
  };
  const ask = (found: Found) => clock.resolve(askDevice(found, { clock, lines: { serial: open, hid: open }, families: FAMILIES }, limits(60_000)));
  return { ask, heard, ports };
}

/** All questions to a line that nobody answers. The binary one of the 02h family is filled up for a pad that takes the split one for a beginning. */
const QUESTIONS = ["d6017fa8", "100404", "0230313330333103", `${"00".repeat(43)}02013031`, "0101000000083dcc", "0202004343"];

describe("a line of which nothing is known", () => {
  it("is asked everything once, in the order in which no question is taken for another's beginning, each at its speed", async () => {
    const { ask, heard, ports } = stand();
    expect(await ask(SERIAL)).toEqual({ kind: "silent", families: SERIAL_FAMILIES });
    expect(heard).toEqual(QUESTIONS);
    expect(ports).toMatchObject([
      { path: "/dev/ttyUSB0", baudRate: 9_600 },
      { path: "/dev/ttyUSB0", baudRate: 115_200 },
    ]);
  });

  it("tells nothing by an echo", async () => {
    const { ask, heard } = stand((question) => question);
    expect(await ask(SERIAL)).toEqual({ kind: "silent", families: SERIAL_FAMILIES });
    expect(heard).toEqual(QUESTIONS);
  });

  it("is asked nothing more when it has answered", async () => {
    const { ask, heard } = stand((question) => (question === QUESTIONS[0] ? "56013166" : undefined));
    expect(await ask(SERIAL)).toMatchObject({ kind: "answered", answer: { family: "padNewland" } });
    expect(heard).toEqual(QUESTIONS.slice(0, 1));
  });

  it("is taken for a printer by the fixed bits of the answer, and its line is emptied", async () => {
    const { ask, heard } = stand((question) => (question === QUESTIONS[1] ? "72" : undefined));
    expect(await ask(SERIAL)).toMatchObject({ kind: "answered", answer: { family: "printerEscPos" } });
    expect(heard).toEqual([...QUESTIONS.slice(0, 2), "1b40"]);
  });

  it.each<readonly [string, number, string, object]>([
    ["a relay board that refuses", 4, "018102c191", { family: "gateRelay" }],
    ["a Digicon board that refuses", 5, "0202001515", { family: "gateDigicon" }],
    ["a pad that has lost its keys", 2, "0230314636463703", { family: "pad02h", settings: { profile: { coding: "split" } } }],
    ["a binary pad", 3, "02010405", { family: "pad02h", settings: { profile: { coding: "binary" } } }],
  ])("is taken for %s", async (_what, at, reply, answer) => {
    const { ask } = stand((question) => (question === QUESTIONS[at] ? reply : undefined));
    expect(await ask(SERIAL)).toMatchObject({ kind: "answered", answer });
  });
});

describe("nothing is sent", () => {
  it.each<readonly [string, Found]>([
    ["to a line that somebody holds", { ...SERIAL, heldBy: "process 1 (x)" }],
    ["to the console", { ...SERIAL, isConsole: true }],
    ["to a HID device that may be anything", HID],
    ["to a drawing pad", { ...HID, usb: { ...PAD.usb, product: "Drawing Pad" } }],
    ["to what a maker of pads makes beside them", { ...HID, usb: { ...PAD.usb, vendorId: 0x0acd, product: "Reader" } }],
    ["to a scanner, which says what it is", { ...HID, usagePage: 0x8c, usage: 2 }],
    ["to a chip", { kind: "gpio", chip: "gpiochip0", label: "pinctrl-rp1", lineCount: 54 }],
  ])("%s", async (_what, found) => {
    const { ask, heard, ports } = stand();
    expect(await ask(found)).toMatchObject({ kind: "not-asked" });
    expect([heard, ports]).toEqual([[], []]);
  });
});

describe("a pad behind USB", () => {
  const report = (text: string) => text.padEnd(128, "0");

  it("is asked in reports, and its answer tells how they are made", async () => {
    const zeroFilled = stand((question) => (question === `00${report(QUESTIONS[2] ?? "")}` ? report("0230313034303503") : undefined));
    expect(await zeroFilled.ask({ ...HID, ...PAD })).toMatchObject({
      kind: "answered",
      answer: { family: "pad02hHid", settings: { reports: { padHidFraming: "zero-filled" } } },
    });
    const counted = stand((question) => (question.startsWith("0008") ? report("080230313034303503") : undefined));
    expect(await counted.ask({ ...HID, ...PAD })).toMatchObject({ answer: { settings: { reports: { padHidFraming: "counted" } } } });
  });

  it("is silent where it is none", async () => {
    const { ask, heard, ports } = stand();
    expect(await ask({ ...HID, ...PAD })).toEqual({ kind: "silent", families: ["pad02hHid"] });
    expect([heard.length, ports]).toEqual([2, [{ path: "/dev/hidraw0" }]]);
  });
});
