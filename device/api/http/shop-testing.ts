/* A shop and lanes that are simulated strictly, for tests of the API: what they were not told of they refuse, and each act is noted. */
import { type Fen, fen, subtractFen, ZERO_FEN } from "../../base/fen.ts";
import type { ShopActs, ShopSlip, SlipWish } from "../../shop/acts.ts";
import type { GateService, LaneEvent, LaneStatus } from "../../txn/gate/lane.ts";
import type { SaleRefund, SaleRefundOutcome } from "../../txn/shop/refunds.ts";
import type { ShiftEnd, ShiftTotals } from "../../txn/shop/shift.ts";
import type { ServedGates } from "./service.ts";

const SUBJECT = `${"0".repeat(32)}-9`;

/** A drawer in memory. */
export class FakeShop implements ShopActs {
  readonly calls: string[] = [];
  /** Sales that are paid, by reference, and what is left of each. */
  readonly sales = new Map<string, Fen>();
  readonly #refunds = new Map<string, { readonly sale: string; readonly outcome: SaleRefundOutcome }>();
  slip: ShopSlip = "printed";
  #shift = 1;

  refund({ sale, request, amount, operator, amountMax }: SaleRefund): Promise<SaleRefundOutcome> {
    const known = this.#refunds.get(request);
    if (known !== undefined) return Promise.resolve(known.sale === sale ? known.outcome : { kind: "refused", reason: "refund-conflict" });
    const left = this.sales.get(sale);
    if (left === undefined) return Promise.resolve({ kind: "refused", reason: "sale-unknown" });
    const given = amount === "void" ? left : amount;
    if (given > left || given === ZERO_FEN) return Promise.resolve({ kind: "refused", reason: given > left ? "refund-too-large" : "nothing-left", left });
    if (amountMax !== undefined && given > amountMax) return Promise.resolve({ kind: "refused", reason: "supervisor-needed", left });
    this.calls.push(`refund ${given} of ${sale} by ${operator}`);
    const outcome = { kind: "refunded", subject: SUBJECT, amount: given, left: subtractFen(left, given) } as const;
    this.sales.set(sale, outcome.left);
    this.#refunds.set(request, { sale, outcome });
    return Promise.resolve(outcome);
  }

  printSale(reference: string, wish: SlipWish): Promise<ShopSlip> {
    return this.#print(`sale ${reference}`, this.sales.has(reference) ? this.slip : "sale-unknown", wish);
  }

  printRefund(request: string, wish: SlipWish): Promise<ShopSlip> {
    return this.#print(`refund ${request}`, this.#refunds.has(request) ? this.slip : "receipt-unknown", wish);
  }

  printShift(shift: number, wish: SlipWish): Promise<ShopSlip> {
    return this.#print(`shift ${shift}`, shift < this.#shift ? this.slip : "receipt-unknown", wish);
  }

  currentShift(): Promise<ShiftTotals> {
    return Promise.resolve(totalsOf(this.#shift));
  }

  endShift(shift: number, { operator }: { readonly operator: string }): Promise<ShiftEnd> {
    if (shift > this.#shift) return Promise.resolve({ kind: "not-current", current: this.#shift });
    const again = shift < this.#shift;
    if (!again) {
      this.#shift += 1;
      this.calls.push(`end shift ${shift} by ${operator}`);
    }
    return Promise.resolve({ kind: "ended", again, totals: totalsOf(shift), operator, atMs: 5 });
  }

  #print(what: string, outcome: ShopSlip, wish: SlipWish): Promise<ShopSlip> {
    if (outcome === "printed") this.calls.push(`${wish.as} of ${what}${wish.as === "copy" ? ` by ${wish.by}` : ""}`);
    return Promise.resolve(outcome);
  }
}

function totalsOf(shift: number): ShiftTotals {
  const taken = [{ what: "e-purse", count: 2, sumFen: 900 }];
  return { shift, fromSeq: 1, throughSeq: 9, taken, given: [], drawerFen: -100, open: { count: 0, sumFen: 0 } };
}

/** Two lanes whose gates open at once. */
export class FakeGates implements ServedGates {
  readonly calls: string[] = [];
  readonly listeners = new Set<(lane: string, event: LaneEvent) => void>();
  #released = false;
  readonly service: GateService;

  constructor() {
    const lanes = () =>
      ["in", "out"].map((name): LaneStatus => ({ name, state: this.#released ? "released" : "serving", taps: 3, passages: 2, refused: 1, fareFen: 400 }));
    this.service = {
      get lanes() {
        return lanes();
      },
      staffRelease: (lane, operator) => {
        this.calls.push(`open ${lane} by ${operator}`);
        return Promise.resolve({ kind: this.#released ? "refused" : "opened" });
      },
      release: (why, operator) => {
        this.calls.push(`release for ${why} by ${operator}`);
        this.#released = true;
        return Promise.resolve();
      },
      serve: () => {
        this.calls.push("serve");
        this.#released = false;
        return Promise.resolve();
      },
      giveBack: (sale) => {
        this.calls.push(`give back ${sale}`);
        return () => undefined;
      },
      start: () => undefined,
      stop: () => Promise.resolve(),
    };
  }

  listen(listener: (lane: string, event: LaneEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(lane: string, event: LaneEvent): void {
    for (const listener of this.listeners) listener(lane, event);
  }
}

/** A sale at this reference is paid. */
export function putSale(shop: FakeShop, reference: string, amountFen: number): void {
  shop.sales.set(reference, fen(amountFen));
}
