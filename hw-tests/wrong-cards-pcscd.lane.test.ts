/* What the counter reads when a card is not as it should be: one message each, in Chinese and English, from the terminal as it runs in the field. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PcscdStage, pcscdLaneObstacle } from "./benches/pcscd.ts";
import { WholeTerminal } from "./benches/whole-terminal.ts";

const obstacle = pcscdLaneObstacle();
/** A storage card as readers present it: a maker's mark instead of historical bytes. Spec: PC/SC 3, ATR of storage cards. */
const STORAGE_CARD = "3b8f8001804f0ca000000306030001000000006a";
const SALE_MS = 2_000;

describe.skipIf(obstacle !== undefined)(`cards that cannot pay${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  let stage: PcscdStage;
  let terminal: WholeTerminal;
  let sales = 0;

  beforeAll(async () => {
    stage = await PcscdStage.start();
    terminal = await WholeTerminal.start(stage);
  }, 60_000);
  afterAll(async () => {
    await terminal.stop();
    await stage.stop();
  });

  async function sale(timeoutMs = SALE_MS) {
    sales += 1;
    const { kind, reason, says } = await terminal.ask({ do: "quick-payment", reference: `sale-${sales}`, amountFen: 450, timeoutMs });
    return { kind, reason, says };
  }

  it("two cards at once, which this service cannot tell from one that is mute", async () => {
    await stage.insert(await stage.makeCard());
    await stage.simulator.request({ do: "crowd", names: [await stage.makeCard()], reader: "counter" });
    expect(await sale()).toEqual({
      kind: "no-card",
      reason: "card-mute-or-several",
      says: { en: "The card does not answer. Please present one card alone.", zh: "卡片无响应，请单独放一张卡重试。" },
    });
    await stage.simulator.request({ do: "crowd", names: [], reader: "counter" });
    await stage.clear();
  });

  it("a storage card", async () => {
    await stage.simulator.request({ do: "make-other-card", name: "storage", atrHex: STORAGE_CARD });
    await stage.insert("storage");
    expect(await sale()).toEqual({
      kind: "refused",
      reason: "storage-card",
      says: { en: "This is a storage card. It cannot pay here.", zh: "此卡为存储卡，不能支付。" },
    });
    await stage.clear();
  });

  it("a mute card", async () => {
    await stage.insert(await stage.makeCard({ faults: { mute: true } }));
    expect(await sale()).toEqual({
      kind: "no-card",
      reason: "card-mute-or-several",
      says: { en: "The card does not answer. Please present one card alone.", zh: "卡片无响应，请单独放一张卡重试。" },
    });
    await stage.clear();
  });

  it("a card pulled at once", async () => {
    await stage.insert(await stage.makeCard());
    await stage.simulator.request({ do: "plan", plan: { fate: "tear", at: "before" }, reader: "counter" });
    expect(await sale()).toEqual({
      kind: "no-card",
      reason: "card-removed",
      says: { en: "The card left too soon. Please present the same card again.", zh: "卡片离开过早，请重新刷同一张卡。" },
    });
    await stage.clear();
  });

  it("and a card that is as it should be pays", async () => {
    await stage.insert(await stage.makeCard());
    expect(await sale()).toMatchObject({ kind: "paid", reason: undefined, says: undefined });
    await stage.clear();
  });
});
