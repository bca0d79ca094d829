/*
 * Promises 1 to 3 for medical purchases: the money is the insurer's ledger's. What the terminal calls paid is booked there; what it
 * calls void is not; nothing is booked twice for one sale once everything has settled.
 */
import type { InsurerLedger } from "../../host/medical/insurer-ledger.ts";
import type { DurableEntry } from "./durable-entry.ts";
import { promised } from "./violation.ts";

interface Purchase {
  readonly msgid: string;
  readonly reference: string | undefined;
  readonly state: string;
  readonly amountFen: number;
}

export class MedicalCheck {
  readonly #ledger: InsurerLedger;
  readonly #purchases = new Map<string, Purchase>();
  readonly #msgids = new Set<string>();

  constructor(ledger: InsurerLedger) {
    this.#ledger = ledger;
  }

  get purchases(): ReadonlyMap<string, Purchase> {
    return this.#purchases;
  }

  durable(entry: DurableEntry): void {
    if (entry.kind !== "medical-purchase") return;
    const known = this.#purchases.get(entry.subject);
    const msgid = entry.msgid ?? known?.msgid;
    promised(1, msgid !== undefined, () => `${entry.subject} has no msgid`);
    if (known === undefined) {
      promised(5, !this.#msgids.has(msgid), () => `msgid ${msgid.slice(12)} was used twice`);
      this.#msgids.add(msgid);
    }
    this.#purchases.set(entry.subject, { msgid: known?.msgid ?? msgid, reference: entry.reference, state: entry.state, amountFen: entry.amountFen });
  }

  bookedFen(subject: string): number {
    const purchase = this.#purchases.get(subject);
    if (purchase === undefined) return 0;
    const booked = this.#ledger.byMsgid(purchase.msgid).filter(({ status }) => status === "booked");
    return booked.reduce((sum, { totalFen }) => sum + Number(totalFen), 0);
  }

  paid(subject: string, amountFen: number): void {
    promised(3, this.#purchases.get(subject)?.state === "done", () => `${subject} was called paid before its record was durable`);
    promised(3, this.bookedFen(subject) === amountFen, () => `${subject} was called paid, the insurer booked ${this.bookedFen(subject)} fen`);
  }

  /** The end: journal and insurer agree about every purchase. */
  settled(): void {
    const references = new Set<string>();
    for (const [subject, { state, amountFen, reference }] of this.#purchases) {
      const bookedFen = this.bookedFen(subject);
      promised(1, bookedFen === (state === "done" ? amountFen : 0), () => `${subject} is ${state}, the insurer booked ${bookedFen} of ${amountFen} fen`);
      if (state !== "done" || reference === undefined) continue;
      promised(2, !references.has(reference), () => `${reference} was settled twice`);
      references.add(reference);
    }
    const known = new Set([...this.#purchases.values()].map(({ msgid }) => msgid));
    for (const { msgid, status } of this.#ledger.settlements()) {
      promised(1, status !== "booked" || known.has(msgid), () => `the insurer booked ${msgid.slice(12)}, the journal does not know it`);
    }
  }
}
