/* One fault that the doctor knows: how it is seen, what it is called, and what to do about it. */
import type { Facts } from "./facts.ts";

export interface Words {
  readonly zh: string;
  readonly en: string;
}

/** "fault": the terminal cannot do its work, or money is in danger; "warning": it can, for now. */
export type Severity = "fault" | "warning";

export interface Check {
  /** Stable; listed in docs/doctor.md. */
  readonly id: string;
  readonly severity: Severity;
  readonly says: Words;
  readonly remedy: Words;
  /** What of it was seen, for people: a path, a role, a number; "" where there is nothing to add. Undefined: all is well, or it cannot be known. */
  readonly sees: (facts: Facts) => string | undefined;
}

export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly says: Words;
  readonly remedy: Words;
  readonly detail: string;
}

/** A check that is only a yes or no. */
export function when(is: boolean, detail = ""): string | undefined {
  return is ? detail : undefined;
}
