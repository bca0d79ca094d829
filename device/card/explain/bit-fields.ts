/*
 * Fields of single bits: verification results, transaction status, card verification, terminal and card qualifiers. Where each bit stands is
 * the codec's word; here are only the words for people. Spec: JR/T 0025, data elements.
 */
import { type Bytes, toHex } from "../../base/bytes.ts";
import { type BitNames, namesOfBits } from "../../codec/bit-names.ts";
import { type CardResult, CVR_BITS } from "../../codec/issuer-application-data.ts";
import { CARD_QUALIFIER_BITS, type CardQualifier, TERMINAL_QUALIFIER_BITS, type TerminalQualifier } from "../../codec/transaction-qualifiers.ts";
import { type StatusInformation, TSI_BITS, TVR_BITS, type VerificationResult } from "../../codec/verification-results.ts";
import { type Note, note, type Words, words } from "./words.ts";

type Said<Name extends string> = Readonly<Record<Name, readonly [en: string, zh: string]>>;

/** A field whose bits have lost their types: tables of names, places and words that belong together. */
interface BitField {
  readonly name: Words;
  readonly length: number;
  readonly lines: (bytes: Bytes, depth: number) => readonly Note[];
}

/** `lead`: bytes in front of those that the places count. */
function field<Name extends string>(
  name: Words,
  shape: { readonly length: number; readonly lead?: number },
  places: BitNames<Name>,
  said: Said<Name>,
): BitField {
  const { length, lead = 0 } = shape;
  return {
    name,
    length,
    lines: (bytes, depth) =>
      namesOfBits(bytes.subarray(lead), places).map((each) => {
        const [byte, bit] = places[each];
        const [en, zh] = said[each];
        return note(depth, words(`byte ${byte + lead} bit ${bit}: ${en}`, `字节 ${byte + lead} 位 ${bit}：${zh}`));
      }),
  };
}

const RESULTS: Said<VerificationResult> = {
  "authentication-not-performed": ["offline data authentication was not performed", "未进行脱机数据认证"],
  "static-authentication-failed": ["static data authentication failed", "脱机静态数据认证失败"],
  "card-data-missing": ["card data missing", "IC 卡数据缺失"],
  "card-on-exception-list": ["card on the exception list", "卡片出现在终端异常文件中"],
  "dynamic-authentication-failed": ["dynamic data authentication failed", "脱机动态数据认证失败"],
  "combined-authentication-failed": ["combined data authentication failed", "复合动态数据认证失败"],
  "static-authentication-selected": ["static data authentication was selected", "选择了静态数据认证"],
  "versions-differ": ["versions of card and terminal differ", "卡片和终端应用版本不一致"],
  "application-expired": ["application has expired", "应用已过期"],
  "application-not-yet-effective": ["application not yet effective", "应用尚未生效"],
  "service-not-allowed": ["service not allowed for this card", "卡片不允许所请求的服务"],
  "new-card": ["new card", "新卡"],
  "holder-verification-failed": ["cardholder verification failed", "持卡人验证失败"],
  "verification-method-unknown": ["unknown verification method", "未知的持卡人验证方法"],
  "pin-tries-exceeded": ["PIN tries exceeded", "PIN 重试次数超限"],
  "pin-pad-missing": ["PIN required, no working PIN pad", "要求输入 PIN，但密码键盘不存在或故障"],
  "pin-not-entered": ["PIN required, but not entered", "要求输入 PIN，密码键盘存在，但未输入"],
  "online-pin-entered": ["online PIN entered", "输入联机 PIN"],
  "floor-limit-exceeded": ["over the floor limit", "交易超过最低限额"],
  "lower-velocity-limit-exceeded": ["over the lower limit of offline transactions", "超过连续脱机交易下限"],
  "upper-velocity-limit-exceeded": ["over the upper limit of offline transactions", "超过连续脱机交易上限"],
  "selected-at-random": ["chosen at random for online processing", "随机选择联机处理"],
  "merchant-forced-online": ["merchant forced online processing", "商户要求联机交易"],
  "default-certificate-list-used": ["default list for the certificate used", "使用缺省 TDOL"],
  "issuer-authentication-failed": ["issuer authentication failed", "发卡行认证失败"],
  "script-failed-before-final": ["script failed before the final GENERATE AC", "最后一次 GENERATE AC 之前脚本处理失败"],
  "script-failed-after-final": ["script failed after the final GENERATE AC", "最后一次 GENERATE AC 之后脚本处理失败"],
};

const STATUS: Said<StatusInformation> = {
  "authentication-performed": ["offline data authentication was performed", "脱机数据认证已进行"],
  "holder-verification-performed": ["cardholder verification was performed", "持卡人验证已进行"],
  "card-risk-management-performed": ["card risk management was performed", "卡片风险管理已进行"],
  "issuer-authentication-performed": ["issuer authentication was performed", "发卡行认证已进行"],
  "terminal-risk-management-performed": ["terminal risk management was performed", "终端风险管理已进行"],
  "script-processing-performed": ["script processing was performed", "脚本处理已进行"],
};

const CARD_RESULTS: Said<CardResult> = {
  "issuer-authentication-failed": ["issuer authentication failed", "发卡行认证失败"],
  "offline-pin-performed": ["offline PIN verification was performed", "脱机 PIN 验证已执行"],
  "offline-pin-failed": ["offline PIN verification failed", "脱机 PIN 验证失败"],
  "online-impossible": ["unable to go online", "不能联机"],
  "last-online-incomplete": ["the last online transaction was not completed", "上次联机交易未完成"],
  "pin-tries-exceeded": ["PIN tries exceeded", "PIN 重试次数超限"],
  "velocity-exceeded": ["velocity limit exceeded", "超过连续脱机交易限制"],
  "new-card": ["new card", "新卡"],
  "last-issuer-authentication-failed": ["issuer authentication failed in the last online transaction", "上次联机交易发卡行认证失败"],
  "issuer-authentication-missing": ["issuer authentication was missing after an online approval", "联机交易后未执行发卡行认证"],
  "blocked-for-pin": ["the application was blocked for too many wrong PINs", "因 PIN 重试超限应用被锁定"],
  "last-static-authentication-failed": ["static data authentication failed before", "上次脱机静态数据认证失败"],
  "script-failed": ["a script failed in the last transaction", "上次交易脚本处理失败"],
  "last-dynamic-authentication-failed": ["dynamic data authentication failed before", "上次脱机动态数据认证失败"],
  "dynamic-authentication-performed": ["dynamic data authentication was performed", "动态数据认证已进行"],
};

const TERMINAL_QUALIFIERS: Said<TerminalQualifier> = {
  "contactless-full": ["contactless PBOC", "支持非接触 PBOC 借贷记"],
  "contactless-quick": ["qPBOC", "支持 qPBOC"],
  contact: ["contact PBOC", "支持接触式 PBOC"],
  "offline-only": ["offline only", "仅支持脱机"],
  "online-pin": ["online PIN", "支持联机 PIN"],
  signature: ["signature", "支持签名"],
  "online-authentication": ["data authentication for online transactions", "支持联机交易的脱机数据认证"],
  "online-required": ["online cryptogram required", "要求联机密文"],
  "verification-required": ["cardholder verification required", "要求持卡人验证"],
  "signature-version-1": ["fDDA version 01", "支持 fDDA 01 版本"],
};

const CARD_QUALIFIERS: Said<CardQualifier> = {
  "online-pin": ["online PIN required", "需要联机 PIN"],
  signature: ["signature required", "需要签名"],
  "online-if-authentication-fails": ["go online if data authentication fails", "脱机数据认证失败则联机"],
  "switch-interface": ["switch to the contact interface if data authentication fails", "脱机数据认证失败则转接触界面"],
};

type Profile = "static" | "dynamic" | "holder" | "risk" | "issuer" | "combined";

const PROFILE_BITS: BitNames<Profile> = { static: [1, 7], dynamic: [1, 6], holder: [1, 5], risk: [1, 4], issuer: [1, 3], combined: [1, 1] };

const PROFILE: Said<Profile> = {
  static: ["static data authentication", "支持 SDA"],
  dynamic: ["dynamic data authentication", "支持 DDA"],
  holder: ["cardholder verification", "支持持卡人验证"],
  risk: ["terminal risk management is asked for", "执行终端风险管理"],
  issuer: ["issuer authentication by EXTERNAL AUTHENTICATE", "支持发卡行认证"],
  combined: ["combined data authentication", "支持 CDA"],
};

export const BIT_FIELDS = {
  tvr: field(words("terminal verification results (TVR)", "终端验证结果"), { length: 5 }, TVR_BITS, RESULTS),
  tsi: field(words("transaction status information (TSI)", "交易状态信息"), { length: 2 }, TSI_BITS, STATUS),
  // The four bytes begin with their length, 03.
  cvr: field(words("card verification results (CVR)", "卡片验证结果"), { length: 4, lead: 1 }, CVR_BITS, CARD_RESULTS),
  aip: field(words("application interchange profile (AIP)", "应用交互特征"), { length: 2 }, PROFILE_BITS, PROFILE),
  ttq: field(words("terminal transaction qualifiers (TTQ)", "终端交易属性"), { length: 4 }, TERMINAL_QUALIFIER_BITS, TERMINAL_QUALIFIERS),
  ctq: field(words("card transaction qualifiers (CTQ)", "卡片交易属性"), { length: 2 }, CARD_QUALIFIER_BITS, CARD_QUALIFIERS),
} as const satisfies Readonly<Record<string, BitField>>;

export type BitFieldName = keyof typeof BIT_FIELDS;

const DECISIONS: readonly Words[] = [
  words("AAC: declined", "AAC 拒绝"),
  words("TC: approved", "TC 批准"),
  words("ARQC: go online", "ARQC 联机"),
  words("reserved", "保留"),
];

/** The decision in the first byte of the results: bits 6 and 5 of the first cryptogram. Spec: JR/T 0025, CVR. */
function decisionNote(bytes: Bytes, depth: number): Note {
  return note(depth, DECISIONS[((bytes[1] ?? 0) >>> 4) & 0x03] ?? words("reserved", "保留"));
}

/** A line for the field and one for each bit that is set. Bytes of another length are called so. */
export function explainBits(name: BitFieldName, bytes: Bytes, depth: number): readonly Note[] {
  const { name: said, length, lines } = BIT_FIELDS[name];
  const head = note(depth, said, { hex: toHex(bytes) });
  if (bytes.length !== length) return [head, note(depth + 1, words(`not ${length} bytes long`, `长度不是 ${length} 字节`))];
  return [head, ...(name === "cvr" ? [decisionNote(bytes, depth + 1)] : []), ...lines(bytes, depth + 1)];
}
