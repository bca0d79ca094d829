/*
 * Goal: after a power cut a document goes on where it was, and nothing is left over of one that is no longer wanted.
 * Method: one small file for each stream says which document it is about and what became of it, one file for each part; the document's number is in
 * the name of its parts, so that a part of another one is never taken for one of these. A part is proved again when it is used.
 */
import type { Bytes } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Storage } from "../../base/ports.ts";
import { encodeMessage, PAYLOAD_BYTES_MAX } from "../../codec/upload.ts";
import { HASH_SHAPE, parseBase64, parseMessage, toBase64, WORD_SHAPE } from "../../codec/upload-fields.ts";
import type { Mark, Outcome } from "./judge.ts";

/** What is durable about one stream. */
export interface StreamFile {
  readonly mark: Mark;
  /** The head as it came, so that its signature is checked again. */
  readonly payload: Bytes;
}

export interface StoredStream extends StreamFile {
  /** Places of the parts that are there. */
  readonly parts: readonly number[];
}

const FILE_BYTES_MAX = 2 * PAYLOAD_BYTES_MAX;
const PART_NAME = /^part\.([a-z0-9.-]+)\.(\d{1,16})\.(\d{1,5})$/;

const slugOf = (stream: string) => stream.replace("/", ".");
const markName = (stream: string) => `head.${slugOf(stream)}`;
const partName = (stream: string, sequence: number, index: number) => `part.${slugOf(stream)}.${sequence}.${index}`;

function parseFile(contents: Bytes): StreamFile | undefined {
  const parsed = parseMessage(contents, FILE_BYTES_MAX, (members) => {
    members.version();
    const is = members.text("outcome", /^(?:fetching|taken|gap|refused)$/);
    const reason = is === "refused" ? members.text("reason", WORD_SHAPE) : "";
    const outcome: Outcome = is === "refused" ? { is, reason } : { is: is === "taken" || is === "gap" ? is : "fetching" };
    return {
      mark: { sequence: members.integer("sequence", 1), digest: members.text("digest", HASH_SHAPE), outcome },
      payload: parseBase64(members.base64("payload")) ?? new Uint8Array(0),
    };
  });
  return parsed.ok ? parsed.message : undefined;
}

function listOf(lists: Map<string, number[]>, name: string): number[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}

export class DocumentStore {
  readonly #storage: Storage;
  readonly #log: Log;
  #dropping: Promise<void> = Promise.resolve();

  constructor(storage: Storage, log: Log) {
    this.#storage = storage;
    this.#log = log;
  }

  /** What is there of `streams`; whatever belongs to no document that is being fetched is removed. Faults: those of the storage. */
  async load(streams: readonly string[]): Promise<ReadonlyMap<string, StoredStream>> {
    const files = new Map<string, StreamFile>();
    for (const stream of streams) {
      const contents = await this.#storage.read(markName(stream));
      const file = contents === undefined ? undefined : parseFile(contents);
      if (file !== undefined) files.set(slugOf(stream), file);
    }
    const parts = new Map<string, number[]>();
    for (const name of await this.#storage.list()) {
      const [, slug = "", sequence, index] = PART_NAME.exec(name) ?? [];
      if (index === undefined) continue;
      const mark = files.get(slug)?.mark;
      if (mark?.outcome.is !== "fetching" || mark.sequence !== Number(sequence)) await this.#storage.remove(name);
      else listOf(parts, slug).push(Number(index));
    }
    const found = streams.flatMap((stream) => {
      const file = files.get(slugOf(stream));
      return file === undefined ? [] : [[stream, { ...file, parts: parts.get(slugOf(stream)) ?? [] }] as const];
    });
    return new Map(found);
  }

  /** Makes durable what a stream is about now. Faults: those of the storage; the old or the new word holds then. */
  save(stream: string, { mark, payload }: StreamFile): Promise<void> {
    const { sequence, digest, outcome } = mark;
    const reason = outcome.is === "refused" ? outcome.reason : undefined;
    return this.#storage.write(markName(stream), encodeMessage({ v: 1, sequence, digest, outcome: outcome.is, reason, payload: toBase64(payload) }));
  }

  savePart(stream: string, part: { readonly sequence: number; readonly index: number; readonly bytes: Bytes }): Promise<void> {
    return this.#storage.write(partName(stream, part.sequence, part.index), part.bytes);
  }

  readPart(stream: string, sequence: number, index: number): Promise<Bytes | undefined> {
    return this.#storage.read(partName(stream, sequence, index));
  }

  /** Removes parts that nobody needs, beside everything else; what a fault or the power leaves is removed by the next start. */
  drop(stream: string, sequence: number, parts: Iterable<number>): void {
    const names = Array.from(parts, (index) => partName(stream, sequence, index));
    this.#dropping = this.#dropping.then(() => this.#remove(names));
  }

  async #remove(names: readonly string[]): Promise<void> {
    try {
      for (const name of names) await this.#storage.remove(name);
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#log.warn("document-parts-left", { code: error.code });
    }
  }
}
