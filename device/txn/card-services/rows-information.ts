/* Rows 1 to 12: identity, information, questions. */

import type { ServiceRow } from "./row-types.ts";
import { act, elsewhere, flow, refusal, served, text } from "./row-words.ts";

const NO_MODULE = refusal("no-security-module", "counter-terminal", text("本终端无安全模块，不能验证此卡", "this terminal cannot check cards"));
const NO_AGENCY = refusal(
  "agency-not-connected",
  "agency",
  text("本终端未接入人社系统，请到社保卡服务窗口办理", "not connected to the agency: go to its office"),
);
const NO_INSURER = refusal(
  "insurer-not-connected",
  "insurer",
  text("本终端未接入医保系统，请到医保经办机构查询", "not connected to the insurer: go to its office"),
);
const NO_BANK = refusal("bank-not-connected", "bank", text("本终端未接入银行系统，请到银行办理", "no bank is connected: go to the bank"));

/** Spec: card-services/v1, 1. */
export const INFORMATION_ROWS: readonly ServiceRow[] = [
  served(1, text("身份凭证", "identity credential"), { by: act("identify"), offline: "served", refusal: NO_MODULE }),
  served(2, text("就业失业登记、参保登记、工伤认定、培训、资格认证等", "registration, recognition, training and eligibility: the identity of the holder"), {
    by: act("identify"),
    offline: "identity-only",
    refusal: NO_MODULE,
  }),
  served(3, text("信息记录：卡内基本信息", "basic data on the card"), { by: act("read-basic"), offline: "served", refusal: NO_MODULE }),
  served(4, text("详细记录：参保地及参保状态（不含电子证照副本）", "detailed records: insured places and their state, without copies of certificates"), {
    by: act("query", { what: "insured-places" }),
    needs: ["agency-or-insurer"],
    refusal: NO_AGENCY,
  }),
  served(5, text("权益自助查询：缴费、就业、劳动关系、就医记录", "rights: contributions, employment, labour relations, visits"), {
    by: act("query", { what: "contributions" }),
    needs: ["agency"],
    offline: "last-known",
    refusal: NO_AGENCY,
  }),
  served(6, text("医保个人账户余额", "balance of the medical account"), {
    by: act("query", { what: "medical-balance" }),
    needs: ["medical"],
    offline: "last-known",
    refusal: NO_INSURER,
  }),
  served(7, text("本终端历史结算记录", "past settlements at this terminal"), {
    by: act("query", { what: "settlements" }),
    needs: ["medical"],
    offline: "served",
    refusal: NO_INSURER,
  }),
  served(8, text("银行账户余额", "bank balance"), { by: flow("bank-balance"), needs: ["bank"], refusal: NO_BANK }),
  served(9, text("卡状态、制卡进度", "card status and production progress"), {
    by: act("query", { what: "status" }),
    needs: ["agency"],
    offline: "last-known",
    refusal: NO_AGENCY,
  }),
  served(10, text("卡内数据更新", "update of data on the card"), {
    by: act("change-details"),
    needs: ["agency", { switch: "detailChange", among: ["host-call"] }],
    refusal: refusal("no-write-authorisation", "agency", text("卡内数据更新请到社保卡服务窗口办理", "data on the card is updated by the agency")),
  }),
  served(
    11,
    text("交易记录单：人社系统的记录，脱机时为本终端的记录", "statement of transactions: the agency's, or this terminal's own while it is not reached"),
    {
      by: act("query", { what: "statement" }),
      needs: ["agency"],
      offline: "served",
      refusal: NO_AGENCY,
    },
  ),
  elsewhere(
    12,
    text("线上用卡认证", "authentication of the card on the internet"),
    refusal("not-a-terminal-service", "official-app", text("请使用官方手机应用办理", "use the official app")),
  ),
];
