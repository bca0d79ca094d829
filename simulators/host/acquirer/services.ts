/* Which service a message asks for: by its type, processing code, condition and the codes of field 60. What is not in a table is not served. */
import { batchUpload, settlement } from "./batch-services.ts";
import { DEFAULT_SM4_TERMS } from "./ciphers.ts";
import { DOWNLOAD_SERVICES } from "./downloads.ts";
import { cashLoad } from "./load-services.ts";
import { balance, sale, withdrawal } from "./payments.ts";
import { purseLoad } from "./purse-loads.ts";
import { type BankRequest, type BankService, fieldOf } from "./request.ts";
import { refund, reversal, voidPayment } from "./returns.ts";
import { echo, signIn, signOff } from "./session-services.ts";
import { offlineSale, scriptResult } from "./uploads.ts";

/** Messages whose type says all. */
const BY_TYPE: Readonly<Record<string, BankService>> = { "0400": reversal, "0500": settlement, "0320": batchUpload };

/** Type and 60.3. */
const BY_NETWORK: Readonly<Record<string, BankService>> = {
  "0800/001": signIn,
  "0800/003": signIn,
  "0800/004": signIn,
  "0820/002": signOff,
  "0800/301": echo,
  "0820/301": echo,
  "0620/951": scriptResult,
  ...DOWNLOAD_SERVICES,
};

/** Type, processing code and 60.1. */
const BY_PROCESSING: Readonly<Record<string, BankService>> = {
  "0200/000000/22": sale,
  "0200/310000/01": balance,
  "0200/200000/23": voidPayment,
  "0220/200000/25": refund,
  "0200/000000/36": offlineSale,
  "0220/000000/36": offlineSale,
};

const LOAD_CONDITION = "91";
/** Type and 60.1 of messages with that condition; their processing codes are not recorded. */
const BY_LOAD: Readonly<Record<string, BankService>> = {
  "0200/45": cashLoad,
  "0200/46": cashLoad,
  "0200/47": cashLoad,
  "0200/40": purseLoad,
  "0200/41": purseLoad,
};

const MANAGEMENT: readonly string[] = ["0800", "0820", "0620"];

function found(table: Readonly<Record<string, BankService>>, key: string): BankService | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** The service for a message, or undefined: 39 = 12. */
export function serviceFor(request: BankRequest, withdrawalCode: string): BankService | undefined {
  const { message, processing, code, network, contract } = request;
  const { type } = message;
  if (type === "0800" && contract.keyLayout === "sm4" && network === (contract.sm4 ?? DEFAULT_SM4_TERMS).network) return signIn;
  if (MANAGEMENT.includes(type)) return found(BY_NETWORK, `${type}/${network}`);
  if (fieldOf(message, 25) === LOAD_CONDITION && type !== "0400") return found(BY_LOAD, `${type}/${code}`);
  if (type === "0200" && withdrawalCode !== "" && processing === withdrawalCode) return withdrawal;
  return found(BY_TYPE, type) ?? found(BY_PROCESSING, `${type}/${processing}/${code}`);
}

/** Types that nobody believes without a MAC. */
const SEALED: readonly string[] = ["0200", "0220", "0400", "0620"];

export function needsMac(type: string): boolean {
  return SEALED.includes(type);
}
