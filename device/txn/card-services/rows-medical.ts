/* Rows 13 to 29: treatment and medicine. */

import type { ServiceRow } from "./row-types.ts";
import { elsewhere, flow, refusal, served, text } from "./row-words.ts";

const NOT_DESIGNATED = refusal("not-a-designated-institution", "insurer", text("本机构未开通医保结算", "this place does not settle with the insurer"));

/** Spec: card-services/v1, 1. */
export const MEDICAL_ROWS: readonly ServiceRow[] = [
  served(13, text("定点药店购药", "medicine at a designated pharmacy"), {
    by: flow("medical-order"),
    needs: ["medical"],
    offline: "served",
    refusal: NOT_DESIGNATED,
  }),
  served(14, text("挂号、门诊结算", "registration and outpatient settlement"), {
    by: flow("medical-order"),
    needs: ["medical"],
    offline: "served",
    refusal: NOT_DESIGNATED,
  }),
  served(15, text("签约社区门诊统筹", "pool of the contracted clinic"), { by: flow("medical-order"), needs: ["medical"], refusal: NOT_DESIGNATED }),
  elsewhere(
    16,
    text("住院登记、住院结算", "inpatient registration and settlement"),
    refusal("not-at-a-counter-terminal", "hospital", text("住院业务请到医院窗口办理", "use the hospital's system")),
  ),
  served(17, text("门诊慢特病、两病购药", "chronic and two-disease medicine"), { by: flow("medical-order"), needs: ["medical"], refusal: NOT_DESIGNATED }),
  served(18, text("省内异地就医结算", "settlement for somebody of another city of the province"), {
    by: flow("medical-order"),
    needs: ["medical"],
    refusal: NOT_DESIGNATED,
  }),
  served(19, text("跨省异地就医结算", "settlement for somebody of another province"), {
    by: flow("medical-order"),
    needs: ["medical"],
    refusal: NOT_DESIGNATED,
  }),
  served(20, text("工伤医疗结算", "settlement of work injuries"), {
    by: flow("medical-order"),
    needs: ["medical", { switch: "workInjury", among: ["connected"] }],
    refusal: refusal(
      "work-injury-receiver-not-connected",
      "insurer",
      text("工伤结算未接入，请到工伤保险经办机构办理", "settlement of work injuries is not connected here"),
    ),
  }),
  served(21, text("生育结算", "maternity settlement"), { by: flow("medical-order"), needs: ["medical"], refusal: NOT_DESIGNATED }),
  served(22, text("家庭共济支付", "payment from a relative's account"), { by: flow("medical-order"), needs: ["medical"], refusal: NOT_DESIGNATED }),
  served(23, text("撤销结算", "void of a settlement"), { by: flow("medical-void"), needs: ["medical"], offline: "queued", refusal: NOT_DESIGNATED }),
  elsewhere(
    24,
    text("零星报销", "manual reimbursement"),
    refusal("decided-by-the-insurer", "insurer", text("请持自费票据到医保经办机构办理零星报销", "take the self-pay slip to the insurer: it decides and pays")),
  ),
  served(25, text("医保电子凭证", "medical e-certificate"), { by: flow("medical-order"), needs: ["medical"], refusal: NOT_DESIGNATED }),
  elsewhere(
    26,
    text("医保个人账户提现、转账", "cash or transfer from the medical account"),
    refusal(
      "medical-use-only",
      "insurer",
      text("医保个人账户资金只能用于就医购药，不得提现或转账", "the medical account pays for treatment and medicine alone"),
    ),
  ),
  elsewhere(
    27,
    text("医保个人账户转入电子钱包", "medical account into a purse"),
    refusal("medical-use-only", "insurer", text("医保个人账户是记账账户，不得转入电子钱包", "the medical account is a ledger and never goes into a purse")),
  ),
  served(28, text("脱网医疗消费", "card-side medical consumption"), {
    by: flow("quick-payment"),
    needs: ["quick-payment", { switch: "offlineMedicalCard", among: ["card-flags"] }],
    offline: "served",
    refusal: refusal(
      "offline-medical-not-allowed",
      "insurer",
      text("本地区不支持脱网医保消费", "no rule of this region lets a counter settle by the card alone"),
    ),
  }),
  elsewhere(
    29,
    text("手机线上支付医疗费用", "paying treatment in an app"),
    refusal("not-a-terminal-service", "official-app", text("请使用官方手机应用办理", "use the app")),
  ),
];
