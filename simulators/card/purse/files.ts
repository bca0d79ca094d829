/* Files of the purse application: EF15, EF18 and the industry's files, how they are read, and who may write them. */
import { type Bytes, concat, fromHex, toHex, u8 } from "../../../device/base/bytes.ts";
import { type ElementaryFile, type FileView, readBinary, readRecord } from "../files.ts";
import { type Answer, type Command, ok, refuse, SW } from "../iso.ts";
import type { PurseBooks } from "./books.ts";
import type { PurseFileData } from "./state.ts";

/** Files that the card itself keeps. */
const PUBLIC_DATA = 0x0015;
const LOG = 0x0018;

type RecordFile = Exclude<PurseFileData, { readonly kind: "transparent" }>;

/** A record that a command means to write. */
export interface RecordUpdate {
  readonly file: RecordFile;
  /** Place in the file, the newest first; "new" adds one to a cyclic file. */
  readonly at: number | "new";
  readonly contentHex: string;
}

type Found = { readonly ok: true; readonly update: RecordUpdate } | { readonly ok: false; readonly answer: Answer };

/** Name of a file in the memory. */
function keyOf(id: number): string {
  return id.toString(16).padStart(4, "0");
}

export class PurseFiles {
  readonly #books: PurseBooks;
  #current: number | undefined;

  constructor(books: PurseBooks) {
    this.#books = books;
  }

  /** No file is selected any more. */
  leave(): void {
    this.#current = undefined;
  }

  /** SELECT of a file by its identifier. */
  select(id: number): Answer | undefined {
    if (!this.#elementary().some((file) => file.id === id)) return undefined;
    this.#current = id;
    return ok();
  }

  /** Public data of EF15, 30 bytes. Spec: PBOC purse, EF15; JT/T 978, EF15. */
  publicData(): Bytes {
    const { data } = this.#books;
    return concat(
      fromHex(data.issuerHex),
      u8(data.applicationType),
      u8(data.applicationVersion),
      fromHex(data.serialHex),
      fromHex(data.startDate),
      fromHex(data.endDate),
      Uint8Array.of(0x55, 0x66),
    );
  }

  readBinary(command: Command, pinGiven: boolean): Answer {
    return readBinary(command, this.#view(pinGiven));
  }

  /** READ RECORD by number, from a number to the last, and by identifier where the records of the industry begin with theirs. */
  readRecord(command: Command, pinGiven: boolean): Answer {
    const view = this.#view(pinGiven);
    const file = this.#recordFile(command.p2 >>> 3);
    if (file?.kind !== "records" || (command.p2 & 0x07) !== 0) return readRecord(command, view);
    const at = this.#beginningWith(file, command.p1);
    return at < 0 ? refuse(SW.recordNotFound) : readRecord({ ...command, p1: at + 1, p2: command.p2 | 0x04 }, view);
  }

  /** The record that P1 and P2 of UPDATE RECORD or UPDATE CAPP DATA CACHE name, or the word against it. Spec: PBOC purse, UPDATE CAPP DATA CACHE. */
  find(command: Pick<Command, "p1" | "p2">, content: Bytes): Found {
    const no = (sw: number): Found => ({ ok: false, answer: refuse(sw) });
    const form = command.p2 & 0x07;
    if (form !== 0 && form !== 4) return no(SW.wrongP1P2);
    const sfi = command.p2 >>> 3;
    const known = this.#elementary().find((each) => (each.id & 0xff) === sfi);
    if (known === undefined) return no(SW.fileNotFound);
    if (known.kind !== "records") return no(SW.wrongFileType);
    const file = this.#recordFile(sfi);
    if (file === undefined || file.update === "never") return no(SW.securityNotSatisfied);
    const at = form === 4 ? this.#numbered(file, command.p1) : this.#identified(file, command.p1);
    if (at !== "new" && at < 0) return no(SW.recordNotFound);
    if (content.length !== file.recordBytes) return no(SW.wrongLength);
    return { ok: true, update: { file, at, contentHex: toHex(content) } };
  }

  /** What the files hold after these updates, in order; for the commit that they belong to. */
  written(updates: readonly RecordUpdate[]): Readonly<Record<string, readonly string[]>> {
    const written = new Map(Object.entries(this.#books.memory.written ?? {}));
    for (const { file, at, contentHex } of updates) {
      const key = keyOf(file.id);
      const records = written.get(key) ?? file.recordsHex;
      written.set(key, at === "new" ? [contentHex, ...records].slice(0, file.recordsMax) : records.map((each, place) => (place === at ? contentHex : each)));
    }
    return Object.fromEntries(written);
  }

  /** UPDATE BINARY of a file that says so, after its MAC has been checked. */
  updateBinary(command: Command, content: Bytes): Answer {
    const short = (command.p1 & 0x80) !== 0;
    if (short && (command.p1 & 0x60) !== 0) return refuse(SW.wrongP1P2);
    if (!short && this.#current === undefined) return refuse(SW.noCurrentFile);
    const id = short ? command.p1 & 0x1f : (this.#current ?? 0) & 0xff;
    const known = this.#elementary().find((each) => (each.id & 0xff) === id);
    if (known === undefined) return refuse(SW.fileNotFound);
    if (known.kind !== "transparent") return refuse(SW.wrongFileType);
    const file = this.#books.data.files?.find((each) => each.id === known.id);
    if (file?.kind !== "transparent" || file.update === "never") return refuse(SW.securityNotSatisfied);
    const offset = short ? command.p2 : command.p1 * 256 + command.p2;
    const whole = fromHex(this.#contents(file)[0] ?? "");
    if (offset + content.length > whole.length) return refuse(SW.wrongOffset);
    whole.set(content, offset);
    this.#books.remember({ written: { ...this.#books.memory.written, [keyOf(file.id)]: [toHex(whole)] } });
    return ok();
  }

  #numbered(file: RecordFile, number: number): number {
    return number > 0 && number <= this.#contents(file).length ? number - 1 : -1;
  }

  /** Place of a record by its identifier; identifier 00 of a cyclic file is a new record. */
  #identified(file: RecordFile, identifier: number): number | "new" {
    if (file.kind === "cyclic") return identifier === 0x00 ? "new" : -1;
    return this.#beginningWith(file, identifier);
  }

  #beginningWith(file: RecordFile, identifier: number): number {
    return this.#contents(file).findIndex((record) => Number.parseInt(record.slice(0, 2), 16) === identifier);
  }

  #recordFile(sfi: number): RecordFile | undefined {
    const id = sfi === 0 ? this.#current : undefined;
    const file = this.#books.data.files?.find((each) => (id === undefined ? (each.id & 0xff) === sfi : each.id === id));
    return file?.kind === "transparent" ? undefined : file;
  }

  #contents(file: PurseFileData): readonly string[] {
    const written = this.#books.memory.written?.[keyOf(file.id)];
    return written ?? (file.kind === "transparent" ? [file.contentHex] : file.recordsHex);
  }

  #elementary(): readonly ElementaryFile[] {
    const log = this.#books.core.memory.log.map((record) => ({ tag: undefined, value: fromHex(record) }));
    const industry = (this.#books.data.files ?? []).map((file): ElementaryFile => {
      const contents = this.#contents(file).map(fromHex);
      if (file.kind === "transparent") return { kind: "transparent", id: file.id, read: file.read, content: contents[0] ?? new Uint8Array(0) };
      return { kind: "records", id: file.id, read: file.read, records: contents.map((value) => ({ tag: undefined, value })) };
    });
    return [
      { kind: "transparent", id: PUBLIC_DATA, read: "free", content: this.publicData() },
      { kind: "records", id: LOG, read: "free", records: log },
      ...industry,
    ];
  }

  #view(pinGiven: boolean): FileView {
    return { files: this.#elementary(), current: this.#current, allowed: (rule) => rule === "free" || (rule === "pin" && pinGiven) };
  }
}
