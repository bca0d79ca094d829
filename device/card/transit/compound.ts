/*
 * The compound purchase: a debit and new industry records as one step. INITIALIZE opens it, UPDATE CAPP DATA CACHE puts records into a
 * buffer, and DEBIT (debitPurchase of the purse) commits money and records together or neither. Spec: PBOC purse, compound purchase.
 */
import { assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { isOk } from "../../codec/apdu.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange } from "../dialogue.ts";
import { openPurchase, type PurchaseStart } from "../purse/commands.ts";
import type { CardRefusal, PurchaseOpeningAnswer, PurseName } from "../purse/types.ts";

/** Short identifiers are five bits. */
const FILE_MAX = 0x1e;
const RECORD_DATA_MAX = 255;

/** The purse that a transit purchase of this profile uses. */
export function transitPurseOf(profile: Pick<CardProfile, "transitPurse">): PurseName {
  return profile.transitPurse === "EP" ? "e-purse" : "e-passbook";
}

/**
 * Opens a compound purchase: INITIALIZE FOR CAPP PURCHASE (80 50 03). Nothing is debited yet; an amount of zero is allowed (an entry).
 * The purchase's type byte is {@link PURCHASE_TYPE_COMPOSITE} in MAC1, TAC and log. Faults: those of the channel, "card-answer-malformed".
 */
export function initializeCompound(channel: CardChannel, start: PurchaseStart, limits: Limits): Promise<PurchaseOpeningAnswer> {
  return openPurchase(channel, { ...start, p1: 0x03 }, limits);
}

/** A record that the debit is to write. */
export interface CompoundUpdate {
  /** Short identifier of the file, for example 1E. */
  readonly file: number;
  /** Whether `record` is a record number or a record identifier. EF1E, a cyclic file, takes its new record by identifier 00. */
  readonly by: "number" | "identifier";
  readonly record: number;
  /** The whole record, 1 to 255 bytes. */
  readonly data: Bytes;
}

export type CompoundUpdateAnswer = { readonly kind: "ok" } | CardRefusal;

/**
 * Buffers one record for the debit: UPDATE CAPP DATA CACHE (80 DC). Nothing is written until the debit; a refusal ends the purchase
 * without an effect. May be sent several times for several records. Faults: those of the channel; none of them can have moved money.
 */
export async function updateCompoundCache(channel: CardChannel, update: CompoundUpdate, limits: Limits): Promise<CompoundUpdateAnswer> {
  const { file, by, record, data } = update;
  assert(file >= 1 && file <= FILE_MAX && record >= 0 && record <= 0xff, "file and record fit the command");
  assert(data.length >= 1 && data.length <= RECORD_DATA_MAX, "the record fits the command");
  const p2 = (file << 3) | (by === "number" ? 0x04 : 0x00);
  const { sw } = await exchange(channel, { cla: 0x80, ins: 0xdc, p1: record, p2, data }, limits);
  return isOk(sw) ? { kind: "ok" } : { kind: "refused", statusWord: sw };
}
