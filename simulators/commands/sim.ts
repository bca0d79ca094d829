/* `sim`: a simulated card and security module by themselves, behind a private pcscd or at the end of a pipe. */
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemClock } from "../../device/system/clock.ts";
import type { Command, OptionValues } from "../../device/system/command-line.ts";
import { runApduMode } from "./sim-apdu.ts";
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
  summary: "runs a simulated card and security module by themselves: --apdu on lines, --pcscd behind a private pcscd; help lists the control lines",
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
