/* Light, sound and polling over the real service: between the commands for a card, and on the same connection. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CARD_RULE, PcscdStage, pcscdLaneObstacle } from "../../../hw-tests/benches/pcscd.ts";
import type { LampDialect, LampsSeen } from "../../../simulators/reader/lamps.ts";
import { fromHex } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import type { SignalLamp } from "../peripherals.ts";
import type { CardChannel, CardReader } from "../ports.ts";
import type { LampRule, Pcsc } from "./open.ts";

const obstacle = pcscdLaneObstacle();
const SELECT = fromHex("00a404000f7378312e73682ec9e7bbe1b1a3d5cf");
const RULE = { driver: "ccid", acsLed: "send", acr122AutoBeep: "send", polling: "fast" } as const;
const BACK_MS = 2_000;

describe.skipIf(obstacle !== undefined)(`lamps of a reader${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  let stage: PcscdStage;
  let pcsc: Pcsc;
  let reader: CardReader;

  beforeAll(async () => {
    stage = await PcscdStage.start();
  });
  afterAll(() => stage.stop());

  beforeEach(async () => {
    pcsc = stage.open();
    reader = pcsc.reader(CARD_RULE);
    await pcsc.ready(limits(5_000));
  });
  afterEach(async () => {
    await pcsc.close();
    await stage.clear();
  });

  async function lampOf(dialect: LampDialect, change: Partial<LampRule> = {}): Promise<SignalLamp> {
    await stage.simulator.request({ do: "lamps", dialect, reader: "counter" });
    return pcsc.lamp(CARD_RULE, { dialect, ...RULE, ...change });
  }

  async function seen(): Promise<LampsSeen> {
    // The desk answers with what its lamps have seen.
    return (await stage.simulator.request({ do: "lamps-seen", reader: "counter" })) as LampsSeen;
  }

  async function card(): Promise<CardChannel> {
    await stage.insert(await stage.makeCard());
    return reader.waitForCard(limits(5_000));
  }

  it.each(["together", "escape"] as const)("%s: without a card, with one, and between its commands", async (dialect) => {
    const lamp = await lampOf(dialect);
    await lamp.signal("refused", limits(3_000));
    expect(await seen()).toMatchObject({ red: true, green: false });
    const channel = await card();
    await channel.transmit(SELECT, limits(2_000));
    await lamp.signal("accepted", limits(3_000));
    expect(await seen()).toMatchObject({ red: false, green: true });
    // The card has noticed nothing of it: the same dialogue goes on.
    expect((await channel.transmit(SELECT, limits(2_000))).at(-2)).toBe(0x90);
    await channel.close();
    await lamp.signal("idle", limits(3_000));
    expect(await seen()).toMatchObject({ red: false, green: false });
    const again = await reader.waitForCard(limits(5_000));
    expect(again.insertion).toBe(channel.insertion);
    expect((await again.transmit(SELECT, limits(2_000))).at(-2)).toBe(0x90);
    expect(await lamp.health(limits(100))).toEqual({ kind: "well" });
  });

  it("while a card answers the lamp waits, and neither spoils the other", async () => {
    const lamp = await lampOf("escape");
    const channel = await card();
    await stage.simulator.request({ do: "plan", plan: { fate: "slow", extraMs: 400 }, reader: "counter" });
    const answered = channel.transmit(SELECT, limits(2_000));
    const told = lamp.signal("accepted", limits(3_000));
    expect((await answered).at(-2)).toBe(0x90);
    await told;
    expect((await channel.transmit(SELECT, limits(2_000))).at(-2)).toBe(0x90);
  });

  it("an ACR122U no longer beeps by itself, and another reader looks for cards as often as it can", async () => {
    await (await lampOf("together")).signal("idle", limits(3_000));
    expect(await seen()).toMatchObject({ beepsAtCards: false });
    const lamp = await lampOf("escape");
    await lamp.signal("idle", limits(3_000));
    await lamp.signal("accepted", limits(3_000));
    expect(await seen()).toMatchObject({ polling: 0x89, settingsWritten: 1, beepsMs: [100] });
  });

  it("settings stay as they were delivered where nobody asked for others", async () => {
    await (await lampOf("escape", { polling: "as-delivered" })).signal("idle", limits(3_000));
    expect(await seen()).toMatchObject({ polling: 0x8b, settingsWritten: 0 });
  });

  it("a reader that came back is set up again", async () => {
    const lamp = await lampOf("together");
    await lamp.signal("idle", limits(3_000));
    await stage.simulator.request({ do: "unplug", reader: "counter" });
    await expect(waitForLoss(lamp)).resolves.toBe(true);
    await stage.simulator.request({ do: "lamps", dialect: "together", reader: "counter" });
    await stage.simulator.request({ do: "plug", reader: "counter" });
    await reader.waitForCard(limits(BACK_MS)).catch(() => undefined);
    await lamp.signal("idle", limits(3_000));
    expect(await seen()).toMatchObject({ beepsAtCards: false });
  });

  it("a reader whose driver passes nothing on says so, and goes on reading cards", async () => {
    await stage.simulator.request({ do: "no-lamps", reader: "counter" });
    const lamp = pcsc.lamp(CARD_RULE, { dialect: "escape", ...RULE });
    await expect(lamp.signal("accepted", limits(3_000))).rejects.toMatchObject({ code: "reader-refused", effectUnknown: false });
    expect(await lamp.health(limits(100))).toMatchObject({ kind: "degraded" });
    const channel = await card();
    await expect(lamp.signal("accepted", limits(3_000))).rejects.toMatchObject({ code: "reader-refused" });
    expect((await channel.transmit(SELECT, limits(2_000))).at(-2)).toBe(0x90);
  });
});

/** Signals until one is lost. */
async function waitForLoss(lamp: SignalLamp): Promise<boolean> {
  for (let round = 0; round < 200; round += 1) {
    const lost = await lamp.signal("idle", limits(300)).then(
      () => false,
      () => true,
    );
    if (lost) return true;
  }
  return false;
}
