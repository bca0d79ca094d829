/* `yikatong devices` beside every kind of serial device on a pseudo terminal: what it lists, what it learns by asking, and that asking does nothing. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SILENT } from "../base/log.ts";
import { exampleConfig } from "../config/testing.ts";
import { limits } from "../drivers/contract/bench.ts";
import { openSerialLine } from "../drivers/serial/open.ts";
import { eightNoneOne } from "../drivers/serial/options.ts";
import { systemClock } from "../system/clock.ts";
import { systemProcesses } from "../system/processes.ts";
import { type CommandRun, jsonOf, KINDS, type Kind, type ListJson, type ProbeJson, runYikatong, SerialDesk, UNTOUCHED } from "./testing.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 30_000 });

/** Names that tell nothing. */
const NEUTRAL = Object.fromEntries(KINDS.map((kind, at) => [kind, `line-${at + 1}`])) as Readonly<Record<Kind, string>>;

/** What asking tells of each kind; undefined: nothing, and that is said. */
const TOLD: Readonly<Record<Kind, string | undefined>> = {
  padSplit: "pad02h",
  padBinary: "pad02h",
  padNewland: "padNewland",
  printer: "printerEscPos",
  display: undefined,
  scanner: undefined,
  gateFe: undefined,
  gateDigicon: "gateDigicon",
  gateRelay: "gateRelay",
};

const list = (run: CommandRun) => jsonOf<ListJson>(run);
const probed = (run: CommandRun) => jsonOf<ProbeJson>(run);

async function configured(devices: unknown, folder: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify(exampleConfig({ devices, ...more })));
  const set = await runYikatong(["config", "set", "--config", folder, file]);
  expect(set.code, set.stderr).toBe(0);
  return folder;
}

async function devicesIn(folder: string): Promise<Readonly<Record<string, unknown>>> {
  return jsonOf<{ readonly devices: Readonly<Record<string, unknown>> }>(await runYikatong(["config", "check", "--json", "--config", folder])).devices;
}

describe("lines whose names tell nothing", () => {
  const desk = new SerialDesk(NEUTRAL);

  beforeAll(() => desk.plugIn());
  afterAll(() => desk.close());

  it("are all listed, and taken for nothing", async () => {
    const run = await runYikatong(["devices", "--json", "--ports", desk.folder]);
    expect(run.code).toBe(0);
    const mine = list(run).found.filter(({ path }) => path.startsWith(desk.folder));
    expect(new Set(mine.map(({ path }) => path))).toEqual(new Set(KINDS.map((kind) => desk.path(kind))));
    for (const { takenFor, why, heldBy } of mine) expect([takenFor, why, heldBy]).toEqual([null, "a serial line tells nothing of what hangs on it", undefined]);
  });

  it("tell by asking what they are, or that they cannot be told, and nothing was done at any device", async () => {
    const run = await runYikatong(["devices", "probe", "--json", "--ports", desk.folder]);
    expect(run.code, run.stderr).toBe(0);
    const { untold, open, devices } = probed(run);
    for (const kind of KINDS) {
      const cannotBeTold = untold.some((line) => line.startsWith(`${desk.path(kind)} `));
      expect([kind, cannotBeTold]).toEqual([kind, TOLD[kind] === undefined]);
    }
    expect(devices).toEqual({ printer: { adapter: "printerEscPos", port: { path: desk.path("printer") } } });
    // Three pads and two gates answered: which of them is meant is for a person to say.
    expect(open.filter((line) => /^(?:pinPad|gate): /.test(line))).toHaveLength(2);
    expect(desk.record).toEqual(UNTOUCHED);
    expect([desk.simulated.padSplit.commands, desk.simulated.padBinary.commands]).toEqual([1, 1]);
  });
});

const folders: string[] = [];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "ykt-config-"));
  folders.push(made);
  return made;
}

afterAll(() => {
  for (const each of folders) rmSync(each, { recursive: true, force: true });
});

const probe = (desk: SerialDesk, ...args: readonly string[]) => runYikatong(["devices", "probe", "--json", "--ports", desk.folder, ...args]);

describe("lines with links by role", () => {
  const desk = new SerialDesk({ padBinary: "pin-pad", printer: "printer", display: "display", scanner: "scanner", gateRelay: "gate" });
  const port = (kind: Kind) => ({ path: desk.path(kind) });

  beforeAll(() => desk.plugIn());
  afterAll(() => desk.close());

  it("make a whole configuration, in which every role is well", async () => {
    const { devices } = probed(await probe(desk));
    expect(devices).toEqual({
      pinPad: { adapter: "pad02h", port: port("padBinary"), profile: { coding: "binary" } },
      scanner: { adapter: "scannerLine", port: port("scanner") },
      printer: { adapter: "printerEscPos", port: port("printer") },
      display: { adapter: "displayLed8", port: port("display") },
      gate: { adapter: "gateRelay", port: port("gateRelay") },
    });
    expect(desk.record).toEqual(UNTOUCHED);
    const config = await configured(devices, folder());
    const listed = list(await runYikatong(["devices", "--json", "--ports", desk.folder, "--config", config]));
    const states = listed.roles.map(({ role, state }) => [role, state]);
    expect(states).toEqual([
      ["user", "away"],
      ["sam", "away"],
      ["pinPad", "well"],
      ["scanner", "well"],
      ["printer", "well"],
      ["display", "well"],
      ["gate", "well"],
    ]);
  });
});

describe("a configuration that is there", () => {
  const desk = new SerialDesk({ padBinary: "line-1", printer: "line-2", gateRelay: "line-3" });
  const port = (kind: Kind) => ({ path: desk.path(kind) });

  beforeAll(() => desk.plugIn());
  afterAll(() => desk.close());

  it("is not asked about a line that somebody has open", async () => {
    const line = openSerialLine({ processes: systemProcesses(), clock: systemClock(), log: SILENT }, eightNoneOne(desk.path("printer"), 9_600));
    await line.untilOpen(limits(5_000));
    const run = await runYikatong(["devices", "probe", "--ports", desk.folder]);
    expect(run.stderr).toMatch(new RegExp(`${desk.path("printer")}.*: not asked: process \\d+ \\(.*\\) has it open`));
    expect(desk.simulated.printer.mistakes).toEqual([]);
    const config = await configured({ printer: { adapter: "printerEscPos", port: port("printer") } }, folder());
    const { roles } = list(await runYikatong(["devices", "--json", "--ports", desk.folder, "--config", config]));
    expect(roles.at(-1)).toMatchObject({ role: "printer", state: "in-use", why: expect.stringMatching(/has it open, so it was not asked$/) });
    await line.close();
  });

  it("is added to, and what a person wrote stays", async () => {
    const config = await configured({ printer: { adapter: "printerEscPos", port: port("printer"), profile: { columns: 48 } } }, folder());
    const dry = probed(await probe(desk, "--config", config, "--dry-run"));
    expect([dry.saved, Object.keys(await devicesIn(config))]).toEqual([false, ["printer"]]);
    const run = await probe(desk, "--config", config);
    expect([run.code, probed(run).saved, probed(run).conflicts]).toEqual([0, true, []]);
    const devices = await devicesIn(config);
    expect(Object.keys(devices).sort()).toEqual(["gate", "pinPad", "printer"]);
    expect(devices).toMatchObject({ printer: { profile: { columns: 48 } }, pinPad: { profile: { coding: "binary" } } });
    expect(probed(await probe(desk, "--config", config)).saved).toBe(false);
  });

  it("is contradicted, and answers are followed only when a person says so", async () => {
    const wrong = {
      pinPad: { adapter: "pad02h", port: port("padBinary"), profile: { coding: "split" } },
      printer: { adapter: "printerEscPos", port: { path: join(desk.folder, "moved-away") } },
      gate: { adapter: "gateDigicon", port: port("gateRelay") },
    };
    const config = await configured(wrong, folder());
    const run = await probe(desk, "--config", config);
    expect(run.code).toBe(1);
    expect(probed(run).conflicts).toEqual([
      expect.stringMatching(/^pinPad: .*binary coding, which the configuration does not say$/),
      expect.stringMatching(/^printer: .*: it is not there, but printerEscPos is, at /),
      expect.stringMatching(/^gate: .*taken for gateRelay/),
    ]);
    expect(await devicesIn(config)).toMatchObject(wrong);
    expect((await probe(desk, "--config", config, "--replace")).code).toBe(0);
    expect(await devicesIn(config)).toMatchObject({
      pinPad: { profile: { coding: "binary" } },
      printer: { port: port("printer") },
      gate: { adapter: "gateRelay" },
    });
  });

  it("keeps what a person wrote beside an answer, says what goes with a family before it writes, and shows no secret", async () => {
    const authorizationHex = "0a1b2c3d4e5f6071";
    const pinPad = { adapter: "padNewland", port: port("padBinary"), authorizationHex, directory: 3 };
    const gate = { adapter: "gateRelay", port: { path: join(desk.folder, "moved-away") }, unit: 1, coils: { entry: 1, exit: 0 }, pulseMs: 2_000 };
    const config = await configured({ pinPad, gate }, folder());
    const stored = () => readFileSync(join(config, "terminal-a.json"), "utf8");
    const dry = await probe(desk, "--config", config, "--replace", "--dry-run");
    const losses = [expect.stringMatching(/^pinPad: for padNewland the configuration said directory 3, authorizationHex "\(hidden\)"$/)];
    expect(probed(dry)).toMatchObject({ saved: false, losses });
    expect(dry.stderr).toMatch(/lost where another family is followed:\n {2}pinPad: for padNewland/);
    const unchanged = await probe(desk, "--config", config);
    const checked = await runYikatong(["config", "check", "--json", "--config", config]);
    expect(stored()).toContain(authorizationHex);
    for (const { stdout, stderr } of [dry, unchanged, checked]) expect(stdout + stderr).not.toContain(authorizationHex);
    expect((await devicesIn(config))["pinPad"]).toMatchObject({ directory: 3, authorizationHex: "(hidden)" });
    expect((await probe(desk, "--config", config, "--replace")).code).toBe(0);
    expect(await devicesIn(config)).toMatchObject({
      pinPad: { adapter: "pad02h", profile: { coding: "binary" } },
      gate: { adapter: "gateRelay", port: port("gateRelay"), coils: { entry: 1, exit: 0 }, pulseMs: 2_000 },
    });
  });

  it("has its devices tried one by one", async () => {
    const config = await configured(
      {
        pinPad: { adapter: "pad02h", port: port("padBinary"), profile: { coding: "binary" } },
        printer: { adapter: "printerEscPos", port: port("printer") },
        gate: { adapter: "gateRelay", port: port("gateRelay") },
      },
      folder(),
    );
    const attempt = (role: string, ...args: readonly string[]) => runYikatong(["devices", "try", role, "--config", config, ...args]);
    const printed = await attempt("printer");
    expect([printed.code, desk.simulated.printer.paper.lines]).toEqual([0, expect.arrayContaining(["社会保障卡一卡通终端", "[cut]"])]);
    expect((await attempt("gate")).code).toBe(1);
    expect(desk.simulated.gateRelay.switchedOn).toEqual([]);
    const opened = await attempt("gate", "--yes");
    expect([opened.code, desk.simulated.gateRelay.switchedOn]).toEqual([0, [0]]);
    expect((await attempt("pinPad")).stdout).toMatch(/key-missing: A key is missing.*缺少密钥/s);
    expect((await attempt("telephone")).code).toBe(2);
  });

  it("has the gate of one lane tried, in the direction of that lane", async () => {
    const lane = (name: string, direction: "entry" | "exit", path: string) => ({
      name,
      direction,
      place: "00010001",
      readers: { user: { interface: "contactless", nameIncludes: [`${name} card`] }, sam: { interface: "sam", nameIncludes: [`${name} module`] } },
      device: { adapter: "gateRelay", port: { path } },
    });
    const lanes = [lane("north", "entry", join(desk.folder, "moved-away")), lane("south", "exit", port("gateRelay").path)];
    const gate = { city: "5300", acquirer: "0000000000005300", fareTables: ["metro.json"], lanes };
    const config = await configured({}, folder(), { gate });
    const attempt = (...args: readonly string[]) => runYikatong(["devices", "try", "gate", "--config", config, ...args]);
    const before = desk.simulated.gateRelay.switchedOn.length;
    for (const args of [[], ["--lane", "west", "--yes"]]) {
      const { code, stdout } = await attempt(...args);
      expect([code, stdout]).toEqual([1, expect.stringMatching(/no such gate; its lanes are north, south: say --lane NAME/)]);
    }
    expect((await attempt("--lane", "south")).stdout).toMatch(/for an exit; say --yes/);
    expect(desk.simulated.gateRelay.switchedOn).toHaveLength(before);
    expect((await attempt("--lane", "south", "--yes")).code).toBe(0);
    expect(desk.simulated.gateRelay.switchedOn.slice(before)).toEqual([1]);
  });
});
