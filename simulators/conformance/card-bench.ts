/* A card in a reader, a security module in its slot, and the terminal's own dialogue between them. */
import { type Bytes, fromHex, toHex } from "../../device/base/bytes.ts";
import { type Fen, fen } from "../../device/base/fen.ts";
import type { Limits } from "../../device/base/ports.ts";
import { openPsam } from "../../device/card/psam/open.ts";
import { DEFAULT_PURSE_APPLICATIONS, debitPurchase, initializePurchase, purseFactors, readPublicData, selectPurse } from "../../device/card/purse/commands.ts";
import { proveSale } from "../../device/card/purse/prove-sale.ts";
import {
  type DebitAnswer,
  PURCHASE_TYPE_PURSE,
  type PurchaseIntent,
  type PurchaseOpening,
  type PursePublicData,
  type SaleEvidence,
} from "../../device/card/purse/types.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import type { CardChannel, Psam, PsamPurchase } from "../../device/drivers/ports.ts";
import type { CardModule, SimulatedCard } from "../card/card.ts";
import type { TestCardOptions } from "../card/make.ts";
import type { TearPoint } from "../card/state.ts";
import type { TestPsamOptions } from "../psam/make.ts";
import type { SimulatedPsam } from "../psam/psam.ts";
import { makeSamReader, SimulatedReader } from "../reader/in-process.ts";
import type { ConformanceContext } from "./context.ts";
import { expectTrue, fail } from "./expect.ts";

/** Bounds that no simulated command comes near. */
export const LIMITS: Limits = { timeoutMs: 5_000, signal: new AbortController().signal };
export const SALE_DATE = "20261121";

export interface CardBenchOptions {
  /** Settings that card, module and terminal share. */
  readonly profile?: Partial<CardProfile>;
  readonly card?: Partial<TestCardOptions>;
  /** A card that was made beforehand. */
  readonly ready?: SimulatedCard;
  /** Something else that lies in the reader in the place of the card. */
  readonly instead?: CardModule;
  readonly psam?: TestPsamOptions;
}

export interface SaleTerms {
  readonly amountFen: number;
  /** HHMMSS. */
  readonly time: string;
}

export interface BegunSale {
  readonly purse: PursePublicData;
  readonly opening: PurchaseOpening;
  readonly purchase: PsamPurchase;
  readonly completion: { readonly terminalSequence: number; readonly date: Bytes; readonly time: Bytes; readonly mac1: Bytes };
}

export class CardBench {
  readonly context: ConformanceContext;
  readonly profile: CardProfile;
  readonly card: SimulatedCard;
  readonly psam: SimulatedPsam;
  readonly reader: SimulatedReader;
  readonly samReader: SimulatedReader;
  readonly #inserted: CardModule;
  #channel: CardChannel | undefined;
  #openedPsam: Psam | undefined;

  constructor(context: ConformanceContext, options: CardBenchOptions = {}) {
    const { clock } = context;
    this.context = context;
    this.profile = { ...DEFAULT_CARD_PROFILE, ...options.profile };
    this.card = options.ready ?? context.card({ ...options.card, profile: { ...options.profile, ...options.card?.profile } });
    this.psam = context.psam({ ...options.psam, profile: { ...options.profile, ...options.psam?.profile } });
    this.reader = new SimulatedReader({ name: "reader", interface: this.card.personalization.interface, clock });
    this.samReader = makeSamReader(context.inserted(this.psam, "psam"), { name: "slot", clock });
    this.#inserted = context.inserted(options.instead ?? this.card, "card");
    this.reader.insert(this.#inserted);
  }

  /** The dialogue with the card, which is powered up when it is needed first. */
  async channel(): Promise<CardChannel> {
    this.#channel ??= await this.reader.waitForCard(LIMITS);
    return this.#channel;
  }

  /** Takes the card out, puts it back and powers it up again. */
  async reset(): Promise<CardChannel> {
    await this.#channel?.close();
    this.#channel = undefined;
    this.reader.remove();
    this.reader.insert(this.#inserted);
    return this.channel();
  }

  async openPsam(): Promise<Psam> {
    this.#openedPsam ??= await openPsam(this.samReader, { clock: this.context.clock, profile: this.profile }, LIMITS);
    return this.#openedPsam;
  }

  /** One command in hexadecimal and the card's whole answer, as it came. */
  async apdu(commandHex: string): Promise<string> {
    return toHex(await (await this.channel()).transmit(fromHex(commandHex), LIMITS));
  }

  /** The next command with this instruction is torn; the card is put back afterwards by {@link reset}. */
  tearNext(instruction: number, at: TearPoint): void {
    let done = false;
    this.reader.setFate(({ command }) => {
      if (done || command[1] !== instruction) return { kind: "ok" };
      done = true;
      return { kind: "tear", at };
    });
  }

  /** Selects the purse and reads its public data. */
  async openPurse(): Promise<PursePublicData> {
    const channel = await this.channel();
    const selected = await selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, LIMITS);
    expectTrue(selected.kind === "ok", `the purse is selected, but: ${selected.kind}`);
    const purse = await readPublicData(channel, LIMITS);
    return purse.kind === "ok" ? purse : fail("EF15 can be read");
  }

  /** Opens a purchase on card and module, up to MAC1. */
  async begin(sale: SaleTerms): Promise<BegunSale> {
    const purse = await this.openPurse();
    const psam = await this.openPsam();
    const amount = fen(sale.amountFen);
    const opening = await initializePurchase(await this.channel(), { keyIndex: 1, amount, terminalNumber: psam.terminalNumber }, LIMITS);
    if (opening.kind !== "ok") fail(`the card opens the purchase, but it answered ${opening.statusWord.toString(16)}`);
    const date = fromHex(SALE_DATE);
    const time = fromHex(sale.time);
    const purchase = await psam.beginPurchase({ ...opening, amount, type: PURCHASE_TYPE_PURSE, date, time, factors: purseFactors(purse) }, LIMITS);
    return { purse, opening, purchase, completion: { terminalSequence: purchase.terminalSequence, date, time, mac1: purchase.mac1 } };
  }

  /** A whole purchase; `credit` is the module's word on MAC2. */
  async sell(sale: SaleTerms): Promise<BegunSale & { readonly debit: DebitAnswer; readonly credit: "accepted" | "refused" | "no-session" | undefined }> {
    const begun = await this.begin(sale);
    const debit = await debitPurchase(await this.channel(), begun.completion, LIMITS);
    const credit = debit.kind === "ok" ? await begun.purchase.credit(debit.mac2, LIMITS) : undefined;
    return { ...begun, debit, credit };
  }

  async intent(sale: SaleTerms, more: Partial<PurchaseIntent> = {}): Promise<PurchaseIntent> {
    const psam = await this.openPsam();
    const amount: Fen = fen(sale.amountFen);
    return { terminalNumber: toHex(psam.terminalNumber), date: SALE_DATE, time: sale.time, type: PURCHASE_TYPE_PURSE, amount, ...more };
  }

  /** What the card, put in anew, says about a sale. */
  async evidence(intent: PurchaseIntent): Promise<SaleEvidence> {
    const channel = await this.reset();
    await this.openPurse();
    return proveSale(channel, { intent, proveSeqOrder: this.profile.proveSeqOrder }, LIMITS);
  }
}
