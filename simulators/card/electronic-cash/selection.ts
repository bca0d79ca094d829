/* Names of the bank application and its directories, and what SELECT answers. Spec: JR/T 0025, application selection. */
import { type Bytes, concat, equalBytes, fromHex, toHex, u8, utf8 } from "../../../device/base/bytes.ts";
import { buildTlv } from "../../../device/codec/tlv.ts";
import { type Answer, ok, refuse, SW } from "../iso.ts";
import { contactList, LOAD_LOG_LIST, LOG_LIST, listBytes, quickList, type Wanted } from "./dol.ts";
import type { Bank } from "./session.ts";
import type { ElectronicCashData } from "./state.ts";

const CONTACTLESS_DIRECTORY = utf8("2PAY.SYS.DDF01");
const CONTACT_DIRECTORY = utf8("1PAY.SYS.DDF01");
const DIRECTORY_SFI = 0x01;
export const LOG_SFI = 0x0b;
export const LOAD_LOG_SFI = 0x0c;

/** What a name stands for on this card over this interface. */
export type Selected = { readonly kind: "directory" } | { readonly kind: "application"; readonly aid: string };

/**
 * The directory or the application that has this name; an application may be named by its beginning, and `after` is the one to go on behind.
 * Undefined: none of ours.
 */
export function named(bank: Bank, name: Bytes, after: string | undefined): Selected | undefined {
  const directory = bank.core.interface === "contactless" ? CONTACTLESS_DIRECTORY : CONTACT_DIRECTORY;
  if (equalBytes(name, directory)) return after === undefined ? { kind: "directory" } : undefined;
  const start = after === undefined ? 0 : bank.data.aids.indexOf(after) + 1;
  const aid = bank.data.aids.slice(start).find((each) => each.startsWith(toHex(name)));
  return aid === undefined ? undefined : { kind: "application", aid };
}

/** Data objects that the card wants with GET PROCESSING OPTIONS. */
export function processingList(bank: Bank): readonly Wanted[] {
  const { data, core } = bank;
  const chinese = data.algorithms !== "rsa";
  if (core.interface === "contact") return contactList({ chinese });
  return quickList({ time: data.wantsTime, industry: data.extension !== undefined, chinese });
}

function priority(data: ElectronicCashData, aid: string): number {
  return data.aids.indexOf(aid) + 1;
}

/** One application as a directory lists it. */
function directoryEntry(data: ElectronicCashData, aid: string): Bytes {
  return buildTlv(0x61, [buildTlv(0x4f, fromHex(aid)), buildTlv(0x50, utf8(data.label)), buildTlv(0x87, u8(priority(data, aid)))]);
}

/** FCI of the directory: over radio it lists the applications itself, over contacts it names the file that does. */
export function directoryInformation(bank: Bank): Bytes {
  const { data, core } = bank;
  if (core.interface === "contact") {
    const proprietary = buildTlv(0xa5, [buildTlv(0x88, u8(DIRECTORY_SFI)), buildTlv(0x5f2d, utf8("zhen")), buildTlv(0x9f11, u8(0x01))]);
    return buildTlv(0x6f, [buildTlv(0x84, CONTACT_DIRECTORY), proprietary]);
  }
  const entries = data.aids.map((aid) => directoryEntry(data, aid));
  return buildTlv(0x6f, [buildTlv(0x84, CONTACTLESS_DIRECTORY), buildTlv(0xa5, [buildTlv(0xbf0c, entries)])]);
}

/** READ RECORD in the directory over contacts: one application to a record. */
export function readDirectory(bank: Bank, wanted: { readonly sfi: number; readonly record: number }): Answer {
  if (bank.core.interface !== "contact" || wanted.sfi !== DIRECTORY_SFI) return refuse(SW.fileNotFound);
  const aid = bank.data.aids[wanted.record - 1];
  return aid === undefined ? refuse(SW.recordNotFound) : ok(buildTlv(0x70, [directoryEntry(bank.data, aid)]));
}

/** FCI of the application. */
export function applicationInformation(bank: Bank, aid: string): Bytes {
  const { data } = bank;
  const extension = data.extension === undefined ? [] : [buildTlv(0xdf61, u8(data.extension.support))];
  const discretionary = buildTlv(0xbf0c, [
    buildTlv(0x9f4d, Uint8Array.of(LOG_SFI, data.logRecords)),
    buildTlv(0xdf4d, Uint8Array.of(LOAD_LOG_SFI, data.loadLogRecords)),
    ...extension,
  ]);
  const proprietary = buildTlv(0xa5, [
    buildTlv(0x50, utf8(data.label)),
    buildTlv(0x87, u8(priority(data, aid))),
    buildTlv(0x9f38, listBytes(processingList(bank))),
    buildTlv(0x5f2d, utf8("zhen")),
    buildTlv(0x9f11, u8(0x01)),
    buildTlv(0x9f12, utf8(data.label)),
    discretionary,
  ]);
  return buildTlv(0x6f, [buildTlv(0x84, fromHex(aid)), proprietary]);
}

/** Formats of both logs, as GET DATA gives them. */
export function logFormat(which: "payments" | "loads"): Bytes {
  return concat(listBytes(which === "payments" ? LOG_LIST : LOAD_LOG_LIST));
}
