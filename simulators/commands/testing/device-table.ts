/* `sim --devices` as a process of its own, and the terminal's drivers on the devices that it prints: for lane tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { equalBytes, fromHex } from "../../../device/base/bytes.ts";
import { SILENT } from "../../../device/base/log.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import type { Role, Roles } from "../../../device/drivers/adapter.ts";
import { limits } from "../../../device/drivers/contract/bench.ts";
import { openLines } from "../../../device/drivers/lines.ts";
import { devicesSettings, openRole } from "../../../device/drivers/roles.ts";
import { systemClock } from "../../../device/system/clock.ts";
import { systemProcesses } from "../../../device/system/processes.ts";
import { encryptBlocks } from "../../crypto/blocks.ts";
import { clearPinBlock } from "../../pinpad/pin-pad.ts";
import type { DeviceKind } from "../sim-device-kinds.ts";
import type { Line } from "../testing.ts";

const COMMAND = fileURLToPath(new URL("../../cli.ts", import.meta.url));
export const START_LIMIT_MS = 20_000;
/** A device must serve again so soon after its return. */
export const BACK_MS = 2_000;
export const STEP_MS = 10;
const WELL_MS = 10_000;

const clock = systemClock();
const suite = openCipherSuite();

/** One device as the first line tells of it. */
export interface Told {
  readonly kind: DeviceKind;
  readonly path: string;
  readonly configuration: unknown;
}

/** The command as somebody runs it. */
export class Simulators {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly said: string[] = [];
  readonly #open: Roles[Role][] = [];
  #told: readonly Told[] = [];
  #taken = 0;

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [COMMAND, "sim", "--json", ...args], { stdio: ["pipe", "pipe", "inherit"] });
    if (this.child.stdout !== null) createInterface({ input: this.child.stdout }).on("line", (line) => this.said.push(line));
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code) => resolve(code));
    });
  }

  /** The devices, when they have been put up. */
  async ready(): Promise<readonly Told[]> {
    const line = await this.#next();
    if (line["event"] !== "ready") throw new Error("the first line says that the devices are ready");
    // The terminal's own schema checks what it is told of them.
    this.#told = line["devices"] as readonly Told[];
    return this.#told;
  }

  /** A control line that must be carried out. */
  async does(line: string): Promise<Line> {
    this.child.stdin?.write(`${line}\n`);
    const reply = await this.#next();
    if (reply["ok"] !== true) throw new Error(`${line}: ${JSON.stringify(reply)}`);
    return reply;
  }

  async quit(): Promise<number | null> {
    this.child.stdin?.write("quit\n");
    return this.ended;
  }

  /** Opens a device as the terminal would that has the printed configuration, and waits until it is there. */
  async device<Wanted extends Role>(role: Wanted, kind: DeviceKind): Promise<Roles[Wanted]> {
    const settings = devicesSettings.parse(this.#told.find((each) => each.kind === kind)?.configuration)[role];
    if (settings === undefined) throw new Error(`${kind} is no ${role}`);
    const machine = { clock, processes: systemProcesses(), log: SILENT };
    const opened = openRole(role, settings, { ...machine, lines: openLines(machine) });
    this.#open.push(opened);
    await untilThere(opened, START_LIMIT_MS);
    return opened;
  }

  async closeDevices(): Promise<void> {
    for (const device of this.#open.splice(0)) await device.close();
  }

  async #next(): Promise<Line> {
    for (let waitedMs = 0; this.said.length <= this.#taken; waitedMs += STEP_MS) {
      if (waitedMs > START_LIMIT_MS) throw new Error("the simulators say nothing");
      await clock.sleep(STEP_MS);
    }
    this.#taken += 1;
    return JSON.parse(this.said[this.#taken - 1] ?? "") as Line;
  }
}

async function untilHealth(opened: Roles[Role], withinMs: number, wanted: (kind: string) => boolean): Promise<void> {
  const beganMs = clock.monotonicMs();
  for (;;) {
    const { kind } = await opened.health(limits(3_000));
    if (wanted(kind)) return;
    if (clock.monotonicMs() - beganMs > withinMs) throw new Error(`${opened.name} is still ${kind}`);
    await clock.sleep(STEP_MS);
  }
}

export function untilThere(opened: Roles[Role], withinMs = BACK_MS): Promise<void> {
  return untilHealth(opened, withinMs, (kind) => kind !== "away");
}

export function untilAway(opened: Roles[Role]): Promise<void> {
  return untilHealth(opened, BACK_MS, (kind) => kind === "away");
}

export function untilWell(opened: Roles[Role]): Promise<void> {
  return untilHealth(opened, WELL_MS, (kind) => kind === "well");
}

// ---- PIN pads

const ACCOUNT = fromHex("123456789012");
const MASTER = fromHex("0123456789ABCDEFFEDCBA9876543210");
/** A working key in the clear. TEST ONLY. */
const WORK = fromHex("1111111111111111222222222222222A");
export const PIN_REQUEST = { accountTail: ACCOUNT, minDigits: 4, maxDigits: 6 };

/** Loads the key that PIN blocks are made with. */
export async function loadKey(opened: Roles["pinPad"]): Promise<void> {
  const key = { place: { master: 0, work: 0 }, algorithm: "3des", wrapped: encryptBlocks(suite, "3des", MASTER, WORK) } as const;
  await opened.loadWorkKey({ ...key, checkValue: encryptBlocks(suite, "3des", WORK, new Uint8Array(8)).slice(0, 4) }, limits(3_000));
}

/** Asks the holder, and tells whether this PIN came out of it as the right block. */
export async function enters(opened: Roles["pinPad"], pin: string): Promise<boolean> {
  const outcome = await opened.requestPinBlock(PIN_REQUEST, limits(10_000));
  return outcome.kind === "entered" && equalBytes(outcome.block, encryptBlocks(suite, "3des", WORK, clearPinBlock(pin, ACCOUNT, 8)));
}
