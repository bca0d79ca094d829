/* Local rules over sales at one terminal: what they make of a sale, by what its card has bought here. */
import type { Clock } from "../base/ports.ts";
import type { RidesAs } from "../txn/gate/tariff.ts";
import { ridesAs } from "../txn/local-rules/apply.ts";
import { openLocalRules } from "../txn/local-rules/open.ts";
import { openCardTallies, type TalliedCard, type TalliedJournal } from "../txn/local-rules/tallies.ts";
import type { LocalRule } from "../txn/local-rules/types.ts";
import { type CardLinks, type CardLinksParts, openCardLinks } from "../txn/risk/card-links.ts";
import type { LocalRuling, ReviewedCard, RuledByPlace } from "../txn/risk/guard.ts";

export interface RuledSales {
  rule(sale: RuledByPlace): Promise<LocalRuling>;
  /** The issuer's statement was handed out: the card trades on. Faults: those of the journal. */
  statementPrinted(cardNumber: string): Promise<void>;
}

export interface RuledSalesParts {
  readonly journal: TalliedJournal;
  readonly clock: Pick<Clock, "wallMs">;
  readonly rules: readonly LocalRule[];
  /** Code of the institution that sells. */
  readonly merchant: string;
  readonly links: Pick<CardLinks, "keysOf">;
}

/** Local rules and links of cards at one terminal. */
export interface CardRules {
  readonly links: CardLinks;
  /** Undefined where no rule looks at sales. */
  readonly sales: RuledSales | undefined;
  /** Whether holders pay less at this merchant. */
  readonly merchantAgreement: boolean;
  /** Whose cards ride at a gate as cards of another type; nothing where no rule says so. */
  readonly concessions: { readonly ridesAs?: RidesAs };
}

/** Faults: those of the journal. */
export async function openCardRules(parts: CardLinksParts & Pick<RuledSalesParts, "journal" | "clock">, settings: RuledSettings): Promise<CardRules> {
  const links = await openCardLinks(parts);
  const { journal, clock } = parts;
  const { institution: merchant } = settings.medical.profile.sender;
  const sales = await openRuledSales({ journal, clock, rules: settings.services?.localRules ?? [], merchant, links });
  return { links, sales, merchantAgreement: hasAgreement(settings), concessions: concessionsOf(settings) };
}

/** What is looked at of a terminal's settings. */
interface RuledSettings {
  readonly services?: { readonly localRules?: readonly LocalRule[] };
  readonly medical: { readonly profile: { readonly sender: { readonly institution: string } } };
}

/** Whether a rule gives holders of the card a discount at this merchant. */
export function hasAgreement({ services, medical }: RuledSettings): boolean {
  const { institution } = medical.profile.sender;
  return services?.localRules?.some((rule) => rule.kind === "merchant-discount" && rule.merchants.includes(institution)) === true;
}

/** Whose cards ride at a gate as cards of another type; nothing where no rule says so. */
export function concessionsOf({ services }: Pick<RuledSettings, "services">): { readonly ridesAs?: RidesAs } {
  const rules = services?.localRules?.filter(({ kind }) => kind === "fare-concession") ?? [];
  return rules.length === 0 ? {} : { ridesAs: (card) => ridesAs(rules, card) };
}

/** Fares ask rules of their own. */
function looksAtSales({ kind }: LocalRule): boolean {
  return kind !== "fare-concession";
}

/** Undefined where there are none that look at sales. Reads the journal once. Faults: those of the journal. */
export async function openRuledSales({ journal, clock, rules: all, merchant, links }: RuledSalesParts): Promise<RuledSales | undefined> {
  const rules = all.filter(looksAtSales);
  if (rules.length === 0) return undefined;
  const countsTo = Math.max(0, ...rules.map((rule) => (rule.kind === "statement" ? rule.limit : 0)));
  const tallies = await openCardTallies(journal, countsTo);
  const local = openLocalRules({ rules, tallies, clock, merchant });
  const tallied = ({ name, cardNumber, cardIdentifier }: ReviewedCard): TalliedCard => {
    const own = journal.cardKey(name);
    if (cardNumber === undefined || cardIdentifier === undefined) return { keys: [own] };
    return { keys: [own, ...links.keysOf({ cardNumber, cardIdentifier })], holder: journal.cardKey(cardNumber) };
  };
  return {
    rule: async ({ card, amount, pays }) => {
      const outcome = await local.rule({ amount, pays, card: tallied(card) });
      if (outcome.kind === "refused") return { kind: "refused", reason: outcome.reason };
      const { discount, rules: named, warning } = outcome;
      return {
        kind: "sale",
        ...(discount > 0 && named[0] !== undefined ? { discount: { fullAmount: amount, discount, rule: named[0] } } : {}),
        ...(warning === undefined ? {} : { salesLeft: warning.salesLeft }),
      };
    },
    statementPrinted: (cardNumber) => tallies.liftedByIssuer(journal.cardKey(cardNumber)),
  };
}
