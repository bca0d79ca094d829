/*
 * The messages that follow the comparison of a batch, in their order: a function of the rows and the result alone, so that a restart finds the
 * same plan and goes on in it by number. Spec: UnionPay terminal, batch upload.
 */

import { BATCH_ROWS_MAX, type BatchRow, buildBatchEnd, buildBatchRows, buildTotals, type SettlementTotals } from "../../codec/iso8583/private-fields.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import type { Business } from "../acquirer-host/messages.ts";
import { buildRequest, type RequestValues } from "../acquirer-host/request.ts";
import type { BatchedRow } from "./batch-rows.ts";
import type { AcquirerProfile } from "./profile.ts";

/** What kind of card a row was paid with. Which digits an acquirer wants is unconfirmed; every card here is a domestic one. */
const DOMESTIC_ROW = "00";
const BUSINESSES = {
  equal: { certificate: "batch-proofs-equal", failed: "batch-failed-equal", end: "batch-end-equal" },
  unequal: { certificate: "batch-proofs-unequal", failed: "batch-failed-unequal", end: "batch-end-unequal" },
} as const;

export type UploadMessage =
  | { readonly kind: "rows"; readonly rows: readonly BatchedRow[] }
  | { readonly kind: "certificate" | "failed"; readonly row: BatchedRow }
  | { readonly kind: "end"; readonly rows: number };

/** After equal totals only chips are told; after unequal ones every row. The last message ends the upload. */
export function uploadPlan(rows: readonly BatchedRow[], result: "equal" | "unequal"): readonly UploadMessage[] {
  const plain = result === "equal" ? [] : rows.filter(({ chip }) => chip === undefined);
  const groups = Array.from({ length: Math.ceil(plain.length / BATCH_ROWS_MAX) }, (_, at) => plain.slice(at * BATCH_ROWS_MAX, (at + 1) * BATCH_ROWS_MAX));
  const chips = (kind: "certificate" | "failed") => rows.filter(({ chip }) => chip?.kind === kind).map((row): UploadMessage => ({ kind, row }));
  const [certificates, failed] = [chips("certificate"), chips("failed")];
  const uploaded = plain.length + certificates.length + failed.length;
  return [...groups.map((group): UploadMessage => ({ kind: "rows", rows: group })), ...certificates, ...failed, { kind: "end", rows: uploaded }];
}

/** Rows that a message tells. */
export function rowsOf(message: UploadMessage): readonly BatchedRow[] {
  switch (message.kind) {
    case "rows":
      return message.rows;
    case "end":
      return [];
    case "certificate":
    case "failed":
      return [message.row];
  }
}

export interface MessageHead {
  readonly profile: AcquirerProfile;
  readonly batch: string;
  /** A number of the message's own. */
  readonly trace: string;
}

/** A message, and which row of the message table it is. */
export interface BatchMessage {
  readonly business: Exclude<Business, "reversal">;
  readonly message: IsoMessage;
}

function built({ profile, batch, trace }: MessageHead, business: BatchMessage["business"], values: Partial<RequestValues>): BatchMessage {
  return { business, message: buildRequest(profile, business, { batch, trace, ...values }) };
}

/** 0500: the totals of this batch. */
export function comparisonMessage(head: MessageHead, totals: SettlementTotals): BatchMessage {
  return built(head, "settlement", { rows: buildTotals(totals) });
}

/** 0320: one message of the upload. */
export function uploadMessage(head: MessageHead, upload: UploadMessage, result: "equal" | "unequal"): BatchMessage {
  const businesses = BUSINESSES[result];
  switch (upload.kind) {
    case "rows":
      return built(head, "batch-rows", { rows: buildBatchRows(upload.rows.map(rowOf)) });
    case "end":
      return built(head, businesses.end, { rows: buildBatchEnd(upload.rows) });
    case "certificate":
    case "failed":
      return built(head, businesses[upload.kind], chipValues(upload.row, head.batch));
  }
}

function rowOf({ stan, account, amount }: BatchedRow): BatchRow {
  return { kind: DOMESTIC_ROW, trace: stan, account, amount };
}

function chipValues({ account, amount, chip, stan, date }: BatchedRow, batch: string): Partial<RequestValues> {
  return {
    account,
    amount,
    original: { batch, trace: stan, date },
    ...(chip === undefined ? {} : { chipData: chip.data, entry: chip.entry }),
    ...(chip?.sequence === undefined ? {} : { cardSequence: chip.sequence }),
  };
}
