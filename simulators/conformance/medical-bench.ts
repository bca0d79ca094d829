/* The medical purse of a card in a reader, the terminal's own dialogue with card and module, and the insurer's host for loads. */
import { type Bytes, fromHex, toHex } from "../../device/base/bytes.ts";
import { type Fen, fen, ZERO_FEN } from "../../device/base/fen.ts";
import { creditLoad, debitPurchase, initializeLoad, initializePurchase, medicalTypeByte, selectMedical } from "../../device/card/medical-purse/commands.ts";
import { proveMedicalSale } from "../../device/card/medical-purse/prove-sale.ts";
import type {
  MedicalAmounts,
  MedicalCreditAnswer,
  MedicalDebitAnswer,
  MedicalEvidence,
  MedicalIntent,
  MedicalLoadOpening,
  MedicalPurchaseOpening,
} from "../../device/card/medical-purse/types.ts";
import { openPsam } from "../../device/card/psam/open.ts";
import { readHistorical, socialFactors } from "../../device/card/social/historical.ts";
import type { PsamPurchase, SocialPsam } from "../../device/drivers/ports.ts";
import { TEST_REGION } from "../card/make.ts";
import type { MedicalPurseOptions } from "../card/medical-purse/make.ts";
import type { MedicalPurseMemory } from "../card/medical-purse/state.ts";
import { approveMedicalLoad, medicalLoadKeysOf, medicalLoadTac } from "../card/medical-purse/top-up.ts";
import type { MedicalRules } from "../crypto/medical.ts";
import { CardBench, type CardBenchOptions, LIMITS, SALE_DATE } from "./card-bench.ts";
import type { ConformanceContext } from "./context.ts";
import { expectTrue, fail } from "./expect.ts";

export interface MedicalBenchOptions extends CardBenchOptions {
  readonly purse?: Partial<MedicalPurseOptions>;
  /** Six digits of card and module. */
  readonly regionCode?: string;
}

export interface MedicalTerms {
  readonly account: number;
  readonly selfPay?: number;
  readonly pooled?: number;
  /** YYYYMMDD; the day of all cases when absent. */
  readonly date?: string;
  /** HHMMSS. */
  readonly time: string;
  readonly keyIndex?: number;
}

export interface MedicalLoadTerms {
  readonly amount: number;
  readonly time: string;
}

export interface BegunMedicalSale {
  readonly opening: MedicalPurchaseOpening;
  readonly purchase: PsamPurchase;
  readonly completion: Parameters<typeof debitPurchase>[1];
}

export interface BegunMedicalLoad {
  readonly opening: MedicalLoadOpening;
  readonly completion: Parameters<typeof creditLoad>[1];
}

/** Options of a bench whose card has a medical purse of 100 yuan. */
export function withMedicalPurse(options: MedicalBenchOptions = {}): CardBenchOptions {
  const { purse, regionCode, ...rest } = options;
  const region = regionCode === undefined ? {} : { regionCode };
  return { ...rest, card: { ...region, ...rest.card, medicalPurse: { accountFen: 10_000, ...purse } }, psam: { ...region, ...rest.psam } };
}

export class MedicalBench {
  readonly cards: CardBench;
  readonly #regionCode: string;
  #module: SocialPsam | undefined;

  constructor(context: ConformanceContext, options: MedicalBenchOptions = {}) {
    this.cards = new CardBench(context, withMedicalPurse(options));
    this.#regionCode = options.regionCode ?? TEST_REGION;
  }

  get memory(): MedicalPurseMemory {
    return this.cards.card.toSnapshot().memory.medicalPurse ?? fail("the card has a medical purse");
  }

  async module(): Promise<SocialPsam> {
    this.#module ??= await openPsam(this.cards.samReader, { clock: this.cards.context.clock, profile: this.cards.profile }, LIMITS);
    return this.#module;
  }

  async select(): Promise<void> {
    const answer = await selectMedical(await this.cards.channel(), LIMITS);
    expectTrue(answer.kind === "ok", `DF04 is selected, but: ${answer.kind}`);
  }

  /** Opens a purchase on card and module, up to MAC1. DF04 is selected first. */
  async begin(terms: MedicalTerms): Promise<BegunMedicalSale> {
    await this.select();
    return this.beginSelected(terms);
  }

  /** The same where DF04 is selected already. */
  async beginSelected(terms: MedicalTerms): Promise<BegunMedicalSale> {
    const channel = await this.cards.channel();
    const module = await this.module();
    const amounts = amountsOf(terms);
    const start = { keyIndex: terms.keyIndex ?? 1, ...amounts, terminalNumber: module.terminalNumber };
    const opening = await initializePurchase(channel, start, LIMITS);
    if (opening.kind !== "ok") fail(`the card opens the purchase, but it answered ${opening.statusWord.toString(16)}`);
    const { date, time } = momentOf(terms);
    const type = medicalTypeByte("purchase", this.cards.profile);
    const socialAlgorithm = this.cards.card.personalization.social.algorithm;
    const factors = await this.#factors();
    const purchase = await module.beginMedicalPurchase({ ...opening, ...amounts, type, date, time, factors, socialAlgorithm }, LIMITS);
    return { opening, purchase, completion: { terminalSequence: purchase.terminalSequence, date, time, mac1: purchase.mac1 } };
  }

  /** A whole purchase; `credit` is the module's word on MAC2. */
  async sell(
    terms: MedicalTerms,
  ): Promise<BegunMedicalSale & { readonly debit: MedicalDebitAnswer; readonly credit: "accepted" | "refused" | "no-session" | undefined }> {
    const begun = await this.begin(terms);
    const debit = await debitPurchase(await this.cards.channel(), begun.completion, LIMITS);
    const credit = debit.kind === "ok" ? await begun.purchase.credit(debit.mac2, LIMITS) : undefined;
    if (credit === undefined) begun.purchase.release();
    return { ...begun, debit, credit };
  }

  /** Opens a load, up to the MAC2 of the insurer's host, which has checked MAC1. DF04 is selected first. */
  async beginLoad(terms: MedicalLoadTerms): Promise<BegunMedicalLoad> {
    await this.select();
    const { terminalNumber } = await this.module();
    const amount = fen(terms.amount);
    const opening = await initializeLoad(await this.cards.channel(), { keyIndex: 1, amount, terminalNumber }, LIMITS);
    if (opening.kind !== "ok") fail(`the card opens the load, but it answered ${opening.statusWord.toString(16)}`);
    const at = momentOf(terms);
    const asked = { balanceFen: opening.account, loadSequence: opening.cardSequence, amountFen: terms.amount, terminalNumber, at };
    const approval = approveMedicalLoad(this.rules, medicalLoadKeysOf(this.cards.card), { ...opening, ...asked });
    return { opening, completion: approval ?? fail("the host accepts MAC1") };
  }

  async load(terms: MedicalLoadTerms): Promise<BegunMedicalLoad & { readonly credit: MedicalCreditAnswer }> {
    const begun = await this.beginLoad(terms);
    return { ...begun, credit: await creditLoad(await this.cards.channel(), begun.completion, LIMITS) };
  }

  /** The TAC that the insurer's host expects of a load. */
  async expectedLoadTac(begun: BegunMedicalLoad, terms: MedicalLoadTerms): Promise<Bytes> {
    const { terminalNumber } = await this.module();
    const { opening } = begun;
    const load = { balanceFen: opening.account, loadSequence: opening.cardSequence, amountFen: terms.amount, terminalNumber, at: momentOf(terms) };
    return medicalLoadTac(this.rules, medicalLoadKeysOf(this.cards.card), load);
  }

  async intent(terms: MedicalTerms, more: Partial<MedicalIntent> = {}): Promise<MedicalIntent> {
    const terminalNumber = toHex((await this.module()).terminalNumber);
    return { transaction: "purchase", terminalNumber, date: terms.date ?? SALE_DATE, time: terms.time, amounts: amountsOf(terms), ...more };
  }

  async loadIntent(terms: MedicalLoadTerms, more: Partial<MedicalIntent> = {}): Promise<MedicalIntent> {
    return this.intent({ account: terms.amount, time: terms.time }, { transaction: "load", ...more });
  }

  /** What the card, put in anew, says about a transaction. */
  async evidence(intent: MedicalIntent): Promise<MedicalEvidence> {
    const channel = await this.cards.reset();
    await this.select();
    return proveMedicalSale(channel, { intent, profile: this.cards.profile }, LIMITS);
  }

  /** The rules by which card and host compute. */
  get rules(): MedicalRules {
    const { suite } = this.cards.context;
    const { social, profile } = this.cards.card.personalization;
    return { suite, algorithm: social.algorithm, profile };
  }

  async #factors(): Promise<readonly Bytes[]> {
    const { atr } = await this.cards.channel();
    const answer = readHistorical(atr, this.cards.profile);
    if (answer.kind !== "ok") return fail("the answer to reset carries the card's factor");
    return socialFactors(answer.historical.cardFactor, this.#regionCode, this.cards.profile.cityFactorTemplate);
  }
}

function amountsOf(terms: Pick<MedicalTerms, "account" | "selfPay" | "pooled">): MedicalAmounts {
  const amount = (value: number | undefined): Fen => (value === undefined ? ZERO_FEN : fen(value));
  return { account: fen(terms.account), selfPay: amount(terms.selfPay), pooled: amount(terms.pooled) };
}

function momentOf(terms: { readonly date?: string; readonly time: string }): { readonly date: Bytes; readonly time: Bytes } {
  return { date: fromHex(terms.date ?? SALE_DATE), time: fromHex(terms.time) };
}
