/* A bench for the tests of this folder: settlements on a simulated card and module, torn where a test wants it. */
import { socialMac, socialSessionKey } from "../../../simulators/crypto/social.ts";
import { ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { SimulatedPinVerifier } from "../../../simulators/pinpad/pin-verifier.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { type Bytes, fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { dateToBcd, timeToBcd } from "../../codec/bcd.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { CARD_PIN_TEMPLATE } from "../social/pin.ts";
import { readSocialIdentity } from "../social/read-identity.ts";
import { type CardBenchOptions, cardBench, LIMITS, SUITE } from "../testing.ts";
import { debitPurchase, initializePurchase, medicalTypeByte, selectMedical } from "./commands.ts";
import type { MedicalAmounts, MedicalIntent } from "./types.ts";

export const AMOUNTS: MedicalAmounts = { account: fen(1_200), selfPay: fen(300), pooled: fen(4_500) };

export interface TestSale {
  /** HHMMSS. */
  readonly time: string;
  readonly amounts?: MedicalAmounts;
}

/** A card with 500 yuan in its medical account, and the factors of its keys as the identity tells them. */
export async function medicalBench(options: CardBenchOptions = {}) {
  const bench = cardBench({ ...options, card: { serial: 8, medicalPurse: { accountFen: 50_000 }, ...options.card } });
  const psam = await bench.openPsam();
  const identityOptions = { profile: bench.profile, randomness: new SeededRandomness("medical"), today: "20261121" };
  const channel = await bench.channel();
  const identity = await bench.run(readSocialIdentity(channel, psam, identityOptions, LIMITS));
  if (identity.kind !== "ok") throw new Error(`no identity: ${identity.reason}`);
  return {
    ...bench,
    psam,
    identity,
    /** A channel to the card with DF04 selected. */
    selected: async (): Promise<CardChannel> => {
      const fresh = await bench.channel();
      const answer = await bench.run(selectMedical(fresh, LIMITS));
      if (answer.kind !== "ok") throw new Error(`no medical purse: ${answer.kind}`);
      return fresh;
    },
    enterPin: (to: CardChannel, digits: string) => {
      const verifier = new SimulatedPinVerifier({ clock: bench.clock, holder: new ScriptedHolder([{ kind: "enters", digits }]), keyingMs: 10 });
      return bench.run(verifier.verifyOnCard(to, CARD_PIN_TEMPLATE, { ...LIMITS, timeoutMs: 60_000 }));
    },
    /** A host's MAC under a key of this card, computed apart from the device's own functions. */
    hostMac: (name: "dskHex" | "dlkHex") => async (request: { readonly challenge: Bytes; readonly input: Bytes }) => {
      const { algorithm } = bench.card.personalization.social;
      const key = fromHex(bench.card.personalization.medicalPurse?.[name] ?? "");
      return socialMac(SUITE, algorithm, { key: socialSessionKey(SUITE, algorithm, { key, factor: request.challenge }), data: request.input });
    },
  };
}

export type MedicalBench = Awaited<ReturnType<typeof medicalBench>>;

/** Opens a settlement on card and module; nothing is taken yet. */
export async function begin({ psam, identity, profile }: MedicalBench, channel: CardChannel, sale: TestSale) {
  const amounts = sale.amounts ?? AMOUNTS;
  const opening = await initializePurchase(channel, { keyIndex: 1, ...amounts, terminalNumber: psam.terminalNumber }, LIMITS);
  if (opening.kind !== "ok") throw new Error(`not opened: ${opening.reason}`);
  const date = dateToBcd("20261121");
  const time = timeToBcd(sale.time);
  const { factors, algorithm: socialAlgorithm } = identity;
  const terms = { ...opening, ...amounts, type: medicalTypeByte("purchase", profile), date, time, factors, socialAlgorithm };
  const purchase = await psam.beginMedicalPurchase(terms, LIMITS);
  return { opening, purchase, completion: { terminalSequence: purchase.terminalSequence, date, time, mac1: purchase.mac1 } };
}

/** A whole settlement. */
export async function settle(bench: MedicalBench, sale: TestSale, pin?: string) {
  const channel = await bench.selected();
  if (pin !== undefined) await bench.enterPin(channel, pin);
  return bench.run(
    (async () => {
      const { opening, purchase, completion } = await begin(bench, channel, sale);
      const answer = await debitPurchase(channel, completion, LIMITS);
      const credit = answer.kind === "ok" ? await purchase.credit(answer.mac2, LIMITS) : "refused";
      purchase.release();
      return { opening, answer, credit };
    })(),
  );
}

/** What the terminal knows of a sale whose answer was lost. */
export function intentOf({ psam }: Pick<MedicalBench, "psam">, sale: TestSale, more: Partial<MedicalIntent> = {}): MedicalIntent {
  return {
    transaction: "purchase",
    terminalNumber: toHex(psam.terminalNumber),
    date: "20261121",
    time: sale.time,
    amounts: sale.amounts ?? AMOUNTS,
    ...more,
  };
}
