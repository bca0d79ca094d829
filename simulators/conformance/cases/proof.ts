/* What the terminal learns from the card after a lost debit: log first, then proof, in every order that the profile allows. */
import { toHex } from "../../../device/base/bytes.ts";
import { debitPurchase } from "../../../device/card/purse/commands.ts";
import type { CardProfile } from "../../../device/codec/card-profile.ts";
import type { TearPoint } from "../../card/state.ts";
import { CardBench, type CardBenchOptions, LIMITS, type SaleTerms } from "../card-bench.ts";
import { expectEqual, expectFault, expectMatch } from "../expect.ts";
import type { ConformanceCase } from "../types.ts";

const PROVE = "PBOC purse, GET TRANSACTION PROVE";
const SALE: SaleTerms = { amountFen: 450, time: "120500" };
const EARLIER: SaleTerms = { amountFen: 450, time: "120000" };
const MODES = ["pre", "post"] as const;

/** A debit that is torn; gives what the terminal knows of it. */
async function tornDebit(bench: CardBench, at: TearPoint) {
  const begun = await bench.begin(SALE);
  bench.tearNext(0x54, at);
  await expectFault(debitPurchase(await bench.channel(), begun.completion, LIMITS), { code: "card-removed", effectUnknown: true }, "the torn debit");
  return begun;
}

async function sales(bench: CardBench, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    await bench.reset();
    await bench.sell({ amountFen: 100, time: `13${String(number).padStart(2, "0")}00` });
  }
}

/** Which of the three numbers proves a sale depends on the card. */
const ORDERS: readonly (readonly [name: string, order: CardProfile["proveSeqOrder"], proofs: { readonly pre: boolean; readonly post: boolean }])[] = [
  ["log1", ["log1"], { pre: true, post: true }],
  ["seq", ["seq"], { pre: true, post: false }],
  ["seq+1", ["seq+1"], { pre: false, post: true }],
  ["log1,seq,seq+1", ["log1", "seq", "seq+1"], { pre: true, post: true }],
  ["seq+1,seq", ["seq+1", "seq"], { pre: true, post: true }],
];

const BY_ORDER: readonly ConformanceCase[] = MODES.flatMap((mode) =>
  ORDERS.map(
    ([name, proveSeqOrder, proofs]): ConformanceCase => ({
      id: `EPV-${mode}-${name}`.toUpperCase().replaceAll(",", "-").replaceAll("+", "P"),
      spec: PROVE,
      title: `a card in mode ${mode} asked in the order ${name} ${proofs[mode] ? "proves the sale" : "leaves it to the log"}`,
      tags: ["purse", "proof", "torn", mode, `profile:proveSeqOrder=${name}`, `profile:logSeqMode=${mode}`],
      run: async (context) => {
        const bench = new CardBench(context, { profile: { logSeqMode: mode, proveSeqOrder }, card: { offlineSeq: 40 } });
        const { opening } = await tornDebit(bench, "after");
        const evidence = await bench.evidence(await bench.intent(SALE, { cardSequence: opening.cardSequence }));
        expectMatch(evidence, { kind: "debited", proof: proofs[mode] ? "log" : "log-only" }, "evidence");
        if (evidence.kind === "debited" && evidence.proof === "log") expectEqual(toHex(evidence.tac), bench.card.debits[0]?.tac, "the TAC of the proof");
      },
    }),
  ),
);

interface EvidenceRow {
  readonly name: string;
  readonly title: string;
  readonly at: TearPoint;
  readonly earlier: number;
  readonly later: number;
  /** Whether the terminal saw the answer to INITIALIZE. */
  readonly knowsSequence: boolean;
  readonly bench?: CardBenchOptions;
  readonly expected: Readonly<Record<string, unknown>>;
}

const DEBITED = { kind: "debited", proof: "log" };
const NOT_DEBITED = { kind: "not-debited" };

const EVIDENCE: readonly EvidenceRow[] = [
  { name: "BEFORE", title: "torn before the commit, not debited", at: "before", earlier: 0, later: 0, knowsSequence: true, expected: NOT_DEBITED },
  { name: "DURING", title: "torn during the commit, not debited", at: "during", earlier: 0, later: 0, knowsSequence: true, expected: NOT_DEBITED },
  { name: "AFTER", title: "torn after the commit, debited", at: "after", earlier: 0, later: 0, knowsSequence: true, expected: DEBITED },
  {
    name: "AFTER-UNKNOWN",
    title: "torn after the commit, the sequence unknown, debited",
    at: "after",
    earlier: 0,
    later: 0,
    knowsSequence: false,
    expected: DEBITED,
  },
  {
    name: "PREVIOUS-BEFORE",
    title: "the card still proves its previous sale of the same amount, not debited",
    at: "before",
    earlier: 1,
    later: 0,
    knowsSequence: true,
    expected: NOT_DEBITED,
  },
  {
    name: "PREVIOUS-DURING",
    title: "the same, torn during the commit, not debited",
    at: "during",
    earlier: 1,
    later: 0,
    knowsSequence: true,
    expected: NOT_DEBITED,
  },
  {
    name: "PREVIOUS-UNKNOWN",
    title: "the same, the sequence unknown, not debited",
    at: "before",
    earlier: 1,
    later: 0,
    knowsSequence: false,
    expected: NOT_DEBITED,
  },
  {
    name: "PREVIOUS-AFTER",
    title: "debited like its previous sale of the same amount",
    at: "after",
    earlier: 1,
    later: 0,
    knowsSequence: true,
    expected: DEBITED,
  },
  {
    name: "LATER",
    title: "a later sale has taken the proof's place",
    at: "after",
    earlier: 0,
    later: 1,
    knowsSequence: true,
    expected: { kind: "debited", proof: "log-only" },
  },
  {
    name: "OVERRUN",
    title: "ten later sales have pushed it out of the log",
    at: "after",
    earlier: 0,
    later: 10,
    knowsSequence: false,
    expected: { kind: "undecidable", why: "log-overrun" },
  },
  {
    name: "OVERRUN-NOT",
    title: "ten later sales leave open whether it was debited",
    at: "before",
    earlier: 0,
    later: 10,
    knowsSequence: false,
    expected: { kind: "undecidable", why: "log-overrun" },
  },
  { name: "FULL-LOG", title: "a full log of older sales, not debited", at: "before", earlier: 12, later: 0, knowsSequence: true, expected: NOT_DEBITED },
  { name: "FULL-LOG-AFTER", title: "at the top of a full log, debited", at: "after", earlier: 12, later: 0, knowsSequence: true, expected: DEBITED },
  {
    name: "PROOF-DROPPED",
    title: "a card that drops its proof at INITIALIZE, not debited",
    at: "before",
    earlier: 1,
    later: 0,
    knowsSequence: true,
    bench: { card: { faults: { proofDroppedByNextInit: true } } },
    expected: NOT_DEBITED,
  },
];

const BY_EVIDENCE: readonly ConformanceCase[] = MODES.flatMap((mode) =>
  EVIDENCE.map(
    (row): ConformanceCase => ({
      id: `EPV-${mode.toUpperCase()}-${row.name}`,
      spec: PROVE,
      title: `mode ${mode}: ${row.title}`,
      tags: ["purse", "proof", "torn", mode, `profile:logSeqMode=${mode}`, ...(row.at === "after" ? [] : (["negative"] as const))],
      run: async (context) => {
        const bench = new CardBench(context, { ...row.bench, profile: { logSeqMode: mode } });
        if (row.earlier > 1) await sales(bench, row.earlier - 1);
        if (row.earlier > 0) {
          await bench.reset();
          await bench.sell(EARLIER);
          await bench.reset();
        }
        const { opening, purchase } = await tornDebit(bench, row.at);
        purchase.release();
        await sales(bench, row.later);
        const more = row.knowsSequence ? { cardSequence: opening.cardSequence } : {};
        expectMatch(await bench.evidence(await bench.intent(SALE, more)), row.expected, "evidence");
      },
    }),
  ),
);

const BY_MODULE: readonly ConformanceCase[] = MODES.map((mode) => ({
  id: `EPV-${mode.toUpperCase()}-CREDIT`,
  spec: "LD/T 32.9, CREDIT SAM FOR PURCHASE",
  title: `mode ${mode}: the module, holding its session, accepts the MAC2 of the proof`,
  tags: ["purse", "proof", "psam", "torn", mode, `profile:logSeqMode=${mode}`],
  run: async (context) => {
    const bench = new CardBench(context, { profile: { logSeqMode: mode } });
    const { opening, purchase } = await tornDebit(bench, "after");
    const evidence = await bench.evidence(await bench.intent(SALE, { cardSequence: opening.cardSequence }));
    expectMatch(evidence, DEBITED, "evidence");
    if (evidence.kind === "debited" && evidence.proof === "log") expectEqual(await purchase.credit(evidence.mac2, LIMITS), "accepted", "the module's word");
  },
}));

const OTHER_FACTS: readonly ConformanceCase[] = MODES.map((mode) => ({
  id: `EPV-${mode.toUpperCase()}-OTHER-FACTS`,
  spec: PROVE,
  title: `mode ${mode}: an entry that differs in time, date, amount or terminal is not this sale's`,
  tags: ["purse", "proof", "negative", mode, `profile:logSeqMode=${mode}`],
  run: async (context) => {
    const bench = new CardBench(context, { profile: { logSeqMode: mode } });
    const { opening } = await bench.sell(SALE);
    const { amount } = await bench.intent({ ...SALE, amountFen: 451 });
    const others = [{ time: "120501" }, { date: "20261122" }, { amount }, { terminalNumber: "990100000002" }, { type: 0x09 }];
    for (const other of others) {
      const intent = await bench.intent(SALE, { cardSequence: opening.cardSequence, ...other });
      expectEqual(await bench.evidence(intent), NOT_DEBITED, `evidence of a sale with another ${Object.keys(other).join()}`);
    }
    expectMatch(await bench.evidence(await bench.intent(SALE, { cardSequence: opening.cardSequence })), DEBITED, "evidence of the sale itself");
  },
}));

export const PROOF_CASES: readonly ConformanceCase[] = [...BY_ORDER, ...BY_EVIDENCE, ...BY_MODULE, ...OTHER_FACTS];
