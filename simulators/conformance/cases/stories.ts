/* Longer stories at a gate: several sales, several cards, cards that stay away. */
import { topUp } from "../../card/top-up.ts";
import type { ConformanceContext } from "../context.ts";
import { expectEqual, expectMatch } from "../expect.ts";
import { once, SALE_FEN, Shop } from "../shop.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const PURCHASE = "PBOC purse, purchase";
const PROVE = "PBOC purse, GET TRANSACTION PROVE";
const MODES = ["pre", "post"] as const;
const PAID = { kind: "paid", verified: true, proof: "psam", amount: SALE_FEN };
const DONE = ["prepared", "done"];

/** Longer stories: several sales, several cards. */
interface StoryRow {
  readonly id: string;
  readonly spec: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly run: (shop: Shop, context: ConformanceContext) => Promise<void>;
}

function tearDebit(shop: Shop, at: "before" | "during" | "after"): void {
  shop.plan(once({ to: "card", instruction: 0x54, fate: { kind: "tear", at } }));
}

/** A torn sale whose card does not come back at once; another card lies there instead. */
async function anotherCardFirst(shop: Shop, context: ConformanceContext, at: "before" | "after"): Promise<void> {
  const [card, other] = [shop.card(), shop.card()];
  tearDebit(shop, at);
  shop.present(card, false);
  const sale = shop.sell("first");
  while (shop.reader.card !== undefined) await context.clock.sleep(20);
  await context.clock.sleep(200);
  shop.present(other);
  expectMatch(await sale, { kind: "unknown", reason: "another-card" }, "the first sale");
  expectEqual([other.card.debits.length, await shop.states()], [0, ["prepared", "unknown"]], "the other card's debits, and the records");
  expectMatch(await shop.sell("second"), PAID, "the other card's own sale");
  shop.takeAway();
  shop.present(card);
  expectMatch(await shop.sell("third"), PAID, "the sale of the card that came back");
  expectEqual((await shop.states()).slice(4), [at === "after" ? "done" : "void", ...DONE], "records after the return");
  expectEqual(card.card.debits.length, at === "after" ? 2 : 1, "debits of the card that came back");
}

const STORIES: readonly StoryRow[] = [
  ...(["before", "after"] as const).map(
    (at): StoryRow => ({
      id: `QPS-001-${at.toUpperCase()}`,
      spec: PROVE,
      title: `torn ${at} the debit, another card first: the record stays grey and is decided when its card returns`,
      tags: ["torn"],
      run: (shop, context) => anotherCardFirst(shop, context, at),
    }),
  ),
  {
    id: "QPS-002",
    spec: PROVE,
    title: "a card that does not return leaves its sale open, and its reference waits for it",
    tags: ["torn"],
    run: async (shop) => {
      const card = shop.card();
      tearDebit(shop, "after");
      shop.present(card, false);
      expectMatch(await shop.sell("sale"), { kind: "unknown", reason: "card-never-returned" }, "the torn sale");
      shop.present(card);
      expectMatch(await shop.sell("sale"), { kind: "paid", verified: false, proof: "log" }, "the same sale later");
      expectEqual([card.card.debits.length, await shop.states()], [1, ["prepared", "unknown", "done"]], "debits and records");
      expectEqual(await shop.hostVerdict(), "proved", "the host's verdict");
    },
  },
  {
    id: "QPS-003",
    spec: "pos/v1, 3",
    title: "one reference is paid once, and is of one amount",
    tags: ["negative"],
    run: async (shop) => {
      const card = shop.card();
      shop.present(card);
      expectMatch(await shop.sell("sale"), PAID, "the sale");
      expectMatch(await shop.sell("sale"), { kind: "paid" }, "the same reference again");
      expectEqual(await shop.sell("sale", { amountFen: SALE_FEN + 1 }), { kind: "refused", reason: "reference-conflict" }, "another amount");
      expectEqual([card.card.debits.length, await shop.states()], [1, DONE], "debits and records");
    },
  },
  {
    id: "QPS-004",
    spec: PURCHASE,
    title: "twelve sales of one card are twelve debits with rising sequences and times",
    tags: [],
    run: async (shop) => {
      const card = shop.card();
      shop.present(card);
      for (let number = 0; number < 12; number += 1) expectMatch(await shop.sell(`sale-${number}`), PAID, `sale ${number}`);
      const { debits, balanceFen } = card.card;
      expectEqual([debits.length, balanceFen], [12, 10_000 - 12 * SALE_FEN], "debits and balance");
      expectEqual(new Set(debits.map(({ date, time }) => date + time)).size, 12, "different times");
      expectEqual(
        debits.map(({ terminalSeq }) => terminalSeq),
        Array.from({ length: 12 }, (_, at) => at + 1),
        "the module's sequences",
      );
    },
  },
  {
    id: "QPS-005",
    spec: PURCHASE,
    title: "no card is no sale",
    tags: ["negative"],
    run: async (shop) => {
      expectEqual(await shop.sell("sale", { limits: { timeoutMs: 300 } }), { kind: "no-card" }, "outcome");
      expectEqual(await shop.states(), [], "records");
    },
  },
  {
    id: "QPS-006",
    spec: PROVE,
    title: "three torn debits that did not take place end the sale without money",
    tags: ["torn", "negative"],
    run: async (shop) => {
      const card = shop.card();
      shop.plan(({ to, instruction }) => (to === "card" && instruction === 0x54 ? { kind: "tear", at: "before" } : { kind: "ok" }));
      shop.present(card);
      expectMatch(await shop.sell("sale"), { kind: "refused", reason: "torn-too-often" }, "outcome");
      expectEqual([card.card.debits.length, card.card.balanceFen], [0, 10_000], "debits and balance");
      expectEqual((await shop.states()).at(-1), "void", "the last record");
    },
  },
  {
    id: "QPS-007",
    spec: "LD/T 32.9, CREDIT SAM FOR PURCHASE",
    title: "the module's session is held from INIT to CREDIT while the card is away",
    tags: ["torn", "psam"],
    run: async (shop) => {
      const toModule: number[] = [];
      const tear = once({ to: "card", instruction: 0x54, fate: { kind: "tear", at: "after" } });
      shop.plan((seen) => {
        if (seen.to === "module") toModule.push(seen.instruction);
        return tear(seen);
      });
      shop.present(shop.card());
      expectMatch(await shop.sell("sale"), PAID, "outcome");
      const purchase = toModule.slice(toModule.indexOf(0x70));
      expectEqual(
        purchase.filter((instruction) => instruction !== 0x70),
        [0x72],
        "the module's commands after INIT",
      );
    },
  },
  {
    id: "QPS-008",
    spec: PROVE,
    title: "a card with a wrong MAC2 is believed neither at the debit nor in its proof",
    tags: ["torn", "negative"],
    run: async (shop) => {
      const card = shop.card({ faults: { wrongMac2: true } });
      tearDebit(shop, "after");
      shop.present(card);
      expectMatch(await shop.sell("sale"), { kind: "unverified", reason: "mac2-refused" }, "outcome");
      expectEqual(card.card.debits.length, 1, "debits");
    },
  },
  ...MODES.map(
    (mode): StoryRow => ({
      id: `QPS-009-${mode.toUpperCase()}`,
      spec: PROVE,
      title: `mode ${mode}: a load at a counter between tear and return does not hide the sale`,
      tags: ["torn", "load", mode, `profile:logSeqMode=${mode}`],
      run: async (shop, context) => {
        const card = shop.card();
        tearDebit(shop, "after");
        shop.present(card, false);
        const sale = shop.sell("sale");
        while (shop.reader.card !== undefined) await context.clock.sleep(20);
        topUp(context.suite, card.card, { amountFen: 2_000 });
        shop.present(card);
        expectMatch(await sale, PAID, "outcome");
        expectEqual([card.card.debits.length, card.card.balanceFen], [1, 12_000 - SALE_FEN], "debits and balance");
      },
    }),
  ),
];

export const STORY_CASES: readonly ConformanceCase[] = STORIES.map(({ id, spec, title, tags, run }) => {
  const mode = tags.includes("pre") ? "pre" : "post";
  return {
    id,
    spec,
    title,
    tags: ["flow", "purse", "purchase", "journal", ...tags],
    run: async (context) => {
      const shop = new Shop(context, { profile: { logSeqMode: mode } });
      await shop.switchOn();
      await run(shop, context);
    },
  };
});
