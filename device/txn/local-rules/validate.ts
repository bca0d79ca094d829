/* Local rules are looked at before any sale meets them: a rule that is wrong is named by its row, and none of them is used then. */
import { isCivilDate } from "../../codec/civil-time.ts";
import type { LocalRule, LocalRuleOf } from "./types.ts";

/** More than any region has. */
const RULES_MAX = 200;
const RATIO_MAX = 10_000;
const COUNT_MAX = 100_000;
const FEN_MAX = 99_999_999_99;
const CARD_TYPE_MAX = 255;
/** As cards name their issuer: an account number's first six digits, or eight bytes of a purse. */
const ISSUER_SHAPE = /^[0-9a-f]{6,16}$/;

export type LocalRulesCheck = { readonly ok: true; readonly rules: readonly LocalRule[] } | { readonly ok: false; readonly problems: readonly string[] };

/** Never throws. Problems name row (from 1) and rule. */
export function validateLocalRules(rules: readonly LocalRule[]): LocalRulesCheck {
  const problems = [
    ...(rules.length > RULES_MAX ? [`more than ${RULES_MAX} rules`] : []),
    ...rules.flatMap((rule, at) => [...ownProblems(rule), ...clashes(rule, rules.slice(0, at))].map((problem) => `row ${at + 1} (${rule.name}): ${problem}`)),
  ];
  return problems.length === 0 ? { ok: true, rules } : { ok: false, problems };
}

function ownProblems(rule: LocalRule): readonly string[] {
  return [...dateProblems(rule), ...figureProblems(rule)];
}

function dateProblems({ name, validFrom, validTo }: LocalRule): readonly string[] {
  return [
    ...(name.trim() === "" ? ["a rule has a name"] : []),
    ...(isCivilDate(validFrom) ? [] : ["validFrom is no day"]),
    ...(validTo === undefined || isCivilDate(validTo) ? [] : ["validTo is no day"]),
    ...(validTo !== undefined && validTo < validFrom ? ["ends before it begins"] : []),
  ];
}

const whole = (value: number, least: number, most: number): boolean => Number.isSafeInteger(value) && value >= least && value <= most;

type FigureChecks = { readonly [Kind in LocalRule["kind"]]: (rule: LocalRuleOf<Kind>) => readonly string[] };

/** An absent figure is right. */
const absentOr = (value: number | undefined, right: (value: number) => boolean): boolean => value === undefined || right(value);
const isFen = (value: number): boolean => whole(value, 1, FEN_MAX);

const FIGURES: FigureChecks = {
  statement: ({ limit, warnFrom }) => [
    ...unless(whole(limit, 1, COUNT_MAX), "limit is a number of sales"),
    ...unless(whole(warnFrom, 0, limit), "the warning comes before the limit"),
  ],
  "daily-cap": ({ amountFen, count }) => [
    ...unless(amountFen !== undefined || count !== undefined, "caps neither amount nor count"),
    ...unless(absentOr(amountFen, isFen), "amountFen is an amount"),
    ...unless(
      absentOr(count, (value) => whole(value, 1, COUNT_MAX)),
      "count is a number of sales",
    ),
  ],
  "merchant-discount": ({ merchants, numerator, denominator, discountMaxFen }) => [
    ...unless(merchants.length > 0, "names no merchant"),
    ...unless(whole(denominator, 2, RATIO_MAX) && whole(numerator, 1, denominator - 1), "the ratio lies between 0 and 1"),
    ...unless(absentOr(discountMaxFen, isFen), "discountMaxFen is an amount"),
  ],
  "fare-concession": ({ issuers, asCardType }) => [
    ...unless(issuers.length > 0 && issuers.every((issuer) => ISSUER_SHAPE.test(issuer)), "issuers are hexadecimal"),
    ...unless(whole(asCardType, 0, CARD_TYPE_MAX), "asCardType is a card type"),
  ],
  "library-deposit": ({ depositFen }) => unless(isFen(depositFen), "depositFen is an amount"),
};

function unless(right: boolean, problem: string): readonly string[] {
  return right ? [] : [problem];
}

function figureProblems(rule: LocalRule): readonly string[] {
  // Each kind has the check of its own kind.
  const check = FIGURES[rule.kind] as (rule: LocalRule) => readonly string[];
  return check(rule);
}

/** Two rules of one kind that hold on the same day say two things at once. Discounts may stand beside each other: the best one counts. */
function clashes(rule: LocalRule, earlier: readonly LocalRule[]): readonly string[] {
  const named = earlier.some(({ name }) => name === rule.name) ? ["another rule has this name"] : [];
  if (rule.kind === "merchant-discount") return named;
  const clash = earlier.find((other) => other.kind === rule.kind && overlap(other, rule));
  return clash === undefined ? named : [...named, `${clash.name} holds on the same days`];
}

function overlap(left: LocalRule, right: LocalRule): boolean {
  return left.validFrom <= (right.validTo ?? "99999999") && right.validFrom <= (left.validTo ?? "99999999");
}
