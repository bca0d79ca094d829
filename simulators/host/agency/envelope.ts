/* Requests to the agency and its replies, read and written by the page alone. Spec: agency/v1, 2. */
import { type Bytes, utf8 } from "../../../device/base/bytes.ts";
import { canonicalize, isFields, type JsonFields, parseFields, textField } from "../canonical.ts";

const BYTES_MAX = 65_536;
const ID = /^[0-9a-f]{32}$/;
const NAME = /^.{1,64}$/u;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}(?:Z|[+-]\d{2}:\d{2})$/;

export interface Request {
  readonly id: string;
  readonly service: string;
  readonly terminal: string;
  readonly operator: string;
  readonly input: JsonFields;
  /** Service and input, in one form: what makes two requests the same. */
  readonly content: string;
}

export type ServiceAnswer = { readonly ok: true; readonly output: JsonFields } | { readonly ok: false; readonly reason: string; readonly office?: string };

export type RequestParse = { readonly ok: true; readonly request: Request } | { readonly ok: false; readonly id: string };

/** Never throws; a message without an id that can be read is answered under an id of zeros. */
export function parseRequest(body: Bytes): RequestParse {
  const fields = body.length > BYTES_MAX ? undefined : parseFields(body);
  if (fields === undefined) return { ok: false, id: "0".repeat(32) };
  const [id = "", service, terminal = "", operator = "", at = ""] = ["id", "service", "terminal", "operator", "at"].map((name) => textField(fields, name));
  if (!ID.test(id)) return { ok: false, id: "0".repeat(32) };
  const { input } = fields;
  const content = canonicalize({ service, input });
  const sound = fields["v"] === 1 && NAME.test(terminal) && NAME.test(operator) && MOMENT.test(at);
  if (!sound || service === undefined || content === undefined || !isFields(input)) return { ok: false, id };
  return { ok: true, request: { id, service, terminal, operator, input, content } };
}

/** What is said, without the envelope: also what an outcome repeats. */
export function resultOf(answer: ServiceAnswer): JsonFields {
  if (answer.ok) return { result: "ok", output: answer.output };
  return { result: "refused", reason: answer.reason, ...(answer.office === undefined ? {} : { office: answer.office }), output: {} };
}

export function buildReply(id: string, result: JsonFields): Bytes {
  return utf8(JSON.stringify({ v: 1, id, ...result }));
}
