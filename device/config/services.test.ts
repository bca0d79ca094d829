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
    const rule = { kind: "statement", name: "print", validFrom: "20260101", limit: 60, warnFrom: 55 };
    expect(servicesConfig.parse({ localRules: [rule] }).localRules).toEqual([rule]);
    const wrong = servicesConfig.safeParse({ localRules: [rule, { ...rule, name: "again", warnFrom: 99 }] });
    expect(wrong.error?.issues.map(({ message }) => message)).toEqual([
      "row 2 (again): the warning comes before the limit",
      "row 2 (again): print holds on the same days",
    ]);
    expect(servicesConfig.safeParse({ lossCals: "off" }).success).toBe(false);
  });
});
