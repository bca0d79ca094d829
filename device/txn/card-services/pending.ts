/* What waits for the agency: told when it is reached again, the oldest first, each under the id that it has. */
import type { Limits } from "../../base/ports.ts";
import { textMember } from "../journal/members.ts";
import { eachOpenSubject } from "../journal/open-subjects.ts";
import { tellActivation } from "./activate.ts";
import type { ServiceDesk } from "./desk.ts";
import { tellLoss, tellWithdrawal } from "./loss.ts";
import { type Operation, openOperation } from "./operations.ts";

/** Operations of one round; the next round goes on. */
const ROUND_MAX = 1_000;

/** Resolves with the number that still waits. Faults: those of the journal and of the local list. */
export async function takeUpPending(desk: ServiceDesk, limits: Limits): Promise<number> {
  let waiting = 0;
  let looked = 0;
  for await (const { subject } of eachOpenSubject(desk.ports.journal, "operation")) {
    looked += 1;
    if (looked > ROUND_MAX || limits.signal.aborted) break;
    const operation = await openOperation(desk.ports.journal, subject);
    if (operation !== undefined && (await stillWaits(desk, operation, limits))) waiting += 1;
  }
  return waiting;
}

/** What only the holder's card can decide waits for the card. */
async function stillWaits(desk: ServiceDesk, operation: Operation, limits: Limits): Promise<boolean> {
  const tell = TOLD_LATER[textMember(operation.detail, "service")];
  const giveBack = tell === undefined ? undefined : desk.ports.sales.take(textMember(operation.detail, "reference"));
  if (tell === undefined || giveBack === undefined) return true;
  try {
    await tell(desk, operation, limits);
    return operation.open;
  } finally {
    giveBack();
  }
}

const TOLD_LATER: Readonly<Record<string, typeof tellLoss | undefined>> = {
  "report-loss": tellLoss,
  "withdraw-loss": tellWithdrawal,
  activate: tellActivation,
};
