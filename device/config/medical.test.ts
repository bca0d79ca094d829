import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEFAULT_REGION } from "../txn/medical-host/profile.ts";
import { medicalConfig, medicalSettingsOf, parseRegion } from "./medical.ts";

const INSTITUTION = { code: "P53010000001", name: "一家名字很长很长很长很长很长很长的示例药店", areaCode: "530102" };
const GATEWAY = { url: "https://gateway.example:8443", servicePath: "/fsi/api/fsi/callService", paasid: "P1", tokenFile: "/etc/yikatong/token" };

const parse = (value: unknown) => medicalConfig.safeParse(value);
const settings = (value?: unknown) => medicalSettingsOf({ terminalId: "T1", institution: INSTITUTION, medical: medicalConfig.parse(value) });
const problem = (value: unknown) => parse(value).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);

describe("what is said of the insurer", () => {
  it("may be left out altogether: then every switch is the code's own", () => {
    const { profile, gateway, offline, reconciliation, policyFile } = settings();
    expect(profile.region).toEqual(DEFAULT_REGION);
    expect(profile.sender).toEqual({
      institution: INSTITUTION.code,
      institutionName: INSTITUTION.name,
      treatmentArea: "530102",
      receiverSystem: "",
      interfaceVersion: "V1.0",
      operatorType: "2",
      operator: "terminal",
      operatorName: "terminal",
      deviceNumber: "T1",
    });
    expect([gateway, policyFile, offline.leaseMs, reconciliation.at]).toEqual([undefined, undefined, 86_400_000, "02:30"]);
  });

  it("keeps the members it always had", () =>
    expect(
      parse({
        receiverSystem: "YBXT",
        interfaceVersion: "1.0.0",
        operatorType: "1",
        operator: "o",
        operatorName: "n",
        signsIn: false,
        queryTimeoutMs: 1_000,
        settleTimeoutMs: 1_000,
        lateMarginMs: 0,
      }),
    ).toMatchObject({ success: true }));

  it("names groups of the insurer's totals, and refuses one that is none", () => {
    const group = { insuranceType: "310", clearingType: "41", locality: "local", agency: "530102" };
    expect(settings({ reconciliation: { groups: [group] } }).reconciliation.groups).toEqual([group]);
    expect(problem({ reconciliation: { groups: [{ ...group, agency: "5301" }] } })).toEqual([expect.stringMatching(/^reconciliation\.groups\.0\.agency: /)]);
  });

  it("may name a gateway with all that it takes", () =>
    expect(settings({ transport: { gateway: GATEWAY } }).gateway).toEqual({ ...GATEWAY, connectTimeoutMs: 10_000, readTimeoutMs: 60_000, connectionsMax: 16 }));

  it.each([
    ["http://gateway.example", false],
    ["http://127.0.0.1:8080", true],
    ["http://[::1]:8080", true],
    ["https://user:secret@gateway.example", false],
    ["https://gateway.example/path", false],
    ["ftp://gateway.example", false],
    ["https://[2001:db8::1]:8443", true],
  ])("a gateway at %s: %s", (url, ok) => expect(parse({ transport: { gateway: { ...GATEWAY, url } } }).success).toBe(ok));

  it("cuts the institution's name to the region's length, and puts the region's members into the envelope", () => {
    const { sender } = settings({ envelopeExtras: { serv_code: "1" }, region: { fieldLengths: { fixmedins_name: 20 } } }).profile;
    expect([sender.institutionName, sender.extra]).toEqual([INSTITUTION.name.slice(0, 20), { serv_code: "1" }]);
  });

  it("scans no pack where the region says never", () =>
    expect(settings({ region: { trace: { requiredFrom: null } } }).profile.region.trace).toEqual({ lengthMax: 100, inSettlement: true }));

  it.each<[string, object, string]>([
    ["an extra that overwrites the envelope", { envelopeExtras: { msgid: "1" } }, "envelopeExtras.msgid: is a member of every envelope"],
    [
      "sales without insurer and without policy",
      { region: { offline: { allowed: true } } },
      "policyFile: a region that sells without its insurer needs a fee policy",
    ],
  ])("refuses %s", (_, value, said) => expect(problem(value)).toEqual([said]));

  it("refuses a misspelled switch by its place", () =>
    expect(parseRegion({ trace: { requiredFrm: "2025-07-01" } })).toMatchObject({ ok: false, problems: [expect.stringMatching(/^trace: .*requiredFrm/)] }));

  it.each(["nothing", 7, null, [], { credentials: [] }, { refusalCodes: "all" }])("never throws: %o", (value) => expect(parseRegion(value).ok).toBe(false));
});

describe("regions that are shipped as examples", () => {
  const folder = new URL("./regions/", import.meta.url);
  const names = readdirSync(folder);

  it("are two", () => expect(names).toHaveLength(2));

  it.each(names)("%s is sound and differs from the default", (name) => {
    const parsed = parseRegion(JSON.parse(readFileSync(new URL(name, folder), "utf8")));
    expect(parsed).toMatchObject({ ok: true });
    expect(parsed.ok && parsed.region).not.toEqual(DEFAULT_REGION);
  });
});
