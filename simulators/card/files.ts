/* Elementary files and their addressing, common to the social application and the e-purse. */
import { type Bytes, concat, u8 } from "../../device/base/bytes.ts";
import { type Answer, type Command, ok, refuse, SW } from "./iso.ts";

/** What must have happened before a file may be read: nothing, a terminal's proof of RKSSSE, the PIN, or the proof of a key of the directory. */
export type ReadRule = "free" | "rkssse" | "pin" | KeyedRule;

export interface KeyedRule {
  readonly needs: "key" | "pin-or-key" | "pin-and-key";
  /** Name of the key that the terminal proves by external authentication. */
  readonly key: string;
}

export interface FileRecord {
  /** Record identifier; undefined for cyclic records without one. */
  readonly tag: number | undefined;
  readonly value: Bytes;
}

export type ElementaryFile =
  | { readonly kind: "records"; readonly id: number; readonly read: ReadRule; readonly records: readonly FileRecord[] }
  | { readonly kind: "transparent"; readonly id: number; readonly read: ReadRule; readonly content: Bytes };

/** The current directory as one command sees it. */
export interface FileView {
  readonly files: readonly ElementaryFile[];
  /** Identifier of the file selected last, if any. */
  readonly current: number | undefined;
  allowed(rule: ReadRule): boolean;
}

type Found = { readonly ok: true; readonly file: ElementaryFile } | { readonly ok: false; readonly answer: Answer };

function byShortIdentifier(files: readonly ElementaryFile[], sfi: number): ElementaryFile | undefined {
  return files.find((file) => (file.id & 0xff) === sfi);
}

function find(view: FileView, sfi: number, kind: ElementaryFile["kind"]): Found {
  if (sfi === 0 && view.current === undefined) return { ok: false, answer: refuse(SW.noCurrentFile) };
  const file = sfi === 0 ? view.files.find((each) => each.id === view.current) : byShortIdentifier(view.files, sfi);
  if (file === undefined) return { ok: false, answer: refuse(SW.fileNotFound) };
  if (file.kind !== kind) return { ok: false, answer: refuse(SW.wrongFileType) };
  if (!view.allowed(file.read)) return { ok: false, answer: refuse(SW.securityNotSatisfied) };
  return { ok: true, file };
}

function wire(record: FileRecord): Bytes {
  return record.tag === undefined ? record.value : concat(u8(record.tag), u8(record.value.length), record.value);
}

/** READ RECORD in its four forms: by identifier, by number, and from a number to the last. Spec: LD/T 32.7, READ RECORD. */
export function readRecord(command: Command, view: FileView): Answer {
  if (command.data.length > 0) return refuse(SW.wrongLength);
  const form = command.p2 & 0x07;
  if (form !== 0 && form !== 4 && form !== 5) return refuse(SW.wrongP1P2);
  const found = find(view, command.p2 >>> 3, "records");
  if (!found.ok) return found.answer;
  if (found.file.kind !== "records" || command.p1 === 0) return refuse(SW.recordNotFound);
  const { records } = found.file;
  if (form === 5) {
    const rest = records.slice(command.p1 - 1);
    return rest.length === 0 ? refuse(SW.recordNotFound) : ok(concat(...rest.map(wire)).slice(0, 256));
  }
  const record = form === 4 ? records[command.p1 - 1] : records.find((each) => each.tag === command.p1);
  return record === undefined ? refuse(SW.recordNotFound) : ok(wire(record));
}

/** READ BINARY by short identifier (P1 bit 8) or from the current file. */
export function readBinary(command: Command, view: FileView): Answer {
  if (command.data.length > 0) return refuse(SW.wrongLength);
  const short = (command.p1 & 0x80) !== 0;
  if (short && (command.p1 & 0x60) !== 0) return refuse(SW.wrongP1P2);
  const found = find(view, short ? command.p1 & 0x1f : 0, "transparent");
  if (!found.ok) return found.answer;
  if (found.file.kind !== "transparent") return refuse(SW.wrongFileType);
  const offset = short ? command.p2 : command.p1 * 256 + command.p2;
  const rest = found.file.content.slice(offset, offset + 256);
  if (rest.length === 0) return refuse(SW.wrongOffset);
  return ok(command.le === undefined ? rest : rest.slice(0, command.le));
}
