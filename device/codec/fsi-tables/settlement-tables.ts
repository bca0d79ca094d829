/*
 * Messages that book, show or take back money. What a reply must hold is only what nobody can do without: whom and what it is about, and the
 * four figures that say who pays; all else is read where it is there. Spec: FSI, 2101; FSI, 2102; FSI, 2103; FSI, setlinfo.
 */
import {
  AMOUNT,
  COUNT,
  codes,
  DATE,
  DATETIME,
  decimal,
  type Field,
  FLAG,
  type MessageTable,
  may,
  message,
  type NodeTable,
  need,
  object,
  open,
  optional,
  PRICE,
  RATIO,
  rows,
  signedDecimal,
  text,
} from "./fields.ts";

const amounts = (...names: readonly string[]): Readonly<Record<string, Field>> => Object.fromEntries(names.map((name) => [name, may(AMOUNT)]));

const PERSON_AND_CLASS = {
  psn_no: may(text(30)),
  psn_name: may(text(50)),
  psn_cert_type: may(text(6)),
  certno: may(text(50)),
  gend: may(text(6)),
  naty: may(text(3)),
  brdy: may(DATE),
  age: may(decimal(4, 1)),
  insutype: may(text(6)),
  psn_type: may(text(6)),
  cvlserv_flag: may(text(3)),
  setl_time: may(DATETIME),
  mdtrt_cert_type: may(text(3)),
  med_type: may(text(6)),
};

const FEE_PARTS = amounts("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc");
const FUNDS = amounts("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay");
const REST = {
  ...FEE_PARTS,
  ...FUNDS,
  // A ratio, not an amount. Spec: FSI, setlinfo.
  pool_prop_selfpay: may(RATIO),
  acct_mulaid_pay: may(AMOUNT),
  hosp_part_amt: may(AMOUNT),
  balc: may(signedDecimal(16, 2)),
  medins_setl_id: may(text(30)),
  clr_optins: may(text(6)),
  clr_way: may(text(30)),
  clr_type: may(text(30)),
};

/** Who pays what: without these four nobody could say what was settled. */
const NEEDED_FIGURES = {
  medfee_sumamt: need(AMOUNT),
  fund_pay_sumamt: need(AMOUNT),
  acct_pay: need(AMOUNT),
  psn_cash_pay: need(AMOUNT),
  psn_part_amt: may(AMOUNT),
};

/** A booking names its settlement and its visit: without them it could never be taken back. */
const BOOKED: NodeTable = object({ ...PERSON_AND_CLASS, ...REST, ...NEEDED_FIGURES, setl_id: need(text(30)), mdtrt_id: need(text(30)) });
const TRIED: NodeTable = object({ ...PERSON_AND_CLASS, ...REST, ...NEEDED_FIGURES, setl_id: may(text(30)), mdtrt_id: may(text(30)) });

/** The query and the void have two names of their own for the personal burden and for cash. Spec: FSI, 2103; FSI, 5203. */
const QUERY_NAMES = { psn_pay: may(AMOUNT), cash_payamt: may(AMOUNT), refd_setl_flag: may(FLAG), fund_pay_sumamt: may(AMOUNT), acct_pay: may(AMOUNT) };
const TAKEN_BACK: NodeTable = optional(
  object({ ...PERSON_AND_CLASS, ...REST, ...QUERY_NAMES, setl_id: may(text(30)), mdtrt_id: may(text(30)), medfee_sumamt: may(signedDecimal(16, 2)) }),
);
const QUERIED: NodeTable = object({
  ...PERSON_AND_CLASS,
  ...REST,
  ...QUERY_NAMES,
  psn_part_amt: may(AMOUNT),
  psn_cash_pay: may(AMOUNT),
  setl_id: need(text(30)),
  mdtrt_id: need(text(30)),
  medfee_sumamt: need(AMOUNT),
  invono: may(text(20)),
});

const FUND_ROWS: NodeTable = optional(
  rows({
    fund_pay_type: may(text(6)),
    inscp_scp_amt: may(AMOUNT),
    crt_payb_lmt_amt: may(AMOUNT),
    fund_payamt: may(AMOUNT),
    fund_pay_type_name: may(text(200)),
    setl_proc_info: may(text(4_000)),
  }),
);

const LINE_FIGURES = {
  det_item_fee_sumamt: may(AMOUNT),
  cnt: may(COUNT),
  pric: may(PRICE),
  pric_uplmt_amt: may(PRICE),
  selfpay_prop: may(RATIO),
  fulamt_ownpay_amt: may(AMOUNT),
  overlmt_amt: may(AMOUNT),
  preselfpay_amt: may(AMOUNT),
  inscp_scp_amt: may(AMOUNT),
  chrgitm_lv: may(text(3)),
  med_chrgitm_type: may(text(6)),
  bas_medn_flag: may(text(3)),
  hi_nego_drug_flag: may(text(3)),
  chld_medc_flag: may(text(3)),
  list_sp_item_flag: may(text(3)),
  lmt_used_flag: may(text(3)),
  drt_reim_flag: may(text(3)),
  memo: may(text(500)),
};
const LINE_ROWS: NodeTable = optional(rows({ feedetl_sn: need(text(30)), ...LINE_FIGURES }));

/** What the line of a basket is, whoever sells it. */
const LINE = {
  feedetl_sn: need(text(30)),
  rxno: may(text(30)),
  rx_circ_flag: need(FLAG),
  fee_ocur_time: need(DATETIME),
  med_list_codg: need(text(50)),
  medins_list_codg: need(text(150)),
  det_item_fee_sumamt: need(AMOUNT),
  cnt: need(COUNT),
  pric: need(PRICE),
  sin_dos_dscr: may(text(200)),
  used_frqu_dscr: may(text(200)),
  prd_days: may(decimal(4, 2)),
  medc_way_dscr: may(text(200)),
  bilg_dr_codg: may(text(30)),
  bilg_dr_name: may(text(50)),
  tcmdrug_used_way: may(text(6)),
};

/** Members that a region wants here are named by its profile. */
const DRUGINFO = object({
  psn_no: need(text(30)),
  mdtrt_cert_type: need(text(3)),
  mdtrt_cert_no: need(text(50)),
  begntime: need(DATETIME),
  medfee_sumamt: need(AMOUNT),
  invono: may(text(20)),
  insutype: need(text(6)),
  dise_codg: may(text(30)),
  dise_name: may(text(500)),
  acct_used_flag: need(FLAG),
  med_type: need(text(6)),
});

/** All four when the node is there. Spec: FSI, drug_trac_info. */
const TRACES: NodeTable = optional(
  rows({ feedetl_sn: need(text(30)), drug_trac_codg: need(text(100)), trdn_flag: need(FLAG), min_prcunt_type: need(text(6)) }),
);

const PHARMACY_INPUT = { nodes: { druginfo: DRUGINFO, drugdetail: open(rows(LINE)), drug_trac_info: TRACES } };
const settledWith = (setlinfo: NodeTable) => ({ nodes: { setlinfo, setldetail: FUND_ROWS, detlcutinfo: LINE_ROWS } });

const NAMED = object({ psn_no: need(text(30)), setl_id: need(text(30)), mdtrt_id: need(text(30)) });

const VISIT_PAYS = {
  psn_no: need(text(30)),
  mdtrt_cert_type: need(text(3)),
  mdtrt_cert_no: need(text(50)),
  med_type: need(text(6)),
  medfee_sumamt: need(AMOUNT),
  psn_setlway: need(codes("01", "02")),
  mdtrt_id: need(text(30)),
  chrg_bchno: need(text(30)),
  insutype: need(text(6)),
  acct_used_flag: need(FLAG),
  ...FEE_PARTS,
  // Asked for in some regions. Spec: FSI, 2207.
  pub_hosp_rfom_flag: may(text(3)),
  mdtrt_mode: may(text(6)),
  mid_setl_flag: may(text(3)),
};

const REGISTRATION = message(
  {
    nodes: {
      data: object({
        psn_no: need(text(30)),
        insutype: need(text(6)),
        begntime: need(DATETIME),
        mdtrt_cert_type: need(text(3)),
        mdtrt_cert_no: need(text(50)),
        ipt_otp_no: need(text(30)),
        atddr_no: need(text(30)),
        dr_name: need(text(50)),
        dept_code: need(text(30)),
        dept_name: need(text(100)),
        caty: need(text(6)),
      }),
    },
  },
  { nodes: { data: object({ mdtrt_id: need(text(30)), psn_no: may(text(30)), ipt_otp_no: may(text(30)) }) } },
);

const VISIT = message({
  nodes: {
    mdtrtinfo: object({
      mdtrt_id: need(text(30)),
      psn_no: need(text(30)),
      med_type: need(text(6)),
      begntime: need(DATETIME),
      main_cond_dscr: may(text(1_000)),
      dise_codg: may(text(30)),
      dise_name: may(text(500)),
      birctrl_type: may(text(6)),
      birctrl_matn_date: may(DATE),
      matn_type: may(text(6)),
      geso_val: may(decimal(2, 0)),
    }),
    diseinfo: optional(
      rows({
        diag_type: need(text(3)),
        diag_srt_no: need(decimal(2, 0)),
        diag_code: need(text(20)),
        diag_name: need(text(100)),
        diag_dept: need(text(50)),
        dise_dor_no: need(text(30)),
        dise_dor_name: need(text(50)),
        diag_time: need(DATETIME),
        vali_flag: need(FLAG),
      }),
    ),
  },
});

const FEES = message(
  {
    nodes: {
      feedetail: open(
        rows({
          ...LINE,
          mdtrt_id: need(text(30)),
          psn_no: need(text(30)),
          chrg_bchno: need(text(30)),
          dise_codg: may(text(30)),
          bilg_dept_codg: need(text(30)),
          bilg_dept_name: need(text(100)),
          bilg_dr_codg: need(text(30)),
          bilg_dr_name: need(text(50)),
          acord_dept_codg: may(text(30)),
          acord_dept_name: may(text(100)),
          orders_dr_code: may(text(30)),
          orders_dr_name: may(text(50)),
          hosp_appr_flag: may(text(3)),
          etip_flag: may(text(3)),
          etip_hosp_code: may(text(30)),
          dscg_tkdrug_flag: may(text(3)),
          matn_fee_flag: may(text(6)),
        }),
      ),
    },
  },
  { nodes: { result: rows({ feedetl_sn: need(text(30)), ...LINE_FIGURES }) } },
);

const FEE_ROWS: NodeTable = optional(
  rows({
    ...LINE_FIGURES,
    feedetl_sn: need(text(30)),
    mdtrt_id: may(text(30)),
    setl_id: may(text(30)),
    med_list_codg: may(text(50)),
    medins_list_codg: may(text(150)),
  }),
);

export const SETTLEMENT_TABLES: Readonly<Record<string, MessageTable>> = {
  "2101": message(PHARMACY_INPUT, settledWith(TRIED)),
  "2102": message(PHARMACY_INPUT, settledWith(BOOKED)),
  "2103": message({ nodes: { data: NAMED } }, { nodes: { setlinfo: TAKEN_BACK, setldetail: FUND_ROWS } }),
  "2201": REGISTRATION,
  "2202": message({ nodes: { data: object({ psn_no: need(text(30)), mdtrt_id: need(text(30)), ipt_otp_no: need(text(30)) }) } }),
  "2203": VISIT,
  "2203A": VISIT,
  "2204": FEES,
  "2205": message({ nodes: { data: object({ psn_no: need(text(30)), mdtrt_id: need(text(30)), chrg_bchno: need(text(30)) }) } }),
  "2206": message({ nodes: { data: object(VISIT_PAYS) } }, { nodes: { setlinfo: TRIED, setldetail: FUND_ROWS } }),
  "2207": message(
    { nodes: { data: object({ ...VISIT_PAYS, invono: may(text(20)) }), drug_trac_info: TRACES } },
    { nodes: { setlinfo: BOOKED, setldetail: FUND_ROWS } },
  ),
  "2208": message({ nodes: { data: NAMED } }, { nodes: { setlinfo: TAKEN_BACK, setldetail: FUND_ROWS } }),
  "2601": message({
    nodes: { data: object({ psn_no: need(text(30)), omsgid: need(text(30)), oinfno: need(codes("2102", "2103", "2207", "2208", "2304", "2305", "2401")) }) },
  }),
  "5203": message({ nodes: { data: NAMED } }, { nodes: { setlinfo: QUERIED, setldetail: FUND_ROWS } }),
  // A visit that was not settled has fees and no settlement. The list may stand by itself, without a name; the envelope then calls it
  // "output". Spec: FSI, 5204.
  "5204": message(
    { nodes: { data: object({ psn_no: need(text(30)), mdtrt_id: need(text(30)), setl_id: may(text(30)) }) } },
    { nodes: { feedetail: FEE_ROWS, output: FEE_ROWS } },
  ),
};
