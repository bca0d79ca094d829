/*
 * Goal: a reversal whose batch is settled moves no money by guess: it waits for a person, or goes out and counts as taken back by the answers that
 * the profile names; and what a person says stands can be taken back under the reference that they found.
 * Method: a sale that the bank has booked and nobody was told, parked, and its batch settled with the acquirer's own books; then each switch.
 */
import { describe, expect, it, test } from "vitest";
import type { AcquirerVariants } from "../../../simulators/host/acquirer/request.ts";
import type { TerminalJournal } from "../journal/journal.ts";
import type { DealtWith } from "./acts.ts";
import type { ReversalAfterSettlement } from "./profile.ts";
import { openBankSettlement } from "./settle.ts";
import { BANK_LIMITS, BankPlace } from "./testing.ts";

const AMOUNT = 5_000;
const SEND: ReversalAfterSettlement = { do: "send", undone: ["00"] };

class Desk {
  readonly place: BankPlace;
  subject = "";

  constructor(reversalAfterSettlement: ReversalAfterSettlement, variants: Partial<AcquirerVariants> = {}) {
    this.place = new BankPlace({ profile: { reversalAfterSettlement }, variants });
  }

  /** One sale that stands, one whose reversal is parked although the bank has booked it. */
  async open(): Promise<this> {
    const { place } = this;
    await place.start();
    place.card();
    await place.pay("r0", 100);
    place.host.planFault("0200", "reply-lost");
    for (let tries = 0; tries < 3; tries += 1) place.host.planFault("0400", "reply-lost", { effect: "none" });
    await place.pay("r1", AMOUNT);
    await place.pay("r2", 100);
    await place.pay("r3", 100);
    this.subject = (await this.parked())[0]?.subject ?? "";
    return this;
  }

  async settle(): Promise<string> {
    const { ports, bank, host } = this.place;
    const journal = ports.journal as TerminalJournal;
    const parts = { clock: ports.clock, journal, log: ports.log, line: bank.line, book: bank.book, profile: host.profile, dueUploads: async () => 0 };
    const settlement = await this.place.run(openBankSettlement(parts, { journalTimeoutMs: 5_000 }));
    return (await this.place.run(settlement.settle({ operator: "op1" }, { ...BANK_LIMITS, timeoutMs: 600_000 }))).kind;
  }

  parked() {
    return this.place.run(this.place.bank.acts.parked(10));
  }

  says(word: Omit<DealtWith, "act"> | "try-again") {
    const operator = "chief";
    const act = word === "try-again" ? ({ act: word, operator } as const) : ({ ...word, act: "dealt-with", operator } as const);
    return this.place.run(this.place.bank.settleReversal(this.subject, act));
  }

  async last() {
    return (await this.place.entries()).findLast(({ subject }) => subject === this.subject);
  }

  /** The acquirer's own reference of the sale that nobody was told of. */
  reference(): string {
    return this.place.host.standing().find(({ amountFen }) => amountFen === AMOUNT)?.retrievalReference ?? "";
  }
}

describe("a reversal whose batch is settled", () => {
  it("is not sent where the profile parks it, and cannot be tried again", async () => {
    const desk = await new Desk({ do: "park" }, { reversesSettled: true }).open();
    expect(await desk.settle()).toBe("unequal");
    const heard = desk.place.host.heard.length;
    expect([await desk.says("try-again"), await desk.says({ stands: false })]).toEqual(["act-unfitting", "settled"]);
    expect([desk.place.host.heard.length, await desk.parked()]).toEqual([heard, []]);
    expect(await desk.place.known("r1")).toMatchObject({ kind: "refused" });
  });

  it("that was pending when its batch was closed is parked by its name, and stops nobody", async () => {
    const desk = await new Desk({ do: "park" }).open();
    const { place } = desk;
    place.host.planFault("0200", "reply-lost");
    place.host.planFault("0400", "request-lost");
    expect(await place.pay("r4", 700)).toMatchObject({ kind: "unknown" });
    await place.run(place.bank.line.hold("raw", () => place.bank.book.close(), BANK_LIMITS));
    const heard = place.host.heard.length;
    await place.pay("r5", 100);
    expect(await desk.parked()).toMatchObject([
      { reason: "timeout", tries: 3 },
      { amount: 700, reason: "batch-settled", tries: 1 },
    ]);
    const types = place.host.heard.slice(heard).map((body) => Buffer.from(body.subarray(11, 13)).toString("hex"));
    expect(types).not.toContain("0400");
    expect(place.bank.acts.view()).toMatchObject({ pendingReversals: 0, parkedReversals: 2 });
    await place.nextLife();
    expect(place.bank.acts.view()).toMatchObject({ pendingReversals: 0, parkedReversals: 2 });
  });

  it("goes out where the profile sends it, and an acquirer that undoes it is believed", async () => {
    const desk = await new Desk(SEND, { reversesSettled: true }).open();
    expect(await desk.settle()).toBe("unequal");
    expect(await desk.says("try-again")).toBe("settled");
    expect(await desk.place.pay("r4", 100)).toMatchObject({ kind: "approved" });
    expect([await desk.place.known("r1"), await desk.parked(), desk.place.host.sum()]).toMatchObject([{ kind: "refused" }, [], 300]);
    expect(await desk.last()).toMatchObject({ state: "void", detail: { reversed: true } });
  });

  test.each(["12", "25"] as const)("that is answered %s is not taken back: its tries are used up, and a person deals with it", async (settledRefusal) => {
    const desk = await new Desk(SEND, { settledRefusal }).open();
    await desk.settle();
    expect(await desk.says("try-again")).toBe("settled");
    for (let tries = 0; tries < 3; tries += 1) await desk.place.pay(`again-${tries}`, 100);
    expect(await desk.parked()).toMatchObject([{ subject: desk.subject, tries: 3 }]);
    expect(await desk.last()).toMatchObject({ state: "resolving", detail: { reversalCode: settledRefusal, parked: true } });
    expect(desk.place.host.standing().map(({ amountFen }) => amountFen)).toContain(AMOUNT);
  });

  it("counts as taken back by whatever answer the profile names", async () => {
    const desk = await new Desk({ do: "send", undone: ["25"] }, { settledRefusal: "25" }).open();
    await desk.settle();
    await desk.says("try-again");
    await desk.place.pay("r4", 100);
    expect([await desk.place.known("r1"), await desk.parked()]).toMatchObject([{ kind: "refused" }, []]);
  });

  it("leaves reversals of the open batch as they are", async () => {
    const desk = await new Desk({ do: "park" }).open();
    await desk.settle();
    desk.place.host.planFault("0200", "reply-lost");
    desk.place.host.planFault("0400", "request-lost");
    expect(await desk.place.pay("r4", 700)).toMatchObject({ kind: "unknown" });
    expect(await desk.place.pay("r5", 100)).toMatchObject({ kind: "approved" });
    expect(await desk.place.known("r4")).toMatchObject({ kind: "refused" });
    desk.place.host.planFault("0200", "request-lost");
    expect(await desk.place.pay("r6", 700)).toMatchObject({ kind: "refused" });
    expect((await desk.parked()).map(({ subject }) => subject)).toEqual([desk.subject]);
  });
});

describe("a payment that a person says stands", () => {
  it("is taken back under the reference that they found, once", async () => {
    const desk = await new Desk({ do: "park" }).open();
    const retrievalReference = desk.reference();
    expect(await desk.says({ stands: true, retrievalReference })).toBe("settled");
    expect(await desk.says({ stands: true, retrievalReference })).toBe("settled");
    expect(await desk.says({ stands: true, retrievalReference: "0000000000zz" })).toBe("not-parked");
    expect(await desk.place.known("r1")).toMatchObject({ kind: "approved", amount: AMOUNT, retrievalReference });
    expect(await desk.place.takeBack("v1", "r1")).toMatchObject({ kind: "approved", amount: AMOUNT });
    expect(await desk.place.takeBack("v2", "r1")).toMatchObject({ kind: "refused", reason: "already-returned" });
    expect([desk.place.host.sum(), await desk.place.terminalSum()]).toEqual([200, 200]);
  });

  it("is refunded after its batch was settled", async () => {
    const desk = await new Desk({ do: "park" }).open();
    const retrievalReference = desk.reference();
    await desk.settle();
    expect(await desk.says({ stands: true, retrievalReference })).toBe("settled");
    expect(await desk.place.takeBack("v1", "r1")).toMatchObject({ kind: "refused", reason: "other-batch" });
    expect(await desk.place.takeBack("b1", "r1", { business: "refund" })).toMatchObject({ kind: "approved", amount: AMOUNT });
    expect([desk.place.host.sum(), await desk.place.terminalSum()]).toEqual([200, 200]);
  });

  test.each(["void", "refund"] as const)("without a reference has its %s refused with the reason, and nothing is sent", async (business) => {
    const desk = await new Desk({ do: "park" }).open();
    await desk.says({ stands: true });
    const heard = desk.place.host.heard.length;
    expect(await desk.place.takeBack("b1", "r1", { business })).toMatchObject({ kind: "refused", reason: "original-without-reference" });
    expect(desk.place.host.heard.length).toBe(heard);
  });

  it("with a reference that is another's is refused by the acquirer, and no money moves", async () => {
    const desk = await new Desk({ do: "park" }).open();
    await desk.says({ stands: true, retrievalReference: "0000000000zz" });
    expect(await desk.place.takeBack("v1", "r1")).toMatchObject({ kind: "refused", responseCode: "25" });
    expect(desk.place.host.sum()).toBe(AMOUNT + 200);
  });
});
