import { describe, expect, it } from "vitest";
import { utf8 } from "../../base/bytes.ts";
import { writeZip } from "../../codec/zip.ts";
import { createCatalogueBook, updateCatalogue } from "./catalogue.ts";
import { distanceOf, receiverOf } from "./distance.ts";
import { checkEligibility, chronicFilings, cumulative, filingsElsewhere, findPerson, hasChronicFiling, hasFiling } from "./person-services.ts";
import { queryFees, querySettlement } from "./settlement-services.ts";
import { converse, LIMITS, type SentMessage, testProfile } from "./testing.ts";

const AT = "2026-11-22 12:00:00";
const WHO = { personNumber: "530100P0001", insuranceType: "310", insuranceArea: "440100" };
const NAMED = { ...WHO, settlementId: "S1", visitId: "V1" };

describe("a person", () => {
  const answer = {
    baseinfo: { psn_no: "530100P0001", psn_cert_type: "01", certno: "530102199001011234", psn_name: "示例" },
    insuinfo: [
      { insutype: "310", insuplc_admdvs: "530102", psn_insu_stas: "1", psn_type: "1101", balc: 100.5 },
      { insutype: "390", insuplc_admdvs: "nowhere", psn_insu_stas: "1" },
    ],
  };
  const found = {
    personNumber: "530100P0001",
    certificateType: "01",
    certificate: "530102199001011234",
    name: "示例",
    insurances: [{ type: "310", area: "530102", status: "1", personType: "1101", balance: 10_050 }],
  };

  it("is found by card, with what was read raw where it is from another province", async () => {
    const { ports, sent } = await converse(() => answer);
    const credential = {
      kind: "card",
      number: "A1",
      identifier: "5301000000",
      holder: { certificate: "1", name: "示例" },
      raw: { info: "i", sign: "s" },
    } as const;
    expect(await findPerson(ports, { credential, at: AT }, LIMITS)).toEqual({ kind: "done", value: found });
    expect(sent[0]?.input).toEqual({
      data: {
        mdtrt_cert_type: "03",
        begntime: AT,
        mdtrt_cert_no: "A1",
        card_sn: "5301000000",
        psn_cert_type: "01",
        certno: "1",
        psn_name: "示例",
        orgin_card_info: "i",
        sign: "s",
      },
    });
  });

  it("is found by resident card and by e-code, each under its own type", async () => {
    const { ports, sent } = await converse(() => answer);
    await findPerson(ports, { credential: { kind: "resident-id", number: "530102199001011234", name: "示例" }, at: AT }, LIMITS);
    await findPerson(ports, { credential: { kind: "e-code", code: "E1" }, at: AT }, LIMITS);
    expect(sent.map(({ input }) => (input as { data: { mdtrt_cert_type: string } }).data.mdtrt_cert_type)).toEqual(["02", "01"]);
  });
});

describe("what may be settled", () => {
  it("is what any fund pays for; else the host's own words", async () => {
    const yes = await converse(() => ({ trtinfo: [{ trt_enjymnt_flag: "0", trt_chk_rslt: "no" }, { trt_enjymnt_flag: "1" }] }));
    const no = await converse(() => ({ trtinfo: { trt_enjymnt_flag: "0", trt_chk_rslt: "未参保" } }));
    const about = { ...WHO, medicalType: "41", at: AT, diseaseCode: "M1", receiver: "GSXT" };
    expect(await checkEligibility(yes.ports, about, LIMITS)).toEqual({ kind: "done", value: { eligible: true, why: "" } });
    expect(await checkEligibility(no.ports, { ...WHO, medicalType: "41", at: AT }, LIMITS)).toEqual({
      kind: "done",
      value: { eligible: false, why: "未参保" },
    });
    expect(yes.sent[0]).toMatchObject({
      recer_sys_code: "GSXT",
      insuplc_admdvs: "440100",
      input: { data: { dise_codg: "M1", fixmedins_code: "P53010000001" } },
    });
  });

  it("counts a chronic disease from its first day to its last", async () => {
    const { ports } = await converse(() => ({
      feedetail: [{ opsp_dise_code: "M03900", opsp_dise_name: "高血压", begndate: "2026-01-01", enddate: "2026-11-22 00:00:00" }],
    }));
    const answer = await chronicFilings(ports, WHO, LIMITS);
    const filings = answer.kind === "done" ? answer.value : [];
    expect(filings).toEqual([{ diseaseCode: "M03900", diseaseName: "高血压", from: "2026-01-01", to: "2026-11-22" }]);
    const has = (diseaseCode: string, day: string) => hasChronicFiling(filings, { diseaseCode, day });
    expect([has("M03900", "2026-11-22"), has("M03900", "2026-11-23"), has("M03900", "2025-12-31"), has("M01600", "2026-11-22")]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it.each([
    ["530102", true],
    ["530100", true],
    ["530000", true],
    ["440000", false],
    ["530103", false],
    ["", false],
    ["000000", false],
  ])("a filing for %s holds here: %s", (area, holds) =>
    expect(hasFiling([{ area, from: "2026-01-01", to: "" }], { treatmentArea: "530102", day: "2026-11-22" })).toBe(holds),
  );

  it("asks for filings of this place and reads their days", async () => {
    const { ports, sent } = await converse(() => ({ refmedin: [{ mdtrtarea_admdvs: "530000", begndate: "2026-01-01", enddate: "" }] }));
    expect(await filingsElsewhere(ports, { ...WHO, at: AT }, LIMITS)).toEqual({ kind: "done", value: [{ area: "530000", from: "2026-01-01", to: "" }] });
    expect(sent[0]?.input).toEqual({ data: { psn_no: WHO.personNumber, insutype: "310", mdtrtarea_admdvs: "530102", begntime: AT } });
    expect(hasFiling([{ area: "530000", from: "2026-01-01", to: "2026-11-21" }], { treatmentArea: "530102", day: "2026-11-22" })).toBe(false);
  });

  it("knows the year's sums, without those that cannot be read", async () => {
    const { ports } = await converse(() => ({
      cuminfo: [
        { cum_ym: "202611", cum_type_code: "01", cum: 20.5 },
        { cum_ym: "202611", cum_type_code: "02", cum: "-1.00" },
      ],
    }));
    expect(await cumulative(ports, { ...WHO, month: "202611" }, LIMITS)).toEqual({ kind: "done", value: [{ month: "202611", kind: "01", amount: 2050 }] });
  });
});

describe("a settlement in the insurer's books", () => {
  it("is read under the query's own names", async () => {
    const { ports } = await converse(() => ({
      setlinfo: {
        setl_id: "S1",
        mdtrt_id: "V1",
        medfee_sumamt: "57.00",
        fund_pay_sumamt: "20.00",
        acct_pay: "30.00",
        psn_pay: "37.00",
        cash_payamt: "7.00",
        refd_setl_flag: "1",
        medins_setl_id: "M1",
      },
    }));
    expect(await querySettlement(ports, NAMED, LIMITS)).toEqual({
      kind: "done",
      value: { takenBack: true, msgid: "M1", total: 5700, fund: 2000, account: 3000, mutualAid: undefined, personal: 3700, cash: 700 },
    });
  });

  it.each([[{ feedetail: [{ feedetl_sn: "1", cnt: 2 }] }], [[{ feedetl_sn: "1", cnt: 2 }]]])("gives its lines, however the list is named", async (output) => {
    const { ports } = await converse(() => output);
    expect(await queryFees(ports, NAMED, LIMITS)).toEqual({
      kind: "done",
      value: [{ lineNumber: "1", nationalCode: "", ownCode: "", quantity: "2", amount: undefined }],
    });
  });

  it("that nobody answers for is told as it is", async () => {
    const { ports } = await converse(() => ({ kind: "unknown", reason: "timeout" }));
    expect(await querySettlement(ports, NAMED, LIMITS)).toEqual({ kind: "undecided", reason: "timeout" });
  });
});

describe("how far from home", () => {
  it.each([
    ["370202", "370283", "local"],
    ["370202", "370602", "same-province"],
    ["370202", "440103", "cross-province"],
    ["310101", "310230", "local"],
    ["500103", "510100", "cross-province"],
  ])("%s and %s: %s", (here, home, distance) => expect(distanceOf(here, home, ["11", "12", "31", "50"])).toBe(distance));

  it("a kind of treatment has the first word about the receiver", () => {
    const profile = testProfile({ receivers: { "22": "GSXT", "340": "LXXT", "310": "" } });
    const to = (medicalType: string, insuranceType: string) => receiverOf(profile, { medicalType, insuranceType });
    expect([to("22", "310"), to("41", "340"), to("41", "310"), to("41", "390")]).toEqual([
      { kind: "own", system: "GSXT" },
      { kind: "own", system: "LXXT" },
      { kind: "none" },
      { kind: "usual" },
    ]);
  });
});

describe("the catalogue", () => {
  const TABLES: Readonly<Record<string, readonly object[]>> = {
    "1312": [
      { hilist_code: "A1", chrgitm_lv: "01" },
      { hilist_code: "B1", chrgitm_lv: "02", insu_admdvs: "530000" },
      { hilist_code: "B1", chrgitm_lv: "01" },
      { hilist_code: "E1", chrgitm_lv: "02", enddate: "2026-11-21" },
      { hilist_code: "F1", chrgitm_lv: "02", insu_admdvs: "440100" },
      { hilist_code: "X1", chrgitm_lv: "99" },
    ],
    "1318": [
      { hilist_code: "B1", hilist_pric_uplmt_amt: "60.50" },
      { hilist_code: "B1", hilist_pric_uplmt_amt: "60.499999" },
      { hilist_code: "B1", hilist_pric_uplmt_amt: "1.00", vali_flag: "0" },
    ],
    "1319": [
      { hilist_code: "B1", selfpay_prop: "0.1" },
      { hilist_code: "B1", selfpay_prop: "0.05" },
      { hilist_code: "A1", selfpay_prop: "7" },
    ],
  };
  const pages = ({ infno }: SentMessage) => (infno === "1301" ? { file_qury_no: "F1", filename: "v7" } : { data: TABLES[infno] });
  const BOUNDS = { ...LIMITS, timeoutMs: 60_000, questionMs: 5_000 };

  it("knows class, share and limit by code, of rows that hold here and today", async () => {
    const { ports } = await converse(pages);
    const book = createCatalogueBook();
    expect(await updateCatalogue(ports, book, BOUNDS)).toEqual({ kind: "done", value: { changed: true, items: 2 } });
    expect(book.item("A1")).toEqual({ class: "A", selfPayE4: 0 });
    expect(book.item("B1")).toEqual({ class: "B", selfPayE4: 1000, priceLimit: "60.499999" });
    expect([book.item("E1"), book.item("F1"), book.item("X1"), book.version]).toEqual([undefined, undefined, undefined, "v7"]);
  });

  it("is fetched again only when its version has changed, and page by page", async () => {
    const many = Array.from({ length: 501 }, (_, at) => ({ hilist_code: `A${at}`, chrgitm_lv: "01" }));
    const { ports, sent } = await converse((message) => {
      const { page_num: page = "1" } = (message.input as { data: { page_num?: string } }).data;
      if (message.infno !== "1312") return pages(message);
      return { data: many.slice((Number(page) - 1) * 500, Number(page) * 500) };
    });
    const book = createCatalogueBook();
    expect(await updateCatalogue(ports, book, BOUNDS)).toEqual({ kind: "done", value: { changed: true, items: 501 } });
    expect(await updateCatalogue(ports, book, BOUNDS)).toEqual({ kind: "done", value: { changed: false, items: 501 } });
    expect(sent.map(({ infno }) => infno)).toEqual(["1301", "1312", "1312", "1318", "1319", "1301"]);
  });

  it.each(["base64", "list"] as const)("comes as a file where the region sends one, as %s", async (form) => {
    const lines: Readonly<Record<string, string>> = { "1312": "A1\tname\t\t\tnull\t\t01\n", "1318": "A1\t\t\t\t\t\t2.5\t1\r\n", "1319": "" };
    const { ports } = await converse(({ infno, input }) => {
      if (infno === "1301") return { filename: "v8" };
      if (infno !== "9102") return { file_qury_no: infno, filename: "f" };
      const { file_qury_no: number } = (input as { fsDownloadIn: { file_qury_no: string } }).fsDownloadIn;
      const bytes = writeZip([{ name: "f.txt", contents: utf8(lines[number] ?? "") }]);
      return { fsDownloadOut: { filename: "f", out: form === "base64" ? Buffer.from(bytes).toString("base64") : [...bytes] } };
    });
    const book = createCatalogueBook();
    expect(await updateCatalogue(ports, book, BOUNDS)).toMatchObject({ kind: "done" });
    expect(book.item("A1")).toEqual({ class: "A", selfPayE4: 0, priceLimit: "2.5" });
  });

  it.each<[string, (message: SentMessage) => unknown]>([
    ["a page that does not come", (message) => (message.infno === "1319" ? { kind: "unknown", reason: "timeout" } : pages(message))],
    [
      "a file that is no zip",
      (message) =>
        message.infno === "1301" ? pages(message) : message.infno === "9102" ? { fsDownloadOut: { out: "AAAA" } } : { file_qury_no: "1", filename: "f" },
    ],
    ["no version", (message) => (message.infno === "1301" ? {} : pages(message))],
  ])("%s replaces nothing", async (_, say) => {
    const { ports } = await converse(say);
    const book = createCatalogueBook();
    book.replace("old", new Map([["A1", { class: "C", selfPayE4: 0 }]]));
    expect(await updateCatalogue(ports, book, BOUNDS)).toMatchObject({ kind: "undecided" });
    expect([book.version, book.item("A1")?.class]).toEqual(["old", "C"]);
  });
});
