/* Rows 30 to 44: contributions, benefits, the bank account and the purses. */

import type { Need, ServiceRow } from "./row-types.ts";
import { elsewhere, flow, refusal, served, text } from "./row-words.ts";

const NO_BANK = refusal("bank-not-connected", "bank", text("本终端未接入银行系统，请到银行办理", "no bank is connected: go to the bank"));
const NO_BENEFITS = refusal(
  "agency-not-connected",
  "agency",
  text("本终端不能查询待遇，请到社保经办机构办理", "benefits cannot be asked for here: go to the agency"),
);
const NO_BILLS = refusal(
  "contribution-host-not-connected",
  "agency",
  text("本终端未开通缴费，请到社保经办机构或税务机关办理", "contributions are not taken here: go to the agency"),
);
const BENEFITS: readonly Need[] = ["agency", { switch: "benefitHost", among: ["connected"] }];

/** Spec: card-services/v1, 1. */
export const MONEY_ROWS: readonly ServiceRow[] = [
  served(30, text("社保缴费", "contributions of individuals and residents"), {
    by: flow("contributions"),
    needs: ["agency", "bank", { switch: "contributionHost", among: ["connected"] }],
    refusal: NO_BILLS,
  }),
  elsewhere(
    31,
    text("代扣代缴签约", "yearly contribution by automatic debit"),
    refusal("mandate-is-set-up-elsewhere", "bank", text("代扣协议请到银行或社保经办机构签订", "the mandate is set up at the bank or the agency")),
  ),
  served(32, text("考试缴费", "examination fee"), {
    by: flow("contributions"),
    needs: ["agency", "bank", { switch: "examFeeHost", among: ["connected"] }],
    refusal: refusal("exam-fee-host-not-connected", "agency", text("本终端未开通考试缴费", "examination fees are not taken here")),
  }),
  served(33, text("养老待遇", "pension"), { by: flow("benefits"), needs: BENEFITS, refusal: NO_BENEFITS }),
  served(34, text("失业金", "unemployment benefit"), { by: flow("benefits"), needs: BENEFITS, refusal: NO_BENEFITS }),
  served(35, text("工伤、生育待遇，医疗费报销，综合减负，近亲属代缴", "injury and maternity benefits, reimbursements, relief"), {
    by: flow("benefits"),
    needs: BENEFITS,
    refusal: NO_BENEFITS,
  }),
  served(36, text("就业补贴、工资、人才住房补贴", "subsidies and wages"), { by: flow("benefits"), needs: BENEFITS, refusal: NO_BENEFITS }),
  served(37, text("待遇取现", "a benefit in cash"), {
    by: flow("bank-withdrawal"),
    needs: ["bank", { switch: "cashWithdrawal", among: ["on"] }],
    refusal: refusal("withdrawal-not-enabled", "bank", text("本终端未开通取现，请到银行办理", "no cash is paid out here: go to the bank")),
  }),
  served(38, text("银行账户消费", "purchase from the bank account"), { by: flow("bank-payment"), needs: ["bank"], refusal: NO_BANK }),
  served(39, text("消费撤销、退货", "void or refund of a purchase"), { by: flow("bank-return"), needs: ["bank"], refusal: NO_BANK }),
  served(40, text("小额快速支付", "quick payment"), {
    by: flow("quick-payment"),
    needs: ["quick-payment"],
    offline: "served",
    gate: true,
    refusal: refusal("no-purse-key", "bank", text("本终端不支持小额快速支付", "this terminal takes no purse")),
  }),
  served(41, text("圈存", "loading a purse"), {
    by: flow("purse-load"),
    needs: ["bank", { switch: "purseLoad", among: ["on"] }],
    refusal: refusal("load-not-offered", "bank", text("本终端不提供圈存，请到银行办理", "purses are not loaded here: go to the bank")),
  }),
  elsewhere(
    42,
    text("存款、转账、代收代付", "deposit, transfer, collection and payment on behalf"),
    refusal("not-at-this-terminal", "bank", text("请到银行办理", "use the bank")),
  ),
  served(43, text("特约商户优惠", "discount of a merchant"), {
    by: flow("quick-payment"),
    needs: ["quick-payment", "merchant-agreement"],
    offline: "served",
    refusal: refusal("merchant-has-no-agreement", "telephone-12333", text("本商户不是特约商户，可拨打12333咨询", "this merchant has no agreement: ask 12333")),
  }),
  elsewhere(
    44,
    text("银行密码、银行挂失、解锁、销户", "bank PIN, bank loss, unlock, closure"),
    refusal("issuing-banks-rules", "bank", text("请到发卡银行办理", "use the bank")),
  ),
];
