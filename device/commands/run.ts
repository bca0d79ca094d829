/* `yikatong run`: the terminal on this machine, from its configuration to its end. */
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import type { Identity } from "../../provisioning/claim/identity.ts";
import { serveLines } from "../api/lines.ts";
import type { Log } from "../base/log.ts";
import { loadDeviceKeys } from "../config/keys.ts";
import type { TerminalConfig } from "../config/schema.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { type AdapterParts, closeDevices } from "../drivers/adapter.ts";
import { openLines } from "../drivers/lines.ts";
import type { Pcsc } from "../drivers/pcsc/open.ts";
import { openPcsc } from "../drivers/registry.ts";
import { openDevices, openRole } from "../drivers/roles.ts";
import type { ServiceHealth } from "../health/service-health.ts";
import { keyFileOf, type LaneHardware, openDevice, openTerminalApi, openTerminalReaderLibrary } from "../main.ts";
import { systemClock } from "../system/clock.ts";
import type { Command, OptionValues } from "../system/command-line.ts";
import { readKeyFile } from "../system/key-file.ts";
import { systemProcesses } from "../system/processes.ts";
import { openFolderStorage } from "../system/storage.ts";
import type { Terminal } from "../terminal.ts";
import { ActDoor } from "../txn/act-door.ts";
import { checkIdentity, endBegun, endByOrder } from "./claim.ts";
import { CONFIG_OPTION, readConfig, terminalLog } from "./config.ts";
import { fleetState, storageWear } from "./fleet-state.ts";
import { careForever, endKeyChange } from "./key-care.ts";
import { KeyNotices } from "./key-notice.ts";
import { openKeyWatch, refuseTestAuthority } from "./key-watch.ts";
import { complain, say } from "./output.ts";
import { startProving, updateFolder } from "./proving.ts";
import { EXIT_START_ANEW, openRemote, type RemotePlace, remoteFolderOf } from "./remote.ts";
import { openService, runtimeFolder } from "./service.ts";

const SERVICE_OPTION = { service: { type: "boolean", summary: "runs until it is told to stop, and reads no lines" } } as const;

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
    settled: () => terminal.settled(),
  };
}

interface OnMachine {
  readonly remote: RemotePlace;
  readonly log: Log;
  readonly folder: string;
  readonly identity: Identity | undefined;
}

/** Everything of this machine that a terminal works with, closed where the terminal does not come to be. */
async function openOnMachine(config: TerminalConfig, { remote, log, folder, identity }: OnMachine) {
  const suite = openCipherSuite();
  await refuseTestAuthority(config, suite);
  const clock = systemClock();
  const { keys, sealKeys } = loadDeviceKeys(await readKeyFile(keyFileOf(folder)), { suite, profile: config.profile });
  const machine = { processes: systemProcesses(), clock, log };
  const pcsc = openPcsc(machine);
  const { user, sam } = config.readers;
  const parts = { ...machine, lines: openLines(machine) };
  const devices = openDevices(config.devices, parts);
  const lanes = openLanes(config, pcsc, parts);
  const door = new ActDoor();
  const signs: { uplinkTurnMs: number; health: ServiceHealth | undefined } = { uplinkTurnMs: clock.monotonicMs(), health: undefined };
  const wear = await storageWear();
  const time: { trustedMs: () => number | undefined } = { trustedMs: () => undefined };
  const notices = new KeyNotices({ clock, suite, identity });
  const keyWatch = openKeyWatch({ identity, config, suite, log, nowMs: () => time.trustedMs() });
  const opening = openDevice({
    ...{ config, keys, sealKeys, suite, log, devices, lanes, door },
    ...(keyWatch === undefined ? {} : { moduleOpening: (reader, open, limits) => keyWatch.opened(reader, open, limits) }),
    onKeyMessage: (payload) => notices.hear(payload),
    takers: (own) => remote.takers(own),
    state: () => fleetState(signs.health?.told, { parameters: remote.parameters, wear }),
    onUplinkTurn: () => {
      signs.uplinkTurnMs = clock.monotonicMs();
    },
    userReader: pcsc.reader(user),
    ...(user.lamp === undefined ? {} : { lamp: pcsc.lamp(user, user.lamp) }),
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
  time.trustedMs = () => terminal.trustedMs();
  return { ...machine, terminal, pcsc, door, signs, notices, ...(keyWatch === undefined ? {} : { keys: () => keyWatch.rows() }) };
}

/** The doors of a terminal for other programs; each says where it is. */
async function openDoors(terminal: Terminal, config: TerminalConfig, log: Log): Promise<{ close(): Promise<void> }> {
  const library = await openTerminalReaderLibrary(terminal, config, { log, onDefect: endForDefect });
  if (library !== undefined) complain(`the reader library listens at ${config.readerLibrary?.socket}`);
  const api = await openTerminalApi(terminal, config, { log, onDefect: endForDefect, library });
  if (api !== undefined) complain(`the local API listens at ${api.url}`);
  return {
    close: async () => {
      await Promise.all([api?.close(), library?.close()]);
    },
  };
}

async function run(values: OptionValues): Promise<number> {
  const folder = String(values["config"]);
  const suite = openCipherSuite();
  const begun = await endBegun(folder);
  if (begun !== undefined) return begun;
  const identity = await checkIdentity(folder, suite);
  await endKeyChange({ configFolder: folder, suite }, identity);
  const stored = await readConfig(folder);
  if (stored === undefined) return 1;
  const log = terminalLog(stored.terminalId);
  const remote = await openRemote(stored, { storage: await openFolderStorage(remoteFolderOf(stored)), log, claimed: identity !== undefined });
  const over = remote.ending ? await endByOrder(folder) : undefined;
  if (over !== undefined) return over;
  const { config } = remote;
  const { terminal, pcsc, door, signs, notices, ...machine } = await openOnMachine(config, { remote, log, folder, identity });
  const { clock } = machine;
  const doors = await openDoors(terminal, config, log);
  const health = await openService({ ...machine, terminal, door, config, pcsc, uplinkTurnMs: () => signs.uplinkTurnMs, folder: runtimeFolder() });
  signs.health = health;
  await health.start();
  const proving = await startProving({ folder: updateFolder(), clock, log, told: () => health.told, onUnwell: () => endForUnwellRelease() });
  const ended = new AbortController();
  const anew = new AbortController();
  const startAnew = () => anew.abort();
  const { signal } = ended;
  const nowMs = () => terminal.trustedMs() ?? clock.wallMs();
  const watching = Promise.all([
    remote.watch({ ...watchedBy(terminal, door), clock, signal, startAnew }),
    careForever({ ...{ configFolder: folder, identity, config, suite, clock, log, signal, nowMs, notices }, startAnew: () => remote.startSoon() }),
  ]).catch(endForDefect);
  await serve(terminal, { withLines: values["service"] !== true, ended: signal, anew: anew.signal });
  await proving.stop();
  await health.stop();
  await doors.close();
  await terminal.stop();
  await pcsc.close();
  ended.abort();
  await watching;
  return anew.signal.aborted ? EXIT_START_ANEW : 0;
}

export const RUN_COMMANDS: readonly Command[] = [
  {
    name: "run",
    summary: "runs the terminal; requests and answers are JSON lines on standard input and output",
    options: { ...CONFIG_OPTION, ...SERVICE_OPTION },
    run,
  },
];
