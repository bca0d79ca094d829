/*
 * Goal: the PIN of a bank account is never in the terminal either: not in its memory, its log, its journal, its configuration or its messages.
 * Method: a holder types a PIN that nobody else has at a pad on a real line, in acts of the bank over a whole terminal, and again at the reader for the
 * card's own; the bank compares each and refuses it, so that it did arrive, enciphered. Then everything is searched, and a planted PIN is found.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCipherSuite } from "../device/crypto/suite.ts";
import { systemClock } from "../device/system/clock.ts";
import { TEST_BANK_MERCHANT, TEST_BANK_TERMINAL } from "../simulators/host/acquirer/test-customers.ts";
import { PtyDevice } from "../simulators/line/pty.ts";
import { ScriptedHolder } from "../simulators/pinpad/holder.ts";
import { SimulatedPad02h } from "../simulators/pinpad/pad-02h.ts";
import { testAuthorities } from "../simulators/terminal/purses.ts";
import { listen, MEMORY_MIN_BYTES, type Network, searchEverything, tellSearched } from "./benches/everything-searched.ts";
import { PcscdStage, pcscdLaneObstacle } from "./benches/pcscd.ts";
import { drawPin, SEARCHED_DIGITS } from "./benches/pin-search.ts";
import { WholeTerminal } from "./benches/whole-terminal.ts";

const obstacle = pcscdLaneObstacle();
const PAYMENTS = 4;
const suite = openCipherSuite();

const CASH = {
  merchantId: TEST_BANK_MERCHANT,
  merchantCategory: "5912",
  merchantName: "TEST",
  terminalCode: TEST_BANK_TERMINAL,
  authorities: testAuthorities(suite),
};
const ACQUIRER = {
  connection: { kind: "mqtt" },
  terminalNumber: TEST_BANK_TERMINAL,
  merchantNumber: TEST_BANK_MERCHANT,
  tpdu: { destination: "0003" },
  headerHex: "603100310001",
  originalDate: true,
};

describe.skipIf(obstacle !== undefined)(`a bank's PIN that was typed${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  const bankPin = drawPin();
  const cardPin = drawPin();
  const holder = new ScriptedHolder([{ kind: "enters", digits: bankPin }]);
  let folder: string;
  let line: PtyDevice;
  let stage: PcscdStage;
  let terminal: WholeTerminal;
  let network: Network;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "ykt-bank-pin-"));
    line = new PtyDevice(join(folder, "pad"));
    await line.plugIn();
    new SimulatedPad02h({ clock: systemClock(), suite, holder, keyMs: 5 }).attach(line);
    stage = await PcscdStage.start();
    terminal = await WholeTerminal.start(stage, {
      userReader: { pinDigits: SEARCHED_DIGITS },
      devices: { pinPad: { adapter: "pad02h", port: { path: line.path } } },
      more: { electronicCash: CASH, acquirer: ACQUIRER, agency: {} },
    });
    network = await listen(terminal.brokerUrl);
  }, 60_000);
  afterAll(async () => {
    network.client.end(true);
    await terminal.stop();
    await stage.stop();
    await line.unplug();
    rmSync(folder, { recursive: true, force: true });
  });

  async function presented(): Promise<void> {
    await stage.takeOut();
    await stage.insert(await stage.makeCard({ pin: cardPin, interface: "contactless", electronicCash: { balanceFen: 10_000, algorithms: "sm" } }));
  }

  const searched = () => searchEverything(terminal, network, [bankPin, cardPin]);

  it("has reached the bank, which compared it, and was never here", async () => {
    expect(await terminal.ask({ do: "bank-sign-in" })).toMatchObject({ kind: "signed-in" });
    for (let payment = 0; payment < PAYMENTS; payment += 1) {
      await presented();
      const told = await terminal.ask({ do: "bank-payment", reference: `bank-${payment}`, amountFen: 12_800 });
      expect(told).toMatchObject({ kind: "refused", reason: "pin-wrong", responseCode: "55" });
    }
    await presented();
    expect(await terminal.ask({ do: "bank-balance" })).toMatchObject({ kind: "refused", responseCode: "55" });
    expect(holder.asked).toBe(PAYMENTS + 1);
    await presented();
    await stage.simulator.request({ do: "keypad", acts: [{ kind: "enters", digits: cardPin }], reader: "counter" });
    expect(await terminal.ask({ do: "identify", withPin: true })).toMatchObject({ kind: "done", output: { holderVerified: true } });
    expect(await terminal.ask({ do: "idle" })).toMatchObject({ kind: "idle" });
    const all = searched();
    const { memory, kept, said, bytes } = all;
    expect({ memory, kept, said }).toEqual({ memory: [], kept: [], said: [] });
    expect(network.heard.length).toBeGreaterThan(PAYMENTS);
    expect(bytes).toBeGreaterThan(MEMORY_MIN_BYTES);
    tellSearched(terminal, network, all);
  }, 120_000);

  it("would have been found in memory and journal", async () => {
    // As a reference it is remembered and journalled.
    await presented();
    await terminal.ask({ do: "bank-payment", reference: bankPin, amountFen: 12_800 });
    await terminal.ask({ do: "idle" });
    const { memory, kept } = searched();
    expect(memory.length).toBeGreaterThan(0);
    expect(kept.some(({ where }) => where.startsWith("file"))).toBe(true);
    await stage.clear();
  }, 60_000);
});
