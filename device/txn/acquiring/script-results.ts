/*
 * What an issuer's script did on its card, told to the issuer afterwards: the flow that met the card has made it durable with its own record.
 * Spec: UnionPay terminal, script result; JR/T 0025, issuer script processing.
 */
import { concat, parseHex } from "../../base/bytes.ts";
import { buildChipData } from "../../codec/iso8583/chip-data.ts";
import { isObject } from "../../codec/json.ts";
import { countMember, textMember } from "../journal/members.ts";
import type { JournalEntry, JsonObject, JsonValue } from "../journal/types.ts";
import { mergedDetail, mergedPersonal } from "../recovery/recover.ts";
import type { DescribeUpload } from "./upload-types.ts";

const SCRIPT_RESULT_TAG = 0xdf31;
const DONE = 0x20;
const FAILED = 0x10;
const FINAL: readonly string[] = ["done", "void", "refused"];
const SEQUENCE_MAX = 0x0f;

/** Whether this record of a bank transaction has results that its issuer was not told. */
export function owesScriptResult({ kind, state, detail }: Pick<JournalEntry, "kind" | "state" | "detail">): boolean {
  return kind === "bank-payment" && FINAL.includes(state) && scriptsOf(detail).length > 0;
}

function scriptsOf(detail: JsonObject): readonly JsonObject[] {
  const results = detail["scriptResults"];
  return isArray(results) ? results.filter((each) => isObject(each)) : [];
}

/** One byte that says whether it was carried out, and at which command it failed; four bytes that name the script. */
function resultBytes(script: JsonObject): Uint8Array {
  const named = parseHex(textMember(script, "scriptId"));
  const failedAt = Math.min(SEQUENCE_MAX, (countMember(script, "executed") ?? 0) + 1);
  const result = textMember(script, "kind") === "done" ? DONE : FAILED | failedAt;
  return concat(Uint8Array.of(result), named?.length === 4 ? named : new Uint8Array(4));
}

export const describeScriptResult: DescribeUpload = (entries) => {
  const last = entries.at(-1);
  const detail = mergedDetail(entries);
  const [batch, trace] = [textMember(detail, "batch"), textMember(detail, "stan")];
  const scripts = scriptsOf(detail);
  if (last === undefined || !/^\d{6}$/.test(batch) || !/^\d{6}$/.test(trace) || scripts.length === 0) return undefined;
  const personal = mergedPersonal(entries);
  const [account, sequence] = [textMember(personal, "pan"), textMember(personal, "panSequence")];
  const retrievalReference = textMember(detail, "retrievalReference");
  const date = textMember(detail, "hostDate") || textMember(detail, "date").slice(4);
  const values = {
    amount: last.amount,
    original: { batch, trace, date },
    chipData: buildChipData([[SCRIPT_RESULT_TAG, concat(...scripts.map(resultBytes))]]),
    ...(account === "" ? {} : { account }),
    ...(sequence === "" ? {} : { cardSequence: sequence }),
    ...(retrievalReference === "" ? {} : { retrievalReference }),
  };
  return { values, personal: account === "" ? {} : { pan: account } };
};

function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
