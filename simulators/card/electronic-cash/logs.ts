/* Both logs of a bank application, and the ground truth beside them. Spec: JR/T 0025, transaction log and load log. */
import { type Bytes, concat, toHex, u16be } from "../../../device/base/bytes.ts";
import { numberToBcd } from "../../../device/codec/bcd.ts";
import type { CardDebit, CardLoad } from "../state.ts";
import { LOAD_LOG_LIST, LOG_LIST, type Sent, sentOr0, TAG, valuesOf } from "./dol.ts";

/** A bank application knows terminals by nothing that it keeps. */
const NO_TERMINAL = "000000000000";

/** A record of the payment log. */
export function loggedPayment(sent: Sent, counter: number): Bytes {
  return valuesOf(LOG_LIST, new Map([...sent, [TAG.counter, u16be(counter)]]));
}

function when(sent: Sent): { readonly date: string; readonly time: string } {
  return { date: `20${toHex(sentOr0(sent, [TAG.date, 3]))}`, time: toHex(sentOr0(sent, [TAG.time, 3])) };
}

/** What checkers compare terminals and hosts with. */
export function debitRecord(sent: Sent, payment: { readonly counter: number; readonly amountFen: number; readonly cryptogram: Bytes }): CardDebit {
  return {
    purse: "electronic-cash",
    unpredictableNumber: toHex(sentOr0(sent, [TAG.unpredictableNumber, 4])),
    amountFen: payment.amountFen,
    terminalNumber: NO_TERMINAL,
    terminalSeq: 0,
    ...when(sent),
    cardSeqBefore: payment.counter,
    tac: toHex(payment.cryptogram.slice(0, 4)),
  };
}

/** What an issuer script changed of the balance. */
export interface LoadedAmounts {
  readonly beforeFen: number;
  readonly afterFen: number;
  readonly counter: number;
  /** 4 bytes: the MAC of the script that did it. */
  readonly mac: Bytes;
}

/** A record of the load log: the tag that was changed, its value before and after, then who and when. */
export function loggedLoad(sent: Sent, load: LoadedAmounts): Bytes {
  const { beforeFen, afterFen, counter } = load;
  return concat(
    Uint8Array.of(0x9f, 0x79),
    numberToBcd(beforeFen, 6),
    numberToBcd(afterFen, 6),
    valuesOf(LOAD_LOG_LIST, new Map([...sent, [TAG.counter, u16be(counter)]])),
  );
}

/** `amountFen` is negative where the issuer took money back. */
export function loadRecord(sent: Sent, load: LoadedAmounts): CardLoad {
  return {
    purse: "electronic-cash",
    amountFen: load.afterFen - load.beforeFen,
    terminalNumber: NO_TERMINAL,
    ...when(sent),
    onlineSeqBefore: load.counter,
    tac: toHex(load.mac),
  };
}
