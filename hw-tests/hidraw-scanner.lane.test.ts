/* HID scanners on real hidraw nodes, found by what they are for and read by their own descriptions: the same suite as in process. */
import { afterAll, beforeAll, describe } from "vitest";
import { SILENT } from "../device/base/log.ts";
import { limits } from "../device/drivers/contract/bench.ts";
import { scannerContract } from "../device/drivers/contract/scanner-contract.ts";
import { openHidLine } from "../device/drivers/hid/open.ts";
import { SCANNER_USAGE } from "../device/drivers/scanner-hid/scanner.ts";
import { hidScannerBench, type ReportStand } from "../device/drivers/scanner-hid/testing.ts";
import { systemClock } from "../device/system/clock.ts";
import { HidrawNode, hidrawObstacle } from "../simulators/hid/hidraw.ts";
import { SCANNER_DESCRIPTORS, type ScannerShape } from "../simulators/scanner/hid-scanner.ts";
import { processesWithSys } from "./benches/private-sys.ts";

const obstacle = hidrawObstacle();
const clock = systemClock();
const BACK_MS = 2_000;
const SHAPES: readonly ScannerShape[] = ["counted", "uncounted"];

/** A scanner that is plugged in, behind a line that looks for scanners. */
async function hidrawStand(node: HidrawNode): Promise<ReportStand> {
  await node.plugIn();
  const line = openHidLine({ processes: processesWithSys(() => node.sysScript()), clock, log: SILENT }, SCANNER_USAGE);
  await line.untilOpen(limits(10_000));
  return {
    line,
    clock,
    input: (report) => node.input(report),
    run: (work) => work,
    unplug: async () => {
      await node.unplug();
      while (line.state === "open") await clock.sleep(2);
    },
    plugIn: async () => {
      await node.plugIn();
      await line.untilOpen(limits(BACK_MS));
    },
    close: () => node.unplug(),
  };
}

for (const shape of SHAPES) {
  describe.skipIf(obstacle !== undefined)(`a ${shape} scanner on a hidraw node${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
    let node: HidrawNode;

    beforeAll(async () => {
      const identity = { vendorId: 0x0c2e, productId: 0x0b61, serialNumber: "SN0002", product: "HID scanner" };
      node = await HidrawNode.open({ ...identity, descriptor: SCANNER_DESCRIPTORS[shape] });
    }, 20_000);

    afterAll(async () => {
      await node.close();
    }, 20_000);

    scannerContract(`HID on a hidraw node, ${shape}`, async () => hidScannerBench(await hidrawStand(node), shape));
  });
}
