/* What the product's own command says of a machine where each kind is plugged in: nothing of it is configured, all of it is told by looking. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { GadgetDevice } from "./gadget.ts";
import { SCANNER } from "./scanner.ts";
import { bounded, type Talk } from "./talk.ts";
import { UhidDevice } from "./uhid.ts";

const LIST_LIMIT_MS = 60_000;
/** The command gives each way of looking a few seconds of its own, which are few in a machine as slow as this one. */
const LOOKS_MAX = 4;
/** Signs of the four devices: serial port, scanner, pad, card reader. */
const SIGNS = ["/dev/yikatong/printer", "0c2e:0b61", "1fc9:5353", "Gemplus"] as const;

async function list(): Promise<string> {
  const command = fileURLToPath(new URL("../../../device/cli.js", import.meta.url));
  const child = spawn(process.execPath, [command, "devices"], { stdio: ["ignore", "pipe", "inherit"] });
  let listed = "";
  child.stdout.on("data", (chunk: Buffer) => {
    listed += chunk.toString("utf8");
  });
  const code = await bounded(new Promise<number | null>((resolve) => child.once("close", resolve)), LIST_LIMIT_MS, "the list of devices");
  if (code !== 0) throw new Error(`yikatong devices ended with ${code}`);
  return listed;
}

export async function devicesCase(talk: Talk, gadget: GadgetDevice): Promise<void> {
  await talk.case("devices: what is plugged in is listed", async () => {
    const scanner = new UhidDevice();
    await scanner.plugIn(SCANNER);
    if (!gadget.isPluggedIn) await gadget.plugIn();
    let listed = "";
    for (let looks = 1; looks <= LOOKS_MAX; looks += 1) {
      listed = await list();
      if (SIGNS.every((sign) => listed.includes(sign))) {
        scanner.close();
        return `look ${looks}\n${listed}`;
      }
    }
    scanner.close();
    throw new Error(`some of ${SIGNS.join(", ")} are not listed:\n${listed}`);
  });
}
