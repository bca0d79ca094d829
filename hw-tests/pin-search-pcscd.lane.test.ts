/*
 * Goal: no digit of a PIN is ever in the terminal: not in the memory of its processes, its log, its journal or its messages.
 * Method: a holder types a PIN that nobody else has at a reader's keypad, in sales of every kind that asks for one; then everything is searched.
 * The keypad, the cards and the host live in other processes. A PIN that is planted is found by the same search.
 */
import mqtt, { type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PcscdStage, pcscdLaneObstacle } from "./benches/pcscd.ts";
import { drawPin, type Found, formsOf, SEARCHED_DIGITS, searchBytes, searchFolder, searchMemory } from "./benches/pin-search.ts";
import { WholeTerminal } from "./benches/whole-terminal.ts";

const obstacle = pcscdLaneObstacle();
const SALES = 5;
/** Less memory than this is not a terminal. */
const MEMORY_MIN_BYTES = 100_000_000;

/** Everything that goes through the broker, as it goes. */
function listen(url: string): Promise<{ readonly client: MqttClient; readonly heard: Buffer[] }> {
  const client = mqtt.connect(url, { clientId: "listener" });
  const heard: Buffer[] = [];
  client.on("message", (topic, payload) => heard.push(Buffer.from(topic), payload));
  return new Promise((resolve, reject) => {
    client.once("error", reject);
    client.once("connect", () => client.subscribe("#", () => resolve({ client, heard })));
  });
}

describe.skipIf(obstacle !== undefined)(`a PIN that was typed${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  const pin = drawPin();
  const mistyped = drawPin();
  let stage: PcscdStage;
  let terminal: WholeTerminal;
  let network: Awaited<ReturnType<typeof listen>>;

  beforeAll(async () => {
    stage = await PcscdStage.start();
    terminal = await WholeTerminal.start(stage, { userReader: { pinDigits: SEARCHED_DIGITS } });
    network = await listen(terminal.brokerUrl);
  }, 60_000);
  afterAll(async () => {
    network.client.end(true);
    await terminal.stop();
    await stage.stop();
  });

  async function typed(digits: string): Promise<void> {
    await stage.simulator.request({ do: "keypad", acts: [{ kind: "enters", digits }], reader: "counter" });
  }

  async function presented(): Promise<void> {
    await stage.takeOut();
    await stage.insert(await stage.makeCard({ pin, medicalPurse: { accountFen: 100_000 } }));
  }

  /** Searches everything for either PIN. */
  function searched(): { readonly memory: readonly Found[]; readonly kept: readonly Found[]; readonly said: readonly Found[]; readonly bytes: number } {
    const memory: Found[] = [];
    const kept: Found[] = [];
    const said: Found[] = [];
    let bytes = 0;
    for (const forms of [formsOf(pin), formsOf(mistyped)]) {
      for (const pid of terminal.processes()) {
        const part = searchMemory(pid, forms);
        memory.push(...part.found);
        bytes += part.bytes;
      }
      kept.push(...searchFolder(terminal.folder, forms).found, ...searchBytes("log", Buffer.from(terminal.log), forms));
      said.push(...network.heard.flatMap((message) => searchBytes("network", message, forms)));
    }
    return { memory, kept, said, bytes };
  }

  it("verifies cards without ever having been there", async () => {
    for (let sale = 0; sale < SALES; sale += 1) {
      await presented();
      await typed(pin);
      const paid = await terminal.ask({ do: "quick-payment", purse: "medical-purse", reference: `purse-${sale}`, amountFen: 450, selfPayFen: 0, pooledFen: 0 });
      expect(paid).toMatchObject({ kind: "paid", verified: true });
    }
    await presented();
    await typed(mistyped);
    const wrong = await terminal.ask({ do: "quick-payment", purse: "medical-purse", reference: "wrong", amountFen: 450, selfPayFen: 0, pooledFen: 0 });
    expect(wrong).toMatchObject({ kind: "refused", reason: "pin-wrong" });
    await presented();
    await typed(pin);
    const item = { nationalCode: "X", ownCode: "X", quantity: "1", unitPrice: "4.50", amountFen: 450 };
    const settled = await terminal.ask({ do: "medical-purchase", reference: "basket", amountFen: 450, invoiceNumber: "1", items: [item] });
    // The PIN was right, and the insurer was asked who this is.
    expect(settled).toMatchObject({ kind: "refused", reason: "host-refused" });
    expect(await terminal.ask({ do: "idle" })).toMatchObject({ kind: "idle" });
    const { memory, kept, said, bytes } = searched();
    expect({ memory, kept, said }).toEqual({ memory: [], kept: [], said: [] });
    expect(network.heard.length).toBeGreaterThan(SALES);
    expect(bytes).toBeGreaterThan(MEMORY_MIN_BYTES);
    process.stdout.write(`searched ${terminal.processes().length} processes, ${Math.round(bytes / 2e6)} MB, ${network.heard.length / 2} messages: nothing\n`);
  }, 120_000);

  it("would have been found in memory, journal and messages", async () => {
    // As a reference it is remembered, journalled and sent; in the clear it may be on the network only because somebody else says it.
    await presented();
    await terminal.ask({ do: "quick-payment", reference: pin, amountFen: 450 });
    network.client.publish("somebody/else", pin);
    await terminal.ask({ do: "idle" });
    const { memory, kept, said } = searched();
    expect(memory.length).toBeGreaterThan(0);
    expect(kept.some(({ where }) => where.startsWith("file"))).toBe(true);
    expect(said).toEqual([{ where: "network", form: "text" }]);
    await stage.clear();
  }, 60_000);
});
