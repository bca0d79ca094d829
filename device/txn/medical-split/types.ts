/* Words of the fee split: what is bought, by whom, under which rules, and who pays which part. Spec: FSI, fee split. */
import type { Fen } from "../../base/fen.ts";

/** 甲 / 乙 / 丙类: wholly in the list, partly self-paid, outside the list. */
export type CatalogueClass = "A" | "B" | "C";

/** Grade of the institution: 1 primary, 2 secondary, 3 tertiary. A pharmacy has the grade that its region gives it. */
export type InstitutionLevel = 1 | 2 | 3;

export type PersonType = "working" | "retired";

/** How a holder came here who is insured elsewhere; "local" for everybody else. */
export type Route = "local" | "filed" | "referral" | "emergency" | "unfiled";

/** Funds beside the pooled one, by their members of setlinfo: civil servants, enterprise supplement, catastrophic, large sums, … */
export const OTHER_FUNDS = ["cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay"] as const;
export type OtherFund = (typeof OTHER_FUNDS)[number];

/** A ratio in 1/10000. */
export type RatioE4 = number;

/** One part of the amount above the deductible and the share of it that the pooled fund pays. */
export interface Tier {
  /** Where the tier ends; left out in the last one. */
  readonly upTo?: Fen;
  readonly ratioE4: RatioE4;
}

export type ByLevel<Value> = { readonly [Level in InstitutionLevel]: Value };
export type ByPerson<Value> = { readonly [Person in PersonType]: Value };

/**
 * Where a region rounds the pooled amount: once at its end; the amount that enters each tier and each tier's payment; or once, after the
 * ratio has been rounded to three decimals.
 */
export type PoolRounding = "once" | "per-tier" | "ratio-3";

/** What the pooled fund pays, and from where on. */
export interface PoolRules {
  /** "visit": borne at each purchase; "year": borne once a year, less what was borne already. */
  readonly deductibleBasis: "visit" | "year";
  readonly deductible: ByPerson<ByLevel<Fen>>;
  /** Whether tiers count the amounts of the year, or those of this purchase alone. */
  readonly tierBasis: "visit" | "year";
  readonly tiers: ByLevel<readonly Tier[]>;
  /** Added to the ratio of somebody retired. */
  readonly retiredAdditionE4: RatioE4;
  /** Left out where the region has none, or nobody has told it. */
  readonly annualCap?: ByPerson<Fen>;
  /** What the ratio is multiplied with; a route that is not named has no table here. */
  readonly crossRegion: Readonly<Partial<Record<Exclude<Route, "local">, RatioE4>>>;
  readonly rounding: PoolRounding;
}

/** A fund that adds to the pooled one for those who are entitled to it. */
export interface OtherFundRule {
  readonly fund: OtherFund;
  /** Of what it pays a share: what the pooled fund left of the amount above the deductible, or the deductible itself. */
  readonly of: "left-by-pool" | "deductible";
  readonly ratioE4: RatioE4;
  /** Most that it pays at one purchase. */
  readonly cap?: Fen;
}

export interface AccountRules {
  readonly mayPay: { readonly classC: boolean; readonly firstSelfPay: boolean; readonly overLimit: boolean };
  /** Whether a relative's account may pay what the holder's own has not. */
  readonly mutualAid: boolean;
}

/** The rules of one region for one group of insured. */
export interface RegionPolicy {
  readonly place: string;
  /** First digits of the areas that it holds for. */
  readonly areas: readonly string[];
  /** insutype values that it holds for. */
  readonly insuranceTypes: readonly string[];
  /** yyyy-MM-dd, the first and the last day; no last day: until it is replaced. */
  readonly validFrom: string;
  readonly validTo?: string;
  /** Left out: the personal account alone pays here. */
  readonly pool?: PoolRules;
  /** In the order in which they pay. */
  readonly otherFunds: readonly OtherFundRule[];
  readonly account: AccountRules;
  /** What is assumed, and why. */
  readonly notes: readonly string[];
}

export interface SplitLine {
  /** cnt, decimal text, up to four places. */
  readonly quantity: string;
  /** pric, in yuan as decimal text, up to six places. */
  readonly unitPrice: string;
  readonly class: CatalogueClass;
  /** selfpay_prop: the share of a class B item that is borne before the pooled fund pays. */
  readonly selfPayE4: RatioE4;
  /** pric_uplmt_amt: the highest unit price that counts, in yuan as decimal text, up to six places. */
  readonly priceLimit?: string;
}

export interface SplitHolder {
  readonly person: PersonType;
  /** Deductible borne this year; counts where the deductible is the year's. */
  readonly deductibleUsed: Fen;
  /** What the pooled fund has paid this year. */
  readonly poolUsed: Fen;
  /** Amounts above the deductible that this year's tiers have seen; counts where tiers are the year's. */
  readonly tierUsed: Fen;
  /** Funds beside the pooled one that the holder is entitled to. */
  readonly entitledTo: readonly OtherFund[];
  readonly accountBalance: Fen;
  readonly mutualAidBalance: Fen;
}

export interface SplitInput {
  readonly lines: readonly SplitLine[];
  /** Left out: nobody has told the rules, and no pooled amount is worked out. */
  readonly policy?: RegionPolicy;
  readonly level: InstitutionLevel;
  readonly route: Route;
  readonly holder: SplitHolder;
  /** acct_used_flag: neither the holder's own account nor a relative's pays without it. */
  readonly usesAccount: boolean;
}

/** One line of detlcutinfo. */
export interface LineFigures {
  /** det_item_fee_sumamt */
  readonly amount: Fen;
  /** fulamt_ownpay_amt */
  readonly ownPay: Fen;
  /** overlmt_amt */
  readonly overLimit: Fen;
  /** preselfpay_amt */
  readonly firstSelfPay: Fen;
  /** inscp_scp_amt */
  readonly scope: Fen;
}

/** Every amount of setlinfo, as the terminal works it out. Provisional: only the insurer's own figures bind anybody. */
export interface SplitFigures {
  readonly lines: readonly LineFigures[];
  /** medfee_sumamt */
  readonly total: Fen;
  /** fulamt_ownpay_amt: class C. */
  readonly ownPay: Fen;
  /** overlmt_selfpay */
  readonly overLimit: Fen;
  /** preselfpay_amt */
  readonly firstSelfPay: Fen;
  /** inscp_scp_amt */
  readonly scope: Fen;
  /** act_pay_dedc */
  readonly deductible: Fen;
  /** What the pooled fund would pay without its cap. */
  readonly pooledBeforeCap: Fen;
  /** hifp_pay */
  readonly pooled: Fen;
  /** pool_prop_selfpay: a ratio, the share of the amount above the deductible that the holder bears before the cap. */
  readonly poolSelfPayE4: RatioE4;
  /** cvlserv_pay, hifes_pay, …: zero where no rule pays. */
  readonly others: Readonly<Record<OtherFund, Fen>>;
  /** fund_pay_sumamt, without the personal account. */
  readonly funds: Fen;
  /** psn_part_amt */
  readonly personal: Fen;
  /** acct_pay, without the relative's part. */
  readonly account: Fen;
  /** acct_mulaid_pay */
  readonly mutualAid: Fen;
  /** psn_cash_pay */
  readonly cash: Fen;
  /** balc: what the account holds afterwards. */
  readonly balanceAfter: Fen;
  /** hosp_part_amt: an institution bears nothing by these rules. */
  readonly institution: Fen;
  /** Whether a table of the pooled fund was there; without one its amount is zero because nobody knows it. */
  readonly pooledKnown: boolean;
}

/** Why a basket cannot be divided; `line` counts from zero. Stable words. */
export type SplitProblem = "no-lines" | "quantity-malformed" | "price-malformed" | "limit-malformed" | "self-pay-malformed" | "amount-too-large";

export type SplitResult = { readonly ok: true; readonly figures: SplitFigures } | { readonly ok: false; readonly reason: SplitProblem; readonly line?: number };
