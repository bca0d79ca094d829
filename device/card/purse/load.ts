/*
 * Loading money onto the card (圈存). The terminal only carries the codes: MAC1 goes to the host, whose MAC2 makes the card take the money.
 * Spec: PBOC purse, INITIALIZE FOR LOAD and CREDIT FOR LOAD.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, u8, u32be } from "../../base/bytes.ts";
import { CARD_AMOUNT_MAX } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { command, isOk } from "../../codec/apdu.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange, malformed } from "../dialogue.ts";
import { KEY_INDEX_MAX, PURSE_P2, type PurchaseStart } from "./commands.ts";
import { changeMoney } from "./decisive.ts";
import { LOAD_CODE_LENGTH, LOAD_OPENING_LENGTH, type LoadOpening, type LoadProof, parseLoadOpening, parseLoadProof } from "./load-answers.ts";
import type { CardRefusal } from "./types.ts";

/** What a load begins with: the same as a purchase, with the index of a load key. */
export type LoadStart = PurchaseStart;

/**
 * Opens a load on the card: INITIALIZE FOR LOAD. Nothing is loaded yet. The passbook, and some purses, want the card's PIN first (6982).
 * Faults: those of the channel, "card-answer-malformed".
 */
export async function initializeLoad(channel: CardChannel, start: LoadStart, limits: Limits): Promise<LoadOpening | CardRefusal> {
  const { keyIndex, amount, terminalNumber, purse = "e-purse" } = start;
  assert(amount <= CARD_AMOUNT_MAX && keyIndex <= KEY_INDEX_MAX && terminalNumber.length === 6, "the load fits the command");
  const data = concat(u8(keyIndex), u32be(amount), terminalNumber);
  const answer = await exchange(channel, { cla: 0x80, ins: 0x50, p1: 0x00, p2: PURSE_P2[purse], data, le: LOAD_OPENING_LENGTH }, limits);
  if (!isOk(answer.sw)) return { kind: "refused", statusWord: answer.sw };
  const opening = parseLoadOpening(answer.data);
  if (opening === undefined) throw malformed("INITIALIZE FOR LOAD");
  return opening;
}

export interface LoadCompletion {
  /** 4 bytes BCD YYYYMMDD, as the host put it into MAC2. */
  readonly date: Bytes;
  /** 3 bytes BCD HHMMSS, as the host put it into MAC2. */
  readonly time: Bytes;
  /** 4 bytes, from the host. */
  readonly mac2: Bytes;
}

/**
 * Puts the money onto the card: CREDIT FOR LOAD. It cannot be taken back, and the host has already booked it: whoever gets a fault with
 * unknown effect asks the card with proveLoad. "refused" means that nothing was loaded.
 */
export function creditLoad(channel: CardChannel, completion: LoadCompletion, limits: Limits): Promise<LoadProof | CardRefusal> {
  const { date, time, mac2 } = completion;
  assert(date.length === 4 && time.length === 3 && mac2.length === 4, "the credit fits the command");
  const apdu = command("80 52 00 00", { data: concat(date, time, mac2), le: LOAD_CODE_LENGTH });
  return changeMoney(channel, { what: "CREDIT FOR LOAD", apdu, parse: parseLoadProof }, limits);
}
