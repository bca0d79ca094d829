/* What a person does at the insurer while it runs, by name: give out an e-code, void or book in the insurer's own client, forget sign-ins. */
import { isFields, type JsonFields, textField } from "../canonical.ts";
import type { Insurer } from "./insurer.ts";

export type ActReply = { readonly ok: true; readonly [name: string]: unknown } | { readonly ok: false; readonly reason: string };

const AMOUNT_FEN_MAX = 100_000_000;

function refused(reason: string): ActReply {
  return { ok: false, reason };
}

function issue(insurer: Insurer, fields: JsonFields): ActReply {
  const code = insurer.issueECode(textField(fields, "person") ?? "");
  return code === undefined ? refused("person is not insured here") : { ok: true, code };
}

function voidOne(insurer: Insurer, fields: JsonFields): ActReply {
  return insurer.voidAtHost(textField(fields, "settlement") ?? "") ? { ok: true } : refused("no such settlement stands");
}

function bookOne(insurer: Insurer, fields: JsonFields): ActReply {
  const { amountFen } = fields;
  if (typeof amountFen !== "number" || !Number.isSafeInteger(amountFen) || amountFen < 1 || amountFen > AMOUNT_FEN_MAX)
    return refused("amountFen is malformed");
  const booked = insurer.bookForeign(textField(fields, "like") ?? "", BigInt(amountFen));
  return booked === undefined ? refused("there is no settlement like that") : { ok: true, settlement: booked.settlementId, msgid: booked.msgid };
}

const ACTS: Readonly<Record<string, (insurer: Insurer, fields: JsonFields) => ActReply>> = {
  "issue-e-code": issue,
  void: voidOne,
  "book-foreign": bookOne,
  "end-sign-ins": (insurer) => {
    insurer.endSignIns();
    return { ok: true };
  },
};

/** One instruction from outside: `{act, person | settlement | like, amountFen}`. */
export function actAtInsurer(insurer: Insurer, value: unknown): ActReply {
  if (!isFields(value)) return refused("not-an-object");
  const name = textField(value, "act") ?? "";
  const act = Object.hasOwn(ACTS, name) ? ACTS[name] : undefined;
  return act === undefined ? refused(`an act is one of ${Object.keys(ACTS).join(", ")}`) : act(insurer, value);
}
