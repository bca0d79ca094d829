/* `yikatong devices`: what is plugged in, what it is taken for and why, and how the configured devices are. */

import { guessReader } from "../drivers/pcsc/reader-roles.ts";
import type { Command, OptionValues } from "../system/command-line.ts";
import { CONFIG_FOLDER } from "./config.ts";
import { allWell, judge, type Look, look, type RoleReport, reportRoles } from "./devices-look.ts";
import { configIn, onMachine } from "./devices-machine.ts";
import { runProbe } from "./devices-probe.ts";
import { lookText, rolesText } from "./devices-text.ts";
import { runTry } from "./devices-try.ts";
import { complain, say } from "./output.ts";

function print(values: OptionValues, seen: Look, reports: readonly RoleReport[] | undefined): void {
  const judged = judge(seen.found);
  if (values["json"] === true) {
    const found = judged.map(({ found: device, taken }) => ({ ...device, takenFor: taken.as ?? null, why: taken.why, candidates: taken.candidates }));
    const readers = seen.readers.map((reader) => ({ ...reader, takenFor: guessReader(reader.name) ?? null }));
    return say(JSON.stringify({ found, readers, roles: reports ?? [], problems: seen.problems }));
  }
  say(lookText(seen, judged));
  if (reports !== undefined) say(`\n${rolesText(reports)}`);
  if (judged.some(({ taken }) => taken.as === undefined)) complain("\nyikatong devices probe asks what cannot be told by looking");
}

function runList(values: OptionValues): Promise<number> {
  return onMachine(values, async (machine) => {
    const folder = values["config"];
    const config = typeof folder === "string" ? await configIn(folder, machine) : undefined;
    if (typeof folder === "string" && config === undefined) return 1;
    const seen = await look(machine);
    const reports = config === undefined ? undefined : await reportRoles(config, machine, seen);
    print(values, seen, reports);
    return allWell(reports ?? []) ? 0 : 1;
  });
}

const PORTS = { ports: { type: "string", summary: "a further folder of links by role, beside /dev/yikatong" } } as const;
const CONFIG = { config: { type: "string", summary: "folder of the terminal's configuration" } } as const;
const JSON_OPTION = { json: { type: "boolean", summary: "one JSON object instead of tables" } } as const;

/** Longer names first: a command is named by its first words. */
export const DEVICES_COMMANDS: readonly Command[] = [
  {
    name: "devices probe",
    summary: "asks ports what hangs there, and writes the configuration's sections of devices and readers",
    options: {
      ...CONFIG,
      ...PORTS,
      user: { type: "string", summary: "the user's reader where both are there: contact or contactless" },
      replace: { type: "boolean", summary: "follows what answered where it speaks against the configuration" },
      "dry-run": { type: "boolean", summary: "shows the change and saves nothing" },
      ...JSON_OPTION,
    },
    run: runProbe,
  },
  {
    name: "devices try",
    summary: "has one device of the configuration do one harmless thing that can be seen",
    operands: "<pinPad | scanner | printer | display | gate | keypad | userReader | sam>",
    options: {
      config: { ...CONFIG.config, default: CONFIG_FOLDER },
      yes: { type: "boolean", summary: "the gate may open" },
      lane: { type: "string", summary: "gate: that of this lane; left out: the one among the devices" },
      "work-key": { type: "string", summary: "pinPad: a wrapped working key in hexadecimal, and /check value where the pad gives none" },
      ...JSON_OPTION,
    },
    run: runTry,
  },
  {
    name: "devices",
    summary: "lists what is plugged in, what it is taken for and why; with --config, how each role is",
    options: { ...CONFIG, ...PORTS, ...JSON_OPTION },
    run: runList,
  },
];
