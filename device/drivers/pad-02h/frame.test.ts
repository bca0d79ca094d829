import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, concat, fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { DEFAULT_PAD_CODING, encodeFrame, type PadCoding, type PadEvent, PadFrameReader } from "./frame.ts";

const BINARY: PadCoding = { ...DEFAULT_PAD_CODING, coding: "binary" };
const LOWER: PadCoding = { ...DEFAULT_PAD_CODING, hexCase: "lower", closes: false };
const SUM: PadCoding = { ...DEFAULT_PAD_CODING, check: "sum" };
const CODINGS = [DEFAULT_PAD_CODING, BINARY, LOWER, SUM, { ...SUM, coding: "binary" }] as const;

const read = (coding: PadCoding, bytes: Bytes) => new PadFrameReader(coding).feed(bytes);
const frames = (events: readonly PadEvent[]) => events.filter((event) => event.is === "frame").map((event) => ({ code: event.code, data: toHex(event.data) }));

describe("frames as the pads' papers print them", () => {
  it.each([
    ["version", 0x30, "", "02013031", "013031"],
    ["reset", 0x31, "", "02013130", "013130"],
    ["reset and wipe", 0x31, "38", "020231380b", "0231380B"],
    ["PIN with triple DES", 0x46, "0130", "020346013074", "0346013074"],
    ["activate", 0x43, "0001", "020343000141", "0343000141"],
    ["start of the PIN entry", 0x35, "0601010014", "0206350601010014 21", "0635060101001421"],
    ["account number", 0x34, "303132333435363738393031", "020d3430313233343536373839303139", "0D3430313233343536373839303139"],
    ["a PIN block", 0x04, "1122334455667788", "020904112233445566778885", "0904112233445566778885"],
  ])("%s", (_name, code, data, binary, split) => {
    expect(toHex(encodeFrame(BINARY, code, fromHex(data)))).toBe(binary.replaceAll(" ", ""));
    expect(encodeFrame(DEFAULT_PAD_CODING, code, fromHex(data))).toEqual(concat(fromHex("02"), utf8(split), fromHex("03")));
    expect(encodeFrame(LOWER, code, fromHex(data))).toEqual(concat(fromHex("02"), utf8(split.toLowerCase())));
  });

  it("refuses more data than a frame holds", () => {
    expect(() => encodeFrame(BINARY, 0x36, new Uint8Array(255))).toThrow("at most 254 bytes");
  });
});

describe("reading", () => {
  it.each(CODINGS.map((coding) => [JSON.stringify(coding), coding] as const))("gives back what was written, in any pieces: %s", (_name, coding) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (code, data, size) => {
        const reader = new PadFrameReader(coding);
        const wire = encodeFrame(coding, code, data);
        const events = Array.from({ length: Math.ceil(wire.length / size) }, (_, at) => reader.feed(wire.slice(at * size, at * size + size))).flat();
        expect(events).toEqual([{ is: "frame", code, data }]);
      }),
    );
  });

  it("understands digits of either case, with and without the closing byte", () => {
    for (const text of ["0202450245", "02056AB4DB"]) expect(text.length).toBe(10);
    const upper = encodeFrame(DEFAULT_PAD_CODING, 0x04, fromHex("abcdef"));
    const lower = encodeFrame(LOWER, 0x04, fromHex("abcdef"));
    expect(frames(read(DEFAULT_PAD_CODING, concat(lower, upper, lower)))).toHaveLength(3);
  });

  it("tells keys between frames from digits inside them", () => {
    const ok = encodeFrame(DEFAULT_PAD_CODING, 0x04, new Uint8Array(0));
    const events = read(DEFAULT_PAD_CODING, concat(ok, fromHex("2a 2a 08 0d"), ok, fromHex("1b 41 48")));
    expect(events.map((event) => (event.is === "key" ? event.key : event.is))).toEqual(["frame", 0x2a, 0x2a, 0x08, 0x0d, "frame", 0x1b, 0x41, 0x48]);
  });

  it.each(CODINGS.map((coding) => [JSON.stringify(coding), coding] as const))("tells no digit that is sent in the clear: %s", (_name, coding) => {
    const ok = encodeFrame(coding, 0x04, new Uint8Array(0));
    const reader = new PadFrameReader(coding);
    const events = reader.feed(concat(utf8("0"), ok, utf8("123456789"), ok));
    const clear = { is: "clear-digit" };
    const frame = { is: "frame", code: 0x04, data: new Uint8Array(0) };
    expect(events).toEqual([clear, frame, ...Array.from({ length: 9 }, () => clear), frame]);
    expect(reader.held).toBe(0);
  });

  it.each(CODINGS.map((coding) => [JSON.stringify(coding), coding] as const))(
    "a frame with a wrong check byte is noise, and the next one is read: %s",
    (_name, coding) => {
      const wire = encodeFrame(coding, 0x04, fromHex("11223344"));
      const spoiled = Uint8Array.from(wire);
      const at = coding.coding === "binary" ? wire.length - 1 : wire.length - (coding.closes ? 2 : 1);
      spoiled[at] = (spoiled[at] ?? 0) ^ 0x01;
      expect(frames(read(coding, concat(spoiled, wire)))).toEqual([{ code: 0x04, data: "11223344" }]);
    },
  );

  it("a frame that is broken off is noise as soon as another begins", () => {
    const wire = encodeFrame(DEFAULT_PAD_CODING, 0x04, fromHex("11223344"));
    expect(read(DEFAULT_PAD_CODING, concat(wire.slice(0, 5), wire))).toEqual([
      { is: "noise", bytes: 5 },
      { is: "frame", code: 0x04, data: fromHex("11223344") },
    ]);
  });

  it("forgets a frame that was begun when it is told to", () => {
    const reader = new PadFrameReader(BINARY);
    const wire = encodeFrame(BINARY, 0x04, fromHex("11"));
    reader.feed(wire.slice(0, 3));
    reader.reset();
    expect(reader.feed(wire)).toEqual([{ is: "frame", code: 0x04, data: fromHex("11") }]);
  });

  it("is in step again after any garbage by the second valid frame behind a frame's length of quiet", () => {
    const wire = encodeFrame(DEFAULT_PAD_CODING, 0x04, fromHex("a1b2"));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (garbage) => {
        expect(frames(read(DEFAULT_PAD_CODING, concat(garbage, wire, wire))).length).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never throws and never makes more of its input than there is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...CODINGS), (bytes, coding) => {
        const events = read(coding, bytes);
        expect(events.length).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 3_000 },
    );
  });
});
