import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, toHex, utf8 } from "../base/bytes.ts";
import { FRAME_DATA_BYTES_MAX, FRAME_SET_AGE_MS_MAX, FRAME_SETS_MAX, FRAMES_MAX, type Frame, FrameAssembler, parseFrame, splitIntoFrames } from "./frames.ts";
import { PAYLOAD_BYTES_MAX } from "./upload.ts";

/** Any 32-byte hash will do here; sync passes SM3. */
const hash = (payload: Bytes): Bytes => new Uint8Array(createHash("sha256").update(payload).digest());
const id = (seed: number): Bytes => new Uint8Array(16).fill(seed);

function framesOf(payload: Bytes, seed = 1): Frame[] {
  return splitIntoFrames(payload, id(seed), hash(payload)).map((message) => {
    expect(message.length).toBeLessThanOrEqual(PAYLOAD_BYTES_MAX);
    const parsed = parseFrame(message);
    if (!parsed.ok || parsed.message === undefined) throw new Error("a frame of ours is a frame");
    return parsed.message;
  });
}

describe("frames", () => {
  it("any payload arrives whole, in any order, with repeats", () => {
    const shuffled = fc.tuple(fc.integer({ min: 0, max: 5 * FRAME_DATA_BYTES_MAX }), fc.integer()).chain(([length, seed]) => {
      const payload = new Uint8Array(length).map((_, at) => (at * 31 + seed) & 0xff);
      const frames = framesOf(payload);
      return fc.tuple(fc.constant(payload), fc.shuffledSubarray(frames, { minLength: frames.length }), fc.subarray(frames.slice(1)));
    });
    fc.assert(
      fc.property(shuffled, ([payload, frames, repeats]) => {
        const assembler = new FrameAssembler(hash);
        const last = frames.at(-1);
        const outcomes = [...frames.slice(0, -1), ...repeats.filter((frame) => frame !== last), ...(last === undefined ? [] : [last])].map((frame) =>
          assembler.add(frame, 0),
        );
        expect(outcomes.slice(0, -1).every(({ kind }) => kind === "unfinished")).toBe(true);
        const end = outcomes.at(-1);
        expect(end?.kind === "whole" && toHex(end.payload) === toHex(payload)).toBe(true);
        expect(assembler.pending).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it("the largest payload makes 64 frames, one byte more is our own mistake", () => {
    expect(framesOf(new Uint8Array(FRAMES_MAX * FRAME_DATA_BYTES_MAX))).toHaveLength(FRAMES_MAX);
    const tooLarge = new Uint8Array(FRAMES_MAX * FRAME_DATA_BYTES_MAX + 1);
    expect(() => splitIntoFrames(tooLarge, id(1), hash(tooLarge))).toThrow("64 frames");
  });

  it("a changed byte is found by the hash of the whole", () => {
    const [first, second] = framesOf(new Uint8Array(FRAME_DATA_BYTES_MAX + 1));
    if (first === undefined || second === undefined) throw new Error("two frames");
    const assembler = new FrameAssembler(hash);
    assembler.add(first, 0);
    expect(assembler.add({ ...second, data: Uint8Array.of(9) }, 0)).toEqual({ kind: "wrong", reason: "hash-wrong" });
  });

  it("frames that contradict each other are refused", () => {
    const [first] = framesOf(new Uint8Array(FRAME_DATA_BYTES_MAX * 2));
    if (first === undefined) throw new Error("a frame");
    const assembler = new FrameAssembler(hash);
    assembler.add(first, 0);
    expect(assembler.add({ ...first, count: 3 }, 0)).toEqual({ kind: "wrong", reason: "frame-contradicts" });
    expect(assembler.add({ ...first, hash: "00".repeat(32) }, 0)).toEqual({ kind: "wrong", reason: "frame-contradicts" });
  });

  it("an unfinished set is forgotten after 60 s, and the oldest makes room for the ninth", () => {
    const assembler = new FrameAssembler(hash);
    const [first, second] = framesOf(new Uint8Array(FRAME_DATA_BYTES_MAX + 1));
    if (first === undefined || second === undefined) throw new Error("two frames");
    assembler.add(first, 0);
    expect(assembler.add(second, FRAME_SET_AGE_MS_MAX + 1)).toEqual({ kind: "unfinished" });
    for (let seed = 10; seed < 10 + 2 * FRAME_SETS_MAX; seed += 1) assembler.add({ ...first, id: toHex(id(seed)) }, FRAME_SET_AGE_MS_MAX + 2);
    expect(assembler.pending).toBe(FRAME_SETS_MAX);
  });

  const good = { v: 1, frame: { id: "00".repeat(16), index: 0, count: 2, hash: "00".repeat(32) }, data: "AAAA" };
  it.each<[string, unknown]>([
    ["index beyond count", { ...good, frame: { ...good.frame, index: 2 } }],
    ["count above 64", { ...good, frame: { ...good.frame, count: 65 } }],
    ["no data", { ...good, data: undefined }],
    ["too much data", { ...good, data: "A".repeat(43_696) }],
    ["wrong version", { ...good, v: 2 }],
    ["frame that is no object", { ...good, frame: 1 }],
  ])("%s is refused", (_, message) => {
    expect(parseFrame(utf8(JSON.stringify(message))).ok).toBe(false);
  });

  it("another message is no frame", () => {
    expect(parseFrame(utf8('{"v":1}'))).toEqual({ ok: true, message: undefined });
  });
});
