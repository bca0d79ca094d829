/*
 * Uploads of goods that were sold or taken back. The reply has two levels: infcode of the envelope, and a word of its own about the goods, which
 * stands in one node or another by region. Spec: FSI, 3505; FSI, 3506; FSI, drugtracinfo.
 */
import { COUNT, codes, DATE, DATETIME, FLAG, type MessageTable, may, message, need, object, optional, PRICE, rows, text } from "./fields.ts";

/** The reply's second level: whether the goods were taken, and why not. */
const WORD = { retRslt: may(codes("0", "1")), msgRslt: may(text(500)) };
const TAKEN = optional(object(WORD));
const REPLY = { fields: WORD, nodes: { result: TAKEN, output: TAKEN, data: TAKEN } };

/** What a sale and its return share. Node and members as public code spells them. Spec: FSI, 3505; FSI, 3506. */
const STOCK = {
  med_list_codg: need(text(50)),
  fixmedins_hilist_id: need(text(30)),
  fixmedins_hilist_name: need(text(200)),
  fixmedins_bchno: need(text(30)),
  setl_id: may(text(30)),
  psn_no: may(text(30)),
  psn_cert_type: need(text(6)),
  certno: may(text(50)),
  psn_name: may(text(50)),
  manu_lotnum: need(text(30)),
  manu_date: need(DATE),
  expy_end: may(DATE),
  rx_flag: need(text(3)),
  trdn_flag: need(FLAG),
  finl_trns_pric: may(PRICE),
  sel_retn_cnt: need(COUNT),
  sel_retn_time: need(DATETIME),
  sel_retn_opter_name: need(text(50)),
  mdtrt_setl_type: may(codes("1", "2")),
  memo: may(text(500)),
};
const STOCK_TRACES = { drugtracinfo: optional(rows({ drug_trac_codg: need(text(100)) })) };

const SALE = {
  ...STOCK,
  prsc_dr_cert_type: may(text(6)),
  prsc_dr_certno: may(text(50)),
  prsc_dr_name: need(text(50)),
  phar_cert_type: may(text(6)),
  phar_certno: may(text(50)),
  phar_name: need(text(50)),
  phar_prac_cert_no: need(text(50)),
  hi_feesetl_type: need(codes("0", "1", "2")),
  mdtrt_sn: need(text(30)),
  rxno: may(text(40)),
  rx_circ_flag: may(FLAG),
  rtal_docno: need(text(40)),
  stoout_no: may(text(40)),
  bchno: may(text(30)),
  drug_trac_codg: may(text(100)),
  drug_prod_barc: may(text(30)),
  shelf_posi: may(text(20)),
};
const RETURN = { ...STOCK, mdtrt_sn: may(text(30)), medins_prod_sel_no: may(text(50)), drug_trac_codg: may(text(100)) };

export const STOCK_TABLES: Readonly<Record<string, MessageTable>> = {
  "3505": message({ nodes: { selinfo: { ...object(SALE), nodes: STOCK_TRACES } } }, REPLY),
  // Several sales at once; the list's name is public code's. Spec: FSI, 3505A.
  "3505A": message({ nodes: { selinfoDetail: { ...rows(SALE), nodes: STOCK_TRACES } } }, REPLY),
  "3506": message({ nodes: { selinfo: { ...object(RETURN), nodes: STOCK_TRACES } } }, REPLY),
};
