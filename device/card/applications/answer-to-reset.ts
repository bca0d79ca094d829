/* What the answer to reset alone says about a wrong card: no command is spent on it. Never throws. */
import { type Bytes, equalBytes, fromHex, readUint } from "../../base/bytes.ts";
import type { StorageModel, WrongCard } from "./types.ts";

/** Beginning of the answer that PC/SC makes up for a card without a processor; standard, name of the card and four zeros follow. Spec: PC/SC 3, storage cards. */
const STORAGE_HEAD: Bytes = fromHex("3b8f8001804f0ca000000306");
const STORAGE_LENGTH = 20;
/** Standard bytes of radio type B without a processor: the identity card as some readers show it. Spec: PC/SC 3, storage cards. */
const TYPE_B_STANDARDS: readonly number[] = [0x05, 0x06, 0x07];
/** Head of the answer for a type B card with a processor: 8 bytes follow, of which 4 are its application data. */
const TYPE_B_HEAD: Bytes = fromHex("3b888001");
/** Application data of the resident's identity card (from memory). */
const IDENTITY_CARD_DATA: Bytes = fromHex("d103860c");

const MODELS: Readonly<Record<number, StorageModel>> = {
  1: "mifare-classic-1k",
  2: "mifare-classic-4k",
  3: "mifare-ultralight",
  38: "mifare-mini",
  54: "mifare-plus",
  55: "mifare-plus",
  56: "mifare-plus",
  57: "mifare-plus",
  58: "mifare-ultralight-c",
  59: "felica",
  0xf004: "topaz",
  0xf011: "felica",
  0xf012: "felica",
};

/** Why a card with this answer to reset needs no look at all; undefined for one that may be a card of ours. */
export function wrongByAnswerToReset(atr: Bytes): WrongCard | undefined {
  if (startsWith(atr, STORAGE_HEAD) && atr.length === STORAGE_LENGTH) {
    if (TYPE_B_STANDARDS.includes(readUint(atr, 12, 1))) return { reason: "identity-card" };
    return { reason: "storage-card", model: MODELS[readUint(atr, 13, 2)] ?? "other" };
  }
  if (startsWith(atr, TYPE_B_HEAD) && equalBytes(atr.subarray(4, 8), IDENTITY_CARD_DATA)) return { reason: "identity-card" };
  return undefined;
}

function startsWith(bytes: Bytes, head: Bytes): boolean {
  return equalBytes(bytes.subarray(0, head.length), head);
}
