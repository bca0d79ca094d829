/* The insurer's message envelope: strict reading of requests, and replies in the regional forms. Spec: FSI, request envelope; FSI, response envelope. */
import { type Bytes, utf8 } from "../../../device/base/bytes.ts";
import { civilTime } from "../../../device/codec/civil-time.ts";
import { isFields, type JsonFields, parseFields, textField } from "../canonical.ts";
import { yuanText } from "./decimals.ts";

export interface FsiRequest {
  readonly infno: string;
  readonly msgid: string;
  /** mdtrtarea_admvs. */
  readonly treatmentArea: string;
  /** insuplc_admdvs, "" where none is given. */
  readonly insuranceArea: string;
  /** recer_sys_code. */
  readonly receiver: string;
  readonly institution: string;
  readonly signNumber: string;
  readonly input: JsonFields;
}

export type RequestParse = { readonly ok: true; readonly request: FsiRequest } | { readonly ok: false; readonly infno: string; readonly reason: string };

/** An amount of the reply, in fen until it is written in the region's form. */
export class Yuan {
  readonly fen: bigint;

  constructor(amountFen: bigint) {
    this.fen = amountFen;
  }
}

export type ReplyValue = string | number | Yuan | readonly ReplyValue[] | { readonly [key: string]: ReplyValue };
export type ReplyNode = { readonly [key: string]: ReplyValue };

/** Whether a value of a reply is a node with members of its own. */
export function isReplyNode(value: ReplyValue): value is ReplyNode {
  return typeof value === "object" && !(value instanceof Yuan) && !Array.isArray(value);
}

/** Regional forms of one and the same reply. */
export interface ReplyForm {
  readonly amounts: "text" | "number";
  readonly output: "object" | "json-text";
  readonly infcode: "number" | "text";
}

const REQUIRED: readonly (readonly [name: string, shape: RegExp])[] = [
  ["infno", /^\d{4}[A-Z]?$/],
  ["msgid", /^[0-9A-Za-z]{12}\d{14}[0-9A-Za-z]{4}$/],
  ["mdtrtarea_admvs", /^\d{6}$/],
  ["recer_sys_code", /^.{1,10}$/],
  ["infver", /^.{1,6}$/],
  ["opter_type", /^[123]$/],
  ["opter", /^.{1,30}$/],
  ["opter_name", /^.{1,50}$/],
  ["inf_time", /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/],
  ["fixmedins_code", /^[0-9A-Za-z]{12}$/],
  ["fixmedins_name", /^.{1,200}$/],
];
const INPUT_CHARACTERS_MAX = 40_000;
/** A file is the whole of its message and may be longer than any other input. */
const FILE_CHARACTERS_MAX = 4_000_000;

/** Whether any node of the input names a person. */
function namesPerson(input: JsonFields): boolean {
  const names = (node: unknown) => isFields(node) && node["psn_no"] !== undefined && node["psn_no"] !== "";
  return Object.values(input).some((node) => (Array.isArray(node) ? node.some(names) : names(node)));
}

export function parseFsiRequest(body: Bytes): RequestParse {
  const fields = parseFields(body);
  if (fields === undefined) return { ok: false, infno: "", reason: "the message is no JSON object" };
  const infno = textField(fields, "infno") ?? "";
  const missing = REQUIRED.find(([name, shape]) => !shape.test(textField(fields, name) ?? ""));
  if (missing !== undefined) return { ok: false, infno, reason: `${missing[0]} is missing or malformed` };
  const [msgid = "", institution = ""] = ["msgid", "fixmedins_code"].map((name) => textField(fields, name));
  if (!msgid.startsWith(institution)) return { ok: false, infno, reason: "msgid does not begin with fixmedins_code" };
  const input = fields["input"];
  if (!isFields(input)) return { ok: false, infno, reason: "input is missing or malformed" };
  if (JSON.stringify(input).length > (infno === "9101" ? FILE_CHARACTERS_MAX : INPUT_CHARACTERS_MAX)) return { ok: false, infno, reason: "input is too long" };
  const insuranceArea = textField(fields, "insuplc_admdvs") ?? "";
  if (namesPerson(input) && !/^\d{6}$/.test(insuranceArea)) return { ok: false, infno, reason: "insuplc_admdvs is required where a person is named" };
  const [treatmentArea = "", receiver = "", signNumber = ""] = ["mdtrtarea_admvs", "recer_sys_code", "sign_no"].map((name) => textField(fields, name));
  return { ok: true, request: { infno, msgid, treatmentArea, insuranceArea, receiver, institution, signNumber, input } };
}

function render(value: ReplyValue, form: ReplyForm): unknown {
  if (value instanceof Yuan) return form.amounts === "text" ? yuanText(value.fen) : Number(yuanText(value.fen));
  if (Array.isArray(value)) return (value as readonly ReplyValue[]).map((item) => render(item, form));
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, render(item, form)]));
}

/** Text of an output node in the region's form. */
export function renderNode(node: ReplyNode, form: ReplyForm): string {
  return JSON.stringify(render(node, form));
}

export interface ReplyHead {
  /** "" writes an empty code, which tells the receiver nothing. */
  readonly infcode: number | "";
  readonly errorMessage: string;
  readonly nowMs: number;
  /** Area of the receiver, 6 digits, and its serial. */
  readonly area: string;
  readonly serial: number;
}

export function buildReply(head: ReplyHead, output: ReplyNode, form: ReplyForm): Bytes {
  const { compact } = civilTime(head.nowMs);
  const stamp = `${compact}${String(head.nowMs % 1_000).padStart(3, "0")}`;
  const rendered = render(output, form);
  return utf8(
    JSON.stringify({
      infcode: form.infcode === "text" ? String(head.infcode) : head.infcode,
      // A reply without a code comes from a gateway that never reached the host: it has no reference either.
      inf_refmsgid: head.infcode === "" ? "" : `${head.area}${compact}${String(head.serial).padStart(10, "0")}`,
      refmsg_time: stamp,
      respond_time: stamp,
      err_msg: head.errorMessage,
      output: form.output === "json-text" ? JSON.stringify(rendered) : rendered,
    }),
  );
}
