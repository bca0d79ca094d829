/* `yikatong`: the device side's command. */

import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { serveLines } from "./api/lines.ts";
import { isFault } from "./base/fault.ts";
import { explainText, formatNotes, NAMED_FORMS } from "./card/explain/explain.ts";
import { API_COMMANDS } from "./commands/api.ts";
import { CLAIM_COMMANDS, checkIdentity, endByOrder } from "./commands/claim.ts";
import { DEVICES_COMMANDS } from "./commands/devices.ts";
import { DOCTOR_COMMANDS } from "./commands/doctor.ts";
import { FARES_COMMANDS } from "./commands/fares.ts";
import { fleetState, storageWear } from "./commands/fleet-state.ts";
import { JOURNAL_COMMANDS } from "./commands/journal.ts";
import { careForever, endKeyChange, KEY_COMMANDS } from "./commands/key-care.ts";
import { POLICY_COMMANDS } from "./commands/policy.ts";
import { startProving, updateFolder } from "./commands/proving.ts";
import { RECONCILE_COMMANDS } from "./commands/reconcile.ts";
import { EXIT_START_ANEW, openRemote } from "./commands/remote.ts";
import { SELF_TEST_COMMANDS } from "./commands/self-test.ts";
import { openService, runtimeFolder } from "./commands/service.ts";
import { UPDATE_COMMANDS } from "./commands/update.ts";
import { loadDeviceKeys } from "./config/keys.ts";
import { loadConfig, saveConfig } from "./config/load.ts";
import type { TerminalConfig } from "./config/schema.ts";
import { withoutSecrets } from "./config/secrets.ts";
import { openCipherSuite } from "./crypto/suite.ts";
import { type AdapterParts, closeDevices } from "./drivers/adapter.ts";
import { openLines } from "./drivers/lines.ts";
import type { Pcsc } from "./drivers/pcsc/open.ts";
import { openPcsc } from "./drivers/registry.ts";
import { openDevices, openRole } from "./drivers/roles.ts";
import { type LeveledLog, openLog } from "./health/log.ts";
import type { ServiceHealth } from "./health/service-health.ts";
import { keyFileOf, type LaneHardware, openDevice, openTerminalApi, openTerminalReaderLibrary } from "./main.ts";
import { systemClock } from "./system/clock.ts";
import { type Command, type OptionValues, runCommandLine } from "./system/command-line.ts";
import { readKeyFile } from "./system/key-file.ts";
import { systemProcesses } from "./system/processes.ts";
import { openFolderStorage } from "./system/storage.ts";
import type { Terminal } from "./terminal.ts";
import { ActDoor } from "./txn/act-door.ts";

const CONFIG_OPTION = { config: { type: "string", summary: "folder of the terminal's configuration", default: "/etc/yikatong" } } as const;
const SERVICE_OPTION = { service: { type: "boolean", summary: "runs until it is told to stop, and reads no lines" } } as const;
const JSON_OPTION = { json: { type: "boolean", summary: "one JSON object instead of a summary" } } as const;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

function logOf(terminalId: string): LeveledLog {
  return openLog({ destination: process.stderr, clock: systemClock(), terminalId, level: "info" });
}

async function configParts(values: OptionValues) {
  return { storage: await openFolderStorage(String(values["config"])), suite: openCipherSuite(), log: logOf("-") };
}

/** The configuration, or undefined after saying why there is none. */
async function readConfig(values: OptionValues): Promise<TerminalConfig | undefined> {
  const loaded = await loadConfig(await configParts(values));
  if (loaded.kind === "ready") return loaded.config;
  complain(`there is no configuration in ${String(values["config"])}; write one with: yikatong config set --config <folder> <file>`);
  return undefined;
}

/** Our own mistake: the supervisor starts the terminal anew, and the journal knows what was under way. */
function endForDefect(error: unknown): void {
  complain(`yikatong: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exit(1);
}

/** Nothing is under way: the start that follows is counted, and after the last one the release before this one comes back. */
function endForUnwellRelease(): void {
  process.exit(1);
}

/** The user's reader as its rule names it, for people. */
function userReaderName({ readers }: TerminalConfig): string {
  const { nameIncludes, interface: by } = readers.user;
  return nameIncludes.length === 0 ? by : nameIncludes.join(" ");
}

/** What hangs at each lane of the gate. Nothing of it need be there yet. */
function openLanes({ gate }: TerminalConfig, pcsc: Pcsc, parts: AdapterParts): readonly LaneHardware[] {
  return (gate?.lanes ?? []).map(({ readers: { user, sam }, device, display }) => {
    return {
      reader: pcsc.reader(user),
      samReader: pcsc.reader(sam),
      gate: openRole("gate", device, parts),
      ...(user.lamp === undefined ? {} : { lamp: pcsc.lamp(user, user.lamp) }),
      ...(display === undefined ? {} : { display: openRole("display", display, parts) }),
    };
  });
}

/** Longest that a stop may take; what is then still under way stands in the journal, where the next start finds it. */
const STOP_MAX_MS = 25_000;

function abandon(): void {
  complain("yikatong: what is under way is left to the next start");
  process.exit(0);
}

interface Serving {
  readonly withLines: boolean;
  /** Everything is closed. */
  readonly ended: AbortSignal;
  /** A new start is due. */
  readonly anew: AbortSignal;
}

/** Serves until the input ends or the process is told to stop; as a service it has no input that could end. */
async function serve(terminal: Terminal, { withLines, ended, anew }: Serving): Promise<void> {
  const over = new AbortController();
  const lines = createInterface({ input: withLines ? process.stdin : new PassThrough() });
  const stop = () => {
    over.abort();
    lines.close();
    systemClock()
      .sleep(STOP_MAX_MS, ended)
      .then(abandon, () => undefined);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stop);
  anew.addEventListener("abort", stop, { once: true });
  await serveLines(terminal, { lines, write: say }, over.signal);
}

/** A running terminal as whoever looks after its orders and parameters sees it. */
function watchedBy(terminal: Terminal, door: ActDoor) {
  return {
    trustedMs: () => terminal.trustedMs(),
    busy: () => door.underWay > 0,
    close: () => door.close(),
    settled: async () => {
      const { lastSeq, receiptedThrough } = terminal.status();
      return lastSeq === receiptedThrough && (await terminal.journal.openSubjects({ limit: 1 })).length === 0;
    },
  };
}

async function run(values: OptionValues): Promise<number> {
  const suite = openCipherSuite();
  const identity = await checkIdentity(String(values["config"]), suite);
  await endKeyChange({ configFolder: String(values["config"]), suite }, identity);
  const stored = await readConfig(values);
  if (stored === undefined) return 1;
  const log = logOf(stored.terminalId);
  const remote = await openRemote(stored, log);
  const over = remote.ending ? await endByOrder(String(values["config"])) : undefined;
  if (over !== undefined) return over;
  const { config } = remote;
  const clock = systemClock();
  const { keys, sealKeys } = loadDeviceKeys(await readKeyFile(keyFileOf(String(values["config"]))), { suite, profile: config.profile });
  const machine = { processes: systemProcesses(), clock, log };
  const pcsc = openPcsc(machine);
  const { user, sam } = config.readers;
  const parts = { ...machine, lines: openLines(machine) };
  const devices = openDevices(config.devices, parts);
  const lanes = openLanes(config, pcsc, parts);
  const door = new ActDoor();
  let uplinkTurnMs = clock.monotonicMs();
  let health: ServiceHealth | undefined;
  const wear = await storageWear();
  const opening = openDevice({
    door,
    takers: (own) => remote.takers(own),
    state: () => fleetState(health?.told, { parameters: remote.parameters, wear }),
    onUplinkTurn: () => {
      uplinkTurnMs = clock.monotonicMs();
    },
    config,
    keys,
    sealKeys,
    suite,
    log,
    userReader: pcsc.reader(user),
    ...(user.lamp === undefined ? {} : { lamp: pcsc.lamp(user, user.lamp) }),
    devices,
    lanes,
    samReader: pcsc.reader(sam),
    pinVerifier: pcsc.pinVerifier({ digits: user.pinDigits }),
    ...(user.pinEntry === "reader" ? { pinChanger: pcsc.pinChanger({ digits: user.pinDigits }) } : {}),
    // Medical purchases ask for the PIN, and every terminal offers them.
    pinPairing: { cardPinNeeded: true, reader: { name: userReaderName(config), securePinEntry: user.pinEntry === "reader" } },
  });
  const terminal = await opening.catch(async (error: unknown) => {
    // Their processes would keep this one alive, and whoever started it would take it for a terminal.
    await Promise.allSettled([closeDevices(devices), ...lanes.map(({ gate }) => gate.close()), pcsc.close()]);
    throw error;
  });
  const library = await openTerminalReaderLibrary(terminal, config, { log, onDefect: endForDefect });
  if (library !== undefined) complain(`the reader library listens at ${config.readerLibrary?.socket}`);
  const api = await openTerminalApi(terminal, config, { log, onDefect: endForDefect, library });
  if (api !== undefined) complain(`the local API listens at ${api.url}`);
  health = await openService({ ...machine, terminal, door, config, pcsc, uplinkTurnMs: () => uplinkTurnMs, folder: runtimeFolder() });
  await health.start();
  const proving = await startProving({ folder: updateFolder(), clock, log, told: () => health?.told, onUnwell: () => endForUnwellRelease() });
  const ended = new AbortController();
  const anew = new AbortController();
  const watching = remote.watch({ ...watchedBy(terminal, door), clock, signal: ended.signal, startAnew: () => anew.abort() }).catch(endForDefect);
  const caring = careForever({
    ...{ configFolder: String(values["config"]), identity, config, suite, clock, log, signal: ended.signal },
    nowMs: () => terminal.trustedMs() ?? clock.wallMs(),
    startAnew: () => anew.abort(),
  }).catch(endForDefect);
  await serve(terminal, { withLines: values["service"] !== true, ended: ended.signal, anew: anew.signal });
  await proving.stop();
  await health.stop();
  await Promise.all([api?.close(), library?.close()]);
  await terminal.stop();
  await pcsc.close();
  ended.abort();
  await Promise.all([watching, caring]);
  return anew.signal.aborted ? EXIT_START_ANEW : 0;
}

async function checkConfig(values: OptionValues): Promise<number> {
  const config = await readConfig(values);
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
  const config = await saveConfig(await configParts(values), value);
  say(`terminal ${config.terminalId} is configured`);
  return 0;
}

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
  {
    name: "run",
    summary: "runs the terminal; requests and answers are JSON lines on standard input and output",
    options: { ...CONFIG_OPTION, ...SERVICE_OPTION },
    run,
  },
  { name: "config check", summary: "reads the configuration and says whether it is valid", options: { ...CONFIG_OPTION, ...JSON_OPTION }, run: checkConfig },
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
  { name: "config set", summary: "checks a configuration file and makes it the terminal's", operands: "<file>", options: CONFIG_OPTION, run: setConfig },
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
