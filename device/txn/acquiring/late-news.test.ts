/*
 * Goal: what is learned late or in an odd order moves no money twice: rows that change while their batch is settled, a batch number that comes again,
 * more offline sales than a batch has room for, an approval of a part, keys that the acquirer has changed.
 * Method: the bench of batches, and a counter with a bank written from the paper.
 */
import { expect, it } from "vitest";
import { drawSessionKeys } from "../../../simulators/host/acquirer/ciphers.ts";
import { fen } from "../../base/fen.ts";
import type { EntryDraft } from "../journal/types.ts";
import { BatchBench } from "./testing/batch.ts";
import { BANK_LIMITS, BankPlace } from "./testing.ts";
import { judgeUpload } from "./upload-judge.ts";

const PAN = "6228480000000000017";

async function bench(batchMax = 500): Promise<BatchBench> {
  const made = new BatchBench();
  made.profile = { ...made.profile, batchMax };
  await made.run(made.switchOn());
  return made;
}

/** The bank leg of a load that its card has not decided; the acquirer counts it. */
async function undecidedLeg(made: BatchBench): Promise<EntryDraft & { readonly subject: string }> {
  const { journal, book, stans } = made.life;
  const stan = await made.run(stans.claim());
  const detail = { load: "a-load", approved: true, batch: book.batch, stan, date: "20260105", interface: "contact" };
  const draft: EntryDraft = { kind: "bank-payment", state: "acting", amount: fen(5_000), detail, personal: { pan: PAN } };
  const { subject } = await made.run(journal.append({ ...draft, state: "prepared" }));
  await made.run(journal.append({ ...draft, subject, marks: book.add(subject) }));
  made.acquirer.rows.set(stan, { stan, side: "debit", foreign: false, fen: 5_000 });
  return { ...draft, subject };
}

it("a leg that goes back while its batch is half settled leaves the messages as they were counted", async () => {
  const made = await bench();
  await made.booked(100, { chip: "certificate" });
  const leg = await undecidedLeg(made);
  made.acquirer.rows.set("x", { stan: "x", side: "debit", foreign: false, fen: 5 });
  made.plan("take", "take", "lost-before", "lost-before", "lost-before");
  expect(await made.run(made.settle())).toMatchObject({ kind: "half-done" });
  await made.run(made.life.journal.append({ ...leg, state: "void" }));
  expect(await made.run(made.settle())).toMatchObject({ kind: "unequal", uploaded: 2 });
  expect(made.acquirer.ends).toBe(1);
});

it("a leg that gets its certificate while its batch is half settled does not take the place of the end", async () => {
  const made = await bench();
  await made.booked(100);
  const leg = await undecidedLeg(made);
  made.plan("take", "lost-before", "lost-before", "lost-before");
  expect(await made.run(made.settle())).toMatchObject({ kind: "half-done" });
  await made.nextLife();
  await made.run(made.life.journal.append({ ...leg, state: "done", personal: { pan: PAN, chipCertificate: "9f26081122334455667788" } }));
  expect(await made.run(made.settle())).toMatchObject({ kind: "equal" });
  expect(made.acquirer.ends).toBe(1);
});

it("a batch number that was settled and comes again begins with an empty book", async () => {
  const made = await bench();
  await made.booked(100);
  expect(await made.run(made.settle())).toMatchObject({ kind: "equal" });
  await made.run(made.life.book.adopt("000001"));
  await made.nextLife();
  expect([made.life.book.batch, made.life.book.count, await made.run(made.life.book.rows("000001"))]).toEqual(["000001", 0, []]);
});

it("offline sales for which a batch has no room go into the next", async () => {
  const made = await bench(3);
  const known = { purse: "electronic-cash", clearing: "acquirer", date: "20260105", time: "120000", type: "00", countryCode: "0156", currencyCode: "0156" };
  const chip = { unpredictableNumber: "01020304", applicationId: "a000000333010101", interchangeProfile: "7c00", issuerData: "0701010390000001" };
  for (let atc = 1; atc <= 5; atc += 1) {
    const detail = { ...known, ...chip, verificationResults: "0000000000", tc: "1122334455667788", atc };
    const draft: EntryDraft = { kind: "quick-payment", state: "prepared", amount: fen(450), detail, personal: { pan: PAN } };
    const { subject } = await made.run(made.life.journal.append(draft));
    await made.run(made.life.journal.append({ ...draft, subject, state: "done" }));
  }
  expect(await made.run(made.settle())).toMatchObject({ kind: "equal", terminal: { debits: 3 } });
  expect(await made.run(made.settle())).toMatchObject({ kind: "equal", terminal: { debits: 2 } });
});

it("an approval of a part of an offline sale is no clearing of it", () => {
  const reply = { kind: "approved", responseCode: "10", partial: true, amount: fen(1), message: { type: "0210", fields: new Map() } } as const;
  expect(judgeUpload({ tries: 0, triesMax: 2, sentBefore: false, reply })).toMatchObject({ kind: "again", counts: true, mayHaveArrived: true });
  expect(judgeUpload({ tries: 1, triesMax: 2, sentBefore: true, reply })).toMatchObject({ kind: "parked", reason: "partial-approval" });
});

it("keys that the acquirer has changed are fetched again, also where every reply needs its MAC", async () => {
  const place = new BankPlace({ profile: { macAppliesTo: "all" } });
  await place.start();
  const pay = (reference: string) => {
    place.reader.remove();
    place.card();
    return place.run(place.bank.acts.pay({ reference, business: "sale", amount: fen(100), operator: "op1" }, BANK_LIMITS));
  };
  expect(await pay("s1")).toMatchObject({ kind: "approved" });
  const others = drawSessionKeys("tdes-40", (length) => new Uint8Array(length).fill(0x37));
  place.ledger.sessions.signIn(place.host.profile.terminalNumber, others);
  expect(await pay("s2")).toMatchObject({ kind: "refused", reason: "reply-mac-wrong" });
  expect(await pay("s3")).toMatchObject({ kind: "approved" });
});
