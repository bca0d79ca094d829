/*
 * Rows as messages, and what an answer says of them. An answer has two levels: the envelope's own result, and the word of the stock
 * service inside it; only both together mean that the rows were taken. Spec: FSI, 3505; FSI, 3505A.
 */
import type { FsiRequest } from "../../codec/fsi.ts";
import { type FsiNode, fsiInputFits, nodeOf, textOf } from "../../codec/fsi.ts";
import type { JsonObject } from "../journal/types.ts";
import type { Answer } from "../medical-host/ask.ts";
import type { RecordedUpload } from "./record.ts";
import type { UploadEvent } from "./types.ts";

/** Where public code has seen the inner word stand, beside the output itself. */
const INNER_NODES = ["result", "output", "data"];
/** Rows of one message where the region takes many. */
const ROWS_OF_MESSAGE_MAX = 50;
const MESSAGE_MAX = 200;
const NO_WORDS = "医保未说明原因";

export interface StockMessage {
  readonly infno: "3505" | "3505A" | "3506";
  readonly input: FsiRequest["input"];
  /** How many rows it tells. */
  readonly count: number;
}

/** The message that tells the rows from `from` on: one of them, or as many as fit where the region takes a sale's rows together. */
export function stockMessage({ act, rows, personal }: Pick<RecordedUpload, "act" | "rows" | "personal">, from: number, inBatches: boolean): StockMessage {
  const told = rows.slice(from).map((row): JsonObject => ({ ...row, ...personal }));
  if (act === "return" || !inBatches) return { infno: act === "return" ? "3506" : "3505", input: { selinfo: told[0] ?? {} }, count: 1 };
  let count = 1;
  while (count < Math.min(told.length, ROWS_OF_MESSAGE_MAX) && fsiInputFits({ selinfoDetail: told.slice(0, count + 1) })) count += 1;
  return { infno: "3505A", input: { selinfoDetail: told.slice(0, count) }, count };
}

/** What the answer to a message of `count` rows means. */
export function judgeAnswer(answer: Answer, count: number): UploadEvent {
  if (answer.kind === "refused") return { is: "refused", message: cleaned(answer.message) };
  if (answer.kind !== "done") return { is: "silent" };
  const inner = [answer.output, ...INNER_NODES.map((name) => nodeOf(answer.output, name))].find((node) => node !== undefined && textOf(node, "retRslt") !== "");
  const result = inner === undefined ? "" : textOf(inner, "retRslt");
  if (result === "1") return { is: "accepted", count };
  return result === "0" ? { is: "refused", message: cleaned(wordsOf(inner)) } : { is: "silent" };
}

function wordsOf(node: FsiNode | undefined): string {
  return node === undefined ? "" : textOf(node, "msgRslt");
}

/** For people: one line, without control characters. */
function cleaned(message: string): string {
  const [line = ""] = message.trim().split(/[\r\n]/, 1);
  const words = line.replaceAll(/\p{C}/gu, "").slice(0, MESSAGE_MAX);
  return words === "" ? NO_WORDS : words;
}
