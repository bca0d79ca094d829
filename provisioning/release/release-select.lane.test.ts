/*
 * Goal: `select-release` ends what was begun, whatever the note says, however often it is cut off, and always leaves something that starts.
 * Method: the real script under dash. The programs that change the disk are stood in for by scripts that count, and at the n-th call end the
 * shell above them, before or after the change, for every n.
 */

import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { JOURNAL_FILE } from "./place.ts";
import { SELECT_RELEASE, TestMachine } from "./testing.ts";
import { type Trial, trialText } from "./trial.ts";

const suite = openCipherSuite();
const SCHEMAS = { schema: 2, written: [1, 2] } as const;
const CALLS_MAX = 60;
let machine = new TestMachine(suite);

const NOTE: Trial = {
  version: "0.2.0",
  previous: "0.1.0",
  starts: 0,
  startsMax: 3,
  step: "trying",
  schema: 2,
  previousSchema: 1,
  migrator: "0.2.0",
  devices: ["user", "gate:north"],
};

/** Two whole releases, the newer one current and its journal migrated; `start` of the service is the test's matter. */
async function prepare(): Promise<void> {
  machine.remove();
  machine = new TestMachine(suite);
  await machine.install("0.1.0", { schema: 1 });
  machine.running = false;
  await machine.install("0.2.0", SCHEMAS);
  machine.running = false;
  writeFileSync(join(machine.place.journal, JOURNAL_FILE), "2");
}

const note = (more: Partial<Trial>) => writeFileSync(machine.place.trial, trialText({ ...NOTE, ...more }));
const link = (version: string) => {
  rmSync(machine.place.current, { force: true });
  symlinkSync(`releases/${version}`, machine.place.current);
};

beforeEach(prepare);
afterEach(() => machine.remove());

const inTurn =
  (...steps: readonly (() => void)[]) =>
  () => {
    for (const step of steps) step();
  };

const CASES: readonly (readonly [name: string, set: () => void, current: string, schema: number])[] = [
  ["no note", () => undefined, "0.2.0", 2],
  ["a first start", () => note({}), "0.2.0", 2],
  [
    "the link was not yet moved",
    inTurn(
      () => note({}),
      () => link("0.1.0"),
    ),
    "0.2.0",
    2,
  ],
  ["starts used up", () => note({ starts: 3 }), "0.1.0", 1],
  [
    "the migration was cut short",
    inTurn(
      () => note({ step: "migrating" }),
      () => link("0.1.0"),
    ),
    "0.1.0",
    1,
  ],
  ["a way back was cut short", () => note({ step: "returning", starts: 3 }), "0.1.0", 1],
  [
    "proved",
    inTurn(
      () => note({ starts: 3 }),
      () => machine.saysHealthy(),
    ),
    "0.2.0",
    2,
  ],
  [
    "another version is well",
    inTurn(
      () => note({ starts: 3 }),
      () => writeFileSync(machine.place.healthy, "0.2.0-rc.1\n"),
    ),
    "0.1.0",
    1,
  ],
];

describe("a note", () => {
  it.each(CASES)("%s", (_, set, current, schema) => {
    set();
    expect([machine.selectRelease().code, machine.currentVersion(), machine.journalSchema()]).toEqual([0, current, schema]);
  });

  it.each([
    ["", ""],
    ["half a file", "version=0.2.0\nprevious=0.1"],
    ["a path for a version", trialText(NOTE).replace("previous=0.1.0", "previous=../../../tmp")],
    ["a count that is none", trialText(NOTE).replace("starts=0", "starts=08")],
    ["a count with a command", trialText(NOTE).replace("starts=0", "starts=$(reboot)")],
    ["a step that nobody knows", trialText(NOTE).replace("step=trying", "step=dancing")],
    ["bytes", "\u0000\u0001\u00ff"],
  ])("that is spoiled (%s) is put aside, and what was current starts", (_, text) => {
    writeFileSync(machine.place.trial, text);
    expect([machine.selectRelease().code, machine.currentVersion()]).toEqual([0, "0.2.0"]);
    expect(readFileSync(`${machine.place.trial}.unreadable`, "utf8")).toBe(text);
  });

  it("that is a link, or lies behind one, is not followed", () => {
    const foreign = join(machine.root, "foreign");
    writeFileSync(foreign, trialText({ ...NOTE, starts: 3 }));
    symlinkSync(foreign, machine.place.trial);
    expect([machine.selectRelease().code, machine.currentVersion()]).toEqual([0, "0.2.0"]);
    note({});
    symlinkSync(foreign, `${machine.place.trial}.unfinished`);
    expect([machine.selectRelease().code, readFileSync(foreign, "utf8")]).toEqual([0, trialText({ ...NOTE, starts: 3 })]);
  });
});

describe("something starts", () => {
  const broken = (version: string) => rmSync(join(machine.place.releases, version, "bin/yikatong"));

  it("when the release on trial is not whole", () => {
    note({});
    broken("0.2.0");
    // Nobody can write the older schema any more: the older release is asked whether it is there.
    writeFileSync(join(machine.place.journal, JOURNAL_FILE), "1");
    expect([machine.selectRelease().code, machine.currentVersion()]).toEqual([0, "0.1.0"]);
  });

  it("when the link is gone, points to nothing, or is a folder", () => {
    for (const spoil of [() => undefined, () => symlinkSync("releases/9.9.9", machine.place.current), () => symlinkSync("..", machine.place.current)]) {
      rmSync(machine.place.current, { force: true });
      spoil();
      expect([machine.selectRelease().code, machine.currentVersion()]).toEqual([0, "0.2.0"]);
    }
  });

  it("when the release before is gone", () => {
    note({ starts: 3 });
    broken("0.1.0");
    expect([machine.selectRelease().code, machine.currentVersion(), machine.journalSchema()]).toEqual([0, "0.2.0", 2]);
    expect(readFileSync(machine.place.returned, "utf8")).toContain("result=stayed");
  });

  it("and only without any release nothing does", () => {
    broken("0.1.0");
    broken("0.2.0");
    expect(machine.selectRelease()).toEqual({ code: 1, stderr: expect.stringContaining("no release that can start") });
  });
});

/** Stand-ins for what changes the disk. */
function counted(at: number, when: "before" | "after"): Readonly<Record<string, string>> {
  const folder = join(machine.root, "stand-ins");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const counter = join(folder, "count");
  writeFileSync(counter, "0");
  for (const name of ["sync", "mv", "rm", "ln"]) {
    const [before, after] = when === "before" ? ["kill -9 $PPID; exit 1", ":"] : [":", "kill -9 $PPID"];
    const script = `#!/bin/sh\nn=$(($(cat ${counter}) + 1)); echo $n > ${counter}\n[ $n = ${at} ] && { ${before}; }\n/bin/${name} "$@"; code=$?\n[ $n = ${at} ] && { ${after}; }\nexit $code\n`;
    writeFileSync(join(folder, name), script);
    chmodSync(join(folder, name), 0o755);
  }
  return { ...process.env, PATH: `${folder}:${process.env["PATH"] ?? ""}`, YIKATONG_ROOT: machine.root, YIKATONG_USER: "" } as Record<string, string>;
}

describe("cut off at every change", () => {
  it.each(CASES)("%s", async (_, set, current, schema) => {
    for (const when of ["before", "after"] as const) {
      let at = 1;
      for (; at <= CALLS_MAX; at += 1) {
        await prepare();
        set();
        const { status } = spawnSync("dash", [SELECT_RELEASE], { env: counted(at, when) });
        if (status === 0) break;
        const between = machine.currentVersion() ?? "";
        expect(["0.1.0", "0.2.0"]).toContain(between);
        expect([at, machine.selectRelease().code, machine.currentVersion(), machine.journalSchema()]).toEqual([at, 0, current, schema]);
      }
      expect(at).toBeLessThan(CALLS_MAX);
    }
  });
});
