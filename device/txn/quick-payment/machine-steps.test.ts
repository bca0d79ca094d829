/* Whole steps, field by field: what the picture of the table leaves out, though the runner and the record live by it. */
import { expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { decide, QUICK_PAYMENT_RULES } from "./machine.ts";
import type { Event, OpenSale, Sale, State, Step } from "./types.ts";

const SALE: Sale = { amount: fen(500), unverifiedLimit: fen(1000), confirmation: "psam" };
const AT_LIMIT: Sale = { amount: fen(500), unverifiedLimit: fen(500), confirmation: "psam" };
const INTENT = { subject: "j-1", seq: 1 };
const CARD = { name: "a" };
const OPEN: OpenSale = { entry: { subject: "j-1", seq: 2 }, cardName: "a", attempt: 1, reason: "timeout", moduleMayCheck: true, tries: 0 };
const IN_SALE = { card: CARD, attempt: 1, intent: INTENT };
const RELEASE = { do: "release-module" } as const;

const ended = (outcome: Extract<State, { readonly at: "ended" }>["outcome"]): Step => ({ state: { at: "ended", outcome }, commands: [RELEASE] });

test.each<readonly [string, Sale, State, Event, Step]>([
  [
    "the first wait for a card has no pause",
    SALE,
    { at: "looking-up" },
    { is: "looked-up", known: { kind: "new" } },
    { state: { at: "awaiting-card", attempt: 1, tries: 0 }, commands: [{ do: "await-card", pauseMs: 0 }] },
  ],
  [
    "the limit itself is inside the limited policy",
    AT_LIMIT,
    { at: "looking-up" },
    { is: "looked-up", known: { kind: "paid", subject: "j-1", proof: "log", refused: false } },
    ended({ kind: "paid", subject: "j-1", amount: fen(500), verified: false, proof: "log" }),
  ],
  [
    "a card that is refused tells its status word",
    SALE,
    { at: "identifying", attempt: 1, tries: 0 },
    { is: "card-unusable", reason: "no-purse", statusWord: 0x6a82 },
    ended({ kind: "refused", reason: "no-purse", statusWord: 0x6a82 }),
  ],
  [
    "where there was no status word, none is told",
    SALE,
    { at: "identifying", attempt: 1, tries: 0 },
    { is: "card-unusable", reason: "application-blocked" },
    ended({ kind: "refused", reason: "application-blocked" }),
  ],
  [
    "the debit belongs to the card and the intent that were prepared",
    SALE,
    { at: "preparing", card: CARD, attempt: 2, opened: { asReserved: true } },
    { is: "entry-durable", entry: INTENT },
    { state: { at: "debiting", card: CARD, attempt: 2, intent: INTENT }, commands: [{ do: "debit" }] },
  ],
  [
    "a debit that was certainly not sent is void, and the same sale begins again",
    SALE,
    { at: "debiting", ...IN_SALE },
    { is: "card-lost", code: "card-removed", effectUnknown: false },
    {
      state: { at: "closing", subject: "j-1", next: { kind: "again", card: undefined, attempt: 2 } },
      commands: [{ do: "append", entry: { state: "void", after: INTENT, reason: "card-removed" } }],
    },
  ],
  [
    "a card that proves it was not debited goes on with itself",
    SALE,
    { at: "proving", open: OPEN },
    { is: "evidence-read", evidence: { kind: "not-debited" } },
    {
      state: { at: "closing", subject: "j-1", next: { kind: "again", card: CARD, attempt: 2 } },
      commands: [{ do: "append", entry: { state: "void", after: OPEN.entry, resolution: true, reason: "not-debited" } }, RELEASE],
    },
  ],
  [
    "the module is asked about a proof once",
    SALE,
    { at: "proving", open: OPEN },
    { is: "evidence-read", evidence: { kind: "debited", proof: "log" } },
    { state: { at: "checking-proof", open: { ...OPEN, moduleMayCheck: false } }, commands: [{ do: "confirm" }] },
  ],
])("%s", (_, sale, state, event, expected) => {
  expect(decide(QUICK_PAYMENT_RULES, sale, state, event)).toStrictEqual(expected);
});
