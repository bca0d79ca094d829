/* Fields of single bits: verification results, transaction status, card verification, terminal and card qualifiers. Spec: JR/T 0025, data elements. */
import { type Bytes, toHex } from "../../base/bytes.ts";
import { type Note, note, type Words, words } from "./words.ts";

/** Byte (from 1) and bit (8 is the highest) with its meaning. */
type BitRow = readonly [byte: number, bit: number, en: string, zh: string];

export interface BitField {
  readonly name: Words;
  readonly length: number;
  readonly bits: readonly BitRow[];
}

const TVR: BitField = {
  name: words("terminal verification results (TVR)", "终端验证结果"),
  length: 5,
  bits: [
    [1, 8, "offline data authentication was not performed", "未进行脱机数据认证"],
    [1, 7, "static data authentication failed", "脱机静态数据认证失败"],
    [1, 6, "card data missing", "IC 卡数据缺失"],
    [1, 5, "card on the exception list", "卡片出现在终端异常文件中"],
    [1, 4, "dynamic data authentication failed", "脱机动态数据认证失败"],
    [1, 3, "combined data authentication failed", "复合动态数据认证失败"],
    [2, 8, "versions of card and terminal differ", "卡片和终端应用版本不一致"],
    [2, 7, "application has expired", "应用已过期"],
    [2, 6, "application not yet effective", "应用尚未生效"],
    [2, 5, "service not allowed for this card", "卡片不允许所请求的服务"],
    [2, 4, "new card", "新卡"],
    [3, 8, "cardholder verification failed", "持卡人验证失败"],
    [3, 7, "unknown verification method", "未知的持卡人验证方法"],
    [3, 6, "PIN tries exceeded", "PIN 重试次数超限"],
    [3, 5, "PIN required, no working PIN pad", "要求输入 PIN，但密码键盘不存在或故障"],
    [3, 4, "PIN required, but not entered", "要求输入 PIN，密码键盘存在，但未输入"],
    [3, 3, "online PIN entered", "输入联机 PIN"],
    [4, 8, "over the floor limit", "交易超过最低限额"],
    [4, 7, "over the lower limit of offline transactions", "超过连续脱机交易下限"],
    [4, 6, "over the upper limit of offline transactions", "超过连续脱机交易上限"],
    [4, 5, "chosen at random for online processing", "随机选择联机处理"],
    [4, 4, "merchant forced online processing", "商户要求联机交易"],
    [5, 8, "default TDOL used", "使用缺省 TDOL"],
    [5, 7, "issuer authentication failed", "发卡行认证失败"],
    [5, 6, "script failed before the final GENERATE AC", "最后一次 GENERATE AC 之前脚本处理失败"],
    [5, 5, "script failed after the final GENERATE AC", "最后一次 GENERATE AC 之后脚本处理失败"],
  ],
};

const TSI: BitField = {
  name: words("transaction status information (TSI)", "交易状态信息"),
  length: 2,
  bits: [
    [1, 8, "offline data authentication was performed", "脱机数据认证已进行"],
    [1, 7, "cardholder verification was performed", "持卡人验证已进行"],
    [1, 6, "card risk management was performed", "卡片风险管理已进行"],
    [1, 5, "issuer authentication was performed", "发卡行认证已进行"],
    [1, 4, "terminal risk management was performed", "终端风险管理已进行"],
    [1, 3, "script processing was performed", "脚本处理已进行"],
  ],
};

/** The four bytes that begin with their length 03. */
const CVR: BitField = {
  name: words("card verification results (CVR)", "卡片验证结果"),
  length: 4,
  bits: [
    [3, 8, "the last online transaction was not completed", "上次联机交易未完成"],
    [3, 7, "PIN tries exceeded", "PIN 重试次数超限"],
    [3, 6, "velocity limit exceeded", "超过连续脱机交易限制"],
    [3, 5, "new card", "新卡"],
    [3, 4, "issuer authentication failed in the last online transaction", "上次联机交易发卡行认证失败"],
    [3, 3, "issuer authentication was missing after an online approval", "联机交易后未执行发卡行认证"],
    [3, 2, "the application was blocked by the card", "应用已被卡片锁定"],
    [3, 1, "offline static data authentication failed before", "上次脱机静态数据认证失败"],
    [4, 4, "a script failed in the last transaction", "上次交易脚本处理失败"],
    [4, 2, "dynamic data authentication failed before", "上次脱机动态数据认证失败"],
    [4, 1, "dynamic data authentication was performed", "动态数据认证已进行"],
  ],
};

const AIP: BitField = {
  name: words("application interchange profile (AIP)", "应用交互特征"),
  length: 2,
  bits: [
    [1, 7, "static data authentication", "支持 SDA"],
    [1, 6, "dynamic data authentication", "支持 DDA"],
    [1, 5, "cardholder verification", "支持持卡人验证"],
    [1, 4, "terminal risk management is asked for", "执行终端风险管理"],
    [1, 3, "issuer authentication by EXTERNAL AUTHENTICATE", "支持发卡行认证"],
    [1, 1, "combined data authentication", "支持 CDA"],
  ],
};

const TTQ: BitField = {
  name: words("terminal transaction qualifiers (TTQ)", "终端交易属性"),
  length: 4,
  bits: [
    [1, 7, "contactless PBOC", "支持非接触 PBOC 借贷记"],
    [1, 6, "qPBOC", "支持 qPBOC"],
    [1, 5, "contact PBOC", "支持接触式 PBOC"],
    [1, 4, "offline only", "仅支持脱机"],
    [1, 3, "online PIN", "支持联机 PIN"],
    [1, 2, "signature", "支持签名"],
    [1, 1, "data authentication for online transactions", "支持联机交易的脱机数据认证"],
    [2, 8, "online cryptogram required", "要求联机密文"],
    [2, 7, "cardholder verification required", "要求持卡人验证"],
    [4, 8, "fDDA version 01", "支持 fDDA 01 版本"],
  ],
};

const CTQ: BitField = {
  name: words("card transaction qualifiers (CTQ)", "卡片交易属性"),
  length: 2,
  bits: [
    [1, 8, "online PIN required", "需要联机 PIN"],
    [1, 7, "signature required", "需要签名"],
    [1, 6, "go online if data authentication fails", "脱机数据认证失败则联机"],
    [1, 5, "switch to the contact interface if data authentication fails", "脱机数据认证失败则转接触界面"],
  ],
};

export const BIT_FIELDS = { tvr: TVR, tsi: TSI, cvr: CVR, aip: AIP, ttq: TTQ, ctq: CTQ } as const;

export type BitFieldName = keyof typeof BIT_FIELDS;

const CRYPTOGRAMS: readonly Words[] = [
  words("AAC: declined", "AAC 拒绝"),
  words("TC: approved", "TC 批准"),
  words("ARQC: go online", "ARQC 联机"),
  words("reserved", "保留"),
];

/** The decision in CVR byte 2: bits 6 and 5 of the first cryptogram. Spec: JR/T 0025, CVR. */
function decisionNote(bytes: Bytes, depth: number): Note {
  return note(depth, CRYPTOGRAMS[((bytes[1] ?? 0) >>> 4) & 0x03] ?? words("reserved", "保留"));
}

/** A line for the field and one for each bit that is set. Bytes of another length are called so. */
export function explainBits(field: BitFieldName, bytes: Bytes, depth: number): readonly Note[] {
  const { name, length, bits } = BIT_FIELDS[field];
  const head = note(depth, name, { hex: toHex(bytes) });
  if (bytes.length !== length) return [head, note(depth + 1, words(`not ${length} bytes long`, `长度不是 ${length} 字节`))];
  const set = bits.filter(([byte, bit]) => ((bytes[byte - 1] ?? 0) & (1 << (bit - 1))) !== 0);
  const lines = set.map(([byte, bit, en, zh]) => note(depth + 1, words(`byte ${byte} bit ${bit}: ${en}`, `字节 ${byte} 位 ${bit}：${zh}`)));
  return [head, ...(field === "cvr" ? [decisionNote(bytes, depth + 1)] : []), ...lines];
}
