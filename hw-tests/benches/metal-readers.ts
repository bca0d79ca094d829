/* Benches of metal readers: a card that a hand puts in, the keypad of its reader, and a security module beside it. */
import { assert } from "../../device/base/assert.ts";
import { fromHex } from "../../device/base/bytes.ts";
import { fen } from "../../device/base/fen.ts";
import { SILENT } from "../../device/base/log.ts";
import { selectByName } from "../../device/card/dialogue.ts";
import { openPsam } from "../../device/card/psam/open.ts";
import { DEFAULT_PURSE_APPLICATIONS, debitPurchase, initializePurchase, purseFactors, readPublicData, selectPurse } from "../../device/card/purse/commands.ts";
import { CARD_PIN_TEMPLATE, SOCIAL_ENVIRONMENT_NAME } from "../../device/card/social/read-identity.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { type HolderPlan, limits, type PsamBench } from "../../device/drivers/contract/bench.ts";
import type { CardDesk, PinVerifierDesk } from "../../device/drivers/contract/desk.ts";
import { openPcsc, type Pcsc } from "../../device/drivers/pcsc/open.ts";
import type { CardReader, PinVerifier, Psam } from "../../device/drivers/ports.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemProcesses } from "../../device/system/processes.ts";
import type { Desk } from "./metal.ts";
import type { Hand, HandAct } from "./metal-hand.ts";

const READY_MS = 10_000;
const COMMAND_MS = 3_000;
/** The keypad's own time is bounded by it. */
const ENTRY_MS = 30_000;
const ENTRY_TRIES = 3;

/** What the holder does at keys, by the plan of the suites. */
export const PRESSES: Readonly<Record<HolderPlan, HandAct>> = {
  right: "press-right-pin",
  wrong: "press-wrong-pin",
  cancel: "press-cancel",
  nothing: "press-nothing",
};

/** A card that the hand puts in and takes out; it is asked for nothing twice. */
class HeldCard {
  readonly #hand: Hand;
  #isIn = false;

  constructor(hand: Hand) {
    this.#hand = hand;
  }

  async insert(): Promise<void> {
    if (!this.#isIn) await this.#hand.does("insert");
    this.#isIn = true;
  }

  async remove(): Promise<void> {
    if (this.#isIn) await this.#hand.does("remove");
    this.#isIn = false;
  }
}

interface Place {
  readonly pcsc: Pcsc;
  readonly reader: CardReader;
  readonly card: HeldCard;
  readonly close: () => Promise<void>;
}

async function openPlace({ file, hand }: Desk): Promise<Place> {
  assert(file.readers.user !== undefined, "the bench file names the user's reader");
  const pcsc = openPcsc({ processes: systemProcesses(), clock: systemClock(), log: SILENT });
  const reader = pcsc.reader(file.readers.user);
  const card = new HeldCard(hand);
  const close = async () => {
    await pcsc.close();
    await card.remove();
  };
  try {
    await pcsc.ready(limits(READY_MS));
  } catch (fault) {
    await close();
    throw fault;
  }
  return { pcsc, reader, card, close };
}

/** Tears, hangs and lost readers are not planned on metal. */
export async function metalCardBench(desk: Desk): Promise<CardDesk> {
  const { reader, card, close } = await openPlace(desk);
  return {
    reader,
    harmlessCommand: fromHex(desk.file.card.harmlessHex),
    handMs: desk.hand.handMs,
    run: (work) => work,
    insert: () => card.insert(),
    remove: () => card.remove(),
    close,
  };
}

/** A card that is kept gets its tries back at the end: the right PIN gives them. */
export async function metalPinVerifierBench({ file, hand }: Desk): Promise<PinVerifierDesk> {
  const { user } = file.readers;
  assert(user !== undefined && file.cardPin !== undefined, "the bench file names the reader and its PIN");
  const { pcsc, reader, card, close } = await openPlace({ file, hand });
  const keypad = pcsc.pinVerifier({ digits: user.pinDigits });
  const entryLimits = limits(ENTRY_MS);
  let acts: readonly HolderPlan[] = [];
  let triesLost = false;
  const verifyOnCard: PinVerifier["verifyOnCard"] = async (...words) => {
    const [act, ...rest] = acts;
    if (rest.length > 0) acts = rest;
    if (act !== undefined) await hand.does(PRESSES[act]);
    const outcome = await keypad.verifyOnCard(...words);
    if (outcome.kind === "wrong") triesLost = true;
    if (outcome.kind === "verified") triesLost = false;
    return outcome;
  };
  const channel = async () => {
    await card.insert();
    const opened = await reader.waitForCard(limits(COMMAND_MS));
    await selectByName(opened, SOCIAL_ENVIRONMENT_NAME, limits(COMMAND_MS));
    return opened;
  };
  async function giveTriesBack(): Promise<void> {
    for (let tries = 0; triesLost && tries < ENTRY_TRIES; tries += 1) {
      acts = ["right"];
      await verifyOnCard(await channel(), CARD_PIN_TEMPLATE, entryLimits);
    }
  }
  return {
    verifier: { verifyOnCard },
    template: CARD_PIN_TEMPLATE,
    entryLimits,
    ...(file.cardPin.card === "keep" ? { keepsCard: true } : {}),
    run: (work) => work,
    plan: (planned) => {
      acts = planned;
    },
    channel,
    removeCard: () => card.remove(),
    close: async () => {
      if (file.cardPin?.card === "keep") await giveTriesBack();
      await close();
    },
  };
}

/** A purchase of one fen as the card on the desk opens it, and the card's answer to it. */
async function openPurchase(reader: CardReader, { psam, keyIndex }: { readonly psam: Psam; readonly keyIndex: number }) {
  const channel = await reader.waitForCard(limits(READY_MS));
  const command = limits(COMMAND_MS);
  const terms = { amount: fen(1), date: fromHex("20261122"), time: fromHex("120000") };
  await selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, command);
  const purse = await readPublicData(channel, command);
  const opening = await initializePurchase(channel, { keyIndex, amount: terms.amount, terminalNumber: psam.terminalNumber }, command);
  assert(purse.kind === "ok" && opening.kind === "ok", "the card on the desk has a purse with one fen in it");
  const cardMac2: NonNullable<PsamBench["cardMac2"]> = async ({ terminalSequence, mac1 }) => {
    const answer = await debitPurchase(channel, { terminalSequence, mac1, date: terms.date, time: terms.time }, limits(COMMAND_MS));
    assert(answer.kind === "ok", "the card is debited");
    return answer.mac2;
  };
  return { purchase: { ...opening, ...terms, type: 0x06, factors: purseFactors(purse) }, cardMac2 };
}

export async function metalPsamBench(desk: Desk): Promise<PsamBench> {
  const { sam } = desk.file.readers;
  const { card: fate = "keep", keyIndex = 1 } = desk.file.module ?? {};
  assert(sam !== undefined, "the bench file names the reader of the module");
  const { pcsc, reader, card, close } = await openPlace(desk);
  try {
    await card.insert();
    const psam = await openPsam(pcsc.reader(sam), { clock: systemClock(), profile: DEFAULT_CARD_PROFILE }, limits(READY_MS));
    const { purchase, cardMac2 } = await openPurchase(reader, { psam, keyIndex });
    return {
      psam,
      purchase,
      run: (work) => work,
      ...(fate === "debit" ? { cardMac2 } : {}),
      close: async () => {
        await psam.close();
        await close();
      },
    };
  } catch (fault) {
    await close();
    throw fault;
  }
}
