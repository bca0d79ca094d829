/*
 * `sim --devices` as a process of its own: the terminal's real drivers open its devices by the configuration that it prints, make one exchange
 * with each, and meet plugs that are pulled, devices that hang, and answers that are garbled or late.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { equalBytes, fromHex, utf8 } from "../../device/base/bytes.ts";
import { fen } from "../../device/base/fen.ts";
import { SILENT } from "../../device/base/log.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import type { Role, Roles } from "../../device/drivers/adapter.ts";
import { limits } from "../../device/drivers/contract/bench.ts";
import { openLines } from "../../device/drivers/lines.ts";
import { devicesSettings, openRole } from "../../device/drivers/roles.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemProcesses } from "../../device/system/processes.ts";
import { encryptBlocks } from "../crypto/blocks.ts";
import { clearPinBlock } from "../pinpad/pin-pad.ts";
import { type DeviceKind, LINE_KINDS } from "./sim-device-kinds.ts";
import type { Line } from "./testing.ts";

const COMMAND = fileURLToPath(new URL("../cli.ts", import.meta.url));
const START_LIMIT_MS = 20_000;
/** A device must serve again so soon after its return. */
const BACK_MS = 2_000;
const STEP_MS = 10;
const PIN = "830274";
const ACCOUNT = fromHex("123456789012");
const MASTER = fromHex("0123456789ABCDEFFEDCBA9876543210");
/** A working key in the clear. TEST ONLY. */
const WORK = fromHex("1111111111111111222222222222222A");
const PIN_REQUEST = { accountTail: ACCOUNT, minDigits: 4, maxDigits: 6 };
const SLIP = [{ kind: "text", text: "合计 12.50" }] as const;

const clock = systemClock();
const suite = openCipherSuite();

/** The command as somebody runs it. */
class Simulators {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly said: string[] = [];
  #taken = 0;

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [COMMAND, "sim", "--json", ...args], { stdio: ["pipe", "pipe", "inherit"] });
    if (this.child.stdout !== null) createInterface({ input: this.child.stdout }).on("line", (line) => this.said.push(line));
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code) => resolve(code));
    });
  }

  async next(): Promise<Line> {
    for (let waitedMs = 0; this.said.length <= this.#taken; waitedMs += STEP_MS) {
      if (waitedMs > START_LIMIT_MS) throw new Error("the simulators say nothing");
      await clock.sleep(STEP_MS);
    }
    this.#taken += 1;
    return JSON.parse(this.said[this.#taken - 1] ?? "") as Line;
  }

  /** A control line that must be carried out. */
  async does(line: string): Promise<Line> {
    this.child.stdin?.write(`${line}\n`);
    const reply = await this.next();
    expect(reply).toMatchObject({ ok: true });
    return reply;
  }

  async quit(): Promise<number | null> {
    this.child.stdin?.write("quit\n");
    return this.ended;
  }
}

interface Told {
  readonly kind: DeviceKind;
  readonly path: string;
  readonly configuration: unknown;
}

/** Processes whose command line names a folder. */
function processesOf(folder: string): readonly string[] {
  const lines = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
      } catch {
        return [];
      }
    });
  return lines.filter((line) => line.includes(`link=${folder}/`));
}

describe("devices of sim, opened by the terminal's drivers", () => {
  let sim: Simulators;
  let told: readonly Told[];
  let open: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    sim = new Simulators(["--devices", LINE_KINDS.join(","), "--pin", PIN]);
    const ready = await sim.next();
    expect(ready).toMatchObject({ event: "ready" });
    // Each member is checked below, by the terminal's own schema.
    told = ready["devices"] as readonly Told[];
  }, START_LIMIT_MS);

  afterEach(async () => {
    for (const device of open) await device.close();
    open = [];
  });

  afterAll(async () => {
    expect(await sim.quit()).toBe(0);
    expect(sim.said.join("\n")).not.toContain(PIN);
  }, START_LIMIT_MS);

  /** Opens a device as the terminal would that has the printed configuration, and waits until it is there. */
  async function device<Wanted extends Role>(role: Wanted, kind: DeviceKind): Promise<Roles[Wanted]> {
    const settings = devicesSettings.parse(told.find((each) => each.kind === kind)?.configuration)[role];
    if (settings === undefined) throw new Error(`${kind} is no ${role}`);
    const machine = { clock, processes: systemProcesses(), log: SILENT };
    const opened = openRole(role, settings, { ...machine, lines: openLines(machine) });
    open.push(opened);
    await there(opened, START_LIMIT_MS);
    return opened;
  }

  async function there(opened: Roles[Role], withinMs: number): Promise<void> {
    const beganMs = clock.monotonicMs();
    while ((await opened.health(limits(1_000))).kind === "away") {
      if (clock.monotonicMs() - beganMs > withinMs) throw new Error(`${opened.name} is not there`);
      await clock.sleep(STEP_MS);
    }
  }

  async function away(opened: Roles[Role]): Promise<void> {
    while ((await opened.health(limits(3_000))).kind !== "away") await clock.sleep(STEP_MS);
  }

  async function pad(kind: DeviceKind): Promise<Roles["pinPad"]> {
    const opened = await device("pinPad", kind);
    const key = { place: { master: 0, work: 0 }, algorithm: "3des", wrapped: encryptBlocks(suite, "3des", MASTER, WORK) } as const;
    await opened.loadWorkKey({ ...key, checkValue: encryptBlocks(suite, "3des", WORK, new Uint8Array(8)).slice(0, 4) }, limits(3_000));
    return opened;
  }

  async function entersRight(opened: Roles["pinPad"]): Promise<boolean> {
    const outcome = await opened.requestPinBlock(PIN_REQUEST, limits(10_000));
    const right = encryptBlocks(suite, "3des", WORK, clearPinBlock(PIN, ACCOUNT, 8));
    return outcome.kind === "entered" && equalBytes(outcome.block, right);
  }

  it.each(["pad-02h", "pad-newland"] as const)(
    "%s: the holder's PIN comes out as an encrypted block, or does not come",
    async (kind) => {
      const opened = await pad(kind);
      expect(await entersRight(opened)).toBe(true);
      await sim.does(`${kind} holder wrong`);
      expect(await entersRight(opened)).toBe(false);
      await sim.does(`${kind} holder cancels`);
      expect(await opened.requestPinBlock(PIN_REQUEST, limits(10_000))).toEqual({ kind: "cancelled" });
      await sim.does(`${kind} holder enters`);
    },
    30_000,
  );

  it("scanner-line: a code before the window, and half a one that is none", async () => {
    const scanner = await device("scanner", "scanner-line");
    const session = scanner.openSession();
    await sim.does("scanner-line scan 6901234567892");
    expect(await session.next(limits(3_000))).toEqual({ data: utf8("6901234567892"), symbology: "]Q1" });
    await sim.does("scanner-line scan hex 011d32");
    expect(await session.next(limits(3_000))).toMatchObject({ data: fromHex("011d32") });
    session.close();
  }, 30_000);

  it("printer-escpos: a slip that can be read, paper that ends, a cover that is open", async () => {
    const printer = await device("printer", "printer-escpos");
    expect(await printer.print(SLIP, limits(5_000))).toEqual({ kind: "printed" });
    expect(await sim.does("printer-escpos paper")).toMatchObject({ lines: ["合计 12.50"] });
    for (const state of ["paper-end", "cover-open"]) {
      await sim.does(`printer-escpos fault ${state}`);
      expect(await printer.print(SLIP, limits(5_000))).toEqual({ kind: "not-ready", state });
      await sim.does("printer-escpos fault none");
    }
    expect(await printer.state(limits(3_000))).toBe("ready");
  }, 30_000);

  it("display-led8: an amount that a customer reads", async () => {
    const display = await device("display", "display-led8");
    await display.show("total", fen(1_250), limits(3_000));
    let shown = await sim.does("display-led8 shown");
    for (let waitedMs = 0; shown["text"] === "" && waitedMs < BACK_MS; waitedMs += STEP_MS) {
      await clock.sleep(STEP_MS);
      shown = await sim.does("display-led8 shown");
    }
    expect(shown).toMatchObject({ text: "12.50", lamp: "total" });
  }, 30_000);

  it.each([
    ["gate-fe", "passed", { openedCount: 1, opened: ["A"] }],
    ["gate-digicon", "passed", { openedCount: 1, opened: ["right-to-left"] }],
    ["gate-relay", "timeout", { switchedOnCount: 1, switchedOn: [0], isOpen: false }],
    [
      "gate-gpio",
      "timeout",
      {
        isOpen: false,
        levels: [
          { line: 17, level: 1 },
          { line: 17, level: 0 },
        ],
      },
    ],
  ] as const)(
    "%s: opens once, the passage is %s",
    async (kind, end, facts) => {
      const gate = await device("gate", kind);
      expect(await gate.open("entry", { passageTimeoutMs: 8_000 }, limits(5_000))).toBe(end);
      expect(await sim.does(`${kind} show`)).toMatchObject(facts);
    },
    30_000,
  );

  it("gates: nobody walks, somebody turns back, the gate refuses", async () => {
    const digicon = await device("gate", "gate-digicon");
    await sim.does("gate-digicon walker stays");
    expect(await digicon.open("entry", { passageTimeoutMs: 300 }, limits(3_000))).toBe("timeout");
    await sim.does("gate-digicon fault refusal");
    expect(await digicon.open("entry", { passageTimeoutMs: 300 }, limits(3_000))).toBe("fault");
    await sim.does("gate-digicon walker passes");
    expect(await digicon.open("entry", { passageTimeoutMs: 3_000 }, limits(3_000))).toBe("passed");
    const fe = await device("gate", "gate-fe");
    await sim.does("gate-fe walker turns-back");
    expect(await fe.open("entry", { passageTimeoutMs: 8_000 }, limits(3_000))).toBe("reversed");
    await sim.does("gate-fe walker passes");
    const gpio = await device("gate", "gate-gpio");
    await sim.does("gate-gpio fault refusal");
    expect(await gpio.open("entry", { passageTimeoutMs: 300 }, limits(5_000))).toBe("fault");
  }, 40_000);

  it("pad-02h: unplugged, hanging, garbled, late, slow, and well again each time", async () => {
    const opened = await pad("pad-02h");
    await sim.does("pad-02h unplug");
    await away(opened);
    await expect(opened.requestPinBlock(PIN_REQUEST, limits(2_000))).rejects.toMatchObject({ code: "pad-gone" });
    await sim.does("pad-02h plug");
    await there(opened, BACK_MS);
    expect(await entersRight(await withKey(opened))).toBe(true);
    await sim.does("pad-02h hang");
    expect(await opened.health(limits(2_000))).toEqual({ kind: "broken", why: "timeout" });
    await sim.does("pad-02h release");
    await wellAgain(opened);
    for (const [fault, health] of [
      ["garbled", { kind: "broken", why: "timeout" }],
      ["late=1500", { kind: "broken", why: "timeout" }],
      ["late=200", { kind: "well" }],
      ["slow=2", { kind: "well" }],
      ["battery", { kind: "degraded", why: expect.any(String) }],
    ] as const) {
      await sim.does(`pad-02h fault ${fault}`);
      expect(await opened.health(limits(2_500))).toEqual(health);
      await sim.does("pad-02h fault none");
      await wellAgain(opened);
    }
    expect(await entersRight(opened)).toBe(true);
  }, 60_000);

  /** The key again: a pad that lost its power keeps it, and a new one would not. */
  async function withKey(opened: Roles["pinPad"]): Promise<Roles["pinPad"]> {
    await opened.loadWorkKey({ place: { master: 0, work: 0 }, algorithm: "3des", wrapped: encryptBlocks(suite, "3des", MASTER, WORK) }, limits(3_000));
    return opened;
  }

  async function wellAgain(opened: Roles[Role]): Promise<void> {
    const beganMs = clock.monotonicMs();
    for (;;) {
      const { kind } = await opened.health(limits(3_000));
      if (kind === "well") return;
      if (clock.monotonicMs() - beganMs > 10_000) throw new Error(`${opened.name} stays ${kind}`);
      await clock.sleep(STEP_MS);
    }
  }

  it("printer-escpos: unplugged, hanging, garbled, late, and well again each time", async () => {
    const printer = await device("printer", "printer-escpos");
    await sim.does("printer-escpos unplug");
    await away(printer);
    expect(await printer.print(SLIP, limits(2_000))).toEqual({ kind: "not-ready", state: "offline" });
    await sim.does("printer-escpos plug");
    await there(printer, BACK_MS);
    await sim.does("printer-escpos tear-off");
    expect(await printer.print(SLIP, limits(5_000))).toEqual({ kind: "printed" });
    for (const bad of ["hang", "fault garbled", "fault deaf"]) {
      await sim.does(`printer-escpos ${bad}`);
      expect(await printer.print(SLIP, limits(4_000))).toEqual({ kind: "not-ready", state: "unknown" });
      await sim.does(bad === "hang" ? "printer-escpos release" : "printer-escpos fault none");
      await wellAgain(printer);
    }
    await sim.does("printer-escpos fault late=150");
    expect(await printer.print(SLIP, limits(8_000))).toEqual({ kind: "printed" });
    await sim.does("printer-escpos fault none");
    expect(await sim.does("printer-escpos paper")).toMatchObject({ lines: ["合计 12.50", "合计 12.50"] });
  }, 60_000);

  it("gate-relay: unplugged, hanging, garbled, late, and it opens again each time", async () => {
    const gate = await device("gate", "gate-relay");
    const opens = (timeoutMs = 2_500) => gate.open("entry", { passageTimeoutMs: 300 }, limits(timeoutMs));
    await sim.does("gate-relay unplug");
    await away(gate);
    await expect(opens()).rejects.toMatchObject({ code: "device-gone" });
    await sim.does("gate-relay plug");
    await there(gate, BACK_MS);
    expect(await opens()).toBe("timeout");
    for (const bad of ["hang", "fault garbled", "fault late=4000"]) {
      await sim.does(`gate-relay ${bad}`);
      await expect(opens(1_500)).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
      await sim.does(bad === "hang" ? "gate-relay release" : "gate-relay fault none");
      await wellAgain(gate);
    }
    await sim.does("gate-relay fault late=100,pieces=1,slow=5");
    expect(await opens()).toBe("timeout");
    await sim.does("gate-relay fault none");
  }, 60_000);

  it("gate-gpio: without its chip, hanging, garbled, late", async () => {
    const gate = await device("gate", "gate-gpio");
    await sim.does("gate-gpio unplug");
    expect(await gate.health(limits(5_000))).toEqual({ kind: "away" });
    await sim.does("gate-gpio plug");
    expect(await gate.health(limits(5_000))).toEqual({ kind: "well" });
    await sim.does("gate-gpio hang");
    await expect(gate.open("entry", { passageTimeoutMs: 100 }, limits(1_000))).rejects.toMatchObject({ code: "timeout" });
    await sim.does("gate-gpio release");
    await sim.does("gate-gpio fault late=200");
    expect(await gate.open("exit", { passageTimeoutMs: 100 }, limits(5_000))).toBe("timeout");
    await sim.does("gate-gpio fault none");
  }, 40_000);
});

describe("the end of sim --devices", () => {
  it.each(["quit", "end of input", "SIGTERM"] as const)(
    "at %s nothing is left: no helper, no folder, though a device hangs",
    async (how) => {
      const sim = new Simulators(["--devices", "pad-02h,gate-fe,gate-gpio"]);
      const ready = await sim.next();
      const [{ path }] = ready["devices"] as readonly [Told];
      const folder = dirname(path);
      expect(processesOf(folder)).toHaveLength(2);
      await sim.does("gate-fe hang");
      await sim.does("pad-02h unplug");
      expect([existsSync(path), existsSync(`${folder}/gate-fe`), processesOf(folder).length]).toEqual([false, true, 1]);
      if (how === "quit") sim.child.stdin?.write("quit\n");
      else if (how === "end of input") sim.child.stdin?.end();
      else sim.child.kill("SIGTERM");
      expect(await sim.ended).toBe(0);
      expect(JSON.parse(sim.said.at(-1) ?? "{}")).toMatchObject({ event: "end", devices: [{ kind: "pad-02h" }, { kind: "gate-fe" }, { kind: "gate-gpio" }] });
      expect([existsSync(folder), processesOf(folder)]).toEqual([false, []]);
    },
    30_000,
  );
});
