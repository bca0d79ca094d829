/*
 * Sales that keep the rules of a quick payment in a few lines: one name is one sale, a torn debit waits for its card, an open sale is decided
 * before its card pays again. What is true of a card stands on the card.
 */
import type { CardModule } from "../../../../simulators/card/card.ts";
import type { SimulatedReader } from "../../../../simulators/reader/in-process.ts";
import { isFault } from "../../../base/fault.ts";
import { type Fen, fen } from "../../../base/fen.ts";
import type { Clock, Limits } from "../../../base/ports.ts";
import type { TripRecord } from "../../../card/transit/types.ts";
import { civilTime } from "../../../codec/civil-time.ts";
import type { Journal, RecordState } from "../../journal/types.ts";
import { saleMark } from "../../quick-payment/record.ts";
import type { Charge, TransitView } from "../../quick-payment/tariff.ts";
import type { QuickPaymentOutcome } from "../../quick-payment/types.ts";
import { type SaleRequest, tariffOf } from "../../sale-request.ts";
import type { GatePolicy } from "../lane.ts";
import type { LaneReader } from "../reader.ts";
import type { LaneSale } from "../tap.ts";

/** A card as far as a lane cares: its name, its money, its newest trip. */
export class FakeCard implements CardModule {
  readonly name: string;
  readonly extraMsPerCommand = 0;
  powered = false;
  balance: number;
  trip: TripRecord | undefined;
  /** Everything that was taken from it. */
  readonly charges: { readonly reference: string; readonly amount: number; readonly wallMs: number }[] = [];

  constructor(name: string, balance = 10_000) {
    this.name = name;
    this.balance = balance;
  }

  get view(): TransitView {
    return { scheme: "t-union", cardName: this.name, issuer: "0000000000000001", cardType: 1, trip: this.trip, riderRecord: undefined };
  }

  powerUp(): Uint8Array {
    this.powered = true;
    return Uint8Array.of(0x3b, 0x80);
  }

  powerDown(): void {
    this.powered = false;
  }

  transmit(): Uint8Array {
    return Uint8Array.of(0x6d, 0x00);
  }

  tear(): void {
    this.powered = false;
  }
}

/** What becomes of the next debit: it is torn before or after the card has written, or only the card vouches for it. */
export type DebitFate = "ok" | "torn-before" | "torn-after" | "unverified";

interface Place {
  readonly reader: LaneReader;
  /** The reader below, which says whose card lies there. */
  readonly real: SimulatedReader;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly policy: GatePolicy;
}

/** A sale as card and journal know it; the card's part survives every power cut. */
interface FakeSale {
  readonly reference: string;
  readonly card: FakeCard;
  readonly amount: Fen;
  /** Whether the card has written. */
  debited: boolean;
  state: RecordState;
  subject: string;
}

const READ_MS = 60;
const DEBIT_MS = 80;

export class FakeSales {
  /** The newest sale of each name. */
  readonly #sales = new Map<string, FakeSale>();
  #fate: DebitFate = "ok";

  /** The next debit goes this way, once. */
  planDebit(fate: DebitFate): void {
    this.#fate = fate;
  }

  over(place: Place): LaneSale {
    return (request, limits) => new FakeRun(place, { sales: this.#sales, fate: () => this.#takeFate(), request, limits }).run();
  }

  #takeFate(): DebitFate {
    const fate = this.#fate;
    this.#fate = "ok";
    return fate;
  }
}

interface RunParts {
  readonly sales: Map<string, FakeSale>;
  readonly fate: () => DebitFate;
  readonly request: SaleRequest;
  readonly limits: Limits;
}

class FakeRun {
  readonly #place: Place;
  readonly #parts: RunParts;
  readonly #deadlineMs: number;

  constructor(place: Place, parts: RunParts) {
    this.#place = place;
    this.#parts = parts;
    this.#deadlineMs = place.clock.monotonicMs() + parts.limits.timeoutMs;
  }

  async run(): Promise<QuickPaymentOutcome> {
    const known = this.#parts.sales.get(this.#parts.request.reference);
    if (known?.state === "done") return paid(known);
    return known?.state === "unknown" || known?.state === "prepared" ? this.#awaitReturn(known) : this.#first();
  }

  async #first(): Promise<QuickPaymentOutcome> {
    const card = await this.#wait(this.#deadlineMs - this.#place.clock.monotonicMs());
    return card === undefined ? { kind: "no-card" } : this.#sell(card);
  }

  async #wait(timeoutMs: number): Promise<FakeCard | undefined> {
    const { reader, real, clock } = this.#place;
    try {
      await reader.waitForCard({ timeoutMs: Math.max(0, timeoutMs), signal: this.#parts.limits.signal });
      await clock.sleep(READ_MS);
      return real.card as FakeCard | undefined;
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return undefined;
    }
  }

  async #sell(card: FakeCard): Promise<QuickPaymentOutcome> {
    const { request, sales } = this.#parts;
    for (const sale of sales.values()) if (sale.card === card && isOpen(sale) && sale.reference !== request.reference) await this.#resolve(sale);
    const quote = tariffOf(request.purse ?? { kind: "e-purse" })?.quote(card.view);
    if (quote === undefined || quote.kind === "refused") return { kind: "refused", reason: quote?.reason ?? "no-fare" };
    if (card.balance < Math.max(quote.amount, quote.minimumBalance ?? 0)) return { kind: "refused", reason: "balance-too-low" };
    const sale: FakeSale = { reference: request.reference, card, amount: quote.amount, debited: false, state: "prepared", subject: "" };
    sales.set(request.reference, sale);
    await this.#write(sale, "prepared");
    await this.#place.clock.sleep(DEBIT_MS);
    if (this.#place.real.card !== card) {
      await this.#write(sale, "void");
      return this.#first();
    }
    return this.#debit(sale, quote);
  }

  async #debit(sale: FakeSale, charge: Charge): Promise<QuickPaymentOutcome> {
    const fate = this.#parts.fate();
    if (fate !== "torn-before") this.#take(sale, charge);
    if (fate === "ok" || fate === "unverified") {
      await this.#write(sale, "done");
      return fate === "ok" ? paid(sale) : { kind: "unverified", subject: sale.subject, amount: sale.amount, proof: "log-only", reason: "module-session-lost" };
    }
    this.#place.real.remove();
    await this.#write(sale, "unknown");
    return this.#awaitReturn(sale);
  }

  #take({ card, reference, amount }: FakeSale, charge: Charge): void {
    const { clock } = this.#place;
    const { trip } = charge.writes({ ...civilTime(clock.wallMs()), terminalNumber: "112233445566", balance: fen(card.balance) });
    card.balance -= amount;
    card.trip = trip;
    card.charges.push({ reference, amount, wallMs: clock.wallMs() });
    const sale = this.#parts.sales.get(reference);
    if (sale !== undefined) sale.debited = true;
  }

  async #awaitReturn(sale: FakeSale): Promise<QuickPaymentOutcome> {
    const card = await this.#wait(this.#place.policy.returnTimeoutMs);
    if (card === undefined) return { kind: "unknown", subject: sale.subject, reason: "card-never-returned" };
    if (card !== sale.card) return { kind: "unknown", subject: sale.subject, reason: "another-card" };
    await this.#resolve(sale);
    return sale.debited ? paid(sale) : this.#sell(card);
  }

  #resolve(sale: FakeSale): Promise<void> {
    return this.#write(sale, sale.debited ? "done" : "void");
  }

  async #write(sale: FakeSale, state: RecordState): Promise<void> {
    const { reference, card, amount, subject } = sale;
    const first = subject === "" ? { subjectMark: saleMark(reference) } : { subject };
    const draft = {
      kind: "quick-payment",
      state,
      amount,
      card: card.name,
      detail: { reference, purse: "compound" },
      personal: { cardSerial: card.name },
    } as const;
    const entry = await this.#place.journal.append({ ...draft, ...first });
    sale.subject = entry.subject;
    sale.state = state;
  }
}

function isOpen({ state, subject }: FakeSale): boolean {
  return subject !== "" && (state === "prepared" || state === "unknown");
}

function paid({ subject, amount, card }: FakeSale): QuickPaymentOutcome {
  return { kind: "paid", subject, amount, verified: true, proof: "psam", balanceAfter: fen(card.balance) };
}
