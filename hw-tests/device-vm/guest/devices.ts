/*
 * What `yikatong devices` prints of a machine where each kind is plugged in and nothing is configured. Its look and its text are the
 * command's own; they run here, because the command gives each way of looking a few seconds by the system's clock, and those are the device's.
 */
import { judge, look } from "../../../device/commands/devices-look.ts";
import { lookText } from "../../../device/commands/devices-text.ts";
import type { GadgetDevice } from "./gadget.ts";
import { SCANNER } from "./scanner.ts";
import { CountedProcesses, parts } from "./stand.ts";
import type { Talk } from "./talk.ts";
import { UhidDevice } from "./uhid.ts";

const PLACES = { sys: "/sys", dev: "/dev", proc: "/proc", links: ["/dev/yikatong"] } as const;
const LOOKS_MAX = 3;
/** What must be told by looking alone: what is where, and what it is taken for. */
const SIGNS = [
  /card reader +Gemalto Gemplus/,
  /\/dev\/yikatong\/printer -> \/dev\/ttyUSB\d .*printerEscPos/,
  /1fc9:5353 .*pad02hHid/,
  /0c2e:0b61 .*scannerHid/,
] as const;

async function list(): Promise<string> {
  const seen = await look({ ...parts(new CountedProcesses()), places: PLACES, self: process.pid, signal: new AbortController().signal });
  return lookText(seen, judge(seen.found));
}

export async function devicesCase(talk: Talk, gadget: GadgetDevice): Promise<void> {
  await talk.case("devices: what is plugged in is listed", async () => {
    const scanner = new UhidDevice();
    try {
      await scanner.plugIn(SCANNER);
      if (!gadget.isPluggedIn) await gadget.plugIn();
      let listed = "";
      for (let looks = 1; looks <= LOOKS_MAX; looks += 1) {
        listed = await list();
        if (SIGNS.every((sign) => sign.test(listed))) return `look ${looks}\n${listed}`;
      }
      throw new Error(`something of ${SIGNS.join(", ")} is not listed:\n${listed}`);
    } finally {
      scanner.close();
    }
  });
}
