/* The view of one day as a file. What is read back was written here, and is checked all the same: a disk may hold anything. */
import { type Bytes, utf8 } from "../../base/bytes.ts";
import { isObject, parseJson } from "../../codec/json.ts";
import type { DayView } from "./acts.ts";

const VERSION = 1;
const BYTES_MAX = 64_000_000;
const STATES: readonly unknown[] = ["equal", "settled", "differs", "incomplete"];

/** Name of the day's files, without what they are. */
export function viewName(day: string): string {
  return `reconciliation-${day}`;
}

export function writeView(view: DayView): Bytes {
  return utf8(JSON.stringify({ v: VERSION, view }));
}

/** Undefined when the file is none of ours. Never throws. */
export function readView(contents: Bytes): DayView | undefined {
  const parsed = parseJson(contents, { maxBytes: BYTES_MAX, maxDepth: 8 });
  if (!parsed.ok || !isObject(parsed.value) || parsed.value["v"] !== VERSION) return undefined;
  const { view } = parsed.value;
  if (!isObject(view) || !STATES.includes(view["state"])) return undefined;
  const lists = ["groups", "differences", "open", "unreadable"].every((name) => Array.isArray(view[name]));
  const texts = ["day", "operator", "at"].every((name) => typeof view[name] === "string");
  // The version was written together with exactly these members.
  return lists && texts ? (view as unknown as DayView) : undefined;
}
