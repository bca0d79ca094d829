/*
 * Goal: every field of the dialect in one table, from which messages are read and built and the page docs/iso8583.md is made.
 * Method: a field is its format and how its length is known. What the table says of the longest value is a rule for our own messages only:
 * from outside a longer one is taken, because it announces its length itself. Spec: ISO 8583; UnionPay terminal, fields.
 */

/** n: digits; a, an: printable ASCII; ans: any characters of one byte; z: track digits with D between their parts; b: bytes. */
export type FieldFormat = "n" | "a" | "an" | "ans" | "z" | "b";

/** How many digits, characters or bytes: always the same, or announced by two or three digits before them. */
export type FieldLength =
  | { readonly kind: "fixed"; readonly length: number }
  | { readonly kind: "LL" | "LLL" /** Of our own messages. */; readonly max: number };

export interface FieldRule {
  readonly format: FieldFormat;
  readonly length: FieldLength;
  readonly name: string;
  readonly chinese: string;
  /** Three digits in two bytes whose spare half stands where the profile says. */
  readonly padding?: "field22";
}

const fixed = (length: number): FieldLength => ({ kind: "fixed", length });
/** Without a recorded longest value: what two or three digits can announce. */
const ll = (max = 99): FieldLength => ({ kind: "LL", max });
const lll = (max = 999): FieldLength => ({ kind: "LLL", max });

/** By number. What is not here is refused wherever it comes from: without its format nobody can tell where it ends. */
export const FIELDS: ReadonlyMap<number, FieldRule> = new Map<number, FieldRule>([
  [2, { format: "n", length: ll(19), name: "card number", chinese: "主账号" }],
  [3, { format: "n", length: fixed(6), name: "processing code", chinese: "处理码" }],
  [4, { format: "n", length: fixed(12), name: "amount in fen", chinese: "交易金额" }],
  [11, { format: "n", length: fixed(6), name: "trace number", chinese: "流水号" }],
  [12, { format: "n", length: fixed(6), name: "local time", chinese: "交易时间" }],
  [13, { format: "n", length: fixed(4), name: "local date", chinese: "交易日期" }],
  [14, { format: "n", length: fixed(4), name: "card expiry", chinese: "卡有效期" }],
  [15, { format: "n", length: fixed(4), name: "settlement date", chinese: "清算日期" }],
  [22, { format: "n", length: fixed(3), name: "entry mode", chinese: "输入方式", padding: "field22" }],
  [23, { format: "n", length: fixed(3), name: "card sequence number", chinese: "卡序列号" }],
  [25, { format: "n", length: fixed(2), name: "condition code", chinese: "服务点条件码" }],
  [26, { format: "n", length: fixed(2), name: "PIN capture code", chinese: "PIN 获取码" }],
  [32, { format: "n", length: ll(), name: "acquirer's number", chinese: "受理机构代码" }],
  [35, { format: "z", length: ll(37), name: "track 2", chinese: "二磁道数据" }],
  [36, { format: "z", length: lll(104), name: "track 3", chinese: "三磁道数据" }],
  [37, { format: "an", length: fixed(12), name: "retrieval reference", chinese: "检索参考号" }],
  [38, { format: "an", length: fixed(6), name: "authorization code", chinese: "授权码" }],
  [39, { format: "an", length: fixed(2), name: "response code", chinese: "应答码" }],
  [41, { format: "an", length: fixed(8), name: "terminal number", chinese: "终端号" }],
  [42, { format: "an", length: fixed(15), name: "merchant number", chinese: "商户号" }],
  [44, { format: "ans", length: ll(25), name: "additional response data", chinese: "附加响应数据" }],
  [48, { format: "n", length: lll(322), name: "private data: totals, batch rows", chinese: "自定义域" }],
  [49, { format: "an", length: fixed(3), name: "currency", chinese: "货币代码" }],
  [52, { format: "b", length: fixed(8), name: "PIN block", chinese: "PIN 数据" }],
  [53, { format: "n", length: fixed(16), name: "security control", chinese: "安全控制信息" }],
  [54, { format: "an", length: lll(20), name: "balance", chinese: "余额" }],
  [55, { format: "b", length: lll(), name: "chip data", chinese: "IC 卡数据域" }],
  [60, { format: "n", length: lll(17), name: "message code, batch, network code", chinese: "自定义域" }],
  [61, { format: "n", length: lll(29), name: "original message", chinese: "原始信息" }],
  [62, { format: "b", length: lll(), name: "working keys, parameters", chinese: "工作密钥、参数" }],
  [63, { format: "ans", length: lll(163), name: "private text", chinese: "自定义域" }],
  [64, { format: "b", length: fixed(8), name: "MAC", chinese: "报文鉴别码" }],
]);

/** Points of the coding in which acquirers differ; an acquirer's profile has them. */
export interface IsoLayout {
  /** Three digits of field 22 stand left of their spare half, or right of it as in any other field. */
  readonly field22: "left" | "right";
  /** How long a PIN block is: 16 where it is made with SM4, which nobody has published. Left out: 8. */
  readonly pinBlockBytes?: 8 | 16;
}

const PIN_BLOCK_FIELD = 52;

/** The rule of a field as this acquirer has it; undefined where no rule is known. */
export function fieldRule(field: number, { pinBlockBytes = 8 }: IsoLayout): FieldRule | undefined {
  const rule = FIELDS.get(field);
  return field === PIN_BLOCK_FIELD && rule !== undefined ? { ...rule, length: fixed(pinBlockBytes) } : rule;
}

export const MAC_FIELD = 64;
