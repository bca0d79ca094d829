/* Scenario files and recorded cards: what is written down beforehand happens at its moment, and what does not fit is refused in one line. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OptionValues } from "../../device/system/command-line.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { parseScenario } from "./sim-scenario.ts";
import { openSim, runJsonLines, runLines } from "./testing.ts";

const SELECT = "00A4040008A00000063201010500";
const BALANCE = "805C000204";
const SCENARIOS = join(dirname(dirname(fileURLToPath(import.meta.url))), "scenarios");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ykt-scenario-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function scenario(...steps: readonly object[]): string {
  return written("story.json", JSON.stringify({ version: 1, steps }));
}

const withScenario = (values: OptionValues, ...steps: readonly object[]) => ({ ...values, scenario: scenario(...steps) });

describe("parseScenario", () => {
  it.each(readdirSync(SCENARIOS))("takes the example %s", (name) => {
    expect(parseScenario(readFileSync(join(SCENARIOS, name), "utf8"))).toMatchObject({ ok: true });
  });

  it.each([
    ["no JSON", "{", "no JSON"],
    ["another version", '{"version":2,"steps":[]}', "version"],
    ["no step", '{"version":1,"steps":[]}', "steps"],
    ["an unknown moment", '{"version":1,"steps":[{"when":{"moon":"full"},"do":"remove"}]}', "steps.0.when"],
    ["a member too many", '{"version":1,"steps":[{"when":{"command":1},"do":"remove","why":""}]}', "steps.0"],
    ["an unknown line", '{"version":1,"steps":[{"when":{"command":1},"do":"jump"}]}', 'step 1: there is no line "jump"'],
    ["a tear at no place", '{"version":1,"steps":[{"when":{"command":1},"do":"tear soon"}]}', "step 1: written: tear"],
    ["a fault that is none", '{"version":1,"steps":[{"when":{"command":1},"do":["remove","fault rust"]}]}', 'step 1: there is no fault "rust"'],
    ["the end", '{"version":1,"steps":[{"when":{"command":1},"do":"quit"}]}', "step 1"],
  ])("refuses %s", (_, text, reason) => {
    const parsed = parseScenario(text);
    expect(parsed.ok ? "" : parsed.reason).toContain(reason);
  });

  it("any text gives an answer", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseScenario(text).ok).toBe(false);
      }),
    );
  });
});

describe("--scenario", () => {
  it("tears the very command that is the moment", async () => {
    const values = withScenario({}, { when: { commandPrefix: "805c", nth: 2 }, do: "tear after" });
    const { replies, end } = await runJsonLines(values, [SELECT, BALANCE, BALANCE]);
    expect(replies.map((reply) => reply["event"] ?? reply["answer"] ?? reply["reason"])).toEqual([
      expect.stringMatching(/9000$/),
      "000027109000",
      "scenario",
      "the card is not there, or left under way",
    ]);
    expect(end["inserted"]).toEqual({ card: false });
  });

  it.each([
    [5, "! the card is not there, or left under way"],
    [40, "! the card is not there, or left under way"],
  ])("tears after %i bytes", async (bytes, expected) => {
    const { printed } = await runLines({ apdu: true, ...withScenario({}, { when: { command: 2 }, do: `tear ${bytes}` }) }, [SELECT, BALANCE]);
    expect(printed.slice(2)).toEqual([`# scenario, step 1: the next command to the card will be torn: after ${bytes} bytes`, expected]);
  });

  it("counts insertions, and commands anew in each", async () => {
    const values = withScenario({ apdu: true }, { when: { insertion: 2 }, do: "fault blocked=card" }, { when: { command: 1 }, do: "fault none" });
    const { printed } = await runLines(values, [SELECT, "remove", "insert", SELECT]);
    expect(printed.filter((line) => line.startsWith("# scenario"))).toEqual([
      "# scenario, step 1: faults of the card: blocked=card",
      "# scenario, step 2: faults of the card: none",
    ]);
    expect(printed.at(-1)).toMatch(/9000$/);
  });

  it("waits for its time, and begins to wait at the step before", async () => {
    const clock = new VirtualClock(0);
    const values = withScenario({ apdu: true }, { when: { command: 1 }, do: "remove" }, { when: { afterMs: 700 }, do: "insert" });
    const { pipe, ended } = openSim(values, clock);
    pipe.write(SELECT);
    for (let line = ""; !line.startsWith("! "); ) line = await clock.resolve(pipe.take());
    const before = clock.monotonicMs();
    expect(await clock.resolve(pipe.take())).toBe("# scenario, step 2: the card is in the reader");
    expect(clock.monotonicMs() - before).toBeGreaterThanOrEqual(600);
    pipe.end();
    expect(await clock.resolve(ended)).toBe(0);
  });

  it("puts another card in, and the first one again", async () => {
    const values = withScenario({ apdu: true }, { when: { command: 1 }, do: "swap" }, { when: { afterMs: 10 }, do: "swap" });
    const { printed } = await runLines(values, [SELECT, "show"]);
    expect(printed).toContain("# scenario, step 1: another card is in the reader");
    expect(printed.join("\n")).toMatch(/card: in the reader/);
  });

  it("a second card in the field leaves none that answers", async () => {
    const { replies } = await runJsonLines({}, ["crowd", "reset", SELECT, "crowd over", "reset", SELECT]);
    expect(replies.map((reply) => reply["ok"] ?? reply["reason"] ?? "answered")).toEqual([
      true,
      "no answer to reset",
      "the card has no power: it gave no answer to reset",
      true,
      "answered",
      "answered",
    ]);
  });

  it("says what a step could not do, and goes on", async () => {
    const values = withScenario({ apdu: true }, { when: { command: 1 }, do: ["load 5", "tear before"] });
    const { printed } = await runLines(values, [SELECT]);
    expect(printed).toContain("# scenario, step 1: refused: take the card out first: remove");
    expect(printed.at(-1)).toMatch(/^! /);
  });

  it.each([
    ["that is not there", "nowhere.json", /cannot be read/],
    ["that is none", written, /letter.json: it is no JSON/],
  ])("refuses a file %s", async (_, file, reason) => {
    const path = typeof file === "string" ? join(folder, file) : file("letter.json", "Dear Sir");
    const { code, complained } = await runLines({ apdu: true, scenario: path }, []);
    expect(code).toBe(2);
    expect(complained.join("\n")).toMatch(reason);
  });
});

describe("--replay", () => {
  const LOG = `00000001 APDU: ${SELECT}\n00000002 SW: 6F 00 90 00\n00000003 APDU: ${BALANCE}\n00000004 SW: 00 00 00 07 90 00\n`;

  it("answers as the log says, and says what the log does not know", async () => {
    const { replies, end } = await runJsonLines({ replay: written("log.txt", LOG) }, [SELECT, BALANCE, BALANCE]);
    expect(replies.map((reply) => reply["answer"])).toEqual(["6f009000", "000000079000", "6f00"]);
    expect(end["replayed"]).toEqual({ sessions: 1, exchanges: 2, notes: [{ header: "805c0002", because: "out-of-order" }] });
  });

  it("in loose mode answers again", async () => {
    const { replies } = await runJsonLines({ replay: written("log.txt", LOG), "replay-mode": "loose" }, [BALANCE, SELECT, BALANCE]);
    expect(replies.map((reply) => reply["answer"])).toEqual(["000000079000", "6f009000", "000000079000"]);
  });

  it("has no faults and no purse to load, but can be torn and taken out", async () => {
    const { replies } = await runJsonLines({ replay: written("log.txt", LOG) }, ["fault mute", "tear after", SELECT, "load 5", "insert", SELECT]);
    expect(replies.map((reply) => reply["ok"] ?? reply["answer"] ?? "no answer")).toEqual([false, true, "no answer", false, true, "6f009000"]);
  });

  it.each([
    ["holds no dialogue", "nothing here\n", /holds no command/],
    ["is empty", "", /holds no command/],
  ])("refuses a file that %s", async (_, text, reason) => {
    const { code, complained } = await runLines({ apdu: true, replay: written("log.txt", text) }, []);
    expect(code).toBe(2);
    expect(complained.join("\n")).toMatch(reason);
  });
});
