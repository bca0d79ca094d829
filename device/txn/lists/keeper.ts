/*
 * Goal: one level of the invalid lists is always one whole version: a question sees the old one or the new one, and so does the next start.
 * Method: a document is made into columns elsewhere, written, named by the one small file, and only then shown, in one assignment. When changes have
 * grown, a new base is made of everything beside the running version; further changes go on meanwhile and are laid on it.
 */

import { assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import { WorkRow } from "../../base/work-row.ts";
import type { DocumentAnswer, DocumentTaker, HostDocument } from "../hosts.ts";
import type { ExactRows } from "./exact.ts";
import { type Layer, layerWeight } from "./layer.ts";
import type { ListLevel, ListState } from "./lists.ts";
import { CHANGES_MAX, type KeptImage, type Manifest, Shelf, type ShelfParts } from "./shelf.ts";
import { type ListWorkshop, openVersion, PART_BYTES, type VersionMemory, type WorkAnswer, type WorkRequest } from "./work.ts";

/** One version as a question sees it. Never changed, only replaced. */
export interface HeldVersion extends Manifest {
  readonly memory: VersionMemory;
  readonly base: Layer;
  readonly overlay: Layer;
  readonly exact: ExactRows;
}

export interface KeeperParts extends ShelfParts {
  readonly workshop: ListWorkshop;
  /** Changes, in entries, from which on a new base is made. */
  readonly foldAt: number;
}

type Made = WorkAnswer & { readonly kind: "made" };

export class LevelKeeper implements DocumentTaker {
  readonly level: ListLevel;
  readonly stream: string;
  readonly #workshop: ListWorkshop;
  readonly #foldAt: number;
  readonly #log: Log;
  readonly #shelf: Shelf;
  #held: HeldVersion | undefined;
  readonly #row = new WorkRow("documents of lists");
  #closed = false;
  /** While a new base is being made: the changes that were taken meanwhile. */
  #meanwhile: SharedArrayBuffer[] | undefined;
  #folding: Promise<void> = Promise.resolve();

  constructor(parts: KeeperParts, level: ListLevel) {
    this.level = level;
    this.stream = `list/${level}`;
    this.#workshop = parts.workshop;
    this.#foldAt = parts.foldAt;
    this.#log = parts.log;
    this.#shelf = new Shelf(parts, level);
  }

  /** What questions are answered by; undefined: no list. */
  get held(): HeldVersion | undefined {
    return this.#held;
  }

  get state(): ListState {
    const held = this.#held;
    return { level: this.level, sequence: held?.sequence ?? 0, entries: held?.entries ?? 0, issuedMs: held?.issuedMs };
  }

  /** Loads what the disk holds. A level that cannot be read is missing, which is said and no fault. */
  async open(): Promise<void> {
    const { manifest, why } = await this.#shelf.open();
    if (manifest === undefined) {
      this.#log.warn("list-missing", { level: this.level, why });
      return;
    }
    const loaded = await this.#work({ do: "load", images: manifest.images }, () => this.#shelf.pieces(manifest.images));
    if (loaded.kind !== "made") {
      this.#log.warn("list-missing", { level: this.level, why: loaded.kind === "damaged" ? loaded.why : loaded.reason });
      return;
    }
    this.#show(manifest, loaded.version);
    await this.#shelf.sweep(manifest.images);
    this.#log.info("list-loaded", { level: this.level, sequence: manifest.sequence, entries: manifest.entries });
  }

  have(): number {
    return this.#held?.sequence ?? 0;
  }

  take(document: HostDocument): Promise<DocumentAnswer> {
    return this.#row.run(() => this.#take(document));
  }

  /** What is not named yet is given up: the host sends it again. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#shelf.close();
    await this.#row.idle();
    await this.#folding;
  }

  async #take(document: HostDocument): Promise<DocumentAnswer> {
    const early = this.#judge(document);
    if (early !== undefined) return early;
    const before = this.#held;
    const request = this.#requestFor(document, before);
    const made = await this.#work(request, () => piecesOf(document.body));
    if (made.kind !== "made") return { kind: "refused", reason: made.kind === "refused" ? made.reason : "list-malformed" };
    const { image, stored, version, entries } = made;
    assert(image !== undefined, "a document becomes something to be written");
    const kept = await this.#shelf.write(image, stored);
    const images = imagesAfter(request, before?.images ?? [], kept);
    const manifest = { sequence: document.sequence, issuedMs: document.issuedMs, entries, images };
    await this.#shelf.commit(manifest);
    this.#show(manifest, version);
    if (request.do === "delta") this.#meanwhile?.push(image);
    this.#log.info("list-taken", { level: this.level, sequence: document.sequence, base: document.base, entries });
    await this.#shelf.sweep(images);
    this.#foldWhenGrown();
    return { kind: "taken" };
  }

  /** What can be said without reading the document. */
  #judge({ stream, sequence, base }: HostDocument): DocumentAnswer | undefined {
    const have = this.have();
    if (stream !== this.stream) return { kind: "refused", reason: "other-stream" };
    if (sequence <= base) return { kind: "refused", reason: "sequence-wrong" };
    if (sequence === have) return { kind: "taken" };
    if (sequence < have) return { kind: "refused", reason: "older" };
    return base !== 0 && base !== have ? { kind: "gap" } : undefined;
  }

  #requestFor({ base }: HostDocument, held: HeldVersion | undefined): WorkRequest {
    if (base === 0) return { do: "whole", level: this.level };
    assert(held !== undefined, "changes continue a version that is here");
    // While a new base is made, each of the changes has to stay a file of its own, because they will lie on it.
    const compact = held.images.length > CHANGES_MAX && this.#meanwhile === undefined;
    return { do: "delta", level: this.level, version: held.memory, entries: held.entries, compact };
  }

  #show(manifest: Manifest, memory: VersionMemory): void {
    this.#held = { ...manifest, memory, ...openVersion(memory) };
  }

  /** A job of a thread that died is done once more. */
  async #work(request: WorkRequest, pieces: () => Iterable<Bytes> | AsyncIterable<Bytes>): Promise<WorkAnswer> {
    try {
      return await this.#workshop.run(request, pieces());
    } catch (error) {
      if (!isFault(error, "process-failed")) throw error;
      this.#log.warn("list-worker-ended", { level: this.level, job: request.do });
      return this.#workshop.run(request, pieces());
    }
  }

  #foldWhenGrown(): void {
    const held = this.#held;
    if (held === undefined || this.#meanwhile !== undefined || this.#closed || layerWeight(held.overlay) < this.#foldAt) return;
    this.#meanwhile = [];
    this.#folding = this.#fold(held)
      .catch((error: unknown) => {
        // Nothing is lost: the next changes try again.
        if (!isFault(error)) throw error;
        this.#log.warn("list-not-folded", { level: this.level, why: error.code });
      })
      .finally(() => {
        this.#meanwhile = undefined;
      });
  }

  async #fold(from: HeldVersion): Promise<void> {
    const made = await this.#work({ do: "fold", version: from.memory }, () => []);
    if (made.kind !== "made" || made.image === undefined) return;
    const base = await this.#shelf.write(made.image, made.stored);
    await this.#row.run(() => this.#showFolded(from, { made, base }));
  }

  async #showFolded(from: HeldVersion, { made, base }: { readonly made: Made; readonly base: KeptImage }): Promise<void> {
    const held = this.#held;
    // By its number: memory that has been in another thread comes back as another object.
    if (held === undefined || held.images[0]?.serial !== from.images[0]?.serial) {
      // A whole list has come meanwhile.
      this.#shelf.discard(base);
      return;
    }
    const version = { ...made.version, exact: held.memory.exact };
    const changes = this.#meanwhile ?? [];
    const joined = changes.length === 0 ? { ...made, version } : await this.#work({ do: "join", version, changes }, () => []);
    assert(joined.kind === "made", "joining refuses nothing");
    const images = [base, ...held.images.slice(from.images.length)];
    const { sequence, issuedMs, entries } = held;
    await this.#shelf.commit({ sequence, issuedMs, entries, images });
    this.#show({ sequence, issuedMs, entries, images }, joined.version);
    this.#log.info("list-folded", { level: this.level, sequence, entries });
    await this.#shelf.sweep(images);
  }
}

function* piecesOf(body: Bytes): Generator<Bytes> {
  for (let at = 0; at < body.length; at += PART_BYTES) yield body.subarray(at, at + PART_BYTES);
}

function imagesAfter(request: WorkRequest, before: readonly KeptImage[], kept: KeptImage): readonly KeptImage[] {
  if (request.do !== "delta") return [kept];
  return request.compact ? [...before.slice(0, 1), kept] : [...before, kept];
}
