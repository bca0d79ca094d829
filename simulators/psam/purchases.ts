/*
 * Purchases of both purses at the module: INIT SAM FOR PURCHASE draws the terminal's sequence and makes MAC1, CREDIT SAM FOR PURCHASE checks the
 * card's MAC2, once, as the very next command.
 */
import { type Bytes, concat, equalBytes, fromHex, readUint, u32be } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { type Answer, type Command, ok, refuse, SW } from "../card/iso.ts";
import type { KeyAlgorithm } from "../crypto/blocks.ts";
import { medicalMac, medicalPurchaseMac1Input, medicalPurchaseMac2Input, medicalPurchaseSessionKey } from "../crypto/medical.ts";
import { diversifyPurseByFactors, purchaseMac1Input, purchaseMac2Input, purchaseSessionKey, purseMac } from "../crypto/purse.ts";
import { deriveSocialKey } from "../crypto/test-keys.ts";
import { KEY_TYPE } from "./key-table.ts";
import { factorsOf } from "./sessions.ts";
import type { PsamFaults, PsamKey, PsamPersonalization } from "./state.ts";

/** Length of the fields before the factors. */
const PURSE_FIELDS = 0x14;
const MEDICAL_FIELDS = 0x1c;
const TYPE_COMPOUND = 0x09;
const AUTHENTICATION_CODE = 9;
/** The environment that is selected does not have the algorithm that the card names. */
const ALGORITHM_NOT_SUPPORTED = 0x6a81;

/** What the module lends to a purchase. */
export interface PurchaseDesk {
  readonly suite: CipherSuite;
  readonly personalization: PsamPersonalization;
  readonly faults: PsamFaults;
  /** Uses up one terminal transaction sequence. */
  drawSequence(): number;
}

/** An opened purchase, as far as CREDIT SAM needs it. */
export interface OpenedPurchase {
  readonly expectedMac2: Bytes;
}

/** The answer to INIT SAM, and what it opened when it is a success. */
export interface Opening {
  readonly answer: Answer;
  readonly purchase?: OpenedPurchase;
}

type KeySearch = { readonly ok: true; readonly key: PsamKey } | { readonly ok: false; readonly answer: Answer };

function algorithmOf(desk: PurchaseDesk, byte: number | undefined): KeyAlgorithm | undefined {
  if (byte === 0x00) return "3des";
  return byte === desk.personalization.profile.psamAlgByteSm4 ? "sm4" : undefined;
}

function findKey(
  desk: PurchaseDesk,
  wanted: { readonly application: PsamKey["application"]; readonly algorithm: KeyAlgorithm; readonly version: number },
): KeySearch {
  const { application, algorithm, version } = wanted;
  const { keys } = desk.personalization;
  const key = keys.find((each) => each.application === application && each.algorithm === algorithm && each.type === KEY_TYPE.purchase && each.id === version);
  if (key === undefined) return { ok: false, answer: refuse(SW.keyNotFound) };
  return desk.faults.locked || key.locked === true ? { ok: false, answer: refuse(SW.locked) } : { ok: true, key };
}

function opened(desk: PurchaseDesk, made: { readonly terminalSequence: number; readonly mac1: Bytes; readonly purchase: OpenedPurchase }): Opening {
  const mac1 = desk.faults.wrongMac1 ? made.mac1.map((byte) => byte ^ 0xff) : made.mac1;
  return { answer: ok(concat(u32be(made.terminalSequence), mac1)), purchase: made.purchase };
}

/** Splits what stands behind the fields into factors and authentication code; undefined when the length fits neither. */
function splitPurseTail(desk: PurchaseDesk, data: Bytes): { readonly factors: Bytes; readonly code: Bytes } | undefined {
  const tail = data.slice(PURSE_FIELDS);
  const rule = desk.personalization.profile.cappAuthSuffix;
  const compound = data[10] === TYPE_COMPOUND;
  if (tail.length % 8 === 0) return compound && rule === "mohurd9" ? undefined : { factors: tail, code: new Uint8Array(0) };
  const coded = compound && rule !== "none" && tail.length >= AUTHENTICATION_CODE && (tail.length - AUTHENTICATION_CODE) % 8 === 0;
  return coded ? { factors: tail.slice(0, -AUTHENTICATION_CODE), code: tail.slice(-AUTHENTICATION_CODE) } : undefined;
}

/** INIT SAM FOR PURCHASE of the e-purse (80 70 00 00). Spec: PBOC purse, PSAM; CJ/T 166, compound purchase. */
export function openPursePurchase(desk: PurchaseDesk, data: Bytes): Opening {
  const tail = data.length < PURSE_FIELDS ? undefined : splitPurseTail(desk, data);
  if (tail === undefined) return { answer: refuse(SW.wrongLength) };
  const algorithm = algorithmOf(desk, data[0x13]);
  if (desk.faults.locked) return { answer: refuse(SW.locked) };
  if (algorithm === undefined) return { answer: refuse(SW.keyNotFound) };
  const found = findKey(desk, { application: "purse", algorithm, version: data[0x12] ?? 0 });
  if (!found.ok) return { answer: found.answer };
  const { key } = found;
  if (tail.factors.length / 8 !== key.level) return { answer: refuse(SW.wrongData) };
  const rules = { suite: desk.suite, algorithm, profile: desk.personalization.profile };
  const cardKey = diversifyPurseByFactors(rules, fromHex(key.keyHex), factorsOf(tail.factors, key.level));
  const terminalSequence = desk.drawSequence();
  const session = purchaseSessionKey(rules, cardKey, { cardRandom: data.slice(0, 4), cardSequence: readUint(data, 4, 2), terminalSequence });
  const amountFen = readUint(data, 6, 4);
  const terminalNumber = fromHex(desk.personalization.terminalNumber);
  const terms = { amountFen, type: data[10] ?? 0, terminalNumber, date: data.slice(11, 15), time: data.slice(15, 18) };
  const mac1 = purseMac(rules, session, concat(purchaseMac1Input(terms), tail.code));
  const expectedMac2 = purseMac(rules, session, purchaseMac2Input(amountFen));
  return opened(desk, { terminalSequence, mac1, purchase: { expectedMac2 } });
}

/** INIT SAM FOR PURCHASE of the medical purse (80 70 01 00) in the environment of `algorithm`. Spec: LD/T 32.9, INIT SAM FOR PURCHASE. */
export function openMedicalPurchase(desk: PurchaseDesk, data: Bytes, algorithm: KeyAlgorithm): Opening {
  if (data.length < MEDICAL_FIELDS || (data.length - MEDICAL_FIELDS) % 8 !== 0) return { answer: refuse(SW.wrongLength) };
  if (algorithmOf(desk, data[27]) !== algorithm) return { answer: refuse(ALGORITHM_NOT_SUPPORTED) };
  const found = findKey(desk, { application: "social", algorithm, version: data[26] ?? 0 });
  if (!found.ok) return { answer: found.answer };
  const { key } = found;
  const factors = data.slice(MEDICAL_FIELDS);
  if (factors.length / 8 !== key.level) return { answer: refuse(SW.wrongData) };
  const { profile, terminalNumber } = desk.personalization;
  const rules = { suite: desk.suite, algorithm, profile };
  const cardKey = deriveSocialKey(desk.suite, algorithm, { key: fromHex(key.keyHex), factors: factorsOf(factors, key.level) });
  const terminalSequence = desk.drawSequence();
  const session = medicalPurchaseSessionKey(rules, cardKey, { cardRandom: data.slice(0, 4), cardSequence: readUint(data, 4, 2), terminalSequence });
  const terms = {
    accountFen: readUint(data, 6, 4),
    selfPayFen: readUint(data, 10, 4),
    pooledFen: readUint(data, 14, 4),
    type: data[18] ?? 0,
    terminalNumber: fromHex(terminalNumber),
    date: data.slice(19, 23),
    time: data.slice(23, 26),
  };
  const mac1 = medicalMac(rules, session, medicalPurchaseMac1Input(terms));
  const expectedMac2 = medicalMac(rules, session, medicalPurchaseMac2Input(terms));
  return opened(desk, { terminalSequence, mac1, purchase: { expectedMac2 } });
}

/** CREDIT SAM FOR PURCHASE: checks the card's MAC2. Spec: LD/T 32.9, CREDIT SAM FOR PURCHASE. */
export function creditPurchase(desk: PurchaseDesk, command: Command, purchase: OpenedPurchase | undefined): Answer {
  if (purchase === undefined) return refuse(SW.notAcceptable);
  if (command.p1 !== 0 || command.p2 !== 0) return refuse(SW.wrongP1P2);
  if (command.data.length !== 4) return refuse(SW.wrongLength);
  if (equalBytes(purchase.expectedMac2, command.data)) return ok();
  return refuse(desk.personalization.profile.psamCreditError === "63CF" ? 0x63cf : SW.wrongMac);
}
