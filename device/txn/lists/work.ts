/*
 * Goal: whatever takes more than a moment is a job that any thread can do: read a document, build columns, join layers, load and check files.
 * Method: a job gets everything it needs with its request (memory is shared, not copied), then bytes in pieces, and ends in one answer. It keeps
 * nothing, so that a thread that died is replaced and the job asked for again.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, EMPTY, toHex } from "../../base/bytes.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { DOCUMENT_ENTRIES_MAX, type DocumentProblem, DocumentReader, type EntrySink, type Section } from "./document.ts";
import { changedRows, EXACT_ROWS_MAX, type ExactChanges, type ExactRow, ExactRows, NO_EXACT_ROWS } from "./exact.ts";
import { Fingerprinter } from "./fingerprinter.ts";
import { Cursor, indexOf } from "./fingerprints.ts";
import { Gathering } from "./gathering.ts";
import { buildLayer, ENTRY_CLASSES, type EntryClass, foldLayers, joinLayers, type Layer, listedIn, NO_SOURCE, openLayer } from "./layer.ts";
import type { ListLevel } from "./lists.ts";
import { type ExactSealing, openExact, sealExact } from "./sealing.ts";

/** Bytes of one file, and of one piece of a document: little enough to be copied between two taps. */
export const PART_BYTES = 524_288;

/** Drawn from the terminal's storage key; copies travel to the threads that work. */
export interface ListSecrets {
  readonly fingerprints: Bytes;
  readonly encryption: Bytes;
  readonly authentication: Bytes;
}

/** What a question looks at: memory that several threads read and nobody writes to any more. */
export interface VersionMemory {
  readonly base: SharedArrayBuffer;
  /** Changes since the base. */
  readonly overlay: SharedArrayBuffer;
  /** Entries kept in full, those of base and changes together. */
  readonly exact: SharedArrayBuffer;
}

/** A layer as it stands on the disk. */
export interface StoredImage {
  readonly bytes: number;
  /** SM3 of each part, 64 hexadecimal digits. */
  readonly hashes: readonly string[];
}

export type WorkRequest =
  /** Pieces of a document that stands alone. */
  | { readonly do: "whole"; readonly level: ListLevel }
  /** Pieces of a document of changes. `compact`: what is to be written replaces all changes since the base. */
  | { readonly do: "delta"; readonly level: ListLevel; readonly version: VersionMemory; readonly entries: number; readonly compact: boolean }
  /** Each piece is one part, in order; an empty one stands for a file that is not there. */
  | { readonly do: "load"; readonly images: readonly StoredImage[] }
  /** Makes a new base of base and changes. */
  | { readonly do: "fold"; readonly version: VersionMemory }
  /** Lays further changes on a version. Their entries kept in full are in the version already. */
  | { readonly do: "join"; readonly version: VersionMemory; readonly changes: readonly SharedArrayBuffer[] };

export type WorkAnswer =
  | {
      readonly kind: "made";
      readonly version: VersionMemory;
      readonly entries: number;
      /** What is to be written; undefined where everything is on the disk already. */
      readonly image: SharedArrayBuffer | undefined;
      readonly stored: StoredImage;
    }
  | { readonly kind: "refused"; readonly reason: DocumentProblem }
  | { readonly kind: "damaged"; readonly why: string };

export interface ListJob {
  push(piece: Bytes): void;
  end(): WorkAnswer;
}

/** Does jobs, in this thread or in another one. */
export interface ListWorkshop {
  /** Rejects with "process-failed" when whoever works has died, and with "closed"; the same job can be asked for again. */
  run(request: WorkRequest, pieces: Iterable<Bytes> | AsyncIterable<Bytes>): Promise<WorkAnswer>;
  close(): Promise<void>;
}

const NO_CHANGES = {
  number: { added: NO_SOURCE, removed: NO_SOURCE },
  loss: { added: NO_SOURCE, removed: NO_SOURCE },
  debt: { added: NO_SOURCE, removed: NO_SOURCE },
};
const NOT_STORED: StoredImage = { bytes: 0, hashes: [] };

/** A layer that changes nothing. */
export const EMPTY_LAYER = buildLayer({ classes: NO_CHANGES, sealed: EMPTY, exactWhole: false });

/** What a worker needs beside a request. */
export class ListTools {
  readonly suite: CipherSuite;
  readonly fingerprinter: Fingerprinter;
  readonly sealing: ExactSealing;

  constructor(suite: CipherSuite, secrets: ListSecrets) {
    this.suite = suite;
    this.fingerprinter = new Fingerprinter(secrets.fingerprints);
    this.sealing = { suite, encryption: suite.secretKey(secrets.encryption), authentication: suite.secretKey(secrets.authentication) };
  }

  stored(memory: SharedArrayBuffer): StoredImage {
    return { bytes: memory.byteLength, hashes: partsOf(memory).map((part) => toHex(this.suite.sm3(part()))) };
  }
}

/** Copies of the parts of an image, each made when it is asked for. */
export function partsOf(memory: SharedArrayBuffer): readonly (() => Bytes)[] {
  const bytes = new Uint8Array(memory);
  const parts: (() => Bytes)[] = [];
  for (let at = 0; at < bytes.length; at += PART_BYTES) parts.push(() => new Uint8Array(bytes.subarray(at, at + PART_BYTES)));
  return parts;
}

export function beginJob(tools: ListTools, request: WorkRequest): ListJob {
  switch (request.do) {
    case "whole":
      return new DocumentJob({ level: request.level, form: "whole" }, tools.fingerprinter, (gathered) => wholeMade(tools, gathered));
    case "delta":
      return new DocumentJob({ level: request.level, form: "delta" }, tools.fingerprinter, (gathered) => deltaMade(tools, request, gathered));
    case "load":
      return new LoadJob(tools, request.images);
    case "fold":
      return { push: () => undefined, end: () => folded(tools, request.version) };
    case "join":
      return { push: () => undefined, end: () => joined(request) };
  }
}

interface Gathered {
  readonly classes: Readonly<Record<EntryClass, { readonly added: Gathering; readonly removed: Gathering }>>;
  readonly exact: ExactChanges;
}

class DocumentJob implements ListJob, EntrySink {
  readonly #reader: DocumentReader;
  readonly #fingerprinter: Fingerprinter;
  readonly #made: (gathered: Gathered) => WorkAnswer;
  readonly #exactAdded: ExactRow[] = [];
  readonly #exactRemoved: ExactRow[] = [];
  readonly #gathered: Gathered = {
    classes: { number: gatherings(false), loss: gatherings(true), debt: gatherings(false) },
    exact: { added: this.#exactAdded, removed: this.#exactRemoved },
  };

  constructor(expected: ConstructorParameters<typeof DocumentReader>[0], fingerprinter: Fingerprinter, made: (gathered: Gathered) => WorkAnswer) {
    this.#reader = new DocumentReader(expected, this);
    this.#fingerprinter = fingerprinter;
    this.#made = made;
  }

  push(piece: Bytes): void {
    this.#reader.push(piece);
  }

  entry({ change, entry, number, length }: Section, values: { readonly first: Bytes; readonly second: Bytes }, day: number): void {
    if (entry === "block" || entry === "range") {
      const row = { exact: entry, code: number, from: textOf(values.first, length), to: entry === "range" ? textOf(values.second, length) : "" };
      (change === "add" ? this.#exactAdded : this.#exactRemoved).push(row);
      return;
    }
    this.#fingerprinter.ofCharacters(number, values.first, length);
    const { added, removed } = this.#gathered.classes[entry];
    (change === "add" ? added : removed).add(this.#fingerprinter, day);
  }

  end(): WorkAnswer {
    const problem = this.#reader.end();
    return problem === undefined ? this.#made(this.#gathered) : { kind: "refused", reason: problem };
  }
}

function gatherings(dated: boolean): { readonly added: Gathering; readonly removed: Gathering } {
  return { added: new Gathering(dated), removed: new Gathering(false) };
}

function textOf(characters: Bytes, length: number): string {
  return String.fromCharCode(...characters.subarray(0, length));
}

function sourceOf(gathering: Gathering) {
  return { capacity: gathering.count, dated: gathering.dated, writeTo: gathering.writeTo.bind(gathering) };
}

function layerOf({ classes }: Gathered, sealed: Bytes, exactWhole: boolean): Layer {
  const sources = (name: EntryClass) => ({ added: sourceOf(classes[name].added), removed: sourceOf(classes[name].removed) });
  return buildLayer({ classes: { number: sources("number"), loss: sources("loss"), debt: sources("debt") }, sealed, exactWhole });
}

function plainOf(rows: ExactRows): Bytes {
  return new Uint8Array(new Uint8Array(rows.memory));
}

function wholeMade(tools: ListTools, gathered: Gathered): WorkAnswer {
  const exact = changedRows(NO_EXACT_ROWS, gathered.exact);
  const base = layerOf(gathered, sealExact(tools.sealing, plainOf(exact)), true);
  const entries = ENTRY_CLASSES.reduce((sum, name) => sum + base.classes[name].added.count, exact.count);
  return made(tools, { version: { base: base.memory, overlay: EMPTY_LAYER.memory, exact: exact.memory }, entries, image: base.memory });
}

function made(tools: ListTools, parts: { readonly version: VersionMemory; readonly entries: number; readonly image: SharedArrayBuffer }): WorkAnswer {
  return { kind: "made", ...parts, stored: tools.stored(parts.image) };
}

interface OpenVersion {
  readonly base: Layer;
  readonly overlay: Layer;
  readonly exact: ExactRows;
}

/** Memory that was published once can be read again. */
export function openVersion({ base, overlay, exact }: VersionMemory): OpenVersion {
  const opened = { base: openLayer(base), overlay: openLayer(overlay), exact: ExactRows.open(exact) };
  assert(opened.base !== undefined && opened.overlay !== undefined && opened.exact !== undefined, "a version of our own can be read");
  return { base: opened.base, overlay: opened.overlay, exact: opened.exact };
}

function deltaMade(tools: ListTools, request: WorkRequest & { readonly do: "delta" }, gathered: Gathered): WorkAnswer {
  const before = openVersion(request.version);
  const exact = changedRows(before.exact, gathered.exact);
  const changes = layerOf(gathered, request.compact ? EMPTY : sealExact(tools.sealing, packChanges(gathered.exact)), false);
  const entries = request.entries + exact.count - before.exact.count + growth(before, changes);
  if (entries > DOCUMENT_ENTRIES_MAX || exact.count > EXACT_ROWS_MAX) return { kind: "refused", reason: "list-too-large" };
  const sealed = request.compact ? sealExact(tools.sealing, plainOf(exact)) : EMPTY;
  const overlay = buildLayer({ classes: joinLayers(before.overlay, changes), sealed, exactWhole: request.compact });
  const version = { base: request.version.base, overlay: overlay.memory, exact: exact.memory };
  return made(tools, { version, entries, image: request.compact ? overlay.memory : changes.memory });
}

/** By how many entries the changes make a version larger. */
function growth(before: OpenVersion, changes: Layer): number {
  let more = 0;
  for (const name of ENTRY_CLASSES) {
    const { added, removed } = changes.classes[name];
    for (const at = new Cursor(added); at.there; at.next()) if (listedIn(before, name, at) === undefined) more += 1;
    for (const at = new Cursor(removed); at.there; at.next()) {
      if (indexOf(added, at.high, at.low) < 0 && listedIn(before, name, at) !== undefined) more -= 1;
    }
  }
  return more;
}

const LENGTH_BYTES = 4;

/** Length of what is removed, what is removed, what is added; nothing where neither is. */
function packChanges({ removed, added }: ExactChanges): Bytes {
  if (removed.length === 0 && added.length === 0) return EMPTY;
  const gone = plainOf(ExactRows.of(once(removed)));
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, gone.length, true);
  return concat(length, gone, plainOf(ExactRows.of(once(added))));
}

function once(rows: readonly ExactRow[]): readonly ExactRow[] {
  return [...changedRows(NO_EXACT_ROWS, { removed: [], added: rows }).rows()];
}

function rowsIn(plain: Bytes): ExactRows | undefined {
  const memory = new SharedArrayBuffer(plain.length);
  new Uint8Array(memory).set(plain);
  return ExactRows.open(memory);
}

function unpackChanges(plain: Bytes): ExactChanges | undefined {
  if (plain.length === 0) return { removed: [], added: [] };
  if (plain.length < LENGTH_BYTES) return undefined;
  const end = LENGTH_BYTES + new DataView(plain.buffer, plain.byteOffset).getUint32(0, true);
  if (end > plain.length) return undefined;
  const removed = rowsIn(plain.subarray(LENGTH_BYTES, end));
  const added = rowsIn(plain.subarray(end));
  return removed === undefined || added === undefined ? undefined : { removed: [...removed.rows()], added: [...added.rows()] };
}

function folded(tools: ListTools, version: VersionMemory): WorkAnswer {
  const { base, overlay, exact } = openVersion(version);
  const memory = buildLayer({ classes: foldLayers(base, overlay), sealed: sealExact(tools.sealing, plainOf(exact)), exactWhole: true }).memory;
  return made(tools, { version: { base: memory, overlay: EMPTY_LAYER.memory, exact: version.exact }, entries: 0, image: memory });
}

function joined({ version, changes }: WorkRequest & { readonly do: "join" }): WorkAnswer {
  let { overlay } = openVersion(version);
  for (const memory of changes) {
    const upper = openLayer(memory);
    assert(upper !== undefined, "changes of our own can be read");
    overlay = buildLayer({ classes: joinLayers(overlay, upper), sealed: EMPTY, exactWhole: false });
  }
  return { kind: "made", version: { ...version, overlay: overlay.memory }, entries: 0, image: undefined, stored: NOT_STORED };
}

class LoadJob implements ListJob {
  readonly #tools: ListTools;
  readonly #images: readonly StoredImage[];
  readonly #layers: SharedArrayBuffer[] = [];
  #part = 0;
  #damage: string | undefined;

  constructor(tools: ListTools, images: readonly StoredImage[]) {
    this.#tools = tools;
    this.#images = images;
  }

  push(piece: Bytes): void {
    const image = this.#images[this.#part === 0 ? this.#layers.length : this.#layers.length - 1];
    if (image === undefined || this.#damage !== undefined) return;
    if (this.#part === 0) this.#layers.push(new SharedArrayBuffer(image.bytes));
    const memory = this.#layers.at(-1);
    const at = this.#part * PART_BYTES;
    const wrong = piece.length !== Math.min(PART_BYTES, image.bytes - at) || toHex(this.#tools.suite.sm3(piece)) !== image.hashes[this.#part];
    if (memory === undefined || wrong) {
      this.#damage = piece.length === 0 ? "a file is missing" : "a file is not what was written";
      return;
    }
    new Uint8Array(memory, at).set(piece);
    this.#part = this.#part + 1 === image.hashes.length ? 0 : this.#part + 1;
  }

  end(): WorkAnswer {
    if (this.#damage !== undefined) return { kind: "damaged", why: this.#damage };
    const [base, ...changes] = this.#layers.map(openLayer);
    const all = this.#layers.length === this.#images.length && this.#part === 0;
    if (!all || base === undefined || !base.exactWhole) return { kind: "damaged", why: "the files are of another form" };
    let overlay: Layer = EMPTY_LAYER;
    let exact = this.#exactOf(base, NO_EXACT_ROWS);
    for (const upper of changes) {
      if (upper === undefined || exact === undefined) return { kind: "damaged", why: "the files are of another form" };
      overlay = buildLayer({ classes: joinLayers(overlay, upper), sealed: EMPTY, exactWhole: false });
      exact = this.#exactOf(upper, exact);
    }
    if (exact === undefined) return { kind: "damaged", why: "another storage key" };
    const version = { base: base.memory, overlay: overlay.memory, exact: exact.memory };
    return { kind: "made", version, entries: 0, image: undefined, stored: NOT_STORED };
  }

  #exactOf({ sealed, exactWhole }: Layer, before: ExactRows): ExactRows | undefined {
    const plain = openExact(this.#tools.sealing, sealed.slice());
    if (plain === undefined) return undefined;
    if (exactWhole) return rowsIn(plain);
    const changes = unpackChanges(plain);
    return changes === undefined ? undefined : changedRows(before, changes);
  }
}
