/*
 * A whole terminal as one process of its own, to be killed and started again: the composition of device/main.ts (SQLite journal, MQTT link,
 * sealing worker, real clock), with readers whose cards and module lie at a desk in another process.
 * Usage: process.ts <folder>. The folder holds terminal.json ({"config": …, "deskSocket": …, "sync": …}) and the key file. Requests and
 * answers are the counter's JSON lines; the first line is {"event":"ready"}.
 */
import { readFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { serveLines } from "../../device/api/lines.ts";
import { Fault } from "../../device/base/fault.ts";
import { loadDeviceKeys } from "../../device/config/keys.ts";
import { parseTerminalConfig, type TerminalConfig } from "../../device/config/schema.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import type { PinVerifier } from "../../device/drivers/ports.ts";
import { openLog } from "../../device/health/log.ts";
import { keyFileOf, openDevice } from "../../device/main.ts";
import type { SyncOptions } from "../../device/sync/sync.ts";
import { systemClock } from "../../device/system/clock.ts";
import { readKeyFile } from "../../device/system/key-file.ts";
import type { TerminalRules } from "../../device/terminal-settings.ts";
import { PLANTED_BUGS } from "../world/planted-bugs.ts";
import { RemoteReader } from "./remote-reader.ts";
import { SAM_SLOT, SETTINGS_FILE, type TerminalSettings, USER_SLOT } from "./settings.ts";

/** Quick payments ask for no PIN. */
const NO_PIN: PinVerifier = {
  verifyOnCard: () => Promise.reject(new Fault("pad-gone", "this terminal has no keypad", { effectUnknown: false })),
};

interface Settings {
  readonly config: TerminalConfig;
  readonly deskSocket: string;
  readonly sync: Partial<SyncOptions>;
  readonly rules: TerminalRules | undefined;
}

function readSettings(folder: string): Settings | string {
  // Written by whoever starts this process; the configuration in it is checked like any other.
  const { config, deskSocket, sync, plant } = JSON.parse(readFileSync(join(folder, SETTINGS_FILE), "utf8")) as TerminalSettings;
  const parsed = parseTerminalConfig(config);
  if (!parsed.ok) return parsed.problems.join("; ");
  return { config: parsed.config, deskSocket, sync, rules: plant === undefined ? undefined : PLANTED_BUGS[plant] };
}

async function run(folder: string, { config, deskSocket, sync, rules }: Settings): Promise<void> {
  const clock = systemClock();
  const suite = openCipherSuite();
  const log = openLog({ destination: process.stderr, clock, terminalId: config.terminalId, level: "warn" });
  const { keys, sealKeys } = loadDeviceKeys(await readKeyFile(keyFileOf(folder)), { suite, profile: config.profile });
  const desk = { socketPath: deskSocket, clock };
  const terminal = await openDevice({
    config,
    keys,
    sealKeys,
    suite,
    userReader: new RemoteReader({ ...desk, name: "counter", interface: "contactless", slot: USER_SLOT }),
    samReader: new RemoteReader({ ...desk, name: "module", interface: "sam", slot: SAM_SLOT }),
    pinVerifier: NO_PIN,
    log,
    sync,
    ...(rules === undefined ? {} : { rules }),
  });
  const write = (line: string) => process.stdout.write(`${line}\n`);
  write(JSON.stringify({ event: "ready", boot: terminal.status().boot }));
  // A process that is going to be killed has to write down early what it compiled; nothing happens where no cache was asked for.
  flushCompileCache();
  await serveLines(terminal, { lines: createInterface({ input: process.stdin }), write }, new AbortController().signal);
  await terminal.stop();
}

function refuse(reason: string): void {
  process.stderr.write(`${reason}\n`);
  process.exitCode = 2;
}

const folder = process.argv[2];
if (folder === undefined) refuse("usage: process.ts <folder>");
else {
  const settings = readSettings(folder);
  if (typeof settings === "string") refuse(settings);
  else await run(folder, settings);
}
