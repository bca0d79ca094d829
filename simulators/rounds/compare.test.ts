import { expect, test } from "vitest";
import { differences, type RoundBooks } from "./compare.ts";

const DEBIT = {
  amountFen: 450,
  terminalNumber: "990100000001",
  terminalSeq: 7,
  date: "20261121",
  time: "210000",
  cardSeqBefore: 3,
  tac: "0a0b0c0d",
};
const SECOND = { ...DEBIT, amountFen: 20, terminalSeq: 8, time: "210001", tac: "01020304" };

const GOOD: RoundBooks = {
  debits: [DEBIT, SECOND],
  cardsLostFen: 470,
  bookings: [
    { subject: "j-1", amountFen: 450, detail: { ...DEBIT } },
    // The log alone proves a debit without its TAC.
    { subject: "j-3", amountFen: 20, detail: { ...SECOND, tac: undefined } },
  ],
  journalDone: [
    { subject: "j-1", amountFen: 450 },
    { subject: "j-3", amountFen: 20 },
  ],
  journalEntries: 4,
  resolved: { done: 0, void: 0 },
  journalBreak: undefined,
  hostRecords: 4,
  hostRejects: 0,
  hostQuarantined: 0,
  unknown: 0,
  told: [
    { reference: "sale-1", subject: "j-1", amountFen: 450 },
    { reference: "sale-2", subject: "j-3", amountFen: 20 },
  ],
};

test("books that tell the same story have no differences", () => {
  expect(differences(GOOD)).toEqual([]);
});

const [FIRST_BOOKING, SECOND_BOOKING] = GOOD.bookings;
const booking = (change: object) => [{ ...FIRST_BOOKING, ...change }, SECOND_BOOKING] as RoundBooks["bookings"];

const WRONG: readonly (readonly [what: string, change: Partial<RoundBooks>, found: string])[] = [
  ["a debit without booking", { bookings: GOOD.bookings.slice(1) }, "debit 990100000001 20261121 210000 of 450 fen is not booked"],
  ["a booking without debit", { debits: [DEBIT], cardsLostFen: 450 }, "booking j-3 has no debit"],
  [
    "a debit booked twice",
    { bookings: [...GOOD.bookings, ...booking({ subject: "j-5" }).slice(0, 1)] },
    "booking of 990100000001 20261121 210000 stands twice",
  ],
  ["a card debited twice at one time", { debits: [DEBIT, DEBIT, SECOND] }, "debit 990100000001 20261121 210000 stands twice"],
  ["another amount", { bookings: booking({ amountFen: 451 }) }, "debit 990100000001 20261121 210000 of 450 fen is booked as 451"],
  ["other sums", { bookings: booking({ amountFen: 451 }) }, "471 fen are booked, the cards debited 470"],
  ["another TAC", { bookings: booking({ detail: { ...DEBIT, tac: "ffffffff" } }) }, "booking j-1 has another TAC"],
  ["balances that lost more than was debited", { cardsLostFen: 471 }, "the cards' balances lost 471 fen, their debits say 470"],
  ["records that never came", { hostRecords: 3 }, "the host has 3 records, the journal 4 entries"],
  ["parked records", { hostRejects: 1 }, "1 records were parked"],
  ["a quarantine", { hostQuarantined: 1 }, "the terminal is in quarantine"],
  ["open sales", { unknown: 2 }, "2 sales are open at the host"],
  ["a broken journal", { journalBreak: "entry 2: x" }, "the journal is broken: entry 2: x"],
  ["a booking that the journal has not", { journalDone: GOOD.journalDone.slice(1) }, "booking j-1 450 is not done in the journal:"],
  [
    "a sale told as paid that is not booked",
    { told: [...GOOD.told, { reference: "sale-3", subject: "j-9", amountFen: 1 }] },
    "told as paid: j-9 1 is not booked so",
  ],
  ["a sale booked that nobody was told of", { told: GOOD.told.slice(1) }, "booking j-1 450 is not told as paid:"],
  ["one subject told for two sales", { told: [...GOOD.told, { reference: "sale-3", subject: "j-1", amountFen: 450 }] }, "told as paid: j-1 450 stands twice"],
];

test.each(WRONG)("it finds %s", (_what, change, found) => {
  expect(differences({ ...GOOD, ...change })).toContain(found);
});
