/* What is on a card, in how many commands, and what is chosen of it. */
import { describe, expect, it } from "vitest";
import { EMPTY, fromHex } from "../../base/bytes.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "../purse/commands.ts";
import { cardBench, LIMITS, ScriptedChannel } from "../testing.ts";
import { chooseApplication } from "./choose.ts";
import { type SurveyOptions, surveyCard } from "./survey.ts";
import type { CardSurvey, FoundApplication } from "./types.ts";

const OPTIONS: SurveyOptions = {
  wanted: ["social", "transit", "purse", "electronic-cash"],
  depth: "all",
  interface: "contactless",
  profile: DEFAULT_CARD_PROFILE,
  purseApplications: DEFAULT_PURSE_APPLICATIONS,
};
const select = (name: string) => `00a40400${(name.length / 2).toString(16).padStart(2, "0")}${name}00`;
const SOCIAL = select("7378312e73682ec9e7bbe1b1a3d5cf");
const UNION = select("a000000632010105");
const UNION_2 = select("a000000632010106");
const HOUSING = select("a00000000386980701");
const PPSE = select("325041592e5359532e4444463031");
const DOMESTIC = select("a000000333");
const CASH = ["a000000333010106", "a000000333010101", "a000000333010102", "a000000333010103"].map(select);
const FOREIGN = ["a000000003", "a000000004", "a000000065", "a000000025", "a000000152"].map(select);
const fci = (name: string) => `6f${(name.length / 2 + 2).toString(16).padStart(2, "0")}84${(name.length / 2).toString(16).padStart(2, "0")}${name}9000`;
const listing = (name: string) => `6f14a512bf0c0f610d4f08${name}870101 9000`.replaceAll(" ", "");
const NOT = "6a82";

async function survey(script: readonly (readonly [string, string])[], options: Partial<SurveyOptions> = {}) {
  const channel = new ScriptedChannel(script);
  const result = await surveyCard(channel, { ...OPTIONS, ...options }, LIMITS);
  expect(channel.done).toBe(true);
  return result;
}

describe("a survey", () => {
  it("asks for each name once, a name that is both transit and purse too", async () => {
    const result = await survey([
      [SOCIAL, "6f009000"],
      [UNION, fci("a000000632010105")],
      [UNION_2, NOT],
      [HOUSING, NOT],
      [PPSE, listing("a000000333010106")],
    ]);
    expect(result).toMatchObject({
      kind: "ok",
      insertion: 1,
      selected: undefined,
      applications: [
        { kinds: ["social"], blocked: false },
        { kinds: ["transit", "purse"], name: "a000000632010105", blocked: false },
        { kinds: ["electronic-cash"], name: "a000000333010106", blocked: false },
      ],
    });
  });

  it("stops at the first that is usable, which stays selected", async () => {
    const result = await survey(
      [
        [UNION, "9303"],
        [UNION_2, fci("a000000632010106")],
      ],
      { wanted: ["transit"], depth: "first" },
    );
    expect(result).toMatchObject({ kind: "ok", selected: "a000000632010106", applications: [{ blocked: true }, { blocked: false }] });
  });

  it("an application that is only a purse here is no transit account", async () => {
    const result = await survey([[select("a000000333ffff"), "9000"]], { wanted: ["purse"], purseApplications: [{ applicationId: "A000000333FFFF" }] });
    expect(result).toMatchObject({ kind: "ok", selected: "a000000333ffff", applications: [{ kinds: ["purse"], name: "a000000333ffff" }] });
  });

  it("with contacts the bank's name is found by its beginning", async () => {
    const result = await survey([[DOMESTIC, fci("a000000333010101")]], { wanted: ["electronic-cash"], interface: "contact" });
    expect(result).toMatchObject({ kind: "ok", selected: "a000000333010101", applications: [{ kinds: ["electronic-cash"], name: "a000000333010101" }] });
  });

  it("a card that knows whole names only is asked for each that the terminal knows", async () => {
    const [first = "", second = ""] = CASH;
    const script = [
      [DOMESTIC, NOT],
      [first, NOT],
      [second, fci("a000000333010101")],
    ] as const;
    const result = await survey(script, { wanted: ["electronic-cash"], interface: "contact" });
    expect(result).toMatchObject({ kind: "ok", selected: "a000000333010101" });
  });

  it("without a directory the bank's name is tried by radio too", async () => {
    const result = await survey(
      [
        [PPSE, NOT],
        [DOMESTIC, "6283"],
      ],
      { wanted: ["electronic-cash"] },
    );
    expect(result).toMatchObject({ kind: "ok", selected: undefined, applications: [{ name: "a000000333", blocked: true }] });
  });

  it("a card that answers with another application than asked for does not have it", async () => {
    const script = [
      [UNION, fci("a000000333010101")],
      [UNION_2, NOT],
      [HOUSING, NOT],
      [SOCIAL, NOT],
      [PPSE, NOT],
      ...FOREIGN.map((name) => [name, NOT] as const),
    ] as const;
    expect(await survey(script, { wanted: ["transit"] })).toEqual({ kind: "refused", reason: "unknown-card" });
  });
});

describe("a card of no use here", () => {
  it("a blocked card is told at the first SELECT", async () => {
    expect(await survey([[SOCIAL, "6a81"]])).toEqual({ kind: "refused", reason: "card-blocked" });
  });

  it("a storage card is refused without a command", async () => {
    const channel: CardChannel = {
      atr: fromHex("3b8f8001804f0ca0000003060300010000000068"),
      insertion: 1,
      transmit: () => Promise.reject(new Error("asked")),
      close: () => Promise.resolve(),
    };
    expect(await surveyCard(channel, OPTIONS, LIMITS)).toEqual({ kind: "refused", reason: "storage-card", model: "mifare-classic-1k" });
  });

  it("a social security card without the transit account that is wanted", async () => {
    expect(
      await survey(
        [
          [UNION, NOT],
          [UNION_2, NOT],
          [HOUSING, NOT],
          [SOCIAL, "6f009000"],
        ],
        { wanted: ["transit"] },
      ),
    ).toEqual({ kind: "refused", reason: "application-missing" });
  });

  it("a domestic bank card where an identity is wanted", async () => {
    expect(
      await survey(
        [
          [SOCIAL, NOT],
          [PPSE, listing("a000000333010101")],
        ],
        { wanted: ["social"] },
      ),
    ).toEqual({ kind: "refused", reason: "application-missing" });
  });

  it("a foreign card by its directory", async () => {
    expect(
      await survey([
        [SOCIAL, NOT],
        [UNION, NOT],
        [UNION_2, NOT],
        [HOUSING, NOT],
        [PPSE, listing("a000000003101001")],
        [DOMESTIC, NOT],
        ...CASH.map((name) => [name, NOT] as const),
      ]),
    ).toEqual({ kind: "refused", reason: "foreign-card", scheme: "visa" });
  });

  it("a foreign card by its name, where it has no directory", async () => {
    const [visa = "", mastercard = ""] = FOREIGN;
    expect(
      await survey(
        [
          [SOCIAL, NOT],
          [visa, NOT],
          [mastercard, fci("a0000000041010")],
        ],
        { wanted: ["social"], interface: "contact" },
      ),
    ).toEqual({ kind: "refused", reason: "foreign-card", scheme: "mastercard" });
  });

  it.each(["6a81", "6d00", "6a82"])("a card that answers %s to every foreign name is unknown", async (answer) => {
    const script = [[SOCIAL, NOT], ...FOREIGN.map((name) => [name, answer] as const)] as const;
    expect(await survey(script, { wanted: ["social"], interface: "contact" })).toEqual({ kind: "refused", reason: "unknown-card" });
  });
});

describe("a choice", () => {
  const application = (name: string, kinds: FoundApplication["kinds"], blocked = false): FoundApplication => ({ kinds, name, blocked, fci: EMPTY });
  const found = (...applications: readonly FoundApplication[]): CardSurvey => ({ kind: "ok", insertion: 1, atr: EMPTY, applications, selected: "b" });

  it("the need's order goes before the card's", () => {
    const card = found(application("a", ["social"]), application("b", ["transit", "purse"]));
    expect(chooseApplication(card, ["purse", "social"])).toMatchObject({ kind: "chosen", as: "purse", application: { name: "b" }, isSelected: true });
    expect(chooseApplication(card, ["social"])).toMatchObject({ kind: "chosen", as: "social", application: { name: "a" }, isSelected: false });
  });

  it("a blocked application gives way to another one", () => {
    const card = found(application("a", ["transit"], true), application("b", ["transit"]));
    expect(chooseApplication(card, ["transit"])).toMatchObject({ kind: "chosen", application: { name: "b" } });
  });

  it("a blocked application alone is named", () => {
    expect(chooseApplication(found(application("a", ["transit"], true)), ["transit"])).toEqual({ kind: "refused", reason: "application-blocked" });
  });

  it("a blocked application is named beside others, by any of its kinds", () => {
    const card = found(application("a", ["social"]), application("b", ["transit", "purse"], true));
    expect(chooseApplication(card, ["purse"])).toEqual({ kind: "refused", reason: "application-blocked" });
  });

  it("what is not there is missing, whatever else is blocked", () => {
    expect(chooseApplication(found(application("a", ["social"], true)), ["transit"])).toEqual({ kind: "refused", reason: "application-missing" });
  });
});

describe("a survey of a simulated card", () => {
  it.each(["contact", "contactless"] as const)("finds electronic cash by %s", async (through) => {
    const bench = cardBench({ card: { electronicCash: { balanceFen: 5_000 }, interface: through } });
    const channel = await bench.channel();
    const result = await bench.run(surveyCard(channel, { ...OPTIONS, wanted: ["electronic-cash"], interface: through }, LIMITS));
    const found = result.kind === "ok" ? result.applications : [];
    expect(found.length).toBeGreaterThan(0);
    for (const { kinds, name, blocked } of found) expect([kinds, name.slice(0, 10), blocked]).toEqual([["electronic-cash"], "a000000333", false]);
  });

  it("finds identity and purse", async () => {
    const bench = cardBench();
    const channel = await bench.channel();
    const result = await bench.run(surveyCard(channel, { ...OPTIONS, wanted: ["social", "purse"] }, LIMITS));
    expect(result).toMatchObject({ kind: "ok", applications: [{ kinds: ["social"] }, { kinds: ["transit", "purse"], name: "a000000632010105" }] });
  });
});
