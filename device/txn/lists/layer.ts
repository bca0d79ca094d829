/*
 * Goal: one piece of memory is a version's columns for the thread that asks, for the thread that builds the next one, and for the disk.
 * Method: a head of 32-bit words says where the columns of six sets stand (for each kind of entry those that are there and those that are
 * gone), and behind them, sealed, the entries that are kept in full. Loading is copying. The words are those of the machine, which is little-endian.
 */
import { assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import { bucketBits, type FingerprintSet, indexOf, mergeSets, type OpenSet } from "./fingerprints.ts";

/** Kinds of entry that are kept as fingerprints. */
export type EntryClass = "number" | "loss" | "debt";
export const ENTRY_CLASSES: readonly EntryClass[] = ["number", "loss", "debt"];

/** What one version says about one kind of entry, by itself or on top of the layer below. */
export interface ClassSets {
  readonly added: FingerprintSet;
  readonly removed: FingerprintSet;
}

export interface Layer {
  readonly memory: SharedArrayBuffer;
  readonly classes: Readonly<Record<EntryClass, ClassSets>>;
  /** Entries kept in full, sealed; whole lists of them, or changes, as `exactWhole` says. */
  readonly sealed: Bytes;
  readonly exactWhole: boolean;
}

/** One set to be written. */
export interface SetSource {
  /** At least as many as will be written. */
  readonly capacity: number;
  readonly dated: boolean;
  writeTo(set: OpenSet): number;
}

export interface LayerSource {
  readonly classes: Readonly<Record<EntryClass, { readonly added: SetSource; readonly removed: SetSource }>>;
  readonly sealed: Bytes;
  readonly exactWhole: boolean;
}

const MAGIC = 0x31_4b_4c_49;
const HEAD_WORDS = 5;
const SET_WORDS = 5;
const WORD = 4;
const SETS = 2 * ENTRY_CLASSES.length;
const HEAD_BYTES = WORD * (HEAD_WORDS + SET_WORDS * SETS);
/** Beyond every list that is taken. */
const LAYER_BYTES_MAX = 0x4000_0000;
const BUCKET_BITS_LIMIT = 24;

export const NO_SOURCE: SetSource = {
  capacity: 0,
  dated: false,
  writeTo: (set) => {
    set.directory.fill(0);
    return 0;
  },
};

interface Plan {
  readonly bits: number;
  readonly capacity: number;
  readonly dated: boolean;
  readonly offset: number;
  readonly end: number;
}

function wordsUp(bytes: number): number {
  return Math.ceil(bytes / WORD) * WORD;
}

function planOf(offset: number, { bits, capacity, dated }: { readonly bits: number; readonly capacity: number; readonly dated: boolean }): Plan {
  const high = wordsUp(capacity * (bits === 0 ? WORD : 2));
  const bytes = WORD * ((1 << bits) + 1) + WORD * capacity + high + (dated ? wordsUp(2 * capacity) : 0);
  return { bits, capacity, dated, offset, end: offset + bytes };
}

function columns(memory: SharedArrayBuffer, { bits, capacity, dated, offset }: Plan): OpenSet {
  const directory = new Uint32Array(memory, offset, (1 << bits) + 1);
  const low = new Uint32Array(memory, directory.byteOffset + directory.byteLength, capacity);
  const highAt = low.byteOffset + low.byteLength;
  const high = bits === 0 ? new Uint32Array(memory, highAt, capacity) : new Uint16Array(memory, highAt, capacity);
  return { bits, directory, low, high, days: dated ? new Uint16Array(memory, highAt + wordsUp(high.byteLength), capacity) : undefined };
}

export function buildLayer(source: LayerSource): Layer {
  const sources = ENTRY_CLASSES.flatMap((name) => [source.classes[name].added, source.classes[name].removed]);
  const plans: Plan[] = [];
  let end = HEAD_BYTES;
  for (const { capacity, dated } of sources) {
    const plan = planOf(end, { bits: bucketBits(capacity), capacity, dated });
    plans.push(plan);
    end = plan.end;
  }
  const memory = new SharedArrayBuffer(end + wordsUp(source.sealed.length));
  const head = new Uint32Array(memory, 0, HEAD_BYTES / WORD);
  head.set([MAGIC, memory.byteLength, source.exactWhole ? 1 : 0, end, source.sealed.length]);
  plans.forEach((plan, at) => {
    const count = sources[at]?.writeTo(columns(memory, plan)) ?? 0;
    head.set([plan.bits, plan.capacity, plan.dated ? 1 : 0, count, plan.offset], HEAD_WORDS + at * SET_WORDS);
  });
  new Uint8Array(memory, end).set(source.sealed);
  const layer = openLayer(memory);
  assert(layer !== undefined, "a layer of our own can be read");
  return layer;
}

/** The layer that lies in this memory, or undefined where it is none: another version of the program may have written it. */
export function openLayer(memory: SharedArrayBuffer): Layer | undefined {
  if (memory.byteLength < HEAD_BYTES || memory.byteLength > LAYER_BYTES_MAX || memory.byteLength % WORD !== 0) return undefined;
  const head = new Uint32Array(memory, 0, HEAD_BYTES / WORD);
  const [magic, length, whole, sealedAt = 0, sealedLength = 0] = head;
  if (magic !== MAGIC || length !== memory.byteLength) return undefined;
  const sets: FingerprintSet[] = [];
  let end = HEAD_BYTES;
  for (let at = 0; at < SETS; at += 1) {
    const set = openSet(memory, head.subarray(HEAD_WORDS + at * SET_WORDS), end);
    if (set === undefined) return undefined;
    sets.push(set.set);
    end = set.end;
  }
  if (sealedAt !== end || end + wordsUp(sealedLength) !== memory.byteLength) return undefined;
  const [a, b, c, d, e, f] = sets;
  if (a === undefined || b === undefined || c === undefined || d === undefined || e === undefined || f === undefined) return undefined;
  const classes = { number: { added: a, removed: b }, loss: { added: c, removed: d }, debt: { added: e, removed: f } };
  return { memory, classes, sealed: new Uint8Array(memory, sealedAt, sealedLength), exactWhole: whole === 1 };
}

function openSet(memory: SharedArrayBuffer, words: Uint32Array, expectedOffset: number): { readonly set: FingerprintSet; readonly end: number } | undefined {
  const [bits = 0, capacity = 0, dated, count = 0, offset] = words;
  if (offset !== expectedOffset || bits > BUCKET_BITS_LIMIT || count > capacity) return undefined;
  const plan = planOf(offset, { bits, capacity, dated: dated === 1 });
  if (plan.end > memory.byteLength) return undefined;
  return { set: { ...columns(memory, plan), count }, end: plan.end };
}

function merged(base: FingerprintSet, removed: FingerprintSet, added: FingerprintSet): SetSource {
  return {
    capacity: base.count + added.count,
    dated: base.days !== undefined || added.days !== undefined,
    writeTo: (set) => mergeSets({ base, removed, added }, set),
  };
}

/** What the two layers say together, `upper` lying on `lower`. */
export function joinLayers(lower: Layer, upper: Layer): LayerSource["classes"] {
  const join = (name: EntryClass) => {
    const below = lower.classes[name];
    const above = upper.classes[name];
    return { added: merged(below.added, above.removed, above.added), removed: merged(below.removed, above.added, above.removed) };
  };
  return { number: join("number"), loss: join("loss"), debt: join("debt") };
}

/** A layer that stands alone and says what the two say together; nothing lies below it, so that nothing needs to be gone. */
export function foldLayers(base: Layer, overlay: Layer): LayerSource["classes"] {
  const fold = (name: EntryClass) => {
    const { added, removed } = overlay.classes[name];
    return { added: merged(base.classes[name].added, removed, added), removed: NO_SOURCE };
  };
  return { number: fold("number"), loss: fold("loss"), debt: fold("debt") };
}

/** Entries and removals of a layer: what it costs to lie on top of another one. */
export function layerWeight(layer: Layer): number {
  return ENTRY_CLASSES.reduce((sum, name) => sum + layer.classes[name].added.count + layer.classes[name].removed.count, 0);
}

/** What two layers know of a fingerprint: undefined where it is not listed, its day (0 where it has none) where it is. */
export function listedIn(
  layers: { readonly base: Layer; readonly overlay: Layer },
  name: EntryClass,
  fingerprint: { high: number; low: number },
): number | undefined {
  const { high, low } = fingerprint;
  const above = layers.overlay.classes[name];
  const newer = indexOf(above.added, high, low);
  if (newer >= 0) return above.added.days?.[newer] ?? 0;
  if (indexOf(above.removed, high, low) >= 0) return undefined;
  const below = layers.base.classes[name].added;
  const at = indexOf(below, high, low);
  return at < 0 ? undefined : (below.days?.[at] ?? 0);
}
