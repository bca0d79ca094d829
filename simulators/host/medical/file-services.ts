/* Files to and from the insurer: bytes as base64 text. Spec: FSI, 9101; FSI, 9102. */
import type { Bytes } from "../../../device/base/bytes.ts";
import { civilTime } from "../../../device/codec/civil-time.ts";
import type { FsiRequest, ReplyNode } from "./envelope.ts";
import { readFields } from "./fields.ts";
import type { KeptFile } from "./file-book.ts";
import { refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";
import { FSI_FIELDS } from "./tables.ts";

/** Whole base64 with its padding, or undefined. */
function fromBase64(text: string): Bytes | undefined {
  const shape = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  return text.length % 4 === 0 && shape.test(text) ? Uint8Array.from(Buffer.from(text, "base64")) : undefined;
}

/** Keeps a file for an institution, until its time is over. */
export function keepFile(context: ServiceContext, file: Pick<KeptFile, "institution" | "filename" | "content">): KeptFile {
  return context.ledger.files.keep({ ...file, untilMs: context.clock.wallMs() + context.variants.fileValidMs });
}

/** What a service says of a file that can be fetched. */
export function fileNode(file: KeptFile): ReplyNode {
  return { file_qury_no: file.number, filename: file.filename, dld_endtime: civilTime(file.untilMs).iso };
}

/** A file that this institution may still read. */
export function readableFile(context: ServiceContext, institution: string, number: string): KeptFile | undefined {
  const file = context.ledger.files.find(number);
  return file === undefined || file.institution !== institution || file.untilMs < context.clock.wallMs() ? undefined : file;
}

/** Bytes as the region writes them. Deviation: the texts say "bytes" and not how JSON holds them. Spec: FSI, 9101. */
function readBytes(context: ServiceContext, value: unknown): Bytes | undefined {
  if (context.variants.fileBytes === "base64") return typeof value === "string" ? fromBase64(value) : undefined;
  const isByte = (each: unknown) => typeof each === "number" && Number.isInteger(each) && each >= 0 && each <= 255;
  return Array.isArray(value) && value.every(isByte) ? Uint8Array.from(value as readonly number[]) : undefined;
}

/** 9101: takes a file and gives it a number. */
export function uploadFile(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const raw = request.input["fsUploadIn"];
  const parsed = readFields(raw, "fsUploadIn", FSI_FIELDS.fsUploadIn);
  if (!parsed.ok) return parsed;
  const { filename = "", fixmedins_code: institution } = parsed.node;
  if (institution !== request.institution) return refuse("fsUploadIn.fixmedins_code is another's");
  const content = readBytes(context, (raw as { readonly in?: unknown }).in);
  if (content === undefined) return refuse("fsUploadIn.in is malformed");
  return { ok: true, output: fileNode(keepFile(context, { institution, filename, content })) };
}

/** 9102: gives a file to the institution that it belongs to. */
export function downloadFile(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["fsDownloadIn"], "fsDownloadIn", FSI_FIELDS.fsDownloadIn);
  if (!parsed.ok) return parsed;
  const { file_qury_no: number = "", filename, fixmedins_code: institution } = parsed.node;
  if (institution !== request.institution) return refuse("fsDownloadIn.fixmedins_code is another's");
  const file = readableFile(context, request.institution, number);
  if (file === undefined || file.filename !== filename) return refuse("there is no such file, or no longer");
  const out = context.variants.fileBytes === "base64" ? Buffer.from(file.content).toString("base64") : [...file.content];
  return { ok: true, output: { fsDownloadOut: { filename: file.filename, out } } };
}
