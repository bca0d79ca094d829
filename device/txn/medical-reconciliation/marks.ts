/* What a reconciliation remembers in the journal: which days are done, which groups there are, where in the journal the last days begin. */
import type { Journal } from "../journal/types.ts";
import type { GroupName } from "./acts.ts";
import { dayAfter } from "./calendar.ts";

const PREFIX = "reconciliation/";
const GROUPS = `${PREFIX}groups`;
const START = `${PREFIX}start`;
const LAST = `${PREFIX}last`;
const GROUPS_MAX = 64;
/** Days before the latest one whose settlements are kept at hand. */
export const AT_HAND_DAYS = 10;
const LOCALITIES: readonly string[] = ["local", "same-province", "cross-province"];

export interface KeptDay {
  readonly day: string;
  readonly isDone: boolean;
  readonly groups: readonly GroupName[];
  /** First entry of anything that is still near; undefined where there is nothing. */
  readonly startSeq: number | undefined;
}

export class ReconciliationMarks {
  readonly #journal: Pick<Journal, "mark" | "setMarks">;

  constructor(journal: Pick<Journal, "mark" | "setMarks">) {
    this.#journal = journal;
  }

  /** A day on which there was nothing to ask about is done as long as there is nothing. */
  async isDone(day: string, hasGroups: boolean): Promise<boolean> {
    const mark = await this.#journal.mark(`${PREFIX}day/${day}`);
    return mark === "done" || (mark === "empty" && !hasGroups);
  }

  async noteEmpty(day: string): Promise<void> {
    await this.#journal.setMarks([{ name: `${PREFIX}day/${day}`, value: "empty" }]);
  }

  /** Latest day that was looked at. */
  last(): Promise<string | undefined> {
    return this.#journal.mark(LAST);
  }

  /** The entry from which on all settlements of `day` and of the days after it stand. */
  async startFor(day: string): Promise<number> {
    const [from = "", seq = ""] = ((await this.#journal.mark(START)) ?? "").split(" ");
    const start = Number(seq);
    // A day before those at hand is read from the beginning.
    return from !== "" && day >= from && Number.isSafeInteger(start) && start >= 1 ? start : 1;
  }

  async groups(): Promise<readonly GroupName[]> {
    const text = (await this.#journal.mark(GROUPS)) ?? "";
    return text
      .split(";")
      .map((each) => each.split(","))
      .flatMap(([insuranceType = "", clearingType = "", locality = "", agency = ""]) =>
        LOCALITIES.includes(locality) ? [{ insuranceType, clearingType, locality: locality as GroupName["locality"], agency }] : [],
      );
  }

  /** One commit: a cut keeps all of it or nothing. Faults: those of the journal. */
  async keep({ day, isDone, groups, startSeq }: KeptDay): Promise<void> {
    const last = (await this.last()) ?? "";
    const known = groups.map(({ insuranceType, clearingType, locality, agency }) => [insuranceType, clearingType, locality, agency].join(","));
    const marks = [{ name: GROUPS, value: [...new Set(known)].slice(0, GROUPS_MAX).join(";") }];
    if (isDone) marks.push({ name: `${PREFIX}day/${day}`, value: "done" });
    if (day >= last) marks.push({ name: LAST, value: day });
    if (isDone && day >= last && startSeq !== undefined) marks.push({ name: START, value: `${dayAfter(day, -AT_HAND_DAYS)} ${startSeq}` });
    await this.#journal.setMarks(marks);
  }
}
