/* `yikatong`: the device side's command. */

import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { isFault } from "./base/fault.ts";
import { explainText, formatNotes, NAMED_FORMS } from "./card/explain/explain.ts";
import { API_COMMANDS } from "./commands/api.ts";
import { CLAIM_COMMANDS } from "./commands/claim.ts";
import { CONFIG_COMMANDS } from "./commands/config.ts";
import { DEVICES_COMMANDS } from "./commands/devices.ts";
import { DOCTOR_COMMANDS } from "./commands/doctor.ts";
import { FARES_COMMANDS } from "./commands/fares.ts";
import { JOURNAL_COMMANDS } from "./commands/journal.ts";
import { KEY_COMMANDS } from "./commands/key-care.ts";
import { complain, say } from "./commands/output.ts";
import { POLICY_COMMANDS } from "./commands/policy.ts";
import { RECONCILE_COMMANDS } from "./commands/reconcile.ts";
import { RUN_COMMANDS } from "./commands/run.ts";
import { SELF_TEST_COMMANDS } from "./commands/self-test.ts";
import { UPDATE_COMMANDS } from "./commands/update.ts";
import { type Command, type OptionValues, runCommandLine } from "./system/command-line.ts";

const JSON_OPTION = { json: { type: "boolean", summary: "one JSON object instead of a summary" } } as const;

/** A trace of a whole day fits; anything longer is no trace. */
const TRACE_BYTES_MAX = 32 * 1024 * 1024;

/** What stands in the file of that name, or the operands themselves. */
async function explainedText(operands: readonly string[]): Promise<string | undefined> {
  const [first, second] = operands;
  if (first === undefined || second !== undefined || !existsSync(first)) return operands.join(" ");
  if ((await stat(first)).size > TRACE_BYTES_MAX) return undefined;
  return readFile(first, "latin1");
}

async function explain(values: OptionValues, operands: readonly string[]): Promise<number> {
  if (operands.length === 0) {
    complain(`what? yikatong card explain <hexadecimal, name:hexadecimal, or file>; names: ${NAMED_FORMS.join(" ")}`);
    return 2;
  }
  const text = await explainedText(operands);
  if (text === undefined) {
    complain("the file is too large for a trace");
    return 1;
  }
  const notes = explainText(text);
  say(values["json"] === true ? JSON.stringify({ notes }) : formatNotes(notes));
  return 0;
}

const COMMANDS: readonly Command[] = [
  ...RUN_COMMANDS,
  {
    name: "card explain",
    summary: "says in English and Chinese what bytes of a card, or a whole dialogue, mean",
    operands: "<hexadecimal | name:hexadecimal | file>",
    options: JSON_OPTION,
    run: explain,
  },
  ...JOURNAL_COMMANDS,
  ...DEVICES_COMMANDS,
  ...POLICY_COMMANDS,
  ...FARES_COMMANDS,
  ...RECONCILE_COMMANDS,
  ...API_COMMANDS,
  ...UPDATE_COMMANDS,
  ...SELF_TEST_COMMANDS,
  ...CLAIM_COMMANDS,
  ...KEY_COMMANDS,
  ...DOCTOR_COMMANDS,
  ...CONFIG_COMMANDS,
];

const PROGRAM = { name: "yikatong", summary: "Terminal for the third-generation social security card (社会保障卡).", commands: COMMANDS };

try {
  process.exitCode = await runCommandLine(PROGRAM, process.argv.slice(2), { print: say, complain });
} catch (error) {
  // What the world did to the command is said in one line; anything else is our mistake and keeps its stack.
  if (!isFault(error)) throw error;
  complain(`yikatong: ${error.code}: ${error.message}`);
  process.exitCode = 1;
}
