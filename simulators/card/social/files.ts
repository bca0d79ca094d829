/* The files of the social application: what stands in them now, and how records and bytes of them are changed. */
import { type Bytes, concat, fromHex, toHex } from "../../../device/base/bytes.ts";
import type { CardCore } from "../core.ts";
import type { ElementaryFile, FileRecord } from "../files.ts";
import { type Answer, type Command, ok, refuse, SW } from "../iso.ts";
import type { FileData } from "../state.ts";
import { CardCertificates } from "./certificates.ts";
import type { DirectoryName, StoredRecord } from "./state.ts";
import { CERTIFICATE_FILE, type FileDefinition, fileDefinitions, madeUpContent, madeUpRecords, type TreeOptions } from "./tree.ts";

function asRecord({ tag, valueHex }: StoredRecord): FileRecord {
  return { tag, value: fromHex(valueHex) };
}

function stored(tag: number | undefined, value: Bytes): StoredRecord {
  return tag === undefined ? { valueHex: toHex(value) } : { tag, valueHex: toHex(value) };
}

export class SocialFiles {
  readonly #core: CardCore;
  readonly #madeUp = new Map<number, Bytes>();
  readonly #tree: TreeOptions;
  readonly #certificates: CardCertificates;
  /** Records of DF04/08, which the medical purse keeps. */
  readonly #medicalLog: () => readonly ElementaryFile[];

  constructor(core: CardCore, medicalLog: () => readonly ElementaryFile[]) {
    this.#core = core;
    const { social, profile } = core.personalization;
    this.#tree = { generation: social.generation ?? "3", acse: profile.acse !== "off" };
    this.#certificates = new CardCertificates(core);
    this.#medicalLog = medicalLog;
  }

  /** All files of a directory as they are read. */
  list(directory: DirectoryName): readonly ElementaryFile[] {
    const kept = directory === "medical" ? this.#medicalLog() : [];
    const absent = this.#certificates.fileIsMissing ? CERTIFICATE_FILE : undefined;
    const definitions = fileDefinitions(this.#tree, directory).filter(({ id }) => id !== absent && kept.every((file) => file.id !== id));
    const known = definitions.map((definition) => this.#file(directory, definition));
    const further = this.#personalised(directory).filter(({ id }) => !definitions.some((definition) => definition.id === id));
    return [...known, ...kept, ...further.map((data): ElementaryFile => ({ ...data, kind: "records", records: data.records.map(asRecord) }))];
  }

  definition(directory: DirectoryName, id: number): FileDefinition | undefined {
    return fileDefinitions(this.#tree, directory).find((each) => each.id === id);
  }

  /** Replaces one record of a file with items, or adds the newest one to a cyclic file. `record` comes as READ RECORD would give it. */
  writeRecord(directory: DirectoryName, definition: FileDefinition, command: Command, record: Bytes): Answer {
    const { structure } = definition;
    if (structure.kind === "transparent") return refuse(SW.wrongFileType);
    const records = this.#records(directory, definition.id, structure.kind);
    const form = command.p2 & 0x07;
    if (structure.kind === "cyclic") {
      if (form !== 3 || command.p1 !== 0) return refuse(SW.wrongP1P2);
      if (record.length !== structure.recordBytes) return refuse(SW.wrongLength);
      return this.#keepRecords(directory, definition.id, [stored(undefined, record), ...records].slice(0, structure.recordsMax));
    }
    if (form !== 0 && form !== 4) return refuse(SW.wrongP1P2);
    const at = form === 4 ? command.p1 - 1 : records.findIndex(({ tag }) => tag === command.p1);
    const old = records[at];
    if (old === undefined) return refuse(SW.recordNotFound);
    const [tag, length] = record;
    // An item keeps its length: shorter values are filled up on the right by whoever writes them. Spec: LD/T 32.5, data items.
    if (tag !== old.tag || length !== record.length - 2 || length !== old.valueHex.length / 2) return refuse(SW.wrongData);
    return this.#keepRecords(directory, definition.id, records.with(at, stored(tag, record.slice(2))));
  }

  writeBytes(directory: DirectoryName, definition: FileDefinition, offset: number, bytes: Bytes): Answer {
    const { structure, id } = definition;
    if (structure.kind !== "transparent") return refuse(SW.wrongFileType);
    if (offset + bytes.length > structure.bytes) return refuse(SW.wrongOffset);
    const old = this.#content(directory, id, structure.bytes);
    const content = concat(old.slice(0, offset), bytes, old.slice(offset + bytes.length));
    const { social = {} } = this.#core.memory;
    this.#core.commit({ social: { ...social, contents: { ...social.contents, [`${directory}/${id.toString(16)}`]: toHex(content) } } });
    return ok();
  }

  #file(directory: DirectoryName, { id, read, structure }: FileDefinition): ElementaryFile {
    const rule = this.#personalised(directory).find((data) => data.id === id)?.read ?? read;
    if (structure.kind === "transparent") {
      const content = () => this.#content(directory, id, structure.bytes);
      // Made when it is read: certificates take long, and the files are looked at with each command.
      return {
        ...{ kind: "transparent", id, read: rule },
        get content() {
          return content();
        },
      };
    }
    return { kind: "records", id, read: rule, records: this.#records(directory, id, structure.kind).map(asRecord) };
  }

  #personalised(directory: DirectoryName): readonly FileData[] {
    const { environment, medical, directories } = this.#core.personalization.social;
    if (directory === "environment") return environment;
    return directory === "medical" ? medical : (directories?.[directory] ?? []);
  }

  #records(directory: DirectoryName, id: number, kind: "variable" | "cyclic"): readonly StoredRecord[] {
    const updated = this.#core.memory.social?.records?.[`${directory}/${id.toString(16)}`];
    if (updated !== undefined) return updated;
    const personalised = this.#personalised(directory).find((data) => data.id === id)?.records;
    return personalised ?? (kind === "cyclic" ? [] : madeUpRecords(directory, id));
  }

  #content(directory: DirectoryName, id: number, bytes: number): Bytes {
    const updated = this.#core.memory.social?.contents?.[`${directory}/${id.toString(16)}`];
    if (updated !== undefined) return fromHex(updated);
    if (id === CERTIFICATE_FILE && directory === "environment") return this.#certificates.file(bytes);
    // A photo is long and asked for at every look at its directory.
    const madeUp = this.#madeUp.get(id) ?? madeUpContent(bytes, id);
    this.#madeUp.set(id, madeUp);
    return madeUp;
  }

  #keepRecords(directory: DirectoryName, id: number, records: readonly StoredRecord[]): Answer {
    const { social = {} } = this.#core.memory;
    this.#core.commit({ social: { ...social, records: { ...social.records, [`${directory}/${id.toString(16)}`]: records } } });
    return ok();
  }
}
