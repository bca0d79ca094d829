/* What the acquirer has still to be told, and what becomes of one try to tell it. */
import type { Fen } from "../../base/fen.ts";
import type { RequestValues } from "../acquirer-host/request.ts";
import type { JournalEntry, JsonObject } from "../journal/types.ts";
import type { BankReply } from "./ports.ts";

/** "offline-upload": a sale with electronic cash that the acquirer clears. "script-result": what an issuer's script did on its card. */
export type UploadKind = "offline-upload" | "script-result";

/** Values of a message that never change between its tries. */
export type FixedValues = Omit<RequestValues, "trace" | "batch">;

/** What is to be told of a record: undefined where the record says too little, so that people must look. */
export type DescribeUpload = (entries: readonly JournalEntry[]) => { readonly values: FixedValues; readonly personal: JsonObject } | undefined;

/** A message that waits, as its durable entries tell it. */
export interface RecordedUpload {
  readonly subject: string;
  readonly last: JournalEntry;
  readonly kind: UploadKind;
  /** The record that it tells of. */
  readonly of: string;
  readonly amount: Fen;
  /** Tries that may have reached the acquirer, or that it has answered. */
  readonly tries: number;
  /** Number and batch of its first try; absent before. All tries are the same bytes as long as the batch is open. */
  readonly sent: { readonly stan: string; readonly batch: string; readonly hash: string } | undefined;
  /** These bytes may have arrived: only then the acquirer's word that it has them already is a success. */
  readonly mayHaveArrived: boolean;
  readonly parked: boolean;
  readonly reason: string;
  readonly personal: JsonObject;
}

/** What one try comes to. */
export type UploadVerdict =
  | { readonly kind: "taken"; readonly reason?: "sent-before" }
  /** Tried again later. `counts`: the try is used up. */
  | { readonly kind: "again"; readonly counts: boolean; readonly mayHaveArrived: boolean; readonly reason: string }
  /** Nothing more happens by itself: a person has to look. */
  | { readonly kind: "parked"; readonly mayHaveArrived: boolean; readonly reason: string };

export interface UploadTry {
  /** Tries before this one. */
  readonly tries: number;
  readonly triesMax: number;
  /** Whether an earlier try of the same bytes may have arrived. */
  readonly sentBefore: boolean;
  readonly reply: BankReply;
}
