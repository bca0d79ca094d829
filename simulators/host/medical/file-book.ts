/* Files that wait to be fetched, or to be read by a service that names them. Spec: FSI, 9101; FSI, 9102. */
import type { Bytes } from "../../../device/base/bytes.ts";
import type { SqlStore } from "../sql-store.ts";

export interface KeptFile {
  readonly number: string;
  readonly institution: string;
  readonly filename: string;
  readonly untilMs: number;
  readonly content: Bytes;
}

export class FileBook {
  readonly #store: SqlStore;

  constructor(store: SqlStore) {
    this.#store = store;
  }

  /** Keeps a file under a new number. */
  keep(file: Omit<KeptFile, "number">): KeptFile {
    const number = `F${String(this.#store.next("file")).padStart(15, "0")}`;
    this.#store.run(
      "INSERT INTO files (file_qury_no, institution, filename, until_ms, content) VALUES (?, ?, ?, ?, ?)",
      number,
      file.institution,
      file.filename,
      file.untilMs,
      file.content,
    );
    return { number, ...file };
  }

  find(number: string): KeptFile | undefined {
    const row = this.#store.one("SELECT * FROM files WHERE file_qury_no = ?", number);
    if (row === undefined) return undefined;
    return {
      number,
      institution: String(row["institution"]),
      filename: String(row["filename"]),
      untilMs: Number(row["until_ms"]),
      content: Uint8Array.from(row["content"] as Uint8Array),
    };
  }
}
