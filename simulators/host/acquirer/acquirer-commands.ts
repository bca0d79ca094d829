/* What a person does at the acquirer while it runs, by name: block a card and give it back, end all sign-ins, look at accounts and batches. */
import { isFields, type JsonFields, textField } from "../canonical.ts";
import type { ActReply } from "../medical/insurer-commands.ts";
import type { Acquirer } from "./acquirer.ts";
import type { CardStatus } from "./words.ts";

const STATUSES: readonly CardStatus[] = ["good", "lost", "stolen", "restricted", "closed"];

function refused(reason: string): ActReply {
  return { ok: false, reason };
}

function setStatus(acquirer: Acquirer, fields: JsonFields): ActReply {
  const status = STATUSES.find((each) => each === fields["status"]);
  if (status === undefined) return refused(`status is one of ${STATUSES.join(", ")}`);
  return acquirer.setStatus(textField(fields, "account") ?? "", status) ? { ok: true } : refused("there is no such account");
}

function tellBatch(acquirer: Acquirer, fields: JsonFields): ActReply {
  const terminal = textField(fields, "terminal") ?? "";
  const batch = textField(fields, "batch") ?? acquirer.ledger.sessions.of(terminal).batch;
  const { batches } = acquirer.ledger;
  return {
    ok: true,
    batch,
    totals: batches.totals(terminal, batch),
    settlement: batches.settlement(terminal, batch) ?? null,
    differences: batches.settlement(terminal, batch)?.result === "unequal" ? batches.differences(terminal, batch) : [],
  };
}

const ACTS: Readonly<Record<string, (acquirer: Acquirer, fields: JsonFields) => ActReply>> = {
  "set-status": setStatus,
  batch: tellBatch,
  "end-sign-ins": (acquirer) => {
    acquirer.endSignIns();
    return { ok: true };
  },
};

/** One instruction from outside: `{act, account | terminal, status, batch}`. */
export function actAtAcquirer(acquirer: Acquirer, value: unknown): ActReply {
  if (!isFields(value)) return refused("not-an-object");
  const name = textField(value, "act") ?? "";
  const act = Object.hasOwn(ACTS, name) ? ACTS[name] : undefined;
  return act === undefined ? refused(`an act is one of ${Object.keys(ACTS).join(", ")}`) : act(acquirer, value);
}
