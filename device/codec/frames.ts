/*
 * Goal: a payload that is larger than one message travels on the same topic and arrives whole or not at all.
 * Method: numbered frames that carry the hash of the whole. The receiver keeps a bounded number of unfinished sets for a bounded time;
 * frames may repeat and overtake each other. Hash and time come from the caller, so that this file stays pure. Spec: pos/v1, 5.
 */
import { assert } from "../base/assert.ts";
import { type Bytes, concat, toHex } from "../base/bytes.ts";
import { encodeMessage, PAYLOAD_BYTES_MAX } from "./upload.ts";
import { HASH_SHAPE, HEX_16_BYTES_SHAPE, MemberReader, type MessageParse, parseBase64, parseMessage, toBase64 } from "./upload-fields.ts";

/** Bytes of the payload in one frame; in base64 with its members a frame stays below the largest message. Spec: pos/v1, 5. */
export const FRAME_DATA_BYTES_MAX = 32_768;
/** Frames of one payload, which bounds what a peer can make us keep to 2 MiB. Spec: pos/v1, 5. */
export const FRAMES_MAX = 64;
/** An unfinished set is forgotten after this time. */
export const FRAME_SET_AGE_MS_MAX = 60_000;
/** Unfinished sets kept at once; the oldest makes room. */
export const FRAME_SETS_MAX = 8;

/** One piece of a payload that is larger than a message. Frames of one payload share `id`, `count` and `hash`. Spec: pos/v1, 5. */
export interface Frame {
  /** 16 bytes in hexadecimal, the same for all frames of one payload. */
  readonly id: string;
  /** 0 to `count` - 1. */
  readonly index: number;
  /** 1 to 64. */
  readonly count: number;
  /** SM3 of the whole payload, 64 hexadecimal digits. */
  readonly hash: string;
  readonly data: Bytes;
}

/** Cuts a payload into frame messages. `id` are 16 fresh bytes, `hash` the SM3 of the payload. */
export function splitIntoFrames(payload: Bytes, id: Bytes, hash: Bytes): readonly Bytes[] {
  const count = Math.max(1, Math.ceil(payload.length / FRAME_DATA_BYTES_MAX));
  assert(count <= FRAMES_MAX && id.length === 16 && hash.length === 32, "the caller checked that the payload fits 64 frames");
  return Array.from({ length: count }, (_, index) => {
    const data = payload.subarray(index * FRAME_DATA_BYTES_MAX, (index + 1) * FRAME_DATA_BYTES_MAX);
    return encodeMessage({ v: 1, frame: { id: toHex(id), index, count, hash: toHex(hash) }, data: toBase64(data) });
  });
}

/** Reads one message as a frame; a message without the member "frame" gives `undefined` for it. Never throws. */
export function parseFrame(payload: Bytes): MessageParse<Frame | undefined> {
  return parseMessage(payload, PAYLOAD_BYTES_MAX, (members) => {
    if (!members.has("frame")) return undefined;
    members.version();
    const inner = new MemberReader(members.object("frame"));
    const count = inner.integer("count", 1, FRAMES_MAX);
    const frame = { id: inner.text("id", HEX_16_BYTES_SHAPE), index: inner.integer("index", 0, count - 1), count, hash: inner.text("hash", HASH_SHAPE) };
    const data = parseBase64(members.base64("data"));
    if (inner.problem !== undefined) members.fail(inner.problem);
    if (data === undefined || data.length > FRAME_DATA_BYTES_MAX) members.fail("wrong-member: data");
    return { ...frame, data: data ?? new Uint8Array(0) };
  });
}

interface FrameSet {
  readonly count: number;
  readonly hash: string;
  readonly bornMs: number;
  readonly parts: Map<number, Bytes>;
}

/**
 * What one more frame has led to. "wrong" means that this frame cannot belong to its set ("frame-contradicts"; the set stays), or that the
 * whole is not what was sent ("hash-wrong"; the set is forgotten). The sender repeats, so nothing has to be told to it.
 */
export type FrameOutcome =
  | { readonly kind: "whole"; readonly payload: Bytes }
  | { readonly kind: "unfinished" }
  | { readonly kind: "wrong"; readonly reason: "frame-contradicts" | "hash-wrong" };

/** Puts frames together; bounded in sets, frames and time. */
export class FrameAssembler {
  readonly #sets = new Map<string, FrameSet>();
  readonly #hash: (payload: Bytes) => Bytes;

  /** `hash` is SM3. */
  constructor(hash: (payload: Bytes) => Bytes) {
    this.#hash = hash;
  }

  /** Unfinished sets at the moment. */
  get pending(): number {
    return this.#sets.size;
  }

  /** Takes one frame at `nowMs` of a clock that never runs back; sets that have grown too old by then are forgotten first. */
  add(frame: Frame, nowMs: number): FrameOutcome {
    this.#forget(nowMs);
    const set = this.#sets.get(frame.id) ?? this.#open(frame, nowMs);
    if (set.count !== frame.count || set.hash !== frame.hash) return { kind: "wrong", reason: "frame-contradicts" };
    set.parts.set(frame.index, frame.data);
    if (set.parts.size < set.count) return { kind: "unfinished" };
    this.#sets.delete(frame.id);
    const payload = concat(...Array.from({ length: set.count }, (_, index) => set.parts.get(index) ?? new Uint8Array(0)));
    return toHex(this.#hash(payload)) === set.hash ? { kind: "whole", payload } : { kind: "wrong", reason: "hash-wrong" };
  }

  #open(frame: Frame, nowMs: number): FrameSet {
    if (this.#sets.size >= FRAME_SETS_MAX) {
      const [oldest] = this.#sets.keys();
      if (oldest !== undefined) this.#sets.delete(oldest);
    }
    const set = { count: frame.count, hash: frame.hash, bornMs: nowMs, parts: new Map<number, Bytes>() };
    this.#sets.set(frame.id, set);
    return set;
  }

  #forget(nowMs: number): void {
    for (const [id, set] of this.#sets) {
      if (nowMs - set.bornMs > FRAME_SET_AGE_MS_MAX) this.#sets.delete(id);
    }
  }
}
