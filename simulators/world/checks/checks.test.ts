/* Each checker sees the broken promise that it is there for. */
import { describe, expect, test } from "vitest";
import { concat, EMPTY, fromHex, toHex, utf8 } from "../../../device/base/bytes.ts";
import type { StoredEntry } from "../../../device/base/ports.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { InsurerLedger } from "../../host/medical/insurer-ledger.ts";
import { readDurable } from "./durable-entry.ts";
import { JournalCheck } from "./journal-check.ts";
import { MedicalCheck } from "./medical-check.ts";
import { MoneyCheck } from "./money-check.ts";
import { SecrecyCheck } from "./secrecy-check.ts";
import { Violation } from "./violation.ts";

const suite = openCipherSuite();
const SALE = { terminalNumber: "990100000001", date: "20260105", time: "120000" };
const DEBIT = { ...SALE, amountFen: 100, terminalSeq: 1, cardSeqBefore: 0, tac: "00000000" };

interface Given {
  readonly seq: number;
  readonly state?: string;
  readonly kind?: string;
  readonly subject?: string;
  readonly amountFen?: number;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly previous?: string;
  readonly wallMs?: number;
}

/** An entry as a journal would store it. */
function stored(given: Given): StoredEntry {
  const { seq, state = "prepared", kind = "quick-payment", subject = `s-${seq}`, amountFen = 100 } = given;
  const body = JSON.stringify({ seq, amountFen, wallMs: given.wallMs, detail: given.detail ?? { ...SALE, reference: "r" } });
  const hash = toHex(suite.sm3(fromHex(given.previous ?? "00".repeat(32)), concat(suite.sm3(utf8(body)), suite.sm3(EMPTY))));
  return { seq, subject, kind, state, body, hash };
}

/** Acts once, because a checker remembers what it was shown. */
function broken(promise: number, act: () => void): void {
  let seen: unknown;
  try {
    act();
  } catch (error) {
    seen = error;
  }
  expect(seen).toBeInstanceOf(Violation);
  expect(seen).toMatchObject({ promise });
}

const LIMITS = { unreceiptedCount: 2, unreceiptedSumFen: 250 };

describe("order, chain and exposure", () => {
  const started = () => {
    const check = new JournalCheck(suite, LIMITS);
    const first = stored({ seq: 1 });
    check.durable(first);
    return { check, first };
  };
  const later = (given: Given) => stored({ ...given, detail: { ...SALE, time: "120001" } });

  test("a gap", () => broken(5, () => started().check.durable(later({ seq: 3 }))));
  test("a record that is older than the one before it", () => {
    const check = new JournalCheck(suite, LIMITS);
    const first = stored({ seq: 1, wallMs: 5000 });
    check.durable(first);
    broken(5, () => check.durable(later({ seq: 2, previous: first.hash, wallMs: 4999 })));
  });
  test("a broken chain", () => broken(5, () => started().check.durable(later({ seq: 2 }))));
  test("a sale time that does not rise", () => {
    const { check, first } = started();
    broken(5, () => check.durable(stored({ seq: 2, previous: first.hash })));
  });
  test("receipts that run back or ahead", () => {
    const { check } = started();
    broken(5, () => check.receipted(2));
    check.receipted(1);
    broken(5, () => check.receipted(0));
  });
  test("too much without a receipt, until a receipt comes", () => {
    const { check, first } = started();
    const second = stored({ seq: 2, previous: first.hash, amountFen: 151, detail: { ...SALE, time: "120001" } });
    broken(6, () => check.durable(second));
  });
  test("what is refused or void counts no more", () => {
    const { check, first } = started();
    const closed = stored({ seq: 2, previous: first.hash, subject: "s-1", state: "void" });
    check.durable(closed);
    expect(() => check.durable(stored({ seq: 3, previous: closed.hash, amountFen: 250, detail: { ...SALE, time: "120002" } }))).not.toThrow();
  });
});

describe("the purse's money", () => {
  const prepared = () => {
    const check = new MoneyCheck();
    check.durable(readDurable(stored({ seq: 1 })), "card-a");
    return check;
  };
  test("a debit without an intent", () => broken(1, () => new MoneyCheck().debited("card-a", DEBIT)));
  test("a debit of another amount", () => broken(1, () => prepared().debited("card-a", { ...DEBIT, amountFen: 101 })));
  test("the same sale debited twice", () => {
    const check = prepared();
    check.debited("card-a", DEBIT);
    broken(2, () => check.debited("card-a", DEBIT));
  });
  test("the same reference debited as another sale", () => {
    const check = prepared();
    check.durable(readDurable(stored({ seq: 2, detail: { ...SALE, time: "120001", reference: "r" } })), "card-a");
    check.debited("card-a", DEBIT);
    broken(2, () => check.debited("card-a", { ...DEBIT, time: "120001" }));
  });
  test("paid before it is durable, and paid without a debit", () => {
    const check = prepared();
    broken(3, () => check.paid("s-1", 100));
    check.durable(readDurable(stored({ seq: 2, subject: "s-1", state: "done" })), "card-a");
    broken(3, () => check.paid("s-1", 100));
    check.debited("card-a", DEBIT);
    expect(() => check.paid("s-1", 100)).not.toThrow();
  });
  test("called unpaid although the card was debited", () => {
    const check = prepared();
    check.debited("card-a", DEBIT);
    broken(3, () => check.notPaid("s-1"));
  });
});

describe("the insurer's money", () => {
  const done = stored({ seq: 1, kind: "medical-purchase", state: "done", detail: { msgid: "P99010000001202601051200001000", reference: "r" } });
  test("done without a booking", () => {
    const check = new MedicalCheck(InsurerLedger.open(":memory:"));
    check.durable(readDurable(done));
    broken(1, () => check.settled());
    broken(3, () => check.paid("s-1", 100));
  });
  test("a msgid used twice", () => {
    const check = new MedicalCheck(InsurerLedger.open(":memory:"));
    check.durable(readDurable(done));
    broken(5, () => check.durable(readDurable({ ...done, subject: "s-9" })));
  });
});

describe("secrecy", () => {
  const check = new SecrecyCheck(["00009900000012345678", "T1234567X"]);
  test.each([
    ["text", () => check.text("a log", "card T1234567X refused")],
    ["text as bytes", () => check.bytes("a message", utf8("..T1234567X.."))],
    ["packed digits", () => check.bytes("a block", fromHex("ff00009900000012345678ff"))],
  ])("%s", (_, act) => broken(7, act));
  test("other numbers pass", () => expect(() => check.text("a log", "T7654321X")).not.toThrow());
});
