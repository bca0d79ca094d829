/*
 * Mistakes of a terminal that are put in on purpose, to see that its world finds them. Some replace a rule of a table; others stand between the
 * head-end and the acquirer and do there what a mistaken terminal would have done by itself, with the keys of both.
 */
import type { Bytes } from "../../../device/base/bytes.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { TerminalRules } from "../../../device/terminal-settings.ts";
import { RECOVERY_RULES } from "../../../device/txn/recovery/recover.ts";
import type { Acquirer } from "../../host/acquirer/acquirer.ts";
import { messageMac } from "../../host/acquirer/ciphers.ts";
import { answeredTpdu, type BankMessage, readMessage, writeMessage } from "../../host/acquirer/message.ts";
import type { TerminalContract } from "../../host/acquirer/request.ts";
import type { Service } from "../../host/head-end.ts";
import { RULE_BUGS } from "./rule-bugs.ts";

interface Between {
  readonly suite: CipherSuite;
  readonly contract: TerminalContract;
  readonly acquirer: Acquirer;
}

type Meddle = (between: Between) => Service;

export interface BankBug {
  readonly rules?: TerminalRules;
  readonly between?: Meddle;
}

function readBody(body: Bytes | undefined): BankMessage | undefined {
  const parsed = body === undefined ? undefined : readMessage(body);
  return parsed?.ok === true ? parsed.message : undefined;
}

/** The message with the MAC that its keys give. */
function sealed({ suite, contract, acquirer }: Between, message: BankMessage): Bytes {
  const { keys } = acquirer.ledger.sessions.of(contract.terminal);
  if (keys === undefined) return writeMessage(message);
  return writeMessage(message, (covered) => messageMac(suite, contract.macForm, { key: keys.mac, covered }));
}

function withFields(message: BankMessage, changes: readonly (readonly [number, string])[]): BankMessage {
  return { ...message, fields: new Map([...message.fields, ...changes]) };
}

/** It takes every reply for one with a right MAC. */
const believesWithoutMac: Meddle = (between) => async (body) => {
  const reply = await between.acquirer.exchange(body);
  const message = readBody(reply);
  return message === undefined || message.type === "0810" ? reply : sealed(between, message);
};

/** It counts a reversal as done and never sends it. */
const forgetsReversals: Meddle = (between) => async (body) => {
  const message = readBody(body);
  if (message?.type !== "0400") return between.acquirer.exchange(body);
  const { tpdu } = message;
  return sealed(between, withFields({ ...message, type: "0410", tpdu: answeredTpdu(tpdu) }, [[39, "00"]]));
};

/** Sent twice means done: it takes 94 for 00, whatever it was said to. */
const takesDuplicateForSuccess: Meddle = (between) => async (body) => {
  const reply = await between.acquirer.exchange(body);
  const message = readBody(reply);
  return message?.fields.get(39) === "94" ? sealed(between, withFields(message, [[39, "00"]])) : reply;
};

const NEW_NUMBER = 500_000;

/** A sale without an answer is sent again under a new number, instead of being reversed. */
const sellsAgainUnderNewNumber: Meddle = (between) => async (body) => {
  const reply = await between.acquirer.exchange(body);
  const message = readBody(body);
  const isSale = message?.type === "0200" && message.fields.get(3) === "000000";
  if (reply !== undefined || message === undefined || !isSale) return reply;
  const stan = message.fields.get(11) ?? "";
  const again = await between.acquirer.exchange(sealed(between, withFields(message, [[11, String((Number(stan) + NEW_NUMBER) % 1_000_000).padStart(6, "0")]])));
  const answered = readBody(again);
  return answered === undefined ? again : sealed(between, withFields(answered, [[11, stan]]));
};

export const BANK_BUGS = {
  "believes-without-mac": { between: believesWithoutMac },
  "forgets-reversals": { between: forgetsReversals },
  "takes-94-for-success": { between: takesDuplicateForSuccess },
  "sells-again-under-new-number": { between: sellsAgainUnderNewNumber },
  /** What was only prepared before a power cut is taken for not sent, so that nothing is reversed. */
  "no-reversal-after-reboot": {
    rules: { recovery: { ...RECOVERY_RULES, "bank-payment": { ...RECOVERY_RULES["bank-payment"], prepared: { state: "void", reason: "restart" } } } },
  },
  ...RULE_BUGS,
} as const satisfies Readonly<Record<string, BankBug>>;

export type BankBugName = keyof typeof BANK_BUGS;

export function isBankBug(name: string): name is BankBugName {
  return Object.hasOwn(BANK_BUGS, name);
}
