/* Every refusal of the API: a stable word, a status, words for people in two languages. Total by type. */
import { type FaultCode, isFault } from "../../base/fault.ts";
import { type Said, saidFor } from "../messages.ts";

type Row = readonly [status: number, en: string, zh: string];

const REFUSALS = {
  "request-invalid": [400, "The request is not understood. Nothing was done.", "请求内容有误，未执行任何操作。"],
  "not-json": [400, "The body is no JSON. Nothing was done.", "请求不是有效的 JSON，未执行任何操作。"],
  "client-unknown": [401, "This program is not known here.", "客户端未授权。"],
  "session-missing": [401, "Please sign in first.", "请先登录。"],
  "session-ended": [401, "The session has ended. Please sign in again.", "登录已失效，请重新登录。"],
  "sign-in-refused": [401, "Operator or password is wrong.", "操作员或密码错误。"],
  "not-allowed": [403, "This operator may not do that.", "该操作员无此权限。"],
  "supervisor-needed": [403, "The amount needs a supervisor.", "金额超过限额，需主管操作。"],
  "origin-refused": [403, "Pages in a browser are not served.", "不接受浏览器页面的请求。"],
  "host-refused": [421, "This machine is not called by that name.", "请求的主机名不被接受。"],
  "route-unknown": [404, "There is nothing at this address.", "请求的地址不存在。"],
  "order-unknown": [404, "There is no such order.", "未找到该订单。"],
  "order-conflict": [409, "This order number belongs to another basket.", "该单号已用于另一笔订单。"],
  "number-spent": [410, "This number was used long ago, and money moved under it. Nothing was done now.", "该单号早已使用且已完成收付，本次未执行任何操作。"],
  "order-open": [409, "The order is still under way.", "该订单仍在处理中。"],
  "order-ended": [409, "The order has ended; it can only be given back as a whole.", "该订单已结束，只能整单撤销。"],
  "order-undecided": [409, "It is not decided yet how this order ended. Please ask again later.", "该订单结果尚未确定，请稍后查询。"],
  "question-stale": [409, "This question is no longer open.", "该询问已结束。"],
  "question-answered": [409, "This question was answered otherwise.", "该询问已有其他答复。"],
  "answer-unfitting": [422, "The answer does not fit the question.", "答复与询问不符。"],
  "return-same-number": [422, "What the customer keeps needs a number of its own.", "保留部分须使用新的单号。"],
  "body-too-large": [413, "The request is too large.", "请求过大。"],
  "content-type-refused": [415, "Only JSON is understood.", "仅接受 JSON。"],
  "locked-out": [429, "Too many failures to sign in. Please wait.", "登录失败次数过多，请稍后再试。"],
  "too-many-requests": [429, "Too many requests. Please wait a moment.", "请求过于频繁，请稍候。"],
  "too-many-streams": [429, "Too many streams of events are open.", "事件连接数过多。"],
  "too-many-orders": [503, "Too many orders are under way. Please wait a moment.", "处理中的订单过多，请稍候。"],
  "not-offered": [501, "This terminal does not offer that.", "本终端不支持该功能。"],
  "day-not-closed": [409, "The day is not closed yet.", "该日期尚未结束，不能对账。"],
  "day-malformed": [400, "The day or the range of days is not right.", "日期有误。"],
  "nothing-compared": [404, "No day has been compared yet.", "尚未进行过对账。"],
  "reconciliation-under-way": [409, "This day is being compared already.", "该日期正在对账。"],
  "upload-not-parked": [409, "This upload does not wait for anybody.", "该上传记录无需人工处理。"],
  "sale-unknown": [404, "There is no such sale.", "未找到该交易。"],
  "refund-conflict": [409, "This refund number belongs to another refund.", "该退款单号已用于另一笔退款。"],
  "shift-not-current": [409, "This is not the current shift.", "该班次不是当前班次。"],
  "act-unknown": [404, "There is no such act.", "未找到该笔业务。"],
  "case-not-parked": [409, "This case does not wait for anybody.", "该事项无需人工处理。"],
  "act-unfitting": [422, "This item takes another act.", "该操作不适用于此事项。"],
  "lane-unknown": [404, "There is no such lane.", "未找到该通道。"],
  "terminal-failed": [500, "The terminal has made a mistake and starts anew.", "终端内部错误，正在重启。"],
} as const satisfies Readonly<Record<string, Row>>;

export type RefusalWord = keyof typeof REFUSALS;

export const REFUSAL_WORDS: readonly string[] = Object.keys(REFUSALS);

export interface ErrorBody {
  readonly error: string;
  readonly message: Said;
  readonly problems: string[];
}

/** What ends a request without its answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly body: ErrorBody;
  /** When asking again may help. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, body: ErrorBody, retryAfterMs?: number) {
    super(body.error);
    this.status = status;
    this.body = body;
    this.retryAfterMs = retryAfterMs;
  }
}

export function refusal(word: RefusalWord, more: { readonly problems?: readonly string[]; readonly retryAfterMs?: number } = {}): ApiError {
  const [status, en, zh] = REFUSALS[word];
  return new ApiError(status, { error: word, message: { en, zh }, problems: [...(more.problems ?? [])] }, more.retryAfterMs);
}

export function statusOf(word: RefusalWord): number {
  return REFUSALS[word][0];
}

const FAULT_STATUS: Partial<Readonly<Record<FaultCode, number>>> = { timeout: 504, "queue-full": 503, "payload-too-large": 413 };
const EFFECT_UNKNOWN = "effect: unknown; ask how it stands before doing it again";
const NO_WORDS: Said = { en: "The terminal cannot do that at present.", zh: "终端暂时无法执行该操作。" };

/** A failure of the world under its own stable word; whether the other side may have acted stands in the problems. */
export function failure(word: string, effectUnknown: boolean): ApiError {
  const status = (FAULT_STATUS as Readonly<Record<string, number | undefined>>)[word] ?? (word === "device-not-configured" ? 501 : 503);
  return new ApiError(status, { error: word, message: saidFor(word) ?? NO_WORDS, problems: effectUnknown ? [EFFECT_UNKNOWN] : [] });
}

/** What a caller is told of an error; undefined for our own mistakes. */
export function tellable(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  return isFault(error) ? failure(error.code, error.effectUnknown) : undefined;
}
