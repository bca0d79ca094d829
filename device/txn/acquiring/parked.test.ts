/*
 * Goal: whatever is parked can be ended by a person, once, and durably.
 * Method: a reversal that the acquirer never answers, parked at a counter with a bank; each act of people, said again, refused where it does not fit,
 * and with power that goes at its commit.
 */
import { describe, expect, it, test } from "vitest";
import { fen } from "../../base/fen.ts";
import type { ParkedAct, ParkedWord } from "./acts.ts";
import { type ParkedParts, settleParked } from "./parked.ts";
import { BANK_LIMITS, BankPlace } from "./testing.ts";

const AMOUNT = 5_000;

class Desk {
  readonly place = new BankPlace();
  /** What uploads and loads were told. */
  readonly told: string[] = [];
  subject = "";

  /** One sale that stands, and one whose reversal is parked; the bank has booked it. */
  static async open(): Promise<Desk> {
    const desk = new Desk();
    const { place } = desk;
    await place.start();
    place.card();
    await place.pay("r0", 100);
    place.host.planFault("0200", "reply-lost");
    for (let tries = 0; tries < 3; tries += 1) place.host.planFault("0400", "reply-lost", { effect: "none" });
    await place.pay("r1", AMOUNT);
    await place.pay("r2", 100);
    await place.pay("r3", 100);
    const [parked] = await desk.parked();
    desk.subject = parked?.subject ?? "";
    return desk;
  }

  parked() {
    return this.place.run(this.place.bank.acts.parked(10));
  }

  begin(word: ParkedWord, subject = this.subject): ReturnType<typeof settleParked> {
    const tell = (name: string) => async (_subject: string, act: Omit<ParkedAct, "act">) => {
      this.told.push(`${name} by ${act.operator}`);
      return "settled" as const;
    };
    const parts: ParkedParts = {
      journal: this.place.ports.journal,
      bank: this.place.bank,
      uploads: { retry: tell("retry"), dismiss: tell("dismiss") },
      loads: { decide: async (_subject, { operator, act }) => tell(act)(_subject, { operator }) },
    };
    return settleParked(parts, subject, { operator: "chief", note: "asked by telephone", ...word });
  }

  says(word: ParkedWord, subject?: string) {
    return this.place.run(this.begin(word, subject));
  }

  /** A record of this kind, as others keep theirs. */
  async record(kind: "operation" | "purse-load" | "contribution"): Promise<string> {
    const { journal } = this.place.ports;
    return (await this.place.run(journal.append({ kind, state: "prepared", amount: fen(1), detail: {} }))).subject;
  }

  async last() {
    return (await this.place.entries()).findLast(({ subject }) => subject === this.subject);
  }
}

describe("a parked reversal", () => {
  it("that is tried again goes out in the background", async () => {
    const desk = await Desk.open();
    const { place } = desk;
    expect(place.host.sum()).toBe(AMOUNT + 200);
    place.bank.background.start();
    expect([await desk.says({ act: "try-again" }), await desk.says({ act: "try-again" })]).toEqual(["settled", "settled"]);
    await place.pass(10_000);
    expect([await place.known("r1"), await desk.parked(), place.host.sum()]).toMatchObject([{ kind: "refused" }, [], 200]);
    expect(await desk.last()).toMatchObject({ state: "void", detail: { reversed: true, settledBy: "chief", note: "asked by telephone" } });
    await place.run(place.bank.background.stop());
  });

  it("that is tried again without an answer is parked again, and may be tried again", async () => {
    const desk = await Desk.open();
    const { place } = desk;
    for (let round = 0; round < 2; round += 1) {
      expect(await desk.says({ act: "try-again" })).toBe("settled");
      expect(place.bank.acts.view()).toMatchObject({ pendingReversals: 1, parkedReversals: 0 });
      for (let tries = 0; tries < 3; tries += 1) place.host.planFault("0400", "reply-lost", { effect: "none" });
      for (let tries = 0; tries < 3; tries += 1) await place.pay(`again${round}${tries}`, 100);
      expect(await desk.parked()).toMatchObject([{ subject: desk.subject, tries: 3 }]);
    }
  });

  it("that a person calls taken back has ended, and is not sent any more", async () => {
    const desk = await Desk.open();
    const { place } = desk;
    const before = place.host.heard.length;
    expect([await desk.says({ act: "dealt-with", stands: false }), await desk.says({ act: "dealt-with", stands: false })]).toEqual(["settled", "settled"]);
    expect(await desk.says({ act: "dealt-with", stands: true })).toBe("not-parked");
    expect(await desk.says({ act: "try-again" })).toBe("not-parked");
    expect([await place.known("r1"), await desk.parked(), place.host.heard.length]).toMatchObject([{ kind: "refused" }, [], before]);
    expect(await desk.last()).toMatchObject({ state: "void", detail: { settledBy: "chief", settledAs: "dealt-with", note: "asked by telephone" } });
    expect(place.bank.acts.view()).toMatchObject({ pendingReversals: 0, parkedReversals: 0 });
  });

  it("that a person says stands is a payment of its batch", async () => {
    const desk = await Desk.open();
    const { place } = desk;
    expect(await desk.says({ act: "dealt-with", stands: true })).toBe("settled");
    expect(await place.known("r1")).toMatchObject({ kind: "approved", amount: AMOUNT });
    expect([place.host.sum(), await place.terminalSum(), place.bank.book.count]).toEqual([AMOUNT + 200, AMOUNT + 200, 3]);
    expect(await place.run(place.bank.book.rows(place.bank.book.batch))).toContain(desk.subject);
  });

  test.each(["try-again", "dealt-with"] as const)("%s is said by one person at a time", async (act) => {
    const desk = await Desk.open();
    const word: ParkedWord = act === "try-again" ? { act } : { act, stands: false };
    const both = await desk.place.run(Promise.all([desk.begin(word), desk.begin({ act: "dealt-with", stands: true })]));
    expect(both).toEqual(["settled", "not-parked"]);
  });

  test.each(["before", "during", "after"] as const)("with power that goes %s the commit of a person's word is as it was, or as they said", async (when) => {
    for (const word of [{ act: "try-again" }, { act: "dealt-with", stands: true }, { act: "dealt-with", stands: false }] satisfies readonly ParkedWord[]) {
      const desk = await Desk.open();
      let armed = true;
      desk.place.place.disk.onCommit(() => (armed ? { kind: "cut", when } : { kind: "go" }));
      await desk.place.untilCut(desk.begin(word));
      armed = false;
      await desk.place.nextLife();
      expect(await desk.says(word)).toBe("settled");
      expect(await desk.parked()).toEqual([]);
      expect(await desk.place.pay("r9", 100)).toMatchObject({ kind: "approved" });
      const stands = word.act === "dealt-with" && word.stands;
      expect(await desk.place.known("r1")).toMatchObject({ kind: stands ? "approved" : "refused" });
    }
  });
});

describe("a person's act", () => {
  it("goes to whoever keeps the item, and to nobody where it does not fit", async () => {
    const desk = await Desk.open();
    const [upload, load, other] = [await desk.record("operation"), await desk.record("purse-load"), await desk.record("contribution")];
    const words: readonly ParkedWord[] = [
      ...(["try-again", "dismiss", "loaded", "not-loaded"] as const).map((act) => ({ act })),
      { act: "dealt-with", stands: true },
    ];
    const answers = async (subject: string) => {
      const all: string[] = [];
      for (const word of words) all.push(await desk.says(word, subject));
      return all;
    };
    const [yes, no, gone] = ["settled", "act-unfitting", "not-parked"];
    expect(await answers(upload)).toEqual([yes, yes, no, no, no]);
    expect(await answers(load)).toEqual([no, no, yes, yes, no]);
    expect(await answers(other)).toEqual([gone, gone, gone, gone, gone]);
    expect(await answers(`${"0".repeat(32)}-1`)).toEqual([gone, gone, gone, gone, gone]);
    expect([await desk.says({ act: "dismiss" }), await desk.says({ act: "loaded" })]).toEqual([no, no]);
    expect(desk.told).toEqual(["retry by chief", "dismiss by chief", "loaded by chief", "not-loaded by chief"]);
    expect(await desk.place.run(desk.place.bank.acts.signIn(BANK_LIMITS))).toMatchObject({ kind: "signed-in" });
  });
});
