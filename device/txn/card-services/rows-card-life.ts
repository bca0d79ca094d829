/* Rows 45 to 65: the life of a card, and public services. */

import type { ServiceRow } from "./row-types.ts";
import { act, elsewhere, flow, refusal, served, text } from "./row-words.ts";

const NO_MODULE = refusal("no-security-module", "counter-terminal", text("本终端无安全模块，不能验证此卡", "this terminal cannot check cards"));

/** Spec: card-services/v1, 1. */
export const CARD_LIFE_ROWS: readonly ServiceRow[] = [
  elsewhere(
    45,
    text("申领社保卡", "applying for a card"),
    refusal("apply-in-person", "agency", text("请携带身份证件到社保卡服务窗口申领，每人限一张", "apply at the agency with an identity document")),
  ),
  served(46, text("启用社会保障功能", "activation of the social function"), {
    by: act("activate"),
    needs: [{ switch: "activationMode", among: ["host-call", "initial-pin"] }],
    refusal: refusal(
      "activated-by-the-agency",
      "agency",
      text("请携带社保卡和身份证件到社保卡服务窗口启用", "the agency activates it, with card and identity document"),
    ),
  }),
  elsewhere(
    47,
    text("激活金融功能", "activation of the financial function"),
    refusal("in-person-at-the-bank", "bank", text("请本人携带社保卡和身份证件到银行网点激活", "in person at the bank, with card and identity document")),
  ),
  served(48, text("验证密码", "verifying the PIN"), { by: act("identify"), offline: "served", refusal: NO_MODULE }),
  served(49, text("修改密码", "changing a known PIN"), { by: act("change-pin"), offline: "served", refusal: NO_MODULE }),
  served(50, text("密码重置、解锁", "resetting or unlocking a PIN"), {
    by: act("reset-pin"),
    needs: ["agency", { switch: "pinResetAtTerminal", among: ["authorised-post"] }],
    refusal: refusal(
      "not-an-authorised-post",
      "agency",
      text("请携带社保卡和身份证件到社保卡服务窗口重置密码", "go to the agency with card and identity document"),
    ),
  }),
  served(51, text("临时挂失", "temporary loss"), {
    by: act("report-loss", { loss: "temporary" }),
    needs: ["agency", { switch: "lossCalls", among: ["temporary", "temporary-and-formal"] }],
    offline: "queued",
    refusal: refusal("reported-by-telephone", "telephone-12333", text("请拨打12333办理临时挂失", "report the loss by telephone: 12333")),
  }),
  served(52, text("正式挂失", "formal loss"), {
    by: act("report-loss", { loss: "formal" }),
    needs: ["agency", { switch: "lossCalls", among: ["temporary-and-formal"] }],
    offline: "queued",
    refusal: refusal("formal-loss-in-person", "agency", text("请携带身份证件到社保卡服务窗口办理正式挂失", "go to the agency with your identity document")),
  }),
  served(53, text("解除挂失", "withdrawal of a loss report"), {
    by: act("withdraw-loss"),
    needs: ["agency", { switch: "lossWithdrawal", among: ["host-call"] }],
    refusal: refusal(
      "withdrawal-at-the-agency",
      "agency",
      text("请携带社保卡和身份证件到社保卡服务窗口解除挂失", "the agency withdraws it, with card and identity document"),
    ),
  }),
  elsewhere(
    54,
    text("补卡", "reissue"),
    refusal(
      "after-formal-loss-in-person",
      "agency",
      text("请先办理正式挂失，再携带身份证件到社保卡服务窗口补卡", "the agency, after formal loss, with identity document"),
    ),
  ),
  elsewhere(
    55,
    text("换卡", "replacement"),
    refusal("replaced-by-the-agency", "agency", text("请携带社保卡和身份证件到社保卡服务窗口换卡", "the agency, with card and identity document")),
  ),
  served(56, text("变更电话、地址等非关键信息", "change of telephone and address"), {
    by: act("change-details"),
    needs: ["agency", { switch: "detailChange", among: ["host-call"] }],
    refusal: refusal("changed-by-the-agency", "agency", text("请到社保卡服务窗口变更信息", "the agency changes it")),
  }),
  elsewhere(
    57,
    text("参保地转移", "transfer of the insured place"),
    refusal("agency-of-the-new-place", "agency", text("请到转入地社保卡服务窗口办理", "the agency of the new place")),
  ),
  elsewhere(
    58,
    text("注销", "cancellation"),
    refusal("agency-then-bank", "agency", text("请先到社保卡服务窗口注销社会保障应用，再到银行销户", "the agency first, then the bank")),
  ),
  elsewhere(
    59,
    text("代办、监护人办理", "acting for somebody else"),
    refusal(
      "papers-are-checked-by-the-agency",
      "agency",
      text("请携带代办或监护证明材料到社保卡服务窗口办理", "the agency checks the papers of agents and guardians"),
    ),
  ),
  elsewhere(
    60,
    text("使用伪造或盗用的社保卡", "a forged card, or somebody else's"),
    refusal(
      "forbidden-by-criminal-law",
      "agency",
      text("使用伪造、变造或盗用他人社保卡属违法行为，不予办理", "forged and stolen cards are refused: it is a crime to use them"),
    ),
  ),
  served(61, text("公交、地铁", "bus and metro"), {
    by: flow("passage"),
    needs: ["quick-payment"],
    offline: "served",
    gate: true,
    refusal: refusal("no-purse-key", "counter-terminal", text("本终端不支持乘车扣费", "no fares are taken here")),
  }),
  served(62, text("图书借阅", "library loan"), {
    by: act("identify"),
    needs: [{ switch: "libraryHost", among: ["connected"] }],
    offline: "identity-only",
    refusal: refusal(
      "library-not-connected",
      "counter-terminal",
      text("图书馆系统未接入，请到图书馆柜台办理", "no library is connected: use the library's own counter"),
    ),
  }),
  elsewhere(
    63,
    text("教育、水电等缴费", "school, utilities and other fees"),
    refusal("biller-not-connected", "bank", text("未接入收费单位，请到银行办理", "no biller is connected: go to the bank")),
  ),
  elsewhere(
    64,
    text("其他公共服务", "any further public service"),
    refusal("not-approved", "agency", text("该业务未经批准，不予办理", "not approved for this card")),
  ),
  elsewhere(
    65,
    text("用人单位卡", "card of an employer"),
    refusal("not-a-personal-card", "agency", text("本终端只受理社会保障（个人）卡", "only personal cards are served")),
  ),
];
