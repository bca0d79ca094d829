/*
 * The messages that follow the comparison of a batch, in their order: a function of the rows and the result alone, so that a restart finds the
 * same plan and goes on in it by number. Spec: UnionPay terminal, batch upload.
 */

import {
  BATCH_ROWS_MAX,
  type BatchRow,
  buildBatchEnd,
  buildBatchRows,
  buildField60,
  buildField61,
  buildTotals,
  type SettlementTotals,
} from "../../codec/iso8583/private-fields.ts";
import type { IsoMessage, IsoValue } from "../../codec/iso8583/types.ts";
import type { BatchedRow } from "./batch-rows.ts";
import type { AcquirerProfile } from "./profile.ts";

/** 60.3 of the messages of a settlement. */
const NETWORK = {
  compare: "201",
  rows: "201",
  equal: { certificate: "203", failed: "204", end: "207" },
  unequal: { certificate: "205", failed: "206", end: "202" },
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
    default:
      return [message.row];
  }
}

export interface MessageHead {
  readonly profile: Pick<AcquirerProfile, "terminalNumber" | "merchantNumber">;
  readonly batch: string;
  readonly stan: string;
}

const YUAN = "156";
const NO_CODE = "00";

function message(type: string, head: MessageHead, fields: readonly (readonly [number, IsoValue])[]): IsoMessage {
  const { profile, stan } = head;
  return { type, fields: new Map<number, IsoValue>([[11, stan], [41, profile.terminalNumber], [42, profile.merchantNumber], ...fields]) };
}

/** 0500: the totals of this batch. */
export function comparisonMessage(head: MessageHead, totals: SettlementTotals): IsoMessage {
  return message("0500", head, [
    [48, buildTotals(totals)],
    [49, YUAN],
    [60, buildField60({ code: NO_CODE, batch: head.batch, network: NETWORK.compare })],
  ]);
}

/** 0320: one message of the upload. */
export function uploadMessage(head: MessageHead, upload: UploadMessage, result: "equal" | "unequal"): IsoMessage {
  const codes = NETWORK[result];
  const about = (network: string): readonly [number, IsoValue] => [60, buildField60({ code: NO_CODE, batch: head.batch, network })];
  switch (upload.kind) {
    case "rows":
      return message("0320", head, [[48, buildBatchRows(upload.rows.map(rowOf))], about(NETWORK.rows)]);
    case "end":
      return message("0320", head, [[48, buildBatchEnd(upload.rows)], about(codes.end)]);
    default:
      return message("0320", head, [...chipFields(upload.row, head.batch), about(codes[upload.kind])]);
  }
}

/** What kind of card a row was paid with. Which digits an acquirer wants is unconfirmed; these tell the halves apart. */
function rowOf({ foreign, stan, account, amount }: BatchedRow): BatchRow {
  return { kind: foreign ? "01" : "00", trace: stan, account, amount };
}

function chipFields({ account, amount, chip, stan }: BatchedRow, batch: string): readonly (readonly [number, IsoValue])[] {
  return [
    [2, account],
    [4, String(amount).padStart(12, "0")],
    ...(chip?.entryMode === undefined ? [] : [[22, chip.entryMode] as const]),
    ...(chip?.sequence === undefined ? [] : [[23, chip.sequence] as const]),
    [49, YUAN],
    ...(chip === undefined ? [] : [[55, chip.data] as const]),
    [61, buildField61({ batch, trace: stan })],
  ];
}
