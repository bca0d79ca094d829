/*
 * The insurer's side of a load: it checks the card's MAC1, makes MAC2, and checks the TAC. {@link medicalTopUp} plays a whole counter with it,
 * over the specification's own commands.
 */
import { assert } from "../../../device/base/assert.ts";
import { type Bytes, concat, equalBytes, fromHex, readUint, toHex, u32be } from "../../../device/base/bytes.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import {
  type MedicalLoadTerms,
  type MedicalRules,
  medicalLoadMac1Input,
  medicalLoadMac2Input,
  medicalLoadSessionKey,
  medicalLoadTacInput,
  medicalMac,
  medicalTac,
  medicalTypeByte,
} from "../../crypto/medical.ts";
import { verifyCommand } from "../../pinpad/verify-command.ts";
import type { SimulatedCard } from "../card.ts";

/** What the card answered to INITIALIZE FOR LOAD, with what it was asked. */
export interface MedicalLoadOpening {
  readonly balanceFen: number;
  readonly loadSequence: number;
  readonly cardRandom: Bytes;
  readonly mac1: Bytes;
  readonly amountFen: number;
  /** 6 bytes. */
  readonly terminalNumber: Bytes;
}

/** What the host answers: its time and MAC2, the data of CREDIT FOR LOAD. */
export interface MedicalLoadApproval {
  readonly date: Bytes;
  readonly time: Bytes;
  readonly mac2: Bytes;
}

/** One card's load keys at the host. */
export interface MedicalLoadKeys {
  readonly dlk: Bytes;
  readonly dtk: Bytes;
}

/** The host's answer to a load, or undefined when MAC1 is not this card's. `at` is the host's time in BCD. Spec: LD/T 32.5, 7. */
export function approveMedicalLoad(
  rules: MedicalRules,
  keys: MedicalLoadKeys,
  request: MedicalLoadOpening & { readonly at: { readonly date: Bytes; readonly time: Bytes } },
): MedicalLoadApproval | undefined {
  const key = medicalLoadSessionKey(rules, keys.dlk, request);
  const terms = loadTerms(rules, request);
  if (!equalBytes(medicalMac(rules, key, medicalLoadMac1Input(request.balanceFen, terms)), request.mac1)) return undefined;
  return { ...request.at, mac2: medicalMac(rules, key, medicalLoadMac2Input(terms)) };
}

/** The TAC that the card must have given for this load. */
export function medicalLoadTac(
  rules: MedicalRules,
  keys: MedicalLoadKeys,
  load: Omit<MedicalLoadOpening, "mac1" | "cardRandom"> & { readonly at: { readonly date: Bytes; readonly time: Bytes } },
): Bytes {
  const state = { balanceBeforeFen: load.balanceFen, sequenceBefore: load.loadSequence };
  return medicalTac(rules, keys.dtk, medicalLoadTacInput(rules.profile, state, loadTerms(rules, load)));
}

function loadTerms(
  rules: MedicalRules,
  load: Pick<MedicalLoadOpening, "amountFen" | "terminalNumber"> & { readonly at: { readonly date: Bytes; readonly time: Bytes } },
): MedicalLoadTerms {
  return { amountFen: load.amountFen, terminalNumber: load.terminalNumber, ...load.at, type: medicalTypeByte(rules.profile, "load") };
}

/** Reads the 16 bytes that INITIALIZE FOR LOAD answers. */
export function medicalLoadOpening(asked: { readonly amountFen: number; readonly terminalNumber: Bytes }, answer: Bytes): MedicalLoadOpening {
  assert(answer.length === 16, "the answer has the length of its fields");
  const card = { balanceFen: readUint(answer, 0, 4), loadSequence: readUint(answer, 4, 2), cardRandom: answer.slice(8, 12), mac1: answer.slice(12, 16) };
  return { ...asked, ...card };
}

export interface MedicalTopUp {
  readonly amountFen: number;
  /** 12 digits of the counter's own terminal. */
  readonly terminalNumber?: string;
  /** YYYYMMDD and HHMMSS. */
  readonly date?: string;
  readonly time?: string;
  /** Digits of the holder's PIN, where one is set. */
  readonly pin?: string;
}

/** Sends a command, follows 61xx, and gives the data of an answer that must be 9000. */
function exchange(card: SimulatedCard, command: Bytes): Bytes {
  const first = card.transmit(command);
  const answer = first.length === 2 && first[0] === 0x61 ? card.transmit(concat(fromHex("00C00000"), first.slice(1))) : first;
  assert(toHex(answer.slice(-2)) === "9000", `the card takes part in the load (it answered ${toHex(answer.slice(-2))})`);
  return answer.slice(0, -2);
}

/** Keys of a simulated card, as the insurer's host has them. */
export function medicalLoadKeysOf(card: SimulatedCard): MedicalLoadKeys {
  const { medicalPurse } = card.personalization;
  assert(medicalPurse !== undefined, "the card has a medical purse");
  return { dlk: fromHex(medicalPurse.dlkHex), dtk: fromHex(medicalPurse.dtkHex) };
}

/** Loads the medical purse of a card, which is powered down afterwards; gives the TAC, which has been checked. */
export function medicalTopUp(suite: CipherSuite, card: SimulatedCard, load: MedicalTopUp): Bytes {
  const { social, profile } = card.personalization;
  const rules: MedicalRules = { suite, algorithm: social.algorithm, profile };
  const keys = medicalLoadKeysOf(card);
  const asked = { amountFen: load.amountFen, terminalNumber: fromHex(load.terminalNumber ?? "990100999999") };
  const at = { date: fromHex(load.date ?? "20260101"), time: fromHex(load.time ?? "080000") };
  card.powerUp();
  exchange(card, fromHex("00A4040006D15600000503"));
  if (load.pin !== undefined) exchange(card, verifyCommand(fromHex("00200000"), load.pin));
  const answer = exchange(card, concat(fromHex("B02800010B01"), u32be(asked.amountFen), asked.terminalNumber, fromHex("10")));
  const opening = medicalLoadOpening(asked, answer);
  const approval = approveMedicalLoad(rules, keys, { ...opening, at });
  assert(approval !== undefined, "the card's MAC1 is right");
  const tac = exchange(card, concat(fromHex("B02A00000B"), approval.date, approval.time, approval.mac2, fromHex("04")));
  assert(equalBytes(tac, medicalLoadTac(rules, keys, { ...opening, at })), "the card's TAC is right");
  card.powerDown();
  return tac;
}
