/* What the counter tells the holder of a bank card's or the agency's refusal. A test holds every response code of the acquirer against this table. */

type Words = readonly [en: string, zh: string];

/** Several codes of an acquirer come to the same for whoever stands at the counter. */
const ASK_THE_BANK: Words = ["The bank refuses. Please ask the bank.", "银行拒绝交易，请联系发卡银行。"];
const CARD_WITHHELD: Words = ["The bank does not accept this card. Please ask the bank.", "该卡不可使用，请联系发卡银行。"];
const TRY_LATER: Words = ["The bank cannot be reached at present. Please try again later.", "银行系统暂不可用，请稍后再试。"];
const UNDECIDED: Words = ["The bank's answer is not clear. What was taken goes back.", "银行应答不明确，已扣款项将自动冲正。"];
const CALL_SERVICE: Words = ["The terminal is not set up for this bank. Please call service.", "终端设置有误，请联系维护人员。"];
const SIGN_IN: Words = ["The terminal signs in at its bank anew. Please try again.", "终端需重新签到，请重试。"];
const SHORT: Words = ["The balance is not enough.", "余额不足。"];

export const BANK_WORDS: Readonly<Record<string, Words>> = {
  "ask-the-issuer": ASK_THE_BANK,
  "not-honoured": ASK_THE_BANK,
  "fraud-suspected": CARD_WITHHELD,
  "against-the-law": ASK_THE_BANK,
  "card-withheld": CARD_WITHHELD,
  "card-reported-stolen": CARD_WITHHELD,
  "card-restricted": CARD_WITHHELD,
  "card-number-invalid": ["The bank does not know this card.", "无效卡号。"],
  "card-not-opened": ["The account of this card has not been opened. Please go to the bank.", "该卡金融账户未激活，请到银行办理。"],
  "issuer-unknown": ["The bank of this card is not known here.", "无法识别发卡银行。"],
  "card-expired": ["The bank card has expired.", "银行卡已过期。"],
  "chip-required": ["Please use the card's chip.", "请使用芯片交易。"],
  "pin-tries-used-up": ["The PIN was entered wrong too often. Please go to the bank.", "密码错误次数超限，请到银行办理。"],
  "funds-short": SHORT,
  "amount-invalid": ["The amount is not right.", "金额有误。"],
  "amount-beyond-limit": ["The amount is above the bank's limit.", "金额超过银行限额。"],
  "count-beyond-limit": ["The card was used too often today.", "当日交易次数超限。"],
  "transaction-invalid": ["The bank does not offer that.", "银行不支持该交易。"],
  "function-not-offered": ["The bank does not offer that.", "银行不支持该交易。"],
  "not-permitted-to-holder": ["The bank does not permit that with this card.", "该卡不允许此交易。"],
  "not-permitted-to-terminal": CALL_SERVICE,
  "merchant-invalid": CALL_SERVICE,
  "terminal-unknown": CALL_SERVICE,
  "message-malformed": CALL_SERVICE,
  "original-not-found": ["The bank does not find the earlier payment.", "银行未找到原交易。"],
  "original-differs": ["The amount differs from the earlier payment.", "与原交易金额不符。"],
  "totals-differ": ["The totals differ from the bank's.", "批结算不平。"],
  "host-closes-its-day": TRY_LATER,
  "issuer-out-of-reach": TRY_LATER,
  "host-error": UNDECIDED,
  "under-way": UNDECIDED,
  "approved-otherwise": UNDECIDED,
  "approved-in-part": ["The bank approved less than was asked for.", "银行仅部分批准。"],
  "host-out-of-step": UNDECIDED,
  "issuer-late": UNDECIDED,
  "issuer-silent": UNDECIDED,
  "sent-twice": UNDECIDED,
  "host-broken": UNDECIDED,
  "sign-in-required": SIGN_IN,
  "pin-block-wrong": SIGN_IN,
  "mac-wrong-at-host": SIGN_IN,
  // The terminal's own.
  "reversal-pending": ["An earlier payment is being reversed. Please wait a moment.", "上一笔交易正在冲正，请稍候。"],
  "settlement-half-done": ["The batch is being settled. Please settle it to its end.", "批结算未完成，请先完成结算。"],
  "settlement-not-half-done": ["This batch is not half settled. Nothing was closed.", "该批次没有未完成的结算，未执行任何操作。"],
  "bank-not-offered": ["This terminal takes no bank cards.", "本终端不受理银行卡。"],
  "contact-required": ["Please insert the card.", "请插卡。"],
  "switch-interface": ["Please insert the card.", "请插卡。"],
  // The agency's.
  "bill-unknown": ["The agency has no such bill.", "未找到该缴费单。"],
  "bill-paid": ["This bill has been paid already.", "该缴费单已缴。"],
  "bill-withdrawn": ["The agency has withdrawn this bill. The money goes back.", "该缴费单已作废，款项将退回。"],
  "amount-differs": ["The amount has changed. Please ask for the bills again.", "应缴金额有变，请重新查询。"],
  maintenance: ["The agency cannot be reached at present. Please try again later.", "经办机构系统维护中，请稍后再试。"],
};
