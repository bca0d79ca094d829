/* A bank, an agency and card services that are simulated strictly, for tests of the API: each act is noted, and done once by its reference. */
import { fen } from "../../base/fen.ts";
import type {
  BankActs,
  BankBalance,
  BankOutcome,
  DownloadReport,
  ParkedAct,
  ParkedItem,
  PurseLoadOutcome,
  SettlementOutcome,
  SettlementWord,
} from "../../txn/acquiring/acts.ts";
import type { CardServiceActs, CardServiceOutcome, CardServiceRequest } from "../../txn/card-services/acts.ts";
import type { BenefitsView, BillsOutcome, ContributionActs, ContributionOutcome, ContributionRequest } from "../../txn/contributions/acts.ts";
import type { ReceiptData } from "../../txn/receipts/types.ts";

const SUBJECT = `${"0".repeat(32)}-8`;
const PARKED: ParkedItem = { subject: SUBJECT, what: "reversal", amount: fen(1_200), reason: "tries-used-up", sinceMs: 5, tries: 3 };

/** The slip of every contribution. */
const RECEIPT: ReceiptData = {
  slip: "contribution",
  stands: "paid",
  institution: "测试药店",
  terminal: "T1",
  operator: "cashier",
  atMs: 0,
  saleNumber: "c-1",
  billId: "B-1",
  insurance: "resident-medical",
  period: "2026",
  amount: fen(38_000),
  holder: {},
};

/** Approves whatever it is asked, unless it was told how to answer. */
export class FakeBank implements BankActs {
  readonly calls: string[] = [];
  readonly #known = new Map<string, BankOutcome>();
  /** The next answer to a payment or a return. */
  next: BankOutcome | undefined;
  nextLoad: PurseLoadOutcome | undefined;
  settlement: SettlementOutcome = {
    kind: "equal",
    batch: "000001",
    terminal: { debits: 2, debitFen: fen(3_000), credits: 0, creditFen: fen(0) },
    uploaded: 0,
  };

  signIn(): ReturnType<BankActs["signIn"]> {
    this.calls.push("sign in");
    return Promise.resolve({ kind: "signed-in", batch: "000001" });
  }

  signOff(): ReturnType<BankActs["signOff"]> {
    this.calls.push("sign off");
    return Promise.resolve({ kind: "refused", reason: "host-absent" });
  }

  pay({ reference, business, amount, operator }: Parameters<BankActs["pay"]>[0]): Promise<BankOutcome> {
    return this.#once(reference, `${business} ${amount} as ${reference} by ${operator}`, amount);
  }

  takeBack({ reference, business, original, amount, operator }: Parameters<BankActs["takeBack"]>[0]): Promise<BankOutcome> {
    return this.#once(reference, `${business} ${amount ?? "all"} of ${original} as ${reference} by ${operator}`, amount ?? fen(1_000));
  }

  balance({ operator }: { readonly operator: string }): Promise<BankBalance> {
    this.calls.push(`balance by ${operator}`);
    return Promise.resolve({ kind: "balance", available: fen(123_456) });
  }

  known(reference: string): Promise<BankOutcome | undefined> {
    return Promise.resolve(this.#known.get(reference));
  }

  load({ reference, purse, amount, operator }: Parameters<BankActs["load"]>[0]): Promise<PurseLoadOutcome> {
    this.calls.push(`load ${amount} into ${purse} as ${reference} by ${operator}`);
    return Promise.resolve(this.nextLoad ?? { kind: "loaded", subject: SUBJECT, amount, balanceAfter: fen(9_000) });
  }

  settle({ operator }: { readonly operator: string }): Promise<SettlementOutcome> {
    this.calls.push(`settle by ${operator}`);
    return Promise.resolve(this.settlement);
  }

  settlementDealtWith({ operator, batch, note }: SettlementWord): Promise<SettlementOutcome> {
    this.calls.push(`batch ${batch} dealt with, ${note ?? "no note"}, by ${operator}`);
    return Promise.resolve(this.settlement);
  }

  download(what: DownloadReport["what"]): Promise<DownloadReport> {
    this.calls.push(`download ${what}`);
    return Promise.resolve({ kind: "taken", what, entries: 4 });
  }

  parked(): Promise<readonly ParkedItem[]> {
    return Promise.resolve([PARKED]);
  }

  settleParked(subject: string, { operator, ...said }: ParkedAct): ReturnType<BankActs["settleParked"]> {
    if (subject !== SUBJECT) return Promise.resolve("not-parked");
    if (said.act !== "try-again" && said.act !== "dealt-with") return Promise.resolve("act-unfitting");
    const stands = said.act === "dealt-with" ? `, stands: ${said.stands}${said.retrievalReference === undefined ? "" : ` as ${said.retrievalReference}`}` : "";
    this.calls.push(`${said.act}${stands}, ${said.note ?? "no note"}, by ${operator}`);
    return Promise.resolve("settled");
  }

  view(): ReturnType<BankActs["view"]> {
    return { signedIn: true };
  }

  #once(reference: string, call: string, amount: ReturnType<typeof fen>): Promise<BankOutcome> {
    const known = this.#known.get(reference);
    if (known !== undefined) return Promise.resolve(known);
    this.calls.push(call);
    const outcome = this.next ?? { kind: "approved", subject: SUBJECT, amount, retrievalReference: "123456789012" };
    this.next = undefined;
    this.#known.set(reference, outcome);
    return Promise.resolve(outcome);
  }
}

export class FakeContributions implements ContributionActs {
  readonly calls: string[] = [];
  readonly #known = new Map<string, ContributionOutcome>();
  next: ContributionOutcome | undefined;
  asked: BillsOutcome = { kind: "bills", bills: [{ billId: "B-1", insurance: "resident-medical", period: "2026", amount: fen(38_000) }] };

  bills({ operator }: { readonly operator: string }): Promise<BillsOutcome> {
    this.calls.push(`bills by ${operator}`);
    return Promise.resolve(this.asked);
  }

  pay({ reference, billId, amount, operator }: ContributionRequest): Promise<ContributionOutcome> {
    const known = this.#known.get(reference);
    if (known !== undefined) return Promise.resolve(known);
    this.calls.push(`pay ${amount} of ${billId} as ${reference} by ${operator}`);
    const outcome = this.next ?? { kind: "confirmed", subject: SUBJECT, amount, receiptNumber: "R-1" };
    this.#known.set(reference, outcome);
    return Promise.resolve(outcome);
  }

  known(reference: string): Promise<ContributionOutcome | undefined> {
    return Promise.resolve(this.#known.get(reference));
  }

  benefits({ operator }: { readonly operator: string }): Promise<BenefitsView | Exclude<BillsOutcome, { readonly kind: "bills" }>> {
    this.calls.push(`benefits by ${operator}`);
    return Promise.resolve({ kind: "benefits", entitlements: [{ kind: "pension", monthlyFen: 320_000 }], payments: [] });
  }

  receipt(reference: string): ReturnType<ContributionActs["receipt"]> {
    return Promise.resolve(this.#known.get(reference)?.kind === "confirmed" ? RECEIPT : undefined);
  }

  settleCase(subject: string, { operator, ...word }: Parameters<ContributionActs["settleCase"]>[1]): ReturnType<ContributionActs["settleCase"]> {
    if (subject !== SUBJECT) return Promise.resolve("not-parked");
    if (word.how === "give-back") return Promise.resolve("act-unfitting");
    this.calls.push(`${word.how}${word.how === "confirmed" ? ` with ${word.receiptNumber}` : ""} by ${operator}`);
    return Promise.resolve("settled");
  }

  openCases(): ReturnType<ContributionActs["openCases"]> {
    return Promise.resolve([{ subject: SUBJECT, amount: fen(38_000), reason: "agency-unknown", sinceMs: 7 }]);
  }
}

export class FakeServices implements CardServiceActs {
  /** Requests as they came; of a person only which document was shown. */
  readonly calls: string[] = [];
  next: CardServiceOutcome = { kind: "done", output: { verified: true } };

  perform(request: CardServiceRequest): Promise<CardServiceOutcome> {
    const { service, operator } = request;
    const person = "person" in request && request.person !== undefined ? ` with ${request.person.documentShown}` : "";
    this.calls.push(`${service}${"reference" in request ? ` as ${request.reference}` : ""}${person} by ${operator}`);
    return Promise.resolve(this.next);
  }

  table(): ReturnType<CardServiceActs["table"]> {
    return [{ row: 1, name: { zh: "身份凭证", en: "Identity" }, answer: "works", how: "identify" }];
  }
}
