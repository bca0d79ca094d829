/* What a holder is told when a service is refused: a stable word, the office that does it, and a sentence in both languages. */
import type { SocialRefusal } from "../../card/social/types.ts";
import type { CardServiceOutcome, Office, ServiceText } from "./acts.ts";
import type { RowRefusal } from "./row-types.ts";
import { text } from "./row-words.ts";

interface Said {
  readonly office?: Office;
  readonly text: ServiceText;
}

function said(office: Office | undefined, zh: string, en: string): Said {
  return { ...(office === undefined ? {} : { office }), text: text(zh, en) };
}

const CARD_REFUSALS: Readonly<Record<SocialRefusal, Said>> = {
  "not-a-social-card": said("agency", "此卡不是社会保障卡", "this is no social security card"),
  "card-blocked": said("agency", "此卡已锁定，请到社保卡服务窗口办理", "this card is blocked: go to the agency"),
  "algorithm-not-supported": said("agency", "本终端不支持此卡的算法", "this terminal does not know the card's algorithm"),
  "data-malformed": said("agency", "卡内数据异常，请到社保卡服务窗口换卡", "the card's data are damaged: have it replaced by the agency"),
  "not-genuine": said("agency", "此卡未通过真伪验证，不予办理", "the card is not genuine: it is not served"),
  "on-invalid-list": said("agency", "此卡已挂失或失效，不予办理", "the card was reported lost or is invalid: it is not served"),
  "organisation-not-accepted": said("agency", "本终端不受理该机构发行的卡", "cards of this issuer are not served here"),
  "category-not-accepted": said("agency", "本终端只受理社会保障（个人）卡", "only personal cards are served"),
  "version-not-accepted": said("agency", "本终端不支持此卡的版本", "this terminal does not know the card's version"),
  "not-yet-valid": said("agency", "此卡尚未生效", "the card is not valid yet"),
  expired: said("agency", "此卡已过有效期，请到社保卡服务窗口换卡", "the card has expired: have it replaced by the agency"),
  "holder-not-readable": said("counter-terminal", "本终端不能读取此卡的持卡人信息", "this terminal cannot read the holder's file of this card"),
  "contacts-needed": said(undefined, "请将卡插入读卡器", "put the card into the slot"),
  "radio-type-not-accepted": said(undefined, "请将卡插入读卡器", "put the card into the slot"),
  "contactless-not-activated": said("agency", "此卡未开通非接触功能，请插卡使用", "the card is not activated for radio: put it into the slot"),
  "certificate-application-not-supported": said("agency", "本终端不支持此卡的证书应用", "this terminal does not know the card's certificates"),
};

const REFUSALS = {
  "lane-busy": said(undefined, "终端正在办理其他业务，请稍候", "the terminal is busy: please wait"),
  held: said(undefined, "终端维护中，请稍候", "the terminal is being looked after: please wait"),
  "reference-in-flight": said(undefined, "该笔业务正在办理", "this act is under way"),
  "reference-used": said(undefined, "业务编号已被使用", "this number belongs to another act"),
  "no-security-module": said("counter-terminal", "本终端无安全模块，不能验证此卡", "this terminal cannot check cards"),
  "no-read-key": said("counter-terminal", "本终端无读取该信息的密钥", "the record is protected and this terminal has no key for it"),
  "file-unknown": said(undefined, "卡内无此文件", "there is no such file"),
  "file-not-readable": said("agency", "该文件不能读取", "the file cannot be read"),
  "no-pin-entry": said("counter-terminal", "本终端不能输入密码", "no PIN can be entered here"),
  "pin-needed": said(undefined, "需要验证密码", "the PIN is needed"),
  "pin-wrong": said(undefined, "密码错误", "the PIN was wrong"),
  "pin-locked": said("agency", "密码已锁定，请到社保卡服务窗口重置", "the PIN is locked: have it reset by the agency"),
  "pin-cancelled": said(undefined, "已取消输入", "the entry was cancelled"),
  "pin-timed-out": said(undefined, "输入超时", "the entry took too long"),
  "pin-refused": said("agency", "此卡拒绝密码操作", "the card refuses the PIN command"),
  "entries-differ": said(undefined, "两次输入的新密码不一致", "the two entries of the new PIN differ"),
  "initial-pin-again": said(undefined, "新密码不能与初始密码相同", "the new PIN may not be the initial one"),
  "no-pin-set": said("agency", "此卡未设置密码，请到社保卡服务窗口办理", "the card has no PIN: go to the agency"),
  "initial-pin": said("counter-terminal", "初始密码不能办理业务，请先修改密码", "the initial PIN cannot be used: change it first"),
  "initial-pin-unknown": said("agency", "不能确认密码是否已修改，请到社保卡服务窗口办理", "nobody can tell whether the PIN was changed: go to the agency"),
  "not-activated": said("agency", "社会保障功能未启用，请先启用", "the social function is not active: have it activated first"),
  "not-inactive": said(undefined, "社会保障功能已启用", "the social function is active already"),
  "card-reported-lost": said("agency", "此卡已挂失，不予办理", "the card was reported lost: it is not served"),
  "card-cancelled": said("agency", "此卡已注销或正在补换，不予办理", "the card is cancelled or being reissued: it is not served"),
  "person-not-holder": said("agency", "证件与卡片不符，不予办理", "the document is not the holder's: this is not served"),
  "person-not-verifiable": said(
    "agency",
    "证件信息不完整，请携带身份证件到社保卡服务窗口办理",
    "nobody can be verified by this: go to the agency with your document",
  ),
  "identity-not-shown": said("agency", "请出示身份证件", "an identity document is needed"),
  "operator-not-authorised": said("agency", "操作员无权办理，请到社保卡服务窗口办理", "this operator may not do it: go to the agency"),
  "card-number-malformed": said(undefined, "卡号有误", "the card number is wrong"),
  "nothing-to-change": said(undefined, "没有要变更的内容", "there is nothing to change"),
  "agency-not-connected": said("agency", "本终端未接入人社系统，请到社保卡服务窗口办理", "not connected to the agency: go to its office"),
  "agency-not-reached": said("agency", "暂时无法连接人社系统，请稍后再试或到社保卡服务窗口办理", "the agency is not reached: try later, or go to its office"),
  "agency-refused": said("agency", "人社系统未受理", "the agency has refused it"),
  "insurer-not-reached": said("insurer", "暂时无法连接医保系统，且无历史查询结果", "the insurer is not reached, and nothing is known from earlier"),
  "insurer-refused": said("insurer", "医保系统未受理", "the insurer has refused it"),
  "nothing-known": said("agency", "脱机状态下无可显示的数据", "nothing is known of it while no host is reached"),
  "no-purse": said("bank", "此卡无电子钱包", "the card has no purse"),
  "no-medical-log": said("agency", "此卡无医疗交易记录", "the card keeps no medical log"),
  "no-signed-order": said("agency", "无锁卡指令，不能锁卡", "no signed order names this card"),
  "no-block-key": said("agency", "本终端无锁卡密钥", "nobody here has the key of the block"),
  "card-refused": said("agency", "此卡拒绝该操作", "the card refused the command"),
  "puk-locked": said("agency", "解锁密钥已锁定，请到社保卡服务窗口换卡", "the unblocking key is locked: have the card replaced by the agency"),
  "no-pin-pad": said("agency", "本终端无密码键盘，不能设置新密码", "there is no pad for a new PIN here: go to the agency"),
  "another-card": said(undefined, "不是同一张卡", "this is another card"),
  "row-unknown": said(undefined, "无此业务", "there is no such service"),
  "statement-due": said("bank", "请先打印交易记录单", "the statement of transactions must be printed first"),
  "decided-elsewhere": said(undefined, "请在相应业务中办理", "this is done by a flow of its own"),
} as const satisfies Readonly<Record<string, Said>>;

export type ServiceReason = keyof typeof REFUSALS;
export type Refused = Extract<CardServiceOutcome, { readonly kind: "refused" }>;

export function refuse(reason: ServiceReason, more: { readonly triesLeft?: number; readonly office?: Office } = {}): Refused {
  const words: Said = REFUSALS[reason];
  return { kind: "refused", reason, ...words, ...more };
}

export function refuseCard(reason: SocialRefusal): Refused {
  return { kind: "refused", reason, ...CARD_REFUSALS[reason] };
}

export function refuseRow({ reason, office, text: words }: RowRefusal): Refused {
  return { kind: "refused", reason, office, text: words };
}

const OFFICES: readonly Office[] = ["agency", "bank", "hospital", "insurer", "official-app", "counter-terminal", "telephone-12333"];

/** A host's own word, in a general sentence, with the office that it names. */
export function refuseByHost(host: "agency" | "insurer", { reason, office }: { readonly reason: string; readonly office?: string }): Refused {
  const { text: words } = REFUSALS[`${host}-refused`];
  return { kind: "refused", reason, office: OFFICES.find((each) => each === office) ?? host, text: words };
}
