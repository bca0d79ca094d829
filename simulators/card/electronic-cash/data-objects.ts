/* Data objects that GET DATA gives out. Spec: JR/T 0025, GET DATA. */
import { type Bytes, fromHex, u8, u16be } from "../../../device/base/bytes.ts";
import { numberToBcd } from "../../../device/codec/bcd.ts";
import { buildTlv } from "../../../device/codec/tlv.ts";
import { type Command, ok, SW } from "../iso.ts";
import { LOAD_LOG_SFI, LOG_SFI, logFormat } from "./selection.ts";
import { availableFen, type Bank, refused, type Step } from "./session.ts";

const AMOUNT = 6;

function bookObject({ memory, data }: Bank, tag: number): Bytes | undefined {
  const { extension } = data;
  switch (tag) {
    case 0x9f79:
      return numberToBcd(memory.balanceFen, AMOUNT);
    case 0x9f77:
      return numberToBcd(memory.balanceLimitFen, AMOUNT);
    case 0x9f78:
      return numberToBcd(memory.singleLimitFen, AMOUNT);
    case 0x9f6d:
      return numberToBcd(memory.resetThresholdFen, AMOUNT);
    case 0x9f5d:
      return data.showsAvailable ? numberToBcd(availableFen(memory), AMOUNT) : undefined;
    case 0xdf62:
      return extension === undefined ? undefined : numberToBcd(extension.depositLimitFen, AMOUNT);
    case 0xdf63:
      return extension === undefined ? undefined : numberToBcd(memory.depositUsedFen, AMOUNT);
    default:
      return undefined;
  }
}

function counterObject({ memory, data }: Bank, tag: number): Bytes | undefined {
  switch (tag) {
    case 0x9f36:
      return u16be(memory.atc);
    case 0x9f13:
      return u16be(memory.lastOnlineAtc);
    case 0x9f17:
      return u8(memory.pinTriesLeft);
    case 0x9f51:
      return fromHex(data.currency);
    case 0x9f6c:
      return fromHex(data.qualifiers);
    case 0xdf61:
      return data.extension === undefined ? undefined : u8(data.extension.support);
    case 0x9f4d:
      return Uint8Array.of(LOG_SFI, data.logRecords);
    case 0xdf4d:
      return Uint8Array.of(LOAD_LOG_SFI, data.loadLogRecords);
    case 0x9f4f:
      return logFormat("payments");
    case 0xdf4f:
      return logFormat("loads");
    default:
      return undefined;
  }
}

export function getData(bank: Bank, command: Command): Step {
  if (command.data.length > 0) return refused(SW.wrongLength);
  const tag = (command.p1 << 8) | command.p2;
  const value = bookObject(bank, tag) ?? counterObject(bank, tag);
  return value === undefined ? refused(SW.keyNotFound) : { answer: ok(buildTlv(tag, value)) };
}
