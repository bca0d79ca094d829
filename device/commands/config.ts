/* `yikatong config check` and `config set`, and how other commands read what they wrote. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type ConfigParts, loadConfig, saveConfig } from "../config/load.ts";
import { parseTerminalConfig, type TerminalConfig } from "../config/schema.ts";
import { withoutSecrets } from "../config/secrets.ts";
import { INSTALLED_CONFIG, journalPlaceProblem } from "../config/update.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { type LeveledLog, openLog } from "../health/log.ts";
import { systemClock } from "../system/clock.ts";
import type { Command, OptionValues } from "../system/command-line.ts";
import { openFolderStorage } from "../system/storage.ts";
import { complain, say } from "./output.ts";

/** Where a machine that was installed by the script has its configuration. */
export const CONFIG_FOLDER = INSTALLED_CONFIG;
export const CONFIG_OPTION = { config: { type: "string", summary: "folder of the terminal's configuration", default: CONFIG_FOLDER } } as const;
const JSON_OPTION = { json: { type: "boolean", summary: "one JSON object instead of a summary" } } as const;

/** The log of a terminal, on standard error. */
export function terminalLog(terminalId: string): LeveledLog {
  return openLog({ destination: process.stderr, clock: systemClock(), terminalId, level: "info" });
}

async function configParts(folder: string): Promise<ConfigParts> {
  return { storage: await openFolderStorage(folder), suite: openCipherSuite(), log: terminalLog("-") };
}

/** The configuration, or undefined after saying why there is none. */
export async function readConfig(folder: string): Promise<TerminalConfig | undefined> {
  const loaded = await loadConfig(await configParts(folder));
  if (loaded.kind === "ready") return loaded.config;
  complain(`there is no configuration in ${folder}; write one with: yikatong config set --config <folder> <file>`);
  return undefined;
}

async function checkConfig(values: OptionValues): Promise<number> {
  const config = await readConfig(String(values["config"]));
  if (config === undefined) return 1;
  say(
    values["json"] === true
      ? JSON.stringify(withoutSecrets(config))
      : `the configuration of terminal ${config.terminalId} is valid (profile ${config.profile})`,
  );
  return 0;
}

async function setConfig(values: OptionValues, [file]: readonly string[]): Promise<number> {
  if (file === undefined) {
    complain("which file? yikatong config set <file>");
    return 2;
  }
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    // A file that is missing or is no JSON: both are for the person at the keyboard to mend.
    complain(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  const folder = String(values["config"]);
  const wanted = parseTerminalConfig(value);
  const misplaced = wanted.ok ? journalPlaceProblem(resolve(folder), wanted.config) : undefined;
  if (misplaced !== undefined) {
    complain(`the configuration is not valid: ${misplaced}`);
    return 1;
  }
  const config = await saveConfig(await configParts(folder), value);
  say(`terminal ${config.terminalId} is configured`);
  return 0;
}

export const CONFIG_COMMANDS: readonly Command[] = [
  { name: "config check", summary: "reads the configuration and says whether it is valid", options: { ...CONFIG_OPTION, ...JSON_OPTION }, run: checkConfig },
  { name: "config set", summary: "checks a configuration file and makes it the terminal's", operands: "<file>", options: CONFIG_OPTION, run: setConfig },
];
