/*
 * Goal: of a payment never more goes back than was paid, whoever asks how often and under how many references.
 * Method: a durable list of returns stands beside each payment and grows with the intent of each of them; what is left is counted while the line
 * is held, so that nobody else can come between. Spec: UnionPay terminal, void, refund.
 */
import { assert } from "../../base/assert.ts";
import { type Fen, subtractFen, sumFen, ZERO_FEN } from "../../base/fen.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import { notOffered } from "../acquirer-host/messages.ts";
import { buildRequest } from "../acquirer-host/request.ts";
import { textMember } from "../journal/members.ts";
import type { Journal, JsonObject } from "../journal/types.ts";
import { saleMark } from "../quick-payment/record.ts";
import { type BankAct, cardValues, type MessageParts } from "./act.ts";
import type { BankReturnRequest } from "./acts.ts";
import type { ChipAccount } from "./chip.ts";
import type { AcquirerProfile } from "./profile.ts";
import { outcomeOf, type RecordedBankAct, readBankAct } from "./record.ts";
import type { BankPlan, KnownAct } from "./types.ts";

/** Returns of one payment; beyond them people deal with it. */
const RETURNS_MAX = 32;
/** 9C of a return. Spec: JR/T 0025, transaction type. */
const REFUND_TYPE = "20";

function returnsMark(payment: string): string {
  return `bank/returns/${payment}`;
}

export interface ReturnsSoFar {
  /** References of those that stand or may stand, oldest first. */
  readonly references: readonly string[];
  readonly done: Fen;
  /** What may have gone back too. */
  readonly undecided: Fen;
}

/** Faults: those of the journal. */
export async function returnsOf(journal: Journal, payment: string): Promise<ReturnsSoFar> {
  const listed = await journal.mark(returnsMark(payment));
  const references = listed === undefined ? [] : listed.split(",");
  const counting: string[] = [];
  const done: Fen[] = [];
  const undecided: Fen[] = [];
  for (const reference of references) {
    const record = await findBankAct(journal, reference);
    if (record === undefined || record.state === "void" || record.state === "refused") continue;
    counting.push(reference);
    (record.state === "done" ? done : undecided).push(record.amount);
  }
  return { references: counting, done: sumFen(done), undecided: sumFen(undecided) };
}

/** Faults: those of the journal. */
export async function findBankAct(journal: Journal, reference: string): Promise<RecordedBankAct | undefined> {
  const subject = await journal.mark(saleMark(reference));
  return subject === undefined ? undefined : readBankAct(await journal.entriesOf(subject));
}

interface Parts {
  readonly journal: Journal;
  readonly profile: AcquirerProfile;
  /** The batch that is open. */
  readonly batch: () => string;
}

export class ReturnAct implements BankAct {
  readonly kind = "bank-return";
  readonly reference: string;
  readonly business: "void" | "refund";
  readonly plan: BankPlan;
  readonly transactionType = REFUND_TYPE;
  readonly #parts: Parts;
  readonly #request: BankReturnRequest;
  #original: RecordedBankAct | undefined;
  #references: readonly string[] = [];
  #amount: Fen = ZERO_FEN;

  constructor(parts: Parts, request: BankReturnRequest) {
    this.reference = request.reference;
    this.business = request.business;
    this.#parts = parts;
    this.#request = request;
    const card = request.withoutCard === true ? "absent" : "shows";
    this.plan = { card, asksPin: false, keepsPartial: false, cardRefusal: "reverse" };
  }

  get amount(): Fen {
    return this.#amount;
  }

  async lookUp(): Promise<KnownAct> {
    const { journal, profile } = this.#parts;
    const subject = await journal.mark(saleMark(this.reference));
    if (subject !== undefined) {
      const record = readBankAct(await journal.entriesOf(subject));
      return record !== undefined && this.#isSame(record) ? { kind: "known", outcome: outcomeOf(record) } : { kind: "refused", reason: "reference-conflict" };
    }
    const reason = notOffered(profile, this.business) ?? (await this.admit(this.#parts.batch()));
    return reason === undefined ? { kind: "new" } : { kind: "refused", reason };
  }

  #isSame({ kind, business, asked, detail }: RecordedBankAct): boolean {
    const { amount = asked, original } = this.#request;
    return kind === this.kind && business === this.business && asked === amount && textMember(detail, "originalReference") === original;
  }

  async admit(batch: string): Promise<string | undefined> {
    const original = await findBankAct(this.#parts.journal, this.#request.original);
    if (original === undefined || original.kind !== "bank-payment") return "original-unknown";
    if (original.state !== "done") return "original-not-paid";
    if (textMember(original.personal, "pan") === "") return "original-too-old";
    // A person said that it stands, and not under which reference: the acquirer would not find it.
    if (original.retrievalReference === "") return "original-without-reference";
    this.#original = original;
    const { references, done, undecided } = await returnsOf(this.#parts.journal, original.subject);
    this.#references = references;
    if (references.length >= RETURNS_MAX) return "returned-too-often";
    const gone = sumFen([done, undecided]);
    const left = gone < original.amount ? subtractFen(original.amount, gone) : ZERO_FEN;
    if (left === 0) return undecided > 0 ? "return-undecided" : "already-returned";
    const { amount = left } = this.#request;
    this.#amount = amount;
    if (amount === 0 || amount > left) return amount === 0 ? "amount-zero" : "amount-above-rest";
    return this.business === "void" ? this.#voidRefusal(original, batch) : undefined;
  }

  /** A void takes back the whole, where nothing of it went back before, and only in its own batch. */
  #voidRefusal(original: RecordedBankAct, batch: string): string | undefined {
    if (original.business !== "sale") return "not-voidable";
    if (original.batch !== batch) return "other-batch";
    return this.#amount === original.amount ? undefined : "amount-not-whole";
  }

  refusal({ number }: ChipAccount): string | undefined {
    return number === this.#account() ? undefined : "another-card";
  }

  message(parts: MessageParts): IsoMessage {
    const { batch, stan, date, retrievalReference, authorization, personal } = this.#paid();
    const [expiry, sequence] = [textMember(personal, "panExpiry"), textMember(personal, "panSequence")];
    return buildRequest(this.#parts.profile, this.business, {
      trace: parts.stan,
      batch: parts.batch,
      amount: this.#amount,
      account: this.#account(),
      entry: "manual",
      ...(expiry === "" ? {} : { expiry }),
      ...(sequence === "" ? {} : { cardSequence: sequence }),
      ...cardValues(parts),
      retrievalReference,
      ...(authorization === "" ? {} : { authorization }),
      original: { batch, trace: stan, date },
    });
  }

  detail(): JsonObject {
    const { operator, original } = this.#request;
    return { business: this.business, operator, original: this.#paid().subject, originalReference: original };
  }

  personal(): { readonly account: string; readonly members: JsonObject } {
    const { personal } = this.#paid();
    const kept = ["pan", "panSequence", "panExpiry"].flatMap((name) =>
      textMember(personal, name) === "" ? [] : [[name, textMember(personal, name)] as const],
    );
    return { account: this.#account(), members: Object.fromEntries(kept) };
  }

  marks(): readonly { readonly name: string; readonly value: string }[] {
    return [{ name: returnsMark(this.#paid().subject), value: [...this.#references, this.reference].join(",") }];
  }

  #account(): string {
    return textMember(this.#paid().personal, "pan");
  }

  #paid(): RecordedBankAct {
    assert(this.#original !== undefined, "what is taken back was looked up");
    return this.#original;
  }
}
