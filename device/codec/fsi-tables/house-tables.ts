/*
 * Messages of the institution's own housekeeping: sign-in, files, catalogues, reconciliation. Spec: FSI, 9001; FSI, 9101; FSI, 3201; FSI, 3202.
 * Deviation: files travel as bytes in the texts without a word on how JSON writes them; Base64 is our reading, a list of numbers the region's
 * other choice. Catalogues come as a file in one place and as rows in another: both are read. Spec: FSI, 9101; FSI, 1318.
 */
import {
  AREA,
  BYTES,
  DATE,
  decimal,
  type Field,
  FLAG,
  type MessageTable,
  may,
  message,
  need,
  object,
  optional,
  PRICE,
  RATIO,
  rows,
  signedDecimal,
  text,
} from "./fields.ts";

const SIGNED = signedDecimal(16, 2);
const FILE = { file_qury_no: need(text(50)), filename: may(text(200)), dld_endtime: may(text(30)) };

/** A page of rows, or the number of a file. */
function catalogue(query: Readonly<Record<string, Field>>, row: Readonly<Record<string, Field>>): MessageTable {
  return message(
    { nodes: { data: object({ ...query, updt_time: may(DATE), page_num: may(decimal(4, 0)), page_size: may(decimal(4, 0)) }) } },
    {
      fields: {
        file_qury_no: may(text(50)),
        filename: may(text(200)),
        dld_endtime: may(text(30)),
        dld_end_time: may(text(30)),
        data_cnt: may(decimal(12, 0)),
        lastPage: may(text(8)),
        pages: may(decimal(8, 0)),
      },
      nodes: { data: optional(rows(row)) },
    },
  );
}

const PLACE_AND_TIME = { insu_admdvs: may(AREA), begndate: may(DATE), enddate: may(DATE), vali_flag: may(FLAG) };

export const HOUSE_TABLES: Readonly<Record<string, MessageTable>> = {
  "1301": catalogue({ ver: need(text(30)) }, { med_list_codg: need(text(50)) }),
  "1312": catalogue(
    { query_date: may(DATE), hilist_code: may(text(30)), ...PLACE_AND_TIME },
    {
      hilist_code: need(text(30)),
      hilist_name: may(text(200)),
      chrgitm_lv: need(text(3)),
      list_type: may(text(6)),
      lmt_used_flag: may(text(3)),
      ...PLACE_AND_TIME,
    },
  ),
  "1318": catalogue(
    { query_date: may(DATE), hilist_code: may(text(30)), ...PLACE_AND_TIME },
    { hilist_code: need(text(30)), hilist_lmtpric_type: may(text(6)), overlmt_dspo_way: may(text(6)), hilist_pric_uplmt_amt: need(PRICE), ...PLACE_AND_TIME },
  ),
  "1319": catalogue(
    { query_date: may(DATE), hilist_code: may(text(30)), ...PLACE_AND_TIME },
    { hilist_code: need(text(30)), selfpay_prop_psn_type: may(text(6)), selfpay_prop_type: may(text(6)), selfpay_prop: need(RATIO), ...PLACE_AND_TIME },
  ),
  "3201": message(
    {
      nodes: {
        data: object({
          insutype: need(text(6)),
          clr_type: need(text(30)),
          setl_optins: need(text(6)),
          stmt_begndate: need(DATE),
          stmt_enddate: need(DATE),
          refd_setl_flag: may(FLAG),
          medfee_sumamt: need(SIGNED),
          fund_pay_sumamt: need(SIGNED),
          acct_pay: need(SIGNED),
          fixmedins_setl_cnt: need(decimal(10, 0)),
        }),
      },
    },
    { nodes: { stmtinfo: object({ setl_optins: may(text(6)), stmt_rslt: need(text(6)), stmt_rslt_dscr: may(text(200)), exp_content: may(text(4_000)) }) } },
  ),
  "3202": message(
    {
      nodes: {
        data: object({
          stmt_begndate: need(DATE),
          stmt_enddate: need(DATE),
          setl_optins: may(text(6)),
          file_qury_no: may(text(50)),
          clr_type: may(text(30)),
          insutype: may(text(6)),
          refd_setl_flag: may(FLAG),
          medfee_sumamt: may(SIGNED),
          fund_pay_sumamt: may(SIGNED),
          acct_pay: may(SIGNED),
          cash_payamt: may(SIGNED),
          fixmedins_setl_cnt: may(decimal(10, 0)),
          // A question about one message, where the region answers it.
          msgid: may(text(30)),
        }),
      },
    },
    {
      nodes: {
        fileinfo: optional(object(FILE)),
        rows: optional(
          rows({
            psn_no: may(text(30)),
            mdtrt_id: may(text(30)),
            setl_id: may(text(30)),
            msgid: need(text(30)),
            stmt_rslt: may(text(6)),
            refd_setl_flag: need(FLAG),
            medfee_sumamt: may(SIGNED),
            fund_pay_sumamt: may(SIGNED),
            acct_pay: may(SIGNED),
          }),
        ),
      },
    },
  ),
  "9001": message(
    { nodes: { signIn: object({ opter_no: need(text(30)), mac: need(text(100)), ip: need(text(45)) }) } },
    { nodes: { signinoutb: object({ sign_no: need(text(30)), sign_time: may(text(30)) }) } },
  ),
  "9002": message(
    { nodes: { signOut: object({ sign_no: need(text(30)), opter_no: need(text(30)) }) } },
    { nodes: { signoutoutb: optional(object({ sign_time: may(text(30)) })) } },
  ),
  "9101": message({ nodes: { fsUploadIn: object({ in: need(BYTES), filename: need(text(200)), fixmedins_code: need(text(12)) }) } }, { fields: FILE }),
  "9102": message(
    { nodes: { fsDownloadIn: object({ file_qury_no: need(text(50)), filename: need(text(200)), fixmedins_code: need(text(12)) }) } },
    { nodes: { fsDownloadOut: object({ filename: may(text(200)), out: need(BYTES) }) } },
  ),
};
