/*
 * Commands by their headers, and how the answer to each is to be read. The first row that fits counts.
 * Spec: LD/T 32.7, commands; PBOC purse, commands; LD/T 32.9, commands; JR/T 0025, commands.
 */
import { type Bytes, toHex } from "../../base/bytes.ts";
import type { CommandApdu } from "../../codec/apdu.ts";
import type { LayoutName } from "./layouts.ts";
import { type Words, words } from "./words.ts";

/** How the answer is to be read. "item": an item of the social application; "objects": BER-TLV; "hidden": not shown. */
export type AnswerReading = LayoutName | "item" | "objects" | "bytes" | "hidden";

export interface CommandMeaning extends Words {
  readonly answer: AnswerReading;
  /** The data of the command holds a PIN or what comes of one. */
  readonly secret: boolean;
}

interface Row {
  /** Header in hexadecimal; a point stands for any digit. */
  readonly header: string;
  readonly en: string;
  readonly zh: string;
  readonly answer?: AnswerReading;
  readonly secret?: boolean;
}

const ROWS: readonly Row[] = [
  { header: "00a404..", en: "SELECT by name", zh: "选择应用（按名称）", answer: "objects" },
  { header: "00a4....", en: "SELECT by identifier", zh: "选择文件（按标识符）", answer: "objects" },
  { header: "00c0....", en: "GET RESPONSE", zh: "取响应数据", answer: "objects" },
  { header: "00b095..", en: "READ BINARY, public data", zh: "读公共应用基本数据", answer: "pursePublic" },
  { header: "00b0....", en: "READ BINARY", zh: "读二进制文件" },
  { header: "00b2..c4", en: "READ RECORD, transaction log", zh: "读交易明细", answer: "purseLog" },
  { header: "00b2..f4", en: "READ RECORD, entry and exit", zh: "读进出站信息", answer: "industry" },
  { header: "00b2...4", en: "READ RECORD by number", zh: "按记录号读记录", answer: "objects" },
  { header: "00b2...c", en: "READ RECORD by number", zh: "按记录号读记录", answer: "objects" },
  { header: "00b2....", en: "READ RECORD by identifier", zh: "按记录标识读记录", answer: "item" },
  { header: "0.d6....", en: "UPDATE BINARY", zh: "更新二进制文件", secret: true },
  { header: "0.dc....", en: "UPDATE RECORD", zh: "更新记录", secret: true },
  { header: "04e2....", en: "APPEND RECORD", zh: "追加记录", secret: true },
  { header: ".4da....", en: "PUT DATA", zh: "设置数据" },
  { header: "0020....", en: "VERIFY PIN", zh: "校验个人密码", secret: true },
  { header: "0084....", en: "GET CHALLENGE", zh: "取随机数", answer: "bytes" },
  { header: "0088....", en: "INTERNAL AUTHENTICATE", zh: "内部认证", answer: "bytes" },
  { header: "0082....", en: "EXTERNAL AUTHENTICATE", zh: "外部认证" },
  { header: "805e01..", en: "CHANGE PIN", zh: "修改个人密码", secret: true },
  { header: "805e....", en: "RELOAD PIN", zh: "重装个人密码", secret: true },
  { header: "8424....", en: "PIN UNBLOCK or RELOAD", zh: "个人密码解锁或重装", secret: true },
  { header: "8416....", en: "CARD BLOCK", zh: "卡片锁定" },
  { header: "841e....", en: "APPLICATION BLOCK", zh: "应用锁定" },
  { header: "8418....", en: "APPLICATION UNBLOCK", zh: "应用解锁" },
  { header: "8050000.", en: "INITIALIZE FOR LOAD", zh: "圈存初始化", answer: "loadOpening" },
  { header: "8050010.", en: "INITIALIZE FOR PURCHASE", zh: "消费初始化", answer: "purchaseOpening" },
  { header: "8050030.", en: "INITIALIZE FOR COMPOUND PURCHASE", zh: "复合应用消费初始化", answer: "purchaseOpening" },
  { header: "8052....", en: "CREDIT FOR LOAD", zh: "圈存", answer: "loaded" },
  { header: "8054....", en: "DEBIT FOR PURCHASE", zh: "消费", answer: "debited" },
  { header: "80dc....", en: "UPDATE COMPOUND DATA CACHE", zh: "更新复合应用数据缓存" },
  { header: "84de....", en: "UPDATE COMPOUND DATA CACHE (bank application)", zh: "更新扩展应用数据缓存" },
  { header: "80b4....", en: "READ COMPOUND DATA (bank application)", zh: "读扩展应用数据" },
  { header: "805c....", en: "GET BALANCE", zh: "读余额", answer: "balance" },
  { header: "805a....", en: "GET TRANSACTION PROVE", zh: "取交易认证", answer: "proof" },
  { header: "80ca....", en: "GET DATA", zh: "取数据", answer: "objects" },
  { header: "80a8....", en: "GET PROCESSING OPTIONS", zh: "取处理选项", answer: "objects" },
  { header: "80ae....", en: "GENERATE AC", zh: "生成应用密文", answer: "objects" },
  { header: "b0280001", en: "INITIALIZE FOR LOAD (medical)", zh: "划入初始化", answer: "loadOpening" },
  { header: "b0280101", en: "INITIALIZE FOR PURCHASE (medical)", zh: "医疗消费初始化", answer: "medicalOpening" },
  { header: "b02a....", en: "CREDIT FOR LOAD (medical)", zh: "划入", answer: "loaded" },
  { header: "b02c....", en: "DEBIT FOR PURCHASE (medical)", zh: "医疗消费", answer: "debited" },
  { header: "b0260001", en: "GET BALANCE, personal account", zh: "读个人账户余额", answer: "balance" },
  { header: "b026....", en: "GET BALANCE, yearly total", zh: "读年度累计", answer: "medicalTotal" },
  { header: "b02e....", en: "GET TRANSACTION PROOF (medical)", zh: "取医疗交易认证", answer: "proof" },
  { header: "b056....", en: "START DAY of the benefit year", zh: "医保年度起始日期", answer: "bytes" },
  { header: "e07a08..", en: "INITIALIZE FOR GREY LOCK", zh: "灰锁初始化", answer: "purchaseOpening" },
  { header: "e07a09..", en: "INITIALIZE FOR GREY UNLOCK", zh: "联机解扣初始化", answer: "bytes" },
  { header: "e07c08..", en: "GREY LOCK", zh: "灰锁", answer: "bytes" },
  { header: "e07c09..", en: "GREY UNLOCK", zh: "联机解扣", answer: "bytes" },
  { header: "e07e....", en: "DEBIT FOR UNLOCK", zh: "解扣", answer: "loaded" },
  { header: "8070....", en: "INIT SAM FOR PURCHASE", zh: "安全模块消费初始化", answer: "moduleOpening" },
  { header: "8072....", en: "CREDIT SAM FOR PURCHASE", zh: "安全模块校验 MAC2" },
  { header: "801a....", en: "INIT FOR DESCRYPT", zh: "安全模块加解密初始化" },
  { header: "80fa....", en: "CIPHER DATA", zh: "安全模块加解密", answer: "hidden", secret: true },
  { header: "bfec....", en: "INITIALIZE ENVIRONMENT", zh: "安全模块环境初始化" },
  { header: "bfde....", en: "DELIVERY SESSION KEY", zh: "安全模块分发过程密钥", secret: true },
];

const UNKNOWN: CommandMeaning = { ...words("unknown command", "未知命令"), answer: "objects", secret: false };

function isLike(pattern: string, header: string): boolean {
  return Array.from(pattern).every((digit, at) => digit === "." || digit === header[at]);
}

/** What a command asks for. */
export function meaningOf({ cla, ins, p1, p2 }: Pick<CommandApdu, "cla" | "ins" | "p1" | "p2">): CommandMeaning {
  const header = toHex(Uint8Array.of(cla, ins, p1, p2));
  const row = ROWS.find((each) => isLike(each.header, header));
  return row === undefined ? UNKNOWN : { ...words(row.en, row.zh), answer: row.answer ?? "bytes", secret: row.secret ?? false };
}

/** Whether a header is one that this table knows: by that bytes are taken for a command. */
export function isKnownCommand(header: Bytes): boolean {
  return ROWS.some((each) => isLike(each.header, toHex(header.subarray(0, 4))));
}
