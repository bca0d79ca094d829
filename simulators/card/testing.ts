/* A terminal in raw bytes, for tests of the card and the module: no product code takes part. */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, fromHex, readUint, toHex, u8, u16be, u32be } from "../../device/base/bytes.ts";
import type { CardModule } from "./card.ts";

export const PURSE_SELECT = "00A4040008A00000063201010500";
export const PSAM_SELECT = "00A4000002801100";

/** Sends hexadecimal text and gives the answer as lower-case hexadecimal text; follows 61xx. */
export function send(module: CardModule, commandHex: string): string {
  const answer = toHex(module.transmit(fromHex(commandHex)));
  if (!answer.startsWith("61") || answer.length !== 4) return answer;
  return toHex(module.transmit(fromHex(`00C00000${answer.slice(2)}`)));
}

/** The data of an answer that must be 9000. */
export function expectOk(module: CardModule, commandHex: string): Bytes {
  const answer = send(module, commandHex);
  assert(answer.endsWith("9000"), `${commandHex.slice(0, 8)} answered ${answer.slice(-4)}`);
  return fromHex(answer.slice(0, -4));
}

export interface OpenedPurchase {
  readonly amountFen: number;
  readonly cardSeq: number;
  readonly terminalSeq: number;
  /** The whole DEBIT FOR PURCHASE command. */
  readonly debitHex: string;
}

const DATE_TIME = fromHex("20260102 030405");

/** Powers both, selects the purse on both, and opens a purchase up to MAC1. `level` is the number of factors. */
export function openPurchase(card: CardModule, psam: CardModule, options: { readonly amountFen: number; readonly level: 1 | 2 | 3 }): OpenedPurchase {
  card.powerUp();
  psam.powerUp();
  expectOk(card, PURSE_SELECT);
  expectOk(psam, PSAM_SELECT);
  const terminalNumber = expectOk(psam, "00B0960006");
  const publicData = expectOk(card, "00B095001E");
  const { amountFen, level } = options;
  const opened = expectOk(card, toHex(concat(fromHex("805001020B01"), u32be(amountFen), terminalNumber, fromHex("0F"))));
  const province = concat(
    Uint8Array.from(toHex(publicData).slice(0, 2), (digit) => digit.charCodeAt(0)),
    fromHex("303030307368"),
  );
  const factors = [publicData.slice(12, 20), publicData.slice(0, 8), province].slice(0, level);
  const body = concat(opened.slice(11, 15), opened.slice(4, 6), u32be(amountFen), u8(6), DATE_TIME, opened.slice(9, 11), ...factors);
  const sam = expectOk(psam, toHex(concat(fromHex("80700000"), u8(body.length), body, fromHex("08"))));
  const debit = concat(fromHex("805401000F"), sam.slice(0, 4), DATE_TIME, sam.slice(4, 8), fromHex("08"));
  return { amountFen, cardSeq: readUint(opened, 4, 2), terminalSeq: readUint(sam, 0, 4), debitHex: toHex(debit) };
}

/** DEBIT, then CREDIT SAM; gives TAC and MAC2. */
export function finishPurchase(card: CardModule, psam: CardModule, purchase: OpenedPurchase): { readonly tac: Bytes; readonly mac2: Bytes } {
  const answer = expectOk(card, purchase.debitHex);
  const mac2 = answer.slice(4, 8);
  expectOk(psam, `8072000004${toHex(mac2)}`);
  return { tac: answer.slice(0, 4), mac2 };
}

/** GET TRANSACTION PROVE for a purchase. */
export function proveHex(seq: number): string {
  return `805A000602${toHex(u16be(seq))}08`;
}
