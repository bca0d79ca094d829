/*
 * What a holder may be told while the insurer is away: the split of the basket by the region's published rules, as far as the terminal
 * knows them. Nobody here knows what the year has used up or what an account holds, so that neither is guessed: the year counts as fresh,
 * the account as empty. Never final.
 */
import { type Fen, ZERO_FEN } from "../../base/fen.ts";
import type { Clock } from "../../base/ports.ts";
import { civilTime } from "../../codec/civil-time.ts";
import type { OrderItem } from "../medical-desk/basket.ts";
import type { ProvisionalFigures } from "../medical-desk/desk.ts";
import { policyHolds } from "../medical-split/policy.ts";
import { splitFee } from "../medical-split/split.ts";
import type { InstitutionLevel, RegionPolicy, SplitHolder, SplitLine } from "../medical-split/types.ts";
import type { CatalogueItem, ItemCatalogue, OfflineSaleRequest } from "./ports.ts";

export interface EstimateOptions {
  readonly clock: Clock;
  readonly catalogue: ItemCatalogue;
  /** Of all regions that this place knows; the first that holds is taken. */
  readonly policies: readonly RegionPolicy[];
  readonly level: InstitutionLevel;
  /** Area of this place: without the insurer nobody knows where its holder is insured. */
  readonly area: string;
  /** insutype where the counter has named none. */
  readonly insuranceType: string;
}

const UNKNOWN_HOLDER: SplitHolder = {
  person: "working",
  deductibleUsed: ZERO_FEN,
  poolUsed: ZERO_FEN,
  tierUsed: ZERO_FEN,
  entitledTo: [],
  accountBalance: ZERO_FEN,
  mutualAidBalance: ZERO_FEN,
};

/** What the terminal does not know is outside of the list. */
const UNKNOWN_ITEM: CatalogueItem = { class: "C", selfPayE4: 0 };

function lineOf({ nationalCode, quantity, unitPrice }: OrderItem, catalogue: ItemCatalogue): SplitLine {
  return { quantity, unitPrice, ...(catalogue.item(nationalCode) ?? UNKNOWN_ITEM) };
}

function wholly(total: Fen): ProvisionalFigures {
  return { final: false, total, fund: ZERO_FEN, account: ZERO_FEN, mutualAid: ZERO_FEN, cash: total };
}

/** Makes the estimate of a place. It never fails: what cannot be worked out is the holder's to pay. */
export function openEstimate(options: EstimateOptions): (request: OfflineSaleRequest) => ProvisionalFigures {
  return ({ items, amount, insuranceType = options.insuranceType, usesAccount }) => {
    const { iso } = civilTime(options.clock.wallMs());
    const at = { day: iso.slice(0, 10), area: options.area, insuranceType };
    const policy = options.policies.find((candidate) => policyHolds(candidate, at));
    const result = splitFee({
      lines: items.map((item) => lineOf(item, options.catalogue)),
      ...(policy === undefined ? {} : { policy }),
      level: options.level,
      route: "local",
      holder: UNKNOWN_HOLDER,
      usesAccount,
    });
    // Figures of another total than the holder was told would only confuse.
    if (!result.ok || result.figures.total !== amount) return wholly(amount);
    const { funds, account, mutualAid, cash } = result.figures;
    return { final: false, total: amount, fund: funds, account, mutualAid, cash };
  };
}
