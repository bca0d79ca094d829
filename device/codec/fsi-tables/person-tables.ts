/*
 * Messages about a person. Spec: FSI, 1101; FSI, 2001; FSI, 2501; FSI, 5206; FSI, 5301.
 * Deviation: the texts that we hold give 2501 as the registration of a filing and say no more of its query than that it names the area of
 * treatment in a business node; asking by person, insurance and area, and answering with the filings as rows, is our reading. Spec: FSI, 2501.
 */
import { AREA, codes, DATE, DATETIME, decimal, FLAG, type MessageTable, may, message, need, object, optional, rows, signedDecimal, text } from "./fields.ts";

const CREDENTIAL = { mdtrt_cert_type: need(text(3)), mdtrt_cert_no: need(text(50)) };

const PERSON = message(
  {
    nodes: {
      data: object({
        ...CREDENTIAL,
        card_sn: may(text(32)),
        begntime: may(DATETIME),
        psn_cert_type: may(text(6)),
        certno: may(text(50)),
        psn_name: may(text(50)),
        // The raw read of a card from another province, and its signature. The name is spelled like this. Spec: FSI, 1101.
        orgin_card_info: may(text(4_000)),
        sign: may(text(4_000)),
      }),
    },
  },
  {
    nodes: {
      baseinfo: object({
        psn_no: need(text(30)),
        psn_cert_type: may(text(6)),
        certno: may(text(50)),
        psn_name: may(text(50)),
        gend: may(text(6)),
        naty: may(text(3)),
        brdy: may(DATE),
        age: may(decimal(4, 1)),
      }),
      insuinfo: optional(
        rows({
          insutype: need(text(6)),
          psn_insu_stas: need(text(6)),
          insuplc_admdvs: need(AREA),
          balc: may(signedDecimal(16, 2)),
          psn_type: may(text(6)),
          psn_insu_date: may(DATE),
          paus_insu_date: may(DATE),
          cvlserv_flag: may(text(3)),
          emp_name: may(text(200)),
        }),
      ),
      idetinfo: optional(
        rows({ psn_idet_type: may(text(6)), psn_type_lv: may(text(3)), memo: may(text(500)), begntime: may(DATETIME), endtime: may(DATETIME) }),
      ),
    },
  },
);

const ELIGIBILITY = message(
  {
    nodes: {
      data: object({
        psn_no: need(text(30)),
        insutype: need(text(6)),
        fixmedins_code: need(text(12)),
        med_type: need(text(6)),
        begntime: need(DATETIME),
        endtime: may(DATETIME),
        dise_codg: may(text(30)),
        dise_name: may(text(500)),
        oprn_oprt_code: may(text(30)),
        oprn_oprt_name: may(text(500)),
        matn_type: may(text(6)),
        birctrl_type: may(text(6)),
      }),
    },
  },
  {
    nodes: {
      trtinfo: rows({
        psn_no: may(text(30)),
        trt_chk_type: may(text(6)),
        fund_pay_type: may(text(6)),
        trt_enjymnt_flag: need(codes("0", "1")),
        begndate: may(DATE),
        enddate: may(DATE),
        trt_chk_rslt: may(text(500)),
      }),
    },
  },
);

const FILINGS = message(
  { nodes: { data: object({ psn_no: need(text(30)), insutype: need(text(6)), mdtrtarea_admdvs: need(AREA), begntime: may(DATETIME) }) } },
  {
    nodes: {
      refmedin: optional(
        rows({
          psn_no: may(text(30)),
          insutype: may(text(6)),
          mdtrtarea_admdvs: need(AREA),
          refl_type: may(text(30)),
          begndate: may(DATE),
          enddate: may(DATE),
          refl_used_flag: may(FLAG),
        }),
      ),
    },
  },
);

const CUMULATIVE = message(
  { nodes: { data: object({ psn_no: need(text(30)), cum_ym: may(text(6)), insutype: may(text(6)) }) } },
  {
    nodes: {
      cuminfo: optional(
        rows({
          psn_no: may(text(30)),
          insutype: may(text(6)),
          year: may(text(4)),
          cum_ym: need(text(6)),
          cum_type_code: need(text(30)),
          cum: need(signedDecimal(16, 2)),
        }),
      ),
    },
  },
);

const CHRONIC = message(
  { nodes: { data: object({ psn_no: need(text(30)) }) } },
  { nodes: { feedetail: optional(rows({ opsp_dise_code: need(text(30)), opsp_dise_name: may(text(300)), begndate: may(DATE), enddate: may(DATE) })) } },
);

export const PERSON_TABLES: Readonly<Record<string, MessageTable>> = {
  "1101": PERSON,
  "2001": ELIGIBILITY,
  "2501": FILINGS,
  "5206": CUMULATIVE,
  "5301": CHRONIC,
};
