/* The HID scanner, by /dev/uhid: real hidraw, real enumeration, the scanner's own description. */
import { toHex, utf8 } from "../../../device/base/bytes.ts";
import { openHidLine } from "../../../device/drivers/hid/open.ts";
import { openHidScanner, SCANNER_USAGE } from "../../../device/drivers/scanner-hid/scanner.ts";
import { type HidIdentity, VENDOR_DESCRIPTOR } from "../../../simulators/hid/hidraw.ts";
import { SCANNER_DESCRIPTORS, scanReports } from "../../../simulators/scanner/hid-scanner.ts";
import { RETURNS } from "../cases.ts";
import { DEVICE_CLOCK, nowMs, Returns } from "./pace.ts";
import { CountedProcesses, expectEqual, parts, untilAway, within } from "./stand.ts";
import { bounded, type Talk } from "./talk.ts";
import { UhidDevice } from "./uhid.ts";

const SHAPE = "counted";
export const SCANNER: HidIdentity = {
  vendorId: 0x0c2e,
  productId: 0x0b61,
  serialNumber: "SCAN0001",
  product: "HID scanner",
  descriptor: SCANNER_DESCRIPTORS[SHAPE],
};
const OTHER: HidIdentity = { vendorId: 0x1fc9, productId: 0x5354, serialNumber: "OTHER001", product: "HID pad", descriptor: VENDOR_DESCRIPTOR };
const REPORT_BYTES = 64;

export async function scannerCases(talk: Talk): Promise<void> {
  const device = new UhidDevice();
  const processes = new CountedProcesses();
  const line = openHidLine(parts(processes), SCANNER_USAGE);
  const scanner = openHidScanner(line, { clock: DEVICE_CLOCK });
  const session = scanner.openSession();

  async function expectHeard(text: string): Promise<void> {
    for (const report of scanReports(SHAPE, utf8(text))) await device.input(report);
    const { data, symbology } = await session.next(within(2_000));
    expectEqual([toHex(data), symbology], [toHex(utf8(text)), "]Q1"], "the code");
  }

  await talk.case("scanner: found by what it is for, and read by its own description", async () => {
    await device.plugIn(SCANNER);
    await line.untilOpen(within(10_000));
    expectEqual(toHex(line.descriptor ?? new Uint8Array()), toHex(SCANNER.descriptor), "its description");
    await expectHeard("4240".repeat(7));
    return `found by usage page 8c as ${line.name}`;
  });

  await talk.case("scanner: gives a code after each of its returns, none missed", async () => {
    const returns = new Returns();
    for (let round = 0; round < RETURNS.scanner; round += 1) {
      await device.unplug();
      await untilAway(line);
      const beganMs = nowMs();
      await device.plugIn(SCANNER);
      await line.untilOpen(within(10_000));
      await expectHeard(`round ${round}`);
      returns.add(nowMs() - beganMs);
    }
    expectEqual(processes.forks, 1, "processes of the binding");
    return returns.judge(RETURNS.scanner);
  });

  await scanner.close();
  device.close();
}

export async function uhidOutputCase(talk: Talk): Promise<void> {
  await talk.case("scanner: an output report through uhid arrives with its number in front", async () => {
    let hear: (report: string) => void = () => undefined;
    const heard = new Promise<string>((resolve) => {
      hear = resolve;
    });
    const device = new UhidDevice((report) => hear(toHex(report)));
    await device.plugIn(OTHER);
    const line = openHidLine(parts(new CountedProcesses()), { serialNumber: OTHER.serialNumber });
    try {
      await line.untilOpen(within(10_000));
      const body = `55${"00".repeat(REPORT_BYTES - 1)}`;
      await line.write(Uint8Array.of(0, 0x55, ...new Uint8Array(REPORT_BYTES - 1)), within(2_000));
      expectEqual(await bounded(heard, 20_000, "the report"), `00${body}`, "the report");
      return `${REPORT_BYTES + 1} bytes with the number 0 in front`;
    } finally {
      await line.close();
      device.close();
    }
  });
}
