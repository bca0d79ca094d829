/* What the counter tells the holder, in English and Chinese, for every reason that a sale can end with. Total by type: a new reason needs its words. */
import type { FaultCode } from "../base/fault.ts";
import type { PrinterState } from "../drivers/peripherals.ts";
import type { NoCardReason } from "../txn/card-trouble.ts";
import type { OrderReason } from "../txn/medical-order/order.ts";
import type { MedicalReason } from "../txn/medical-purchase/types.ts";
import type { Reason } from "../txn/quick-payment/types.ts";
import type { RefundRefusal } from "../txn/shop/refunds.ts";
import { BANK_WORDS } from "./bank-words.ts";

export interface Said {
  readonly en: string;
  readonly zh: string;
}

type Words = readonly [en: string, zh: string];

const FAULTS: Readonly<Record<FaultCode, Words>> = {
  timeout: ["It took too long. Please try again.", "操作超时，请重试。"],
  cancelled: ["Cancelled.", "已取消。"],
  closed: ["The terminal is shutting down.", "终端正在关闭。"],
  "queue-full": ["The terminal is busy. Please wait a moment.", "终端繁忙，请稍候。"],
  held: ["The terminal is being looked after. Please wait a moment.", "终端维护中，请稍候。"],
  "reader-gone": ["The card reader is not connected.", "读卡器未连接。"],
  "reader-service-gone": ["The card reader is being started.", "读卡服务正在恢复，请稍候。"],
  "reader-hung": ["The card reader does not answer. Please present the card again.", "读卡器无响应，请重新刷卡。"],
  "reader-busy": ["Another program is using the card reader.", "读卡器被占用。"],
  "reader-refused": ["The card reader refused.", "读卡器拒绝操作。"],
  "card-removed": ["The card left too soon. Please present the same card again.", "卡片离开过早，请重新刷同一张卡。"],
  "card-mute": ["The card does not answer. Please present it again.", "卡片无响应，请重新刷卡。"],
  "card-changed": ["Another card was presented. Please present the first one again.", "卡片已更换，请刷原来的卡。"],
  "card-collision": ["More than one card. Please present one card alone.", "检测到多张卡，请只放一张卡。"],
  "card-answer-malformed": ["The card cannot be read.", "卡片数据异常。"],
  "card-chain-too-long": ["The card cannot be read.", "卡片数据异常。"],
  "pad-gone": ["The PIN pad is not connected.", "密码键盘未连接。"],
  "pad-refused": ["The PIN pad refused.", "密码键盘拒绝操作。"],
  "device-gone": ["A device is not connected.", "外部设备未连接。"],
  "device-hung": ["A device does not answer. It is being restarted.", "外部设备无响应，正在恢复。"],
  "device-refused": ["A device is busy or refused.", "外部设备繁忙或拒绝操作。"],
  "device-answer-malformed": ["A device gave no answer that can be read.", "外部设备应答异常。"],
  "store-full": ["The terminal's store is full. No new offline sales until records have been sent.", "存储空间不足，上传完成前暂停脱机交易。"],
  "store-broken": ["The terminal cannot write its records. Please call service.", "交易流水无法写入，请联系维护人员。"],
  "store-corrupt": ["The terminal's records are damaged. Please call service.", "交易流水已损坏，请联系维护人员。"],
  "store-schema": ["The terminal's records were written by another version of the program.", "交易流水由其他版本的程序写入，本版本无法读取。"],
  "number-spent": ["This number was used long ago, and money moved under it. Nothing was done now.", "该单号早已使用且已完成收付，本次未执行任何操作。"],
  "store-in-use": ["Another program uses the terminal's records.", "交易流水被其他程序占用。"],
  "config-invalid": ["The configuration is not valid.", "配置无效。"],
  "config-corrupt": ["The configuration is damaged.", "配置已损坏。"],
  "not-claimed": ["This machine is no terminal yet. Please claim it.", "本机尚未认领为终端，请先认领。"],
  "cloned-disk": ["This disk belongs to another machine. The terminal does not start.", "此存储卡属于另一台设备，终端不启动。"],
  decommissioned: ["This terminal was decommissioned.", "此终端已停用。"],
  "link-down": ["There is no network at present.", "网络未连接。"],
  "link-refused": ["The broker refused the connection.", "消息服务拒绝连接。"],
  "link-not-allowed": ["The broker does not allow this.", "消息服务不允许此操作。"],
  "payload-too-large": ["The request is too large.", "请求过大。"],
  "host-absent": ["The host does not answer at present.", "主机无响应。"],
  "host-answer-malformed": ["The host's answer cannot be read.", "主机应答异常。"],
  "process-failed": ["A part of the terminal is being restarted.", "终端部件正在恢复。"],
  "crypto-unavailable": ["Cryptography is not available. Please call service.", "密码功能不可用，请联系维护人员。"],
  "crypto-input": ["Data that cannot be right.", "数据异常。"],
  "key-missing": ["A key is missing. Please call service.", "缺少密钥，请联系维护人员。"],
  "module-refused": ["The security module is not the one that was ordered. Please call service.", "安全模块与下达的指令不符，请联系维护人员。"],
};

const QUICK: Readonly<Record<Exclude<Reason, FaultCode>, Words>> = {
  "amount-zero": ["The amount is zero.", "金额为零。"],
  "amount-limit": ["The amount is above the limit of one sale.", "金额超过单笔限额。"],
  "unreceipted-count-limit": ["Too many sales wait for the host. Please go online first.", "未上传交易笔数超限，请先联机。"],
  "unreceipted-sum-limit": ["The sum of sales that wait for the host is too large. Please go online first.", "未上传交易金额超限，请先联机。"],
  "unreceipted-age-limit": ["The oldest sale has waited for the host too long. Please go online first.", "未上传交易时间超限，请先联机。"],
  "card-count-limit": ["This card has paid too often without the host. Please go online first.", "该卡脱机交易次数超限，请先联机。"],
  "card-sum-limit": ["This card has paid too much without the host. Please go online first.", "该卡脱机交易金额超限，请先联机。"],
  "card-age-limit": ["This card's oldest payment has waited for the host too long.", "该卡未上传交易时间超限，请先联机。"],
  "card-velocity-limit": ["This card has paid too often within a short time.", "该卡短时间内交易过于频繁，请稍后再试。"],
  "card-range-listed": ["Cards of this series must not pay. Please ask the issuer.", "该批次卡片已停用，请联系发卡机构。"],
  "card-reported-lost": ["This card was reported lost. Please ask the issuer.", "该卡已挂失，请联系发卡机构。"],
  "statement-due": ["The card's statement must be printed first. Please go to the bank.", "交易次数已达上限，请先到银行打印交易记录单。"],
  "deposit-not-taken": ["No deposit is taken here with this purse.", "本点不收取押金，或不支持用该账户支付押金。"],
  "deposit-amount-differs": ["The deposit is another amount.", "押金金额与规定不符。"],
  "offline-medical-not-allowed": ["Neither place nor card allow treatment to be paid by the card alone.", "本地区或此卡不支持脱网医保消费。"],
  "daily-amount-reached": ["The card has paid as much as it may in a day.", "该卡当日交易金额已达上限。"],
  "daily-count-reached": ["The card has paid as often as it may in a day.", "该卡当日交易次数已达上限。"],
  "debt-open": ["An earlier journey has not been paid yet. Please pay it first.", "该卡有未付行程，请先补缴。"],
  "first-use-online": ["This card is used here for the first time. Please use it online first.", "该卡首次使用需联机验证。"],
  "list-missing": ["The terminal has no list of invalid cards yet.", "终端尚无黑名单，暂停脱机交易。"],
  "list-too-old": ["The terminal's list of invalid cards is too old. Please go online first.", "黑名单已过期，请先联机。"],
  "lease-expired": ["The permission to sell without the host has expired.", "脱机许可已过期。"],
  "clock-not-trusted": ["The terminal's clock cannot be trusted. Please go online first.", "终端时钟不可信，请先联机。"],
  "pass-back": ["This card was used here a moment ago.", "该卡刚刚使用过，请勿重复刷卡。"],
  "paid-already": ["Already paid. Please pass.", "已扣款，请通行。"],
  "entry-twice": ["This card is inside already. Please ask the staff.", "该卡已进站，请联系工作人员。"],
  "exit-without-entry": ["This card was not let in. Please ask the staff.", "该卡无进站记录，请联系工作人员。"],
  "over-time": ["The journey took too long. Please ask the staff.", "乘车超时，请联系工作人员。"],
  "no-fare": ["There is no fare for this journey. Please ask the staff.", "无法计算票价，请联系工作人员。"],
  "trip-unreadable": ["The card's journey cannot be read. Please ask the staff.", "卡内行程无法读取，请联系工作人员。"],
  "balance-too-low": ["The balance is too low for a journey.", "余额不足，请充值。"],
  "journey-not-offered": ["Bank cards cannot pay by distance here. Please use another card.", "此处银行卡不能按里程乘车，请使用其他卡。"],
  "not-interoperable": ["This card may not be used in this city.", "该卡不能在本市使用。"],
  "initial-pin": ["The card still has its first PIN. Please change it, then pay.", "卡片仍为初始密码，请先修改密码。"],
  "initial-pin-unknown": ["It is not known whether the card's PIN was changed. Please ask the issuer.", "无法确认密码是否已修改，请到发卡机构办理。"],
  "no-purse": ["This card cannot pay here.", "此卡不支持该支付方式。"],
  "storage-card": ["This is a storage card. It cannot pay here.", "此卡为存储卡，不能支付。"],
  "identity-card": ["This is an identity card. Please present a social security card.", "此卡为居民身份证，请刷社会保障卡。"],
  "foreign-card": ["This kind of card is not accepted here.", "不受理此类卡片。"],
  "application-blocked": ["The card is blocked. Please ask the issuer.", "卡片已锁定，请联系发卡机构。"],
  expired: ["The card has expired.", "卡片已过期。"],
  "not-enabled": ["The card has not been enabled.", "卡片未启用。"],
  "not-yet-valid": ["The card is not valid yet.", "卡片尚未生效。"],
  "card-refused": ["The card refused.", "卡片拒绝交易。"],
  "insufficient-funds": ["The balance is not enough.", "余额不足。"],
  "earlier-sale-open": [
    "An earlier sale of this holder is not decided yet. With a card, please present it again.",
    "持卡人有未完成的交易；如用卡，请重新刷卡。",
  ],
  "in-progress": ["This sale is under way already.", "该交易正在处理。"],
  "reference-conflict": ["This reference belongs to another sale.", "交易号已被使用。"],
  "lane-busy": ["Another sale is under way here.", "正在处理另一笔交易。"],
  "mac2-refused": ["The card's proof is not right. Do not release goods.", "卡片校验未通过，请勿放行。"],
  "signature-refused": ["The card's signature is not right. Do not release goods.", "卡片签名未通过验证，请勿放行。"],
  "authentication-failed": ["The card could not be proved genuine.", "卡片认证失败。"],
  "authentication-impossible": ["The card cannot be proved genuine here.", "无法对卡片进行认证。"],
  "usage-not-allowed": ["The card may not be used for this.", "卡片不允许此用途。"],
  "holder-verification-required": ["The card asks for a PIN or a signature, which cannot be given here.", "卡片要求验证持卡人（密码或签名），此处无法办理。"],
  "switch-interface": ["Please insert the card.", "请插卡交易。"],
  "card-listed": ["This card must not pay. Please ask the issuer.", "该卡已列入黑名单，请联系发卡机构。"],
  "card-unreadable": ["The card cannot be read.", "卡片无法读取。"],
  "online-required": ["The card asks for an online payment.", "卡片要求联机交易。"],
  "card-declined": ["The card declined.", "卡片拒绝交易。"],
  "industry-record-missing": ["This card keeps no record for journeys. It cannot be used here.", "该卡未开通行业记录，不能在此使用。"],
  "industry-signer-missing": ["This terminal has no keys for such fares. Please call service.", "终端缺少行业密钥，请联系维护人员。"],
  "held-too-often": ["Too many amounts are held on this card. Please complete one first.", "该卡预授权笔数已满，请先完成。"],
  "held-already": ["An amount is held on this card already. Please complete it first.", "该卡已有预授权，请先完成。"],
  "above-hold": ["More than the amount that is held on this card. Please ask the staff.", "超出该卡预授权金额，请联系工作人员。"],
  "nothing-held": ["No amount is held on this card. Please ask the staff.", "该卡没有预授权，请联系工作人员。"],
  "record-not-cached": ["The card did not take the journey's record. Please try again.", "行业记录未写入，请重试。"],
  "pin-wrong": ["The PIN is wrong.", "密码错误。"],
  "pin-locked": ["The PIN is locked. Please ask the issuer.", "密码已锁定，请到发卡机构办理。"],
  "pin-cancelled": ["PIN entry was cancelled.", "已取消输入密码。"],
  "pin-timed-out": ["No PIN was entered in time.", "输入密码超时。"],
  "pin-refused": ["The PIN cannot be verified here.", "无法校验密码。"],
  "purse-not-offered": ["This terminal does not offer that purse.", "本终端不支持该支付方式。"],
  "social-card-refused": ["The social security card is not accepted.", "社会保障卡未通过校验。"],
  "module-session-lost": ["The payment is recorded, but could not be confirmed. Do not release goods.", "交易已记录但未能确认，请勿放行。"],
  "module-failed": ["The security module does not answer. Please try again.", "安全模块无响应，请重试。"],
  "not-debited": ["Nothing was paid. Please present the card again.", "未扣款，请重新刷卡。"],
  "another-card": ["Please present the card that was presented first.", "请刷原来的卡。"],
  "card-never-returned": ["The card did not come back. The sale stays open until it does.", "卡片未返回，交易待确认。"],
  "log-overrun": ["The card can no longer tell. The host will decide.", "卡内记录已覆盖，由主机核实。"],
  "log-unreadable": ["The card's log cannot be read. The host will decide.", "卡内记录无法读取，由主机核实。"],
  "torn-too-often": ["The card was taken away too often. Please begin again.", "多次过早移开卡片，请重新交易。"],
  "closed-without-payment": ["The sale was closed without payment.", "交易已关闭，未付款。"],
  restart: ["The terminal was restarted during the sale. Please present the same card again.", "终端曾重启，请重新刷同一张卡。"],
};

const MEDICAL: Readonly<Record<Exclude<MedicalReason, FaultCode | Reason>, Words>> = {
  "basket-too-large": ["The basket is too large.", "药品清单过长。"],
  "card-unusable": ["The card cannot be used.", "卡片无法使用。"],
  "person-unknown": ["The insurer does not know this person.", "未查询到参保信息。"],
  "insurance-inactive": ["The insurance is not active.", "参保状态异常。"],
  "insurance-choice-needed": ["Please choose the insurance.", "请选择险种。"],
  "host-refused": ["The insurer refused.", "医保中心拒绝交易。"],
  "host-unreachable": ["The insurer cannot be reached. Nothing was settled.", "无法连接医保中心，未结算。"],
  "request-expired": ["The request is too old. Nothing was settled.", "请求已过期，未结算。"],
  "reply-undecided": ["The insurer's answer is open. It will be resolved; do not settle again.", "结算结果待确认，请勿重复结算。"],
  "reply-incomplete": ["The insurer's answer is incomplete. It will be resolved; do not settle again.", "结算应答不完整，正在确认，请勿重复结算。"],
  reversed: ["The settlement was reversed. Nothing was paid.", "结算已冲正，未付款。"],
  "never-booked": ["The insurer has no such settlement. Nothing was paid.", "医保中心无此结算，未付款。"],
  "credential-not-offered": ["This credential is not accepted here.", "本处不支持该就诊凭证。"],
  "code-not-scanned": ["No medical e-code was read.", "未读取到医保电子凭证。"],
  "code-too-long": ["The code is longer than a medical e-code can be.", "该码过长，不是医保电子凭证。"],
  "medical-type-not-offered": ["This kind of treatment is not settled here.", "本机构未开通该医疗类别。"],
  "clinic-missing": ["The doctor or the department is missing.", "缺少医师或科室信息。"],
  "insurance-suspended": ["The insurance is suspended.", "参保状态为暂停参保。"],
  "too-far": ["Holders who are insured that far away are not served here.", "本机构未开通该异地就医结算。"],
  "not-eligible": ["The insurer grants no benefit for this treatment.", "不享受该医疗待遇。"],
  "chronic-filing-missing": ["No filing for a chronic disease was found.", "未查询到慢特病备案。"],
  "filing-missing": ["No filing for treatment elsewhere was found.", "未查询到异地就医备案。"],
  "disease-missing": ["The disease is missing.", "缺少病种信息。"],
  "disease-excluded": ["This disease is not settled for holders from elsewhere.", "该病种暂不支持异地结算。"],
  "receiver-not-connected": ["The insurer of this insurance is not connected here.", "该险种结算系统未接入。"],
  "card-data-missing": ["The card's own record cannot be read here; the insurer asks for it.", "无法读取异地结算所需的卡片原始信息。"],
  "card-swapped": ["Another card was presented. Please begin again with one card.", "前后刷卡不一致，请用同一张卡重新交易。"],
  "no-answer": ["The amounts were not confirmed in time. Nothing was settled.", "未在规定时间内确认，未结算。"],
};

/** What else an order of a counter may end with. */
const ORDER: Readonly<Record<Exclude<OrderReason, FaultCode | Reason | MedicalReason>, Words>> = {
  "order-conflict": ["This order number belongs to another basket.", "该单号已用于另一笔订单。"],
  "order-unknown": ["There is no such order.", "未找到该订单。"],
  "order-open": ["The order is still under way.", "该订单仍在处理中。"],
  "nothing-to-void": ["Nothing was settled or paid, so that nothing can be given back.", "该订单未结算，无需撤销。"],
  "already-void": ["The order has been given back already.", "该订单已撤销。"],
  "void-refused": ["The insurer did not take the settlement back.", "医保中心拒绝撤销结算。"],
  "void-unknown": ["Whether the settlement was taken back is not known yet. It will be resolved.", "撤销结果待确认，请勿重复操作。"],
  "tender-not-offered": ["This way to pay is not offered here.", "本终端不支持该支付方式。"],
  "tender-failed": ["The rest was not paid.", "自付部分未支付成功。"],
  "tender-unknown": ["Whether the rest was paid is not known yet. Please present the same card again.", "自付部分支付结果待确认，请重新刷同一张卡。"],
  "settlement-unknown": ["Whether the insurer has settled is not known yet. Do not settle again.", "医保结算结果待确认，请勿重复结算。"],
  "line-malformed": ["A line of the basket is not right.", "处方明细格式有误。"],
  "line-amount-wrong": ["The amount of a line does not fit its price and quantity.", "明细金额与单价、数量不符。"],
  "total-wrong": ["The total does not fit the lines.", "总金额与明细合计不符。"],
  "prescription-missing": ["A prescription is needed.", "缺少处方。"],
  "pharmacist-missing": ["A pharmacist must have checked the prescription.", "缺少审方药师信息。"],
  "trace-code-missing": ["A trace code has not been scanned.", "缺少药品追溯码。"],
  "trace-code-sold": ["A pack with this trace code was sold before.", "该追溯码已销售。"],
  "trace-code-malformed": ["A trace code is not right.", "追溯码格式有误。"],
  "trace-code-twice": ["A trace code stands twice in the basket.", "追溯码重复扫描。"],
  "trace-code-surplus": ["There are more trace codes than packs.", "追溯码数量多于药品数量。"],
  "credential-missing": ["Please show the card or another credential.", "请出示社保卡或其他就医凭证。"],
  "offline-not-allowed": ["This cannot be sold without the insurer.", "当前不允许脱机销售。"],
  "offline-limit": ["The limit of sales without the insurer is reached.", "脱机销售已达限额。"],
};

/** What the devices around the readers may have to say. */
const DEVICES: Readonly<Record<"device-not-configured" | "slip-unknown" | `printer-${Exclude<PrinterState, "ready">}`, Words>> = {
  "device-not-configured": ["This terminal has no such device.", "本终端未配置该设备。"],
  "slip-unknown": ["The printer went away while it printed. Please look whether the slip is there.", "打印过程中打印机断开，请检查凭条是否已打印。"],
  "printer-paper-low": ["The paper is nearly used up.", "打印纸即将用完。"],
  "printer-paper-end": ["The printer has no paper.", "打印机缺纸。"],
  "printer-cover-open": ["The printer's cover is open.", "打印机盖未关闭。"],
  "printer-offline": ["The printer is switched off line.", "打印机处于脱机状态。"],
  "printer-error": ["The printer reports an error.", "打印机故障。"],
  "printer-unknown": ["The printer does not say how it is.", "打印机状态未知。"],
};

/** Why a receipt was not printed again, where no other table has the word. */
const RECEIPTS: Readonly<Record<"printer-absent" | "receipt-unknown", Words>> = {
  "printer-absent": ["This terminal has no printer.", "本终端未配置打印机。"],
  "receipt-unknown": ["The order has no such receipt.", "该订单没有此类凭条。"],
};

/** Why money does not go back, or its slip is not there, where no other table has the word. */
const SHOP: Readonly<Record<Exclude<RefundRefusal, FaultCode>, Words>> = {
  "sale-unknown": ["There is no such sale.", "未找到该交易。"],
  "sale-open": ["The sale is not decided yet. Please ask again later.", "该交易结果待确认，请稍后再试。"],
  "sale-not-paid": ["The sale was not paid.", "该交易未付款。"],
  "refund-too-large": ["More than is left of the sale cannot go back.", "退款金额超过可退金额。"],
  "deposit-goes-back-whole": ["A deposit goes back once and as a whole.", "押金须一次性全额退还。"],
  "nothing-left": ["The whole sale has gone back already.", "该交易已全部退款。"],
  "refund-through-issuer": ["This money goes back through the card's issuer. Do not hand out cash.", "该笔款项须由发卡机构退回，请勿退付现金。"],
  "refund-conflict": ["This refund number belongs to another refund.", "该退款单号已用于另一笔退款。"],
  "supervisor-needed": ["The amount needs a supervisor.", "金额超过限额，需主管操作。"],
};

/** Why no card was found, where no other table has the word. */
const NO_CARD: Readonly<Record<Exclude<NoCardReason, FaultCode>, Words>> = {
  "more-than-one-card": FAULTS["card-collision"],
  "card-mute-or-several": ["The card does not answer. Please present one card alone.", "卡片无响应，请单独放一张卡重试。"],
};
const ALL: ReadonlyMap<string, Words> = new Map([
  ...Object.entries(BANK_WORDS),
  ...Object.entries(FAULTS),
  ...Object.entries(QUICK),
  ...Object.entries(MEDICAL),
  ...Object.entries(ORDER),
  ...Object.entries(DEVICES),
  ...Object.entries(RECEIPTS),
  ...Object.entries(SHOP),
  ...Object.entries(NO_CARD),
]);

/** Words for a reason; undefined for one that this table does not know, which its type rules out for our own. */
export function saidFor(reason: string): Said | undefined {
  const words = ALL.get(reason);
  return words === undefined ? undefined : { en: words[0], zh: words[1] };
}
