/*
 * Goal: batch, uploads and settlement agree with an acquirer that was written from the paper by others, its own books compared with ours.
 * Method: a counter with bank cards in a slot and electronic cash in the field; the acquirer checks every certificate, counts its own batches and
 * differs where it is told to.
 */
import { describe, expect, it } from "vitest";
import type { PlantedDifference } from "../../../simulators/host/acquirer/acquirer-faults.ts";
import { fen } from "../../base/fen.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import type { TerminalJournal } from "../journal/journal.ts";
import { runQuickPayment } from "../quick-payment/run.ts";
import { TEST_LIMITS } from "../quick-payment/testing.ts";
import { type BankSettlement, openBankSettlement } from "./settle.ts";
import { BANK_LIMITS, BankPlace } from "./testing.ts";
import { type BankUploads, openBankUploads } from "./upload.ts";

const SUITE = opensslSuite();

class Counter {
  readonly bank: BankPlace;
  #settlement: BankSettlement | undefined;
  #uploads: BankUploads | undefined;

  constructor() {
    this.bank = new BankPlace({
      interface: "contact",
      profile: { electronicCashRoute: "acquirer" },
      terminal: { sendOffline: async (line, limits) => this.#uploads?.sendDue(line, limits) },
    });
  }

  static async open(): Promise<Counter> {
    const made = new Counter();
    await made.bank.start();
    await made.join();
    made.bank.card();
    return made;
  }

  async join(): Promise<void> {
    const { ports, bank } = this.bank;
    // The test place's journal is the terminal's whole journal.
    const journal = ports.journal as TerminalJournal;
    const batch = { clock: ports.clock, journal, log: ports.log, line: bank.line, book: bank.book, profile: this.bank.host.profile };
    const settlement = await this.bank.run(
      openBankSettlement({ ...batch, dueUploads: async () => (await this.#uploads?.due()) ?? 0 }, { journalTimeoutMs: 5_000 }),
    );
    this.#settlement = settlement;
    this.#uploads = openBankUploads({
      ...batch,
      suite: SUITE,
      terminal: ports.cash.terminal,
      paused: () => settlement.halfDone,
    });
  }

  async nextLife(): Promise<void> {
    await this.bank.nextLife();
    await this.join();
  }

  settle() {
    if (this.#settlement === undefined) throw new Error("the counter is open");
    return this.#settlement.settle({ operator: "op1" }, { ...BANK_LIMITS, timeoutMs: 600_000 });
  }

  due(): Promise<number> {
    return this.bank.run(this.#uploads?.due() ?? Promise.resolve(-1));
  }

  parked() {
    return this.bank.run(this.#uploads?.parked(10) ?? Promise.resolve([]));
  }

  /** Electronic cash of another card, by radio, cleared by the acquirer. */
  async tap(reference: string, amount: number): Promise<string> {
    const { place } = this.bank;
    const card = place.card({ electronicCash: { balanceFen: 10_000, algorithms: "sm", applications: ["01"] } });
    place.reader.insert(card);
    const { electronicCash } = place.ports;
    if (electronicCash === undefined) throw new Error("the place takes electronic cash");
    const ports = { ...place.ports, electronicCash: { ...electronicCash, clearing: "acquirer" as const } };
    const outcome = await this.bank.run(runQuickPayment(ports, { reference, amount: fen(amount), purse: { kind: "electronic-cash" } }, TEST_LIMITS));
    place.reader.remove();
    return outcome.kind;
  }

  settlements() {
    return this.bank.ledger.batches.settlements();
  }
}

async function busy(): Promise<Counter> {
  const made = await Counter.open();
  for (const [at, amount] of [1_200, 3_400, 560].entries()) expect(await made.bank.pay(`s${at}`, amount)).toMatchObject({ kind: "approved" });
  expect(await made.bank.takeBack("v1", "s1")).toMatchObject({ kind: "approved" });
  expect(await made.tap("c1", 450)).toBe("paid");
  return made;
}

describe("a day's batch", () => {
  it("is equal, with offline sales that the acquirer has proved and chips told one by one", async () => {
    const made = await busy();
    expect(await made.due()).toBe(1);
    expect(await made.bank.run(made.settle())).toEqual({
      kind: "equal",
      batch: "000001",
      terminal: { debits: 4, debitFen: 5_610, credits: 1, creditFen: 3_400 },
      uploaded: 3,
    });
    expect([await made.due(), await made.parked()]).toEqual([0, []]);
    expect(made.settlements()).toMatchObject([{ batch: "000001", result: "equal", ended: true, rows: 3 }]);
    expect(made.bank.bank.book.batch).toBe("000002");
    expect(await made.bank.pay("s9", 100)).toMatchObject({ kind: "approved" });
    expect(await made.bank.run(made.settle())).toMatchObject({ kind: "equal", batch: "000002" });
  });

  it.each(["missing-row", "extra-row", "amount", "credit-side"] satisfies readonly PlantedDifference[])(
    "with %s at the acquirer is told row by row",
    async (difference) => {
      const made = await busy();
      made.bank.host.acquirer.faults.difference = difference;
      expect(await made.bank.run(made.settle())).toMatchObject({ kind: "unequal", uploaded: 5, differing: ["domestic"] });
      const [settled] = made.settlements();
      expect(settled).toMatchObject({ result: "unequal", ended: true, rows: 5 });
      const found = made.bank.ledger.batches.differences(made.bank.host.profile.terminalNumber, "000001");
      // A row on the other side has the same account and amount: only the totals tell.
      expect(found).toHaveLength(difference === "credit-side" ? 0 : 1);
    },
  );

  it("that the acquirer calls wrong is half done, takes no sale, and is settled by the next call", async () => {
    const made = await busy();
    made.bank.host.acquirer.faults.difference = "error";
    expect(await made.bank.run(made.settle())).toMatchObject({ kind: "half-done", reason: "acquirer-error" });
    expect(await made.bank.pay("s9", 100)).toEqual({ kind: "refused", reason: "settlement-half-done" });
    await made.nextLife();
    expect(await made.bank.pay("s9", 100)).toMatchObject({ kind: "refused", reason: "settlement-half-done" });
    expect(await made.bank.run(made.settle())).toMatchObject({ kind: "equal" });
    expect(await made.bank.pay("s9", 100)).toMatchObject({ kind: "approved" });
  });

  it("cut at each of its messages ends the same", async () => {
    for (const cut of ["cut-before", "cut-after"] as const) {
      for (let at = 0; at < 12; at += 1) {
        const made = await busy();
        made.bank.host.acquirer.faults.difference = "amount";
        let heard = 0;
        made.bank.host.fate = ({ type }) => {
          if (type !== "0500" && type !== "0320" && type !== "0200") return "deliver";
          heard += 1;
          return heard === at + 1 ? cut : "deliver";
        };
        const answer = await made.bank.untilCut(made.settle());
        if (made.bank.place.on) {
          expect(answer).toMatchObject({ kind: "unequal", uploaded: 5 });
          break;
        }
        await made.nextLife();
        const after = await made.bank.run(made.settle());
        expect([cut, at, after]).toMatchObject([cut, at, { kind: expect.stringMatching(/^(unequal|equal)$/) }]);
        expect(made.settlements()).toMatchObject([{ ended: true }]);
        expect(made.bank.bank.book.batch).toBe("000002");
        expect(await made.parked()).toEqual([]);
      }
    }
  });
});

describe("an offline sale", () => {
  it("whose answer is lost stands at the acquirer once", async () => {
    const made = await Counter.open();
    expect(await made.tap("c1", 450)).toBe("paid");
    made.bank.host.planFault("0200", "reply-lost");
    expect(await made.bank.pay("s1", 100)).toMatchObject({ kind: "approved" });
    expect(await made.bank.pay("s2", 100)).toMatchObject({ kind: "approved" });
    expect([await made.due(), await made.parked()]).toEqual([0, []]);
    expect(made.bank.host.standing().filter(({ business }) => business === "offline-sale")).toHaveLength(1);
    expect(await made.bank.run(made.settle())).toMatchObject({ kind: "equal", terminal: { debits: 3, debitFen: 650 } });
  });

  it("that the acquirer claims to have, and never had, waits for people; the batch differs by nothing", async () => {
    const made = await Counter.open();
    expect(await made.tap("c1", 450)).toBe("paid");
    made.bank.host.planFault("0200", "duplicate-claimed");
    await made.bank.pay("s1", 100);
    expect(await made.parked()).toMatchObject([{ what: "offline-upload", amount: 450, reason: "duplicate-never-sent" }]);
    expect(await made.bank.run(made.settle())).toMatchObject({ kind: "equal", terminal: { debits: 1, debitFen: 100 } });
  });
});
