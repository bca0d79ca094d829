import { writeSync } from "node:fs";

/** Prints one line at once, so that the tracer sees it in its place among the writes. */
export function say(line: string): void {
  writeSync(1, `${line}\n`);
}
