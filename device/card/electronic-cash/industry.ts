/*
 * Segment fares and offline pre-authorisation: a sale that changes an industry record of the card together with its balance. The record is
 * read before the card decides, its new content goes into the card's cache directly after, and the last record commits both.
 * Spec: JR/T 0025, extension of quick debit and credit for small payments.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, fromHex, u16be } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { type CommandApdu, encodeCommand, isOk } from "../../codec/apdu.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange } from "../dialogue.ts";
import { withoutEffect } from "./commands.ts";
import type { IndustryPart } from "./tap.ts";
import type { CashRefusal, ProcessingOptions } from "./types.ts";

const MAC_LENGTH = 4;
const CHALLENGE_LENGTH = 8;
const RECORD_BYTES_MAX = 255 - MAC_LENGTH;
const HEADER_LENGTH = 5;

/** Which industry record of the card. */
export interface IndustryPlace {
  /** 1 to 30. */
  readonly sfi: number;
  /** Four hexadecimal digits: the identifier that stands at the beginning of the record. */
  readonly recordId: string;
}

/** Makes the MAC of an industry record under the record's own key: a security module, or a host. 4 bytes. */
export interface IndustrySigner {
  /**
   * `input` is the command's header with its length, then the record; `iv` is 8 bytes. `account`: digits of account number and card sequence, where
   * the key is made of them; left out: of nobody's.
   */
  mac(request: { readonly place: IndustryPlace; readonly iv: Bytes; readonly input: Bytes; readonly account?: string }, limits: Limits): Promise<Bytes>;
}

export type IndustryRecordAnswer = { readonly kind: "ok"; readonly record: Bytes; readonly mac?: Bytes } | CashRefusal;

export interface IndustryReadRequest extends IndustryPlace {
  /** The next record with this identifier instead of the first. */
  readonly next?: boolean;
  /** 8 bytes for which the card answers with a MAC of its own, where it can (DF61, bit 8). */
  readonly challenge?: Bytes;
}

/** READ CAPP DATA. Moves no money. */
export async function readIndustryRecord(channel: CardChannel, request: IndustryReadRequest, limits: Limits): Promise<IndustryRecordAnswer> {
  const { challenge } = request;
  assert(challenge === undefined || challenge.length === CHALLENGE_LENGTH, "the challenge has eight bytes");
  const p2 = fileP2(request) | (request.next === true ? 0x01 : 0x00);
  const data = concat(fromHex(request.recordId), challenge ?? new Uint8Array(0));
  const answer = await exchange(channel, { cla: 0x80, ins: 0xb4, p1: 0x00, p2, data, le: 256 }, limits);
  if (!isOk(answer.sw)) return { kind: "refused", statusWord: answer.sw };
  if (challenge === undefined) return { kind: "ok", record: answer.data };
  return { kind: "ok", record: answer.data.slice(0, -MAC_LENGTH), mac: answer.data.slice(-MAC_LENGTH) };
}

/** UPDATE CAPP DATA CACHE. The card keeps it until the last record commits it; a card that leaves before has changed nothing. */
export async function cacheIndustryRecord(
  channel: CardChannel,
  update: { readonly place: IndustryPlace; readonly record: Bytes; readonly atc: number; readonly signer: IndustrySigner; readonly account?: string },
  limits: Limits,
): Promise<{ readonly kind: "ok" } | CashRefusal> {
  const { place, record, atc, account } = update;
  assert(record.length > 0 && record.length <= RECORD_BYTES_MAX, "the record fits one command");
  const header: CommandApdu = { cla: 0x84, ins: 0xde, p1: 0x00, p2: fileP2(place), data: concat(record, new Uint8Array(MAC_LENGTH)) };
  const input = concat(encodeCommand(header).slice(0, HEADER_LENGTH), record);
  const mac = await update.signer.mac({ place, iv: concat(new Uint8Array(6), u16be(atc)), input, ...(account === undefined ? {} : { account }) }, limits);
  assert(mac.length === MAC_LENGTH, "a MAC has four bytes");
  const { sw } = await exchange(channel, { ...header, data: concat(record, mac) }, limits);
  return isOk(sw) ? { kind: "ok" } : { kind: "refused", statusWord: sw };
}

function fileP2({ sfi, recordId }: IndustryPlace): number {
  assert(sfi >= 1 && sfi <= 30 && /^[0-9a-f]{4}$/i.test(recordId), "an industry record has a file and an identifier of two bytes");
  return sfi << 3;
}

/** One industry record as part of a tap: what was read is changed, signed and cached. */
export function industryPart(change: {
  readonly place: IndustryPlace;
  readonly newContent: (old: Bytes) => Bytes;
  readonly signer: IndustrySigner;
}): IndustryPart {
  let old: Bytes | undefined;
  return {
    read: async (channel, limits) => {
      const answer = await readIndustryRecord(channel, change.place, limits);
      if (answer.kind === "ok") old = answer.record;
      return answer.kind === "ok" ? { kind: "ok" } : answer;
    },
    cache: async (channel: CardChannel, options: ProcessingOptions, limits: Limits) => {
      assert(old !== undefined && options.atc !== undefined, "the record was read before the card decided");
      try {
        return await cacheIndustryRecord(channel, { place: change.place, record: change.newContent(old), atc: options.atc, signer: change.signer }, limits);
      } catch (fault) {
        throw withoutEffect(fault, "UPDATE CAPP DATA CACHE");
      }
    },
  };
}

/** A command that the issuer has signed: its data end with a MAC that we pass on. */
export interface SignedUpdate {
  readonly data: Bytes;
  /** 4 bytes. */
  readonly mac: Bytes;
}

/** APPEND RECORD: opens an industry record with its own key, enciphered by the issuer. */
export async function appendIndustryRecord(
  channel: CardChannel,
  sfi: number,
  update: SignedUpdate & { readonly limits: Limits },
): Promise<{ readonly kind: "ok" } | CashRefusal> {
  assert(sfi >= 1 && sfi <= 30, "an industry record has a file");
  const { sw } = await exchange(channel, { cla: 0x04, ins: 0xe2, p1: 0x00, p2: sfi << 3, data: concat(update.data, update.mac) }, update.limits);
  return isOk(sw) ? { kind: "ok" } : { kind: "refused", statusWord: sw };
}

/** PUT DATA with the issuer's MAC; the class byte is one of the profile's open questions. */
export async function putData(
  channel: CardChannel,
  update: SignedUpdate & { readonly tag: number; readonly profile: Pick<CardProfile, "putDataCla"> },
  limits: Limits,
): Promise<{ readonly kind: "ok" } | CashRefusal> {
  const [p1 = 0, p2 = 0] = u16be(update.tag);
  const cla = Number.parseInt(update.profile.putDataCla, 16);
  const { sw } = await exchange(channel, { cla, ins: 0xda, p1, p2, data: concat(update.data, update.mac) }, limits);
  return isOk(sw) ? { kind: "ok" } : { kind: "refused", statusWord: sw };
}
