import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { fen } from "../../base/fen.ts";
import { parsePolicy } from "../medical-split/policy.ts";
import { openEstimate } from "./estimate.ts";
import type { CatalogueItem, OfflineSaleRequest } from "./ports.ts";
import { AMOUNT, saleRequest } from "./testing.ts";

const NOON = Date.UTC(2026, 0, 5, 4);
const [A1, B1, C1] = saleRequest().items.map(({ nationalCode }) => nationalCode);
const CATALOGUE: Readonly<Record<string, CatalogueItem>> = {
  [A1 ?? ""]: { class: "A", selfPayE4: 0 },
  [B1 ?? ""]: { class: "B", selfPayE4: 1000 },
  [C1 ?? ""]: { class: "C", selfPayE4: 0 },
};

interface Place {
  readonly policies?: readonly string[];
  readonly area?: string;
  readonly atMs?: number;
  readonly catalogue?: Readonly<Record<string, CatalogueItem>>;
  readonly level?: 1 | 2 | 3;
}

function estimate(
  { policies = ["kunming"], area = "530102", atMs = NOON, catalogue = CATALOGUE, level = 1 }: Place,
  request: Partial<OfflineSaleRequest> = {},
) {
  const parsed = policies.map((name) => parsePolicy(JSON.parse(readFileSync(join(import.meta.dirname, "../medical-split/policies", `${name}.json`), "utf8"))));
  const known = parsed.flatMap((parse) => (parse.ok ? [parse.policy] : []));
  const item = (code: string) => catalogue[code];
  return openEstimate({ clock: new VirtualClock(atMs), catalogue: { item }, policies: known, level, area, insuranceType: "310" })(saleRequest(request));
}

const figures = (fund: number) => ({ final: false, total: AMOUNT, fund, account: 0, mutualAid: 0, cash: AMOUNT - fund });

test.each<[string, Place, Partial<OfflineSaleRequest>, number]>([
  ["the worked example", {}, {}, 5892],
  ["the policy of another place stands first", { policies: ["huainan", "kunming"] }, {}, 5892],
  ["another level", { level: 3 }, {}, 2910],
  ["no policy at all", { policies: [] }, {}, 0],
  ["no policy for this place", { area: "440100" }, {}, 0],
  ["no policy for this insurance", {}, { insuranceType: "390" }, 0],
  ["no policy on this day", { atMs: Date.UTC(2021, 11, 31, 15) }, {}, 0],
  ["its first day, by the clock of the place", { atMs: Date.UTC(2021, 11, 31, 16) }, {}, 5892],
  ["a county without a pool", { policies: ["account-only"] }, {}, 0],
  ["nobody knows the items", { catalogue: {} }, {}, 0],
  // 57.00 in class A: 5700 - 2000 = 3700, of which 60 %.
  ["one item is unknown", { catalogue: { [A1 ?? ""]: { class: "A", selfPayE4: 0 } } }, {}, 2220],
  ["a price limit", { catalogue: { [A1 ?? ""]: { class: "A", selfPayE4: 0, priceLimit: "20.00" } } }, {}, 1200],
])("%s", (_, place, request, fund) => expect(estimate(place, request)).toEqual(figures(fund)));

test("what cannot be worked out is the holder's to pay", () => {
  expect(estimate({}, { amount: fen(AMOUNT + 1) })).toEqual({ final: false, total: AMOUNT + 1, fund: 0, account: 0, mutualAid: 0, cash: AMOUNT + 1 });
  const items = saleRequest().items.map((item) => ({ ...item, quantity: "many" }));
  expect(estimate({}, { items })).toEqual(figures(0));
});
