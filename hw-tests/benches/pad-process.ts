/*
 * A PIN pad's driver in a process of its own, as the terminal opens it, so that the process can be searched while it lives. Standard input has
 * one JSON object a line: {"ask":"pin"} or {"ask":"new-pin"}, answered with the kind of the outcome or the code of the fault; {"keep":"text"}
 * keeps a text, to be found.
 * Usage: pad-process.ts <settings of the role pinPad, JSON> <wrapped key, hexadecimal> <its check value, hexadecimal>
 */
import { createInterface } from "node:readline";
import { fromHex } from "../../device/base/bytes.ts";
import { isFault } from "../../device/base/fault.ts";
import { SILENT } from "../../device/base/log.ts";
import { limits } from "../../device/drivers/contract/bench.ts";
import { openLines } from "../../device/drivers/lines.ts";
import { devicesSettings, openRole } from "../../device/drivers/roles.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemProcesses } from "../../device/system/processes.ts";

const [settingsText = "", wrapped = "", checkValue = ""] = process.argv.slice(2);
const { pinPad: settings } = devicesSettings.parse({ pinPad: JSON.parse(settingsText) as unknown });
if (settings === undefined) throw new Error("the settings are those of a pad");

const machine = { clock: systemClock(), processes: systemProcesses(), log: SILENT };
const pad = openRole("pinPad", settings, { ...machine, lines: openLines(machine) });
const kept: string[] = [];

for (let tries = 0; (await pad.health(limits(1_000))).kind === "away" && tries < 100; tries += 1) await machine.clock.sleep(50);
await pad.loadWorkKey({ place: settings.pinKey, algorithm: "3des", wrapped: fromHex(wrapped), checkValue: fromHex(checkValue) }, limits(5_000));

const REQUEST = { accountTail: fromHex("123456789012"), minDigits: 12, maxDigits: 12 };

async function answer(ask: "pin" | "new-pin" | undefined): Promise<string> {
  if (ask === undefined) return `kept ${kept.length}`;
  try {
    const outcome = ask === "pin" ? await pad.requestPinBlock(REQUEST, limits(30_000)) : await pad.requestNewPinBlock(REQUEST, limits(30_000));
    return outcome.kind;
  } catch (fault) {
    if (isFault(fault)) return fault.code;
    throw fault;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  // Its parent is the bench.
  const asked = JSON.parse(line) as { readonly ask?: "pin" | "new-pin"; readonly keep?: string };
  if (asked.keep !== undefined) kept.push(asked.keep);
  process.stdout.write(`${JSON.stringify({ kind: await answer(asked.ask) })}\n`);
}
await pad.close();
