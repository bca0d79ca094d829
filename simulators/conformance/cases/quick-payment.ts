/* Single quick payments: the cards, modules, limits and mishaps that a gate meets, and what stands in the journal afterwards. */
import { fen } from "../../../device/base/fen.ts";
import type { QuickPaymentLimits } from "../../../device/txn/quick-payment/ports.ts";
import type { TestCardOptions } from "../../card/make.ts";
import { expectEqual, expectMatch } from "../expect.ts";
import { type CommandSeen, type Mishap, once, SALE_FEN, Shop, type ShopOptions } from "../shop.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const PURCHASE = "PBOC purse, purchase";
const PROVE = "PBOC purse, GET TRANSACTION PROVE";
const PAID = { kind: "paid", verified: true, proof: "psam", amount: SALE_FEN };
const DONE = ["prepared", "done"];

/** One sale with one card, and everything that must be seen afterwards. */
interface SaleRow {
  readonly id: string;
  readonly spec?: string;
  readonly title: string;
  readonly tags?: readonly Tag[];
  readonly shop?: ShopOptions;
  readonly card?: Partial<TestCardOptions>;
  readonly amountFen?: number;
  readonly limits?: Partial<QuickPaymentLimits>;
  /** The first command of this instruction meets this fate. */
  readonly mishap?: Mishap;
  readonly outcome: Readonly<Record<string, unknown>>;
  readonly records: readonly string[];
  readonly debits: number;
  readonly host?: string;
}

const hang = (to: CommandSeen["to"], instruction: number, at: "before" | "after"): Mishap => ({ to, instruction, fate: { kind: "hang", at } });
const refusedWith = (reason: string, statusWord?: number) => ({ kind: "refused", reason, ...(statusWord === undefined ? {} : { statusWord }) });
const risk = { amountPerSaleFen: fen(100_000), unreceiptedCount: 1_000, unreceiptedSumFen: fen(10_000_000), unverifiedAmountFen: fen(100_000) };

const SALES: readonly SaleRow[] = [
  {
    id: "QPF-001",
    title: "a triple-DES card is debited once, proved and recorded",
    tags: ["3des"],
    card: { algorithm: "3des" },
    outcome: PAID,
    records: DONE,
    debits: 1,
    host: "proved",
  },
  { id: "QPF-002", title: "an SM4 card is debited once, proved and recorded", tags: ["sm4"], outcome: PAID, records: DONE, debits: 1, host: "proved" },
  {
    id: "QPF-003",
    title: "a card with answers in parts is debited once",
    tags: ["t0"],
    card: { lengthRule: "t0" },
    shop: { psam: { lengthRule: "t0" } },
    outcome: PAID,
    records: DONE,
    debits: 1,
    host: "proved",
  },
  { id: "QPF-004", title: "the outcome tells the balance that is left", outcome: { kind: "paid", balanceAfter: 10_000 - SALE_FEN }, records: DONE, debits: 1 },
  {
    id: "QPF-005",
    title: "the last fen of a purse is spent",
    card: { balanceFen: SALE_FEN },
    outcome: { kind: "paid", balanceAfter: 0 },
    records: DONE,
    debits: 1,
  },
  {
    id: "QPF-006",
    title: "too little money is the card's refusal",
    tags: ["negative"],
    card: { balanceFen: SALE_FEN - 1 },
    outcome: refusedWith("insufficient-funds", 0x9401),
    records: ["prepared", "refused"],
    debits: 0,
  },
  {
    id: "QPF-007",
    title: "a used-up counter is the card's refusal",
    tags: ["negative"],
    card: { offlineSeq: 0xffff },
    outcome: refusedWith("card-refused", 0x9402),
    records: ["prepared", "refused"],
    debits: 0,
  },
  {
    id: "QPF-008",
    title: "a card whose counter counts as used up is refused",
    tags: ["negative"],
    card: { faults: { counterExhausted: true } },
    outcome: refusedWith("card-refused", 0x9402),
    records: ["prepared", "refused"],
    debits: 0,
  },
  {
    id: "QPF-009",
    spec: "PBOC purse, APPLICATION BLOCK",
    title: "a blocked purse is refused before anything is written",
    tags: ["negative"],
    card: { faults: { blocked: "purse" } },
    outcome: refusedWith("application-blocked"),
    records: [],
    debits: 0,
  },
  {
    id: "QPF-010",
    spec: "LD/T 32.7, SELECT",
    title: "a blocked card is refused before anything is written",
    tags: ["negative"],
    card: { faults: { blocked: "card" } },
    outcome: refusedWith("application-blocked"),
    records: [],
    debits: 0,
  },
  {
    id: "QPF-011",
    spec: "PBOC purse, SELECT",
    title: "a foreign card is refused before anything is written",
    tags: ["negative"],
    card: { purseAidHex: "a000000003000000" },
    outcome: refusedWith("no-purse"),
    records: [],
    debits: 0,
  },
  {
    id: "QPF-012",
    spec: "LD/T 32.7, SELECT",
    title: "a blocked social application does not stop the purse",
    card: { faults: { blocked: "social" } },
    outcome: PAID,
    records: DONE,
    debits: 1,
  },
  {
    id: "QPF-013",
    title: "a card of another issuer refuses MAC1, and nothing moves",
    tags: ["negative"],
    shop: { psam: { regionCode: "110000", purseLevel: 1 } },
    outcome: refusedWith("card-refused", 0x9302),
    records: ["prepared", "refused"],
    debits: 0,
  },
  {
    id: "QPF-014",
    title: "a module without the card's algorithm leaves the card alone",
    tags: ["negative", "psam", "sm4"],
    shop: { psam: { algorithms: ["3des"] } },
    outcome: refusedWith("key-missing"),
    records: ["prepared", "void"],
    debits: 0,
  },
  {
    id: "QPF-015",
    title: "a locked module leaves the card alone",
    tags: ["negative", "psam"],
    shop: { psam: { faults: { locked: true } } },
    outcome: refusedWith("key-missing"),
    records: ["prepared", "void"],
    debits: 0,
  },
  {
    id: "QPF-016",
    title: "a module's wrong MAC1 is refused by the card",
    tags: ["negative", "psam"],
    shop: { psam: { faults: { wrongMac1: true } } },
    outcome: refusedWith("card-refused", 0x9302),
    records: ["prepared", "refused"],
    debits: 0,
  },
  {
    id: "QPF-017",
    spec: "PBOC purse, EF15",
    title: "a purse after its last day is refused before anything is written",
    tags: ["negative"],
    card: { expired: true },
    outcome: { kind: "refused" },
    records: [],
    debits: 0,
  },
  {
    id: "QPF-020",
    spec: "LD/T 32.9, CREDIT SAM FOR PURCHASE",
    title: "a wrong MAC2 makes no payment, although the card's log has it",
    tags: ["negative", "psam", "profile:psamCreditError=9302"],
    card: { faults: { wrongMac2: true } },
    outcome: { kind: "unverified", reason: "mac2-refused", proof: "log" },
    records: ["prepared", "unknown", "done"],
    debits: 1,
  },
  {
    id: "QPF-021",
    spec: "LD/T 32.9, CREDIT SAM FOR PURCHASE",
    title: "a wrong MAC2, told in the other wording",
    tags: ["negative", "psam", "profile:psamCreditError=63CF"],
    shop: { profile: { psamCreditError: "63CF" } },
    card: { faults: { wrongMac2: true } },
    outcome: { kind: "unverified", reason: "mac2-refused", proof: "log" },
    records: ["prepared", "unknown", "done"],
    debits: 1,
  },
  {
    id: "QPF-022",
    spec: "LD/T 32.9, key hierarchy",
    title: "a wrong TAC is noticed by the host alone",
    tags: ["negative"],
    card: { faults: { wrongTac: true } },
    outcome: PAID,
    records: DONE,
    debits: 1,
    host: "tac-wrong",
  },
  {
    id: "QPF-023",
    spec: "LD/T 32.9, CREDIT SAM FOR PURCHASE",
    title: "a module that is lost at MAC2 leaves the word to the card's log",
    tags: ["torn", "psam"],
    mishap: hang("module", 0x72, "before"),
    outcome: { kind: "paid", verified: false, proof: "log" },
    records: ["prepared", "unknown", "done"],
    debits: 1,
    host: "proved",
  },
  {
    id: "QPF-024",
    spec: "LD/T 32.9, CREDIT SAM FOR PURCHASE",
    title: "above the limit the card's log alone is no payment",
    tags: ["torn", "psam", "negative"],
    limits: { risk: { ...risk, unverifiedAmountFen: fen(SALE_FEN - 1) } },
    mishap: hang("module", 0x72, "before"),
    outcome: { kind: "unverified", reason: "module-session-lost", proof: "log" },
    records: ["prepared", "unknown", "done"],
    debits: 1,
    host: "proved",
  },
  {
    id: "QPF-025",
    spec: "LD/T 32.9, INIT SAM FOR PURCHASE",
    title: "a module that is lost before the debit leaves the card alone",
    tags: ["torn", "psam", "negative"],
    mishap: hang("module", 0x70, "before"),
    outcome: refusedWith("reader-hung"),
    records: ["prepared", "void"],
    debits: 0,
  },
  {
    id: "QPF-026",
    spec: "LD/T 32.9, INIT SAM FOR PURCHASE",
    title: "the same when the module had drawn its sequence",
    tags: ["torn", "psam", "negative"],
    mishap: hang("module", 0x70, "after"),
    outcome: refusedWith("reader-hung"),
    records: ["prepared", "void"],
    debits: 0,
  },
  {
    id: "QPF-027",
    spec: PROVE,
    title: "a reader that hangs at a debit which took place is healed by the same card",
    tags: ["torn"],
    mishap: hang("card", 0x54, "after"),
    outcome: PAID,
    records: ["prepared", "unknown", "done"],
    debits: 1,
    host: "proved",
  },
  {
    id: "QPF-028",
    spec: PROVE,
    title: "a reader that hangs at a debit which did not take place",
    tags: ["torn"],
    mishap: hang("card", 0x54, "before"),
    outcome: PAID,
    records: ["prepared", "unknown", "void", "prepared", "done"],
    debits: 1,
    host: "proved",
  },
  { id: "QPF-029", title: "a slow card is waited for", card: { faults: { extraMsPerCommand: 300 } }, outcome: PAID, records: DONE, debits: 1 },
  {
    id: "QPF-030",
    spec: "pos/v1, 3",
    title: "an amount above the limit of one sale is refused",
    tags: ["negative"],
    limits: { risk: { ...risk, amountPerSaleFen: fen(SALE_FEN - 1) } },
    outcome: refusedWith("amount-limit"),
    records: [],
    debits: 0,
  },
  ...(["left4", "fold4"] as const).map(
    (macReduce): SaleRow => ({
      id: `QPF-031-${macReduce.toUpperCase()}`,
      title: `a whole sale with ${macReduce}`,
      tags: ["sm4", `profile:macReduce=${macReduce}`],
      shop: { profile: { macReduce } },
      outcome: PAID,
      records: DONE,
      debits: 1,
      host: "proved",
    }),
  ),
  ...(["zeros", "pad80"] as const).map(
    (sessionPad): SaleRow => ({
      id: `QPF-032-${sessionPad.toUpperCase()}`,
      title: `a whole sale with ${sessionPad}`,
      tags: ["sm4", `profile:sessionPad=${sessionPad}`],
      shop: { profile: { sessionPad } },
      outcome: PAID,
      records: DONE,
      debits: 1,
      host: "proved",
    }),
  ),
  ...(["fNotF", "fZeros"] as const).map(
    (sm4Diversify): SaleRow => ({
      id: `QPF-033-${sm4Diversify.toUpperCase()}`,
      title: `a whole sale with ${sm4Diversify}`,
      tags: ["sm4", `profile:sm4Diversify=${sm4Diversify}`],
      shop: { profile: { sm4Diversify } },
      outcome: PAID,
      records: DONE,
      debits: 1,
      host: "proved",
    }),
  ),
];

export const QUICK_PAYMENT_CASES: readonly ConformanceCase[] = SALES.map((row) => ({
  id: row.id,
  spec: row.spec ?? PURCHASE,
  title: row.title,
  tags: ["flow", "purse", "purchase", "journal", ...(row.tags ?? [])],
  run: async (context) => {
    const shop = new Shop(context, row.shop);
    await shop.switchOn();
    const card = shop.card(row.card);
    shop.plan(once(row.mishap));
    shop.present(card);
    const { amountFen = SALE_FEN, limits = {} } = row;
    expectMatch(await shop.sell("sale", { amountFen, limits }), row.outcome, "outcome");
    expectEqual(await shop.states(), row.records, "records");
    const paid = row.debits * amountFen;
    expectEqual([card.card.debits.length, card.card.initialBalanceFen - card.card.balanceFen], [row.debits, paid], "the card's debits, and what it gave");
    if (row.host !== undefined) expectEqual(await shop.hostVerdict(), row.host, "the host's verdict");
  },
}));
