/* The simulated HID scanner: descriptions that the terminal reads, codes in reports, and what befalls them. */
import { describe, expect, it } from "vitest";
import { toHex, utf8 } from "../../device/base/bytes.ts";
import { parseScanLayout } from "../../device/drivers/scanner-hid/descriptor.ts";
import { COMMON_LAYOUT } from "../../device/drivers/scanner-hid/report.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { type HidScannerFaults, SCANNER_DESCRIPTORS, SimulatedHidScanner, scanReports } from "./hid-scanner.ts";

describe("a HID scanner", () => {
  it("with reports of 64 bytes is what a terminal expects that cannot read the description", () => {
    expect(parseScanLayout(SCANNER_DESCRIPTORS.padded)).toEqual(COMMON_LAYOUT);
    expect(scanReports("padded", utf8("12")).map(({ length }) => length)).toEqual([64]);
  });

  it.each<[Partial<HidScannerFaults>, readonly number[]]>([
    [{}, [0, 0]],
    [{ deaf: true }, []],
    [{ lateMs: 30 }, [30, 30]],
    [{ slowMs: 40 }, [0, 40]],
    [{ lateMs: 30, slowMs: 40 }, [30, 70]],
  ])("with %j gives its reports at %j", async (faults, atMs) => {
    const clock = new VirtualClock(0);
    const scanner = new SimulatedHidScanner({ clock, shape: "padded" });
    const seen: number[] = [];
    scanner.attach(() => seen.push(clock.monotonicMs()));
    scanner.setFaults(faults);
    scanner.scan(utf8("0".repeat(100)));
    await clock.resolve(clock.sleep(1_000));
    expect(seen).toEqual(atMs);
  });

  it.each(["counted", "uncounted", "padded"] as const)("%s: garbled is one bit of the data", (shape) => {
    const scanner = new SimulatedHidScanner({ clock: new VirtualClock(0), shape });
    const seen: string[] = [];
    scanner.attach((report) => seen.push(toHex(report)));
    scanner.scan(utf8("1234"));
    scanner.setFaults({ garbled: true });
    scanner.scan(utf8("1234"));
    const [right = "", wrong = ""] = seen.map((hex) => Buffer.from(hex, "hex").toString("latin1"));
    expect(right).toContain("1234");
    expect(wrong).toContain(shape === "uncounted" ? "1334" : "0234");
  });
});
