/*
 * Goal: beside what an update may stand is the terminal's configuration, not the memory of whoever types the command; and a journal that an update
 * would not find keeps it out.
 * Method: the command itself, as the unit starts it, on a machine in a folder: with a configuration that `config set` wrote, a service that stands in for
 * the real one, and its word as the service writes it.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exampleConfig } from "../../device/config/testing.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import type { RuntimeStatus } from "../../device/health/runtime-status.ts";
import { machineUptime } from "../../device/system/machine-uptime.ts";
import { runProgram } from "../../tools/processes.ts";
import { healthyStatus } from "./status-for-tests.ts";
import { TestMachine } from "./testing.ts";

const CLI = new URL("../../device/cli.ts", import.meta.url).pathname;
const LIMIT_MS = 60_000;
const MONEY = { exposure: { count: 3, sumFen: 60_000, unknown: 1 } } as const;
const suite = openCipherSuite();
let machine = new TestMachine(suite);

beforeEach(async () => {
  machine.remove();
  machine = new TestMachine(suite);
  await machine.install("0.1.0");
  mkdirSync(machine.place.config, { recursive: true });
  const systemctl = join(machine.root, "systemctl");
  writeFileSync(systemctl, "#!/bin/sh\necho ActiveState=active\necho SubState=running\n");
  chmodSync(systemctl, 0o755);
});
afterEach(() => machine.remove());

const yikatong = (...args: readonly string[]) => runProgram(process.execPath, [CLI, ...args], { limitMs: LIMIT_MS });

async function configure(update: object, journal = "/var/lib/yikatong/journal"): Promise<void> {
  const file = join(machine.root, "wanted.json");
  writeFileSync(file, JSON.stringify(exampleConfig({ update, journal: { folder: journal, limitBytes: 64 * 1024 * 1024 } })));
  const set = await yikatong("config", "set", "--config", machine.place.config, file);
  expect([set.code, set.code === 0 ? "" : set.stderr]).toEqual([0, ""]);
}

function says(more: Partial<RuntimeStatus>): void {
  writeFileSync(machine.place.status, JSON.stringify(healthyStatus({ uptimeMs: machineUptime()?.uptimeMs() ?? 0, ...more })));
}

/** Codes of what speaks against it now. */
async function against(bundle: string, more: Partial<RuntimeStatus>, ...options: readonly string[]): Promise<readonly string[]> {
  says(more);
  const ended = await yikatong("update", "check", bundle, "--json", "--root", machine.root, "--systemctl", join(machine.root, "systemctl"), ...options);
  const { reasons } = JSON.parse(ended.stdout) as { readonly reasons: readonly { readonly code: string }[] };
  return reasons.map(({ code }) => code);
}

describe("the limits of an update", () => {
  it("are the configuration's, and who types others means them", async () => {
    const { path } = await machine.bundle("0.2.0");
    await configure({});
    expect(await against(path, { exposure: { count: 3, sumFen: 50_000, unknown: 0 } })).toEqual([]);
    expect(await against(path, MONEY)).toEqual(["money-at-risk"]);
    await configure({ exposureLimitFen: 60_000, unknownMax: 1 });
    expect(await against(path, MONEY)).toEqual([]);
    expect(await against(path, MONEY, "--exposure-limit-fen", "59999")).toEqual(["money-at-risk"]);
    expect(await against(path, MONEY, "--unknown-max", "0")).toEqual(["money-at-risk"]);
    await configure({ exposureLimitFen: 0, clock: "trusted" });
    expect(await against(path, { exposure: { count: 1, sumFen: 1, unknown: 0 }, clock: "held" })).toEqual(["clock-wrong", "money-at-risk"]);
  }, 120_000);

  it("hold for space too, and an emergency passes money at risk alone", async () => {
    const { path } = await machine.bundle("0.2.0", { emergency: true });
    await configure({ spareMegabytes: 65_536, clock: "trusted", exposureLimitFen: 0 });
    const codes = await against(path, { ...MONEY, clock: "held", cardPresent: true });
    // The machine that runs this may have so much room; then only the others stand.
    expect(codes.filter((code) => code !== "space-low")).toEqual(["clock-wrong", "card-present"]);
  }, 60_000);

  it("are those of the strictest terminal where there is no configuration", async () => {
    const production = await yikatong("update", "check", "--json", "--root", machine.root, "--systemctl", join(machine.root, "systemctl"));
    expect(JSON.parse(production.stdout)).toMatchObject({ reasons: [{ code: "service-silent" }] });
    says(MONEY);
    const said = await yikatong("update", "check", "--json", "--root", machine.root, "--systemctl", join(machine.root, "systemctl"));
    expect([said.code, JSON.parse(said.stdout)]).toEqual([3, expect.objectContaining({ reasons: [expect.objectContaining({ code: "money-at-risk" })] })]);
  }, 60_000);
});

describe("a journal that lies elsewhere", () => {
  it("keeps updates out, because their way back would not find it, an emergency and a whole system too", async () => {
    const { path } = await machine.bundle("0.2.0", { emergency: true });
    await configure({}, "/srv/records/journal");
    expect(await against(path, {})).toEqual(["journal-elsewhere"]);
    const moment = await yikatong("update", "check", "--emergency", "--json", "--root", machine.root, "--systemctl", join(machine.root, "systemctl"));
    expect([moment.code, moment.stdout]).toEqual([4, expect.stringContaining("journal-elsewhere")]);
    await configure({}, "/var/lib/yikatong/./journal/");
    expect(await against(path, {})).toEqual([]);
  }, 60_000);
});
