/*
 * A sale of electronic cash that changes an industry record together with the balance: segment fares, amounts held and completed. The new
 * content is known with the intent; the card takes it into its cache directly after its decision, and writes it with the commit or never.
 * Spec: JR/T 0025, extension for small payments.
 */
import { type Bytes, equalBytes } from "../../../base/bytes.ts";
import { isFault } from "../../../base/fault.ts";
import { type Fen, ZERO_FEN } from "../../../base/fen.ts";
import { withoutEffect } from "../../../card/electronic-cash/commands.ts";
import { cacheIndustryRecord, type IndustrySigner, readIndustryRecord } from "../../../card/electronic-cash/industry.ts";
import { industryRecordWithTrip, tripOfIndustryRecord } from "../../../card/electronic-cash/trip.ts";
import type { ProcessingOptions } from "../../../card/electronic-cash/types.ts";
import type { JsonObject } from "../../journal/types.ts";
import type { CashIndustry } from "../../sale-request.ts";
import type { ElectronicCashPorts } from "../ports.ts";
import type { Charge, TransitView, WrittenAt } from "../tariff.ts";
import type { Reason } from "../types.ts";
import { industryMembers } from "./cash-record.ts";
import type { CardAccess, OpeningAnswer, Unusable } from "./dialogue.ts";

/** The record as the card showed it before the sale. */
export interface ShownRecord {
  readonly industry: CashIndustry;
  readonly record: Bytes;
  readonly signer: IndustrySigner;
}

/** Longest record that a security module signs: what it is sent is the command's header and the record. */
const RECORD_LENGTH_MAX = 235;

export type IndustryAnswer = { readonly kind: "ok"; readonly shown: ShownRecord; readonly trip: TransitView["trip"] } | Unusable;

/** READ CAPP DATA, which must come before the card decides. */
export async function readIndustry({ channel, limits }: CardAccess, parts: ElectronicCashPorts, industry: CashIndustry): Promise<IndustryAnswer> {
  const { industrySigner: signer, profile } = parts;
  if (signer === undefined) return { kind: "unusable", reason: "industry-signer-missing" };
  const answer = await readIndustryRecord(channel, industry.place, limits());
  // Whatever the card says no with, it has no such record for us.
  if (answer.kind === "refused") return { kind: "unusable", reason: "industry-record-missing", statusWord: answer.statusWord };
  if (answer.record.length > RECORD_LENGTH_MAX) return { kind: "unusable", reason: "trip-unreadable" };
  const trip = tripOfIndustryRecord(answer.record, profile);
  if (trip === undefined) return { kind: "unusable", reason: "trip-unreadable" };
  return { kind: "ok", shown: { industry, record: answer.record, signer }, trip: trip === "unwritten" ? undefined : trip };
}

/** What a sale with a record is begun with. */
export interface IndustryTerms extends ShownRecord {
  readonly charge: Charge;
  readonly at: WrittenAt;
  /** Digits of account number and card sequence. */
  readonly account: string;
}

export class IndustrySale {
  readonly #access: CardAccess;
  readonly #terms: IndustryTerms;
  readonly #content: Bytes;
  #exchanged = false;

  constructor(access: CardAccess, profile: ElectronicCashPorts["profile"], terms: IndustryTerms) {
    const { charge, at, record } = terms;
    this.#access = access;
    this.#terms = terms;
    // What a fare takes from the deposit leaves nothing on the balance.
    const balance = charge.amount > at.balance ? charge.amount : at.balance;
    this.#content = industryRecordWithTrip(record, charge.writes({ ...at, balance }).trip, profile);
  }

  get use(): CashIndustry["use"] {
    return this.#terms.industry.use;
  }

  /** True once another selection has shown another record: it is not the card, or not the journey, that the price was made for. */
  get exchanged(): boolean {
    return this.#exchanged;
  }

  members(): JsonObject {
    const { industry, charge } = this.#terms;
    return industryMembers({ ...industry, content: this.#content, heldFen: this.#heldFen(), fare: charge.detail });
  }

  #heldFen(): Fen | undefined {
    return this.use === "pre-authorization" ? this.#terms.charge.amount : undefined;
  }

  /** A card that was selected anew has forgotten which record was read. Faults: those of the channel. */
  async readAgain(): Promise<void> {
    const { channel, limits } = this.#access;
    const answer = await readIndustryRecord(channel, this.#terms.industry.place, limits());
    this.#exchanged = answer.kind === "refused" || !equalBytes(answer.record, this.#terms.record);
  }

  /** UPDATE CAPP DATA CACHE. Undefined: the card has taken it. Moves no money. Faults: those of the channel. */
  async cache({ atc = 0 }: ProcessingOptions): Promise<OpeningAnswer | undefined> {
    const { channel, limits } = this.#access;
    const signer = this.#signer();
    try {
      const update = { place: this.#terms.industry.place, record: this.#content, atc, signer: signer.port, account: this.#terms.account };
      const answer = await cacheIndustryRecord(channel, update, limits());
      return answer.kind === "refused" ? answer : undefined;
    } catch (fault) {
      const failed = signer.failed();
      if (failed !== undefined) return { kind: "declined", reason: failed };
      throw withoutEffect(fault, "UPDATE CAPP DATA CACHE");
    }
  }

  /** The signer, and whether a fault was its own: the holder can do nothing about it by presenting the card again. */
  #signer(): { readonly port: IndustrySigner; readonly failed: () => Reason | undefined } {
    let failed: Reason | undefined;
    const mac: IndustrySigner["mac"] = async (request, limits) => {
      try {
        return await this.#terms.signer.mac(request, limits);
      } catch (fault) {
        if (isFault(fault)) failed = fault.code === "key-missing" ? fault.code : "module-failed";
        throw fault;
      }
    };
    return { port: { mac }, failed: () => failed };
  }
}

/** What the card says of its holder's journey. */
export function cashView(card: { readonly accountNumber: string; readonly issuer: string }, trip: TransitView["trip"]): TransitView {
  return { scheme: "electronic-cash", cardName: card.accountNumber, issuer: card.issuer, cardType: 0, trip, riderRecord: undefined };
}

/** What stands on the purse before the sale, for the record that is written; a card that does not tell counts as empty. */
export function balanceWritten(balance: Fen | undefined): Fen {
  return balance ?? ZERO_FEN;
}
