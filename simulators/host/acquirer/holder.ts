/* Who pays: whether the account is there, may be used, and whether its holder has proved to be its holder. Each refusal is a code of field 39. */
import { fromHex } from "../../../device/base/bytes.ts";
import { cipherOf, decipherPin } from "./ciphers.ts";
import { PIN_TRIES } from "./ledger.ts";
import { type BankContext, type BankRequest, fieldOf } from "./request.ts";
import type { Account, CardStatus } from "./words.ts";

const CODE_OF_STATUS: Readonly<Record<Exclude<CardStatus, "good">, string>> = { lost: "41", stolen: "43", restricted: "62", closed: "14" };

/** The account that may be used, or what is said instead. */
export function usableAccount({ ledger }: BankContext, { pan }: BankRequest): Account | string {
  const account = pan === "" ? undefined : ledger.account(pan);
  if (account === undefined) return "14";
  return account.status === "good" ? account : CODE_OF_STATUS[account.status];
}

/** What is said to a PIN that is wrong, missing or blocked; undefined where the holder is the holder. */
export function pinRefusal(context: BankContext, request: BankRequest, needed: boolean): string | undefined {
  const { ledger, suite } = context;
  const { message, session, pan, contract } = request;
  const account = ledger.account(pan);
  const block = fieldOf(message, 52);
  if (block === "") return needed ? "55" : undefined;
  if (account === undefined || session.keys === undefined) return "99";
  if (account.triesLeft === 0) return "75";
  const pin = decipherPin(suite, session.keys.pin, { block: fromHex(block), account: pan, cipher: cipherOf(contract.keyLayout) });
  if (pin === undefined) return "99";
  if (pin === account.pin) {
    if (account.triesLeft < PIN_TRIES) ledger.setTriesLeft(pan, PIN_TRIES);
    return undefined;
  }
  ledger.setTriesLeft(pan, account.triesLeft - 1);
  return account.triesLeft === 1 ? "75" : "55";
}
