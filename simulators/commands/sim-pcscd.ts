/*
 * Goal: any PC/SC program meets the simulated card and module as if they lay in two readers.
 * Method: a private pcscd with our reader handler; programs find it by an environment variable, and the machine's own pcscd is left alone.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "../../device/base/assert.ts";
import { isFault } from "../../device/base/fault.ts";
import type { Clock } from "../../device/base/ports.ts";
import { IfdServer } from "../reader/ifd-server.ts";
import { type PcscdReader, PrivatePcscd, pcscdObstacle } from "../reader/pcscd.ts";
import type { ReaderSlot } from "../reader/slot.ts";
import { LINE_LENGTH_MAX, type LineReply, lineHelp, runLine, setKeypad, standFacts, standText } from "./sim-lines.ts";
import { hexLine, type SimOptions } from "./sim-options.ts";
import { ScenarioPlayer, type SimRun, scenarioLine } from "./sim-scenario.ts";
import { deviceAt, insertable, type Place, type SimIo, type Stand } from "./sim-stand.ts";
import { setTiming } from "./sim-timing.ts";

const USER_READER = "Yikatong SIM User";
const SAM_READER = "Yikatong SIM SAM";
const LOG_TAIL_LINES = 5;
const PRESENCE_LIMIT_MS = 1_000;
const PRESENCE_STEP_MS = 5;

const NEEDS =
  "--pcscd needs pcscd (Debian: apt-get install pcscd), the reader handler build/libyikatong-ifd.so (npm test builds it; it needs a C compiler and libpcsclite-dev), and root or unprivileged namespaces; --apdu needs none of them";

interface Desk {
  readonly folder: string;
  readonly pcscd: PrivatePcscd;
  readonly servers: readonly IfdServer[];
  readonly stand: Stand;
}

/**
 * A card that is back before the daemon asked for presence has never been away for its watching thread, while a command that failed in between
 * has marked the slot as empty: the daemon then shows no card until the next removal. No hand is that fast, so a line must not be either.
 */
async function untilPresenceAsked(slot: ReaderSlot, clock: Clock): Promise<void> {
  const asked = () => slot.counts()["presence"] ?? 0;
  const before = asked();
  for (let waitedMs = 0; asked() === before && waitedMs < PRESENCE_LIMIT_MS; waitedMs += PRESENCE_STEP_MS) await clock.sleep(PRESENCE_STEP_MS);
}

function placeOf(server: IfdServer, { modules, clock }: Pick<Stand, "modules" | "clock">, name: Place["name"]): Place {
  const [slot] = server.slots;
  assert(slot !== undefined, "a reader has at least one slot");
  const device = deviceAt(modules, name);
  return {
    slot,
    name,
    device,
    inserted: insertable(modules, device),
    emptinessSeen: () => (server.plugged ? untilPresenceAsked(slot, clock) : Promise.resolve()),
    plugged: () => server.plugged,
    plug: () => server.plug(),
    unplug: async () => {
      slot.release();
      await server.unplug();
    },
  };
}

function openDesk(options: SimOptions, parts: Pick<Stand, "suite" | "clock" | "modules">): Desk {
  // A short path: addresses of local sockets have at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), "ykt-sim-"));
  const readers: readonly PcscdReader[] = [
    { name: USER_READER, socketPath: join(folder, "user.sock"), slots: 1 },
    { name: SAM_READER, socketPath: join(folder, "sam.sock"), slots: 1 },
  ];
  const { clock } = parts;
  const [user, sam] = readers.map(({ socketPath, slots }) => new IfdServer({ socketPath, slots, clock }));
  assert(user !== undefined && sam !== undefined, "there are two readers");
  const pcscd = new PrivatePcscd({ folder, readers });
  const places = [placeOf(user, parts, "card"), placeOf(sam, parts, "module")] as const;
  for (const { slot, name } of places) setTiming(slot, name, options);
  return { folder, pcscd, servers: [user, sam], stand: { ...parts, places, keypad: options.keypad !== undefined, daemon: pcscd } };
}

/** The last lines of the daemon's own log, for a start that failed. */
function logTail({ logPath }: PrivatePcscd): string {
  try {
    return readFileSync(logPath, "utf8").trimEnd().split("\n").slice(-LOG_TAIL_LINES).join("\n");
  } catch {
    return "";
  }
}

function announce({ pcscd, stand }: Desk, options: SimOptions, io: SimIo): void {
  const readers = [`${USER_READER} 00 00`, `${SAM_READER} 01 00`];
  if (options.json) {
    io.print(JSON.stringify({ event: "ready", environment: pcscd.environment, readers, pcscdPid: pcscd.pid }));
    return;
  }
  const [card, module] = stand.places.map((place) => (place.slot.card === undefined ? "out" : "in"));
  const variables = Object.entries(pcscd.environment).map(([name, value]) => `  export ${name}=${value}`);
  io.print(
    [
      `pcscd is running (process ${pcscd.pid ?? "unknown"}) with two simulated readers:`,
      `  ${readers[0]}   card ${card}${options.keypad === undefined ? "" : ", with keypad"}`,
      `  ${readers[1]}    security module ${module}`,
      "Programs find it with",
      ...variables,
      "Control lines (Ctrl-C, quit or the end of the input ends it):",
      lineHelp(),
    ].join("\n"),
  );
}

function write(reply: Exclude<LineReply, { kind: "end" }>, options: SimOptions, io: SimIo): void {
  if (options.json) io.print(JSON.stringify(reply.kind === "done" ? { ok: true, ...reply.facts } : { ok: false, reason: reply.reason }));
  else io.print(reply.kind === "done" ? reply.text : `refused: ${reply.reason}`);
}

async function reply(stand: Stand, line: string): Promise<LineReply> {
  if (line.length > LINE_LENGTH_MAX) return { kind: "refused", reason: `a line has at most ${LINE_LENGTH_MAX} characters` };
  if (hexLine(line) !== undefined) return { kind: "refused", reason: "commands for the card come through pcscd here; --apdu takes them as lines" };
  try {
    return await runLine(stand, line);
  } catch (error) {
    // A daemon that does not start again is news for the person at the table, and no reason to lose the card.
    if (isFault(error)) return { kind: "refused", reason: error.message };
    throw error;
  }
}

async function serve({ stand }: Desk, options: SimOptions, io: SimIo): Promise<void> {
  for await (const line of io.lines) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const result = await reply(stand, line);
    if (result.kind === "end") return;
    write(result, options, io);
  }
}

async function close({ folder, pcscd, servers, stand }: Desk): Promise<void> {
  // What hangs would keep the daemon from ending.
  for (const place of stand.places) place.slot.release();
  await pcscd.stop();
  for (const server of servers) await server.unplug();
  rmSync(folder, { recursive: true, force: true });
}

async function open(desk: Desk, options: SimOptions): Promise<void> {
  const [user, ...others] = desk.stand.places;
  for (const place of others) place.slot.insert(place.inserted);
  if (!options.out) user.slot.insert(user.inserted);
  if (options.keypad !== undefined) setKeypad(desk.stand, options.keypad);
  for (const server of desk.servers) await server.plug();
  await desk.pcscd.start();
}

/** Starts the daemon and serves control lines until they end. Resolves with the exit code. */
export async function runPcscdMode(options: SimOptions, io: SimIo, parts: SimRun): Promise<number> {
  const obstacle = pcscdObstacle();
  if (obstacle !== undefined) {
    io.complain(`cannot start a private pcscd: ${obstacle}. ${NEEDS}`);
    return 1;
  }
  const { steps, ...table } = parts;
  const desk = openDesk(options, table);
  const player = new ScenarioPlayer(desk.stand, steps, (report) => io.print(scenarioLine(report, options.json)));
  player.start();
  try {
    await open(desk, options);
    announce(desk, options, io);
    await serve(desk, options, io);
  } catch (error) {
    if (!isFault(error)) throw error;
    io.complain(`cannot start a private pcscd: ${error.message}\n${logTail(desk.pcscd)}\n${NEEDS}`);
    return 1;
  } finally {
    await player.end();
    await close(desk);
  }
  if (options.json) io.print(JSON.stringify({ event: "end", ...standFacts(desk.stand) }));
  else io.print(standText(desk.stand));
  return 0;
}
