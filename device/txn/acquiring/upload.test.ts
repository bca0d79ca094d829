/*
 * Goal: a sale that the card approved offline stands at the acquirer once, or waits where people see it; "sent twice" is believed only of what was
 * sent before.
 * Method: records of electronic cash in a real journal, an acquirer of few words, every fate of a message, and a power cut at every commit.
 */
import { describe, expect, it, test } from "vitest";
import { toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { parseChipData } from "../../codec/iso8583/chip-data.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import type { EntryDraft, JsonObject } from "../journal/types.ts";
import { BATCH_LIMITS, BatchBench } from "./testing/batch.ts";
import { judgeUpload } from "./upload-judge.ts";

const CASH: JsonObject = {
  purse: "electronic-cash",
  clearing: "acquirer",
  date: "20260105",
  time: "120000",
  type: "00",
  countryCode: "0156",
  currencyCode: "0156",
  unpredictableNumber: "01020304",
  applicationId: "a000000333010101",
  atc: 7,
  interchangeProfile: "7c00",
  issuerData: "0701010390000001",
  verificationResults: "0000000000",
  tc: "1122334455667788",
};
const PAN = "6228480000000000017";

async function bench(): Promise<BatchBench> {
  const made = new BatchBench();
  await made.run(made.switchOn());
  return made;
}

async function sold(made: BatchBench, amount: number, detail: JsonObject = CASH): Promise<string> {
  const draft: EntryDraft = {
    kind: "quick-payment",
    state: "prepared",
    amount: fen(amount),
    detail,
    personal: { pan: PAN, panSequence: "01", panExpiry: "301231" },
  };
  const { journal } = made.life;
  const { subject } = await made.run(journal.append(draft));
  await made.run(journal.append({ ...draft, subject, state: "done" }));
  return subject;
}

const send = (made: BatchBench) => made.run(made.life.ports.line.hold("clear", async () => "held", BATCH_LIMITS));
const sent = (made: BatchBench) => made.acquirer.heard.filter(({ type }) => type === "0200");
const due = (made: BatchBench) => made.run(made.life.uploads.due());
const parked = (made: BatchBench) => made.run(made.life.uploads.parked(10));

describe("what is owed", () => {
  it("is an open record once it was gathered, also where no line to the bank was ever held since", async () => {
    const made = await bench();
    await sold(made, 450);
    const open = async () => (await made.run(made.life.journal.openSubjects({ kind: "operation", limit: 10 }))).length;
    expect(await open()).toBe(0);
    expect(await made.run(made.life.uploads.gather())).toBe(true);
    expect(await open()).toBe(1);
    expect([await made.run(made.life.uploads.gather()), await open(), sent(made).length]).toEqual([true, 1, 0]);
  });
});

describe("an offline sale", () => {
  it("goes up with its certificate before the next online transaction, and counts in the batch", async () => {
    const made = await bench();
    await sold(made, 450);
    expect(await due(made)).toBe(1);
    await send(made);
    const [heard] = sent(made);
    const fields: IsoMessage["fields"] = heard?.message.fields ?? new Map();
    expect([2, 3, 4, 25, 63].map((field) => fields.get(field))).toEqual([PAN, "000000", "000000000450", "00", "CUP"]);
    expect(String(fields.get(60)).slice(0, 2)).toBe("36");
    const chip = parseChipData(fields.get(55) as Uint8Array);
    const object = (tag: number) => (chip.ok ? toHex(chip.data.objects.get(tag) ?? new Uint8Array(0)) : "");
    expect([0x8a, 0x9f26, 0x9f36, 0x9f02, 0x9a].map(object)).toEqual(["5931", "1122334455667788", "0007", "000000000450", "260105"]);
    expect(await due(made)).toBe(0);
    await send(made);
    expect(sent(made)).toHaveLength(1);
    expect(await made.run(made.settle())).toMatchObject({ kind: "equal", terminal: { debits: 1, debitFen: 450 } });
  });

  it.each([
    ["another purse", { ...CASH, purse: "compound" }, 450],
    ["the other route", { ...CASH, clearing: "settlement-host" }, 450],
    ["an amount that was only held", CASH, 0],
  ] as const)("of %s owes nothing", async (_name, detail, amount) => {
    const made = await bench();
    await sold(made, amount, detail);
    expect(await due(made)).toBe(0);
  });

  it("whose record tells too little waits for people", async () => {
    const made = await bench();
    const { tc: _, ...without } = CASH;
    await sold(made, 450, without);
    await send(made);
    expect(await parked(made)).toMatchObject([{ what: "offline-upload", amount: 450, reason: "record-unreadable" }]);
    expect([sent(made).length, made.slips.length, await due(made)]).toEqual([0, 1, 0]);
  });

  it("must go before the batch is compared", async () => {
    const made = await bench();
    await made.booked(100);
    await sold(made, 450);
    made.plan("not-sent", "not-sent", "not-sent");
    expect(await made.run(made.settle())).toEqual({ kind: "refused", reason: "uploads-due" });
    expect(await made.run(made.settle())).toMatchObject({ kind: "equal", terminal: { debits: 2, debitFen: 550 } });
  });

  it("that the acquirer does not take is parked within one settlement, and holds it up no longer", async () => {
    const made = await bench();
    await made.booked(100);
    await sold(made, 450);
    made.plan({ code: "05" }, { code: "05" }, { code: "05" });
    expect(await made.run(made.settle())).toMatchObject({ kind: "equal", terminal: { debits: 1, debitFen: 100 } });
    expect(await parked(made)).toMatchObject([{ reason: "acquirer-refused-05", tries: 3 }]);
  });

  it("does not enter a batch that is half settled", async () => {
    const made = await bench();
    await made.booked(100);
    made.plan("take", "lost-after", "lost-after", "lost-after");
    expect(await made.run(made.settle())).toMatchObject({ kind: "half-done" });
    await sold(made, 450);
    await send(made);
    expect(sent(made)).toHaveLength(0);
    expect(await made.run(made.settle())).toMatchObject({ kind: "equal", terminal: { debits: 1 } });
    await send(made);
    expect(sent(made)).toHaveLength(1);
    expect(await made.run(made.settle())).toMatchObject({ kind: "equal", batch: "000002", terminal: { debits: 1, debitFen: 450 } });
  });
});

describe("sent twice", () => {
  it("is a success of bytes whose answer was lost", async () => {
    const made = await bench();
    await sold(made, 450);
    made.plan("lost-after");
    await send(made);
    expect(await due(made)).toBe(1);
    await made.nextLife();
    await send(made);
    const [first, second] = sent(made);
    expect(second?.message.fields).toEqual(first?.message.fields);
    expect([second?.sentBefore, await due(made), made.acquirer.rows.size]).toEqual([true, 0, 1]);
    expect(await made.run(made.settle())).toMatchObject({ kind: "equal", terminal: { debits: 1 } });
  });

  it("is no success of what was never sent: people look", async () => {
    const made = await bench();
    await sold(made, 450);
    made.plan({ code: "94" });
    await send(made);
    expect(await parked(made)).toMatchObject([{ reason: "duplicate-never-sent", tries: 1 }]);
  });

  it("is no success of what was certainly not sent", async () => {
    const made = await bench();
    await sold(made, 450);
    made.plan("not-sent", { code: "94" });
    await send(made);
    await send(made);
    expect(await parked(made)).toMatchObject([{ reason: "duplicate-never-sent", tries: 1 }]);
  });
});

describe("tries", () => {
  it("are counted where the acquirer may have heard, and the last one parks", async () => {
    const made = await bench();
    await sold(made, 450);
    made.plan({ code: "05" }, "not-sent", "lost-before", { code: "05" });
    for (let at = 0; at < 4; at += 1) await send(made);
    expect(await parked(made)).toMatchObject([{ reason: "acquirer-refused-05", tries: 3 }]);
    expect(made.slips).toHaveLength(1);
    await send(made);
    expect(sent(made)).toHaveLength(2);
  });

  it("of the least tried come first", async () => {
    const made = await bench();
    await sold(made, 1);
    made.plan({ code: "05" });
    await send(made);
    await sold(made, 2);
    await send(made);
    expect(sent(made).map(({ message }) => message.fields.get(4))).toEqual(["000000000001", "000000000002", "000000000001"]);
  });

  it("begin anew when a person says so, or end", async () => {
    const made = await bench();
    await sold(made, 1);
    await sold(made, 2);
    made.plan({ code: "94" }, { code: "94" });
    await send(made);
    const [first, second] = await parked(made);
    const says = (act: "retry" | "dismiss", subject = "") => made.run(made.life.uploads[act](subject, { operator: "op1", note: "seen" }));
    expect([await says("retry", first?.subject), await says("retry", first?.subject)]).toEqual(["settled", "settled"]);
    expect([await says("dismiss", second?.subject), await says("dismiss", second?.subject)]).toEqual(["settled", "settled"]);
    expect([await says("dismiss", first?.subject), await says("retry", second?.subject), await says("retry")]).toEqual([
      "not-parked",
      "not-parked",
      "not-parked",
    ]);
    const [entry] = (await made.run(made.life.journal.entriesOf(second?.subject ?? ""))).slice(-1);
    expect([entry?.state, entry?.detail]).toMatchObject(["refused", { operator: "op1", note: "seen", dismissed: true }]);
    await send(made);
    expect([await parked(made), await due(made)]).toEqual([[], 0]);
  });
});

describe("a script's results", () => {
  it("go to the issuer, and do not hold up a settlement", async () => {
    const made = await bench();
    await made.booked(100);
    const { journal } = made.life;
    const scriptResults = [
      { scriptId: "00000007", kind: "done", executed: 1 },
      { scriptId: "00000008", kind: "failed", executed: 2 },
    ];
    const draft: EntryDraft = {
      kind: "bank-payment",
      state: "prepared",
      amount: fen(100),
      detail: { batch: "000001", stan: "000009", date: "20260105", scriptResults },
      personal: { pan: PAN },
    };
    const { subject } = await made.run(journal.append(draft));
    await made.run(journal.append({ ...draft, subject, state: "void" }));
    expect(await due(made)).toBe(0);
    await send(made);
    const heard = made.acquirer.heard.find(({ type }) => type === "0620");
    const chip = parseChipData(heard?.message.fields.get(55) as Uint8Array);
    expect([heard?.network, heard?.message.fields.get(61), chip.ok && toHex(chip.data.objects.get(0xdf31) ?? new Uint8Array(0))]).toEqual([
      "951",
      "000001000009",
      "20000000071300000008",
    ]);
    await send(made);
    expect(made.acquirer.heard.filter(({ type }) => type === "0620")).toHaveLength(1);
  });
});

describe("power cuts", () => {
  test.each(["before", "during", "after"] as const)("%s every commit: the sale is booked once", async (when) => {
    for (let at = 1; at < 12; at += 1) {
      const made = await bench();
      await sold(made, 450);
      let seen = 0;
      let armed = true;
      made.disk.onCommit(() => {
        seen += 1;
        return armed && seen === at ? { kind: "cut", when } : { kind: "go" };
      });
      await made.untilCut(made.life.ports.line.hold("clear", async () => "held", BATCH_LIMITS));
      const finished = made.on;
      armed = false;
      await made.nextLife();
      for (let again = 0; again < 3; again += 1) await send(made);
      expect([made.acquirer.rows.size, await due(made), await parked(made)]).toEqual([1, 0, []]);
      expect(await made.run(made.settle())).toMatchObject({ kind: "equal", terminal: { debits: 1, debitFen: 450 } });
      if (finished) return;
    }
    throw new Error("an upload has fewer commits");
  });

  test.each(["cut-before", "cut-after"] as const)("%s the message", async (cut) => {
    const made = await bench();
    await sold(made, 450);
    made.plan(cut);
    await made.untilCut(made.life.ports.line.hold("clear", async () => "held", BATCH_LIMITS));
    await made.nextLife();
    made.plan();
    await send(made);
    expect([made.acquirer.rows.size, await due(made)]).toEqual([1, 0]);
  });
});

describe("judging a reply", () => {
  const unknown = (reason: string) => ({ kind: "unknown", cause: "98", reason }) as const;
  it.each([
    [
      { tries: 0, sentBefore: false, reply: unknown("timeout") },
      { kind: "again", counts: true, mayHaveArrived: true, reason: "timeout" },
    ],
    [
      { tries: 2, sentBefore: false, reply: unknown("timeout") },
      { kind: "parked", mayHaveArrived: true, reason: "timeout" },
    ],
    [
      { tries: 9, sentBefore: true, reply: { kind: "not-sent", reason: "x" } },
      { kind: "again", counts: false, mayHaveArrived: true, reason: "x" },
    ],
  ] as const)("%j", (attempt, verdict) => {
    expect(judgeUpload({ ...attempt, triesMax: 3 })).toEqual(verdict);
  });
});
