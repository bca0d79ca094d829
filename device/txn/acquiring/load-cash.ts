/*
 * Electronic cash is loaded by its issuer's script, within an online transaction of the same chip: what it held before and after tells whether it
 * was. Only a card in a slot waits for the script. Spec: JR/T 0025, electronic cash, load; issuer script processing.
 */
import { assert } from "../../base/assert.ts";
import { concat, toHex } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Fen } from "../../base/fen.ts";
import { BASELINE_FOR_PROOF, readBaseline } from "../../card/electronic-cash/commands.ts";
import { KnownCashCards } from "../../card/electronic-cash/known-cards.ts";
import { selectElectronicCash } from "../../card/electronic-cash/select.ts";
import type { CashBaseline } from "../../card/electronic-cash/types.ts";
import { numberToBcd } from "../../codec/bcd.ts";
import type { ChipData } from "../../codec/iso8583/chip-data.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import { buildTlv } from "../../codec/tlv.ts";
import type { RequestValues } from "../acquirer-host/request.ts";
import { countMember, textMember } from "../journal/members.ts";
import type { JsonObject } from "../journal/types.ts";
import { readAccount } from "../quick-payment/purses/cash-account.ts";
import type { CardAccess } from "../quick-payment/purses/dialogue.ts";
import type { SaleTime } from "../sale-time.ts";
import { ACCOUNT_APPLICATIONS, type ChipCard, type ChipWord, issuerAnswerOf, readBankCard } from "./chip.ts";
import type { IdentifyForLoad, LoadCard, LoadFinding, LoadUnusable } from "./load-card.ts";
import type { RecordedLoad } from "./load-record.ts";
import type { BankPorts } from "./ports.ts";
import { chipDataOf, textOf } from "./steps.ts";

/** 9C of a load from the account of the same card. Spec: JR/T 0025, transaction type. */
const LOAD = "60";
const BALANCE_TAG = 0x9f79;
const BALANCE_BYTES = 6;

type Parts = Pick<BankPorts, "cash" | "reader" | "saleDays">;

export function cashForLoad(parts: Parts): IdentifyForLoad {
  const known = new KnownCashCards();
  return async (access, amount) => {
    if (parts.reader.interface !== "contact") return { kind: "unusable", reason: "contact-required" };
    const { channel, limits } = access;
    const selected = await selectElectronicCash(channel, { interface: "contact", applicationIds: ACCOUNT_APPLICATIONS }, limits());
    if (selected.kind !== "ok") return { kind: "unusable", reason: selected.kind === "blocked" ? "application-blocked" : "no-purse" };
    // Before any transaction: the counter that it shows is that of the newest one.
    const baseline = await readBaseline(channel, BASELINE_FOR_PROOF, limits());
    if (baseline.balance === undefined) return { kind: "unusable", reason: "no-purse" };
    const account = await readAccount(access, undefined, known);
    if (account === undefined) return { kind: "unusable", reason: "card-unreadable" };
    return new CashCard(access, parts, { number: account.accountNumber, personal: account.personal, baseline, balance: baseline.balance, amount });
  };
}

interface Named {
  readonly number: string;
  readonly personal: JsonObject;
  readonly baseline: CashBaseline;
  readonly balance: Fen;
  readonly amount: Fen;
}

class CashCard implements LoadCard {
  readonly kind = "ok";
  readonly business = "cash-load";
  readonly name: string;
  readonly account: string;
  readonly personal: JsonObject;
  readonly #access: CardAccess;
  readonly #parts: Parts;
  readonly #named: Named;
  #chip: ChipCard | undefined;
  #word: ChipWord | undefined;
  #answer: { readonly data: ChipData | undefined; readonly code: string } | undefined;

  constructor(access: CardAccess, parts: Parts, named: Named) {
    this.#access = access;
    this.#parts = parts;
    this.#named = named;
    this.name = named.number;
    this.account = named.number;
    this.personal = named.personal;
  }

  async open({ date, time }: SaleTime): Promise<{ readonly kind: "opened"; readonly detail: JsonObject } | LoadUnusable> {
    const { cash, saleDays } = this.#parts;
    const days = saleDays === undefined ? {} : { days: saleDays() };
    const terms = { amount: this.#named.amount, transactionType: LOAD, saleTime: { date, time }, ...days };
    const chip = await readBankCard(this.#access, { cash, interface: "contact" }, terms);
    if (chip.kind === "unusable") return chip;
    if (chip.account.number !== this.account) return { kind: "unusable", reason: "card-changed" };
    const signed = await chip.sign(this.#access, "online-pin");
    if (signed.kind === "unusable") return signed;
    this.#chip = chip;
    this.#word = signed;
    return { kind: "opened", detail: { ...signed.detail, balanceBeforeFen: this.#named.balance } };
  }

  values(): Partial<RequestValues> {
    assert(this.#chip !== undefined && this.#word !== undefined, "the card has asked its issuer");
    const { sequence, expiry } = this.#chip.account;
    const balance = buildTlv(BALANCE_TAG, numberToBcd(this.#named.balance, BALANCE_BYTES));
    return {
      account: this.account,
      entry: "chip",
      // The issuer's script sets the whole balance: it must know the one that is there.
      chipData: concat(this.#word.chipData, balance),
      ...(sequence === undefined ? {} : { cardSequence: sequence }),
      ...(expiry === undefined ? {} : { expiry }),
    };
  }

  /** Without a script nothing would be loaded, whatever the bank has said. */
  accept(reply: IsoMessage): JsonObject | undefined {
    const data = chipDataOf(reply);
    if (data === undefined || data.scripts.length === 0) return undefined;
    this.#answer = { data, code: textOf(reply, 39) || "00" };
    return {};
  }

  /** Of many commands any may have loaded: a card that was gone before the next one of them may hold the money all the same. */
  async credit(): Promise<LoadFinding> {
    try {
      return await this.#credit();
    } catch (error) {
      if (!isFault(error) || error.effectUnknown) throw error;
      throw new Fault(error.code, `within a load: ${error.message}`, { effectUnknown: true, cause: error });
    }
  }

  async #credit(): Promise<LoadFinding> {
    assert(this.#chip !== undefined && this.#answer !== undefined, "the issuer has answered");
    const end = await this.#chip.complete(this.#access, issuerAnswerOf(this.#answer.data, this.#answer.code), true);
    const { channel, limits } = this.#access;
    const { balance } = await readBaseline(channel, ["balance"], limits());
    const { amount, balance: before } = this.#named;
    const leg = {
      detail: { scriptResults: end.scripts.map((script) => ({ ...script })), ...(end.accepted ? {} : { chipFailed: true }) },
      sealed: end.chipData === undefined ? {} : { chipCertificate: toHex(end.chipData) },
    };
    return { ...judged({ before, balance, amount }), leg };
  }

  /** The balance speaks for this load only as long as no later transaction has begun. */
  async prove(load: RecordedLoad): Promise<LoadFinding> {
    if (textMember(load.personal, "pan") !== this.account) return { word: { kind: "another-card" }, detail: {} };
    const { balance, atc } = this.#named.baseline;
    const [before, counter] = [countMember(load.detail, "balanceBeforeFen"), countMember(load.detail, "atc")];
    if (before === undefined || counter === undefined || atc !== counter) return { word: { kind: "undecidable", why: "another-transaction" }, detail: {} };
    return judged({ before, balance, amount: load.amount });
  }
}

function judged({ before, balance, amount }: { readonly before: number; readonly balance: Fen | undefined; readonly amount: Fen }): LoadFinding {
  if (balance === before + amount) return { word: { kind: "loaded" }, detail: { proof: "balance", balanceAfterFen: balance } };
  if (balance === before) return { word: { kind: "not-loaded" }, detail: {} };
  return { word: { kind: "undecidable", why: balance === undefined ? "balance-unreadable" : "balance-contradicts" }, detail: {} };
}
