/* `yikatong doctor` and `yikatong support-bundle`: what is wrong with this terminal, and what the maker needs to know of it. */
import { writeFile } from "node:fs/promises";
import { writeZip } from "../codec/zip.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { type Diagnosis, diagnosisText, examine, examineWithFacts, exitCodeOf } from "../health/doctor/doctor.ts";
import type { GatherParts } from "../health/doctor/gather.ts";
import { PLACES } from "../health/doctor/machine.ts";
import { supportBundle } from "../health/doctor/support-bundle.ts";
import { systemClock } from "../system/clock.ts";
import type { Command, CommandOption, OptionValues } from "../system/command-line.ts";
import { doctorMachine } from "../system/doctor-machine.ts";
import { systemProcesses } from "../system/processes.ts";
import { DATABASE_FILE } from "../txn/journal/sqlite/files.ts";
import { JOURNAL_SCHEMAS } from "../txn/journal/sqlite/layouts.ts";
import { complain, say } from "./output.ts";

function partsOf(values: OptionValues): GatherParts {
  const root = values["root"];
  return {
    machine: doctorMachine({ processes: systemProcesses(), ...(typeof root === "string" ? { root } : {}) }),
    places: { ...PLACES, config: String(values["config"]) },
    clock: systemClock(),
    suite: openCipherSuite(),
    journalSchemas: JOURNAL_SCHEMAS,
    journalFile: DATABASE_FILE,
  };
}

async function runDoctor(values: OptionValues): Promise<number> {
  const diagnosis = await examine(partsOf(values));
  say(values["json"] === true ? jsonOf(diagnosis) : diagnosisText(diagnosis));
  return exitCodeOf(diagnosis);
}

function jsonOf(diagnosis: Diagnosis): string {
  return JSON.stringify({ healthy: diagnosis.findings.length === 0, ...diagnosis });
}

async function runBundle(values: OptionValues, [file]: readonly string[]): Promise<number> {
  if (file === undefined) {
    complain("where to? yikatong support-bundle <file.zip>");
    return 2;
  }
  const parts = partsOf(values);
  const { diagnosis, facts } = await examineWithFacts(parts);
  const files = await supportBundle({ ...parts, config: facts.config, diagnosis });
  await writeFile(file, writeZip(files), { mode: 0o600 });
  say(`${file}: ${files.map(({ name }) => name).join(", ")}`);
  return 0;
}

const OPTIONS: Readonly<Record<string, CommandOption>> = {
  config: { type: "string", summary: "folder of the terminal's configuration", default: PLACES.config },
  root: { type: "string", summary: "looks at the machine whose root lies here" },
};

export const DOCTOR_COMMANDS: readonly Command[] = [
  {
    name: "doctor",
    summary: "says what is wrong with this terminal and what to do; exit code 0 nothing, 1 warnings, 2 faults",
    options: { ...OPTIONS, json: { type: "boolean", summary: "one JSON object instead of sentences" } },
    run: runDoctor,
  },
  {
    name: "support-bundle",
    summary: "writes what the maker needs to understand a sick terminal, without secrets and personal numbers",
    operands: "<file.zip>",
    options: OPTIONS,
    run: runBundle,
  },
];
