/* The real pcscd with our reader handler serves simulated cards: presence, bytes, events, errors, loss and return. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import { PrivatePcscd } from "./pcscd.ts";
import { PcscdClient, type PcscReaderState } from "./pcscd-client.ts";
import { SimulatorProcess } from "./process-client.ts";

const SELECT_PURSE = fromHex("00A4040008A00000063201010500");
const GET_BALANCE = fromHex("805C000204");
/** Bits of the daemon's own state word: a lost reader is "unknown", a mute card "swallowed". */
const STATE_UNKNOWN = 0x01;
const STATE_SWALLOWED = 0x08;
const WAIT_MAX_MS = 4_000;

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}

describe("pcscd with simulated readers", () => {
  const folder = mkdtempSync(join(tmpdir(), "ykt-pcscd-"));
  const counter = { name: "SIM Counter", socketPath: join(folder, "counter.sock"), slots: 1 };
  const modules = { name: "SIM Modules", socketPath: join(folder, "modules.sock"), slots: 2 };
  const pcscd = new PrivatePcscd({ folder, readers: [counter, modules] });
  const clients: PcscdClient[] = [];
  let simulator: SimulatorProcess;

  async function client(): Promise<PcscdClient> {
    const opened = await PcscdClient.open(pcscd.socketPath);
    clients.push(opened);
    return opened;
  }

  async function until(wanted: (state: PcscReaderState) => boolean, readerName = "SIM Counter 00 00"): Promise<PcscReaderState> {
    const probe = await client();
    for (let waitedMs = 0; waitedMs < WAIT_MAX_MS; waitedMs += 5) {
      const state = (await probe.readers()).find((each) => each.name === readerName);
      if (state !== undefined && wanted(state)) return state;
      await pause(5);
    }
    throw new Error(`${readerName} did not reach the wanted state: ${JSON.stringify(await probe.readers())}`);
  }

  beforeAll(async () => {
    simulator = await SimulatorProcess.start();
    await simulator.request({ do: "open-reader", reader: "counter", socketPath: counter.socketPath, slots: 1 });
    await simulator.request({ do: "open-reader", reader: "modules", socketPath: modules.socketPath, slots: 2 });
    await simulator.request({ do: "make-card", name: "card", options: { balanceFen: 12_345, algorithm: "sm4", serial: 77, pin: "123456" } });
    await simulator.request({ do: "make-psam", name: "psam", options: {} });
    await simulator.request({ do: "insert", reader: "modules", slot: 1, name: "psam" });
    await pcscd.start();
  }, 20_000);

  afterAll(async () => {
    for (const each of clients) each.close();
    await pcscd.kill();
    await simulator.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 20_000);

  it("lists every slot as a reader, the module with its ATR", async () => {
    const state = await until((each) => each.atr !== "", "SIM Modules 01 01");
    expect(state.atr.startsWith("3b6d0000")).toBe(true);
    const names = (await (await client()).readers()).map((each) => each.name);
    expect(names).toEqual(["SIM Counter 00 00", "SIM Modules 01 00", "SIM Modules 01 01"]);
  });

  it("shows an inserted card with its ATR, carries commands, and reports the removal", async () => {
    const before = await until((each) => each.atr === "");
    await simulator.request({ do: "insert", reader: "counter", name: "card" });
    const inserted = await until((each) => each.atr !== "");
    expect(inserted.atr).toBe("3b6d00000081544c538660990100000077");
    expect(inserted.events).toBe(before.events + 1);
    const pcsc = await client();
    const card = await pcsc.connect(inserted.name);
    expect(toHex(await pcsc.transmit(card, SELECT_PURSE)).endsWith("9000")).toBe(true);
    expect(toHex(await pcsc.transmit(card, GET_BALANCE))).toBe("000030399000");
    await simulator.request({ do: "remove", reader: "counter" });
    const removed = await until((each) => each.atr === "");
    expect(removed.events).toBe(before.events + 2);
  });

  it("answers a command torn under way as a card that left", async () => {
    await simulator.request({ do: "insert", reader: "counter", name: "card" });
    const inserted = await until((each) => each.atr !== "");
    const pcsc = await client();
    const card = await pcsc.connect(inserted.name);
    await simulator.request({ do: "plan", reader: "counter", plan: { fate: "tear", at: "after", commandPrefix: "805c" } });
    expect(toHex(await pcsc.transmit(card, SELECT_PURSE)).endsWith("9000")).toBe(true);
    await expect(pcsc.transmit(card, GET_BALANCE)).rejects.toThrow("0x8010000c");
    await until((each) => each.atr === "");
  });

  it("a hanging command ends when the card is taken out", async () => {
    await simulator.request({ do: "insert", reader: "counter", name: "card" });
    const inserted = await until((each) => each.atr !== "");
    const pcsc = await client();
    const card = await pcsc.connect(inserted.name);
    await simulator.request({ do: "plan", reader: "counter", plan: { fate: "hang" } });
    const hanging = expect(pcsc.transmit(card, SELECT_PURSE)).rejects.toThrow("0x8010000c");
    await pause(50);
    await simulator.request({ do: "remove", reader: "counter" });
    await hanging;
  });

  it("shows a mute card as mute", async () => {
    await simulator.request({ do: "faults", name: "card", faults: { mute: true } });
    await simulator.request({ do: "insert", reader: "counter", name: "card" });
    const state = await until((each) => (each.state & STATE_SWALLOWED) !== 0 || each.atr !== "");
    expect(state.atr).toBe("");
    await simulator.request({ do: "remove", reader: "counter" });
    await simulator.request({ do: "faults", name: "card", faults: { mute: false } });
  });

  it("counts operations: a connection costs one power-up at most, no reset, and no storm of presence questions", async () => {
    await simulator.request({ do: "insert", reader: "modules", slot: 0, name: "card" });
    const inserted = await until((each) => each.atr !== "", "SIM Modules 01 00");
    await pause(600);
    const counts = (await simulator.request({ do: "counts", reader: "modules", slot: 0 })) as Record<string, number>;
    const pcsc = await client();
    const card = await pcsc.connect(inserted.name);
    await pcsc.transmit(card, SELECT_PURSE);
    const after = (await simulator.request({ do: "counts", reader: "modules", slot: 0 })) as Record<string, number>;
    expect((after["powerUp"] ?? 0) - (counts["powerUp"] ?? 0)).toBeLessThanOrEqual(1);
    expect(after["reset"]).toBe(counts["reset"]);
    expect(counts["presence"]).toBeLessThan(100);
    expect((after["transmit"] ?? 0) - (counts["transmit"] ?? 0)).toBe(1);
    await simulator.request({ do: "remove", reader: "modules", slot: 0 });
  });

  it("an unplugged reader becomes unavailable and comes back with its card", async () => {
    await simulator.request({ do: "insert", reader: "counter", name: "card" });
    await until((each) => each.atr !== "");
    await simulator.request({ do: "unplug", reader: "counter" });
    await until((each) => (each.state & STATE_UNKNOWN) !== 0);
    await simulator.request({ do: "plug", reader: "counter" });
    const back = await until((each) => each.atr !== "");
    const pcsc = await client();
    const card = await pcsc.connect(back.name);
    expect(toHex(await pcsc.transmit(card, SELECT_PURSE)).endsWith("9000")).toBe(true);
  }, 15_000);

  it("serves again after the daemon was killed and started anew; the card kept its money", async () => {
    await pcscd.kill();
    await pcscd.start();
    const back = await until((each) => each.atr !== "");
    const pcsc = await client();
    const card = await pcsc.connect(back.name);
    await pcsc.transmit(card, SELECT_PURSE);
    expect(toHex(await pcsc.transmit(card, GET_BALANCE))).toBe("000030399000");
    expect((await simulator.truth("card")).balanceFen).toBe(12_345);
  }, 15_000);
});
