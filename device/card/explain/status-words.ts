/* Status words of all applications of the card and of the security module. Spec: ISO/IEC 7816-4, 5.1; LD/T 32.7, status words; JR/T 0025, status words. */
import { type Words, words } from "./words.ts";

const EXACT: ReadonlyMap<number, Words> = new Map([
  [0x9000, words("success", "成功")],
  [0x6200, words("warning, nothing changed", "警告，未改变")],
  [0x6281, words("part of the data may be wrong", "返回数据可能有误")],
  [0x6282, words("end of file before Le bytes", "文件长度小于 Le")],
  [0x6283, words("the selected application is blocked", "所选应用已锁定")],
  [0x6300, words("authentication failed", "认证失败")],
  [0x6400, words("execution error, nothing changed", "执行错误，未改变")],
  [0x6581, words("memory failure: whether the command took effect is open", "存储器故障，命令是否生效未知")],
  [0x6700, words("wrong length", "长度错误")],
  [0x6882, words("secure messaging not supported", "不支持安全报文")],
  [0x6900, words("command not allowed", "命令不允许")],
  [0x6901, words("command not accepted in this state; the card is idle again", "命令不接受（无效状态），卡片回到空闲状态")],
  [0x6971, words("too many offline pre-authorisations are open", "脱机预授权次数超限")],
  [0x6972, words("this record already has an open pre-authorisation", "该记录已有未完成的预授权")],
  [0x6973, words("completion without a pre-authorisation", "没有对应的预授权")],
  [0x6974, words("the industry record was not updated before the commit", "行业记录更新未提交")],
  [0x6981, words("the command does not fit the file", "命令与文件结构不符")],
  [0x6982, words("the security condition is not met", "安全状态不满足")],
  [0x6983, words("locked: no tries left", "认证方法锁定")],
  [0x6984, words("the reference data cannot be used", "引用数据无效")],
  [0x6985, words("the conditions of use are not met", "使用条件不满足")],
  [0x6986, words("no file is selected", "未选择文件")],
  [0x6987, words("the MAC is missing", "缺少 MAC")],
  [0x6988, words("the MAC is wrong", "MAC 错误")],
  [0x6a80, words("wrong data", "数据域参数错误")],
  [0x6a81, words("function not supported, or the card is blocked", "功能不支持或卡片锁定")],
  [0x6a82, words("file or application not found", "未找到文件或应用")],
  [0x6a83, words("record not found", "未找到记录")],
  [0x6a84, words("not enough room", "空间不足")],
  [0x6a85, words("the length does not fit the structure", "Lc 与 TLV 结构不符")],
  [0x6a86, words("wrong P1 P2", "P1 P2 错误")],
  [0x6a88, words("key or data not found", "未找到密钥或数据")],
  [0x6b00, words("wrong offset or parameters", "偏移或参数错误")],
  [0x6d00, words("unknown instruction", "INS 不支持")],
  [0x6e00, words("unknown class", "CLA 不支持")],
  [0x6f00, words("no precise diagnosis", "数据无效，无确切诊断")],
  [0x9301, words("funds insufficient", "资金不足")],
  [0x9302, words("the MAC is wrong", "MAC 无效")],
  [0x9303, words("the application is blocked for good", "应用永久锁定")],
  [0x9401, words("the balance is not enough", "余额不足")],
  [0x9402, words("the transaction counter is full", "交易计数器达到最大值")],
  [0x9403, words("the key index is unknown", "密钥索引不支持")],
  [0x9406, words("no such proof: the last transaction is another one, or none", "所需的交易验证码不可用")],
]);

/** What a status word says. Unknown ones are said to be unknown, by their class. */
export function explainStatusWord(sw: number): Words {
  const exact = EXACT.get(sw);
  if (exact !== undefined) return exact;
  const low = sw & 0xff;
  if (sw >>> 8 === 0x61) return words(`${low === 0 ? 256 : low} bytes wait to be fetched with GET RESPONSE`, `尚有 ${low === 0 ? 256 : low} 字节待取`);
  if (sw >>> 8 === 0x6c) return words(`wrong Le, ${low === 0 ? 256 : low} is right`, `Le 错误，应为 ${low === 0 ? 256 : low}`);
  if ((sw & 0xfff0) === 0x63c0) return words(`wrong, ${sw & 0x0f} tries left`, `验证失败，剩余 ${sw & 0x0f} 次`);
  if (sw >>> 8 === 0x65) return words("memory trouble: whether the command took effect is open", "存储器异常，命令是否生效未知");
  return words("a status word of this card's own", "卡片自定义状态字");
}
