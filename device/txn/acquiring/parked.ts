/* What people say of parked items, given to whoever keeps such items. */
import type { Journal } from "../journal/types.ts";
import type { BankActs, ParkedAct } from "./acts.ts";
import type { BankLoads } from "./load.ts";
import type { Bank } from "./ports.ts";
import type { BankUploads } from "./upload.ts";

export interface ParkedParts {
  readonly journal: Pick<Journal, "entriesOf">;
  readonly bank: Pick<Bank, "settleReversal" | "background">;
  readonly uploads: Pick<BankUploads, "retry" | "dismiss">;
  readonly loads: Pick<BankLoads, "decide">;
}

/** Faults: those of the journal. */
export async function settleParked(parts: ParkedParts, subject: string, said: ParkedAct): ReturnType<BankActs["settleParked"]> {
  const last = (await parts.journal.entriesOf(subject)).at(-1);
  if (last === undefined) return "not-parked";
  const { kind } = last;
  if (kind === "bank-payment" || kind === "bank-return") return ofReversal(parts, subject, said);
  if (kind === "operation") return ofUpload(parts, subject, said);
  return kind === "purse-load" ? ofLoad(parts, subject, said) : "not-parked";
}

async function ofReversal({ bank }: ParkedParts, subject: string, said: ParkedAct): ReturnType<BankActs["settleParked"]> {
  const { operator, note } = said;
  if (said.act === "dealt-with") return bank.settleReversal(subject, said);
  if (said.act !== "try-again") return "act-unfitting";
  return bank.settleReversal(subject, { operator, act: said.act, ...(note === undefined ? {} : { note }) });
}

async function ofUpload({ uploads }: ParkedParts, subject: string, said: ParkedAct): ReturnType<BankActs["settleParked"]> {
  if (said.act === "try-again") return uploads.retry(subject, said);
  return said.act === "dismiss" ? uploads.dismiss(subject, said) : "act-unfitting";
}

async function ofLoad({ bank, loads }: ParkedParts, subject: string, said: ParkedAct): ReturnType<BankActs["settleParked"]> {
  const { operator, note } = said;
  if (said.act !== "loaded" && said.act !== "not-loaded") return "act-unfitting";
  const answer = await loads.decide(subject, { operator, act: said.act, ...(note === undefined ? {} : { note }) });
  // What goes back of it is sent now.
  bank.background.wake();
  return answer;
}
