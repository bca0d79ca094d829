/*
 * A folder as a disk after a power cut may hold it. Each file has durable contents and writes that wait; the folder has durable names
 * and changes that wait. A flush of a file makes its contents durable, a flush of the folder its names. Whatever waits may be on the
 * disk in part, in any order, torn inside a page; that is what `crash` builds.
 */
import { assert } from "../../device/base/assert.ts";
import type { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import type { DiskEvent } from "./trace.ts";

/** "strict": a flush of a file does not make its name durable (POSIX). "ext4": it does, with all name changes before it, in order. */
export type DiskRules = "strict" | "ext4";

/** The folder after a crash. */
export type DiskImage = ReadonlyMap<string, Uint8Array>;

/** Which of the waiting changes a crash left on the disk. */
export type Survivors = "nothing" | "everything" | "names-without-data" | "data-without-names" | { readonly drawnFrom: SeededRandomness };

const PAGE_BYTES = 4096;
const SECTOR_BYTES = 512;

type Change = { readonly is: "write"; readonly offset: number; readonly data: Uint8Array } | { readonly is: "resize"; readonly size: number };

interface FileOnDisk {
  durable: Uint8Array;
  waiting: Change[];
}

type NameChange =
  | { readonly is: "put"; readonly name: string; readonly file: FileOnDisk }
  | { readonly is: "drop"; readonly name: string }
  | { readonly is: "move"; readonly from: string; readonly to: string; readonly file: FileOnDisk };

export class DiskModel {
  readonly #rules: DiskRules;
  readonly #names = new Map<string, FileOnDisk>();
  readonly #durableNames = new Map<string, FileOnDisk>();
  #waitingNames: NameChange[] = [];

  constructor(rules: DiskRules) {
    this.#rules = rules;
  }

  /** Whether anything waits for a flush. */
  get isUnsettled(): boolean {
    return this.#waitingNames.length > 0 || [...this.#files()].some((file) => file.waiting.length > 0);
  }

  apply(event: DiskEvent): void {
    switch (event.is) {
      case "create":
        return this.#create(event.name, event.truncate);
      case "write": {
        this.#file(event.name).waiting.push(...pages(event.offset, event.data));
        return;
      }
      case "resize": {
        this.#file(event.name).waiting.push({ is: "resize", size: event.size });
        return;
      }
      case "flush":
        return this.#flush(this.#file(event.name));
      case "flush-folder":
        return this.#flushNames();
      case "rename":
        return this.#rename(event.from, event.to);
      case "link":
        return this.#link(event.from, event.to);
      case "remove":
        return this.#remove(event.name);
      case "said":
        return;
    }
  }

  /** The folder as this crash leaves it. */
  crash(survivors: Survivors): DiskImage {
    const names = new Map(this.#durableNames);
    for (const change of this.#survivingNames(survivors)) applyName(names, change);
    const contents = new Map<FileOnDisk, Uint8Array>();
    const image = new Map<string, Uint8Array>();
    for (const [name, file] of names) {
      const content = contents.get(file) ?? surviving(file, survivors);
      contents.set(file, content);
      image.set(name, content);
    }
    return image;
  }

  #create(name: string, truncate: boolean): void {
    const known = this.#names.get(name);
    if (known === undefined) {
      const file: FileOnDisk = { durable: new Uint8Array(0), waiting: [] };
      this.#names.set(name, file);
      this.#waitingNames.push({ is: "put", name, file });
    } else if (truncate) known.waiting.push({ is: "resize", size: 0 });
  }

  #flush(file: FileOnDisk): void {
    file.durable = applied(file.durable, file.waiting);
    file.waiting = [];
    if (this.#rules === "ext4") this.#flushNames();
  }

  #flushNames(): void {
    for (const change of this.#waitingNames) applyName(this.#durableNames, change);
    this.#waitingNames = [];
  }

  #rename(from: string, to: string): void {
    const file = this.#file(from);
    this.#names.delete(from);
    this.#names.set(to, file);
    this.#waitingNames.push({ is: "move", from, to, file });
  }

  #link(from: string, to: string): void {
    const file = this.#file(from);
    this.#names.set(to, file);
    this.#waitingNames.push({ is: "put", name: to, file });
  }

  #remove(name: string): void {
    this.#names.delete(name);
    this.#waitingNames.push({ is: "drop", name });
  }

  #survivingNames(survivors: Survivors): readonly NameChange[] {
    if (survivors === "nothing" || survivors === "data-without-names") return [];
    if (typeof survivors === "string") return this.#waitingNames;
    const chance = survivors.drawnFrom;
    // A journalling file system keeps the order of names; POSIX promises nothing.
    if (this.#rules === "ext4") return this.#waitingNames.slice(0, chance.between(0, this.#waitingNames.length));
    return this.#waitingNames.filter(() => chance.chance(0.5));
  }

  #file(name: string): FileOnDisk {
    const file = this.#names.get(name);
    assert(file !== undefined, `${name} was created before it was used`);
    return file;
  }

  #files(): ReadonlySet<FileOnDisk> {
    return new Set([...this.#names.values(), ...this.#durableNames.values()]);
  }
}

function applyName(names: Map<string, FileOnDisk>, change: NameChange): void {
  if (change.is === "put") names.set(change.name, change.file);
  else if (change.is === "drop") names.delete(change.name);
  else {
    if (names.get(change.from) === change.file) names.delete(change.from);
    names.set(change.to, change.file);
  }
}

function surviving(file: FileOnDisk, survivors: Survivors): Uint8Array {
  if (survivors === "nothing" || survivors === "names-without-data") return file.durable;
  if (typeof survivors === "string") return applied(file.durable, file.waiting);
  const chance = survivors.drawnFrom;
  return applied(
    file.durable,
    file.waiting.flatMap((change) => drawn(change, chance)),
  );
}

/** Whole, missing, or torn after some sectors. */
function drawn(change: Change, chance: SeededRandomness): readonly Change[] {
  const lot = chance.fraction();
  if (lot < 0.4) return [];
  if (lot < 0.8 || change.is === "resize") return [change];
  const firstSector = SECTOR_BYTES - (change.offset % SECTOR_BYTES);
  const sectors = Math.max(0, Math.ceil((change.data.length - firstSector) / SECTOR_BYTES));
  const kept = chance.between(0, sectors);
  return [{ is: "write", offset: change.offset, data: change.data.subarray(0, kept === 0 ? 0 : firstSector + (kept - 1) * SECTOR_BYTES) }];
}

/** Cuts a write at page borders: pages reach the disk one by one. */
function pages(offset: number, data: Uint8Array): readonly Change[] {
  const parts: Change[] = [];
  for (let at = 0; at < data.length; ) {
    const length = Math.min(data.length - at, PAGE_BYTES - ((offset + at) % PAGE_BYTES));
    parts.push({ is: "write", offset: offset + at, data: data.subarray(at, at + length) });
    at += length;
  }
  return parts;
}

function applied(durable: Uint8Array, changes: readonly Change[]): Uint8Array {
  if (changes.length === 0) return durable;
  let size = durable.length;
  let room = size;
  for (const change of changes) room = Math.max(room, change.is === "resize" ? change.size : change.offset + change.data.length);
  const content = new Uint8Array(room);
  content.set(durable);
  for (const change of changes) {
    if (change.is === "write") {
      content.set(change.data, change.offset);
      if (change.data.length > 0) size = Math.max(size, change.offset + change.data.length);
    } else {
      if (change.size < size) content.fill(0, change.size, size);
      size = change.size;
    }
  }
  return content.subarray(0, size);
}
