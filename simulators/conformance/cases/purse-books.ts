/* What stays in the card's books: balance, sequences, log and proof, by purchases and by loads. */
import { fromHex, toHex, u16be } from "../../../device/base/bytes.ts";
import { debitPurchase, readBalance, readLogRecord } from "../../../device/card/purse/commands.ts";
import { topUp } from "../../card/top-up.ts";
import { CardBench, type CardBenchOptions, LIMITS, SALE_DATE } from "../card-bench.ts";
import { expectAnswer, expectEqual, expectMatch, fail } from "../expect.ts";
import { INITIALIZE, SELECT_ENVIRONMENT, SELECT_PURSE } from "../script.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const INIT = "PBOC purse, INITIALIZE FOR PURCHASE";
const DEBIT = "PBOC purse, DEBIT FOR PURCHASE";
const PROVE = "PBOC purse, GET TRANSACTION PROVE";
const LOAD = "PBOC purse, load";
const SALE = { amountFen: 450, time: "101500" } as const;

/** A case over a bench with one purchase behind it. */
interface BookRow {
  readonly id: string;
  readonly spec: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly bench?: CardBenchOptions;
  readonly run: (bench: CardBench) => Promise<void>;
}

async function soldOnce(bench: CardBench) {
  const sold = await bench.sell(SALE);
  return sold.debit.kind === "ok" ? { ...sold, debit: sold.debit } : fail(`the card debits, but it answered ${sold.debit.statusWord.toString(16)}`);
}

const proveHex = (seq: number, type = "06"): string => `805A00${type}02${toHex(u16be(seq))}08`;

const BOOKS: readonly BookRow[] = [
  {
    id: "EPC-030",
    spec: DEBIT,
    title: "a purchase moves balance, sequence and log together, once",
    tags: ["purse", "purchase"],
    run: async (bench) => {
      await soldOnce(bench);
      const { balanceFen, offlineSeq, debits } = bench.card;
      expectEqual({ balanceFen, offlineSeq, debits: debits.length }, { balanceFen: 9_550, offlineSeq: 1, debits: 1 }, "the card's books");
      expectEqual(await readBalance(await bench.channel(), LIMITS), { kind: "ok", balance: 9_550 }, "the balance that the card tells");
    },
  },
  {
    id: "EPC-031",
    spec: "PBOC purse, EF18",
    title: "the log's newest record is the purchase: amount, type, terminal, date and time",
    tags: ["purse", "purchase"],
    run: async (bench) => {
      await soldOnce(bench);
      const record = await readLogRecord(await bench.channel(), 1, LIMITS);
      expectMatch(
        record,
        { kind: "ok", entry: { amount: 450, type: 6, terminalNumber: "990100000001", date: SALE_DATE, time: SALE.time, overdraftLimit: 0 } },
        "record 1",
      );
      expectEqual(await readLogRecord(await bench.channel(), 2, LIMITS), { kind: "no-record" }, "record 2");
    },
  },
  {
    id: "EPC-032",
    spec: "PBOC purse, EF18",
    title: "the log keeps ten records, the newest first",
    tags: ["purse", "purchase"],
    run: async (bench) => {
      for (let count = 1; count <= 12; count += 1) await bench.sell({ amountFen: count, time: "101500" });
      const channel = await bench.channel();
      for (const [number, amount] of [
        [1, 12],
        [10, 3],
      ] as const)
        expectMatch(await readLogRecord(channel, number, LIMITS), { kind: "ok", entry: { amount } }, `record ${number}`);
      expectEqual(await readLogRecord(channel, 11, LIMITS), { kind: "no-record" }, "record 11");
    },
  },
  {
    id: "EPC-033",
    spec: "PBOC purse, states",
    title: "asking for the balance leaves the purchase open",
    tags: ["purse", "purchase"],
    run: async (bench) => {
      const { completion } = await bench.begin(SALE);
      expectAnswer(await bench.apdu("805C000204"), "000027109000", "the balance");
      expectMatch(await debitPurchase(await bench.channel(), completion, LIMITS), { kind: "ok" }, "the debit");
    },
  },
  {
    id: "EPC-034",
    spec: "PBOC purse, states",
    title: "asking for a proof leaves the purchase open",
    tags: ["purse", "purchase", "proof"],
    run: async (bench) => {
      const { completion } = await bench.begin(SALE);
      expectEqual(await bench.apdu(proveHex(1)), "9406", "the proof");
      expectMatch(await debitPurchase(await bench.channel(), completion, LIMITS), { kind: "ok" }, "the debit");
    },
  },
  {
    id: "EPC-035",
    spec: DEBIT,
    title: "a debit that was taken is not taken again",
    tags: ["purse", "purchase", "negative"],
    run: async (bench) => {
      const { completion } = await soldOnce(bench);
      expectEqual(await debitPurchase(await bench.channel(), completion, LIMITS), { kind: "refused", statusWord: 0x6901 }, "the second debit");
      expectEqual(bench.card.balanceFen, 9_550, "balance");
    },
  },
  {
    id: "EPC-036",
    spec: DEBIT,
    title: "a debit of an earlier opening is refused by the next",
    tags: ["purse", "purchase", "negative"],
    run: async (bench) => {
      const first = await bench.begin(SALE);
      first.purchase.release();
      await bench.begin(SALE);
      expectEqual(await debitPurchase(await bench.channel(), first.completion, LIMITS), { kind: "refused", statusWord: 0x9302 }, "the debit with the old MAC1");
      expectEqual(bench.card.balanceFen, 10_000, "balance");
    },
  },
  {
    id: "EPC-037",
    spec: INIT,
    title: "the last sequence may be used, and none after it",
    tags: ["purse", "purchase", "negative"],
    bench: { card: { offlineSeq: 0xfffe } },
    run: async (bench) => {
      await soldOnce(bench);
      expectEqual(bench.card.offlineSeq, 0xffff, "sequence");
      expectEqual(await bench.apdu(INITIALIZE), "9402", "the next purchase");
    },
  },
  {
    id: "EPC-038",
    spec: DEBIT,
    title: "the whole balance can be spent",
    tags: ["purse", "purchase"],
    bench: { card: { balanceFen: SALE.amountFen } },
    run: async (bench) => {
      await soldOnce(bench);
      expectEqual([bench.card.balanceFen, await bench.apdu(INITIALIZE)], [0, "9401"], "balance, and the next purchase");
    },
  },
  {
    id: "EPC-039",
    spec: PROVE,
    title: "the proof gives MAC2 and then TAC, the debit the other way round",
    tags: ["purse", "proof"],
    run: async (bench) => {
      const { debit } = await soldOnce(bench);
      expectEqual(await bench.apdu(proveHex(1)), `${toHex(debit.mac2)}${toHex(debit.tac)}9000`, "the proof");
    },
  },
  ...(["pre", "post"] as const).map((mode): BookRow => {
    const seq = mode === "pre" ? 7 : 8;
    return {
      id: `EPC-040-${mode.toUpperCase()}`,
      spec: PROVE,
      title: `log and proof count from ${mode === "pre" ? "before" : "after"} the increment`,
      tags: ["purse", "proof", mode, `profile:logSeqMode=${mode}`],
      bench: { profile: { logSeqMode: mode }, card: { offlineSeq: 7 } },
      run: async (bench) => {
        const { opening } = await soldOnce(bench);
        expectEqual(opening.cardSequence, 7, "sequence in the answer to INITIALIZE");
        expectMatch(await readLogRecord(await bench.channel(), 1, LIMITS), { kind: "ok", entry: { sequence: seq } }, "record 1");
        for (const asked of [6, 7, 8, 9])
          expectAnswer(await bench.apdu(proveHex(asked)), asked === seq ? "................9000" : "9406", `the proof of ${asked}`);
      },
    };
  }),
  {
    id: "EPC-041",
    spec: PROVE,
    title: "the proof is there as often as it is asked for, also after loss of power",
    tags: ["purse", "proof"],
    run: async (bench) => {
      await soldOnce(bench);
      const first = await bench.apdu(proveHex(1));
      const second = await bench.apdu(proveHex(1));
      await bench.reset();
      await bench.apdu(SELECT_PURSE);
      expectEqual([second, await bench.apdu(proveHex(1))], [first, first], "the proof again");
    },
  },
  {
    id: "EPC-042",
    spec: PROVE,
    title: "a proof is of its own type only",
    tags: ["purse", "proof", "negative"],
    run: async (bench) => {
      await soldOnce(bench);
      for (const type of ["02", "05", "09"]) expectEqual(await bench.apdu(proveHex(1, type)), "9406", `the proof of type ${type}`);
    },
  },
  {
    id: "EPC-043",
    spec: PROVE,
    title: "an opened purchase leaves the last proof alone",
    tags: ["purse", "proof"],
    run: async (bench) => {
      await soldOnce(bench);
      const proof = await bench.apdu(proveHex(1));
      await bench.apdu(INITIALIZE);
      expectEqual(await bench.apdu(proveHex(1)), proof, "the proof");
    },
  },
  {
    id: "EPC-044",
    spec: PROVE,
    title: "the next purchase takes the proof's place",
    tags: ["purse", "proof", "negative"],
    run: async (bench) => {
      await soldOnce(bench);
      await soldOnce(bench);
      expectAnswer(await bench.apdu(proveHex(1)), "9406", "the proof of the first");
      expectAnswer(await bench.apdu(proveHex(2)), "................9000", "the proof of the second");
    },
  },
  {
    id: "EPC-050",
    spec: LOAD,
    title: "a load adds to the balance, counts with the other counter and stands in the log",
    tags: ["purse", "load"],
    run: async (bench) => {
      bench.reader.remove();
      topUp(bench.context.suite, bench.card, { amountFen: 5_000 });
      const channel = await bench.reset();
      await bench.openPurse();
      expectEqual(await readBalance(channel, LIMITS), { kind: "ok", balance: 15_000 }, "balance");
      expectMatch(await readLogRecord(channel, 1, LIMITS), { kind: "ok", entry: { type: 2, amount: 5_000, sequence: 1 } }, "record 1");
      expectEqual(bench.card.offlineSeq, 0, "the purchases' counter");
    },
  },
  {
    id: "EPC-051",
    spec: LOAD,
    title: "a load leaves the proof of the last purchase alone",
    tags: ["purse", "load", "proof"],
    run: async (bench) => {
      await soldOnce(bench);
      const proof = await bench.apdu(proveHex(1));
      bench.reader.remove();
      topUp(bench.context.suite, bench.card, { amountFen: 5_000 });
      await bench.reset();
      await bench.apdu(SELECT_PURSE);
      expectAnswer(await bench.apdu(proveHex(1)), proof, "the proof");
      expectEqual(bench.card.balanceFen, 14_550, "balance");
    },
  },
  {
    id: "EPC-052",
    spec: "LD/T 32.7, security states",
    title: "selecting the social application does not disturb the purse's books",
    tags: ["purse", "social"],
    run: async (bench) => {
      await soldOnce(bench);
      await bench.apdu(SELECT_ENVIRONMENT);
      await bench.apdu(SELECT_PURSE);
      expectEqual([await bench.apdu("805C000204"), await bench.apdu("00B202C417")], ["0000254e9000", "6a83"], "balance and second record");
      expectEqual(fromHex((await bench.apdu("00B201C417")).slice(10, 18)), fromHex("000001c2"), "amount in record 1");
    },
  },
];

export const PURSE_BOOK_CASES: readonly ConformanceCase[] = BOOKS.map(({ id, spec, title, tags, bench, run }) => ({
  id,
  spec,
  title,
  tags,
  run: (context) => run(new CardBench(context, bench)),
}));
