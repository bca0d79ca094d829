/* Four things that holders do, at a reader that can tell them apart: each has its own message, in both languages. */
import { expect, test } from "vitest";
import { OtherCard } from "../../simulators/card/other-card.ts";
import { fen } from "../base/fen.ts";
import { runQuickPayment } from "../txn/quick-payment/run.ts";
import { SimulatedPlace, TEST_LIMITS } from "../txn/quick-payment/testing.ts";
import { saidFor } from "./messages.ts";

const STORAGE_ATR = "3b8f8001804f0ca0000003060300010000000068";

const SITUATIONS: Readonly<Record<string, (place: SimulatedPlace) => void>> = {
  "two cards": (place) => {
    place.reader.insert(place.card());
    place.reader.crowd([place.card()]);
  },
  "a storage card": (place) => place.reader.insert(new OtherCard({ atrHex: STORAGE_ATR })),
  "a mute card": (place) => place.reader.insert(place.card({ faults: { mute: true } })),
  "a card pulled at once": (place) => {
    place.plan(() => ({ kind: "tear", at: "before" }));
    place.reader.insert(place.card());
  },
};

async function said(prepare: (place: SimulatedPlace) => void) {
  const place = new SimulatedPlace();
  await place.clock.resolve(place.switchOn());
  prepare(place);
  const sale = runQuickPayment(place.ports, { reference: "r1", amount: fen(450) }, { ...TEST_LIMITS, timeoutMs: 1_000 });
  const outcome = await place.clock.resolve(sale);
  return "reason" in outcome && outcome.reason !== undefined ? saidFor(outcome.reason) : undefined;
}

test("each gives its own message in Chinese and English", async () => {
  const messages = await Promise.all(Object.values(SITUATIONS).map((situation) => said(situation)));
  expect(Object.fromEntries(Object.keys(SITUATIONS).map((name, at) => [name, messages[at]]))).toEqual({
    "two cards": { en: "More than one card. Please present one card alone.", zh: "检测到多张卡，请只放一张卡。" },
    "a storage card": { en: "This is a storage card. It cannot pay here.", zh: "此卡为存储卡，不能支付。" },
    "a mute card": { en: "The card does not answer. Please present one card alone.", zh: "卡片无响应，请单独放一张卡重试。" },
    "a card pulled at once": { en: "The card left too soon. Please present the same card again.", zh: "卡片离开过早，请重新刷同一张卡。" },
  });
});
