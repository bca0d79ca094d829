import { expect, test } from "vitest";
import { distanceOf } from "./areas.ts";
import { insuredPerson, TEST_CATALOGUE, TEST_PERSONS } from "./persons.ts";
import { findPolicy, type PolicyCase, splitPolicyOf, TEST_POLICIES } from "./policies.ts";
import type { InsurerVariants } from "./service.ts";
import { type Counter, type Line, type Node, openCounter, PERSON } from "./testing.ts";

const person = (serial: number) => `530100000000${String(serial).padStart(8, "0")}`;
const card = (serial: number) => {
  const digits = String(serial).padStart(8, "0");
  return { mdtrt_cert_type: "03", mdtrt_cert_no: `T${digits}`, card_sn: `530100TEST${digits.padStart(22, "0")}` };
};
const idNumber = (serial: number) => `000000${person(serial).slice(-12)}`;
const found = (counter: Counter, data: Node, members: Node = {}) => counter.ask("1101", { data }, members);

test("the same person by card, by resident ID card and by e-code", async () => {
  const counter = await openCounter();
  const token = counter.insurer.issueECode(PERSON);
  expect(token).toMatch(/^[0-9A-F]{28}$/);
  const credentials = [card(1), { mdtrt_cert_type: "02", mdtrt_cert_no: idNumber(1), psn_name: "测试人员" }, { mdtrt_cert_type: "01", mdtrt_cert_no: token }];
  for (const data of credentials) expect((await found(counter, data)).output["baseinfo"]).toMatchObject({ psn_no: PERSON });
  expect(counter.insurer.issueECode("1")).toBeUndefined();
});

const CREDENTIALS: readonly (readonly [message: string, data: Node])[] = [
  ["the e-code was not issued here", { mdtrt_cert_type: "01", mdtrt_cert_no: "0123456789" }],
  ["data.mdtrt_cert_no is malformed", { mdtrt_cert_type: "02", mdtrt_cert_no: "1234" }],
  ["nobody is insured with this credential", { mdtrt_cert_type: "02", mdtrt_cert_no: "999999999999999999" }],
  ["psn_name is not the name on this credential", { mdtrt_cert_type: "02", mdtrt_cert_no: idNumber(1), psn_name: "他人" }],
  ["data.card_sn is missing", { ...card(1), card_sn: "" }],
  ["nobody is insured with this credential", { ...card(1), card_sn: card(2).card_sn }],
  ["data.card_sn is malformed", { ...card(1), card_sn: "x".repeat(33) }],
  ["mdtrt_cert_type is not served here", { mdtrt_cert_type: "17", mdtrt_cert_no: "1" }],
];

test.each(CREDENTIALS)("nobody is found: %s", async (message, data) => {
  const counter = await openCounter();
  expect(await found(counter, data)).toMatchObject({ infcode: -2, err_msg: `1101: ${message}` });
});

const withCode = (token: string | undefined) => ({ mdtrt_cert_type: "01", mdtrt_cert_no: token });

test("an e-code lapses, and is used up by its settlement, by its first query, or never", async () => {
  const used: readonly (readonly [use: InsurerVariants["eCodeUse"], query: number, settle: number])[] = [
    ["one-settlement", 0, -2],
    ["one-query", -2, 0],
    ["many", 0, 0],
  ];
  for (const [eCodeUse, query, settle] of used) {
    const counter = await openCounter({ variants: { eCodeUse } });
    const code = withCode(counter.insurer.issueECode(PERSON));
    expect((await found(counter, code)).infcode).toBe(0);
    expect((await found(counter, code)).infcode).toBe(query);
    expect((await counter.settle(counter.msgid(), code)).infcode).toBe(0);
    expect((await counter.settle(counter.msgid(), code)).infcode).toBe(settle);
  }
  const counter = await openCounter({ variants: { eCodeValidMs: 1_000 } });
  const code = withCode(counter.insurer.issueECode(PERSON));
  const others = withCode(counter.insurer.issueECode(person(2)));
  expect(await counter.settle(counter.msgid(), others)).toMatchObject({ err_msg: "2102: the credential is not this person's" });
  await counter.clock.resolve(counter.clock.sleep(1_001));
  expect(await found(counter, code)).toMatchObject({ err_msg: "1101: the e-code has expired" });
  expect(await counter.settle(counter.msgid(), code)).toMatchObject({ err_msg: "2102: the e-code has expired" });
});

test("a card from another province needs its raw read, in the interface's own spelling", async () => {
  const raw = { orgin_card_info: "raw", sign: "signature" };
  const counter = await openCounter();
  expect(await found(counter, card(7))).toMatchObject({ infcode: -2, err_msg: "1101: data.orgin_card_info is missing" });
  expect(await found(counter, { ...card(7), origin_card_info: "raw", sign: "s" })).toMatchObject({ err_msg: "1101: data.orgin_card_info is missing" });
  expect(await found(counter, { ...card(7), ...raw, sign: "" })).toMatchObject({ err_msg: "1101: data.sign is missing" });
  expect((await found(counter, { ...card(7), ...raw })).output["insuinfo"]).toMatchObject([{ insuplc_admdvs: "440103" }]);
  expect((await found(counter, card(6))).infcode).toBe(0);
  expect((await found(await openCounter({ variants: { crossProvinceRawRead: false } }), card(7))).infcode).toBe(0);
});

test("several insurances, suspended ones, and special identities are told", async () => {
  const counter = await openCounter();
  expect((await found(counter, card(3))).output["insuinfo"]).toMatchObject([
    { psn_insu_stas: "2", paus_insu_date: "2026-01-01" },
    { psn_insu_stas: "1", paus_insu_date: "" },
  ]);
  expect((await found(counter, card(5))).output["insuinfo"]).toMatchObject([{ insutype: "310" }, { insutype: "510" }]);
  expect((await found(counter, card(4))).output["idetinfo"]).toMatchObject([{ psn_idet_type: "5201", psn_type_lv: "1" }]);
});

test("a sign-in ends by sign-out, by time, or when the insurer forgets it", async () => {
  const counter = await openCounter({ variants: { signInValidMs: 1_800_000 } });
  const refusal = async () => (await counter.settle()).err_msg;
  expect(await refusal()).toBe("");
  await counter.clock.resolve(counter.clock.sleep(1_800_001));
  expect(await refusal()).toBe("2102: sign_no has expired");
  await counter.signIn();
  expect(await refusal()).toBe("");
  counter.insurer.endSignIns();
  expect(await refusal()).toBe("2102: sign_no has expired");
  await counter.clock.resolve(counter.clock.sleep(10));
  await counter.signIn();
  const signOut = (members: Node = {}) => counter.ask("9002", { signOut: { sign_no: counter.signNumber, opter_no: "op1", ...members } });
  expect(await signOut({ opter_no: "op2" })).toMatchObject({ infcode: -2, err_msg: "9002: sign_no is unknown" });
  expect(await signOut({ sign_no: "" })).toMatchObject({ err_msg: "9002: signOut.sign_no is missing" });
  expect((await signOut()).output["signoutoutb"]).toHaveProperty("sign_time");
  expect(await signOut()).toMatchObject({ err_msg: "9002: sign_no has been signed out already" });
  expect(await refusal()).toBe("2102: sign_no has been signed out");
});

const A1: readonly Line[] = [["XTEST0000000000000A1", "1", "100.00", "100.00"]];

interface Buyer {
  readonly serial: number;
  readonly area: string;
  readonly druginfo?: Node;
  readonly members?: Node;
}

function buy(counter: Counter, { serial, area, druginfo = {}, members = {} }: Buyer, lines = A1) {
  const { card_sn: _, ...credential } = card(serial);
  return counter.ask("2102", counter.basket(lines, { psn_no: person(serial), ...credential, ...druginfo }), { insuplc_admdvs: area, ...members });
}

const SETTLED: readonly (readonly [name: string, buyer: Buyer, fund: string, account: string, type: string])[] = [
  ["Kunming, working: 60 % of 80", { serial: 1, area: "530102" }, "48.00", "52.00", "310100"],
  ["Kunming, retired: 70 % of 80", { serial: 4, area: "530102" }, "56.00", "44.00", "310100"],
  ["chronic, filed", { serial: 4, area: "530102", druginfo: { med_type: "14", dise_codg: "M03900" } }, "56.00", "44.00", "310100"],
  ["residents: 50 % and no account", { serial: 3, area: "530103", druginfo: { insutype: "390" } }, "50.00", "0.00", "390100"],
  ["maternity pays all", { serial: 5, area: "530102", druginfo: { insutype: "510", med_type: "51" } }, "100.00", "0.00", "510100"],
  ["the account is left alone where its holder says so", { serial: 1, area: "530102", druginfo: { acct_used_flag: "0" } }, "48.00", "0.00", "310100"],
  ["another city, filed", { serial: 6, area: "530302" }, "48.00", "52.00", "310100"],
  ["another province, referred: 54 % of 80", { serial: 7, area: "440103" }, "43.20", "56.80", "310100"],
];

test.each(SETTLED)("settled: %s", async (_, buyer, fund, account, type) => {
  const counter = await openCounter();
  const reply = await buy(counter, buyer);
  expect([reply.infcode, reply.err_msg]).toEqual([0, ""]);
  expect(reply.output["setlinfo"]).toMatchObject({ fund_pay_sumamt: fund, acct_pay: account, medfee_sumamt: "100.00" });
  expect(reply.output["setldetail"]).toMatchObject([{ fund_pay_type: type, fund_payamt: fund }]);
});

const NOT_SETTLED: readonly (readonly [message: string, buyer: Buyer, variants?: Partial<InsurerVariants>])[] = [
  ["dise_codg is missing", { serial: 4, area: "530102", druginfo: { med_type: "14" } }],
  ["dise_codg is not filed for this person", { serial: 4, area: "530102", druginfo: { med_type: "9901", dise_codg: "M01600" } }],
  ["dise_codg is not filed for this person", { serial: 1, area: "530102", druginfo: { med_type: "9929", dise_codg: "M03900" } }],
  ["insutype 510 and med_type 51 or 52 belong together", { serial: 5, area: "530102", druginfo: { med_type: "52" } }],
  ["insutype 510 and med_type 51 or 52 belong together", { serial: 5, area: "530102", druginfo: { insutype: "510" } }],
  ["no such insurance is in force", { serial: 1, area: "530102", druginfo: { insutype: "510", med_type: "51" } }],
  ["no such insurance is in force", { serial: 3, area: "530102" }],
  ["the receiver of work injury is not connected", { serial: 5, area: "530102", druginfo: { med_type: "22" } }],
  ["no work injury is recognised", { serial: 1, area: "530102", druginfo: { med_type: "22" } }],
  ["recer_sys_code is not the receiver of this insurance", { serial: 5, area: "530102", druginfo: { med_type: "22" } }, { receivers: { "22": "GSXT" } }],
  ["recer_sys_code is the receiver of another insurance", { serial: 1, area: "530102", members: { recer_sys_code: "GSXT" } }, { receivers: { "22": "GSXT" } }],
  ["no filing for treatment away from home", { serial: 8, area: "340402" }],
  ["dise_codg is excluded away from home", { serial: 6, area: "530302", druginfo: { dise_codg: "M00100" } }, { diseasesExcludedElsewhere: ["M001"] }],
];

test.each(NOT_SETTLED.map(([message, buyer, variants = {}]) => [message, buyer, variants] as const))("not settled: %s %j", async (message, buyer, variants) => {
  const counter = await openCounter({ variants });
  expect(await buy(counter, buyer)).toMatchObject({ infcode: -2, err_msg: `2102: ${message}` });
  expect(counter.ledger.settlements()).toEqual([]);
});

test("work injury goes through its own receiver; an unfiled holder gets less where the region allows it", async () => {
  const counter = await openCounter({ variants: { receivers: { "22": "GSXT" }, unfiledElsewhere: "reduced" } });
  const injury = { serial: 5, area: "530102", druginfo: { med_type: "22" }, members: { recer_sys_code: "GSXT" } };
  expect((await buy(counter, injury)).output).toMatchObject({
    setldetail: [{ fund_pay_type: "410100" }],
    setlinfo: { oth_pay: "100.00", hifp_pay: "0.00", clr_type: "22" },
  });
  // Huainan: a deductible of the year of 200.00, so nothing is left to share.
  expect((await buy(counter, { serial: 8, area: "340402" })).output["setlinfo"]).toMatchObject({ act_pay_dedc: "100.00", hifp_pay: "0.00" });
});

test("a cap and a deductible of the year begin anew with the year, and each insurance has its own", async () => {
  const counter = await openCounter();
  const big: readonly Line[] = [["XTEST0000000000000A1", "1", "20000.00", "20000.00"]];
  const pool = async (buyer: Buyer) => (await buy(counter, buyer, big)).output["setlinfo"]?.["hifp_pay"];
  const retired = { serial: 4, area: "530102" };
  expect([await pool(retired), await pool(retired)]).toEqual(["6000.00", "0.00"]);
  counter.clock.jumpWall(200 * 86_400_000);
  expect(await pool(retired)).toBe("6000.00");
  const residents = { serial: 3, area: "530103", druginfo: { insutype: "390" } };
  expect(await pool(residents)).toBe("500.00");
});

test("institutions that are not designated, or not opened, settle nothing; a higher level pays less", async () => {
  const institutions = [{ code: "P53010200001", level: 3 as const, opened: false }];
  const counter = await openCounter({ institutions });
  // 50 % of 100 less 60.
  expect((await buy(counter, { serial: 1, area: "530102" })).output["setlinfo"]).toMatchObject({ act_pay_dedc: "60.00", hifp_pay: "20.00" });
  expect(await buy(counter, { serial: 6, area: "530302" })).toMatchObject({ err_msg: "2102: the institution is not opened for holders from elsewhere" });
  const closed = await openCounter({ institutions: [] });
  expect(await buy(closed, { serial: 1, area: "530102" })).toMatchObject({ err_msg: "2102: fixmedins_code is not designated" });
});

test("a prescription drug needs its prescription and its doctor", async () => {
  const counter = await openCounter();
  const drug: readonly Line[] = [["XTEST0000000000000R1", "1", "100.00", "100.00"]];
  const ask = (members: Node) => {
    const basket = counter.basket(drug);
    const [line] = basket["drugdetail"] as readonly Node[];
    return counter.ask("2102", { ...basket, drugdetail: [{ ...line, ...members }] });
  };
  const whole = { rxno: "RX1", bilg_dr_codg: "D1", bilg_dr_name: "医师" };
  for (const name of Object.keys(whole))
    expect(await ask({ ...whole, [name]: "" })).toMatchObject({ infcode: -2, err_msg: `2102: drugdetail.${name} is missing for a prescription drug` });
  expect((await ask(whole)).infcode).toBe(0);
});

const CASE: PolicyCase = { area: "530102", insuranceType: "310", medicalType: "41", level: 1, retired: false, elsewhere: "home" };
const POLICIES: readonly (readonly [name: string, wanted: Partial<PolicyCase>, split: readonly [deductible: bigint, ratio: bigint, cap: bigint]])[] = [
  ["Kunming", {}, [2_000n, 6_000n, 600_000n]],
  ["Kunming", { level: 2, retired: true }, [4_000n, 6_500n, 600_000n]],
  ["Kunming", { level: 3, elsewhere: "unfiled" }, [6_000n, 3_500n, 600_000n]],
  ["Kunming", { elsewhere: "emergency" }, [2_000n, 5_400n, 600_000n]],
  ["Huainan", { area: "340402", retired: true }, [20_000n, 6_500n, 300_000n]],
  ["Yuncheng", { area: "140802", level: 3 }, [8_000n, 5_500n, 250_000n]],
  ["Shangluo", { area: "611002", retired: true }, [3_000n, 7_000n, 10_000_000_000n]],
  ["Nyingchi", { area: "540402", retired: true }, [14_000n, 9_000n, 500_000n]],
  ["a county whose pharmacies have no pool", { area: "513301", retired: true }, [0n, 0n, 0n]],
  ["residents (made up)", { insuranceType: "390", level: 2 }, [0n, 4_500n, 50_000n]],
  ["work injury", { medicalType: "22" }, [0n, 10_000n, 10_000_000_000n]],
  ["any other place (made up)", { area: "110101", level: 3 }, [6_000n, 5_000n, 600_000n]],
];

test.each(POLICIES)("policy of %s %j", (name, changes, [deductibleFen, ratioE4, annualCapFen]) => {
  const wanted = { ...CASE, ...changes };
  const policy = findPolicy(TEST_POLICIES, wanted);
  expect(policy?.name).toBe(name);
  if (policy !== undefined) expect(splitPolicyOf(policy, wanted)).toMatchObject({ deductibleFen, ratioE4, annualCapFen });
  expect(findPolicy([], wanted)).toBeUndefined();
});

const DISTANCES: readonly (readonly [treatment: string, insurance: string, distance: string])[] = [
  ["370200", "370211", "local"],
  ["370200", "370600", "same-province"],
  ["370200", "440100", "cross-province"],
  ["110101", "110228", "local"],
  ["500101", "500241", "local"],
  ["130102", "110101", "cross-province"],
];

test.each(DISTANCES)("from %s to %s is %s", (treatment, insurance, distance) => {
  expect(distanceOf(treatment, insurance, ["11", "12", "31", "50"])).toBe(distance);
});

const TOLD: readonly (readonly [buyer: Buyer, flag: string, why: string])[] = [
  [{ serial: 1, area: "530102" }, "1", ""],
  [{ serial: 4, area: "530102", druginfo: { med_type: "14", dise_codg: "M03900" } }, "1", ""],
  [{ serial: 1, area: "530102", druginfo: { med_type: "14", dise_codg: "M03900" } }, "0", "dise_codg is not filed for this person"],
  [{ serial: 8, area: "340402" }, "0", "no filing for treatment away from home"],
  [{ serial: 3, area: "530102" }, "0", "no such insurance is in force"],
];

test.each(TOLD)("2001 tells %j: %s %s", async ({ serial, area, druginfo }, flag, why) => {
  const counter = await openCounter();
  const data = { psn_no: person(serial), insutype: "310", fixmedins_code: "P53010200001", med_type: "41", begntime: "2026-09-22 12:00:00", ...druginfo };
  const reply = await counter.ask("2001", { data }, { insuplc_admdvs: area });
  expect(reply.output["trtinfo"]).toMatchObject([{ psn_no: person(serial), trt_enjymnt_flag: flag, trt_chk_rslt: why, fund_pay_type: "310100" }]);
  expect(await counter.ask("2001", { data: { ...data, fixmedins_code: "P" } }, { insuplc_admdvs: area })).toMatchObject({ infcode: -2 });
});

test("filings: chronic diseases, and areas of treatment", async () => {
  const counter = await openCounter();
  const chronic = await counter.ask("5301", { data: { psn_no: person(4) } });
  expect(chronic.output["feedetail"]).toEqual([
    { opsp_dise_code: "M03900", opsp_dise_name: "高血压", begndate: "2020-01-01", enddate: "2099-12-31" },
    { opsp_dise_code: "M01600", opsp_dise_name: "糖尿病", begndate: "2020-01-01", enddate: "2021-12-31" },
  ]);
  const filed = (serial: number, area = "530102") => counter.ask("2501", { data: { psn_no: person(serial), insutype: "310", mdtrtarea_admdvs: area } });
  expect((await filed(6)).output["refmedin"]).toMatchObject([{ mdtrtarea_admdvs: "530100", refl_type: "resident" }]);
  expect((await filed(6, "440103")).output["refmedin"]).toEqual([]);
  expect((await filed(8)).output["refmedin"]).toEqual([]);
  expect(await filed(3, "")).toMatchObject({ err_msg: "2501: data.mdtrtarea_admdvs is missing" });
  expect(await counter.ask("5301", { data: { psn_no: "1" } })).toMatchObject({ infcode: -2, err_msg: "5301: psn_no is not insured here" });
});

test("cumulative amounts of a year and a month, without what was taken back", async () => {
  const counter = await openCounter();
  const msgid = counter.msgid();
  await counter.settle(msgid);
  await counter.settle();
  const ask = (cum_ym: string) => counter.ask("5206", { data: { psn_no: PERSON, cum_ym } });
  const sums = async (period: string) => {
    const rows = (await ask(period)).output["cuminfo"] as unknown as readonly Node[];
    return Object.fromEntries<unknown>(rows.map((row) => [String(row["cum_type_code"]), row["cum"]]));
  };
  expect(await sums("2026")).toEqual({ medfee_sumamt: "329.80", hifp_pay: "117.84", act_pay_dedc: "40.00", acct_pay: "100.00" });
  await counter.reverse(msgid);
  expect(await sums("202609")).toEqual({ medfee_sumamt: "164.90", hifp_pay: "58.92", act_pay_dedc: "20.00", acct_pay: "33.92" });
  expect(await sums("202608")).toEqual({});
  expect(await ask("202613")).toMatchObject({ err_msg: "5206: data.cum_ym is malformed" });
});

test("persons and items of the tests are all different", () => {
  expect(new Set(TEST_PERSONS.map(({ personNumber }) => personNumber)).size).toBe(TEST_PERSONS.length);
  expect(new Set(TEST_CATALOGUE.map(({ code }) => code)).size).toBe(TEST_CATALOGUE.length);
  expect(insuredPerson({ personNumber: "1", cards: [] }).certificateNumber).toHaveLength(18);
});
