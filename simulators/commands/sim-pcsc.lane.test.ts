/* `sim --pcscd`: a program that knows nothing of us finds card and module through the real pcscd; control lines act on them. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { pcscdObstacle } from "../reader/pcscd.ts";
import { type PcscCard, PcscdClient, type PcscReaderState } from "../reader/pcscd-client.ts";
import { realClock } from "../reader/real-clock.ts";
import { runSim } from "./sim.ts";
import { type Line, Pipe } from "./testing.ts";

const obstacle = pcscdObstacle();
const USER = "Yikatong SIM User 00 00";
const SAM = "Yikatong SIM SAM 01 00";
const SELECT = "00A4040008A00000063201010500";
const BALANCE = "805C000204";
const WAIT_MAX_MS = 5_000;
/** SCARD_PRESENT of the daemon's reader states. */
const PRESENT = 0x04;

const clock = realClock();

/** A PC/SC program of somebody else. */
class Shopper {
  readonly #socketPath: string;
  readonly #clients: PcscdClient[] = [];

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  async until(name: string, wanted: (state: PcscReaderState) => boolean): Promise<void> {
    const client = await this.#open();
    for (let waitedMs = 0; waitedMs < WAIT_MAX_MS; waitedMs += 10) {
      const state = (await client.readers()).find((each) => each.name === name);
      if (state !== undefined && wanted(state)) return;
      await clock.sleep(10);
    }
    throw new Error(`${name} did not reach the wanted state: ${JSON.stringify(await client.readers())}`);
  }

  async card(name: string): Promise<(hex: string) => Promise<string>> {
    await this.until(name, ({ atr }) => atr !== "");
    const client = await this.#open();
    const card: PcscCard = await client.connect(name);
    return async (hex) => toHex(await client.transmit(card, fromHex(hex)));
  }

  close(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }

  async #open(): Promise<PcscdClient> {
    const client = await PcscdClient.open(this.#socketPath);
    this.#clients.push(client);
    return client;
  }
}

describe.skipIf(obstacle !== undefined)(`sim --pcscd${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`, () => {
  const pipe = new Pipe();
  let ended: Promise<number>;
  let shopper: Shopper;
  let socketPath = "";

  const taken = async (line: string): Promise<Line> => {
    const reply = await pipe.askJson(line);
    expect(reply).toMatchObject({ ok: true });
    return reply;
  };

  beforeAll(async () => {
    const values = { pcscd: true, json: true, balance: "12345", pin: "123456", keypad: "enters" };
    ended = runSim(values, pipe, { suite: openCipherSuite(), clock });
    const ready = JSON.parse(await pipe.take()) as Line;
    expect(ready).toMatchObject({ event: "ready", readers: [USER, SAM] });
    socketPath = String((ready["environment"] as Line)["PCSCLITE_CSOCK_NAME"]);
    shopper = new Shopper(socketPath);
  }, 20_000);

  afterEach(() => shopper.close());

  afterAll(async () => {
    pipe.end();
    expect(await ended).toBe(0);
    expect(JSON.parse(pipe.printed.at(-1) ?? "")).toMatchObject({ event: "end", balanceFen: 12_345, debits: [] });
    expect(existsSync(dirname(dirname(socketPath)))).toBe(false);
    expect(pipe.printed.join("\n")).not.toContain("123456");
  }, 20_000);

  it("serves the card in the user reader and the module in the SAM reader", async () => {
    const card = await shopper.card(USER);
    expect(await card(SELECT)).toMatch(/9000$/);
    expect(await card(BALANCE)).toBe("000030399000");
    const module = await shopper.card(SAM);
    expect(await module("00A4000002801100")).toMatch(/9000$/);
    expect(await module("00B0960006")).toBe("9901000000019000");
  });

  it("remove and insert reach the program as card events", async () => {
    await taken("remove");
    await shopper.until(USER, ({ atr }) => atr === "");
    await taken("insert");
    await shopper.until(USER, ({ atr }) => atr !== "");
    await taken("module remove");
    await shopper.until(SAM, ({ atr }) => atr === "");
    await taken("module insert");
    await shopper.until(SAM, ({ atr }) => atr !== "");
  });

  it("tear: the command fails and the card is gone until it is inserted again", async () => {
    const card = await shopper.card(USER);
    await taken("tear after 805c");
    expect(await card(SELECT)).toMatch(/9000$/);
    await expect(card(BALANCE)).rejects.toThrow("0x8010000c");
    expect(await taken("show")).toMatchObject({ inserted: { card: false, module: true }, balanceFen: 12_345 });
    await taken("insert");
  });

  it("swap: another card lies in the reader, and the first one again", async () => {
    const seen: string[] = [];
    for (let turn = 0; turn < 2; turn += 1) {
      await taken("swap");
      const card = await shopper.card(USER);
      seen.push((await card(SELECT)).slice(54, 74));
      shopper.close();
    }
    expect(seen[0]).not.toBe(seen[1]);
  });

  it("crowd: a card is there and does not answer its reset, until the second one has left", async () => {
    await taken("crowd");
    await shopper.until(USER, ({ atr, state }) => atr === "" && (state & PRESENT) !== 0);
    await clock.sleep(300);
    await shopper.until(USER, ({ atr, state }) => atr === "" && (state & PRESENT) !== 0);
    await taken("crowd over");
    const card = await shopper.card(USER);
    expect(await card(SELECT)).toMatch(/9000$/);
  });

  it("hang: the command waits until the card is taken out", async () => {
    const card = await shopper.card(USER);
    await taken("hang");
    const hanging = expect(card(SELECT)).rejects.toThrow("0x8010000c");
    await clock.sleep(50);
    await taken("remove");
    await hanging;
    await taken("insert");
  });

  it("unplug and replug: the reader goes and comes back with its card", async () => {
    await shopper.until(USER, ({ atr }) => atr !== "");
    await taken("unplug");
    await shopper.until(USER, ({ atr }) => atr === "");
    await taken("replug");
    const card = await shopper.card(USER);
    expect(await card(SELECT)).toMatch(/9000$/);
  }, 15_000);

  it("faults act at once, and the daemon can crash and come back", async () => {
    await taken("fault blocked=purse");
    expect(await (await shopper.card(USER))(SELECT)).toBe("9303");
    await taken("fault none");
    await taken("pcscd kill");
    expect(await pipe.askJson("805C000204")).toMatchObject({ ok: false });
    await taken("pcscd start");
    const card = await shopper.card(USER);
    expect(await card(SELECT)).toMatch(/9000$/);
    expect(await card(BALANCE)).toBe("000030399000");
  }, 15_000);
});

/** Runs the command itself as a process, its input held open. */
function command(args: readonly string[], path: string | undefined = process.env["PATH"]): { readonly child: ChildProcess; readonly lines: string[] } {
  const module = (name: string) => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));
  const script = `import { runCommandLine } from ${module("../../device/system/command-line.ts")};
import { simCommand } from ${module("./sim.ts")};
const out = { print: console.log, complain: console.error };
process.exitCode = await runCommandLine({ name: "yikatong-sim", summary: "", commands: [simCommand] }, ${JSON.stringify(["sim", ...args])}, out);`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", script], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, PATH: path },
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) if (stream !== null) createInterface({ input: stream }).on("line", (line) => lines.push(line));
  return { child, lines };
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once("close", (code) => resolve(code));
  });
}

describe("sim as a process", () => {
  it.runIf(obstacle === undefined)(
    "ends at Ctrl-C with its summary, and leaves neither daemon nor folder behind",
    async () => {
      const { child, lines } = command(["--pcscd", "--json"]);
      const exit = exitOf(child);
      for (let waitedMs = 0; lines.length === 0 && waitedMs < 20_000; waitedMs += 20) await clock.sleep(20);
      const ready = JSON.parse(lines[0] ?? "{}") as { readonly environment: { readonly PCSCLITE_CSOCK_NAME: string }; readonly pcscdPid: number };
      expect(existsSync(ready.environment.PCSCLITE_CSOCK_NAME)).toBe(true);
      child.kill("SIGINT");
      expect(await exit).toBe(0);
      expect(JSON.parse(lines.at(-1) ?? "{}")).toMatchObject({ event: "end", balanceFen: 10_000 });
      expect(existsSync(dirname(dirname(ready.environment.PCSCLITE_CSOCK_NAME)))).toBe(false);
      expect(existsSync(`/proc/${ready.pcscdPid}`)).toBe(false);
    },
    60_000,
  );

  it("says in one line what is missing where there is no pcscd", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ykt-empty-"));
    const { child, lines } = command(["--pcscd"], folder);
    expect(await exitOf(child)).toBe(1);
    rmSync(folder, { recursive: true });
    expect(lines).toEqual([expect.stringMatching(/^cannot start a private pcscd: .*--pcscd needs pcscd .*--apdu needs none of them$/)]);
  }, 60_000);

  it("a pipe that is killed after an answer has its money in the snapshot", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ykt-killed-"));
    const snapshot = join(folder, "card.json");
    const { child, lines } = command(["--apdu", "--json", "--out", "--balance", "100", "--snapshot", snapshot]);
    const exit = exitOf(child);
    child.stdin?.write("load 900\n");
    for (let waitedMs = 0; lines.length === 0 && waitedMs < 20_000; waitedMs += 20) await clock.sleep(20);
    expect(lines).toEqual([JSON.stringify({ ok: true, balanceFen: 1_000 })]);
    child.kill("SIGKILL");
    await exit;
    const pipe = new Pipe();
    pipe.end();
    await runSim({ apdu: true, json: true, snapshot }, pipe, { suite: openCipherSuite(), clock });
    rmSync(folder, { recursive: true });
    expect(JSON.parse(pipe.printed.at(-1) ?? "")).toMatchObject({ balanceFen: 1_000 });
  }, 60_000);
});
