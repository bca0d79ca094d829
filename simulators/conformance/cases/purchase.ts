/* Whole purchases between card and module under every setting of the profile, and what refuses when two sides are set differently. */
import { fromHex, toHex } from "../../../device/base/bytes.ts";
import { purseValidity } from "../../../device/card/purse/commands.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../../device/codec/card-profile.ts";
import { purchaseTacInput } from "../../crypto/purse.ts";
import { testTacOracle } from "../../host/tac-oracle.ts";
import { CardBench, type CardBenchOptions } from "../card-bench.ts";
import { expectEqual, expectFault, expectTrue, fail } from "../expect.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const PURCHASE = "PBOC purse, purchase";
const SALE = { amountFen: 450, time: "101500" } as const;

/** One purchase: the card is debited once, the module accepts MAC2, the host accepts the TAC. */
async function expectWholePurchase(bench: CardBench): Promise<void> {
  const before = bench.card.balanceFen;
  const psam = await bench.openPsam();
  const expected = psam.expectedSequence();
  const { debit, credit, purse, completion } = await bench.sell(SALE);
  expectTrue(debit.kind === "ok", "the card debits");
  expectEqual(credit, "accepted", "the module's word on MAC2");
  expectEqual([before - bench.card.balanceFen, bench.card.debits.length], [SALE.amountFen, 1], "what the card gave, and how often");
  expectEqual([completion.terminalSequence, psam.expectedSequence()], [expected, expected + 1], "the module's sequence");
  expectEqual(await hostAccepts(bench, { purse, terminalSequence: completion.terminalSequence, tac: debit.tac }), true, "the host's word on the TAC");
}

interface TacClaim {
  readonly purse: { readonly serial: string; readonly issuer: string };
  readonly terminalSequence: number;
  readonly tac: Uint8Array;
}

async function hostAccepts(bench: CardBench, claim: TacClaim): Promise<boolean> {
  const intent = await bench.intent(SALE);
  const terms = {
    amountFen: SALE.amountFen,
    type: intent.type,
    terminalNumber: fromHex(intent.terminalNumber),
    date: fromHex(intent.date),
    time: fromHex(intent.time),
  };
  const tacInput = purchaseTacInput(terms, claim.terminalSequence);
  const oracle = testTacOracle(bench.context.suite, bench.profile);
  const candidates = oracle({ serial: fromHex(claim.purse.serial), issuer: fromHex(claim.purse.issuer), algorithm: undefined, tacInput });
  return candidates.some((candidate) => toHex(candidate) === toHex(claim.tac));
}

interface WholeRow {
  readonly id: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly bench: CardBenchOptions;
}

const SWITCHES: readonly WholeRow[] = (["left4", "fold4"] as const).flatMap((macReduce) =>
  (["zeros", "pad80"] as const).flatMap((sessionPad) =>
    (["fNotF", "fZeros"] as const).map(
      (sm4Diversify): WholeRow => ({
        id: `EPP-SM4-${macReduce}-${sessionPad}-${sm4Diversify}`.toUpperCase(),
        title: `SM4 with ${macReduce}, ${sessionPad}, ${sm4Diversify}`,
        tags: ["sm4", `profile:macReduce=${macReduce}`, `profile:sessionPad=${sessionPad}`, `profile:sm4Diversify=${sm4Diversify}`],
        bench: { profile: { macReduce, sessionPad, sm4Diversify } },
      }),
    ),
  ),
);

const LEVELS: readonly WholeRow[] = (["3des", "sm4"] as const).flatMap((algorithm) =>
  ([1, 2, 3] as const).map(
    (purseLevel): WholeRow => ({
      id: `EPP-${algorithm.toUpperCase()}-L${purseLevel}`,
      title: `${algorithm} with module keys of level ${purseLevel}`,
      tags: [algorithm, "psam", "profile:psamLevels=auto321"],
      bench: { card: { algorithm }, psam: { purseLevel } },
    }),
  ),
);

const OTHER_WHOLE: readonly WholeRow[] = [
  ...(["1", "2", "3"] as const).map(
    (psamLevels): WholeRow => ({
      id: `EPP-LEVEL-${psamLevels}`,
      title: `a terminal set to level ${psamLevels}`,
      tags: ["sm4", "psam", `profile:psamLevels=${psamLevels}`],
      bench: { profile: { psamLevels }, psam: { purseLevel: psamLevels === "1" ? 1 : psamLevels === "2" ? 2 : 3 } },
    }),
  ),
  { id: "EPP-ALG-03", title: "algorithm byte 03 for SM4", tags: ["sm4", "profile:psamAlgByteSm4=3"], bench: { profile: { psamAlgByteSm4: 0x03 } } },
  { id: "EPP-ALG-04", title: "algorithm byte 04 for SM4", tags: ["sm4", "profile:psamAlgByteSm4=4"], bench: { profile: { psamAlgByteSm4: 0x04 } } },
  {
    id: "EPP-T0-3DES",
    title: "over contacts with T=0, triple DES",
    tags: ["t0", "3des"],
    bench: { card: { algorithm: "3des", interface: "contact", lengthRule: "t0" }, psam: { lengthRule: "t0" } },
  },
  {
    id: "EPP-T0-SM4",
    title: "over contacts with T=0, SM4",
    tags: ["t0", "sm4"],
    bench: { card: { interface: "contact", lengthRule: "t0" }, psam: { lengthRule: "t0" } },
  },
  { id: "EPP-SEQUENCE-HIGH", title: "with a terminal sequence of four whole bytes", tags: ["sm4", "psam"], bench: { psam: { terminalSeq: 0xfffe_fffe } } },
  {
    id: "EPP-REGION",
    title: "of a card of another region with root keys",
    tags: ["sm4", "psam"],
    bench: { card: { regionCode: "880101" }, psam: { purseLevel: 3 } },
  },
  { id: "EPP-CARD-SEQUENCE", title: "with a card sequence of two whole bytes", tags: ["sm4"], bench: { card: { offlineSeq: 0xfffe } } },
];

const WHOLE: readonly ConformanceCase[] = [...SWITCHES, ...LEVELS, ...OTHER_WHOLE].map(({ id, title, tags, bench }) => ({
  id,
  spec: PURCHASE,
  title: `a purchase is whole: ${title}`,
  tags: ["purse", "purchase", ...tags],
  run: (context) => expectWholePurchase(new CardBench(context, bench)),
}));

const APART: readonly (readonly [id: string, card: Partial<CardProfile>, tag: Tag])[] = [
  ["EPP-APART-MAC", { macReduce: "fold4" }, "profile:macReduce=fold4"],
  ["EPP-APART-PAD", { sessionPad: "pad80" }, "profile:sessionPad=pad80"],
  ["EPP-APART-DIVERSIFY", { sm4Diversify: "fZeros" }, "profile:sm4Diversify=fZeros"],
];

const APART_CASES: readonly ConformanceCase[] = APART.map(([id, profile, tag]) => ({
  id,
  spec: PURCHASE,
  title: `a card that differs in ${Object.keys(profile).join()} refuses MAC1, and nothing moves`,
  tags: ["purse", "purchase", "sm4", "negative", tag],
  run: async (context) => {
    const bench = new CardBench(context, { card: { profile } });
    expectEqual((await bench.sell(SALE)).debit, { kind: "refused", statusWord: 0x9302 }, "the debit");
    expectEqual([bench.card.balanceFen, bench.card.debits.length], [10_000, 0], "the card's books");
  },
}));

const FAULTS: readonly ConformanceCase[] = [
  {
    id: "EPP-030",
    spec: PURCHASE,
    title: "a module's wrong MAC1 is refused by the card, and nothing moves",
    tags: ["purse", "purchase", "psam", "negative"],
    run: async (context) => {
      const bench = new CardBench(context, { psam: { faults: { wrongMac1: true } } });
      expectEqual((await bench.sell(SALE)).debit, { kind: "refused", statusWord: 0x9302 }, "the debit");
      expectEqual([bench.card.balanceFen, bench.card.debits.length], [10_000, 0], "the card's books");
    },
  },
  ...(["9302", "63CF"] as const).map(
    (psamCreditError): ConformanceCase => ({
      id: `EPP-031-${psamCreditError}`,
      spec: "LD/T 32.9, CREDIT SAM FOR PURCHASE",
      title: `a card's wrong MAC2 is refused by the module, told as ${psamCreditError}`,
      tags: ["purse", "purchase", "psam", "negative", `profile:psamCreditError=${psamCreditError}`],
      run: async (context) => {
        const bench = new CardBench(context, { profile: { psamCreditError }, card: { faults: { wrongMac2: true } } });
        const { debit, credit } = await bench.sell(SALE);
        expectEqual([debit.kind, credit], ["ok", "refused"], "the debit, and the module's word on MAC2");
      },
    }),
  ),
  {
    id: "EPP-032",
    spec: "LD/T 32.9, key hierarchy",
    title: "a card's wrong TAC is noticed by the host alone",
    tags: ["purse", "purchase", "negative"],
    run: async (context) => {
      const bench = new CardBench(context, { card: { faults: { wrongTac: true } } });
      const { debit, credit, purse, completion } = await bench.sell(SALE);
      const { tac } = debit.kind === "ok" ? debit : fail("the card debits");
      expectEqual(
        [credit, await hostAccepts(bench, { purse, terminalSequence: completion.terminalSequence, tac })],
        ["accepted", false],
        "the words of module and host",
      );
    },
  },
  {
    id: "EPP-033",
    spec: PURCHASE,
    title: "the TAC covers the terminal's sequence",
    tags: ["purse", "purchase", "negative"],
    run: async (context) => {
      const bench = new CardBench(context);
      const { debit, purse, completion } = await bench.sell(SALE);
      const { tac } = debit.kind === "ok" ? debit : fail("the card debits");
      const claims = [completion.terminalSequence, completion.terminalSequence + 1].map((terminalSequence) =>
        hostAccepts(bench, { purse, terminalSequence, tac }),
      );
      expectEqual(await Promise.all(claims), [true, false], "the host's word on the right and on the next sequence");
    },
  },
  {
    id: "EPP-034",
    spec: "LD/T 32.9, key hierarchy",
    title: "a module of another issuer makes no MAC1 that the card accepts",
    tags: ["purse", "purchase", "psam", "negative"],
    run: async (context) => {
      const bench = new CardBench(context, { psam: { regionCode: "110000", purseLevel: 1 } });
      expectEqual((await bench.sell(SALE)).debit, { kind: "refused", statusWord: 0x9302 }, "the debit");
    },
  },
  {
    id: "EPP-035",
    spec: "LD/T 32.9, INIT SAM FOR PURCHASE",
    title: "a terminal set to one level does not find keys of another",
    tags: ["purse", "psam", "negative", "profile:psamLevels=3"],
    run: async (context) => {
      const bench = new CardBench(context, { profile: { psamLevels: "3" }, psam: { purseLevel: 2 } });
      await expectFault(bench.begin(SALE), { code: "key-missing", effectUnknown: false }, "opening the purchase");
    },
  },
  {
    id: "EPP-036",
    spec: "LD/T 32.9, INIT SAM FOR PURCHASE",
    title: "a module without the algorithm of the card has no key",
    tags: ["purse", "psam", "sm4", "negative"],
    run: async (context) => {
      const bench = new CardBench(context, { psam: { algorithms: ["3des"] } });
      await expectFault(bench.begin(SALE), { code: "key-missing", effectUnknown: false }, "opening the purchase");
      expectEqual(bench.card.debits.length, 0, "debits");
    },
  },
  {
    id: "EPP-037",
    spec: "LD/T 32.9, INIT SAM FOR PURCHASE",
    title: "another algorithm byte on the card than in the module has no key",
    tags: ["purse", "psam", "sm4", "negative", `profile:psamAlgByteSm4=${DEFAULT_CARD_PROFILE.psamAlgByteSm4}`],
    run: async (context) => {
      const bench = new CardBench(context, { card: { profile: { psamAlgByteSm4: 0x04 } } });
      await expectFault(bench.begin(SALE), { code: "key-missing", effectUnknown: false }, "opening the purchase");
    },
  },
];

const DAYS: readonly (readonly [id: string, today: string, validity: ReturnType<typeof purseValidity>])[] = [
  ["EPP-040", "20191231", "not-yet-valid"],
  ["EPP-041", "20200101", "valid"],
  ["EPP-042", "20401231", "valid"],
  ["EPP-043", "20410101", "expired"],
];

const VALIDITY: readonly ConformanceCase[] = DAYS.map(([id, today, validity]) => ({
  id,
  spec: "PBOC purse, EF15",
  title: `on ${today} the purse is ${validity}`,
  tags: ["purse", ...(validity === "valid" ? [] : (["negative"] as const))],
  run: async (context) => expectEqual(purseValidity(await new CardBench(context).openPurse(), today), validity, "validity of the purse"),
}));

export const PURCHASE_CASES: readonly ConformanceCase[] = [...WHOLE, ...APART_CASES, ...FAULTS, ...VALIDITY];
