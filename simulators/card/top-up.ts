/* The loading counter of a bank or transit company: puts money on a card by the specification's own commands. */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, fromHex, readUint, toHex, u32be } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { loadMac1Input, loadMac2Input, loadSessionKey, type PurchaseTerms, purseMac } from "../crypto/purse.ts";
import { testPurseCardKey } from "../crypto/test-keys.ts";
import type { SimulatedCard } from "./card.ts";

export interface TopUp {
  readonly amountFen: number;
  /** 12 digits of the counter's own terminal. */
  readonly terminalNumber?: string;
  /** YYYYMMDD and HHMMSS. */
  readonly date?: string;
  readonly time?: string;
}

/** Sends a command, follows 61xx, and gives the data, which must have the expected length unless that is left open. */
function exchange(card: SimulatedCard, command: Bytes, length?: number): Bytes {
  const first = card.transmit(command);
  const answer = first.length === 2 && first[0] === 0x61 ? card.transmit(concat(fromHex("00C00000"), first.slice(1))) : first;
  assert(toHex(answer.slice(-2)) === "9000", `the card takes part in the load (it answered ${toHex(answer.slice(-2))})`);
  assert(length === undefined || answer.length === length + 2, "the answer has the length of its fields");
  return answer.slice(0, -2);
}

/** Loads a card; it is powered down afterwards. */
export function topUp(suite: CipherSuite, card: SimulatedCard, load: TopUp): void {
  const { purse, profile } = card.personalization;
  const rules = { suite, algorithm: purse.algorithm, profile };
  const terms: PurchaseTerms = {
    amountFen: load.amountFen,
    type: 0x02,
    terminalNumber: fromHex(load.terminalNumber ?? "990100999999"),
    date: fromHex(load.date ?? "20260101"),
    time: fromHex(load.time ?? "080000"),
  };
  card.powerUp();
  const aid = fromHex(purse.aidHex);
  exchange(card, concat(fromHex("00A40400"), Uint8Array.of(aid.length), aid));
  const opened = exchange(card, concat(fromHex("805000020B"), Uint8Array.of(purse.keyIndex), u32be(terms.amountFen), terms.terminalNumber), 16);
  const dlk = testPurseCardKey(rules, "purse-dlk", { issuer: fromHex(purse.issuerHex), serial: fromHex(purse.serialHex) });
  const key = loadSessionKey(rules, dlk, { cardRandom: opened.slice(8, 12), onlineSequence: readUint(opened, 4, 2) });
  const mac1 = purseMac(rules, key, loadMac1Input(readUint(opened, 0, 4), terms));
  assert(toHex(mac1) === toHex(opened.slice(12, 16)), "the card's MAC1 is right");
  const mac2 = purseMac(rules, key, loadMac2Input(terms));
  exchange(card, concat(fromHex("805200000B"), terms.date, terms.time, mac2), 4);
  card.powerDown();
}
