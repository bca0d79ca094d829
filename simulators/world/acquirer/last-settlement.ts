/*
 * The end of a counter's days: the open batch is settled until it holds nothing, and nobody has anything to look at any more. A word of people such
 * as "try again" comes back to them where the acquirer refuses once more, as it may for what stands in a batch that is settled.
 */
import type { SettlementOutcome } from "../../../device/txn/acquiring/acts.ts";
import { promised } from "../checks/violation.ts";

const ROUNDS_MAX = 40;

export interface LastDays {
  /** Undefined where the power failed. */
  readonly settle: () => Promise<SettlementOutcome | undefined>;
  /** People see to every parked reversal once; how many there were. */
  readonly seeToParked: () => Promise<number>;
  readonly rest: () => Promise<void>;
}

export async function settledToTheEnd({ settle, seeToParked, rest }: LastDays): Promise<void> {
  let last: SettlementOutcome | undefined;
  let seen = 0;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    last = await settle();
    const isEmpty = last?.kind === "refused" && last.reason === "batch-empty";
    seen = isEmpty ? await seeToParked() : 0;
    if (isEmpty && seen === 0) return;
    await rest();
  }
  promised(0, false, () => `the last settlement is ${JSON.stringify(last)} after ${ROUNDS_MAX} rounds, people saw to ${seen} reversals`);
}
