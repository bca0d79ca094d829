/* Commands of the medical purse that many cases send; MACs of zeros are never the right ones. */
import { toHex, u8 } from "../../../device/base/bytes.ts";
import { SELECT_MEDICAL, type Step } from "../script.ts";

export const TERMINAL = "990100000001";
const amount = (fen: number) => fen.toString(16).padStart(8, "0");
export const initialize = (account: number, more: { readonly selfPay?: number; readonly pooled?: number; readonly index?: number } = {}) =>
  `B028010113 ${toHex(u8(more.index ?? 1))} ${amount(account)} ${amount(more.selfPay ?? 0)} ${amount(more.pooled ?? 0)} ${TERMINAL} 16`;
export const INITIALIZE = initialize(1);
export const INITIALIZE_LOAD = `B02800010B 01 00000001 ${TERMINAL} 10`;
export const DEBIT_ZERO_MAC = "B02C01000F 00000001 20261121 101500 00000000 08";
export const CREDIT_ZERO_MAC = "B02A00000B 20261121 101500 00000000 04";
export const PROVE = "B02E003202 0000 08";
export const ACCOUNT = "B026000104";
export const READ_LOG = "00B201441C";
export const SELECTED: Step = [SELECT_MEDICAL, "*9000"];
