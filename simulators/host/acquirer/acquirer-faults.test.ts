/* Each fault: what is booked, what the asker sees, and that one reversal of the message leaves nothing of it. */
import { expect, test } from "vitest";
import { actAtAcquirer } from "./acquirer-commands.ts";
import { ACQUIRER_FAULTS, type AcquirerFaultName, applyAcquirerFault, clearAcquirerFaults, noAcquirerFaults, planAcquirerFault } from "./acquirer-faults.ts";
import { chipData, fenDigits, type HandBank, type HandReply, openHandBank, PAN } from "./testing.ts";

const OPENING_FEN = 5_000_000;

type Seen = { readonly [Name in keyof HandReply]?: HandReply[Name] } | undefined;

const REPLIES: readonly (readonly [fault: AcquirerFaultName, booked: number, code: string | undefined, macHolds: boolean])[] = [
  ["request-lost", 0, undefined, false],
  ["reply-lost", 1_000, undefined, false],
  ["delivered-twice", 1_000, "00", true],
  ["wrong-mac", 1_000, "00", false],
  ["missing-mac", 1_000, "00", false],
  ["wrong-amount", 1_000, "00", true],
  ["wrong-stan", 1_000, "00", true],
  ["wrong-terminal", 1_000, "00", true],
  ["wrong-merchant", 1_000, "00", true],
  ["wrong-processing", 1_000, "00", true],
  ["wrong-type", 1_000, "00", true],
  ["previous-reply", 1_000, "00", false],
  ["partial", 500, "10", true],
  ["decline", 0, "05", true],
  ["forged-approval", 0, "00", false],
  ["mac-refused", 0, "A0", true],
  ["duplicate-claimed", 0, "94", true],
  ["issuer-silent", 1_000, "00", true],
];

async function sold(fault: AcquirerFaultName): Promise<{ readonly bank: HandBank; readonly reply: Seen; readonly reverse: () => Promise<HandReply> }> {
  const bank = await openHandBank();
  planAcquirerFault(bank.acquirer.faults, "0200/000000", ACQUIRER_FAULTS[fault]);
  const texts = bank.saleTexts(1_000, { 11: "000100", 23: "001", 55: chipData({ amountFen: 1_000, counter: 3, decision: "online" }) });
  const reply = await bank.send(bank.bytes("0200", texts));
  const { 26: _, 52: __, 53: ___, 55: ____, ...back } = { ...texts, 39: "98" } as Record<number, string>;
  return { bank, reply, reverse: () => bank.ask("0400", back) };
}

test.each(REPLIES)("fault %s books %i fen, and after one reversal nothing", async (fault, booked, code, macHolds) => {
  const { bank, reply, reverse } = await sold(fault);
  expect([reply?.code, reply?.macHolds ?? false]).toEqual([code, macHolds]);
  expect(bank.balanceFen()).toBe(OPENING_FEN - booked);
  await reverse();
  expect(bank.balanceFen()).toBe(OPENING_FEN);
  expect(bank.ledger.unsound()).toEqual([]);
});

test.each([
  ["wrong-amount", 4, fenDigits(1_001)],
  ["wrong-stan", 11, "000101"],
  ["wrong-terminal", 41, "53010009"],
  ["wrong-merchant", 42, "898530154110009"],
  ["wrong-processing", 3, "000001"],
] as const)("fault %s breaks field %i alone", async (fault, field, value) => {
  const { reply } = await sold(fault);
  expect(reply?.fields?.get(field)).toBe(value);
});

test("half a reply and noise are no message; a wrong type is another one; a previous reply is the one before", async () => {
  const bank = await openHandBank();
  const raw = async (fault: AcquirerFaultName) => {
    planAcquirerFault(bank.acquirer.faults, "0200", ACQUIRER_FAULTS[fault]);
    return bank.acquirer.exchange(bank.bytes("0200", bank.saleTexts(100)));
  };
  const whole = (await raw("wrong-type"))?.length ?? 0;
  expect((await raw("half-reply"))?.length).toBe(Math.floor(whole / 2));
  expect(new TextDecoder().decode(await raw("unreadable-reply"))).toMatch(/^HTTP/);
  const first = await bank.sale(100);
  planAcquirerFault(bank.acquirer.faults, "0200", ACQUIRER_FAULTS["previous-reply"]);
  expect((await bank.sale(200)).fields.get(11)).toBe(first.fields.get(11));
});

test("an approval that comes after the terminal has given up is booked, unless its reversal came first", async () => {
  const late = ACQUIRER_FAULTS["late-approval"];
  const kept = await sold("late-approval");
  expect([kept.reply, kept.bank.acquirer.lateBookings(), kept.bank.balanceFen()]).toEqual([undefined, 1, OPENING_FEN]);
  await kept.bank.clock.runUntil(late.lateMs + 1);
  expect([kept.bank.acquirer.lateBookings(), kept.bank.balanceFen()]).toEqual([0, OPENING_FEN - 1_000]);
  const undone = await sold("late-approval");
  expect((await undone.reverse()).code).toBe("25");
  await undone.bank.clock.runUntil(late.lateMs + 1);
  expect(undone.bank.balanceFen()).toBe(OPENING_FEN);
});

test("a slow reply takes its time; a stopped acquirer gives none", async () => {
  const bank = await openHandBank();
  planAcquirerFault(bank.acquirer.faults, "0200", ACQUIRER_FAULTS.slow);
  const asked = bank.sale(100);
  let settled = false;
  void asked.then(() => {
    settled = true;
  });
  await bank.clock.runUntil(4_999);
  expect(settled).toBe(false);
  await bank.clock.runUntil(5_001);
  expect((await asked).code).toBe("00");
  bank.acquirer.stop();
  expect(await bank.send(bank.bytes("0200", bank.saleTexts(100)))).toBeUndefined();
});

test("after a forced sign-in the old keys are worth nothing; wrong keys show in their check values", async () => {
  const bank = await openHandBank();
  planAcquirerFault(bank.acquirer.faults, "0200", ACQUIRER_FAULTS["sign-in-again"]);
  expect([(await bank.sale(100)).code, (await bank.sale(100)).code]).toEqual(["A0", "A0"]);
  await bank.signIn();
  expect((await bank.sale(100)).code).toBe("00");
  planAcquirerFault(bank.acquirer.faults, "0800", ACQUIRER_FAULTS["wrong-keys"]);
  await expect(bank.signIn()).rejects.toThrow(/check value/);
});

test.each([
  ["issuer-false", /^910A(?!.*3030$)|^910A.{16}3030$/],
  ["script-missing", /^910A.{20}$/],
  ["script-false", /^910A.{20}72/],
] as const)("fault %s of a load", async (fault, shape) => {
  const bank = await openHandBank();
  const load = async () => {
    const texts = bank.saleTexts(2_000, { 25: "91", 60: `45${bank.batch}`, 23: "001" });
    return (await bank.ask("0200", { ...texts, 55: chipData({ amountFen: 2_000, counter: 9, decision: "online", balanceFen: 300 }) })).fields.get(55);
  };
  const right = await load();
  planAcquirerFault(bank.acquirer.faults, "0200", ACQUIRER_FAULTS[fault]);
  const wrong = await load();
  expect(wrong).toMatch(shape);
  expect(wrong).not.toBe(right);
});

const INSTRUCTIONS: readonly (readonly [value: unknown, answer: string | RegExp | undefined])[] = [
  [5, "not-an-object"],
  [{}, "nothing to set"],
  [{ difference: "amount" }, undefined],
  [{ absent: true }, undefined],
  [{ of: "0200", fault: "dance" }, /^of, such as/],
  [{ of: "2", fault: "decline" }, /^of, such as/],
  [{ of: "0200/000000", fault: "decline", code: "51" }, undefined],
  [{ of: "0200", fault: "slow", slowMs: 7, probability: 0.5 }, undefined],
];

test.each(INSTRUCTIONS)("an instruction from outside: %j", (value, answer) => {
  const result = applyAcquirerFault(noAcquirerFaults(), value);
  if (answer instanceof RegExp) expect(result).toMatch(answer);
  else expect(result).toBe(answer);
});

test("instructions set what they name, and everything goes back", () => {
  const faults = noAcquirerFaults();
  applyAcquirerFault(faults, { of: "0200/000000", fault: "decline", code: "51" });
  applyAcquirerFault(faults, { of: "0400", fault: "slow", slowMs: 7, probability: 0.5 });
  applyAcquirerFault(faults, { absent: true, difference: "extra-row" });
  expect(faults).toMatchObject({
    absent: true,
    difference: "extra-row",
    planned: [{ of: "0200/000000", fault: { code: "51", effect: "none" } }],
    chances: [{ of: "0400", probability: 0.5, fault: { slowMs: 7 } }],
  });
  clearAcquirerFaults(faults);
  expect(faults).toEqual(noAcquirerFaults());
});

test.each([
  [7, { ok: false, reason: "not-an-object" }],
  [{ act: "dance" }, { ok: false, reason: "an act is one of set-status, batch, end-sign-ins" }],
  [
    { act: "set-status", account: PAN, status: "blue" },
    { ok: false, reason: "status is one of good, lost, stolen, restricted, closed" },
  ],
  [
    { act: "set-status", account: "1", status: "lost" },
    { ok: false, reason: "there is no such account" },
  ],
  [{ act: "set-status", account: PAN, status: "lost" }, { ok: true }],
  [{ act: "end-sign-ins" }, { ok: true }],
  [
    { act: "batch", terminal: "53010001" },
    { ok: true, batch: "000001", totals: { debits: 1, debitFen: 700, credits: 0, creditFen: 0 }, settlement: null, differences: [] },
  ],
])("what somebody does at the acquirer: %j", async (instruction, reply) => {
  const bank = await openHandBank();
  await bank.sale(700);
  expect(actAtAcquirer(bank.acquirer, instruction)).toEqual(reply);
});
