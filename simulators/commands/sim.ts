/* `sim`: simulators by themselves: card and security module behind a private pcscd or at the end of a pipe, devices on the lines that a terminal opens. */
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemClock } from "../../device/system/clock.ts";
import type { Command, OptionValues } from "../../device/system/command-line.ts";
import { runApduMode } from "./sim-apdu.ts";
import { runDevicesMode } from "./sim-devices.ts";
import { standardIo } from "./sim-io.ts";
import { readSimOptions, SIM_OPTIONS } from "./sim-options.ts";
import { runPcscdMode } from "./sim-pcscd.ts";
import { readScenarioFile } from "./sim-scenario.ts";
import { openModules, type SimIo } from "./sim-stand.ts";

const EXIT_USAGE = 2;

export interface SimParts {
  readonly suite: CipherSuite;
  readonly clock: Clock;
}

/** The whole command with its doors passed in. Resolves with the exit code. */
export async function runSim(values: OptionValues, io: SimIo, { suite, clock }: SimParts): Promise<number> {
  if (values["devices"] !== undefined) return runDevicesMode(values, io, { suite, clock });
  const options = readSimOptions(values);
  if (typeof options === "string") {
    io.complain(options);
    return EXIT_USAGE;
  }
  const modules = openModules(suite, options);
  if (!modules.ok) {
    io.complain(modules.reason);
    return EXIT_USAGE;
  }
  const scenario = options.scenarioFile === undefined ? undefined : readScenarioFile(options.scenarioFile);
  if (scenario?.ok === false) {
    io.complain(scenario.reason);
    return EXIT_USAGE;
  }
  const parts = { suite, clock, modules: modules.value, steps: scenario?.value ?? [] };
  return options.mode === "pcscd" ? runPcscdMode(options, io, parts) : runApduMode(options, io, parts);
}

export const simCommand: Command = {
  name: "sim",
  summary:
    "runs simulators by themselves: a card and a security module with --apdu on lines or --pcscd behind a private pcscd, devices with --devices on their lines; help lists the control lines",
  options: SIM_OPTIONS,
  run: async (values) => {
    const io = standardIo();
    try {
      return await runSim(values, io, { suite: openCipherSuite(), clock: systemClock() });
    } finally {
      io.close();
    }
  },
};
