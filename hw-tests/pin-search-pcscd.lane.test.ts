/*
 * Goal: no digit of a PIN is ever in the terminal: not in the memory of its processes, its log, its journal or its messages.
 * Method: a holder types a PIN that nobody else has at a reader's keypad, in sales of every kind that asks for one; then everything is searched.
 * The keypad, the cards and the host live in other processes. A PIN that is planted is found by the same search.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen, MEMORY_MIN_BYTES, type Network, searchEverything, tellSearched } from "./benches/everything-searched.ts";
import { PcscdStage, pcscdLaneObstacle } from "./benches/pcscd.ts";
import { drawPin, SEARCHED_DIGITS } from "./benches/pin-search.ts";
import { WholeTerminal } from "./benches/whole-terminal.ts";

const obstacle = pcscdLaneObstacle();
const SALES = 5;

describe.skipIf(obstacle !== undefined)(`a PIN that was typed${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  const pin = drawPin();
  const mistyped = drawPin();
  let stage: PcscdStage;
  let terminal: WholeTerminal;
  let network: Network;

  beforeAll(async () => {
    stage = await PcscdStage.start();
    terminal = await WholeTerminal.start(stage, {
      userReader: { pinDigits: SEARCHED_DIGITS },
      more: { services: { offlineMedicalCard: "card-flags" } },
    });
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

  const searched = () => searchEverything(terminal, network, [pin, mistyped]);

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
    const all = searched();
    const { memory, kept, said, bytes } = all;
    expect({ memory, kept, said }).toEqual({ memory: [], kept: [], said: [] });
    expect(network.heard.length).toBeGreaterThan(SALES);
    expect(bytes).toBeGreaterThan(MEMORY_MIN_BYTES);
    tellSearched(terminal, network, all);
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
