/* Codes as a holder reads them. A code without a word is printed as it stands. Spec: FSI, insutype; FSI, med_type. */
import type { TenderKind } from "../medical-desk/desk.ts";
import type { PurseKind } from "../sale-request.ts";

const INSURANCES: ReadonlyMap<string, string> = new Map([
  ["310", "职工基本医疗保险"],
  ["320", "公务员医疗补助"],
  ["330", "大额医疗费用补助"],
  ["340", "离休人员医疗保障"],
  ["350", "残疾军人医疗保障"],
  ["370", "企业补充医疗保险"],
  ["380", "新型农村合作医疗"],
  ["390", "城乡居民基本医疗保险"],
  ["392", "城乡居民大病保险"],
  ["410", "长期护理保险"],
  ["510", "生育保险"],
]);

const MEDICAL_TYPES: ReadonlyMap<string, string> = new Map([
  ["11", "普通门诊"],
  ["14", "门诊慢特病"],
  ["22", "工伤"],
  ["41", "定点药店购药"],
  ["51", "生育门诊"],
  ["52", "生育住院"],
  ["9901", "门诊两病"],
  ["9929", "药店慢特病购药"],
]);

const TENDERS: Readonly<Record<TenderKind, string>> = {
  cash: "现金",
  "e-purse": "电子钱包",
  "electronic-cash": "电子现金",
  "medical-purse": "卡内医保账户",
  "bank-card": "银行卡",
};

const PURSES: Readonly<Record<PurseKind, string>> = {
  "e-purse": "电子钱包",
  compound: "电子钱包（复合消费）",
  "medical-purse": "卡内医保账户",
  "electronic-cash": "电子现金",
};

/** What a shift's lines are called beside the purses. */
const SHIFT_LINES: ReadonlyMap<string, string> = new Map([
  ...Object.entries(PURSES),
  ["cash-tender", "现金"],
  ["cash-refund", "退还现金"],
  ["medical-purchase", "医保结算"],
  ["medical-void", "医保撤销"],
  ["bank-sale", "银行卡"],
  ["bank-withdrawal", "银行卡取现"],
  ["bank-return", "银行卡撤销、退货"],
]);

export function purseWords(purse: PurseKind): string {
  return PURSES[purse];
}

export function shiftLineWords(what: string): string {
  return SHIFT_LINES.get(what) ?? what;
}

export function insuranceWords(code: string): string {
  return INSURANCES.get(code) ?? code;
}

export function medicalTypeWords(code: string): string {
  return MEDICAL_TYPES.get(code) ?? code;
}

export function tenderWords(tender: TenderKind): string {
  return TENDERS[tender];
}
