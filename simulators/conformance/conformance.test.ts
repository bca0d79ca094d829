/* The catalogue is sound and every case passes; that every case would notice a breach is shown in breaches.lane.test.ts. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { REFUSALS_ALIKE } from "./breaches.ts";
import { CATALOGUE } from "./catalogue.ts";
import { ConformanceFailure } from "./expect.ts";
import { formatReport, runCases, runConformance } from "./run.ts";
import type { ConformanceCase } from "./types.ts";

/** Raised as the catalogue grows, never lowered without a reason in the change log. */
const CASES_FLOOR = 2_900;
const TORN_FLOOR = 1_800;
const LONG_MS = 240_000;

const specs = readFileSync(new URL("../../docs/specs.tsv", import.meta.url), "utf8")
  .split("\n")
  .slice(1)
  .map((line) => line.split("\t")[0] ?? "")
  .filter((id) => id !== "");
const byId = (id: string): ConformanceCase => {
  const found = CATALOGUE.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no case ${id}`);
  return found;
};

describe("the catalogue", () => {
  it("has at least the known number of cases, and of torn ones", () => {
    expect(CATALOGUE.length).toBeGreaterThanOrEqual(CASES_FLOOR);
    expect(CATALOGUE.filter(({ tags }) => tags.includes("torn")).length).toBeGreaterThanOrEqual(TORN_FLOOR);
  });

  it("names each case once, in the form of names", () => {
    const ids = CATALOGUE.map(({ id }) => id);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    expect(ids.filter((id) => !/^[A-Z]{3}(-[A-Z0-9]+)+$/.test(id))).toEqual([]);
  });

  it("cites a listed specification and a clause in each case", () => {
    expect(CATALOGUE.filter(({ spec }) => !specs.some((id) => spec.startsWith(`${id}, `) && spec.length > id.length + 2)).map(({ id }) => id)).toEqual([]);
  });

  it("says of each case what it is about", () => {
    expect(CATALOGUE.filter(({ tags, title }) => tags.length === 0 || title.length < 10).map(({ id }) => id)).toEqual([]);
    expect(CATALOGUE.filter(({ tags }) => new Set(tags).size !== tags.length).map(({ id }) => id)).toEqual([]);
  });

  const settings: readonly (readonly [keyof CardProfile, readonly string[]])[] = [
    ["contactlessType", ["auto", "A", "B"]],
    ["contactlessHistorical", ["atsLast13", "contactOnly"]],
    ["contactlessActivation", ["none", "fileFlag"]],
    ["acse", ["off", "on"]],
    ["algWhenTagAbsent", ["des", "ssf33", "byRegion"]],
    ["algorithmByRegion", ["none", "some"]],
    ["emptyVersion", ["1.0", "reject"]],
    ["cityFactorTemplate", ["region6+7378", "region4"]],
    ["hsmKeyAddress", ["standard", "other"]],
    ["readCardBasOrder", ["standard", "numberFirst"]],
    ["medicalTypeByte", ["ascii", "binary"]],
    ["medicalLoadTacBalance", ["after", "before"]],
    ["medicalLogMode", ["fromRecord", "full28", "accountOnly20"]],
    ["psamCreditError", ["9302", "63CF"]],
    ["psamLevels", ["auto321", "1", "2", "3"]],
    ["psamAlgByteSm4", ["3", "4"]],
    ["macReduce", ["left4", "fold4"]],
    ["sessionPad", ["zeros", "pad80"]],
    ["sm4Diversify", ["fNotF", "fZeros"]],
    ["logSeqMode", ["pre", "post"]],
    ["proveSeqOrder", ["log1", "seq", "seq+1"]],
    ["cappAuthSuffix", ["byApplication", "none", "mohurd9"]],
    ["greyLockLc", ["sum", "manual"]],
    ["purseSocialCard", ["same-chip", "unknown"]],
    ["transitAidOrder", ["standard", "other"]],
    ["transitBalance", ["5C0002-5C0102", "5C0302", "5C0002"]],
    ["psamKeyCheck", ["off", "zeroFactors"]],
    ["transitAlg", ["3des", "sm4"]],
    ["transitTacKey", ["byAlgorithm", "xorHalves", "direct"]],
    ["transitPurse", ["EP", "ED"]],
    ["housingTripLayout", ["withoutMaximumTime", "shortAcquirer"]],
    ["putDataCla", ["04", "84"]],
    ["acPadding", ["pad80", "zeros"]],
    ["acAlgByte", ["fromCard", "01", "04"]],
    ["df60Segment", ["01", "04"]],
    ["cashTripRecord", ["behindIdentifier", "behindLengthAndFlag"]],
    ["cashRecordKey", ["shared", "account"]],
    ["cashRecords", ["all", "unread"]],
    ["qpbocBudgetMs", ["500", "300"]],
  ];
  it.each(settings)("exercises each setting of %s", (name, values) => {
    for (const value of values)
      expect(
        CATALOGUE.some(({ tags }) => tags.includes(`profile:${name}=${value}`)),
        `${name}=${value}`,
      ).toBe(true);
  });

  it("leaves out no switch of the profile", () => {
    expect(Object.keys(DEFAULT_CARD_PROFILE).filter((name) => !settings.some(([covered]) => covered === name))).toEqual([]);
  });
});

describe("a run", () => {
  it(
    "passes every case",
    async () => {
      const report = await runConformance();
      expect(report.cases.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
      expect(report).toMatchObject({ passed: CATALOGUE.length, failed: 0, skipped: 0 });
    },
    LONG_MS,
  );

  it("says the same twice", async () => {
    const [first, second] = [await runConformance({ only: "QPT-FIRST-PRE" }), await runConformance({ only: "QPT-FIRST-PRE" })];
    expect(first).toEqual(second);
  });

  it.each([
    ["SEL-0", 29],
    ["PIN-TORN", 3],
    ["identity", CATALOGUE.filter(({ tags }) => tags.includes("identity")).length],
  ] as const)("takes a beginning of ids or a tag: %s", async (only, passed) => {
    const report = await runConformance({ only });
    expect(report).toMatchObject({ passed, failed: 0, skipped: CATALOGUE.length - passed });
    expect(report.cases.length).toBe(CATALOGUE.length);
  });

  it("tells people the counts and what failed", async () => {
    const broken: ConformanceCase = {
      ...byId("SEL-001"),
      run: async () => {
        throw new ConformanceFailure("because");
      },
    };
    const report = await runCases([broken, byId("SEL-002")]);
    expect(report).toMatchObject({ passed: 1, failed: 1, skipped: 0 });
    expect(report.cases[0]).toMatchObject({ id: "SEL-001", outcome: "failed", message: expect.stringContaining("because") });
    expect(formatReport(report)).toContain("FAILED SEL-001 (LD/T 32.7, SELECT)");
    expect(formatReport(report)).toContain("2 cases: 1 passed, 1 failed, 0 skipped");
  });

  it("counts what a case did not expect as its failure, and goes on", async () => {
    const mistaken: ConformanceCase = { ...byId("SEL-001"), run: () => Promise.reject(new TypeError("our own mistake")) };
    const asleep: ConformanceCase = { ...byId("SEL-003"), run: () => new Promise(() => undefined) };
    const report = await runCases([mistaken, asleep, byId("SEL-002")]);
    expect(report.cases.map(({ outcome }) => outcome)).toEqual(["failed", "failed", "passed"]);
  });

  it("tells no data of the dialogue, because a PIN may be among it", async () => {
    const [report] = (await runCases([byId("PIN-023")], { deviation: REFUSALS_ALIKE })).cases;
    expect(report?.outcome).toBe("failed");
    expect(report?.message).toContain("00200000>6f00");
    expect(report?.message).not.toMatch(/111111|246813/);
  });
});

describe("planted breaches", () => {
  it("a wrong MAC2 fails the purchases and leaves the identity alone", async () => {
    const report = await runCases(["QPF-002", "EPP-SM4-L2", "IDN-001", "SEL-001"].map(byId), {
      deviation: { name: "wrong MAC2", cardFaults: { wrongMac2: true } },
    });
    expect(report.cases.map(({ outcome }) => outcome)).toEqual(["failed", "failed", "passed", "passed"]);
    expect(report.cases[0]?.message).toContain('outcome: expected {"kind":"paid"');
  });
});
