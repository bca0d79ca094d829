/*
 * The PC/SC adapter on the real service and the real binding: the same contract suites as over the simulators, then what only a real
 * stack can do to us - its service dies, its calls never come back.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { CARD_RULE, MODULE_RULE, PcscdStage, pcscdLaneObstacle } from "../../../hw-tests/benches/pcscd.ts";
import { fromHex } from "../../base/bytes.ts";
import { systemClock } from "../../system/clock.ts";
import { limits } from "../contract/bench.ts";
import { cardChannelContract } from "../contract/card-channel-contract.ts";
import { cardReaderContract } from "../contract/card-reader-contract.ts";
import { pinVerifierContract } from "../contract/pin-verifier-contract.ts";
import { psamContract } from "../contract/psam-contract.ts";
import type { CardChannel, CardReader } from "../ports.ts";
import type { Pcsc } from "./open.ts";

const obstacle = pcscdLaneObstacle();
const SELECT_ENVIRONMENT = fromHex("00a404000f7378312e73682ec9e7bbe1b1a3d5cf");
/** From the return of the hardware to the first answer of a card. */
const SERVING_AGAIN_MS = 2_000;

vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

describe.skipIf(obstacle !== undefined)(`PC/SC lane${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`, () => {
  let stage: PcscdStage;
  beforeAll(async () => {
    stage = await PcscdStage.start();
  });
  afterAll(() => stage.stop());

  cardReaderContract("pcscd", () => stage.cardBench());
  cardChannelContract("pcscd", () => stage.cardBench());
  psamContract("pcscd", () => stage.psamBench());
  pinVerifierContract("keypad of a PC/SC reader", () => stage.pinVerifierBench());

  describe("what only a real stack does", () => {
    let pcsc: Pcsc;
    let reader: CardReader;

    async function open(): Promise<CardChannel> {
      pcsc = stage.open();
      reader = pcsc.reader(CARD_RULE);
      await stage.insert(await stage.makeCard());
      return reader.waitForCard(limits(5_000));
    }

    afterEach(async () => {
      await pcsc.close();
      await stage.clear();
    });

    async function servingMs(): Promise<number> {
      const clock = systemClock();
      const startedMs = clock.monotonicMs();
      const channel = await reader.waitForCard(limits(10_000));
      expect((await channel.transmit(SELECT_ENVIRONMENT, limits(2_000))).length).toBeGreaterThanOrEqual(2);
      return clock.monotonicMs() - startedMs;
    }

    it("serves again soon after its service was killed under a command and came back", async () => {
      const channel = await open();
      await stage.simulator.request({ do: "plan", plan: { fate: "slow", extraMs: 1_000 }, reader: "counter" });
      const sent = channel.transmit(SELECT_ENVIRONMENT, limits(3_000));
      sent.catch(() => undefined);
      await systemClock().sleep(100);
      await stage.service.kill();
      await expect(sent).rejects.toMatchObject({ effectUnknown: true, code: "reader-service-gone" });
      await expect(reader.waitForCard(limits(300))).rejects.toMatchObject({ code: "reader-service-gone", effectUnknown: false });
      await stage.service.start();
      expect(await servingMs()).toBeLessThan(SERVING_AGAIN_MS);
    });

    it("comes up by itself when the service starts later than the terminal", async () => {
      await stage.service.kill();
      pcsc = stage.open();
      reader = pcsc.reader(CARD_RULE);
      await stage.insert(await stage.makeCard());
      await expect(reader.waitForCard(limits(500))).rejects.toMatchObject({ code: "reader-service-gone" });
      await stage.service.start();
      expect(await servingMs()).toBeLessThan(SERVING_AGAIN_MS);
    });

    it("a card that hangs for ever ends at the deadline, and the terminal serves again soon after its return", async () => {
      const channel = await open();
      const clock = systemClock();
      await stage.simulator.request({ do: "plan", plan: { fate: "hang" }, reader: "counter" });
      const startedMs = clock.monotonicMs();
      await expect(channel.transmit(SELECT_ENVIRONMENT, limits(400))).rejects.toMatchObject({ code: "reader-hung", effectUnknown: true });
      expect(clock.monotonicMs() - startedMs).toBeLessThan(900);
      await clock.sleep(500);
      await stage.takeOut();
      await stage.insert(await stage.makeCard());
      expect(await servingMs()).toBeLessThan(SERVING_AGAIN_MS);
    });

    it("a hung card takes nothing from the module in the other group", async () => {
      const channel = await open();
      const modules = pcsc.reader(MODULE_RULE);
      const module = await modules.waitForCard(limits(5_000));
      await stage.simulator.request({ do: "plan", plan: { fate: "hang" }, reader: "counter" });
      const hung = channel.transmit(SELECT_ENVIRONMENT, limits(400));
      hung.catch(() => undefined);
      expect((await module.transmit(fromHex("0084000008"), limits(300))).length).toBeGreaterThanOrEqual(2);
      await expect(hung).rejects.toMatchObject({ code: "reader-hung" });
      expect((await module.transmit(fromHex("0084000008"), limits(300))).length).toBeGreaterThanOrEqual(2);
    });

    it("a mute module counts as an empty slot", async () => {
      await stage.simulator.request({ do: "make-psam", name: "mute", options: { faults: { mute: true } } });
      await stage.simulator.request({ do: "insert", name: "mute", reader: "modules", slot: 0 });
      pcsc = stage.open();
      reader = pcsc.reader({ ...MODULE_RULE, slot: 0 });
      await expect(reader.waitForCard(limits(800))).rejects.toMatchObject({ code: "timeout" });
      await stage.simulator.request({ do: "remove", reader: "modules", slot: 0 });
    });

    it("a card that answers slower than usual is waited for", async () => {
      const channel = await open();
      await stage.simulator.request({ do: "plan", plan: { fate: "slow", extraMs: 600 }, reader: "counter" });
      expect((await channel.transmit(SELECT_ENVIRONMENT, limits(2_000))).length).toBeGreaterThanOrEqual(2);
    });

    it("an error of the reader is a fault with unknown effect, and the next dialogue works", async () => {
      const channel = await open();
      await stage.simulator.request({ do: "plan", plan: { fate: "error", rc: 1 }, reader: "counter" });
      await expect(channel.transmit(SELECT_ENVIRONMENT, limits(2_000))).rejects.toMatchObject({ code: "card-mute", effectUnknown: true });
      expect(await servingMs()).toBeLessThan(SERVING_AGAIN_MS);
    });
  });
});
