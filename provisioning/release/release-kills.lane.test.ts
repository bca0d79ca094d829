/*
 * Goal: an update that is killed, or loses the power, at any step: the next start of the service finds a release and a journal that fit each
 * other, and the update called again comes to the same end.
 * Method: every effect on disk, service and programs is counted; the n-th is the last one, before or after it took hold, for every n.
 */
import { afterEach, describe, expect, it } from "vitest";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { TestMachine, type TestRelease } from "./testing.ts";
import { applyBundle, type UpdateParts } from "./update.ts";

const suite = openCipherSuite();
const NEW: TestRelease = { schema: 2, written: [1, 2] };
const CHANGES = new Set(["write", "remove", "makeFolder", "rename", "setMode", "pointTo", "copyPart", "run", "stop", "start"]);
/** A way through with one file more or less changes the count a little; far fewer would mean that nothing was counted. */
const EFFECTS_MIN = 20;

class Killed extends Error {}

/** Counts the effects of an update; after the one at `at` nothing has any effect any more. */
class Killer {
  count = 0;
  readonly #at: number;
  readonly #when: "before" | "after";

  constructor(at: number, when: "before" | "after") {
    this.#at = at;
    this.#when = when;
  }

  guard<Part extends object>(part: Part): Part {
    return new Proxy(part, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function" || !CHANGES.has(String(name))) return member;
        return (...args: unknown[]) => this.#effect(() => Reflect.apply(member, target, args));
      },
    });
  }

  async #effect(work: () => unknown): Promise<unknown> {
    this.count += 1;
    if (this.count > this.#at || (this.count === this.#at && this.#when === "before")) throw new Killed("killed");
    const value = await work();
    if (this.count === this.#at) throw new Killed("killed");
    return value;
  }
}

function partsOf(machine: TestMachine, killer: Killer): UpdateParts {
  const parts = machine.parts();
  return { ...parts, files: killer.guard(parts.files), processes: killer.guard(parts.processes), service: killer.guard(parts.service) };
}

/** Everything but what differs between two ways to the same end: how many starts it took. */
function end(machine: TestMachine): string {
  return machine
    .state()
    .replace(/^starts=\d$/m, "starts=n")
    .replaceAll(/ ?returned(?= |$)/gm, "");
}

let machine = new TestMachine(suite);
afterEach(() => machine.remove());

async function prepared(): Promise<string> {
  machine.remove();
  machine = new TestMachine(suite);
  await machine.install("0.1.0", { schema: 1 });
  return (await machine.bundle("0.2.0", NEW)).path;
}

async function undisturbed(): Promise<{ readonly effects: number; readonly end: string }> {
  const bundle = await prepared();
  const killer = new Killer(Number.MAX_SAFE_INTEGER, "before");
  expect((await applyBundle({ bundle }, partsOf(machine, killer))).kind).toBe("switched");
  return { effects: killer.count, end: end(machine) };
}

/** Whether what runs fits its journal: the test's releases do not start otherwise. */
function startsWithFittingJournal(): boolean {
  return machine.running && machine.journalSchema() === (machine.currentVersion() === "0.2.0" ? 2 : 1);
}

describe.each(["power", "kill", "kill, and the manager starts the service"] as const)("after %s", (how) => {
  it.each(["before", "after"] as const)("%s each effect", async (when) => {
    const whole = await undisturbed();
    expect(whole.effects).toBeGreaterThan(EFFECTS_MIN);
    for (let at = 1; at <= whole.effects; at += 1) {
      const bundle = await prepared();
      const outcome = await applyBundle({ bundle }, partsOf(machine, new Killer(at, when))).catch((error: unknown) => error);
      expect([at, outcome]).toEqual([at, expect.any(Killed)]);
      if (how === "power") machine.powerCut();
      if (how !== "kill") {
        machine.start();
        expect([at, startsWithFittingJournal()]).toEqual([at, true]);
      }
      const again = await applyBundle({ bundle }, machine.parts());
      expect([at, again.kind, startsWithFittingJournal(), end(machine)]).toEqual([at, "switched", true, whole.end]);
    }
  });
});
