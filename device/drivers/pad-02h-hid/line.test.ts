/* The 02h pad behind reports, in process: the same suite as on a serial line, over both framings. */
import { describe, expect, it } from "vitest";
import { InProcessLine } from "../../../simulators/line/in-process.ts";
import type { LineStand } from "../../../simulators/line/testing.ts";
import { type HidEndSettings, HidPadEnd } from "../../../simulators/pinpad/hid-end.ts";
import { ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { SimulatedPad02h } from "../../../simulators/pinpad/pad-02h.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { type Bytes, fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { SILENT } from "../../base/log.ts";
import { systemProcesses } from "../../system/processes.ts";
import { limits } from "../contract/bench.ts";
import { pinPadContract } from "../contract/pin-pad-contract.ts";
import { DEFAULT_PAD_PROFILE, type PadProfile } from "../pad-02h/pad.ts";
import { padBench, SUITE } from "../pad-02h/testing.ts";
import { pad02hHid } from "./adapter.ts";
import { DEFAULT_PAD_REPORT_PROFILE, type PadReportProfile } from "./framing.ts";
import { openPadReports } from "./line.ts";

interface HidStand extends LineStand {
  readonly inner: InProcessLine;
  readonly hid: HidPadEnd;
}

interface Way {
  readonly reports: PadReportProfile;
  /** The way to the pad takes the number away. */
  readonly strips?: boolean;
  readonly settings?: Partial<HidEndSettings>;
  readonly coding?: "split" | "binary";
}

function stand({ reports, strips = false, settings = {}, coding = "split" }: Way): HidStand {
  const clock = new VirtualClock(Date.UTC(2026, 10, 21, 4));
  const inner = new InProcessLine(clock, { name: "simulated" });
  const raw = inner.device(() => undefined);
  const hid = new HidPadEnd(
    { onReport: (listener) => raw.onBytes((report) => listener(strips ? report.slice(1) : report)), input: (report) => raw.write(report) },
    { ...reports, ...settings },
  );
  return {
    inner,
    hid,
    line: openPadReports(inner, { clock, coding, reports }),
    end: hid,
    clock,
    run: (work) => clock.resolve(work),
    unplug: async () => inner.setPluggedIn(false),
    plugIn: async () => inner.setPluggedIn(true),
    close: async () => undefined,
  };
}

const FILLED = DEFAULT_PAD_REPORT_PROFILE;
const COUNTED: PadReportProfile = { ...FILLED, padHidFraming: "counted" };
const NUMBERED: PadReportProfile = { ...COUNTED, padHidReportNumber: 3, padHidReportBytes: 63 };
const BINARY: PadProfile = { ...DEFAULT_PAD_PROFILE, coding: "binary" };

const WAYS: readonly (readonly [string, Way, PadProfile])[] = [
  ["zero-filled, the number arrives", { reports: FILLED }, DEFAULT_PAD_PROFILE],
  ["zero-filled, the number does not arrive", { reports: FILLED, strips: true }, DEFAULT_PAD_PROFILE],
  ["zero-filled, numbers in both directions", { reports: FILLED, settings: { numbersInput: true } }, DEFAULT_PAD_PROFILE],
  ["counted, split", { reports: COUNTED }, DEFAULT_PAD_PROFILE],
  ["counted, binary, the number does not arrive", { reports: COUNTED, strips: true }, BINARY],
  ["counted, numbered reports of 63 bytes", { reports: NUMBERED, settings: { numbersInput: true } }, BINARY],
];

for (const [name, way, profile] of WAYS)
  pinPadContract(`02h pad behind reports, ${name}`, () => padBench(stand({ ...way, coding: profile.coding }), { profile }));

describe("the report number", () => {
  it.each([
    [false, "numbered"],
    [true, "bare"],
  ] as const)("is told apart by the length: stripped %s", async (strips, kind) => {
    const place = stand({ reports: FILLED, strips });
    await padBench(place, { profile: DEFAULT_PAD_PROFILE });
    const { heard } = place.hid;
    expect([heard[kind] > 0, heard.numbered + heard.bare, heard.strange]).toEqual([true, heard[kind], 0]);
  });
});

describe("the family as the registry knows it", () => {
  const SETTINGS = { adapter: "pad02hHid", device: { vendorId: 0x1fc9 } } as const;

  it("opens the pad on its reports", async () => {
    const { inner, clock, run, end } = stand({ reports: FILLED });
    new SimulatedPad02h({ clock, suite: SUITE, holder: new ScriptedHolder([]) }).attach(end);
    const lines = { hid: () => inner, serial: () => inner };
    const pad = pad02hHid.open(pad02hHid.settings.parse(SETTINGS), { clock, lines, log: SILENT, processes: systemProcesses() });
    expect(await run(pad.health(limits(2_000)))).toEqual({ kind: "well" });
  });

  it("refuses binary frames in reports that are not counted", () => {
    expect(pad02hHid.settings.safeParse({ ...SETTINGS, profile: BINARY }).success).toBe(false);
    expect(pad02hHid.settings.safeParse({ ...SETTINGS, profile: BINARY, reports: COUNTED }).success).toBe(true);
  });
});

describe("bytes over reports", () => {
  it("longer than a report travel in several, in their order", async () => {
    const place = stand({ reports: FILLED });
    const received: string[] = [];
    place.inner.device((report) => received.push(toHex(report)));
    const bytes = utf8(["A".repeat(64), "B".repeat(64), "C"].join(""));
    await place.run(place.line.write(bytes, limits(1_000)));
    expect(received.map((report) => report.slice(0, 4))).toEqual(["0041", "0042", "0043"]);
  });

  it("a device that goes away between two reports leaves the effect unknown", async () => {
    const place = stand({ reports: FILLED });
    let reports = 0;
    place.inner.device(() => {
      reports += 1;
      place.inner.setPluggedIn(false);
    });
    const sent = place.run(place.line.write(utf8("A".repeat(100)), limits(1_000)));
    await expect(sent).rejects.toMatchObject({ code: "device-gone", effectUnknown: true });
    expect(reports).toBe(1);
  });

  it("a device that is away has got nothing", async () => {
    const place = stand({ reports: FILLED });
    place.inner.setPluggedIn(false);
    await expect(place.run(place.line.write(utf8("A"), limits(1_000)))).rejects.toMatchObject({ code: "device-gone", effectUnknown: false });
  });

  it("all reports together keep the caller's limit", async () => {
    const place = stand({ reports: FILLED });
    await expect(place.run(place.line.write(utf8("A".repeat(64 * 10)), limits(3)))).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
  });

  it("a report without bytes says nothing, and a key alone is one byte", async () => {
    const place = stand({ reports: COUNTED });
    const heard: Bytes[] = [];
    const stop = place.line.onBytes((bytes) => heard.push(bytes));
    const end = place.inner.device(() => undefined);
    for (const report of ["00", "01", "012a"]) end.write(fromHex(report.padEnd(128, "0")));
    await place.run(place.clock.sleep(5));
    expect(heard.map((bytes) => toHex(bytes))).toEqual(["00", "2a"]);
    stop();
  });

  it("passes the line's name and state on, and closes it", async () => {
    const place = stand({ reports: FILLED });
    const states: string[] = [];
    place.line.onState((state) => states.push(state));
    await place.run(place.line.untilOpen(limits(100)));
    await place.line.close();
    expect([place.line.name, place.line.state, states]).toEqual(["simulated", "closed", ["closed"]]);
  });
});
