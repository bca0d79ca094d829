/* A printer on a USB serial converter of the machine; the simulated printer stands at the host's end. */
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { openEscPosPrinter } from "../../../device/drivers/printer-escpos/printer.ts";
import { openSerialLine } from "../../../device/drivers/serial/open.ts";
import { eightNoneOne } from "../../../device/drivers/serial/options.ts";
import { RETURNS } from "../cases.ts";
import { DEVICE_CLOCK, nowMs, Returns } from "./pace.ts";
import { CountedProcesses, expectEqual, parts, untilAway, within } from "./stand.ts";
import type { Talk } from "./talk.ts";

/** The link that the guest's rule makes for whatever converter carries the printer's number. */
const LINK = "/dev/yikatong/printer";
const BY_ID = "/dev/serial/by-id";

export async function printerCases(talk: Talk): Promise<void> {
  const processes = new CountedProcesses();
  const line = openSerialLine(parts(processes), eightNoneOne(LINK, 9_600));
  const printer = openEscPosPrinter(line, { clock: DEVICE_CLOCK });
  const printed: string[] = [];

  async function print(text: string): Promise<void> {
    expectEqual(await printer.print([{ kind: "text", text }], within(10_000)), { kind: "printed" }, "the slip");
    printed.push(text);
  }

  await talk.case("USB serial: opened by the link of its role, prints a slip", async () => {
    await line.untilOpen(within(10_000));
    await print("社会保障卡");
    expectEqual(await talk.ask("read paper"), printed, "the paper");
    return `${LINK} -> ${readlinkSync(LINK)}, also ${readdirSync(BY_ID).join(", ")}`;
  });

  await talk.case("USB serial: its loss is noticed without a write", async () => {
    await talk.ask("unplug printer");
    const beganMs = nowMs();
    await untilAway(line);
    const tookMs = nowMs() - beganMs;
    expectEqual(await printer.print([{ kind: "text", text: "lost" }], within(2_000)), { kind: "not-ready", state: "offline" }, "the slip meanwhile");
    const { linkStands, health } = { linkStands: existsSync(LINK), health: await printer.health(within(1_000)) };
    expectEqual([linkStands, health], [false, { kind: "away" }], "link and health");
    await talk.ask("plug in printer");
    await line.untilOpen(within(10_000));
    await print("back");
    return `noticed ${Math.round(tookMs)} ms after the removal had ended`;
  });

  await talk.case("USB serial: prints by the same link after each of its returns", async () => {
    const returns = new Returns();
    for (let round = 0; round < RETURNS.serial; round += 1) {
      await talk.ask("unplug printer");
      await untilAway(line);
      const beganMs = nowMs();
      await talk.ask("plug in printer");
      await line.untilOpen(within(10_000));
      await print(`第${round}张`);
      returns.add(nowMs() - beganMs);
    }
    expectEqual(await talk.ask("read paper"), printed, "the paper");
    expectEqual(processes.forks, 1, "processes of the binding");
    return returns.judge(RETURNS.serial);
  });
  await printer.close();
}
