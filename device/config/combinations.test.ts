import { describe, expect, it } from "vitest";
import { TEST_CERTIFICATION_AUTHORITIES } from "../../simulators/crypto/certificates.ts";
import { AGENCY_SERVICES } from "../txn/agency/profile.ts";
import { parseTerminalConfig } from "./schema.ts";
import { exampleConfig } from "./testing.ts";

const ACQUIRER = {
  connection: { kind: "mqtt" },
  terminalNumber: "53010001",
  merchantNumber: "898530154110001",
  tpdu: { destination: "0003" },
  headerHex: "603100310001",
};
const CASH = {
  merchantId: "990100000000001",
  merchantCategory: "5912",
  merchantName: "TEST",
  terminalCode: "T0000001",
  authorities: TEST_CERTIFICATION_AUTHORITIES.map(({ checkHex: _check, ...authority }: Record<string, unknown>) => ({ ...authority, checkHex: "aabbcc" })),
};
const PAD = { adapter: "pad02h", port: { path: "/dev/ttyS1" } };
const NEWLAND = { adapter: "padNewland", port: { path: "/dev/ttyS1" }, authorizationHex: "00".repeat(8) };
const SM4_ACQUIRER = {
  ...ACQUIRER,
  keyScheme: "sm4",
  macMethod: "sm4",
  sm4Keys: { network: "005", keys: ["pin", "mac"].map((which) => ({ which, checkBytes: 8 })) },
};
const SM4_PAD = (sm4: string, algorithm: string) => ({ ...PAD, algorithm, profile: { sm4 } });
const WHOLE = { acquirer: ACQUIRER, electronicCash: CASH, devices: { pinPad: PAD } };

function problems(change: object): readonly string[] {
  const parsed = parseTerminalConfig(exampleConfig({ ...WHOLE, ...change }));
  return parsed.ok ? [] : parsed.problems;
}

describe("an acquirer", () => {
  it("goes with a pad that makes MACs and with authorities", () => expect(problems({})).toEqual([]));

  it.each([
    ["no pad", { devices: {} }, /^acquirer: .*PIN pad/],
    ["a pad without MACs", { devices: { pinPad: NEWLAND } }, /^acquirer: .*PIN pad/],
    ["a pad whose PIN key is an SM4 key", { devices: { pinPad: { ...PAD, algorithm: "sm4" } } }, /^devices\.pinPad\.algorithm: .*3DES/],
    ["SM4 keys and a pad that is set to 3DES", { acquirer: SM4_ACQUIRER, devices: { pinPad: SM4_PAD("sim", "3des") } }, /^devices\.pinPad\.algorithm: .*SM4/],
    [
      "SM4 keys and a pad of which nobody knows how",
      { acquirer: SM4_ACQUIRER, devices: { pinPad: SM4_PAD("none", "sm4") } },
      /^devices\.pinPad\.profile\.sm4: .*known/,
    ],
  ])("does not go with %s", (_name, change, said) => expect(problems(change)).toEqual([expect.stringMatching(said)]));

  it("with SM4 keys goes with a pad whose codes are known", () =>
    expect(problems({ acquirer: SM4_ACQUIRER, devices: { pinPad: SM4_PAD("sim", "sm4") } })).toEqual([]));

  it("does not go without authorities", () => {
    const { electronicCash: _cash, ...without } = WHOLE;
    const parsed = parseTerminalConfig(exampleConfig(without));
    expect(parsed).toMatchObject({ ok: false, problems: [expect.stringMatching(/^acquirer: .*electronicCash/)] });
  });

  it.each([
    ["no check value", {}, /masterKeyCheckHex: .*says/],
    ["that of a published key", { masterKeyCheckHex: "08D7B4FB" }, /masterKeyCheckHex: .*published/],
  ])("in production has a master key of its own: %s", (_name, more, said) => {
    expect(problems({ profile: "production", acquirer: { ...ACQUIRER, ...more } })).toEqual([expect.stringMatching(said)]);
  });

  it("in production goes with a check value of its own", () => {
    expect(problems({ profile: "production", acquirer: { ...ACQUIRER, masterKeyCheckHex: "0b5eed" } })).toEqual([]);
  });
});

describe("certificates of cards", () => {
  const named = { index: 1, expiryDate: "20491231", pointHex: "00".repeat(64), checkHex: "11".repeat(32) };
  const published = { ...named, checkHex: "0C750E021A07FADCAA4C28142C26DEFE66B91B0E394618B930E82EF9CEE9EF3E" };
  const assumed = { cardProfile: { acse: "assumed" } };

  it.each([
    ["with their authorities, where the profile assumes them", { ...assumed, services: { cardAuthorities: [named] } }, []],
    ["without any authority", assumed, [/^services\.cardAuthorities: .*no authority/]],
    ["authorities that nobody asks", { services: { cardAuthorities: [named] } }, [/^services\.cardAuthorities: .*acse/]],
    ["a published authority in a test", { ...assumed, services: { cardAuthorities: [published] } }, []],
  ])("%s", (_name, change, said) => expect(problems(change)).toEqual(said.map((each) => expect.stringMatching(each) as string)));

  it("a published authority is no production terminal's", () => {
    const change = { ...assumed, profile: "production", services: { cardAuthorities: [published] }, acquirer: { ...ACQUIRER, masterKeyCheckHex: "0b5eed" } };
    expect(problems(change)).toEqual([expect.stringMatching(/^services\.cardAuthorities: .*published/)]);
  });
});

describe("services of the card", () => {
  it.each([
    ["benefits without an agency", { services: { benefitHost: "connected" } }, /^services: .*no agency/],
    [
      "contributions without a bank",
      { services: { contributionHost: "connected" }, agency: {}, acquirer: undefined },
      /^services\.contributionHost: .*no acquirer/,
    ],
    [
      "examination fees without an acquirer",
      { services: { examFeeHost: "connected" }, agency: {}, acquirer: undefined },
      /^services\.examFeeHost: .*no acquirer/,
    ],
    ["an activation that nobody may do", { services: { activationMode: "host-call" } }, /^services\.authorisedOperators: .*no operator/],
    ["a PIN that nobody may set", { services: { pinResetAtTerminal: "authorised-post" } }, /^services\.authorisedOperators: .*no operator/],
    ["withdrawals that nobody has confirmed", { services: { cashWithdrawal: "on" } }, /^services\.cashWithdrawal: .*withdrawalCode/],
    ["loads that nobody has confirmed", { services: { purseLoad: "on" } }, /^services\.purseLoad: .*loadCode/],
  ])("do not go with %s", (_name, change, said) => {
    const whole = JSON.parse(JSON.stringify({ ...WHOLE, ...change })) as object;
    const parsed = parseTerminalConfig(exampleConfig({ ...whole }));
    expect(parsed).toMatchObject({ ok: false, problems: [expect.stringMatching(said)] });
  });
  it("go where everything behind them is there", () => {
    const services = { contributionHost: "connected", benefitHost: "connected", cashWithdrawal: "on", purseLoad: "on" };
    const posts = { activationMode: "host-call", pinResetAtTerminal: "authorised-post", authorisedOperators: ["op1"] };
    const acquirer = { ...ACQUIRER, withdrawalCode: "010000", loadCode: "45" };
    expect(problems({ services: { ...services, ...posts }, agency: {}, acquirer })).toEqual([]);
  });
});

describe("an agency", () => {
  it("needs nothing else", () => {
    const parsed = parseTerminalConfig(exampleConfig({ agency: {} }));
    expect(parsed).toMatchObject({ ok: true, config: { agency: { layout: "agency/v1", outcomeQuery: "promised" } } });
  });
  it.each([
    ["contribution-bills", "contribution-confirm"],
    ["pin-authorization", "key-use"],
    ["block-authorization", "key-use"],
  ])("does not offer %s without %s", (has, wants) => {
    const services = AGENCY_SERVICES.filter((service) => service === has || (service !== wants && !service.endsWith("-authorization")));
    const parsed = parseTerminalConfig(exampleConfig({ agency: { services } }));
    expect(parsed).toMatchObject({ ok: false, problems: [expect.stringMatching(new RegExp(`^agency\\.services: ${has} without ${wants}: `, "v"))] });
  });
  it("does not stand behind a switch whose service it lacks", () => {
    const services = AGENCY_SERVICES.filter((service) => service !== "benefits");
    const parsed = parseTerminalConfig(exampleConfig({ agency: { services }, services: { benefitHost: "connected" } }));
    expect(parsed).toMatchObject({ ok: false, problems: [expect.stringMatching(/^services\.benefitHost: .*does not offer benefits/v)] });
  });
  it("does not stand behind a switch whose bills it has not", () => {
    const services = { contributionHost: "connected", examFeeHost: "connected" };
    const agency = { contributionKinds: ["contribution"] };
    expect(problems({ agency, services })).toEqual([expect.stringMatching(/^services\.examFeeHost: .*no such bills.*examination/v)]);
  });
  it("offers nothing that nobody knows", () => {
    expect(parseTerminalConfig(exampleConfig({ agency: { services: ["weather"] } }))).toMatchObject({ ok: false });
  });
});
