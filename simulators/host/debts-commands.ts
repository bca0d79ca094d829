/* What a running host can be told about rides that are charged later: money on accounts, declines, tries, payments, and what is owed. */
import { fen } from "../../device/base/fen.ts";
import { countField, isFields, type JsonFields, textField } from "./canonical.ts";
import type { ChargeDesk } from "./debts.ts";

type Reply = { readonly [name: string]: unknown };

const ACT_NAMES = ["charge", "resubmit", "fund", "pay", "decline-next", "decline-account", "allow-account", "totals", "debts"] as const;

function refused(reason: string): Reply {
  return { ok: false, reason };
}

function accountOf(fields: JsonFields): string | undefined {
  const account = textField(fields, "account");
  return account !== undefined && /^\d{12,19}$/.test(account) ? account : undefined;
}

/** Acts that name an account. */
function actOnAccount(desk: ChargeDesk, act: "fund" | "pay" | "decline-account" | "allow-account", fields: JsonFields): Reply {
  const account = accountOf(fields);
  if (account === undefined) return refused("account takes 12 to 19 digits");
  if (act === "decline-account" || act === "allow-account") {
    const { declinedAccounts } = desk.faults;
    if (act === "decline-account") declinedAccounts.add(account);
    else declinedAccounts.delete(account);
    return { ok: true };
  }
  const amount = countField(fields, "fen");
  if (amount === undefined) return refused("fen takes a number of at least 0");
  if (act === "pay") return { ok: true, taken: desk.pay(account, fen(amount)) };
  desk.fund(account, fen(amount));
  return { ok: true, funds: desk.fundsOf(account) };
}

/** `set` is `{act, account?, fen?, count?}`; an unknown act is refused with the names of all. */
export function actAtChargeDesk(desk: ChargeDesk, set: unknown): Reply {
  if (!isFields(set)) return refused("set takes an object");
  const act = ACT_NAMES.find((name) => name === textField(set, "act"));
  switch (act) {
    case "charge":
      return { ok: true, ...desk.chargeWaiting() };
    case "resubmit":
      return { ok: true, ...desk.resubmit() };
    case "totals":
      return { ok: true, totals: desk.totals() };
    case "debts":
      return { ok: true, entries: desk.listEntries() };
    case "decline-next":
      desk.faults.declineNextCharges = countField(set, "count") ?? 1;
      return { ok: true };
    case undefined:
      return refused(`act is one of ${ACT_NAMES.join(", ")}`);
    case "fund":
    case "pay":
    case "decline-account":
    case "allow-account":
      return actOnAccount(desk, act, set);
  }
}
