/* What shows one row of the table of services, and what a run over all rows says. */

/** "served": the act or flow was run to its end. "refused": the reason and the office were asked for and given. */
export type Shown = "served" | "refused";

export interface ServiceCase {
  readonly row: number;
  readonly shows: Shown;
  readonly title: string;
  /** Runs under a virtual clock of its own. Throws {@link ConformanceFailure} when it does not show what it says. */
  readonly run: () => Promise<void>;
}

export interface ServiceCaseReport {
  readonly row: number;
  readonly shows: Shown;
  readonly title: string;
  readonly outcome: "passed" | "failed";
  readonly message?: string;
}

export interface ServiceRowReport {
  readonly row: number;
  readonly zh: string;
  readonly en: string;
  /** What becomes of it at a terminal with every host and every switch. */
  readonly answer: "works" | "refused";
  readonly how: string;
  /** Where it is refused, or would be without its host or switch. */
  readonly reason: string;
  readonly office: string;
  readonly gate: boolean;
  readonly offline: string;
  /** Titles of the cases that show it. */
  readonly shownBy: readonly string[];
  /** "missing": no case shows what the row says. */
  readonly outcome: "shown" | "failed" | "missing";
}

export interface ServicesReport {
  readonly rows: readonly ServiceRowReport[];
  readonly cases: readonly ServiceCaseReport[];
  readonly works: number;
  readonly refused: number;
  readonly failed: number;
  readonly missing: number;
}
