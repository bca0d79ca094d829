/*
 * Goal: an answer that names another message, person, visit or settlement is never believed as the answer to this question.
 * Method: what was asked and what the answer says of itself are compared where both say anything; silence proves nothing.
 * Spec: FSI, setlinfo; FSI, 2103; FSI, 5203.
 */
import { isObject } from "../json.ts";

interface Echo {
  /** Place in the input, and in the output. */
  readonly asked: readonly [node: string, name: string];
  readonly said: readonly [node: string, name: string];
}

const echo = (asked: string, said: string, ...names: readonly string[]): readonly Echo[] => names.map((name) => ({ asked: [asked, name], said: [said, name] }));

/** A void may answer with a settlement number of its own, so it is known by person and visit. */
const ECHOES: Readonly<Record<string, readonly Echo[]>> = {
  "2101": echo("druginfo", "setlinfo", "psn_no"),
  "2102": echo("druginfo", "setlinfo", "psn_no"),
  "2103": echo("data", "setlinfo", "psn_no", "mdtrt_id"),
  "2201": echo("data", "data", "psn_no", "ipt_otp_no"),
  "2206": echo("data", "setlinfo", "psn_no", "mdtrt_id"),
  "2207": echo("data", "setlinfo", "psn_no", "mdtrt_id"),
  "2208": echo("data", "setlinfo", "psn_no", "mdtrt_id"),
  "5203": echo("data", "setlinfo", "psn_no", "mdtrt_id", "setl_id"),
};

/** Where a settlement repeats the number of the message that asked for it. */
const NAMES_ITS_MESSAGE: ReadonlySet<string> = new Set(["2101", "2102", "2206", "2207"]);
/** Spec: FSI, mdtrt_cert_type. */
const RESIDENT_CARD = "02";
const RESIDENT_NUMBER = /^\d{17}[\dXx]$/;

export interface Exchange {
  readonly infno: string;
  /** Left out where the region's hosts put something else into medins_setl_id. */
  readonly msgid?: string;
  readonly input: unknown;
  readonly output: unknown;
}

/** Names of what the answer says of something else; empty when nothing contradicts. */
export function strangeEchoes({ infno, msgid = "", input, output }: Exchange): readonly string[] {
  const found = (Object.hasOwn(ECHOES, infno) ? (ECHOES[infno] ?? []) : [])
    .filter(({ asked, said }) => contradicts(textAt(input, asked), textAt(output, said)))
    .map(({ said }) => said.join("."));
  if (NAMES_ITS_MESSAGE.has(infno) && contradicts(msgid, textAt(output, ["setlinfo", "medins_setl_id"]))) found.push("setlinfo.medins_setl_id");
  if (infno === "1101" && isAnother(input, output)) found.push("baseinfo.certno");
  if (infno === "2204" && !linesAreOurs(input, output)) found.push("result.feedetl_sn");
  return found;
}

function contradicts(asked: string, said: string): boolean {
  return asked !== "" && said !== "" && asked !== said;
}

/** Whether a person who was asked for by a resident number comes back with another one. Masked numbers contradict nobody. */
function isAnother(input: unknown, output: unknown): boolean {
  const said = textAt(output, ["baseinfo", "certno"]);
  const asked = textAt(input, ["data", "mdtrt_cert_type"]) === RESIDENT_CARD ? textAt(input, ["data", "mdtrt_cert_no"]) : "";
  return RESIDENT_NUMBER.test(asked) && RESIDENT_NUMBER.test(said) && asked.toUpperCase() !== said.toUpperCase();
}

function linesAreOurs(input: unknown, output: unknown): boolean {
  const sent = new Set(listAt(input, "feedetail").map((row) => textAt({ row }, ["row", "feedetl_sn"])));
  return listAt(output, "result").every((row) => sent.has(textAt({ row }, ["row", "feedetl_sn"])));
}

function at(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function listAt(value: unknown, name: string): readonly unknown[] {
  const list = at(value, name);
  if (isObject(list)) return [list];
  return Array.isArray(list) ? (list as readonly unknown[]) : [];
}

function textAt(value: unknown, [node, name]: readonly [string, string]): string {
  const text = at(at(value, node), name);
  return typeof text === "string" ? text.trim() : "";
}
