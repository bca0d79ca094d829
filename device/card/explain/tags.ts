/* Data objects of the card by their tags: name in both languages, and how the value is to be read. Spec: JR/T 0025, data elements; LD/T 32.5, data items. */
import type { BitFieldName } from "./bit-fields.ts";
import { type Words, words } from "./words.ts";

/** How a value is read. "personal" values are masked, "hidden" ones never shown. */
export type Reading =
  | "bytes"
  | "text"
  | "gb-text"
  | "date"
  | "time"
  | "amount"
  | "number"
  | "digits"
  | "personal"
  | "hidden"
  | "dol"
  | "issuer-data"
  | "directory-data"
  | BitFieldName;

export interface TagMeaning extends Words {
  readonly reading: Reading;
}

function meaning(en: string, zh: string, reading: Reading = "bytes"): TagMeaning {
  return { ...words(en, zh), reading };
}

export const TAGS: ReadonlyMap<number, TagMeaning> = new Map([
  [0x42, meaning("issuer identification number", "发卡行识别号", "digits")],
  [0x4f, meaning("application identifier", "应用标识符")],
  [0x50, meaning("application label", "应用标签", "text")],
  [0x56, meaning("track 1 data", "磁道 1 数据", "hidden")],
  [0x57, meaning("track 2 equivalent data", "磁道 2 等效数据", "personal")],
  [0x5a, meaning("account number", "应用主账号", "personal")],
  [0x5f20, meaning("cardholder name", "持卡人姓名", "hidden")],
  [0x5f24, meaning("application expiry date", "应用失效日期", "date")],
  [0x5f25, meaning("application effective date", "应用生效日期", "date")],
  [0x5f28, meaning("issuer country", "发卡行国家代码", "digits")],
  [0x5f2a, meaning("transaction currency", "交易货币代码", "digits")],
  [0x5f2d, meaning("language preference", "首选语言", "text")],
  [0x5f30, meaning("service code", "服务码", "digits")],
  [0x5f34, meaning("account number sequence", "应用主账号序列号", "digits")],
  [0x61, meaning("application entry", "应用模板")],
  [0x6f, meaning("file control information", "文件控制信息")],
  [0x70, meaning("record", "记录模板")],
  [0x71, meaning("issuer script 1", "发卡行脚本模板 1")],
  [0x72, meaning("issuer script 2", "发卡行脚本模板 2")],
  [0x73, meaning("directory discretionary data", "目录自定义模板")],
  [0x77, meaning("response, format 2", "响应报文格式 2")],
  [0x80, meaning("response, format 1", "响应报文格式 1")],
  [0x81, meaning("amount (binary)", "授权金额（二进制）", "number")],
  [0x82, meaning("application interchange profile", "应用交互特征", "aip")],
  [0x83, meaning("command template", "命令模板")],
  [0x84, meaning("name of the directory", "专用文件名称")],
  [0x86, meaning("issuer script command, or algorithm of the social application", "发卡行脚本命令（社保应用中为算法标识）")],
  [0x87, meaning("application priority", "应用优先指示器", "number")],
  [0x88, meaning("short identifier of the directory file", "短文件标识符", "number")],
  [0x89, meaning("authorisation code", "授权码", "text")],
  [0x8a, meaning("authorisation response code", "授权响应码", "text")],
  [0x8c, meaning("CDOL1", "卡片风险管理数据对象列表 1", "dol")],
  [0x8d, meaning("CDOL2", "卡片风险管理数据对象列表 2", "dol")],
  [0x8e, meaning("cardholder verification methods", "持卡人验证方法列表")],
  [0x8f, meaning("CA key index", "认证中心公钥索引", "number")],
  [0x90, meaning("issuer certificate", "发卡行公钥证书")],
  [0x91, meaning("issuer authentication data", "发卡行认证数据")],
  [0x92, meaning("issuer key remainder", "发卡行公钥余项")],
  [0x93, meaning("signed static data", "签名的静态应用数据")],
  [0x94, meaning("application file locator", "应用文件定位器")],
  [0x95, meaning("terminal verification results", "终端验证结果", "tvr")],
  [0x97, meaning("TDOL", "交易证书数据对象列表", "dol")],
  [0x9a, meaning("transaction date", "交易日期", "date")],
  [0x9b, meaning("transaction status information", "交易状态信息", "tsi")],
  [0x9c, meaning("transaction type", "交易类型", "digits")],
  [0x9d, meaning("name of a directory", "目录定义文件名称")],
  [0xa5, meaning("proprietary information", "专有信息模板")],
  [0xbf0c, meaning("issuer discretionary data", "发卡行自定义数据")],
  [0x9f02, meaning("amount", "授权金额", "amount")],
  [0x9f03, meaning("other amount", "其他金额", "amount")],
  [0x9f05, meaning("application discretionary data", "应用自定义数据")],
  [0x9f06, meaning("application identifier (terminal)", "应用标识符（终端）")],
  [0x9f07, meaning("application usage control", "应用用途控制")],
  [0x9f08, meaning("application version (card)", "应用版本号（卡片）")],
  [0x9f09, meaning("application version (terminal)", "应用版本号（终端）")],
  [0x9f0b, meaning("cardholder name, long", "持卡人姓名扩展", "hidden")],
  [0x9f0c, meaning("issuer data of the directory", "发卡方自定义数据", "directory-data")],
  [0x9f0d, meaning("issuer action code, default", "发卡行行为代码（缺省）", "tvr")],
  [0x9f0e, meaning("issuer action code, denial", "发卡行行为代码（拒绝）", "tvr")],
  [0x9f0f, meaning("issuer action code, online", "发卡行行为代码（联机）", "tvr")],
  [0x9f10, meaning("issuer application data", "发卡行应用数据", "issuer-data")],
  [0x9f11, meaning("issuer code table", "发卡行代码表索引", "digits")],
  [0x9f12, meaning("preferred name", "应用首选名称", "text")],
  [0x9f13, meaning("counter of the last online transaction", "上次联机 ATC", "number")],
  [0x9f14, meaning("lower limit of offline transactions", "连续脱机交易下限", "number")],
  [0x9f17, meaning("PIN tries left", "PIN 重试计数器", "number")],
  [0x9f1a, meaning("terminal country", "终端国家代码", "digits")],
  [0x9f1c, meaning("terminal identification", "终端标识", "text")],
  [0x9f1e, meaning("serial number of the device", "接口设备序列号", "text")],
  [0x9f1f, meaning("track 1 discretionary data", "磁道 1 自定义数据", "hidden")],
  [0x9f20, meaning("track 2 discretionary data", "磁道 2 自定义数据", "hidden")],
  [0x9f21, meaning("transaction time", "交易时间", "time")],
  [0x9f23, meaning("upper limit of offline transactions", "连续脱机交易上限", "number")],
  [0x9f26, meaning("application cryptogram", "应用密文")],
  [0x9f27, meaning("cryptogram information", "密文信息数据")],
  [0x9f32, meaning("issuer key exponent", "发卡行公钥指数")],
  [0x9f33, meaning("terminal capabilities", "终端性能")],
  [0x9f34, meaning("verification method results", "持卡人验证方法结果")],
  [0x9f35, meaning("terminal type", "终端类型", "digits")],
  [0x9f36, meaning("application transaction counter", "应用交易计数器", "number")],
  [0x9f37, meaning("unpredictable number", "不可预知数")],
  [0x9f38, meaning("PDOL", "处理选项数据对象列表", "dol")],
  [0x9f40, meaning("additional terminal capabilities", "附加终端性能")],
  [0x9f41, meaning("transaction sequence counter", "交易序列计数器", "number")],
  [0x9f42, meaning("application currency", "应用货币代码", "digits")],
  [0x9f44, meaning("application currency exponent", "应用货币指数", "number")],
  [0x9f45, meaning("data authentication code", "数据认证码")],
  [0x9f46, meaning("card certificate", "IC 卡公钥证书")],
  [0x9f47, meaning("card key exponent", "IC 卡公钥指数")],
  [0x9f48, meaning("card key remainder", "IC 卡公钥余项")],
  [0x9f49, meaning("DDOL", "动态数据认证数据对象列表", "dol")],
  [0x9f4a, meaning("tags of static data", "静态数据认证标签列表")],
  [0x9f4b, meaning("signed dynamic data", "签名的动态应用数据")],
  [0x9f4c, meaning("card's dynamic number", "IC 动态数")],
  [0x9f4d, meaning("log entry", "日志入口")],
  [0x9f4e, meaning("merchant name", "商户名称", "gb-text")],
  [0x9f4f, meaning("log format", "日志格式", "dol")],
  [0x9f51, meaning("application currency of risk management", "应用货币代码（卡片风险管理）", "digits")],
  [0x9f5d, meaning("amount available offline", "可用脱机消费金额", "amount")],
  [0x9f61, meaning("cardholder identity number", "持卡人证件号", "hidden")],
  [0x9f62, meaning("cardholder identity type", "持卡人证件类型", "digits")],
  [0x9f63, meaning("product identification", "产品标识信息")],
  [0x9f66, meaning("terminal transaction qualifiers", "终端交易属性", "ttq")],
  [0x9f69, meaning("card authentication data", "卡片认证相关数据")],
  [0x9f6c, meaning("card transaction qualifiers", "卡片交易属性", "ctq")],
  [0x9f6d, meaning("reset threshold of electronic cash", "电子现金重置阈值", "amount")],
  [0x9f74, meaning("authorisation code of electronic cash", "电子现金发卡行授权码", "text")],
  [0x9f77, meaning("balance limit of electronic cash", "电子现金余额上限", "amount")],
  [0x9f78, meaning("limit of one electronic-cash transaction", "电子现金单笔交易限额", "amount")],
  [0x9f79, meaning("balance of electronic cash", "电子现金余额", "amount")],
  [0x9f7a, meaning("terminal supports electronic cash", "电子现金终端支持指示器", "number")],
  [0x9f7b, meaning("electronic-cash limit of the terminal", "电子现金终端交易限额", "amount")],
  [0xdf19, meaning("contactless floor limit", "非接触脱机最低限额", "amount")],
  [0xdf20, meaning("contactless transaction limit", "非接触交易限额", "amount")],
  [0xdf21, meaning("contactless verification limit", "非接触 CVM 限额", "amount")],
  [0xdf4d, meaning("log entry of loads", "圈存日志入口")],
  [0xdf4f, meaning("log format of loads", "圈存日志格式", "dol")],
  [0xdf60, meaning("indicator of compound applications", "扩展交易指示位", "number")],
  [0xdf61, meaning("support of compound applications", "分段扣费应用标识", "number")],
  [0xdf62, meaning("deposit limit", "押金抵扣限额", "amount")],
  [0xdf63, meaning("deposit used", "已抵扣押金金额", "amount")],
  [0xdf69, meaning("Chinese algorithms supported", "国密算法支持指示器", "number")],
]);

/** Items of the social application's files, one byte each. */
export const CARD_ITEMS: ReadonlyMap<number, TagMeaning> = new Map([
  [0x01, meaning("card identifier", "卡识别码", "personal")],
  [0x02, meaning("card category", "卡的类别", "text")],
  [0x03, meaning("version of the specification", "规范版本", "text")],
  [0x04, meaning("initialising organisation", "初始化机构编号", "digits")],
  [0x05, meaning("issue date", "发卡日期", "date")],
  [0x06, meaning("valid until", "卡有效期", "date")],
  [0x07, meaning("card number", "卡号", "personal")],
  [0x08, meaning("social security number", "社会保障号码", "hidden")],
  [0x09, meaning("name", "姓名", "hidden")],
  [0x4e, meaning("name, continued", "姓名扩展", "hidden")],
  [0x0a, meaning("sex", "性别", "hidden")],
  [0x0b, meaning("ethnic group", "民族", "hidden")],
  [0x0c, meaning("birthplace", "出生地", "hidden")],
  [0x0d, meaning("birth date", "出生日期", "hidden")],
  [0x81, meaning("insurance type and flag", "险种类型及标识", "text")],
  [0x84, meaning("insured place", "参保地", "digits")],
  [0x8c, meaning("person category", "人员类别", "digits")],
  [0x8f, meaning("use of the card: online or offline", "用卡方式", "text")],
  [0x90, meaning("offline settlement allowed", "准许脱网标识", "text")],
  [0x92, meaning("offline running amount", "脱网累计金额", "digits")],
  [0x93, meaning("offline count", "脱网累计次数", "digits")],
]);
