import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fsiInputFits } from "../../codec/fsi.ts";
import { codeText, opened, whole } from "../goods-rules/testing.ts";
import type { TraceCode } from "../medical-desk/basket.ts";
import { stockMessage } from "./messages.ts";
import { type RowMakers, stockRows } from "./rows.ts";
import { goods, PROFILE, returned, SUITE, sale } from "./testing.ts";

const MAKERS: RowMakers = { suite: SUITE, medical: PROFILE, terminalId: "T1" };
const trace = (...numbers: readonly number[]) => numbers.map((number) => ({ drug_trac_codg: codeText(number) }));

function portions(quantity: string, traceCodes: readonly TraceCode[]) {
  const { rows } = stockRows(sale(1, { items: [goods({ quantity, traceCodes })] }), MAKERS);
  return rows.map((row) => [row["sel_retn_cnt"], row["trdn_flag"], row["drugtracinfo"] ?? []]);
}

describe("rows of a sale", () => {
  it.each<[string, string, readonly TraceCode[], readonly unknown[]]>([
    ["a pack", "1", [whole(1)], [["1", "0", trace(1)]]],
    ["goods without codes", "2.5", [], [["2.5", "0", []]]],
    ["tablets of an opened pack", "6", [opened(1)], [["6", "1", trace(1)]]],
    ["an opened pack that was scanned twice", "6", [opened(1), opened(1)], [["6", "1", trace(1)]]],
    [
      "two packs and half a one",
      "2.5",
      [whole(1), whole(2), opened(3)],
      [
        ["2", "0", trace(1, 2)],
        ["0.5", "1", trace(3)],
      ],
    ],
    [
      "a pack, and two without a code",
      "3.00",
      [whole(1)],
      [
        ["1", "0", trace(1)],
        ["2.00", "0", []],
      ],
    ],
    ["a pack, its quantity with zeros", "1.0", [whole(1)], [["1", "0", trace(1)]]],
  ])("%s", (_name, quantity, codes, expected) => expect(portions(quantity, codes)).toEqual(expected));

  it("of very many packs are several, and each fits a message at its longest", () => {
    const traceCodes = Array.from({ length: 400 }, (_, index) => ({ code: String(index).padStart(100, '"'), splitPack: false }));
    const stock = stockRows(sale(1, { items: [goods({ quantity: "400", traceCodes, name: "名".repeat(100) })] }), MAKERS);
    expect(stock.rows.map((row) => row["sel_retn_cnt"])).toEqual(["150", "150", "100"]);
    for (const from of [0, 1, 2]) expect(fsiInputFits(stockMessage({ act: "sale", ...stock }, from, false).input)).toBe(true);
    expect(stockMessage({ act: "sale", ...stock }, 0, true)).toMatchObject({ infno: "3505A", count: 1 });
  });

  it("have numbers that are the same for the same upload and for no other", () => {
    const numbers = (makers: RowMakers, number: number) => stockRows(sale(number), makers).rows.map((row) => row["fixmedins_bchno"]);
    const all = [
      numbers(MAKERS, 1),
      numbers(MAKERS, 2),
      numbers({ ...MAKERS, terminalId: "T2" }, 1),
      stockRows(returned(1), MAKERS).rows.map((row) => row["fixmedins_bchno"]),
    ].flat();
    expect(new Set(all).size).toBe(4);
    expect(numbers(MAKERS, 1)).toEqual(all.slice(0, 1));
    for (const number of all) expect(number).toMatch(/^[0-9a-f]{20}0001$/);
  });

  it("name what the interface asks for", () => {
    const request = sale(1, {
      order: "c1.2026-001",
      items: [goods({ prescriptionDrug: true, goods: { makerLot: "L1", madeOn: "2025-01-02", expiresOn: "2027-01-01", documentNumber: "D9" } })],
      prescription: { number: "RX1", doctorCode: "D1", doctorName: "张医生", pharmacistName: "李药师", pharmacistLicence: "P1", circulated: true },
    });
    const { rows, personal } = stockRows(request, MAKERS);
    expect(rows[0]).toEqual({
      sel_retn_time: "2026-01-05 12:00:00",
      sel_retn_opter_name: "op1",
      mdtrt_setl_type: "1",
      setl_id: "S1",
      hi_feesetl_type: "1",
      mdtrt_sn: "V1",
      rtal_docno: "D9",
      med_list_codg: "XTEST0000000000000A1",
      fixmedins_hilist_id: "O1",
      fixmedins_hilist_name: "阿莫西林胶囊",
      manu_lotnum: "L1",
      manu_date: "2025-01-02",
      expy_end: "2027-01-01",
      rx_flag: "1",
      finl_trns_pric: "12.50",
      fixmedins_bchno: expect.any(String),
      trdn_flag: "0",
      sel_retn_cnt: "1",
      drugtracinfo: trace(1),
    });
    expect(personal).toEqual({
      psn_cert_type: "01",
      psn_no: "53010000000000000009",
      prsc_dr_name: "张医生",
      phar_name: "李药师",
      phar_prac_cert_no: "P1",
      rxno: "RX1",
      rx_circ_flag: "1",
    });
  });

  it("of a sale that nobody has insured say so", () => {
    const { settlement: _, ...own } = sale(1, { order: "c1.A1" });
    const { rows, personal } = stockRows(own, MAKERS);
    expect(rows[0]).toMatchObject({
      hi_feesetl_type: "0",
      mdtrt_setl_type: "2",
      rtal_docno: "A1",
      mdtrt_sn: expect.stringMatching(/^[0-9a-f]{20}$/),
      rx_flag: "0",
    });
    expect(rows[0]).not.toHaveProperty("setl_id");
    expect(personal).toEqual({ psn_cert_type: "01", prsc_dr_name: "无", phar_name: "无", phar_prac_cert_no: "无" });
  });

  it.each([
    ["530102", "530102", "1"],
    ["530102", "530199", "1"],
    ["530102", "530402", "2"],
    ["530102", "440102", "2"],
    ["310101", "310230", "1"],
    ["310101", "320101", "2"],
  ])("treated in %s, insured in %s: %s", (treatmentArea, insuranceArea, type) => {
    const medical = { ...PROFILE, sender: { ...PROFILE.sender, treatmentArea } };
    const { rows } = stockRows(sale(1, { settlement: { settlementId: "S", visitId: "V", insuranceArea } }), { ...MAKERS, medical });
    expect(rows[0]?.["hi_feesetl_type"]).toBe(type);
  });

  it.each([
    ["", "", "A1", 20],
    ["V1", "I7", "I7", 2],
  ])("visit %j, invoice %j: document %s", (visitId, invoiceNumber, document, length) => {
    const { rows } = stockRows(sale(1, { invoiceNumber, settlement: { settlementId: "S", visitId, insuranceArea: "530102" } }), MAKERS);
    expect(rows[0]?.["rtal_docno"]).toBe(document);
    expect(rows[0]?.["mdtrt_sn"]).toHaveLength(length);
  });

  it("whose area of insurance nobody knows name no person", () => {
    const { rows, personal } = stockRows(sale(1, { settlement: { settlementId: "S", visitId: "V", insuranceArea: "" } }), MAKERS);
    expect(rows[0]?.["hi_feesetl_type"]).toBe("1");
    expect(personal).not.toHaveProperty("psn_no");
  });

  it("taken back name the settlement, and no prescription", () => {
    const { rows, personal } = stockRows(returned(1), MAKERS);
    expect(Object.keys(rows[0] ?? {}).sort()).toEqual(
      [
        "sel_retn_time",
        "sel_retn_opter_name",
        "mdtrt_setl_type",
        "setl_id",
        "med_list_codg",
        "fixmedins_hilist_id",
        "fixmedins_hilist_name",
        "manu_lotnum",
        "manu_date",
        "rx_flag",
        "finl_trns_pric",
        "fixmedins_bchno",
        "trdn_flag",
        "sel_retn_cnt",
        "drugtracinfo",
      ].sort(),
    );
    expect(personal).toEqual({ psn_cert_type: "01", psn_no: "53010000000000000009" });
  });

  it("tell every pack once and together the whole quantity", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 320 }), fc.integer({ min: 0, max: 9999 }), fc.boolean(), (packs, restE4, isOpened) => {
        fc.pre(packs + restE4 > 0);
        const quantity = `${packs}.${String(restE4).padStart(4, "0")}`;
        const codes = [...Array.from({ length: packs }, (_, index) => whole(index)), ...(restE4 > 0 && isOpened ? [opened(9999)] : [])];
        const told = portions(quantity, codes);
        const sum = told.reduce((total, [count]) => total + Math.round(Number(count) * 10_000), 0);
        expect(sum).toBe(packs * 10_000 + restE4);
        expect(told.flatMap(([, , rows]) => rows as readonly unknown[])).toHaveLength(codes.length);
      }),
    );
  });
});
