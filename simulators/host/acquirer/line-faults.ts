/* What the line between a terminal and the acquirer can do wrong with one frame; whether the acquirer has acted is another matter. */
import { isFields } from "../canonical.ts";

/**
 * `pass`: whether the acquirer gets to see the message. `reply`: what becomes of the answer on its way back. "hang": nothing comes, ever;
 * "reset": the line breaks before a byte came; "half": it breaks in the middle; "pieces": byte groups `slowMs` apart; "twice": the frame comes twice;
 * "long-length": the length says more than follows; "empty": a frame without a body comes first.
 */
export interface LineFault {
  readonly pass: boolean;
  readonly reply: "normal" | "hang" | "reset" | "half" | "pieces" | "twice" | "long-length" | "empty";
  readonly slowMs: number;
}

const PASSED: LineFault = { pass: true, reply: "normal", slowMs: 0 };

/** Named misbehaviours; "-before" means that the acquirer never saw the message. */
export const LINE_FAULTS = {
  hang: { ...PASSED, reply: "hang" },
  "hang-before": { ...PASSED, pass: false, reply: "hang" },
  reset: { ...PASSED, reply: "reset" },
  "reset-before": { ...PASSED, pass: false, reply: "reset" },
  half: { ...PASSED, reply: "half" },
  pieces: { ...PASSED, reply: "pieces", slowMs: 20 },
  twice: { ...PASSED, reply: "twice" },
  "long-length": { ...PASSED, reply: "long-length" },
  empty: { ...PASSED, reply: "empty" },
} as const satisfies Readonly<Record<string, LineFault>>;

export type LineFaultName = keyof typeof LINE_FAULTS;

/** Faults of the next frames, first in first out; what is beyond them passes. */
export interface LineFaults {
  readonly planned: LineFault[];
}

export function noLineFaults(): LineFaults {
  return { planned: [] };
}

/** Takes the fault for one frame. */
export function takeLineFault(faults: LineFaults): LineFault {
  return faults.planned.shift() ?? PASSED;
}

const COUNT_MAX = 1_000;

function isFaultName(value: unknown): value is LineFaultName {
  return typeof value === "string" && Object.hasOwn(LINE_FAULTS, value);
}

/** One instruction from outside: `{fault, count?, slowMs?}`. Answers what is wrong with it. */
export function applyLineFault(faults: LineFaults, value: unknown): string | undefined {
  if (!isFields(value)) return "not-an-object";
  const { fault, count = 1, slowMs } = value;
  if (!isFaultName(fault)) return `a fault is one of ${Object.keys(LINE_FAULTS).join(", ")}`;
  if (typeof count !== "number" || !Number.isInteger(count) || count < 1 || count > COUNT_MAX) return `count is a whole number from 1 to ${COUNT_MAX}`;
  const model: LineFault = LINE_FAULTS[fault];
  for (let planned = 0; planned < count; planned += 1) faults.planned.push({ ...model, slowMs: typeof slowMs === "number" ? slowMs : model.slowMs });
  return undefined;
}
