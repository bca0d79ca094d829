/*
 * The door through which acts begin at this terminal: it counts those under way, and while somebody holds it shut nothing new begins. What was
 * begun before goes on to its end, also where its caller asks for it once more.
 */
import { isFault } from "../base/fault.ts";
import type { Journal, RecordState } from "./journal/types.ts";

export interface Act<Outcome> {
  /** Whether it was begun before, so that this continues it. Asked only while the door is shut. Faults: those of the journal. */
  readonly isBegun?: () => Promise<boolean>;
  readonly work: () => Promise<Outcome>;
  /** The answer to whoever comes while the door is shut. */
  readonly refused: () => Outcome;
}

export class ActDoor {
  #held = false;
  #closed = false;
  #underWay = 0;

  get held(): boolean {
    return this.#held || this.#closed;
  }

  /** Acts that have begun and not ended; one that is being refused counts for that moment. */
  get underWay(): number {
    return this.#underWay;
  }

  hold(held: boolean): void {
    this.#held = held;
  }

  /** Nothing new begins here any more, whoever holds or lets go. */
  close(): void {
    this.#closed = true;
  }

  /** Settles as the act does, or is answered with its refusal. */
  async begin<Outcome>({ isBegun, work, refused }: Act<Outcome>): Promise<Outcome> {
    this.#underWay += 1;
    try {
      return this.held && !(await begunBefore(isBegun)) ? refused() : await work();
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Counts an act whose beginning answers at once; undefined while the door is shut. The result ends it. */
  enter(): (() => void) | undefined {
    if (this.held) return undefined;
    this.#underWay += 1;
    return () => {
      this.#underWay -= 1;
    };
  }
}

/** Ends of which nothing is left: asked for once more by its name, an act begins anew behind them. */
const NOTHING_LEFT: ReadonlySet<RecordState> = new Set<RecordState>(["refused", "void"]);

/** Whether what this mark names was begun, and is not one of which nothing is left. Faults: those of the journal. */
export async function goesOn(journal: Pick<Journal, "mark" | "entriesOf">, mark: string): Promise<boolean> {
  const subject = await journal.mark(mark);
  const last = subject === undefined ? undefined : (await journal.entriesOf(subject)).at(-1);
  return last !== undefined && !NOTHING_LEFT.has(last.state);
}

/** A journal that does not answer says so to the act itself, which knows what that means for it. */
async function begunBefore(isBegun: Act<unknown>["isBegun"]): Promise<boolean> {
  if (isBegun === undefined) return false;
  try {
    return await isBegun();
  } catch (error) {
    if (!isFault(error)) throw error;
    return true;
  }
}
