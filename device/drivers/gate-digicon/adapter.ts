/* The family as the configuration and the registry know it. */
import * as z from "zod";
import { defineAdapter } from "../adapter.ts";
import { serialPort } from "../framing/settings.ts";
import { DEFAULT_DIGICON_PROFILE, DIGICON_BAUD, openDigiconGate } from "./gate.ts";
import { digiconProbe } from "./probe.ts";

const direction = z.enum(["right-to-left", "left-to-right"]);

export const gateDigicon = defineAdapter({
  role: "gate",
  hangsOn: "serial",
  speaksTo: "boards of the Digicon type",
  settings: z.strictObject({
    adapter: z.literal("gateDigicon"),
    port: serialPort(DIGICON_BAUD),
    digiconDirection: direction.default(DEFAULT_DIGICON_PROFILE.digiconDirection),
    /** The way of an entry as the board's papers name directions. */
    entryDirection: direction.default("right-to-left"),
  }),
  open: ({ port, digiconDirection, entryDirection }, { clock, lines }) =>
    openDigiconGate(lines.serial(port), { clock, profile: { digiconDirection }, entryDirection }),
  probe: digiconProbe,
});
