/* What a conformance case is, and what a run of them says. The shape of the report is fixed; later fields may be added. */
import type { CardProfile } from "../../device/codec/card-profile.ts";
import type { ConformanceContext } from "./context.ts";

/** Words by which cases are chosen. A profile switch is named with the setting that the case runs under. */
export type Tag =
  | "selection"
  | "files"
  | "social"
  | "authentication"
  | "pin"
  | "identity"
  | "purse"
  | "purchase"
  | "load"
  | "passbook"
  | "compound"
  | "transit"
  | "grey-lock"
  | "maintenance"
  | "proof"
  | "psam"
  | "medical-purse"
  | "electronic-cash"
  | "script"
  | "industry"
  | "transport"
  | "flow"
  | "journal"
  | "torn"
  | "negative"
  | "pre"
  | "post"
  | "sm4"
  | "3des"
  | "t0"
  | `profile:${keyof CardProfile}=${string}`;

export interface ConformanceCase {
  /** Stable for ever: group, number or place; for example "EPC-017" or "QPT-POST-DEBIT-AFTER". */
  readonly id: string;
  /** An id of docs/specs.tsv, a comma, and the clause by its name. */
  readonly spec: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  /** What must hold before; where it is left out, the report tells how card and module were made. */
  readonly precondition?: string;
  /** Commands and the answers that they must get, one line each; where it is left out, the report tells the dialogue by headers. */
  readonly expects?: readonly string[];
  /** Runs under the context's virtual clock. Throws {@link ConformanceFailure} when the expectation is not met. */
  run(context: ConformanceContext): Promise<void>;
}

export interface CaseReport {
  readonly id: string;
  readonly spec: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  /** "skipped": not among the cases that were asked for. */
  readonly outcome: "passed" | "failed" | "skipped";
  readonly message?: string;
  /** Card and module before the case; empty for a case that was skipped. */
  readonly precondition: string;
  /** Commands and answers: as the case expects them, or (headers and status words only) as they were. */
  readonly apdus: readonly string[];
}

export interface ConformanceReport {
  readonly cases: readonly CaseReport[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
