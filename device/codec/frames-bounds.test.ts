/* The edges of frames: sizes, indexes, ages, and what a set that is over leaves behind. */
import { describe, expect, it } from "vitest";
import { type Bytes, toHex, utf8 } from "../base/bytes.ts";
import { FRAME_DATA_BYTES_MAX, FRAME_SET_AGE_MS_MAX, FRAME_SETS_MAX, type Frame, FrameAssembler, parseFrame, splitIntoFrames } from "./frames.ts";
import { toBase64 } from "./upload-fields.ts";

/** A sum is hash enough here: what is tested is that it is asked, and of what. */
const hash = (payload: Bytes): Bytes => new Uint8Array(32).fill(payload.reduce((sum, byte) => (sum + byte) & 0xff, payload.length & 0xff));
const idOf = (seed: number): string => toHex(new Uint8Array(16).fill(seed));

function frame(index: number, change: Partial<Frame> = {}): Frame {
  const data = Uint8Array.of(index + 1);
  return { id: idOf(1), index, count: 2, hash: toHex(hash(Uint8Array.of(1, 2))), data, ...change };
}

describe("cutting", () => {
  it.each([
    [0, [0]],
    [1, [1]],
    [FRAME_DATA_BYTES_MAX, [FRAME_DATA_BYTES_MAX]],
    [FRAME_DATA_BYTES_MAX + 1, [FRAME_DATA_BYTES_MAX, 1]],
  ])("%i bytes make frames of %j", (length, sizes) => {
    const payload = new Uint8Array(length).map((_, at) => at & 0xff);
    const frames = splitIntoFrames(payload, new Uint8Array(16).fill(7), hash(payload)).map((message) => parseFrame(message));
    const read = frames.map((parsed) => (parsed.ok ? parsed.message : undefined));
    expect(read.map((one) => one?.data.length)).toEqual(sizes);
    expect(read.map((one) => [one?.id, one?.index, one?.count, one?.hash])).toEqual(
      sizes.map((_, index) => [idOf(7), index, sizes.length, toHex(hash(payload))]),
    );
  });

  it.each([
    [15, 32],
    [17, 32],
    [16, 31],
    [16, 33],
  ])("a name of %i bytes and a hash of %i are our own mistake", (idLength, hashLength) => {
    expect(() => splitIntoFrames(utf8("x"), new Uint8Array(idLength), new Uint8Array(hashLength))).toThrow("64 frames");
  });
});

describe("reading", () => {
  const inner = { id: idOf(1), index: 0, count: 64, hash: "00".repeat(32) };
  const good = { v: 1, frame: inner, data: "AAAA" };
  const largest = toBase64(new Uint8Array(FRAME_DATA_BYTES_MAX));

  it.each<[string, object]>([
    ["the first of 64", good],
    ["the last of 64", { ...good, frame: { ...inner, index: 63 } }],
    ["the only one", { ...good, frame: { ...inner, count: 1 } }],
    ["one without data", { ...good, data: "" }],
    ["the largest", { ...good, data: largest }],
  ])("%s", (_, message) => {
    expect(parseFrame(utf8(JSON.stringify(message)))).toMatchObject({ ok: true });
  });

  it.each<[string, object]>([
    ["wrong-member: count", { ...good, frame: { ...inner, count: 0 } }],
    ["wrong-member: count", { ...good, frame: { ...inner, count: 65 } }],
    ["wrong-member: index", { ...good, frame: { ...inner, index: 64 } }],
    ["wrong-member: index", { ...good, frame: { ...inner, index: -1 } }],
    ["wrong-member: id", { ...good, frame: { ...inner, id: "00" } }],
    ["wrong-member: hash", { ...good, frame: { ...inner, hash: "00" } }],
    ["wrong-member: frame", { ...good, frame: [] }],
    ["wrong-member: data", { v: 1, frame: inner }],
    ["wrong-member: data", { ...good, data: "A" }],
    ["wrong-member: data", { ...good, data: toBase64(new Uint8Array(FRAME_DATA_BYTES_MAX + 1)) }],
    ["wrong-version", { ...good, v: 2 }],
  ])("%s", (reason, message) => {
    expect(parseFrame(utf8(JSON.stringify(message)))).toEqual({ ok: false, reason });
  });
});

describe("putting together", () => {
  it("the second frame makes it whole, once; a later one opens a new set", () => {
    const assembler = new FrameAssembler(hash);
    expect(assembler.add(frame(1), 0)).toEqual({ kind: "unfinished" });
    expect(assembler.pending).toBe(1);
    expect(assembler.add(frame(0), 0)).toEqual({ kind: "whole", payload: Uint8Array.of(1, 2) });
    expect(assembler.pending).toBe(0);
    expect(assembler.add(frame(0), 0)).toEqual({ kind: "unfinished" });
  });

  it("a set whose hash is wrong is over too", () => {
    const assembler = new FrameAssembler(hash);
    assembler.add(frame(0), 0);
    expect(assembler.add(frame(1, { data: Uint8Array.of(9) }), 0)).toEqual({ kind: "wrong", reason: "hash-wrong" });
    expect(assembler.pending).toBe(0);
  });

  it("a frame that contradicts leaves the set as it was", () => {
    const assembler = new FrameAssembler(hash);
    assembler.add(frame(0), 0);
    expect(assembler.add(frame(1, { count: 3 }), 0)).toEqual({ kind: "wrong", reason: "frame-contradicts" });
    expect(assembler.add(frame(1, { hash: "00".repeat(32) }), 0)).toEqual({ kind: "wrong", reason: "frame-contradicts" });
    expect(assembler.add(frame(1), 0).kind).toBe("whole");
  });

  it.each([
    [FRAME_SET_AGE_MS_MAX, "whole"],
    [FRAME_SET_AGE_MS_MAX + 1, "unfinished"],
  ])("after %i ms the rest makes it %s", (ageMs, kind) => {
    const assembler = new FrameAssembler(hash);
    assembler.add(frame(0), 1000);
    expect(assembler.add(frame(1), 1000 + ageMs).kind).toBe(kind);
    expect(assembler.pending).toBe(kind === "whole" ? 0 : 1);
  });

  it("the oldest set makes room, the others stay", () => {
    const assembler = new FrameAssembler(hash);
    for (let seed = 1; seed <= FRAME_SETS_MAX; seed += 1) assembler.add(frame(0, { id: idOf(seed) }), seed);
    expect(assembler.pending).toBe(FRAME_SETS_MAX);
    assembler.add(frame(0, { id: idOf(99) }), 50);
    expect(assembler.pending).toBe(FRAME_SETS_MAX);
    expect(assembler.add(frame(1, { id: idOf(2) }), 50).kind).toBe("whole");
    expect(assembler.add(frame(1, { id: idOf(1) }), 50).kind).toBe("unfinished");
  });
});
