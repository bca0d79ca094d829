/* How a shop sells by itself, and how money goes back: which purses are paid back in cash, and the keypad at which amounts are typed. */
import * as z from "zod";
import { fen } from "../base/fen.ts";
import type { KeypadSaleSettings } from "../shop/keypad-sale.ts";
import type { HoldPlace } from "../txn/shop/holds.ts";
import { DEFAULT_REFUND_RULES, type RefundRules } from "../txn/shop/refunds.ts";
import type { DeepReadonly } from "./deep-readonly.ts";
import { industryPlaceOf, industryRecord } from "./industry-record.ts";

const way = (purse: keyof RefundRules) => z.enum(["cash", "issuer"]).default(DEFAULT_REFUND_RULES[purse]);

const keypad = z.strictObject({
  /** Purses that are tried, the first that the card has pays. */
  purses: z
    .array(z.enum(["e-purse", "electronic-cash"]))
    .min(1)
    .max(2)
    .refine((purses) => new Set(purses).size === purses.length, "each purse once")
    .default(["e-purse"]),
  /** "yuan": 12.5 is twelve yuan fifty. "fen": digits come in from the right, 1250 is twelve yuan fifty. */
  typed: z.enum(["yuan", "fen"]).default("yuan"),
  amountMaxFen: z.int().min(1).max(99_999_999).default(99_999_99),
  /** How long somebody may take between two keys before what was typed is dropped. */
  keySeconds: z.int().min(5).max(600).default(60),
  /** How long a card is waited for. */
  cardSeconds: z.int().min(5).max(300).default(30),
  prints: z.boolean().default(true),
});

const holds = z.strictObject({
  /** The industry record that says who holds and how much: one that no gate uses. */
  record: industryRecord,
  /** Line 4 and station 4 of this place, as records of cards name it. */
  place: z.string().regex(/^[0-9a-f]{8}$/),
  industry: z.int().min(0).max(0xff),
  city: z.string().regex(/^\d{4}$/),
  /** Who takes the money. */
  acquirer: z.string().regex(/^[0-9a-f]{16}$/),
});

export const shopConfig = z.strictObject({
  /** How the money of each purse goes back: in cash from the drawer, or through its issuer. */
  refunds: z
    .strictObject({ "e-purse": way("e-purse"), compound: way("compound"), "medical-purse": way("medical-purse"), "electronic-cash": way("electronic-cash") })
    .prefault({}),
  /** Amounts are typed at the counter's keypad and sold without any other program; absent: only programs sell. */
  keypad: keypad.exactOptional(),
  /** Amounts of electronic cash that are held on the card at first and completed later; absent: none are. */
  holds: holds.exactOptional(),
});

export type ShopConfig = DeepReadonly<z.infer<typeof shopConfig>>;

/** What the configuration decides, in the shop's own words. */
export function shopSettingsOf(config: ShopConfig | undefined): { readonly refunds: RefundRules; readonly keypad?: KeypadSaleSettings } {
  const { refunds = DEFAULT_REFUND_RULES, keypad: typed } = config ?? {};
  if (typed === undefined) return { refunds };
  const { purses, amountMaxFen, keySeconds, cardSeconds, prints } = typed;
  return {
    refunds,
    keypad: { purses, typed: typed.typed, amountMax: fen(amountMaxFen), keyTimeoutMs: keySeconds * 1_000, cardTimeoutMs: cardSeconds * 1_000, prints },
  };
}

/** Where amounts are held; undefined where none are. */
export function holdPlaceOf(config: ShopConfig | undefined): HoldPlace | undefined {
  if (config?.holds === undefined) return undefined;
  const { record, ...place } = config.holds;
  return { ...place, record: industryPlaceOf(record) };
}
