/*
 * No PIN that is typed at a pad is ever in the processes that speak to it, not even one that the pad sends in the clear; the pad and its holder
 * live elsewhere.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../device/base/bytes.ts";
import { openCipherSuite } from "../device/crypto/suite.ts";
import { systemClock } from "../device/system/clock.ts";
import { encryptBlocks } from "../simulators/crypto/blocks.ts";
import { PtyDevice } from "../simulators/line/pty.ts";
import { type HolderAct, ScriptedHolder } from "../simulators/pinpad/holder.ts";
import { NEWLAND_TEST_AUTHORIZATION, SimulatedNewlandPad } from "../simulators/pinpad/newland.ts";
import { SimulatedPad02h } from "../simulators/pinpad/pad-02h.ts";
import { drawPin, type Found, formsOf, searchMemory } from "./benches/pin-search.ts";
import { withDescendants } from "./benches/whole-terminal.ts";

const PAD_PROCESS = fileURLToPath(new URL("./benches/pad-process.ts", import.meta.url));
const SUITE = openCipherSuite();
/** Published test keys. */
const MASTER = fromHex("0123456789ABCDEFFEDCBA9876543210");
const WORK = fromHex("1111111111111111222222222222222A");
const CHECK_VALUE = encryptBlocks(SUITE, "3des", WORK, new Uint8Array(8)).slice(0, 4);
const ENTRIES = 5;
const MEMORY_MIN_BYTES = 50_000_000;
/** Slow enough that each key comes alone, also on a busy machine. */
const LOOSE_KEY_MS = 20;

const pinKey = { master: 0, work: 1 };
const parts = (holder: ScriptedHolder) => ({ clock: systemClock(), suite: SUITE, holder, keyMs: 5 });

/** A pad whose digits go over the line, one by one, until the terminal switches its keypad off. */
function inTheClear(pad: SimulatedPad02h): SimulatedPad02h {
  pad.setFaults({ clearDigits: true });
  return pad;
}

const PADS = [
  { adapter: "pad02h", settings: { pinKey }, gives: "entered", simulate: (holder: ScriptedHolder) => new SimulatedPad02h(parts(holder)) },
  {
    adapter: "pad02h",
    settings: { pinKey, profile: { coding: "binary" } },
    gives: "entered",
    simulate: (holder: ScriptedHolder) => new SimulatedPad02h({ ...parts(holder), settings: { coding: "binary" } }),
  },
  { adapter: "pad02h", settings: { pinKey }, gives: "pad-refused", simulate: (holder: ScriptedHolder) => inTheClear(new SimulatedPad02h(parts(holder))) },
  {
    adapter: "pad02h",
    settings: { pinKey, profile: { coding: "binary" } },
    gives: "pad-refused",
    simulate: (holder: ScriptedHolder) => inTheClear(new SimulatedPad02h({ ...parts(holder), settings: { coding: "binary" } })),
  },
  {
    adapter: "padNewland",
    settings: { pinKey, authorizationHex: NEWLAND_TEST_AUTHORIZATION },
    gives: "entered",
    simulate: (holder: ScriptedHolder) => new SimulatedNewlandPad(parts(holder)),
  },
] as const;

describe.each(PADS)("a PIN typed at $adapter, $settings: $gives", ({ adapter, settings, gives, simulate }) => {
  let folder: string;
  let line: PtyDevice;
  let holder: ScriptedHolder;
  let child: ChildProcess;
  let answers: AsyncIterator<string>;
  let reading: Interface;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "ykt-pin-"));
    line = new PtyDevice(join(folder, "pad"));
    await line.plugIn();
    holder = new ScriptedHolder([]);
    simulate(holder).attach(line);
    const configured = JSON.stringify({ adapter, port: { path: line.path }, ...settings });
    const wrapped = toHex(encryptBlocks(SUITE, "3des", MASTER, WORK));
    child = spawn(process.execPath, [PAD_PROCESS, configured, wrapped, toHex(CHECK_VALUE)], { stdio: ["pipe", "pipe", "inherit"] });
    if (child.stdout === null) throw new Error("its answers are read");
    reading = createInterface({ input: child.stdout });
    answers = reading[Symbol.asyncIterator]();
  });
  afterEach(async () => {
    const ended = new Promise((resolve) => {
      child.once("exit", resolve);
    });
    child.kill("SIGKILL");
    await ended;
    reading.close();
    await line.unplug();
    rmSync(folder, { recursive: true, force: true });
  });

  async function asked(request: object): Promise<string> {
    child.stdin?.write(`${JSON.stringify(request)}\n`);
    return String((await answers.next()).value);
  }

  function searched(pin: string): { readonly found: readonly Found[]; readonly bytes: number; readonly processes: number } {
    const all = withDescendants(child.pid ?? 0).map((pid) => searchMemory(pid, formsOf(pin)));
    return { found: all.flatMap(({ found }) => found), bytes: all.reduce((total, { bytes }) => total + bytes, 0), processes: all.length };
  }

  /** All digits over the line as they are, at a time when the terminal asks for none. */
  async function typedLoosely(pin: string): Promise<void> {
    for (const digit of pin) {
      line.write(utf8(digit));
      await systemClock().sleep(LOOSE_KEY_MS);
    }
  }

  it("was never there, and a PIN that is kept is found", async () => {
    const pin = drawPin();
    const enters: HolderAct = { kind: "enters", digits: pin };
    holder.plan([enters]);
    for (let entry = 0; entry < ENTRIES; entry += 1) expect(await asked({ ask: "pin" })).toBe(JSON.stringify({ kind: gives }));
    expect(await asked({ ask: "new-pin" })).toBe(JSON.stringify({ kind: gives }));
    expect(holder.asked).toBeGreaterThanOrEqual(ENTRIES + 1);
    await typedLoosely(pin);
    const { found, bytes, processes } = searched(pin);
    expect(found).toEqual([]);
    expect(processes).toBe(2);
    expect(bytes).toBeGreaterThan(MEMORY_MIN_BYTES);
    expect(await asked({ keep: pin })).toBe('{"kind":"kept 1"}');
    expect(searched(pin).found.length).toBeGreaterThan(0);
  }, 60_000);
});
