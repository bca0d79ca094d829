/* The bank flows of one terminal, joined: line, book, reversals, and the acts of a counter. */
import { ZERO_FEN } from "../../base/fen.ts";
import { neverAborted } from "../../base/never.ts";
import type { Limits } from "../../base/ports.ts";
import { buildRequest } from "../acquirer-host/request.ts";
import { boundedJournal } from "../bounded-journal.ts";
import type { JsonObject } from "../journal/types.ts";
import { Rounds } from "../rounds.ts";
import type { BankActs, BankOutcome, BankPaymentRequest, BankReturnRequest } from "./acts.ts";
import { askBalance } from "./balance.ts";
import { openBatchBook, Stans } from "./batch-book.ts";
import { AcquirerLine, type OwnLine } from "./line.ts";
import { BANK_RULES } from "./machine.ts";
import { PaymentAct } from "./payment.ts";
import type { Bank, BankBounds, BankPorts, BankTenderPort } from "./ports.ts";
import { outcomeOf } from "./record.ts";
import { Reversals } from "./reversals.ts";
import { type BankSide, runBankAct } from "./run.ts";
import { findBankAct, ReturnAct, returnsOf } from "./takeback.ts";
import type { BankRules } from "./types.ts";

type OnlineActs = Bank["acts"];

/** Call after recovery at start and before any lane opens. `rules`: a simulated world exchanges single ones through the terminal's own. Faults: those of the journal. */
export async function openBank(ports: BankPorts, bounds: BankBounds, rules: BankRules = BANK_RULES): Promise<Bank> {
  const { clock, log, host, keys, profile } = ports;
  const journal = boundedJournal(ports, { timeoutMs: bounds.journalTimeoutMs });
  const book = await openBatchBook(journal);
  const reversals = new Reversals({ journal, clock, log, profile, book, ...(ports.onReversed === undefined ? {} : { onReversed: ports.onReversed }) });
  await reversals.look();
  const line = new AcquirerLine({
    clock,
    host,
    keys,
    profile,
    book,
    stans: await Stans.open(journal),
    padTimeoutMs: bounds.padTimeoutMs,
    clear: (own, limits) => clearLine(own, { reversals, ports, limits }),
  });
  const side: BankSide = { ports: { ...ports, journal }, bounds, line, book, reversals, rules };
  const background = backgroundOf(side);
  const acts = new CounterActs(side, background);
  const settleReversal: Bank["settleReversal"] = async (subject, act) => {
    const answer = await reversals.settle(subject, act);
    background.wake();
    return answer;
  };
  return { acts, tender: new TenderPort(side, acts), line, book, settleReversal, background };
}

/** Reversals first: until the last of them has gone out, or is parked, nothing new is asked of the bank. */
async function clearLine(
  line: OwnLine,
  { reversals, ports, limits }: { readonly reversals: Reversals; readonly ports: BankPorts; readonly limits: Limits },
): Promise<string | undefined> {
  if ((await reversals.sendPending(line, limits)) === "pending") return "reversal-pending";
  return ports.sendOffline?.(line, limits);
}

/** Woken when something has become unknown; while nothing is pending it only looks now and then. */
function backgroundOf({ ports, bounds, line, reversals }: BankSide): Rounds {
  const { clock, log, profile, hostPresent } = ports;
  const { pauseMinMs, pauseMaxMs } = bounds;
  let failed = 0;
  return new Rounds({
    clock,
    log,
    failedAs: "reversals-not-sent",
    restAfterFaultMs: pauseMaxMs,
    round: async (signal) => {
      // Legs of loads become pending beside the acts that are counted here.
      if (reversals.pending === 0) await reversals.look();
      if (reversals.pending === 0 || hostPresent?.() === false) {
        failed = 0;
        return reversals.pending === 0 ? pauseMaxMs : pauseMinMs;
      }
      const own = await line.take("clear", { timeoutMs: profile.replyTimeoutMs, signal });
      if (!("kind" in own)) {
        own.release();
        failed = 0;
        return pauseMinMs;
      }
      failed += 1;
      return Math.min(pauseMaxMs, pauseMinMs * 2 ** Math.min(failed, 20));
    },
  });
}

class CounterActs implements OnlineActs {
  readonly #side: BankSide;
  readonly #background: Rounds;

  constructor(side: BankSide, background: Rounds) {
    this.#side = side;
    this.#background = background;
  }

  async signIn(limits: Limits): ReturnType<BankActs["signIn"]> {
    const { line } = this.#side;
    const reason = await line.alone((own) => line.signInOn(own), limits);
    return reason === undefined ? { kind: "signed-in", batch: line.batch } : { kind: "refused", reason };
  }

  async signOff(limits: Limits): ReturnType<BankActs["signOff"]> {
    const reason = await this.#side.line.alone((own) => this.#signOffOn(own), limits);
    return reason === undefined ? { kind: "signed-off" } : { kind: "refused", reason };
  }

  async #signOffOn(own: OwnLine): Promise<string | undefined> {
    const { line, ports } = this.#side;
    const request = buildRequest(ports.profile, "sign-off", { trace: await own.claimStan(), batch: line.batch });
    // Whether it arrives or not: from here on nothing goes out under these keys.
    line.signOut();
    const reply = await own.exchange(request, { timeoutMs: ports.profile.replyTimeoutMs, signal: neverAborted() }, { business: "sign-off" });
    return reply.kind === "approved" ? undefined : reply.reason;
  }

  pay(request: BankPaymentRequest, limits: Limits): Promise<BankOutcome> {
    const { ports, book } = this.#side;
    return this.#done(runBankAct(this.#side, new PaymentAct({ journal: ports.journal, profile: ports.profile, book }, request), limits));
  }

  takeBack(request: BankReturnRequest, limits: Limits): Promise<BankOutcome> {
    const { ports, line } = this.#side;
    return this.#done(runBankAct(this.#side, new ReturnAct({ journal: ports.journal, profile: ports.profile, batch: () => line.batch }, request), limits));
  }

  async #done(work: Promise<BankOutcome>): Promise<BankOutcome> {
    const outcome = await work;
    if (this.#side.reversals.pending > 0) this.#background.wake();
    return outcome;
  }

  balance(_request: { readonly operator: string }, limits: Limits): ReturnType<BankActs["balance"]> {
    return askBalance(this.#side, limits);
  }

  async known(reference: string): Promise<BankOutcome | undefined> {
    const record = await findBankAct(this.#side.ports.journal, reference);
    return record === undefined ? undefined : outcomeOf(record);
  }

  parked(limit: number): ReturnType<BankActs["parked"]> {
    return this.#side.reversals.listParked(limit);
  }

  view(): JsonObject {
    const { line, book, reversals, ports } = this.#side;
    const { profile } = ports;
    return {
      terminalNumber: profile.terminalNumber,
      signedIn: line.signedIn,
      batch: book.batch,
      batchCount: book.count,
      batchMax: profile.batchMax,
      pendingReversals: reversals.pending,
      parkedReversals: reversals.parked,
    };
  }
}

class TenderPort implements BankTenderPort {
  readonly #side: BankSide;
  readonly #acts: OnlineActs;

  constructor(side: BankSide, acts: OnlineActs) {
    this.#side = side;
    this.#acts = acts;
  }

  pay(request: BankPaymentRequest, limits: Limits): Promise<BankOutcome> {
    return this.#acts.pay(request, limits);
  }

  known(reference: string): Promise<BankOutcome | undefined> {
    return this.#acts.known(reference);
  }

  async giveBack(request: { readonly reference: string; readonly original: string; readonly operator: string }, limits: Limits): Promise<BankOutcome> {
    const { journal } = this.#side.ports;
    const begun = await findBankAct(journal, request.reference);
    const original = await findBankAct(journal, request.original);
    const inBatch = original?.batch === this.#side.line.batch && original.business === "sale";
    // What was begun as the one is not begun again as the other.
    const business = begun === undefined ? (inBatch ? "void" : "refund") : begun.business === "void" ? "void" : "refund";
    return this.#acts.takeBack({ ...request, business, withoutCard: true }, limits);
  }

  async givenBack(original: string): ReturnType<BankTenderPort["givenBack"]> {
    const { journal } = this.#side.ports;
    const paid = await findBankAct(journal, original);
    if (paid === undefined) return { amount: ZERO_FEN, open: false };
    const { done, undecided } = await returnsOf(journal, paid.subject);
    return { amount: done, open: undecided > 0 };
  }
}
