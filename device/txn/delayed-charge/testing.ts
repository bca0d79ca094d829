/* A gate for bank cards in one process: cards that sign what they send online, a book of seen cards, and the guard that a test asks for. */

import type { SimulatedCard } from "../../../simulators/card/card.ts";
import type { ElectronicCashOptions } from "../../../simulators/card/electronic-cash/make.ts";
import type { ChargeDesk } from "../../../simulators/host/debts.ts";
import { Ledger } from "../../../simulators/host/ledger.ts";
import { postRecord } from "../../../simulators/host/posting.ts";
import { testDebitOracle } from "../../../simulators/host/tac-oracle.ts";
import { toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import type { JournalEntry } from "../journal/types.ts";
import { SimulatedPlace, TEST_LIMITS } from "../quick-payment/testing.ts";
import type { ReviewedCard, RiskGuard, RiskReason } from "../risk/guard.ts";
import type { DelayedChargePorts, DelayedChargeRequest } from "./ports.ts";
import { runDelayedCharge } from "./run.ts";
import { openSeenCards } from "./seen-cards.ts";
import { DEFAULT_DELAYED_CHARGE, type DelayedChargeProfile } from "./settings.ts";
import type { DelayedChargeOutcome } from "./types.ts";

const SUITE = opensslSuite();
const KEY = SUITE.secretKey(new Uint8Array(16).fill(9));

/** Refuses the cards that it is told, and remembers what it was asked. */
export class ScriptedGuard implements RiskGuard {
  readonly listed = new Map<string, RiskReason>();
  readonly asked: ReviewedCard[] = [];
  readonly states: string[] = [];

  review(card: ReviewedCard): ReturnType<RiskGuard["review"]> {
    this.asked.push(card);
    const reason = this.listed.get(card.name);
    return reason === undefined ? { kind: "clear" } : { kind: "refused", reason };
  }

  take(card: ReviewedCard): ReturnType<RiskGuard["take"]> {
    const reason = this.listed.get(card.name);
    if (reason !== undefined) return { kind: "refused", reason };
    return { kind: "taken", became: (state) => this.states.push(state) };
  }
}

export class OdaGate {
  readonly place = new SimulatedPlace();
  readonly guard = new ScriptedGuard();
  readonly profile: DelayedChargeProfile;
  /** Changes of the ports for one test. */
  twist: Partial<DelayedChargePorts> = {};
  #ports: DelayedChargePorts | undefined;

  constructor(profile: Partial<DelayedChargeProfile> = {}) {
    this.profile = { ...DEFAULT_DELAYED_CHARGE, odaDelayedCharge: "on", firstUse: "accept", firstRideLimitFen: fen(600), ...profile };
  }

  async switchOn(): Promise<void> {
    const { clock, journal, log, reader, lane, sales, saleTimes, psam, electronicCash } = await this.place.clock.resolve(this.place.switchOn());
    if (electronicCash === undefined) throw new Error("a test place knows bank cards");
    const seen = openSeenCards({ journal, suite: SUITE, key: KEY });
    const { guard, profile } = this;
    this.#ports = { clock, journal, log, reader, lane, sales, saleTimes, guard, seen, profile, cash: electronicCash, terminalNumber: psam.terminalNumber };
  }

  card(options: Partial<ElectronicCashOptions> = {}): SimulatedCard {
    return this.place.card({ electronicCash: { balanceFen: 1_000, algorithms: "sm", applications: ["01"], signsOnline: true, ...options } });
  }

  start(request: DelayedChargeRequest): Promise<DelayedChargeOutcome> {
    if (this.#ports === undefined) throw new Error("the gate is switched on first");
    return runDelayedCharge({ ...this.#ports, ...this.twist }, request, TEST_LIMITS);
  }

  tap(request: DelayedChargeRequest): Promise<DelayedChargeOutcome> {
    return this.place.clock.resolve(this.start(request));
  }

  async entries(): Promise<readonly JournalEntry[]> {
    return this.place.clock.resolve(this.place.entries());
  }
}

export function panOf(card: SimulatedCard): string {
  return card.personalization.electronicCash?.pan ?? "";
}

/** Posts entries as the settlement host does; the result is what each was parked for. */
export function postAll(entries: readonly JournalEntry[], charges: ChargeDesk, ledger = Ledger.open(":memory:")): readonly (string | undefined)[] {
  const debitOracle = testDebitOracle(SUITE, DEFAULT_CARD_PROFILE);
  return entries.map(({ seq, subject, kind, state, amount, resolves, detail, personal = {} }) => {
    const [journalId = ""] = subject.split("-");
    const context = {
      ledger,
      tid: "T1",
      journalId,
      debitOracle,
      charges,
      hash: ({ evidence }: { readonly evidence: Uint8Array }) => toHex(SUITE.sm3(evidence)),
    };
    const firstSeq = Number(subject.split("-")[1]);
    return postRecord(context, { seq, subject, firstSeq, kind, state, amountFen: amount, resolves, detail, personal });
  });
}
