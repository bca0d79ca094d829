/*
 * Goal: after a power cut one version of a level is there, whole: the last one that was taken, or the one before it.
 * Method: files of columns get names that were never used before; one small file names those that count, with the hash of each, and replacing it is
 * the one moment in which a version becomes the durable one. What it does not name is swept away afterwards.
 */
import { type Bytes, concat, EMPTY, equalBytes, toHex, utf8 } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Storage } from "../../base/ports.ts";
import { canonicalJson } from "../../codec/json.ts";
import { parseMessage } from "../../codec/upload-fields.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { DOCUMENT_ENTRIES_MAX } from "./document.ts";
import type { ListLevel } from "./lists.ts";
import { PART_BYTES, partsOf, type StoredImage } from "./work.ts";

/** A layer on the disk, under a number that no other one has had. */
export interface KeptImage extends StoredImage {
  readonly serial: number;
}

/** What the small file says: the base, and what lies on it, in order. */
export interface Manifest {
  readonly sequence: number;
  readonly issuedMs: number;
  readonly entries: number;
  readonly images: readonly KeptImage[];
}

/** More files of changes than this are never left beside a base. */
export const CHANGES_MAX = 32;
/** While a new base is made they may be more. */
const IMAGES_MAX = 1_024;
const IMAGE_BYTES_MAX = 0x2000_0000;
const MANIFEST_BYTES_MAX = 1_048_576;
const HASH_TEXT = 64;
const HASHES_SHAPE = new RegExp(`^(?:[0-9a-f]{${HASH_TEXT}}){1,${IMAGE_BYTES_MAX / PART_BYTES}}$`);
const LINE_END = 0x0a;

export interface ShelfParts {
  readonly storage: Storage;
  readonly suite: CipherSuite;
  readonly log: Log;
}

export class Shelf {
  readonly #parts: ShelfParts;
  readonly #level: ListLevel;
  #lastSerial = 0;
  #closed = false;
  /** Every image on the disk, also those that nobody needs any more, with the number of its files. */
  readonly #files = new Map<number, number>();
  /** Images that are being written, or are written and not named yet. */
  readonly #begun = new Set<number>();

  constructor(parts: ShelfParts, level: ListLevel) {
    this.#parts = parts;
    this.#level = level;
  }

  /** Looks at what is there. Undefined with a reason: no version can be read. Never rejects because of what the disk holds. */
  async open(): Promise<{ readonly manifest: Manifest | undefined; readonly why: string }> {
    try {
      const shape = new RegExp(`^${this.#level}\\.(\\d{1,15})\\.(\\d{1,4})$`);
      for (const name of await this.#parts.storage.list()) {
        const [, serial, index] = shape.exec(name) ?? [];
        if (serial !== undefined) this.#noteFile(Number(serial), Number(index));
      }
      const text = await this.#parts.storage.read(this.#manifestName);
      if (text === undefined) return { manifest: undefined, why: "none was taken yet" };
      const manifest = parseManifest(this.#parts.suite, text);
      return { manifest, why: "what names its files is damaged" };
    } catch (error) {
      if (!isFault(error)) throw error;
      return { manifest: undefined, why: error.code };
    }
  }

  /** The parts of the images in order; an empty piece where one cannot be read. */
  async *pieces(images: readonly KeptImage[]): AsyncGenerator<Bytes> {
    for (const { serial, hashes } of images) {
      for (let index = 0; index < hashes.length; index += 1) yield await this.#part(this.#name(serial, index));
    }
  }

  /** Writes an image under a new number. Faults of the disk; the image counts for nothing until a manifest names it. */
  async write(memory: SharedArrayBuffer, stored: StoredImage): Promise<KeptImage> {
    this.#lastSerial += 1;
    const serial = this.#lastSerial;
    this.#begun.add(serial);
    try {
      for (const [index, part] of partsOf(memory).entries()) {
        if (this.#closed) throw new Fault("closed", "the lists are closed", { effectUnknown: false });
        this.#noteFile(serial, index);
        await this.#parts.storage.write(this.#name(serial, index), part());
      }
    } catch (error) {
      this.#begun.delete(serial);
      throw error;
    }
    return { ...stored, serial };
  }

  /** No image is written any further. */
  close(): void {
    this.#closed = true;
  }

  /** An image that was written will not be named. */
  discard({ serial }: KeptImage): void {
    this.#begun.delete(serial);
  }

  /** From now on this is the version. Faults of the disk, after which either the old or the new one is. */
  async commit(manifest: Manifest): Promise<void> {
    try {
      await this.#parts.storage.write(this.#manifestName, encodeManifest(this.#parts.suite, manifest));
    } finally {
      // Also where nobody knows whether it was written: nothing is swept away before one was.
      for (const image of manifest.images) this.#begun.delete(image.serial);
    }
  }

  /** Removes what the durable version does not name. What cannot be removed now is removed another time. */
  async sweep(images: readonly KeptImage[]): Promise<void> {
    const named = new Set(images.map(({ serial }) => serial));
    for (const [serial, parts] of this.#files) {
      if (named.has(serial) || this.#begun.has(serial)) continue;
      try {
        for (let index = 0; index < parts; index += 1) await this.#parts.storage.remove(this.#name(serial, index));
        this.#files.delete(serial);
      } catch (error) {
        if (!isFault(error)) throw error;
        this.#parts.log.warn("list-file-not-removed", { level: this.#level, why: error.code });
        return;
      }
    }
  }

  #noteFile(serial: number, index: number): void {
    this.#lastSerial = Math.max(this.#lastSerial, serial);
    this.#files.set(serial, Math.max(this.#files.get(serial) ?? 0, index + 1));
  }

  get #manifestName(): string {
    return `${this.#level}.list`;
  }

  #name(serial: number, index: number): string {
    return `${this.#level}.${serial}.${index}`;
  }

  async #part(name: string): Promise<Bytes> {
    try {
      return (await this.#parts.storage.read(name)) ?? EMPTY;
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#parts.log.warn("list-file-not-read", { level: this.#level, why: error.code });
      return EMPTY;
    }
  }
}

/** Canonical JSON, a line end, and the hash of what stands before it. */
function encodeManifest(suite: CipherSuite, { sequence, issuedMs, entries, images }: Manifest): Bytes {
  const text = utf8(
    canonicalJson({ v: 1, sequence, issuedMs, entries, images: images.map(({ serial, bytes, hashes }) => ({ serial, bytes, hashes: hashes.join("") })) }),
  );
  return concat(text, utf8("\n"), utf8(toHex(suite.sm3(text))));
}

function parseManifest(suite: CipherSuite, contents: Bytes): Manifest | undefined {
  const end = contents.indexOf(LINE_END);
  if (end < 0) return undefined;
  const text = contents.slice(0, end);
  if (!equalBytes(utf8(toHex(suite.sm3(text))), contents.slice(end + 1))) return undefined;
  const parsed = parseMessage(text, MANIFEST_BYTES_MAX, (members) => {
    members.version();
    const images = members.list("images", IMAGES_MAX, (image) => {
      const hashes = image.text("hashes", HASHES_SHAPE);
      return { serial: image.integer("serial", 1), bytes: image.integer("bytes", 1, IMAGE_BYTES_MAX), hashes: cut(hashes) };
    });
    return { sequence: members.integer("sequence", 1), issuedMs: members.integer("issuedMs", 0), entries: members.integer("entries", 0, ENTRIES_MAX), images };
  });
  if (!parsed.ok) return undefined;
  const fits = parsed.message.images.every(({ bytes, hashes }) => hashes.length === Math.ceil(bytes / PART_BYTES));
  return fits && parsed.message.images.length > 0 ? parsed.message : undefined;
}

const ENTRIES_MAX = 2 * DOCUMENT_ENTRIES_MAX;

function cut(hashes: string): readonly string[] {
  return Array.from({ length: hashes.length / HASH_TEXT }, (_, at) => hashes.slice(at * HASH_TEXT, (at + 1) * HASH_TEXT));
}
