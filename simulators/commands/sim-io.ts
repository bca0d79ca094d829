/* The streams of this process as the simulators' commands use them. */
import { createInterface } from "node:readline";
import type { SimIo } from "./sim-stand.ts";

const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Standard input as lines; Ctrl-C, a polite end of the process, and a closed terminal end them like the end of the input. */
export function standardIo(): SimIo & { close(): void } {
  const reader = createInterface({ input: process.stdin });
  // Asked for at once, because lines that come before the first question would be lost.
  const lines = reader[Symbol.asyncIterator]();
  const end = () => {
    reader.close();
    // An input that stays open would keep the process alive.
    process.stdin.destroy();
  };
  // Not only the first one: a shell and a parent may both send it, and the second must not break off the tidying up.
  for (const signal of ENDING_SIGNALS) process.on(signal, end);
  // Whoever read our output has gone; what was put up is taken down all the same.
  process.stdout.on("error", end);
  return {
    lines: { [Symbol.asyncIterator]: () => lines },
    print: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
    close: () => {
      for (const signal of ENDING_SIGNALS) process.off(signal, end);
      end();
    },
  };
}
