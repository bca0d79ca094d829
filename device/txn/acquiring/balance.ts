/* What an account holds, asked with its card and its holder's PIN. Moves no money, so that it leaves no record and nothing to take back. */
import { isFault } from "../../base/fault.ts";
import { type Fen, fen, ZERO_FEN } from "../../base/fen.ts";
import { neverAborted } from "../../base/never.ts";
import type { Limits } from "../../base/ports.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import { buildRequest } from "../acquirer-host/request.ts";
import { cardValues } from "./act.ts";
import type { BankBalance, BankOutcome } from "./acts.ts";
import { BankCardSide } from "./card-side.ts";
import { type ChipCard, issuerAnswerOf } from "./chip.ts";
import type { OwnLine } from "./line.ts";
import type { BankSide } from "./run.ts";
import { chipDataOf } from "./steps.ts";

/** 9C of a question. Spec: JR/T 0025, transaction type. */
const INQUIRY_TYPE = "31";
/** Kinds of amount in field 54: what may be spent, then what is booked. Spec: ISO 8583, additional amounts. */
const AMOUNT_TYPES = ["02", "01"];

type Answer = BankBalance | Exclude<BankOutcome, { readonly kind: "approved" }>;

function refused(reason: string): Answer {
  return { kind: "refused", reason };
}

/** Never rejects for what the world does. */
export async function askBalance(side: BankSide, limits: Limits): Promise<Answer> {
  const giveBackLane = side.ports.lane.take();
  if (giveBackLane === undefined) return refused("lane-busy");
  const card = new BankCardSide(side.ports, side.bounds, limits);
  try {
    return await new Question(side, card, limits).ask();
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    return refused(fault.code);
  } finally {
    await card.close();
    giveBackLane();
  }
}

class Question {
  readonly #side: BankSide;
  readonly #card: BankCardSide;
  readonly #limits: Limits;

  constructor(side: BankSide, card: BankCardSide, limits: Limits) {
    this.#side = side;
    this.#card = card;
    this.#limits = limits;
  }

  async ask(): Promise<Answer> {
    const ready = await this.#side.line.take("clear", this.#card.left);
    if ("kind" in ready) return ready;
    ready.release();
    if (!(await this.#card.wait(0))) return { kind: "no-card", ...this.#card.trouble.reason };
    const { saleTimes, clock, saleDays } = this.#side.ports;
    const saleTime = saleTimes.next(clock.wallMs());
    const days = saleDays === undefined ? {} : { days: saleDays() };
    const card = await this.#card.read({ amount: ZERO_FEN, transactionType: INQUIRY_TYPE, saleTime, ...days });
    if (card.kind === "unusable") return refused(card.reason);
    const line = await this.#side.line.take("clear", this.#card.left);
    if ("kind" in line) return line;
    try {
      return await this.#ask(card, line);
    } finally {
      line.release();
    }
  }

  async #ask(card: ChipCard, line: OwnLine): Promise<Answer> {
    const { keys, profile } = this.#side.ports;
    const entered = await keys.pinBlock(card.account.number, { timeoutMs: this.#side.bounds.pinTimeoutMs, signal: this.#limits.signal });
    if (entered.kind !== "entered") return refused(`pin-${entered.kind}`);
    const signed = await this.#card.sign("online-pin");
    if (signed.kind === "unusable") return refused(signed.reason);
    const stan = await line.claimStan();
    const { batch } = line;
    const values = { trace: stan, batch, ...cardValues({ stan, batch, card, pinBlock: entered.block, chipData: signed.chipData }) };
    const limits = { timeoutMs: profile.replyTimeoutMs, signal: neverAborted() };
    const reply = await line.exchange(buildRequest(profile, "balance", values), limits, { business: "balance" });
    if (reply.kind === "unknown" || reply.kind === "not-sent") return refused(reply.reason);
    await this.#tellCard(reply.message, reply.kind === "approved", reply.responseCode);
    if (reply.kind === "declined") return { kind: "refused", reason: reply.reason, responseCode: reply.responseCode };
    const available = balanceOf(reply.message);
    return available === undefined ? refused("balance-missing") : { kind: "balance", available };
  }

  /** The holder may have taken the card already. */
  async #tellCard(message: IsoMessage, approved: boolean, responseCode: string): Promise<void> {
    try {
      await this.#card.complete(issuerAnswerOf(chipDataOf(message), responseCode), approved);
    } catch (fault) {
      if (!isFault(fault)) throw fault;
    }
  }
}

/** Twenty characters for each amount: account 2, kind 2, currency 3, sign, twelve digits. What is overdrawn is nothing that may be spent. */
function balanceOf({ fields }: IsoMessage): Fen | undefined {
  const field = fields.get(54);
  if (typeof field !== "string") return undefined;
  const amounts = [...field.matchAll(/\d{2}(\d{2})156([CD])(\d{12})/g)];
  const [best] = AMOUNT_TYPES.flatMap((type) => amounts.filter(([, kind]) => kind === type));
  if (best === undefined) return undefined;
  return best[2] === "D" ? ZERO_FEN : fen(Number(best[3]));
}
