/*
 * Goal: from a blank Debian to a terminal that sells, and through what happens to it afterwards, as one story of a machine with an init of its own.
 * Method: numbered steps, each on the state that the one before it has left; the time of each is printed. The root is built once and kept, readers
 * and cards are simulated behind the real PC/SC service of the machine, and the host lives in the machine's own network.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseRuntimeStatus, type RuntimeStatus } from "../device/health/runtime-status.ts";
import { runProgram } from "../tools/processes.ts";
import { containerObstacle, must, PROJECT, Roots } from "./benches/container/base.ts";
import { FieldDesk, FieldHost, fieldConfiguration, sellAtTill, TERMINAL_ID } from "./benches/container/field.ts";
import { Machine, runInRoot, until } from "./benches/container/machine.ts";
import { assembleTinyRelease, makeBundle } from "./benches/container/release.ts";
import { TreeReader, treeDifference } from "./benches/container/tree.ts";
import { pcscdLaneObstacle } from "./benches/pcscd.ts";

const obstacle = containerObstacle() ?? pcscdLaneObstacle();
const KILLS = 20;
const SEED = 20_261_122;
const VERSION = "0.1.0";
const INSTALL_LIMIT_MS = 180_000;
/** As in the unit: its manager gives it up after this time, and then it has to start. */
const WATCHDOG_GIVES_UP_MS = 45_000;
const UNIT = "yikatong.service";
const SCRIPT = join(PROJECT, "provisioning/install/install.sh");
const EXPOSURE_MAX = 2;

/** What the steps hand on. */
interface Story {
  roots: Roots;
  /** The release as it is delivered. */
  bundle: string;
  tiny: string;
  /** A blank root with the packages of the terminal. */
  packages: string;
  root: string;
  desk: FieldDesk;
  machine: Machine;
  host: FieldHost;
}

const story = {} as Story;
const times: string[] = [];
const trees = new TreeReader();
/** The step that failed, if one did. */
const broken: string[] = [];

/** Runs the script for a root that is not booted, from outside. */
function installInto(root: string, ...args: readonly string[]) {
  return runProgram("sh", [SCRIPT, "--root", root, "--offline", ...args], { limitMs: INSTALL_LIMIT_MS });
}

/** A step of the story: its time stands in the output at the end. */
function step(name: string, work: () => Promise<void>, limitMs = 120_000): void {
  it(
    name,
    async () => {
      // The story cannot go on without what a step was to leave.
      if (broken.length > 0) throw new Error(`after the failure of step ${broken[0]}`);
      broken.push(name);
      const began = performance.now();
      await work();
      broken.pop();
      times.push(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${name}`);
    },
    limitMs,
  );
}

function runtimeStatus(): Promise<RuntimeStatus | undefined> {
  return story.machine.must("cat", "/run/yikatong/status.json").then((text) => parseRuntimeStatus(new TextEncoder().encode(text)));
}

/** Whole numbers below `max`, the same for the same seed. */
function drawn(count: number, max: number): readonly number[] {
  let state = SEED;
  return Array.from({ length: count }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * max);
  });
}

/** Runs the script with every command of it told, and kills it with all that it has started when it has told so many. */
function installUntil(root: string, commands: number): Promise<number> {
  const script: ChildProcess = spawn("sh", ["-x", SCRIPT, "--root", root, "--offline", "--release", story.tiny, "--time-server", "ntp.example"], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let told = 0;
  script.stderr?.on("data", (chunk: Buffer) => {
    told += chunk.toString("latin1").split("\n").length - 1;
    if (told >= commands && script.pid !== undefined && script.exitCode === null && script.signalCode === null) process.kill(-script.pid, "SIGKILL");
  });
  return new Promise((resolve) => {
    script.once("close", () => resolve(told));
  });
}

describe.skipIf(obstacle !== undefined)(`a machine from blank to its end${obstacle === undefined ? "" : ` (left out: ${obstacle})`}`, () => {
  beforeAll(async () => {
    const began = performance.now();
    story.roots = await Roots.open();
    times.push(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  (a blank Debian 12, made once and kept)`);

    story.tiny = join(story.roots.folder, "tiny");
    story.bundle = await makeBundle(join(story.roots.folder, "bundle"), VERSION);
    assembleTinyRelease(story.tiny, VERSION);
  }, 360_000);

  afterAll(async () => {
    await story.machine?.cut();
    await story.host?.stop();
    await story.desk?.close();
    await story.roots?.close();
    process.stdout.write(`measured: provisioning, step by step\n${times.map((line) => `  ${line}\n`).join("")}`);
  }, 240_000);

  step("1: on a blank machine the script says what it would do and what it lacks, and changes nothing", async () => {
    const root = await story.roots.over(story.roots.blank);
    const before = trees.read(root);
    const dry = await installInto(root, "--release", story.tiny, "--dry-run");
    expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining("would install: pcscd")]);
    expect((await installInto(root, "--release", story.tiny)).code).toBe(5);
    expect((await installInto(root, "--what")).code).toBe(2);
    expect((await installInto(root, "--device", "kettle=1-1")).code).toBe(2);
    expect(treeDifference(before, trees.read(root))).toEqual([]);
    await story.roots.drop(root);
  });

  step(
    "2: it fetches the packages that are missing",
    async () => {
      const root = await story.roots.over(story.roots.blank);
      const mounts = { [join(PROJECT, "provisioning")]: "/mnt/provisioning" };
      const ended = await runInRoot({ root, readOnlyBinds: mounts }, ["/mnt/provisioning/install/install.sh", "--packages-only"], INSTALL_LIMIT_MS);
      expect([ended.code, ended.stderr.split("\n").slice(-5)]).toEqual([0, expect.anything()]);
      story.packages = await story.roots.layer(root);
    },
    INSTALL_LIMIT_MS,
  );

  step("3: it makes the machine a terminal's, and the second run changes nothing", async () => {
    const root = await story.roots.over(story.packages, story.roots.blank);
    const blank = trees.read(root);
    const first = await installInto(root, "--bundle", story.bundle, "--time-server", "ntp.example", "--device", "printer=1-1.3");
    expect([first.code, first.stderr]).toEqual([0, ""]);
    const installed = trees.read(root);
    expect(treeDifference(blank, installed).length).toBeGreaterThan(50);
    const second = await installInto(root, "--bundle", story.bundle, "--time-server", "ntp.example", "--device", "printer=1-1.3");
    expect(second.code).toBe(0);
    expect(second.stdout.split("\n").filter((line) => line.startsWith("      /"))).toEqual([]);
    expect(treeDifference(installed, trees.read(root))).toEqual([]);
    expect(readFileSync(join(root, "etc/udev/rules.d/61-yikatong-ports.rules"), "utf8")).toContain('KERNELS=="1-1.3", SYMLINK+="yikatong/printer"');
    expect((await installInto(root, "--bundle", story.bundle, "--read-only-root")).code).not.toBe(0);
    story.root = root;
  });

  step(`4: killed at ${KILLS} points and run again, it ends in the same state`, async () => {
    const layers = [story.packages, story.roots.blank] as const;
    const clean = await story.roots.over(...layers);
    const commands = await installUntil(clean, Number.MAX_SAFE_INTEGER);
    const wanted = trees.read(clean);
    await story.roots.drop(clean);
    let halves = 0;
    for (const point of drawn(KILLS, commands)) {
      const root = await story.roots.over(...layers);
      await installUntil(root, point);
      if (treeDifference(wanted, trees.read(root)).length > 0) halves += 1;
      expect((await installInto(root, "--release", story.tiny, "--time-server", "ntp.example")).code, `after the kill at command ${point}`).toBe(0);
      expect(treeDifference(wanted, trees.read(root)), `after the kill at command ${point}`).toEqual([]);
      await story.roots.drop(root);
    }
    // A kill that came after the last change proves nothing.
    process.stdout.write(`measured: killed at ${KILLS} of ${commands} commands, ${halves} of them before the last change\n`);
    expect(halves).toBeGreaterThan(KILLS / 4);
  });

  step("5: the unit is shut off from everything that it does not need", async () => {
    const said = await must("systemd-analyze", ["security", "--offline=true", `--root=${story.root}`, "--no-pager", UNIT], 30_000);
    const exposure = Number(/Overall exposure level for \S+: (\d+\.\d+)/.exec(said)?.[1]);
    process.stdout.write(`measured: systemd-analyze security ${UNIT}: ${exposure}\n`);
    expect(exposure).toBeLessThanOrEqual(EXPOSURE_MAX);
    const verified = await runProgram("systemd-analyze", [`--root=${story.root}`, "verify", UNIT], { limitMs: 30_000 });
    expect(verified.stderr).not.toContain(UNIT);
  });

  step("6: the machine starts, and its terminal waits to be configured", async () => {
    story.desk = await FieldDesk.open(story.roots.folder);
    story.desk.attachTo(story.root);
    story.machine = await Machine.boot({ root: story.root, binds: story.desk.binds });
    expect(await story.machine.property(UNIT, "ConditionResult")).toBe("no");
    expect(await story.machine.property("pcscd.socket", "ActiveState")).toBe("active");
    // The log of the system is in memory.
    expect(readdirSync(join(story.root, "var/log/journal"))).toEqual([]);
  });

  step("7: configured, it is ready by its own word, and the first tap is paid", async () => {
    const { machine, root } = story;
    story.host = await FieldHost.start(machine, join(story.roots.folder, "host"));

    writeFileSync(join(root, "var/tmp/wanted.json"), JSON.stringify(await fieldConfiguration(story.host.brokerUrl)), { mode: 0o644 });
    copyFileSync(story.host.keyFile, join(root, "var/tmp/terminal.keys"));
    await machine.must(
      "sh",
      "-c",
      "install -o yikatong -g yikatong -m 600 /var/tmp/terminal.keys /var/tmp/wanted.json /var/lib/yikatong/config/ && rm /var/tmp/*.keys /var/tmp/*.json",
    );
    const config = "/var/lib/yikatong/config";
    await machine.must(
      "setpriv",
      "--reuid=yikatong",
      "--regid=yikatong",
      "--init-groups",
      "yikatong",
      "config",
      "set",
      "--config",
      config,
      `${config}/wanted.json`,
    );
    const began = await machine.run(["systemctl", "start", UNIT], 60_000);
    expect([began.code, began.code === 0 ? "" : await machine.log(UNIT)]).toEqual([0, ""]);
    expect(await machine.property(UNIT, "ActiveState")).toBe("active");
    await story.desk.present();
    expect(await sellAtTill(machine, "first", 450)).toMatchObject({ kind: "paid" });
    // It is written once a second: the first words after the sale may still be those of its middle.
    await until("it says that a card lies there, and that nothing is under way", 10_000, async () => {
      const said = await runtimeStatus();
      return said?.cardPresent === true && said.actsUnderWay === 0;
    });
    const status = await runtimeStatus();
    expect(status).toMatchObject({ terminalId: TERMINAL_ID, version: VERSION, held: false });
    expect(status?.devices).toContainEqual({ role: "user", state: "ready" });
    expect(status?.devices).toContainEqual({ role: "sam", state: "ready" });
    await until("the host has receipted it", 30_000, async () => (await runtimeStatus())?.exposure.count === 0);
  });

  step("8: held, it begins nothing new; let go, it sells again", async () => {
    const { machine } = story;
    await machine.must("touch", "/run/yikatong/hold");
    await until("it says that it is held", 10_000, async () => (await runtimeStatus())?.held === true);
    expect(await sellAtTill(machine, "held", 450)).toMatchObject({ kind: "refused", reason: "held" });
    expect(await sellAtTill(machine, "first", 450)).toMatchObject({ kind: "paid" });
    await machine.must("rm", "/run/yikatong/hold");
    await until("it says that it is free", 10_000, async () => (await runtimeStatus())?.held === false);
    expect(await sellAtTill(machine, "held", 450)).toMatchObject({ kind: "paid" });
    const { debits } = await story.desk.simulator.truth("card");
    expect(debits).toHaveLength(2);
  });

  step("9: hung, it is killed and started by its manager, and the next sale is paid", async () => {
    const { machine } = story;
    const pid = await machine.property(UNIT, "MainPID");
    const began = performance.now();
    await machine.must("sh", "-c", `kill -STOP ${pid}`);
    await until("its manager has started another", WATCHDOG_GIVES_UP_MS, async () => (await machine.property(UNIT, "NRestarts")) === "1");
    await until("it is ready", 30_000, async () => (await machine.property(UNIT, "ActiveState")) === "active");
    process.stdout.write(`measured: hung service: ${((performance.now() - began) / 1_000).toFixed(1)} s until it serves again\n`);
    expect(await machine.property(UNIT, "MainPID")).not.toBe(pid);
    expect(await sellAtTill(machine, "after-hang", 450)).toMatchObject({ kind: "paid" });
  });

  step("10: told to stop while somebody waits for a card, it stops in order and leaves a whole journal", async () => {
    const { machine } = story;
    await story.desk.takeAway();
    const waiting = sellAtTill(machine, "given-up", 450).catch((error: unknown) => String(error));
    await until("the sale waits", 10_000, async () => (await runtimeStatus())?.actsUnderWay === 1);
    await machine.must("systemctl", "stop", UNIT);
    expect(await machine.property(UNIT, "Result")).toBe("success");
    await waiting;
    expect((await machine.run(["cat", "/run/yikatong/status.json"])).code).not.toBe(0);
    const verified = await machine.must("yikatong", "journal", "verify", "--json", "/var/lib/yikatong/journal");
    expect(JSON.parse(verified)).toMatchObject({ whole: true, openSubjects: 0 });
    expect((await story.desk.simulator.truth("card")).debits).toHaveLength(3);
  });

  step("11: switched off and on it serves without a hand, and is switched off", async () => {
    await story.machine.powerOff();
    await story.host.stop();
    story.machine = await Machine.boot({ root: story.root, binds: story.desk.binds });
    await until("it is ready", 60_000, async () => (await story.machine.property(UNIT, "ActiveState")) === "active");
    await story.desk.present();
    // Without its host: the sale is the machine's own until the host is back.
    expect(await sellAtTill(story.machine, "offline", 450)).toMatchObject({ kind: "paid" });
    await story.machine.powerOff();
  });

  step("12: what was installed is taken away; records stay, and are destroyed only when nothing waits in them", async () => {
    const { root } = story;
    const pending = await installInto(root, "--uninstall", "--purge-records", "--destroy-records-of", TERMINAL_ID);
    expect([pending.code, pending.stderr]).toEqual([7, expect.stringContaining("records wait for the host")]);
    expect((await installInto(root, "--uninstall", "--purge-records")).code).toBe(7);
    expect(existsSync(join(root, "opt/yikatong/current"))).toBe(true);
    expect((await installInto(root, "--uninstall")).code).toBe(0);
    expect([existsSync(join(root, "opt/yikatong")), existsSync(join(root, "var/lib/yikatong/journal/journal.sqlite"))]).toEqual([false, true]);
    rmSync(join(root, "run"), { recursive: true, force: true });
  });
});
