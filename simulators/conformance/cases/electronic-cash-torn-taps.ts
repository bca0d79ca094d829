/*
 * Goal: wherever the terminal's own tap with electronic cash is torn, it learns from the card whether it was paid, and pays once.
 * Method: tables of the commands of its taps times the three points of a tear; then cards that tell less, or have been elsewhere meanwhile.
 */
import { toHex } from "../../../device/base/bytes.ts";
import { fen } from "../../../device/base/fen.ts";
import { industryPart } from "../../../device/card/electronic-cash/industry.ts";
import type { CashOutcome } from "../../../device/card/electronic-cash/machine-types.ts";
import { proveTransaction } from "../../../device/card/electronic-cash/prove-transaction.ts";
import type { PreparedCashTap } from "../../../device/card/electronic-cash/tap.ts";
import { GET_BALANCE, processQuickHex, READ_LAST, SELECT_CASH } from "../../card/electronic-cash/testing.ts";
import type { TearPoint } from "../../card/state.ts";
import { LIMITS } from "../card-bench.ts";
import { BALANCE_FEN, type CashBench, type CashRow, cashCases, type TapChange } from "../cash-bench.ts";
import { expectEqual, expectMatch, expectTrue, fail } from "../expect.ts";
import type { ConformanceCase } from "../types.ts";
import { CHANGED_RECORD, signerOf } from "./electronic-cash-extension.ts";

const REPLAY = "JR/T 0025, torn qPBOC transaction";
const CASH = "JR/T 0025, electronic cash";
const POINTS: readonly TearPoint[] = ["before", "during", "after"];
const FARE = 400;
const PAID = [BALANCE_FEN - FARE, 1] as const;
const contact = "contact" as const;

/** Commands of the terminal's own tap by radio: name, class and instruction, in their order. */
const OWN_TAP: readonly (readonly [name: string, header: number])[] = [
  ["DIRECTORY", 0x00a4],
  ["SELECT", 0x00a4],
  ["BALANCE", 0x80ca],
  ["COUNTER", 0x80ca],
  ["OPTIONS", 0x80a8],
  ["TRACK", 0x00b2],
  ["SIGNED", 0x00b2],
  ["ISSUER", 0x00b2],
  ["CARD", 0x00b2],
  ["LAST", 0x00b2],
];

/** Tears the command with this number of the insertion, and says what it was. */
function planTear(cash: CashBench, tear: { readonly index: number; readonly at: TearPoint }): { header: number | undefined } {
  const torn: { header: number | undefined } = { header: undefined };
  cash.bench.reader.setFate(({ command, index }) => {
    if (torn.header !== undefined || index !== tear.index) return { kind: "ok" };
    torn.header = ((command[0] ?? 0) << 8) | (command[1] ?? 0);
    return { kind: "tear", at: tear.at };
  });
  return torn;
}

/** A tap whose intent is kept by the caller, as the payment flow keeps it. */
async function tapKeepingIntent(cash: CashBench, change: TapChange = {}): Promise<{ readonly outcome: CashOutcome; readonly prepared?: PreparedCashTap }> {
  const prepared = await cash.prepare(change);
  return prepared.kind === "ready" ? { outcome: await cash.commit(prepared), prepared } : { outcome: prepared };
}

const OWN_TAPS: readonly CashRow[] = OWN_TAP.flatMap(([name, header], index) =>
  POINTS.map(
    (at): CashRow => ({
      id: `ECT-OWN-${name}-${at}`.toUpperCase(),
      spec: REPLAY,
      title: `the terminal's tap torn ${at} ${name}: it learns from the card whether it was paid, and pays once`,
      tags: ["torn", "flow", "purchase", "proof"],
      run: async (cash) => {
        const torn = planTear(cash, { index, at });
        const { outcome, prepared } = await tapKeepingIntent(cash);
        expectEqual(torn.header, header, "the torn command");
        const paid = name === "LAST" && at === "after";
        expectMatch(outcome, { kind: "card-lost", effectUnknown: name === "LAST" }, "outcome");
        await cash.reset();
        if (name === "LAST") {
          expectTrue(prepared !== undefined, "the intent was kept before the commit");
          const evidence = await proveTransaction(await cash.bench.channel(), prepared.intent, LIMITS);
          expectMatch(evidence, paid ? { kind: "debited", proof: "replay" } : { kind: "not-debited" }, "the card's evidence");
        }
        if (!paid) {
          await cash.reset();
          expectMatch(await cash.tap(), { kind: "approved" }, "the next tap");
        }
        expectEqual(cash.books, PAID, "balance and debits");
      },
    }),
  ),
);

interface EvidenceRow {
  readonly name: string;
  readonly title: string;
  readonly options?: Pick<CashRow, "cash" | "faults">;
  readonly change?: TapChange;
  /** What happens to the card before it comes back to the terminal. */
  readonly between?: (cash: CashBench) => Promise<void>;
  readonly evidence: Readonly<Record<string, unknown>>;
}

const EVIDENCE: readonly EvidenceRow[] = [
  {
    name: "FORGETFUL",
    title: "a card that keeps no answer tells by its balance",
    options: { faults: { lastAnswerLost: true } },
    evidence: { kind: "debited", proof: "balance" },
  },
  {
    name: "ERASED",
    title: "a last answer erased elsewhere leaves the balance",
    between: async (cash) => {
      await cash.all(SELECT_CASH, GET_BALANCE);
    },
    evidence: { kind: "debited", proof: "balance" },
  },
  {
    name: "BEGUN",
    title: "a sale that was begun elsewhere leaves the log",
    between: async (cash) => {
      await cash.all(SELECT_CASH, processQuickHex({ amountFen: 1 }));
    },
    evidence: { kind: "debited", proof: "log" },
  },
  {
    name: "SPENT",
    title: "a sale that was paid elsewhere leaves the log",
    between: async (cash) => {
      await cash.all(SELECT_CASH, processQuickHex({ amountFen: 1 }), READ_LAST);
    },
    evidence: { kind: "debited", proof: "log" },
  },
  {
    name: "OVERRUN",
    title: "a log that has dropped the sale leaves it open",
    options: { cash: { logRecords: 3 } },
    between: async (cash) => {
      for (let number = 0; number < 3; number += 1) await cash.all(SELECT_CASH, processQuickHex({ amountFen: 1 }), READ_LAST);
    },
    evidence: { kind: "undecidable", why: "log-overrun" },
  },
  {
    name: "PLAIN",
    title: "a card whose last record is the same each time tells by its balance",
    options: { cash: { signatureVersion: "00" } },
    evidence: { kind: "debited" },
  },
  {
    name: "ALL",
    title: "a card that was spent empty tells so",
    change: { terms: { amount: fen(BALANCE_FEN) } },
    evidence: { kind: "debited", proof: "replay", balance: 0 },
  },
];

const OWN_EVIDENCE: readonly CashRow[] = EVIDENCE.map(({ name, title, options = {}, change, between, evidence }) => ({
  id: `ECT-EVIDENCE-${name}`,
  spec: REPLAY,
  title,
  tags: ["torn", "flow", "proof"],
  ...options,
  run: async (cash) => {
    planTear(cash, { index: OWN_TAP.length - 1, at: "after" });
    const { prepared } = await tapKeepingIntent(cash, change);
    expectTrue(prepared !== undefined, "the intent was kept before the commit");
    await cash.reset();
    await between?.(cash);
    if (between !== undefined) await cash.reset();
    expectMatch(await proveTransaction(await cash.bench.channel(), prepared.intent, LIMITS), evidence, "the card's evidence");
  },
}));

/** The terminal's own sale over contacts: only the commands that change the card are torn. */
const OWN_CONTACT: readonly CashRow[] = [
  ["OPTIONS", 0x80a8],
  ["SIGN", 0x0088],
  ["GENERATE", 0x80ae],
].flatMap(([name = "", header]) =>
  POINTS.map(
    (at): CashRow => ({
      id: `ECT-OWN-CONTACT-${name}-${at}`.toUpperCase(),
      spec: CASH,
      title: `the terminal's sale over contacts torn ${at} ${name}: it learns from the card whether it was paid, and pays once`,
      tags: ["torn", "flow", "purchase", "proof"],
      through: contact,
      run: async (cash) => {
        let torn = false;
        cash.bench.reader.setFate(({ command }) => {
          if (torn || (((command[0] ?? 0) << 8) | (command[1] ?? 0)) !== header) return { kind: "ok" };
          torn = true;
          return { kind: "tear", at };
        });
        const { outcome, prepared } = await tapKeepingIntent(cash);
        const paid = name === "GENERATE" && at === "after";
        expectMatch(outcome, { kind: "card-lost", effectUnknown: name === "GENERATE" }, "outcome");
        await cash.reset();
        if (prepared !== undefined) {
          const evidence = await proveTransaction(await cash.bench.channel(), prepared.intent, LIMITS);
          expectMatch(evidence, { kind: paid ? "debited" : "not-debited" }, "the card's evidence");
        }
        if (!paid) {
          await cash.reset();
          expectMatch(await cash.tap(), { kind: "approved" }, "the next sale");
        }
        expectEqual(cash.books, PAID, "balance and debits");
      },
    }),
  ),
);

/** With answers in parts the certificate waits in the card: it has paid, and GET RESPONSE is what is torn. */
const IN_PARTS: readonly CashRow[] = POINTS.map((at) => ({
  id: `ECT-OWN-CONTACT-RESPONSE-${at}`.toUpperCase(),
  spec: CASH,
  title: `the terminal's sale with answers in parts torn ${at} the last GET RESPONSE: the card has paid, and says so`,
  tags: ["torn", "flow", "purchase", "proof", "t0"],
  through: contact,
  inParts: true,
  run: async (cash) => {
    let generated = false;
    cash.bench.reader.setFate(({ command }) => {
      const torn = generated && command[1] === 0xc0;
      generated = command[1] === 0xae;
      return torn ? { kind: "tear", at } : { kind: "ok" };
    });
    const { outcome, prepared } = await tapKeepingIntent(cash);
    expectMatch(outcome, { kind: "card-lost", effectUnknown: true }, "outcome");
    expectTrue(prepared !== undefined, "the intent was kept before the commit");
    await cash.reset();
    expectMatch(await proveTransaction(await cash.bench.channel(), prepared.intent, LIMITS), { kind: "debited" }, "the card's evidence");
    expectEqual(cash.books, PAID, "balance and debits");
  },
}));

const OWN_FARES: readonly CashRow[] = POINTS.map((at) => ({
  id: `ECT-OWN-FARE-${at}`.toUpperCase(),
  spec: "JR/T 0025, segment fare",
  title: `the terminal's entry of nothing torn ${at} its last record: the card's certificate tells`,
  tags: ["torn", "flow", "industry", "proof"],
  cash: { extension: {} },
  faults: { lastAnswerLost: true },
  run: async (cash) => {
    const part = industryPart({ place: { sfi: 21, recordId: "2701" }, newContent: () => CHANGED_RECORD, signer: signerOf(cash) });
    const prepared = await cash.prepare({ terms: { amount: fen(0), industry: "segment-fare" }, industryPart: part });
    if (prepared.kind !== "ready") fail(`the tap is ready, but: ${prepared.kind}`);
    cash.bench.reader.setFate(() => ({ kind: "tear", at }));
    expectMatch(await cash.commit(prepared), { kind: "card-lost", effectUnknown: true }, "outcome");
    cash.bench.reader.setFate(() => ({ kind: "ok" }));
    await cash.reset();
    const evidence = await proveTransaction(await cash.bench.channel(), prepared.intent, LIMITS);
    expectMatch(evidence, at === "after" ? { kind: "debited", proof: "proof" } : { kind: "not-debited" }, "the card's evidence");
    expectEqual(cash.memory.industry[0]?.contentHex === toHex(CHANGED_RECORD), at === "after", "the record changed");
  },
}));

export const ELECTRONIC_CASH_TORN_TAP_CASES: readonly ConformanceCase[] = cashCases([...OWN_TAPS, ...OWN_EVIDENCE, ...OWN_CONTACT, ...IN_PARTS, ...OWN_FARES]);
