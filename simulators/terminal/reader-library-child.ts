/*
 * A whole terminal in a process of its own, behind the socket of its reader library: the composition of device/main.ts with its journal on disk,
 * a simulated reader and module, and people who do what they are told over standard input.
 * Usage: reader-library-child.ts <folder>. The folder holds terminal.json ({"config": …}) and the key file; the first line is {"event":"ready"}.
 * Each further line is one of the requests below and is answered by one line.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { assert } from "../../device/base/assert.ts";
import { loadDeviceKeys } from "../../device/config/keys.ts";
import { parseTerminalConfig, type TerminalConfig } from "../../device/config/schema.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import type { PinChanger } from "../../device/drivers/ports.ts";
import { openLog } from "../../device/health/log.ts";
import { keyFileOf, openDevice, openTerminalReaderLibrary } from "../../device/main.ts";
import { systemClock } from "../../device/system/clock.ts";
import { readKeyFile } from "../../device/system/key-file.ts";
import type { Terminal } from "../../device/terminal.ts";
import { makeTestCard, type TestCardOptions } from "../card/make.ts";
import { type HolderAct, ScriptedHolder } from "../pinpad/holder.ts";
import { type PinChangeAct, SimulatedPinChanger } from "../pinpad/pin-changer.ts";
import { SimulatedPinVerifier } from "../pinpad/pin-verifier.ts";
import { makeTestPsam, type TestPsamOptions } from "../psam/make.ts";
import { makeSamReader, SimulatedReader } from "../reader/in-process.ts";
import { SETTINGS_FILE } from "./settings.ts";

/** What the process is told to be true of the world around its terminal. */
export type WorldRequest =
  | { readonly do: "insert"; readonly card: Partial<TestCardOptions>; readonly slowDebitMs?: number }
  | { readonly do: "remove" }
  /** "none": the slot of the module is empty. */
  | { readonly do: "module"; readonly module: TestPsamOptions | "none" }
  | { readonly do: "holder"; readonly acts: readonly HolderAct[] }
  | { readonly do: "change"; readonly act: PinChangeAct }
  /** Answers with what the journal says, and how many debits have reached a card. */
  | { readonly do: "books" };

/** The PIN that the keypad knows as the one of new cards. */
const INITIAL_PIN = "123456";
const KEYING_MS = 10;
/** Instruction of DEBIT FOR PURCHASE of the medical purse. */
const DEBIT = 0x2c;

class World {
  readonly clock = systemClock();
  readonly suite = openCipherSuite();
  /** Debits that have reached the card. */
  debits = 0;
  readonly reader = new SimulatedReader({
    name: "counter",
    interface: "contactless",
    clock: this.clock,
    beforeTransmit: ({ command: [cla, ins] }) => {
      if (cla === 0xb0 && ins === DEBIT) this.debits += 1;
      return { kind: "ok" };
    },
  });
  readonly samReader = makeSamReader(makeTestPsam(this.suite), { name: "module", clock: this.clock });
  readonly holder = new ScriptedHolder([{ kind: "cancels" }]);
  readonly pinVerifier = new SimulatedPinVerifier({ clock: this.clock, holder: this.holder, keyingMs: KEYING_MS });
  change: PinChangeAct = { kind: "cancels" };
  readonly pinChanger: PinChanger = {
    changeOnCard: (channel, template, limits) =>
      new SimulatedPinChanger({ clock: this.clock, acts: [this.change], keyingMs: KEYING_MS, initialPin: INITIAL_PIN }).changeOnCard(channel, template, limits),
  };

  insert({ card, slowDebitMs }: Extract<WorldRequest, { do: "insert" }>): void {
    const slow = slowDebitMs === undefined ? {} : { faults: { slowInstruction: { ins: DEBIT, extraMs: slowDebitMs } } };
    this.reader.insert(
      makeTestCard(this.suite, {
        serial: 1,
        balanceFen: 0,
        algorithm: "sm4",
        interface: "contactless",
        medicalPurse: { accountFen: 10_000 },
        ...slow,
        ...card,
      }),
    );
  }

  setModule(module: TestPsamOptions | "none"): void {
    this.samReader.remove();
    if (module !== "none") this.samReader.insert(makeTestPsam(this.suite, module));
  }
}

async function run(folder: string, config: TerminalConfig): Promise<void> {
  const world = new World();
  const { clock, suite, reader: userReader, samReader, pinVerifier, pinChanger } = world;
  const log = openLog({ destination: process.stderr, clock, terminalId: config.terminalId, level: "error" });
  const { keys, sealKeys } = loadDeviceKeys(await readKeyFile(keyFileOf(folder)), { suite, profile: config.profile });
  const terminal = await openDevice({ config, keys, sealKeys, suite, userReader, samReader, pinVerifier, pinChanger, log });
  const onDefect = (error: unknown) => {
    throw error;
  };
  const library = await openTerminalReaderLibrary(terminal, config, { log, onDefect });
  assert(library !== undefined, "the configuration has a reader library");
  const say = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  say({ event: "ready" });
  for await (const line of createInterface({ input: process.stdin })) {
    // Whoever starts this process writes its requests.
    say(await obey(world, terminal, JSON.parse(line) as WorldRequest));
  }
  await library.close();
  await terminal.stop();
}

async function obey(world: World, { journal }: Terminal, request: WorldRequest): Promise<object> {
  switch (request.do) {
    case "insert":
      world.insert(request);
      return { done: "insert" };
    case "remove":
      world.reader.remove();
      return { done: "remove" };
    case "module":
      world.setModule(request.module);
      return { done: "module" };
    case "holder":
      world.holder.plan(request.acts);
      return { done: "holder" };
    case "change":
      world.change = request.act;
      return { done: "change" };
    case "books": {
      const entries = await journal.entries(1, 1_000);
      return { done: "books", debits: world.debits, entries: entries.map(({ kind, state, subject, amount }) => ({ kind, state, subject, amount })) };
    }
  }
}

const folder = process.argv[2];
assert(folder !== undefined, "usage: reader-library-child.ts <folder>");
// Written by whoever starts this process; the configuration in it is checked like any other.
const parsed = parseTerminalConfig((JSON.parse(readFileSync(join(folder, SETTINGS_FILE), "utf8")) as { readonly config: unknown }).config);
assert(parsed.ok, parsed.ok ? "" : parsed.problems.join("; "));
await run(folder, parsed.config);
