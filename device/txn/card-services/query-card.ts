/* Purses and logs as the card tells them. Money in a purse and the insurer's ledger are different things and never stand in one figure. */
import type { Limits } from "../../base/ports.ts";
import { getData } from "../../card/electronic-cash/commands.ts";
import { amountOf } from "../../card/electronic-cash/data.ts";
import { selectElectronicCash } from "../../card/electronic-cash/select.ts";
import { readMedicalLog, selectMedical } from "../../card/medical-purse/commands.ts";
import { readOwnMoney } from "../../card/purse/balance.ts";
import { DEFAULT_PURSE_APPLICATIONS, readBalance, selectPurse } from "../../card/purse/commands.ts";
import { readLog } from "../../card/purse/log.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import type { JsonObject } from "../journal/types.ts";
import type { CardServiceOutcome } from "./acts.ts";
import type { ServedCard, ServiceDesk } from "./desk.ts";
import { refuse } from "./refusals.ts";

/** Records of the medical log that are told. */
const MEDICAL_RECORDS_MAX = 30;
const CASH_BALANCE_TAG = 0x9f79;

export async function purseBalances(desk: ServiceDesk, { channel }: ServedCard, { signal }: Limits): Promise<CardServiceOutcome> {
  const limits = desk.commandLimits(signal);
  const purses = [...(await purseMoney(desk, channel, limits)), ...(await cashMoney(desk, channel, limits))];
  return purses.length === 0 ? refuse("no-purse") : { kind: "done", output: { purses } };
}

async function purseMoney(desk: ServiceDesk, channel: CardChannel, limits: Limits): Promise<readonly JsonObject[]> {
  const selected = await selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, limits);
  if (selected.kind !== "ok") return [];
  const money = await readOwnMoney(channel, { rule: desk.ports.cardProfile.transitBalance, purse: "e-purse" }, limits);
  if (money.kind === "ok") return [{ purse: "e-purse", balanceFen: money.balance, overdrawnFen: money.overdrawn }];
  // A purse without an overdraft does not answer for one.
  const plain = await readBalance(channel, limits);
  return plain.kind === "ok" ? [{ purse: "e-purse", balanceFen: plain.balance, overdrawnFen: 0 }] : [];
}

async function cashMoney(desk: ServiceDesk, channel: CardChannel, limits: Limits): Promise<readonly JsonObject[]> {
  const by = desk.ports.reader.interface === "contactless" ? "contactless" : "contact";
  if ((await selectElectronicCash(channel, { interface: by }, limits)).kind !== "ok") return [];
  const balance = amountOf(await getData(channel, CASH_BALANCE_TAG, limits));
  return balance === undefined ? [] : [{ purse: "electronic-cash", balanceFen: balance }];
}

export async function purseLog(desk: ServiceDesk, { channel }: ServedCard, { signal }: Limits): Promise<CardServiceOutcome> {
  const limits = desk.commandLimits(signal);
  const selected = await selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, limits);
  const log = selected.kind === "ok" ? await readLog(channel, limits) : undefined;
  if (log?.kind !== "ok") return refuse("no-purse");
  const rows = log.entries.map(({ sequence, amount, type, terminalNumber, date, time }) => ({ sequence, amountFen: amount, type, terminalNumber, date, time }));
  return { kind: "done", output: { rows } };
}

/** The medical log is evidence for the insurer, not money: its amounts are no balance. */
export async function medicalLog(desk: ServiceDesk, served: ServedCard, limits: Limits): Promise<CardServiceOutcome> {
  const command = desk.commandLimits(limits.signal);
  const { channel } = served;
  const selected = await selectMedical(channel, command);
  if (selected.kind !== "ok") return refuse("no-medical-log");
  const rows: JsonObject[] = [];
  for (let number = 1; number <= MEDICAL_RECORDS_MAX; number += 1) {
    const answer = await readMedicalLog(channel, { number, logMode: desk.ports.cardProfile.medicalLogMode }, command);
    if (answer.kind === "refused") return refuse(number === 1 && answer.statusWord === 0x6982 ? "pin-needed" : "no-medical-log");
    if (answer.kind === "no-record") break;
    const { sequence, transaction, date, time, account, selfPay, pooled } = answer.entry;
    rows.push({ sequence, what: transaction, date, time, accountFen: account, selfPayFen: selfPay, pooledFen: pooled });
  }
  return { kind: "done", output: { rows } };
}
