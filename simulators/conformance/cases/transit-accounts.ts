/* Transit accounts: their names, the files of each scheme, balances by each rule, and whether an account may travel. */
import { fen } from "../../../device/base/fen.ts";
import { readLog } from "../../../device/card/purse/log.ts";
import { admitTransit, openTransit, readHolder, readRegion, readTransitBalance, readTrip } from "../../../device/card/transit/card.ts";
import { DEFAULT_CARD_PROFILE } from "../../../device/codec/card-profile.ts";
import { HOUSING_AID, type PurseOptions, T_UNION_AID, T_UNION_SECOND_AID } from "../../card/purse/make.ts";
import { type CardBenchOptions, LIMITS } from "../card-bench.ts";
import { expectEqual, expectMatch, fail } from "../expect.ts";
import { type PurseBench, type PurseRow, purseCases } from "../purse-bench.ts";
import { type ScriptRow, SELECT_PURSE, scripted } from "../script.ts";
import type { ConformanceCase } from "../types.ts";

const SELECTION = "JT/T 978, selection";
const FILES = "JT/T 978, files";
const BALANCE = "JT/T 978, balance";

function account(options: PurseOptions = {}): CardBenchOptions {
  return { card: { purse: { transit: "t-union", ...options } } };
}

const HOUSING: CardBenchOptions = { card: { purse: { transit: "housing" } } };
const SELECT_HOUSING = "00A4040009A0000000038698070100";

/** Balance by each rule: what the card answers to the three forms with 10,000 fen of its own and 500 of overdraft. */
const RULES: readonly (readonly [rule: "5C0002-5C0102" | "5C0302" | "5C0002", answers: readonly [string, string, string]])[] = [
  ["5C0002-5C0102", ["000029049000", "000001f49000", "6a86"]],
  ["5C0302", ["000029049000", "6a86", "000027109000"]],
  ["5C0002", ["000027109000", "6a86", "6a86"]],
];

const COMMANDS: readonly ConformanceCase[] = scripted([
  {
    id: "TRA-001",
    spec: SELECTION,
    title: "the answer to SELECT carries EF15",
    tags: ["transit", "selection"],
    bench: account(),
    steps: [
      [SELECT_PURSE, `6f2d 8408${T_UNION_AID} a521 9f0c1e 9901000000000001 02 01 00009900000000000001 20200101 20401231 .... 9000`],
      ["00B095001E", "9901000000000001 02 01 00009900000000000001 20200101 20401231 .... 9000"],
    ],
  },
  {
    id: "TRA-002",
    spec: SELECTION,
    title: "both names of the transport ministry select one account, by their beginning too",
    tags: ["transit", "selection"],
    bench: account({ aliasAidsHex: [T_UNION_SECOND_AID] }),
    steps: [
      ["00A4040008A00000063201010600", `6f2d 8408${T_UNION_SECOND_AID}*9000`],
      ["00A4040008A00000063201010500", `6f2d 8408${T_UNION_AID}*9000`],
      ["00A4040005A00000063200", `6f2d 8408${T_UNION_AID}*9000`],
      ["00A4040205A00000063200", `6f2d 8408${T_UNION_SECOND_AID}*9000`],
      ["00A4040205A00000063200", "6a82"],
    ],
  },
  {
    id: "TRA-003",
    spec: SELECTION,
    title: "another name of the same provider is not an account",
    tags: ["transit", "selection", "negative"],
    bench: account(),
    steps: [
      ["00A4040008A00000063201010700", "6a82"],
      ["00A4040008A00000063201010600", "6a82"],
    ],
  },
  {
    id: "TRA-004",
    spec: "CJ/T 166, selection",
    title: "the housing ministry's card has a name of its own",
    tags: ["transit", "selection"],
    bench: HOUSING,
    steps: [
      [SELECT_HOUSING, `6f2e 8409${HOUSING_AID} a521 9f0c1e*9000`],
      [SELECT_PURSE, "6a82"],
    ],
  },
  {
    id: "TRA-005",
    spec: FILES,
    title: "the files of a T-Union account have their lengths",
    tags: ["transit", "files"],
    bench: account(),
    steps: [
      [SELECT_PURSE, "*9000"],
      ["00B0960037", `${"..".repeat(55)}9000`],
      ["00B0963701", "6b00"],
      ["00B097003C", `00000156 9900 9901 0001 01 ${"..".repeat(49)}9000`],
      ["00B0973C01", "6b00"],
      ["00B201D480", `2702${"..".repeat(126)}9000`],
      ["00B227D080", `2702${"..".repeat(126)}9000`],
      ["00B228D080", "6a83"],
      ["00B201F430", "6a83"],
      ["00B201C417", "6a83"],
    ],
  },
  {
    id: "TRA-006",
    spec: "CJ/T 166, files",
    title: "the files of the housing ministry's card have their lengths",
    tags: ["transit", "files"],
    bench: HOUSING,
    steps: [
      [SELECT_HOUSING, "*9000"],
      ["00B202B830", `02${"..".repeat(47)}9000`],
      ["00B202BC30", `02${"..".repeat(47)}9000`],
      ["00B203BC30", "6a83"],
      ["00B2018430", "6a83"],
      ["00B201D417", "6a83"],
      ["00B097003C", "6981"],
    ],
  },
  {
    id: "TRA-007",
    spec: "JT/T 978, EF15",
    title: "an account that is not enabled pays nothing, and can be loaded",
    tags: ["transit", "negative"],
    bench: account({ enabled: false, greyLock: true }),
    steps: [
      [SELECT_PURSE, "*9000"],
      ["00B0950901", "009000"],
      ["805001020B01000000009901000000010F", "6985"],
      ["805003020B01000000009901000000010F", "6985"],
      ["E07A080207019901000000010F", "6985"],
      ["805000020B010000000199010000000110", "*9000"],
    ],
  },
  ...RULES.map(
    ([rule, [own, overdraft, combined]], at): ScriptRow => ({
      id: `TRA-01${at}`,
      spec: BALANCE,
      title: `the card tells its balance by the rule ${rule}`,
      tags: ["transit", `profile:transitBalance=${rule}`],
      bench: { profile: { transitBalance: rule }, ...account({ overdraftLimitFen: 500 }) },
      steps: [
        [SELECT_PURSE, "*9000"],
        ["805C000204", own],
        ["805C010204", overdraft],
        ["805C030204", combined],
        ["805C020204", "6a86"],
      ],
    }),
  ),
  ...(["EP", "ED"] as const).map(
    (transitPurse, at): ScriptRow => ({
      id: `TRA-02${at}`,
      spec: "JT/T 978, compound purchase",
      title: `compound purchases are paid from the ${transitPurse} and from nothing else, without a PIN`,
      tags: ["transit", "compound", "passbook", `profile:transitPurse=${transitPurse}`],
      bench: { profile: { transitPurse }, ...account({ passbook: { balanceFen: 700 }, pin: "123456" }) },
      steps: [
        [SELECT_PURSE, "*9000"],
        [`8050030${transitPurse === "EP" ? 2 : 1}0B01000000009901000000010F`, "*9000"],
        [`8050030${transitPurse === "EP" ? 1 : 2}0B01000000009901000000010F`, "6a86"],
        ["805C000104", transitPurse === "ED" ? "000002bc9000" : "6982"],
      ],
    }),
  ),
]);

/** What the terminal reads of the holder's own money, before and after the account is overdrawn. */
async function tellsOwnMoney(bench: PurseBench, told: { readonly afterwards: { readonly balance: number; readonly overdrawn: number } }): Promise<void> {
  const read = async () => readTransitBalance(await bench.channel(), bench.bench.profile, LIMITS);
  expectEqual(await read(), { kind: "ok", balance: 10_000, overdrawn: 0 }, "before");
  await bench.sell({ form: "purchase", p2: 2, amountFen: 10_400 });
  expectEqual(await read(), { kind: "ok", ...told.afterwards }, "afterwards");
}

const ADMISSION: readonly (readonly [title: string, card: PurseOptions & { readonly expired?: boolean }, city: string, outcome: object])[] = [
  ["an enabled account of this city", {}, "9901", { kind: "admitted" }],
  ["an interoperable account of another city", {}, "1101", { kind: "admitted" }],
  ["an account that is not enabled", { enabled: false }, "9901", { kind: "refused", reason: "not-enabled" }],
  ["an expired account", { expired: true }, "9901", { kind: "refused", reason: "expired" }],
];

const BY_TERMINAL: readonly ConformanceCase[] = purseCases([
  ...(
    [
      ["5C0002-5C0102", { balance: 0, overdrawn: 400 }],
      ["5C0302", { balance: 0, overdrawn: 0 }],
      ["5C0002", { balance: 0, overdrawn: 0 }],
    ] as const
  ).map(
    ([rule, afterwards], at): PurseRow => ({
      id: `TRA-03${at}`,
      spec: BALANCE,
      title: `the terminal reads the holder's own money by the rule ${rule}, overdrawn or not`,
      tags: ["transit", `profile:transitBalance=${rule}`],
      bench: { profile: { transitBalance: rule }, ...account({ overdraftLimitFen: 500 }) },
      run: (bench) => tellsOwnMoney(bench, { afterwards }),
    }),
  ),
  ...RULES.map(
    ([rule], at): PurseRow => ({
      id: `TRA-03${at + 3}`,
      spec: BALANCE,
      title: `the highest bit of a balance is no part of the amount (${rule})`,
      tags: ["transit", `profile:transitBalance=${rule}`],
      bench: { profile: { transitBalance: rule }, ...account({ balanceFlag: true }) },
      run: async (bench) => {
        await bench.expect("805C000204", "800027109000");
        expectEqual(await readTransitBalance(await bench.channel(), bench.bench.profile, LIMITS), { kind: "ok", balance: 10_000, overdrawn: 0 }, "the balance");
      },
    }),
  ),
  ...(
    [
      ["standard", DEFAULT_CARD_PROFILE.transitAidOrder, T_UNION_AID],
      ["other", [T_UNION_SECOND_AID, HOUSING_AID, T_UNION_AID], T_UNION_SECOND_AID],
    ] as const
  ).map(
    ([order, transitAidOrder, found], at): PurseRow => ({
      id: `TRA-04${at}`,
      spec: SELECTION,
      title: `a card with both names is opened by the first of the order that the terminal has (${order})`,
      tags: ["transit", "selection", `profile:transitAidOrder=${order}`],
      bench: { profile: { transitAidOrder }, ...account({ aliasAidsHex: [T_UNION_SECOND_AID] }) },
      run: async (bench) => {
        expectMatch(
          await openTransit(await bench.channel(), { transitAidOrder }, LIMITS),
          { kind: "ok", applicationId: found, scheme: "t-union" },
          "the account",
        );
      },
    }),
  ),
  ...(
    [
      ["standard", DEFAULT_CARD_PROFILE.transitAidOrder],
      ["other", [HOUSING_AID]],
    ] as const
  ).map(
    ([order, transitAidOrder], at): PurseRow => ({
      id: `TRA-04${at + 2}`,
      spec: "CJ/T 166, selection",
      title: `the housing ministry's card is found wherever it stands in the order (${order})`,
      tags: ["transit", "selection", `profile:transitAidOrder=${order}`],
      bench: { profile: { transitAidOrder }, ...HOUSING },
      run: async (bench) => {
        const opened = await openTransit(await bench.channel(), { transitAidOrder }, LIMITS);
        expectMatch(opened, { kind: "ok", applicationId: HOUSING_AID, scheme: "housing" }, "the account");
      },
    }),
  ),
  {
    id: "TRA-044",
    spec: SELECTION,
    title: "an order without the card's names finds no account",
    tags: ["transit", "selection", "negative", "profile:transitAidOrder=other"],
    bench: { profile: { transitAidOrder: [HOUSING_AID] }, ...account() },
    run: async (bench) => {
      expectEqual(await openTransit(await bench.channel(), bench.bench.profile, LIMITS), { kind: "no-transit" }, "the answer");
    },
  },
  {
    id: "TRA-045",
    spec: SELECTION,
    title: "a blocked account is told as blocked",
    tags: ["transit", "selection", "negative"],
    bench: account(),
    run: async (bench) => {
      bench.card.setFaults({ blocked: "purse" });
      expectEqual(await openTransit(await bench.channel(), bench.bench.profile, LIMITS), { kind: "blocked" }, "the answer");
    },
  },
  ...ADMISSION.map(
    ([title, { expired, ...options }, city, outcome], at): PurseRow => ({
      id: `TRA-05${at}`,
      spec: "JT/T 978, EF15 and EF17",
      title: `${title} is ${"reason" in outcome ? `refused: ${String(outcome.reason)}` : "admitted"}`,
      tags: ["transit", "files", ...("reason" in outcome ? (["negative"] as const) : [])],
      bench: { card: { purse: { transit: "t-union", ...options }, ...(expired === undefined ? {} : { expired }) } },
      run: async (bench) => {
        const channel = await bench.channel();
        const card = await openTransit(channel, bench.bench.profile, LIMITS);
        const region = await readRegion(channel, LIMITS);
        if (card.kind !== "ok" || region.kind !== "ok") return fail("the account can be read");
        expectEqual(admitTransit({ data: card.data, region: region.value }, { today: "20261121", city }), outcome, "the admission");
      },
    }),
  ),
  {
    id: "TRA-060",
    spec: FILES,
    title: "the terminal reads an account that has travelled nowhere and says nothing of its holder",
    tags: ["transit", "files"],
    bench: account(),
    run: async (bench) => {
      const channel = await bench.channel();
      expectMatch(await readRegion(channel, LIMITS), { kind: "ok", value: { city: "9901", interoperability: 1 } }, "the region");
      expectMatch(await readHolder(channel, LIMITS), { kind: "ok", value: { name: "" } }, "the holder");
      expectEqual(await readTrip(channel, 1, LIMITS), { kind: "no-record" }, "the trips");
    },
  },
  {
    id: "TRA-061",
    spec: "CJ/T 166, files",
    title: "the housing ministry's card keeps its loads apart from its purchases",
    tags: ["transit", "files", "load"],
    bench: HOUSING,
    run: async (bench) => {
      await bench.load({ p2: 2, amountFen: 5_000 });
      await bench.sell({ form: "purchase", p2: 2, amountFen: 1 });
      const logs = [await readLog(await bench.channel(), LIMITS), await readLog(await bench.channel(), LIMITS, 0x1a)];
      const told = logs.map((log) => (log.kind === "ok" ? log.entries.map(({ type, amount }) => [type, amount]) : log));
      expectEqual(told, [[[6, fen(1)]], [[2, fen(5_000)]]], "the logs");
    },
  },
]);

export const TRANSIT_ACCOUNT_CASES: readonly ConformanceCase[] = [...COMMANDS, ...BY_TERMINAL];
