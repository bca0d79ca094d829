/* From the steps of one tap to its sums: pure. */
import type { TapStep, TapTimes } from "./types.ts";

interface Span {
  readonly beganMs: number;
  readonly endedMs: number;
}

/** Length of what the spans cover together. */
function covered(spans: readonly Span[]): number {
  const sorted = [...spans].sort((left, right) => left.beganMs - right.beganMs);
  let [sum, reachedMs] = [0, Number.NEGATIVE_INFINITY];
  for (const { beganMs, endedMs } of sorted) {
    sum += Math.max(0, endedMs - Math.max(beganMs, reachedMs));
    reachedMs = Math.max(reachedMs, endedMs);
  }
  return sum;
}

function within(spans: readonly Span[], beganMs: number, endedMs: number): readonly Span[] {
  return spans
    .map((span) => ({ beganMs: Math.max(beganMs, span.beganMs), endedMs: Math.min(endedMs, span.endedMs) }))
    .filter((span) => span.endedMs > span.beganMs);
}

/** Length of what `spans` cover and `others` do not. */
function coveredAlone(spans: readonly Span[], others: readonly Span[]): number {
  return covered([...spans, ...others]) - covered(others);
}

/** Name of the journal's question that makes an entry durable. */
export const APPEND = "append";

/** Sums of a tap with at least one answer of its card. */
export function timesOf(steps: readonly TapStep[]): TapTimes {
  const part = (name: TapStep["part"]) => steps.filter(({ part: each }) => each === name);
  const last = part("card").at(-1) ?? { beganMs: 0, endedMs: 0 };
  const endMs = last.endedMs;
  const inField = (spans: readonly Span[]) => within(spans, 0, endMs);
  const [card, module, disk, waits] = [inField(part("card")), inField(part("module")), inField(part("disk")), inField(part("wait"))];
  const work = [...card, ...module, ...disk];
  const appends = part("disk").filter(({ what, beganMs }) => what === APPEND && beganMs < last.beganMs);
  const intent = appends.at(-1);
  return {
    field: endMs - coveredAlone(waits, work),
    card: covered(card),
    module: covered(module),
    disk: covered(disk),
    host: endMs - covered([...work, ...waits]),
    diskWait: coveredAlone(inField(appends), [...card, ...module, ...waits]),
    diskCover: intent === undefined ? 0 : covered(within([...card, ...module], intent.beganMs, last.beganMs)),
  };
}
