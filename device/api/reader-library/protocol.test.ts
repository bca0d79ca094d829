/* The wire: whole questions and answers, damaged ones, and any bytes. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { FUNCTION_NAMES, FUNCTIONS, type FunctionName, libraryCall } from "./functions.ts";
import { buildAnswer, buildCall, FRAME_BYTES_MAX, FrameCutter, frameOf, parseAnswer, parseCall, TEXT_BYTES_MAX } from "./protocol.ts";

const name = fc.constantFrom(...FUNCTION_NAMES);
const text = fc.string({ unit: fc.constantFrom("A", "0", "|", "$", "社", "保", "卡"), maxLength: 40 });
const number = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });

/** A call in which only the function's own parameters say something. */
const call = fc.tuple(name, text, number).map(([function_, word, value]) => {
  const given = Object.fromEntries(FUNCTIONS[function_].parameters.map((each) => [each, each.startsWith("i") ? value : word]));
  return libraryCall(function_, given);
});

describe("questions", () => {
  it("one of each function comes back as it was", () => {
    fc.assert(
      fc.property(call, (asked) => {
        expect(parseCall(buildCall(asked))).toEqual({ ok: true, call: asked });
      }),
    );
  });

  it.each([
    ["01", "too-short"],
    ["020100", "version-unknown"],
    ["01ff00", "function-unknown"],
    ["010100", "other-number-of-parameters"],
    ["010101", "length-mismatch"],
    ["0101010004000000", "length-mismatch"],
    ["010101000400000002ff", "length-mismatch"],
    ["0101010003000002", "number-malformed"],
    ["0103010002ff00", "not-text"],
    [`010301${"1001"}${"41".repeat(TEXT_BYTES_MAX + 1)}`, "text-too-long"],
  ])("%s is refused", (hex, reason) => {
    expect(parseCall(fromHex(hex))).toEqual({ ok: false, reason });
  });

  it("any bytes get an answer, and what is understood is made of the same bytes again", () => {
    const near = fc.tuple(name, fc.uint8Array({ maxLength: 60 })).map(([function_, tail]) => concat(Uint8Array.of(1, FUNCTIONS[function_].code), tail));
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 80 })), (bytes) => {
        const parsed = parseCall(bytes);
        // Text is read without what fills it, so that only its meaning comes back.
        if (parsed.ok) expect(parseCall(buildCall(parsed.call))).toEqual(parsed);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("answers", () => {
  it("each comes back as it was", () => {
    fc.assert(
      fc.property(name, number, text, (function_, result, output) => {
        const built = buildAnswer(function_, { result, output });
        expect(built.ok && parseAnswer(built.bytes)).toEqual({ ok: true, name: function_, answer: { result, output } });
      }),
    );
  });

  it("one that would not fit the caller's buffer is none", () => {
    const long = "x".repeat(FUNCTIONS.iVerifyPIN.outputBytes);
    expect(buildAnswer("iVerifyPIN", { result: 0, output: long })).toEqual({ ok: false, reason: "too-long" });
    expect(buildAnswer("iVerifyPIN", { result: 0, output: long.slice(1) }).ok).toBe(true);
    expect(buildAnswer("iReadCard", { result: 0, output: "社".repeat(2_048) })).toEqual({ ok: false, reason: "too-long" });
    expect(buildAnswer("iReadCard", { result: 0, output: "a\0b" })).toEqual({ ok: false, reason: "not-encodable" });
  });

  it.each([
    ["0101000000000000", true],
    ["010100000000000041", false],
    ["01010000000000", false],
    ["0301000000000000", false],
    ["0109000000000000", false],
    ["0101000000000001ff", false],
  ])("%s: %s", (hex, ok) => {
    expect(parseAnswer(fromHex(hex)).ok).toBe(ok);
  });

  it("any bytes get an answer", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(typeof parseAnswer(bytes).ok).toBe("boolean");
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("frames", () => {
  it("come out of a stream however it is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }), { maxLength: 6 }), fc.integer({ min: 1, max: 7 }), (bodies, step) => {
        const stream = concat(...bodies.map((body) => frameOf(body)));
        const cutter = new FrameCutter();
        const got: string[] = [];
        for (let at = 0; at < stream.length; at += step) {
          const cut = cutter.push(stream.slice(at, at + step));
          expect(cut.ok).toBe(true);
          if (cut.ok) got.push(...cut.frames.map(toHex));
        }
        expect(got).toEqual(bodies.map(toHex));
        expect(cutter.inside).toBe(false);
      }),
    );
  });

  it("an empty one, or one longer than any, ends the stream", () => {
    expect(new FrameCutter().push(fromHex("0000"))).toEqual({ ok: false, reason: "frame-empty" });
    expect(new FrameCutter().push(fromHex((FRAME_BYTES_MAX + 1).toString(16).padStart(4, "0")))).toEqual({ ok: false, reason: "frame-too-long" });
    const begun = new FrameCutter();
    expect(begun.push(utf8("\0"))).toEqual({ ok: true, frames: [] });
    expect(begun.inside).toBe(true);
  });
});

describe("the shared library's table", () => {
  const source = readFileSync(new URL("library/yikatong-reader.c", import.meta.url), "utf8");
  const header = readFileSync(new URL("library/yikatong-reader.h", import.meta.url), "utf8");
  const constants = new Map([...`${header}${source}`.matchAll(/(?:#define |enum \{ |, )(\w+)(?: =)? (\d+)/g)].map(([, word, value]) => [word, Number(value)]));
  const rows = [...source.matchAll(/^FUNCTION\(\w+, 0x([0-9a-f]{2}), (\w+), (\w+), ([01])\);$/gm)];

  it("has the codes, sizes and times of this one", () => {
    const found = rows.map(([, code = "", room = "", wait = ""]) => ({
      code: Number.parseInt(code, 16),
      outputBytes: constants.get(room),
      answerMs: constants.get(wait),
    }));
    expect(found).toEqual(
      FUNCTION_NAMES.map((each: FunctionName) => ({
        code: FUNCTIONS[each].code,
        outputBytes: FUNCTIONS[each].outputBytes,
        answerMs: FUNCTIONS[each].answerMs,
      })),
    );
  });

  it.each(FUNCTION_NAMES)("%s is declared and exported", (each) => {
    expect(header).toContain(`long ${each}(`);
    expect(source).toContain(`EXPORTED long ${each}(`);
  });
});
