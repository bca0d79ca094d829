/* Switches of card services: the code's defaults where a region says nothing, and local rules refused by their row. */
import { describe, expect, it } from "vitest";
import { DEFAULT_SERVICE_PROFILE } from "../txn/card-services/profile.ts";
import { serviceSettingsOf, servicesConfig } from "./services.ts";

describe("switches of card services", () => {
  it("have the defaults of the code", () => {
    const { profile, localRules, isAuthorised } = serviceSettingsOf(servicesConfig.parse({}));
    expect([profile, localRules, isAuthorised("op1")]).toEqual([DEFAULT_SERVICE_PROFILE, [], false]);
  });

  it("name who may activate, reset and unlock", () => {
    const { isAuthorised } = serviceSettingsOf(servicesConfig.parse({ authorisedOperators: ["op1"] }));
    expect([isAuthorised("op1"), isAuthorised("op2")]).toEqual([true, false]);
  });

  it("refuse a local rule by its row, and a switch that nobody knows", () => {
    const rule = { kind: "daily-cap", name: "day", validFrom: "20260101", count: 20 };
    expect(servicesConfig.parse({ localRules: [rule] }).localRules).toEqual([rule]);
    const wrong = servicesConfig.safeParse({ localRules: [rule, { ...rule, name: "again", validTo: "20251231" }] });
    expect(wrong.error?.issues.map(({ message }) => message)).toEqual(["row 2 (again): ends before it begins"]);
    expect(servicesConfig.safeParse({ lossCals: "off" }).success).toBe(false);
  });

  it.each([
    { kind: "statement", limit: 60, warnFrom: 55 },
    { kind: "merchant-discount", merchants: ["M1"], numerator: 9, denominator: 10 },
    { kind: "fare-concession", issuers: ["629999"], asCardType: 3 },
    { kind: "library-deposit", depositFen: 10_000 },
  ])("take a rule of each kind: $kind", (rule) => {
    const named = { ...rule, name: "city", validFrom: "20260101" };
    expect(servicesConfig.parse({ localRules: [named] }).localRules).toEqual([named]);
  });

  it.each([
    [{ kind: "merchant-discount", merchants: ["M1"], numerator: 11, denominator: 10 }, "row 1 (city): the ratio lies between 0 and 1"],
    [{ kind: "library-deposit", depositFen: 0 }, "row 1 (city): depositFen is an amount"],
    [{ kind: "fare-concession", issuers: ["no"], asCardType: 3 }, "row 1 (city): issuers are hexadecimal"],
  ])("refuse a figure that is wrong: %o", (rule, problem) => {
    const refused = servicesConfig.safeParse({ localRules: [{ ...rule, name: "city", validFrom: "20260101" }] });
    expect(refused.error?.issues.map(({ message }) => message)).toContain(problem);
  });
});
