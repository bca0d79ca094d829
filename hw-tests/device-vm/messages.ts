/* Lines of JSON between the guest and its host, over a port of the virtual machine: what came of a case, and what a hand has to do. */
import type { CaseName } from "./cases.ts";

/** What only a hand outside the guest can do. */
export type Act =
  | "unplug printer"
  | "plug in printer"
  | "read paper"
  | "insert card"
  | "remove card"
  | "unplug reader"
  | "plug in reader"
  | "hold next answer"
  | "wait for held command";

export interface CaseReport {
  readonly is: "case";
  readonly name: CaseName;
  /** Why it failed; undefined when it passed. */
  readonly failure?: string;
  /** For people: figures, what was seen. */
  readonly detail: string;
  readonly tookMs: number;
}

export type GuestLine = CaseReport | { readonly is: "ask"; readonly id: number; readonly act: Act } | { readonly is: "end" };

export interface HostLine {
  readonly id: number;
  readonly failure?: string;
  /** What there is to tell about it, such as the lines on the paper. */
  readonly told: readonly string[];
}

/** Where the guest finds its end. */
export const PORT_NAME = "yikatong.talk";

/** The other end is of the same sources; a line that was cut off by the end of the machine is none. */
export function lineOf<Line>(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
