/*
 * Answers and records without tags: what stands where. Each layout is a row of parts that fills the bytes exactly.
 * Spec: PBOC purse, files and commands; LD/T 32.5, medical transaction log; JT/T 978, EF1E.
 */
import { type Bytes, readUint, toHex } from "../../base/bytes.ts";
import { bcdToDigits } from "../../codec/bcd.ts";
import { masked, type Note, note, type Words, words, yuan } from "./words.ts";

type PartReading = "hex" | "fen" | "count" | "date" | "time" | "masked" | "type" | "medical-type" | "industry-type";

type Part = readonly [length: number, reading: PartReading, en: string, zh: string];

export interface Layout extends Words {
  readonly parts: readonly Part[];
}

const DATE: Part = [4, "date", "date", "日期"];
const TIME: Part = [3, "time", "time", "时间"];
const TERMINAL: Part = [6, "hex", "terminal number", "终端机编号"];
const AMOUNT: Part = [4, "fen", "amount", "交易金额"];
const BALANCE: Part = [4, "fen", "balance", "余额"];
const KEY_VERSION: Part = [1, "hex", "key version", "密钥版本号"];
const ALGORITHM: Part = [1, "hex", "algorithm", "算法标识"];
const RANDOM: Part = [4, "hex", "random number", "伪随机数"];
const TAC: Part = [4, "hex", "TAC", "交易验证码 TAC"];
const MAC1: Part = [4, "hex", "MAC1", "报文鉴别码 MAC1"];
const MAC2: Part = [4, "hex", "MAC2", "报文鉴别码 MAC2"];
const OFFLINE_SEQUENCE: Part = [2, "count", "offline sequence", "脱机交易序号"];
const ONLINE_SEQUENCE: Part = [2, "count", "online sequence", "联机交易序号"];
const OVERDRAFT: Part = [3, "fen", "overdraft limit", "透支限额"];
const MEDICAL_AMOUNTS: readonly Part[] = [
  [4, "fen", "personal account", "个人账户"],
  [4, "fen", "self-pay", "个人自付"],
  [4, "fen", "pooled fund", "统筹基金支付"],
];

function layout(en: string, zh: string, ...parts: readonly Part[]): Layout {
  return { ...words(en, zh), parts };
}

export const LAYOUTS = {
  purseLog: layout(
    "transaction log (EF18)",
    "交易明细（EF18）",
    [2, "count", "sequence", "交易序号"],
    OVERDRAFT,
    AMOUNT,
    [1, "type", "type", "交易类型"],
    TERMINAL,
    DATE,
    TIME,
  ),
  pursePublic: layout(
    "public data of the purse (EF15)",
    "公共应用基本数据（EF15）",
    [8, "hex", "issuer", "发卡机构标识"],
    [1, "hex", "application type", "应用类型标识"],
    [1, "hex", "version", "应用版本"],
    [10, "masked", "serial number", "应用序列号"],
    [4, "date", "valid from", "启用日期"],
    [4, "date", "valid until", "有效日期"],
    [2, "hex", "further data", "自定义数据"],
  ),
  industry: layout(
    "entry and exit record (EF1E)",
    "进出站信息（EF1E）",
    [1, "industry-type", "type", "交易类型"],
    [8, "hex", "terminal", "终端编号"],
    [1, "hex", "industry", "行业代码"],
    [4, "hex", "line and station", "线路和站点"],
    [3, "hex", "further place", "保留"],
    AMOUNT,
    BALANCE,
    [7, "hex", "date and time", "交易日期时间"],
    [2, "hex", "city", "受理方城市代码"],
    [8, "hex", "acquirer", "受理方机构标识"],
    [4, "fen", "highest fare", "最高票价"],
    [2, "count", "longest time", "最长时间"],
  ),
  medicalLog: layout(
    "medical transaction log (DF04/08)",
    "医疗交易明细（DF04/08）",
    [2, "count", "sequence", "交易序号"],
    [1, "medical-type", "type", "交易类型"],
    TERMINAL,
    [7, "hex", "date and time", "交易时间"],
    ...MEDICAL_AMOUNTS,
  ),
  medicalLogShort: layout(
    "medical transaction log, account only",
    "医疗交易明细（仅个人账户）",
    [2, "count", "sequence", "交易序号"],
    [1, "medical-type", "type", "交易类型"],
    TERMINAL,
    [7, "hex", "date and time", "交易时间"],
    [4, "fen", "personal account", "个人账户"],
  ),
  balance: layout("balance", "余额", BALANCE),
  medicalTotal: layout("yearly total", "年度累计", [4, "fen", "total", "累计金额"], [2, "hex", "benefit year", "医保年度"]),
  purchaseOpening: layout("purchase opened", "消费初始化应答", BALANCE, OFFLINE_SEQUENCE, OVERDRAFT, KEY_VERSION, ALGORITHM, RANDOM),
  loadOpening: layout("load opened", "圈存初始化应答", BALANCE, ONLINE_SEQUENCE, KEY_VERSION, ALGORITHM, RANDOM, MAC1),
  debited: layout("debited", "消费应答", TAC, MAC2),
  loaded: layout("loaded", "圈存应答", TAC),
  proof: layout("transaction proof: MAC, then TAC", "交易认证：MAC、TAC", [4, "hex", "MAC", "报文鉴别码"], TAC),
  medicalOpening: layout(
    "medical purchase opened",
    "医疗消费初始化应答",
    [4, "fen", "personal account balance", "个人账户余额"],
    [4, "fen", "self-pay of the year", "个人自付累计"],
    [4, "fen", "pooled fund of the year", "统筹基金支付累计"],
    [2, "hex", "benefit year", "医保年度"],
    OFFLINE_SEQUENCE,
    KEY_VERSION,
    ALGORITHM,
    RANDOM,
  ),
  moduleOpening: layout("module's part of the purchase", "安全模块消费初始化应答", [4, "count", "terminal sequence", "终端交易序号"], MAC1),
} as const satisfies Readonly<Record<string, Layout>>;

export type LayoutName = keyof typeof LAYOUTS;

const TYPES: ReadonlyMap<number, Words> = new Map([
  [0x01, words("load of the passbook", "存折圈存")],
  [0x02, words("load of the purse", "钱包圈存")],
  [0x03, words("unload", "圈提")],
  [0x04, words("cash withdrawal", "取款")],
  [0x05, words("purchase from the passbook", "存折消费")],
  [0x06, words("purchase from the purse", "钱包消费")],
  [0x07, words("change of the overdraft limit", "修改透支限额")],
  [0x09, words("compound purchase", "复合应用消费")],
  [0x91, words("grey lock, passbook", "存折灰锁")],
  [0x92, words("grey lock, purse", "钱包灰锁")],
  [0x93, words("unlocked with a debit, passbook", "存折解扣")],
  [0x94, words("unlocked with a debit, purse", "钱包解扣")],
  [0x95, words("unlocked online, passbook", "存折联机解扣")],
  [0x96, words("unlocked online, purse", "钱包联机解扣")],
]);

const INDUSTRY_TYPES: ReadonlyMap<number, Words> = new Map([
  [0x01, words("entry, electronic cash", "进站（电子现金）")],
  [0x02, words("exit, electronic cash", "出站（电子现金）")],
  [0x03, words("entry, purse", "进站（电子钱包）")],
  [0x04, words("exit, purse", "出站（电子钱包）")],
  [0x05, words("single fare, electronic cash", "单次（电子现金）")],
  [0x06, words("single fare, purse", "单次（电子钱包）")],
  [0x07, words("fare adjustment, electronic cash", "补票（电子现金）")],
  [0x08, words("fare adjustment, purse", "补票（电子钱包）")],
  [0x09, words("recharge, electronic cash", "充值（电子现金）")],
  [0x0a, words("recharge, purse", "充值（电子钱包）")],
]);

const MEDICAL_TYPES: ReadonlyMap<number, Words> = new Map([
  [0x31, words("load", "划入")],
  [0x01, words("load", "划入")],
  [0x32, words("settlement", "消费")],
  [0x02, words("settlement", "消费")],
]);

const OTHER = words("of another kind", "其他");
const TYPE_TABLES = { type: TYPES, "industry-type": INDUSTRY_TYPES, "medical-type": MEDICAL_TYPES } as const;

function digits(value: Bytes): string {
  const parsed = bcdToDigits(value);
  return parsed.ok ? parsed.digits : toHex(value);
}

function shown(reading: PartReading, value: Bytes): string | undefined {
  switch (reading) {
    case "fen":
      return yuan(readUint(value, 0, value.length));
    case "count":
      return String(readUint(value, 0, value.length));
    case "date":
      return digits(value).replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3");
    case "time":
      return digits(value).replace(/^(\d{2})(\d{2})(\d{2})$/, "$1:$2:$3");
    case "masked":
      return masked(toHex(value));
    case "hex":
      return undefined;
    case "type":
    case "industry-type":
    case "medical-type": {
      const { en, zh } = TYPE_TABLES[reading].get(value[0] ?? 0) ?? OTHER;
      return `${en} / ${zh}`;
    }
  }
}

function lengthOf({ parts }: Layout): number {
  return parts.reduce((total, [length]) => total + length, 0);
}

function fits(name: LayoutName, bytes: Bytes): boolean {
  return bytes.length === lengthOf(LAYOUTS[name]);
}

const DATE_SHAPE = /^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])/;

/** Whether bytes of the right length also have dates and types where the layout has them: only then are nameless bytes taken for it. */
export function isPlausible(name: LayoutName, bytes: Bytes): boolean {
  if (!fits(name, bytes)) return false;
  let at = 0;
  for (const [length, reading, en] of LAYOUTS[name].parts) {
    const value = bytes.subarray(at, at + length);
    at += length;
    const dated = reading === "date" || en === "date and time";
    if (dated && !DATE_SHAPE.test(toHex(value))) return false;
    const types = reading === "type" || reading === "industry-type" || reading === "medical-type" ? TYPE_TABLES[reading] : undefined;
    if (types !== undefined && !types.has(value[0] ?? 0)) return false;
  }
  return true;
}

/** Lines for bytes of this layout; undefined when their length is another. */
export function explainLayout(name: LayoutName, bytes: Bytes, depth: number): readonly Note[] | undefined {
  if (!fits(name, bytes)) return undefined;
  const { en, zh, parts } = LAYOUTS[name];
  const notes: Note[] = [note(depth, words(en, zh))];
  let at = 0;
  for (const [length, reading, partEn, partZh] of parts) {
    const value = bytes.slice(at, at + length);
    at += length;
    const said = shown(reading, value);
    const hex = reading === "masked" ? {} : { hex: toHex(value) };
    notes.push(note(depth + 1, words(partEn, partZh), { ...hex, ...(said === undefined ? {} : { value: said }) }));
  }
  return notes;
}
