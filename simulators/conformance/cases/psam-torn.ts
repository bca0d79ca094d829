/* The module loses its power around each of its commands in a medical purchase, and around the making of a MAC. */
import { fromHex } from "../../../device/base/bytes.ts";
import { debitPurchase } from "../../../device/card/medical-purse/commands.ts";
import type { TearPoint } from "../../card/state.ts";
import { socialMac, socialSessionKey } from "../../crypto/social.ts";
import { deriveSocialKey, testRootKey } from "../../crypto/test-keys.ts";
import { LIMITS } from "../card-bench.ts";
import type { ConformanceContext } from "../context.ts";
import { expectEqual, expectFault, expectMatch, expectTrue, fail } from "../expect.ts";
import { MedicalBench } from "../medical-bench.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const POINTS: readonly TearPoint[] = ["before", "during", "after"];
const SALE = { account: 450, selfPay: 100, pooled: 1000, time: "120500" } as const;
const LOST = { code: "card-removed", effectUnknown: true } as const;
const FIRST_SEQUENCE = 20;
/** Maintenance key of DF04. */
const STK_DF04 = { usage: 0x26, keyId: 0x23 } as const;

function tearNext(bench: MedicalBench, instruction: number, at: TearPoint): () => number {
  let torn = 0;
  bench.cards.samReader.setFate(({ command }) => {
    if (torn > 0 || command[1] !== instruction) return { kind: "ok" };
    torn += 1;
    return { kind: "tear", at };
  });
  return () => torn;
}

/** The module is put back: whoever needs it opens it again. */
function putBack(bench: MedicalBench): void {
  const { samReader, psam, context } = bench.cards;
  samReader.remove();
  samReader.insert(context.inserted(psam, "psam"));
}

function benchOf(context: ConformanceContext): MedicalBench {
  return new MedicalBench(context, { psam: { terminalSeq: FIRST_SEQUENCE } });
}

async function expectInitTorn(context: ConformanceContext, at: TearPoint): Promise<void> {
  const bench = benchOf(context);
  await bench.module();
  const torn = tearNext(bench, 0x70, at);
  await expectFault(bench.begin(SALE), LOST, "opening the purchase");
  expectEqual(torn(), 1, "commands torn");
  expectEqual(bench.memory.accountFen, 10_000, "the account");
  putBack(bench);
  const { completion, credit } = await bench.sell(SALE);
  expectEqual([completion.terminalSequence, credit], [FIRST_SEQUENCE + (at === "after" ? 1 : 0), "accepted"], "the next sequence and the module's word");
}

async function expectCreditTorn(context: ConformanceContext, at: TearPoint): Promise<void> {
  const bench = benchOf(context);
  const begun = await bench.begin(SALE);
  const debit = await debitPurchase(await bench.cards.channel(), begun.completion, LIMITS);
  const { mac2 } = debit.kind === "ok" ? debit : fail("the card debits");
  const torn = tearNext(bench, 0x72, at);
  await expectFault(begun.purchase.credit(mac2, LIMITS), LOST, "the credit");
  expectEqual(torn(), 1, "commands torn");
  expectEqual(await begun.purchase.credit(mac2, LIMITS), "no-session", "the module's word when it is asked again");
  putBack(bench);
  const evidence = await bench.evidence(await bench.intent(SALE, { cardSequence: begun.opening.cardSequence }));
  expectMatch(evidence, { kind: "debited", proof: "log" }, "what the card says");
  expectEqual((await bench.sell({ ...SALE, time: "121000" })).credit, "accepted", "the next purchase");
  expectEqual(bench.memory.accountFen, 9_100, "the account");
}

/** A MAC changes nothing, so that it is made again, and is the same. */
async function expectMacTorn(context: ConformanceContext, instruction: number, at: TearPoint): Promise<void> {
  const bench = benchOf(context);
  const factors = ["6099010000000001", "3939303130307378", "3939303030307368"].map(fromHex);
  const use = { ...STK_DF04, factors, sessionFactor: fromHex("0011223344556677"), algorithm: "sm4" } as const;
  const data = fromHex("841E000104");
  const { suite } = context;
  const cardKey = deriveSocialKey(suite, "sm4", { key: testRootKey("sm4", "stk-df04"), factors });
  const expected = socialMac(suite, "sm4", { key: socialSessionKey(suite, "sm4", { key: cardKey, factor: use.sessionFactor }), data });
  const module = await bench.module();
  expectEqual(await module.blockMac(use, data, LIMITS), expected, "the MAC");
  const torn = tearNext(bench, instruction, at);
  await expectFault(module.blockMac(use, data, LIMITS), LOST, "the MAC");
  expectEqual(torn(), 1, "commands torn");
  putBack(bench);
  expectEqual(await module.blockMac(use, data, LIMITS), expected, "the MAC made again");
  expectTrue(bench.cards.psam.terminalSeq === FIRST_SEQUENCE, "no sequence was used up");
}

interface Family {
  readonly name: string;
  readonly spec: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly run: (context: ConformanceContext, at: TearPoint) => Promise<void>;
}

const FAMILIES: readonly Family[] = [
  {
    name: "INIT",
    spec: "LD/T 32.9, INIT SAM FOR PURCHASE",
    title: "INIT SAM: nothing is debited, and no sequence is used twice",
    tags: ["medical-purse"],
    run: expectInitTorn,
  },
  {
    name: "CREDIT",
    spec: "LD/T 32.9, CREDIT SAM FOR PURCHASE",
    title: "CREDIT SAM: the session is over, and the card's own evidence stands",
    tags: ["medical-purse", "proof"],
    run: expectCreditTorn,
  },
  {
    name: "DELIVERY",
    spec: "LD/T 32.9, DELIVERY SESSION KEY",
    title: "DELIVERY SESSION KEY: the MAC is made again",
    tags: [],
    run: (context, at) => expectMacTorn(context, 0xde, at),
  },
  {
    name: "CIPHER",
    spec: "LD/T 32.9, CIPHER DATA",
    title: "CIPHER DATA: the MAC is made again",
    tags: [],
    run: (context, at) => expectMacTorn(context, 0xfa, at),
  },
];

export const PSAM_TORN_CASES: readonly ConformanceCase[] = FAMILIES.flatMap(({ name, spec, title, tags, run }) =>
  POINTS.map(
    (at): ConformanceCase => ({
      id: `SAM-TORN-${name}-${at}`.toUpperCase(),
      spec,
      title: `the module loses its power ${at} ${title}`,
      tags: ["psam", "torn", ...tags],
      run: (context) => run(context, at),
    }),
  ),
);
