/* Commands of the issuer, protected by MACs that are bound to one transaction. Spec: JR/T 0025, issuer scripts. */
import { type Bytes, concat, equalBytes, fromHex, toHex, u8 } from "../../../device/base/bytes.ts";
import { bcdToDigits } from "../../../device/codec/bcd.ts";
import { parseTlv } from "../../../device/codec/tlv.ts";
import { bankSessionKey, scriptMac } from "../../crypto/bank.ts";
import { blockBytes } from "../../crypto/blocks.ts";
import { type Command, ok, SW } from "../iso.ts";
import { rulesOf } from "./cryptogram.ts";
import { PIN_TRIES } from "./full.ts";
import { loadRecord, loggedLoad } from "./logs.ts";
import { personalizedRecord } from "./records.ts";
import { BANK_SW, type Bank, type Commit, refused, type Session, type Step } from "./session.ts";
import type { ElectronicCashMemory } from "./state.ts";

const MAC = 4;
const SCRIPTS_MAX = 15;
const AMOUNT = 6;
const BALANCE_TAG = 0x9f79;

/** A script command that the issuer has made: its data without the MAC, and the MAC. */
interface Script {
  readonly command: Command;
  readonly data: Bytes;
  readonly mac: Bytes;
}

/** What a script would change, or the status word that refuses it. */
type Change = { readonly kind: "change"; readonly commit: Commit } | { readonly kind: "refused"; readonly sw: number };

function change(bank: Partial<ElectronicCashMemory>, more: Omit<Commit, "bank"> = {}): Change {
  return { kind: "change", commit: { bank, ...more } };
}

function refusal(sw: number): Change {
  return { kind: "refused", sw };
}

/** Checks the MAC, carries the script out and counts it. Scripts are taken after a first cryptogram that asked the issuer or declined. */
export function runScript(bank: Bank, session: Session, command: Command): Step {
  const first = session.full?.first;
  if (first === undefined || first.outcome === "approved") return refused(SW.conditionsNotSatisfied);
  if (command.data.length < MAC) return refused(SW.wrongLength);
  const { rules, keys } = rulesOf(bank, session.kind);
  const { memory } = bank;
  const header = concat(u8(command.cla), u8(command.ins), u8(command.p1), u8(command.p2), u8(command.data.length));
  const [data, mac] = [command.data.slice(0, -MAC), command.data.slice(-MAC)];
  const key = bankSessionKey(rules, fromHex(keys.macHex), memory.atc);
  const expected = scriptMac(rules, key, { counter: memory.atc, cryptogram: first.cryptogram, header, data });
  const failed = { commit: { bank: { scriptFailed: true } } };
  if (!equalBytes(expected, mac)) return { ...refused(BANK_SW.wrongMac), ...failed };
  const outcome = carryOut(bank, session, { command, data, mac });
  if (outcome.kind === "refused") return { ...refused(outcome.sw), ...failed };
  const scriptsCounted = Math.min(SCRIPTS_MAX, memory.scriptsCounted + 1);
  return { answer: ok(), commit: { ...outcome.commit, bank: { ...outcome.commit.bank, scriptsCounted } } };
}

function carryOut(bank: Bank, session: Session, script: Script): Change {
  const { ins, p1, p2 } = script.command;
  const bare = p1 === 0x00 && p2 === 0x00 && script.data.length === 0;
  switch (ins) {
    case 0xda:
      return putData(bank, session, script);
    case 0xdc:
      return updateRecord(bank, script);
    case 0x24:
      return changePin(bank, session, script);
    case 0x1e:
      return bare ? change({ applicationBlocked: true }) : refusal(SW.wrongP1P2);
    case 0x18:
      return bare ? change({ applicationBlocked: false }) : refusal(SW.wrongP1P2);
    case 0x16:
      return bare ? change({}, { cardBlocked: true }) : refusal(SW.wrongP1P2);
    default:
      return refusal(SW.unknownInstruction);
  }
}

const LIMITS: ReadonlyMap<number, "balanceLimitFen" | "singleLimitFen" | "resetThresholdFen"> = new Map([
  [0x9f77, "balanceLimitFen" as const],
  [0x9f78, "singleLimitFen" as const],
  [0x9f6d, "resetThresholdFen" as const],
]);

/** PUT DATA: the balance or one of its limits. A balance needs the issuer's own word before. */
function putData(bank: Bank, session: Session, { command, data, mac }: Script): Change {
  const tag = (command.p1 << 8) | command.p2;
  const name = LIMITS.get(tag);
  if (name === undefined && tag !== BALANCE_TAG) return refusal(SW.keyNotFound);
  const parsed = bcdToDigits(data);
  if (data.length !== AMOUNT) return refusal(SW.wrongLength);
  if (!parsed.ok || parsed.digits.length !== AMOUNT * 2) return refusal(SW.wrongData);
  const amountFen = Number(parsed.digits);
  return name === undefined ? load(bank, session, { amountFen, mac }) : change({ [name]: amountFen });
}

function load(bank: Bank, session: Session, wanted: { readonly amountFen: number; readonly mac: Bytes }): Change {
  const { memory, data } = bank;
  if (session.full?.issuer !== "genuine") return refusal(SW.conditionsNotSatisfied);
  if (wanted.amountFen > memory.balanceLimitFen) return refusal(SW.wrongData);
  const amounts = { beforeFen: memory.balanceFen, afterFen: wanted.amountFen, counter: memory.atc, mac: wanted.mac };
  const loadLog = [toHex(loggedLoad(session.sent, amounts)), ...memory.loadLog].slice(0, data.loadLogRecords);
  return change({ balanceFen: wanted.amountFen, loadLog }, { load: loadRecord(session.sent, amounts) });
}

/** UPDATE RECORD by number: a record that is there, by another of the same form. */
function updateRecord(bank: Bank, { command, data }: Script): Change {
  if ((command.p2 & 0x07) !== 0x04 || command.p1 === 0) return refusal(SW.wrongP1P2);
  const sfi = command.p2 >>> 3;
  const there = personalizedRecord(bank.core.suite, bank.data, { sfi, record: command.p1, faults: bank.core.faults });
  if (there === undefined) return refusal(SW.recordNotFound);
  const parsed = parseTlv(data);
  if (!parsed.ok || parsed.items.length !== 1 || parsed.items[0]?.tag !== 0x70) return refusal(SW.wrongData);
  return change({ replacedRecords: { ...bank.memory.replacedRecords, [`${sfi}-${command.p1}`]: toHex(data) } });
}

/** PIN CHANGE/UNBLOCK: without data the tries come back; with data the enciphered block of a new PIN. */
function changePin(bank: Bank, session: Session, { command, data }: Script): Change {
  if (command.p1 !== 0x00 || (command.p2 !== 0x00 && command.p2 !== 0x02)) return refusal(SW.wrongP1P2);
  if (bank.memory.pin === undefined) return refusal(SW.conditionsNotSatisfied);
  if (command.p2 === 0x00) return data.length === 0 ? change({ pinTriesLeft: PIN_TRIES }) : refusal(SW.wrongLength);
  const { rules, keys } = rulesOf(bank, session.kind);
  if (data.length !== 16) return refusal(SW.wrongLength);
  const handle = rules.suite.secretKey(bankSessionKey(rules, fromHex(keys.encryptionHex), bank.memory.atc));
  const plain = blockBytes(rules.algorithm) === 16 ? rules.suite.sm4Decrypt(handle, data) : rules.suite.tdesDecrypt(handle, data);
  const pin = pinOf(plain);
  return pin === undefined ? refusal(SW.wrongData) : change({ pin, pinTriesLeft: PIN_TRIES });
}

/** The PIN in 08 ‖ block ‖ 80 00…; undefined when it is none. */
function pinOf(plain: Bytes): string | undefined {
  if (plain[0] !== 0x08 || !equalBytes(plain.slice(9), fromHex("80000000000000"))) return undefined;
  const [, length = "", digits = ""] = /^2([4-c])(\d{4,12})f*$/.exec(toHex(plain.slice(1, 9))) ?? [];
  return digits.length === Number.parseInt(length, 16) ? digits : undefined;
}
